"""The line between an SDK and the server, spoiled as a scenario says (sdks/conformance/README.md)."""

import asyncio
import json
import math
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from relay import HOP_BY_HOP, Relay


@dataclass(frozen=True)
class Seen:
    """A request that came by, and when (monotonic seconds)."""

    method: str
    path: str
    idempotency_key: str | None
    at: float


@dataclass(kw_only=True)
class Spoiler(Relay):
    """Meets each request with the next of `faults`; when there are no more, all pass."""

    faults: list[Any] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on, or spoil it."""
        key = request.headers.get("Idempotency-Key")
        self.seen.append(Seen(request.method, request.path_qs, key, time.monotonic()))
        fault = self.faults.pop(0) if self.faults else "pass"
        if fault == "request lost":
            return self.hang_up(request)
        if "status" in fault:
            await request.read()
            return spoken(fault)
        if request.path.endswith("/stream"):
            return await self.let_flow(request, cut=fault == "answer cut")
        response = await self.forward(request)
        if fault == "pass":
            return response
        if fault == "answer lost":
            return self.hang_up(request)
        if fault == "answer cut":
            return await self.cut(request, response)
        if fault == "answer held":
            return await self.hold(request)
        assert isinstance(response.body, bytes)
        return spoken({"status": response.status, "json": {**json.loads(response.body), **fault["add"]}})

    async def let_flow(self, request: web.Request, *, cut: bool) -> web.StreamResponse:
        """Pass an answer without end on as it comes; `cut`: until the first event."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        async with self._session.get(self.upstream + request.path_qs, headers=headers) as upstream:
            kept = {name: value for name, value in upstream.headers.items() if name.lower() not in HOP_BY_HOP}
            answer = web.StreamResponse(status=upstream.status, headers=kept)
            await answer.prepare(request)
            rest = b""
            with suppress(ConnectionResetError):
                async for chunk in upstream.content.iter_any():
                    *whole, rest = (rest + chunk).split(b"\n\n")
                    for block in whole:
                        await answer.write(block + b"\n\n")
                        if cut and b"data:" in block:
                            self.hang_up(request)
                            return answer
                await answer.write(rest)
        return answer

    async def cut(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        """Send half of an answer."""
        assert isinstance(response.body, bytes)
        half = web.StreamResponse(status=response.status, headers=response.headers)
        half.content_length = len(response.body)
        await half.prepare(request)
        await half.write(response.body[: len(response.body) // 2])
        self.hang_up(request)
        return half

    async def hold(self, request: web.Request) -> web.Response:
        """Wait until the caller has gone."""
        while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return web.Response()


def spoken(fault: dict[str, Any]) -> web.Response:
    """Return an answer of the proxy's own."""
    headers = CIMultiDict(
        {
            name: value
            if isinstance(value, str)
            else formatdate(math.ceil(time.time() + value["dateIn"]), usegmt=True)
            for name, value in fault.get("headers", {}).items()
        }
    )
    if "json" in fault:
        return web.json_response(fault["json"], status=fault["status"], headers=headers)
    return web.Response(status=fault["status"], text=fault["text"], content_type="text/html", headers=headers)

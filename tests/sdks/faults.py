"""The line between an SDK and the server, spoiled as a scenario says (sdks/conformance/README.md)."""

import asyncio
import json
import math
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from relay import Relay


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

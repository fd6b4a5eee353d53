"""A reverse proxy on loopback that spoils one request of a conversation, each time in one way.

It stands between the engine and the sandbox and speaks real HTTP on both sides; nobody's code is replaced.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
import msgspec
from aiohttp import web

from layers.sandbox.fake import Answer, Outcome

Fault = Literal[
    "none",
    "answer lost",
    "5xx after the deed",
    "5xx before the deed",
    "429",
    "connection refused",
    "connection cut",
    "token expired",
    "killed before it was sent",
    "killed before the answer came",
    "killed before settling",
]
FAULTS: tuple[Fault, ...] = (
    "answer lost",
    "5xx after the deed",
    "5xx before the deed",
    "429",
    "connection refused",
    "connection cut",
    "token expired",
    "killed before it was sent",
    "killed before the answer came",
    "killed before settling",
)
SPOKEN: dict[Fault, Outcome] = {
    "5xx before the deed": "unavailable",
    "429": "throttled",
    "token expired": "expired_token",
}
DROPPED = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


@dataclass
class Strike:
    """What to do to which request. `nth` counts the requests from 0."""

    fault: Fault = "none"
    nth: int = -1


@dataclass
class Proxy:
    """One conversation's way to its platform. `kill` ends the worker's task; `freeze` keeps the post's row locked."""

    upstream: str
    session: aiohttp.ClientSession
    speak: Callable[[Outcome, float], Answer]
    strike: Strike
    kill: Callable[[], None] = lambda: None
    freeze: Callable[[], Awaitable[None]] | None = None
    lines: list[str] = field(default_factory=list)
    struck: bool = False
    origin: str = ""
    _site: web.TCPSite | None = None
    _runner: web.ServerRunner | None = None

    async def open(self) -> None:
        """Listen, on the same port as before if there was one."""
        assert self._runner is not None
        port = int(self.origin.rpartition(":")[2]) if self.origin else 0
        self._site = web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True)
        await self._site.start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop listening: whoever connects is refused."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    @property
    def shut(self) -> bool:
        """Tell whether nobody listens."""
        return self._site is None

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass a request on, or spoil it."""
        place = len(self.lines)
        self.lines.append(f"{request.method} {request.path}")
        fault = self.strike.fault if place == self.strike.nth else "none"
        self.struck = self.struck or fault != "none"
        if fault in SPOKEN:
            await request.read()
            return _spoken(self.speak(SPOKEN[fault], 1))
        if fault == "connection cut":
            return self._cut(request)
        if fault == "killed before it was sent":
            self.kill()
            return self._cut(request)
        if fault == "killed before settling" and self.freeze:
            await self.freeze()
        return await self._after(request, fault, place)

    async def _after(self, request: web.BaseRequest, fault: Fault, place: int) -> web.StreamResponse:
        reply = await self._forward(request)
        if fault == "killed before the answer came":
            self.kill()
        if fault in ("answer lost", "killed before the answer came"):
            return self._cut(request)
        if fault == "5xx after the deed":
            return _spoken(self.speak("error", 0))
        if self.strike.fault == "connection refused" and place + 1 == self.strike.nth:
            self.struck = True
            await self.close()
        return reply

    async def _forward(self, request: web.BaseRequest) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in DROPPED}
        url = self.upstream + request.path_qs
        body = await request.read()
        async with self.session.request(
            request.method, url, headers=headers, data=body, allow_redirects=False
        ) as r:
            kept = {name: value for name, value in r.headers.items() if name.lower() not in DROPPED}
            response = web.Response(status=r.status, headers=kept, body=await r.read())
            response.force_close()
            return response

    def _cut(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        if transport is not None:
            transport.abort()  # type: ignore[attr-defined]
        return web.Response()


def _spoken(answer: Answer) -> web.Response:
    response = web.Response(
        status=answer.status,
        headers=dict(answer.headers),
        body=msgspec.json.encode(answer.body),
        content_type="application/json",
    )
    response.force_close()
    return response


@asynccontextmanager
async def proxying(proxy: Proxy) -> AsyncIterator[Proxy]:
    """Run the proxy while the block runs."""
    proxy._runner = web.ServerRunner(web.Server(proxy.answer, access_log=None))
    await proxy._runner.setup()
    await proxy.open()
    if proxy.strike.fault == "connection refused" and proxy.strike.nth == 0:
        proxy.struck = True
        await proxy.close()
    try:
        yield proxy
    finally:
        await proxy._runner.cleanup()


def places(lines: Sequence[str]) -> list[int]:
    """The requests worth spoiling: all, but of polling at the end only the first."""
    kept = len(lines)
    while kept > 1 and lines[kept - 1] == lines[kept - 2]:
        kept -= 1
    return list(range(kept))


async def soon(condition: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Wait until the condition holds; tells whether it did."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                if await condition():
                    return True
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False

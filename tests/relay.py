"""A line between a client and a server, on loopback: what the proxies have in common that spoil what passes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp
from aiohttp import web

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
LARGEST_BODY = 64 * 1024 * 1024


@dataclass(kw_only=True)
class Relay:
    """Passes every request on to `upstream`; `answer` is what proxies replace.

    `keeps_host`: whether upstream hears the name it was called by, and so gives links that lead back here.
    """

    upstream: str
    origin: str = ""
    keeps_host: bool = False
    _session: aiohttp.ClientSession = field(init=False)
    _runner: web.AppRunner = field(init=False)
    _site: web.TCPSite | None = None

    async def open(self) -> None:
        """Listen, on the same port as before if there was one."""
        if self._site is not None:
            return
        port = int(self.origin.rpartition(":")[2]) if self.origin else 0
        self._site = web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True)
        await self._site.start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop listening: whoever connects is refused."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def cut_off(self) -> None:
        """Stop listening and drop the connections there are, as a server does that is started anew."""
        await self.close()
        for connection in self._runner.server.connections if self._runner.server else ():
            if transport := connection.transport:
                transport.abort()

    @property
    def shut(self) -> bool:
        """Tell whether nobody listens."""
        return self._site is None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        return await self.forward(request)

    async def forward(self, request: web.Request) -> web.Response:
        """Have upstream answer."""
        lost = HOP_BY_HOP if self.keeps_host else HOP_BY_HOP | {"host"}
        headers = {name: value for name, value in request.headers.items() if name.lower() not in lost}
        url = self.upstream + request.path_qs
        body = await request.read()
        async with self._session.request(
            request.method, url, headers=headers, data=body or None, allow_redirects=False
        ) as r:
            kept = {name: value for name, value in r.headers.items() if name.lower() not in HOP_BY_HOP}
            return web.Response(status=r.status, headers=kept, body=await r.read())

    def hang_up(self, request: web.Request) -> web.Response:
        """End the connection without an answer."""
        if request.transport is not None:
            request.transport.abort()  # type: ignore[attr-defined]
        return web.Response()


R = TypeVar("R", bound=Relay)


@asynccontextmanager
async def relaying(relay: R, session: aiohttp.ClientSession) -> AsyncIterator[R]:
    """Run the relay while the block runs; it asks upstream by `session`."""
    application = web.Application(client_max_size=LARGEST_BODY)
    application.router.add_route("*", "/{path:.*}", relay.answer)
    relay._session = session
    relay._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await relay._runner.setup()
    await relay.open()
    try:
        yield relay
    finally:
        await relay._runner.cleanup()

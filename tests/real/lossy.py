"""A bad line to a real server: requests arrive and are carried out, answers get lost."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
import msgspec
from aiohttp import web

from layers.sandbox.fake import Answer, Outcome

Fault = Literal["lost", "cut", "refused", "error", "slow", "unavailable", "throttled"]
"""lost: carried out, no answer. cut: carried out, the answer breaks off half-way. refused: never reaches the server.
error: carried out, answered 500. slow: carried out, answered late. unavailable, throttled: answered 503 or 429 instead.
"""

SPOKEN: dict[Fault, Outcome] = {"error": "error", "unavailable": "unavailable", "throttled": "throttled"}
SLOW_SECONDS = 2.0
Speak = Callable[[Outcome, float], Answer]
"""The server's own words for what goes wrong."""

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@dataclass
class Rule:
    """Which requests a fault strikes: of those whose path matches `times` after the first few, with a probability."""

    fault: Fault
    pattern: re.Pattern[str]
    after: int
    times: float
    probability: float
    luck: random.Random

    def strikes(self, path: str) -> bool:
        """Tell whether this request is struck; counts it."""
        if self.times < 1 or not self.pattern.search(path):
            return False
        self.after -= 1
        if self.after >= 0 or self.luck.random() >= self.probability:
            return False
        self.times -= 1
        return True


@dataclass(frozen=True)
class Passage:
    """One request that came by; `status` is what the server answered, None if it was not asked."""

    path: str
    status: int | None
    fault: Fault | None


@dataclass
class LossyProxy:
    """Forwards to `upstream` by the rules and remembers what came by."""

    upstream: str
    speak: Speak = lambda outcome, _: Answer(500, {"error": outcome})
    origin: str = ""
    passages: list[Passage] = field(default_factory=list[Passage])
    _rules: list[Rule] = field(default_factory=list[Rule])
    _answering: asyncio.Event = field(default_factory=asyncio.Event)
    _passed: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None
    _site: web.TCPSite | None = None

    def fail(
        self,
        fault: Fault,
        pattern: str,
        *,
        after: int = 0,
        times: float = float("inf"),
        probability: float = 1,
        seed: int = 0,
    ) -> None:
        """Add a rule; the first that strikes decides."""
        self._rules.append(Rule(fault, re.compile(pattern), after, times, probability, random.Random(seed)))

    def mend(self) -> None:
        """Forget all rules."""
        self._rules.clear()

    async def open(self) -> None:
        """Listen, on the same port as before if there was one."""
        assert self._runner
        if self._site is None:
            port = int(self.origin.rpartition(":")[2]) if self.origin else 0
            self._site = web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True)
            await self._site.start()
            self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def shut(self) -> None:
        """Refuse connections, and drop those there are, as a server does that is started anew."""
        if self._runner and self._runner.server and self._site:
            site, self._site = self._site, None
            await site.stop()
            for connection in self._runner.server.connections:
                if transport := connection.transport:
                    transport.abort()

    def hold_answers(self) -> None:
        """From now on the server carries requests out, but nobody hears of it."""
        self._answering.clear()

    def release_answers(self) -> None:
        """Let answers through again."""
        self._answering.set()

    def count(self, pattern: str, fault: Fault | None = None) -> int:
        """Return how many requests matched, of those struck by `fault` if given."""
        return sum(
            bool(re.search(pattern, p.path)) and (fault is None or p.fault == fault) for p in self.passages
        )

    async def until(self, count: int, pattern: str, seconds: float = 30) -> None:
        """Return once `count` matching requests have been carried out."""
        async with asyncio.timeout(seconds):
            while self.count(pattern) < count:
                self._passed.clear()
                await self._passed.wait()

    async def _pass(self, request: web.Request, session: aiohttp.ClientSession) -> web.StreamResponse:
        fault = next((rule.fault for rule in self._rules if rule.strikes(request.path_qs)), None)
        body = await request.read()
        if fault == "refused":
            return self._hang_up(request, Passage(request.path_qs, None, fault))
        if fault in ("unavailable", "throttled"):
            self._remember(Passage(request.path_qs, None, fault))
            return self._say(fault)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        url = self.upstream + request.path_qs
        try:
            async with session.request(request.method, url, headers=headers, data=body or None) as answer:
                raw = await answer.read()
        except aiohttp.ClientError:
            return self._hang_up(request, Passage(request.path_qs, None, None))
        passage = Passage(request.path_qs, answer.status, fault)
        if fault == "lost":
            return self._hang_up(request, passage)
        self._remember(passage)
        if fault == "error":
            return self._say(fault)
        await asyncio.sleep(SLOW_SECONDS if fault == "slow" else 0)
        await self._answering.wait()
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
        if fault == "cut":
            return await self._break_off(request, answer.status, kept, raw)
        return web.Response(status=answer.status, headers=kept, body=raw)

    def _say(self, fault: Fault) -> web.Response:
        words = self.speak(SPOKEN[fault], 1)
        raw = msgspec.json.encode(words.body)
        headers = {**words.headers, "Content-Type": "application/json"}
        return web.Response(status=words.status, headers=headers, body=raw)

    def _remember(self, passage: Passage) -> None:
        self.passages.append(passage)
        self._passed.set()

    def _hang_up(self, request: web.Request, passage: Passage) -> web.Response:
        self._remember(passage)
        if request.transport:
            request.transport.abort()
        return web.Response()

    async def _break_off(
        self, request: web.Request, status: int, headers: dict[str, str], raw: bytes
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={**headers, "Content-Length": str(len(raw))})
        await response.prepare(request)
        await response.write(raw[: len(raw) // 2])
        if request.transport:
            request.transport.close()
        return response


@asynccontextmanager
async def lossy(upstream: str, speak: Speak | None = None) -> AsyncIterator[LossyProxy]:
    """Run a proxy on loopback while the block runs; without rules it passes everything."""
    proxy = LossyProxy(upstream, speak) if speak else LossyProxy(upstream)
    proxy.release_answers()
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            return await proxy._pass(request, session)

        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", handle)
        proxy._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await proxy._runner.setup()
        await proxy.open()
        try:
            yield proxy
        finally:
            proxy.release_answers()
            await proxy._runner.cleanup()

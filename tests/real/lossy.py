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
from relay import Relay, relaying

Fault = Literal["lost", "cut", "refused", "error", "slow", "unavailable", "throttled"]
"""lost: carried out, no answer. cut: carried out, the answer breaks off half-way. refused: never reaches the server.
error: carried out, answered 500. slow: carried out, answered late. unavailable, throttled: answered 503 or 429 instead.
"""

SPOKEN: dict[Fault, Outcome] = {"error": "error", "unavailable": "unavailable", "throttled": "throttled"}
SLOW_SECONDS = 2.0
Speak = Callable[[Outcome, float], Answer]
"""The server's own words for what goes wrong."""


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


@dataclass(kw_only=True)
class LossyProxy(Relay):
    """Forwards to `upstream` by the rules and remembers what came by."""

    speak: Speak = lambda outcome, _: Answer(500, {"error": outcome})
    passages: list[Passage] = field(default_factory=list[Passage])
    _rules: list[Rule] = field(default_factory=list[Rule])
    _answering: asyncio.Event = field(default_factory=asyncio.Event)
    _passed: asyncio.Event = field(default_factory=asyncio.Event)

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

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on, or spoil it."""
        path = request.path_qs
        fault = next((rule.fault for rule in self._rules if rule.strikes(path)), None)
        if fault == "refused":
            await request.read()
            self._remember(Passage(path, None, fault))
            return self.hang_up(request)
        if fault in ("unavailable", "throttled"):
            await request.read()
            self._remember(Passage(path, None, fault))
            return self._say(fault)
        try:
            reply = await self.forward(request)
        except aiohttp.ClientError:
            self._remember(Passage(path, None, None))
            return self.hang_up(request)
        self._remember(Passage(path, reply.status, fault))
        if fault == "lost":
            return self.hang_up(request)
        if fault == "error":
            return self._say(fault)
        await asyncio.sleep(SLOW_SECONDS if fault == "slow" else 0)
        await self._answering.wait()
        return await self._break_off(request, reply) if fault == "cut" else reply

    def _say(self, fault: Fault) -> web.Response:
        words = self.speak(SPOKEN[fault], 1)
        raw = msgspec.json.encode(words.body)
        headers = {**words.headers, "Content-Type": "application/json"}
        return web.Response(status=words.status, headers=headers, body=raw)

    def _remember(self, passage: Passage) -> None:
        self.passages.append(passage)
        self._passed.set()

    async def _break_off(self, request: web.Request, reply: web.Response) -> web.StreamResponse:
        raw = reply.body
        assert isinstance(raw, bytes)
        headers = {**reply.headers, "Content-Length": str(len(raw))}
        response = web.StreamResponse(status=reply.status, headers=headers)
        await response.prepare(request)
        await response.write(raw[: len(raw) // 2])
        if request.transport:
            request.transport.close()
        return response


@asynccontextmanager
async def lossy(upstream: str, speak: Speak | None = None) -> AsyncIterator[LossyProxy]:
    """Run a proxy on loopback while the block runs; without rules it passes everything."""
    proxy = LossyProxy(upstream=upstream, speak=speak) if speak else LossyProxy(upstream=upstream)
    proxy.release_answers()
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with (
        aiohttp.ClientSession(connector=connector, auto_decompress=False) as session,
        relaying(proxy, session),
    ):
        try:
            yield proxy
        finally:
            proxy.release_answers()

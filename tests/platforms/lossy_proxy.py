"""A proxy that spoils one named call of a conversation, and the way out that tells it the calls' names.

It stands before the sandbox and speaks real HTTP on both sides; nobody's code is replaced.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import msgspec
from aiohttp import web

from layers.connector import Call, Media, Reply
from layers.outbound import MediaReader, NotSent, Outbound
from layers.sandbox.fake import Answer, Outcome
from relay import Relay

Early = Literal[
    "5xx before the deed",
    "429",
    "connection refused",
    "connection cut",
    "token expired",
    "killed before it was sent",
]
"""Faults that keep a call from being carried out. They strike the first request of the call."""

Late = Literal[
    "answer lost",
    "5xx after the deed",
    "killed before the answer came",
    "killed before settling",
]
"""Faults after the platform has carried the call out. Where it is polled they strike the answer that ends that: the
ones before say nothing that could be lost."""

Fault = Early | Late
FAULTS: tuple[Fault, ...] = (*get_args(Early), *get_args(Late))
SPOKEN: dict[Fault, Outcome] = {
    "5xx before the deed": "unavailable",
    "429": "throttled",
    "token expired": "expired_token",
}
NAME = "X-Call"


@dataclass(frozen=True)
class Strike:
    """What to do to which call. `last`: what the form of the answer that ended it was when nothing went wrong."""

    fault: Fault
    call: str
    last: object


@dataclass(kw_only=True)
class Proxy(Relay):
    """One conversation's way to its platform. `kill` ends the worker's task; `freeze` keeps the post's row locked.

    `answers`: by the name of each call that came by, in their order, the form of its last answer.
    """

    speak: Callable[[Outcome, float], Answer]
    strike: Strike | None = None
    keeps_host: bool = True
    kill: Callable[[], None] = lambda: None
    freeze: Callable[[], Awaitable[None]] | None = None
    answers: dict[str, object] = field(default_factory=dict[str, object])
    requests: int = 0
    struck: bool = False

    async def expect(self, call: Call) -> None:
        """Stop listening just before the call that is to be refused."""
        if self._aims("connection refused", call.name):
            await self.close()

    def refused(self, call: Call) -> None:
        """Hear that a call found nobody."""
        self.struck = self.struck or (self.shut and self._aims("connection refused", call.name))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Pass a request on, or spoil it."""
        self.requests += 1
        name = request.headers[NAME]
        fault = self.strike.fault if self.strike and self._aims(self.strike.fault, name) else None
        if fault in get_args(Early):
            self.struck = True
            return await self._spoil_early(request, fault)
        response = await self.forward(request)
        response.force_close()  # so that the next call must connect, and can be refused
        self.answers[name] = form_of(response)
        if self.strike is None or fault is None or self.answers[name] != self.strike.last:
            return response
        self.struck = True
        return await self._spoil_late(request, response, fault)

    def _aims(self, fault: Fault, name: str) -> bool:
        strike = self.strike
        return strike is not None and not self.struck and (strike.fault, strike.call) == (fault, name)

    async def _spoil_early(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault in SPOKEN:
            await request.read()
            return _spoken(self.speak(SPOKEN[fault], 1))
        if fault == "killed before it was sent":
            self.kill()
        return self.hang_up(request)

    async def _spoil_late(
        self, request: web.Request, response: web.Response, fault: Fault
    ) -> web.StreamResponse:
        if fault == "5xx after the deed":
            return _spoken(self.speak("error", 0))
        if fault == "killed before settling":
            assert self.freeze is not None
            await self.freeze()
            return response
        if fault == "killed before the answer came":
            self.kill()
        return self.hang_up(request)


class NamingDoor(Outbound):
    """The way out, writing on each request the name of its call."""

    def __init__(self, media: MediaReader, proxy: Proxy) -> None:
        super().__init__(media, anywhere=True)
        self.proxy = proxy

    async def send(
        self,
        call: Call,
        media: tuple[Media, ...] = (),
        *,
        trusted: bool = False,
        not_after: float | None = None,
    ) -> Reply:
        """Send `call`, the proxy knowing of it."""
        named = replace(call, headers={**call.headers, NAME: call.name})
        await self.proxy.expect(call)
        try:
            return await super().send(named, media, trusted=trusted, not_after=not_after)
        except NotSent:
            self.proxy.refused(call)
            raise


def form_of(response: web.Response) -> object:
    """Return an answer's status and JSON, of whose texts only the words of closed lists are kept."""
    raw = response.body
    assert isinstance(raw, bytes)
    try:
        return response.status, _form(msgspec.json.decode(raw))
    except msgspec.DecodeError:
        return response.status, None


def _form(value: Any) -> object:
    if isinstance(value, dict):
        return {name: _form(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_form(inner) for inner in value]
    is_word = isinstance(value, str) and value.replace("_", "").isalpha() and value.isupper()
    return value if is_word else type(value)


def _spoken(answer: Answer) -> web.Response:
    response = web.Response(
        status=answer.status,
        headers=dict(answer.headers),
        body=msgspec.json.encode(answer.body),
        content_type="application/json",
    )
    response.force_close()
    return response


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

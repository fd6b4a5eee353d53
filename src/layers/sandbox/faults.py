"""Faults on demand: what goes wrong on the way to a platform, made to happen when one wants it.

| action | what happens |
|---|---|
| `lose_answer` | the request is executed, then the connection is cut without an answer |
| `error_after` | the request is executed, then answered 500 in the platform's words |
| `throttle` | not executed: 429 in the platform's words, Retry-After = `seconds` or 1 |
| `refuse` | not executed: the connection is cut |
| `slow` | executed after `seconds` (or 1) |
| `expire_token` | not executed: answered as if the token had expired |
| `revoke_token` | the same, and the account has no token any more: who calls for it must ask for consent again |
| `unavailable` | not executed: 503 |

Two ways to ask for them:

**By request.** `POST /control/faults {"platform", "path", "action", "times", "skip", "seconds"}`: the
first `skip` requests whose `METHOD /path` the regular expression `path` finds (the path as the platform
has it, without the sandbox's prefix) pass, the next `times` are struck. `GET` lists, `DELETE` removes all.
Kept in the database, read anew for every request and counted there, so several processes together strike
exactly `times`, from the moment the order is answered. `revoke_token` needs a request that carries the token.

**By magic words in a post's text**, which strike at the call that commits the post, each once per post:
`[fault:lose_answer]`, `[fault:error_after]`, `[fault:throttle]`, `[fault:refuse]`, `[fault:expire_token]`,
`[fault:revoke_token]`, `[fault:unavailable]`, `[fault:slow=5]`; `[fault:throttle=30]` sets Retry-After.
`[fault:reject]` is moderation and stands for good: the platform refuses the post however often it is sent.
What counts as one post: the record key where the platform has one, else all posts of one account with the
same text.

The connection is cut by aborting uvicorn's transport, so the caller reads end-of-file or a reset where the
status line should be. Under a server whose transport cannot be reached it gets a status line and headers
that announce a body, and then the end: an incomplete message.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from litestar import Response, delete, get, post
from litestar.exceptions import ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from layers.kit.ids import new_id
from layers.sandbox.fake import Answer, Fake, HttpRequest, Outcome, World, respond, split_path
from layers.sandbox.state import Kind, State

Action = Literal[
    "lose_answer", "error_after", "throttle", "refuse", "slow", "expire_token", "revoke_token", "unavailable"
]
ANSWERED: dict[str, Outcome] = {
    "throttle": "throttled",
    "expire_token": "expired_token",
    "revoke_token": "expired_token",
    "unavailable": "unavailable",
}
WORD = re.compile(r"\[fault:([a-z_]+)(?:=(\d{1,4}(?:\.\d+)?))?\]")
AFTERWARDS = "sandbox_afterwards"


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """A fault asked for. `seen` counts matching requests so far, up to `skip + times`."""

    platform: str
    path: str
    action: Action
    times: Annotated[int, msgspec.Meta(ge=1)] = 1
    skip: Annotated[int, msgspec.Meta(ge=0)] = 0
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] | None = None
    id: str = ""
    seen: int = 0

    @property
    def spent(self) -> bool:
        return self.seen >= self.skip + self.times


class Spoken(msgspec.Struct):
    """A post that magic words strike: whose it is, and a name that is its own on the platform."""

    platform: str
    owner: str
    name: str


class Struck(Exception):  # noqa: N818
    """A magic word keeps the request from being executed."""

    def __init__(self, outcome: Outcome, seconds: float) -> None:
        super().__init__(outcome)
        self.outcome: Outcome = outcome
        self.seconds = seconds


FAULTS = Kind("", "fault", Fault)


@dataclass(frozen=True, slots=True)
class Board:
    """The faults asked for."""

    state: State

    async def strike(self, platform: str, line: str) -> Fault | None:
        """Count a request (`METHOD /path`) and return the fault that strikes it."""
        for row in reversed(await self.state.find(FAULTS)):
            fault = row.value
            if fault.platform == platform and not fault.spent and re.search(fault.path, line):
                seen = await self.state.count_up(FAULTS, fault.id, "seen", fault.skip + fault.times)
                if seen is not None and seen > fault.skip:
                    return fault
        return None


class Interference:
    """Stands between the caller and one platform, as ASGI middleware, and makes its faults happen."""

    def __init__(self, app: ASGIApp, fake: Fake, board: Board) -> None:
        self.app = app
        self.fake = fake
        self.board = board

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        line = f"{scope['method']} {split_path(scope, self.fake.name)[1]}"  # pyright: ignore[reportGeneralTypeIssues]
        fault = await self.board.strike(self.fake.name, line)
        seconds = 1.0 if fault is None or fault.seconds is None else fault.seconds
        if fault is None:
            pass
        elif fault.action == "refuse":
            return await cut(receive, send)
        elif fault.action == "slow":
            await asyncio.sleep(seconds)
        elif fault.action in ANSWERED:
            if fault.action == "revoke_token":
                await self._revoke(scope)
            return await _send(self.fake.answer(ANSWERED[fault.action], seconds), send)
        else:
            scope["state"][AFTERWARDS] = fault.action
        return await self._serve(scope, receive, send)

    async def _revoke(self, scope: Scope) -> None:
        """Take the tokens of the account whose token the request carries."""
        _, _, token = HttpRequest(scope).headers.get("authorization", "").partition(" ")
        if owner := await self.board.state.owner_of(self.fake.name, token):
            await self.board.state.revoke(self.fake.name, owner)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def unless_lost(message: Message) -> None:
            if AFTERWARDS not in scope["state"]:
                await send(message)

        await self.app(scope, receive, unless_lost)
        afterwards = scope["state"].get(AFTERWARDS)
        if afterwards == "error_after":
            await _send(self.fake.answer("error", 0), send)
        elif afterwards is not None:
            await cut(receive, send)


async def cut(receive: Receive, send: Send) -> None:
    """End the connection without an answer (see the module's text for servers other than uvicorn)."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    abort: Callable[[], None] | None = getattr(transport, "abort", None)
    if abort is None:
        headers = [(b"content-length", b"1"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        return
    abort()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(answer: Answer, send: Send) -> None:
    body = msgspec.json.encode(answer.body)
    headers = {**answer.headers, "content-type": "application/json", "content-length": str(len(body))}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})


# Magic words --------------------------------------------------------------------------------------


def is_rejected(text: str) -> bool:
    """Whether moderation refuses this text."""
    return "[fault:reject]" in text


async def speak(world: World, request: HttpRequest, post: Spoken, text: str) -> None:
    """Let the magic words in `text` strike, each once for the post. Raises Struck."""
    for word, number in WORD.findall(text):
        spoken = Kind(post.platform, "spoken", Spoken)
        known = word in ("lose_answer", "error_after", "refuse", "slow") or word in ANSWERED
        if known and await world.state.add(spoken, f"{post.name} {word}", post):
            if word == "revoke_token":
                await world.state.revoke(post.platform, post.owner)
            await _strike(request, word, float(number or 1))


async def _strike(request: HttpRequest, word: str, seconds: float) -> None:
    if word == "slow":
        await asyncio.sleep(seconds)
    elif word in ANSWERED:
        raise Struck(ANSWERED[word], seconds)
    else:
        request.scope["state"][AFTERWARDS] = word
        if word == "refuse":
            raise Struck("unavailable", seconds)


def answer_struck(fake: Fake) -> Callable[[HttpRequest, Struck], Response[bytes]]:
    """Return Litestar's handler for Struck on this platform."""
    return lambda request, struck: respond(fake.answer(struck.outcome, struck.seconds))


# Control ------------------------------------------------------------------------------------------


def control_routes(board: Board, platforms: frozenset[str]) -> list[HTTPRouteHandler]:
    """Return the routes under /control/faults."""

    @get("/control/faults")
    async def list_faults() -> Response[bytes]:
        rows = await board.state.find(FAULTS)
        return respond(Answer(200, {"items": [row.value for row in rows]}))

    @post("/control/faults")
    async def add_fault(request: HttpRequest) -> Response[bytes]:
        fault = _read_fault(await request.body(), platforms)
        await board.state.add(FAULTS, fault.id, fault)
        return respond(Answer(201, fault))

    @delete("/control/faults")
    async def remove_faults() -> None:
        for row in await board.state.find(FAULTS):
            await board.state.remove(FAULTS, row.id)

    return [list_faults, add_fault, remove_faults]


def _read_fault(body: bytes, platforms: frozenset[str]) -> Fault:
    try:
        fault = msgspec.json.decode(body, type=Fault)
        re.compile(fault.path)
    except (msgspec.MsgspecError, re.error) as why:
        raise ValidationException(str(why)) from why
    if fault.platform not in platforms:
        raise ValidationException(f"platform is one of {', '.join(sorted(platforms))}")
    return msgspec.structs.replace(fault, id=new_id("flt"), seen=0)

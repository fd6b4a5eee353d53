"""What a fake platform is made of, and what all of them share."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

import aiohttp
import msgspec
from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.types import Scope

from layers.connector import Identity, MediaKind
from layers.sandbox.state import State

HttpRequest: TypeAlias = Request[Any, Any, Any]
Outcome = Literal["error", "throttled", "expired_token", "unavailable"]
ItemState = Literal["processing", "public", "restricted", "private", "inbox"]


class ItemMedia(msgspec.Struct, rename="camel"):
    """One media item of a post. `sha256` is null for bytes in several parts; theirs are in `parts`."""

    kind: MediaKind
    size_bytes: int
    sha256: str | None
    parts: list[str] = []
    kept: bool = False
    """Whether the bytes are at `/blobs/{sha256}`."""


class Item(msgspec.Struct, rename="camel"):
    """One post as it stands on a fake platform. Failed posts are none."""

    platform: str
    owner: str
    handle: str
    id: str
    mode: str
    caption: str
    media: list[ItemMedia]
    state: ItemState
    created_at: datetime
    options: dict[str, object] = {}
    comments: list[str] = []
    """What stands under the post, oldest first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `body` is sent as JSON."""

    status: int
    body: object
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Refused(Exception):  # noqa: N818
    """A fake platform says no, in its own words."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self.answer = answer


class OutOfBounds(ValueError):  # noqa: N818
    """Media is not fetched from there."""


async def _return_to_this_machine(_platform: str, uri: str, _state: str | None) -> str | None:
    return (
        None
        if on_this_machine(uri)
        else f"{urlsplit(uri).netloc} is not registered as an address to return to."
    )


def _fetch_from_this_machine(url: str) -> aiohttp.ClientSession:
    if not on_this_machine(url):
        raise OutOfBounds(url)
    return aiohttp.ClientSession()


def on_this_machine(url: str) -> bool:
    """Tell whether an address is one of this machine alone."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where the fakes may send people and fetch media from: whoever calls them must not get further by it.

    `return_fault`: given platform, redirect address and state, say why nobody is sent there, None if they may be.
    `session_for`: the session to fetch an address with; raises OutOfBounds. By default both stay on this machine.
    """

    return_fault: Callable[[str, str, str | None], Awaitable[str | None]] = _return_to_this_machine
    session_for: Callable[[str], aiohttp.ClientSession] = _fetch_from_this_machine


@dataclass(slots=True)
class World:
    """What the fakes live in: memory, bounds, how long they take to process a post, their background work."""

    state: State
    processing: timedelta
    bounds: Bounds = Bounds()
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @asynccontextmanager
    async def fetch(self, url: str) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Fetch the media at an address. Raises OutOfBounds, ValueError or aiohttp.ClientError."""
        async with self.bounds.session_for(url) as web, web.get(url, allow_redirects=False) as answer:
            yield answer

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in the background until it ends or the app shuts down."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def close(self) -> None:
        """Stop all background work; what is unfinished resumes at the next start."""
        running = list(self.tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


Injected: TypeAlias = NamedDependency[World]
"""How a route takes the world."""


@dataclass(frozen=True, slots=True)
class Fake:
    """One fake platform.

    `answer` words what can go wrong anywhere (seconds: until a throttled caller may come back), `items`
    lists an owner's posts (None: everybody's) newest first, `resume` takes up background work after a
    restart.
    """

    name: str
    routes: Sequence[HTTPRouteHandler]
    answer: Callable[[Outcome, float], Answer]
    sign_up: Callable[[State, str], Awaitable[Identity]]
    items: Callable[[World, str | None, int], Awaitable[list[Item]]]
    resume: Callable[[World], Awaitable[None]]


def respond(answer: Answer) -> Response[bytes]:
    """Return `answer` for Litestar."""
    return Response(
        msgspec.json.encode(answer.body),
        status_code=answer.status,
        headers=dict(answer.headers),
        media_type="application/json",
    )


def split_path(scope: Scope, platform: str) -> tuple[str, str]:
    """Split the request's path into what leads to the platform (`/a/platform`) and its own (`/v2/x/`)."""
    path = scope["raw_path"].decode("latin-1")
    before, _, own = path.partition(f"/{platform}/")
    return f"{before}/{platform}", f"/{own}"


def origin_of(request: HttpRequest, platform: str) -> str:
    """Return the origin under which the caller reaches the platform, as its Host header says."""
    host = request.headers.get("host", "localhost")
    return f"{request.scope['scheme']}://{host}{split_path(request.scope, platform)[0]}"

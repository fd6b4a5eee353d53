"""`GET /v1/events/stream`: server-sent events."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Annotated, Any, cast

import structlog
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import QueryParameter
from litestar.response import Stream
from litestar.types import Scope

from layers.access.caller import Caller, authenticate
from layers.api import errors
from layers.api.context import header_of, on_stop, state_of
from layers.api.routes import ANY_KEY, operation
from layers.db.pool import DATABASE_AWAY
from layers.kit.times import utc_now
from layers.live import store
from layers.live.follower import Follower, Listener
from layers.live.schemas import RELOAD, SCOPES, StreamedType, Told, told_from, written

log = structlog.get_logger("layers.live")
RETRY = b"retry: 2000\n\n"
"""Milliseconds a browser waits before it opens the stream again."""
KEEP_ALIVE = 15.0
"""Seconds without an event until a comment is sent, and between two looks at whether the key is still good."""
COMMENT = b":\n\n"
MOST_PER_KEY = 20
MOST_REPLAYED = 1000
MOST_ID = 255
BEFORE_ALL = "evt_00000000000000000000000000"
"""Stands for the last event heard where there was none yet."""


@get(
    "/v1/events/stream",
    opt=operation(ANY_KEY, errors=(errors.ForbiddenScope,), media="text/event-stream"),
    operation_id="events.stream",
)
async def stream(
    request: Request[Any, Any, Any],
    project_id: Annotated[str | None, QueryParameter(name="projectId", max_length=255)] = None,
    types: Annotated[list[StreamedType] | None, QueryParameter(name="types")] = None,
    last_event_id: Annotated[str | None, QueryParameter(name="lastEventId", max_length=MOST_ID)] = None,
) -> Response[Any]:
    """Listen to what happens, as server-sent events.

    `id` is the event's, `event` its type, `data` what a webhook is told: `{id, type, createdAt, data}`. A key hears
    `post.*` with `publish:read`, `content.*` with `content:read`, `social_account.*` with `social:read`, and needs one
    of these. Events whose type ends in `.updated` are hints to read something anew.

    Send the last `id` as `Last-Event-ID` (or `lastEventId`) to hear everything after it, in order. Where that cannot be
    told, because the event is unknown or too long ago, `reload` comes first: read everything anew. A comment comes at
    least every 15 seconds.
    """
    caller = cast("Caller", state_of(request.scope)["caller"])
    if not any(caller.may(scope) for scope in SCOPES.values()):
        needed = " or ".join(SCOPES.values())
        raise errors.ForbiddenScope(f"This key lacks {needed}.", {"requiredScope": SCOPES["post"]})
    follower = cast("Follower", request.app.state["follower"])
    refuse_many(follower, caller, request.app.state)
    listener = Listener(caller, project_id, frozenset(types) if types else None)
    on_stop(request.scope, listener.end)
    last = _last_heard(request.scope) or last_event_id
    return Stream(
        _events(request.scope, follower, listener, last),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


def _last_heard(scope: Scope) -> str:
    last = header_of(scope, b"last-event-id")
    if len(last) > MOST_ID:
        raise errors.one_issue("Last-Event-ID", "Send the id of an event as it was told.", "invalid_value")
    return last


def refuse_many(follower: Follower, caller: Caller, state: State) -> None:
    """Raise RateLimited or Unavailable where too many listen already."""
    again = {"Retry-After": "5"}
    if follower.of_key(caller.api_key_id) >= MOST_PER_KEY:
        raise errors.RateLimited(
            f"This key has {MOST_PER_KEY} streams open already.",
            {"endpointClass": "read-light", "limit": MOST_PER_KEY},
            headers=again,
        )
    if len(follower.listeners) * 2 >= state["settings"].http_connections:
        raise errors.Unavailable("Too many listen here already. Come again later.", headers=again)


async def _events(
    scope: Scope, follower: Follower, listener: Listener, last: str | None
) -> AsyncGenerator[bytes]:
    yield RETRY
    try:
        head = await follower.join(listener)
        for piece in await _missed(follower, listener, head, last):
            yield piece
        checked_at = time.monotonic()
        while (told := await _next(listener)) is not None:
            yield told
            if time.monotonic() - checked_at >= KEEP_ALIVE:
                checked_at = time.monotonic()
                if not await _is_good(scope):
                    return
    except DATABASE_AWAY as fault:  # who listens opens it again
        log.debug("stream cut", error=repr(fault))
    finally:
        follower.leave(listener)


async def _next(listener: Listener) -> bytes | None:
    """Return what to write next: an event, a comment where there was none for a while, None at the end."""
    try:
        told = await asyncio.wait_for(listener.queue.get(), KEEP_ALIVE)
    except TimeoutError:
        return COMMENT
    return written(told) if told else None


async def _missed(follower: Follower, listener: Listener, head: int, last: str | None) -> list[bytes]:
    """Return what happened since the last event heard, and the id to go on from."""
    whose, pieces = listener.caller.organization_id, list[bytes]()
    async with follower.pool.acquire(timeout=10) as tx:
        if last:
            after = 0 if last == BEFORE_ALL else await store.position_of(tx, whose, last)
            rows = [] if after is None else await store.between(tx, whose, after, head, MOST_REPLAYED + 1)
            if after is None or len(rows) > MOST_REPLAYED:
                reason = "unknown_event" if after is None else "too_many"
                data: dict[str, object] = {"projectId": None, "reason": reason}
                pieces.append(written(Told(None, RELOAD, utc_now(), data)))
            else:
                listener.after = max(head, after)
                told = [(told_from(row), row["environment"]) for row in rows]
                pieces += [written(one) for one, environment in told if listener.wants(one, environment)]
        newest = await store.newest_id(tx, whose, listener.after) or BEFORE_ALL
    return [*pieces, f"id: {newest}\n\n".encode()]


async def _is_good(scope: Scope) -> bool:
    """Tell whether the caller would still be let in."""
    try:
        await authenticate(scope)
    except (errors.Unauthenticated, errors.KillSwitch):
        return False
    except DATABASE_AWAY:
        return True
    return True


ROUTES = [stream]

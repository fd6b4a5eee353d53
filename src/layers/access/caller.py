"""The caller of a request, established before anything else happens."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

import structlog
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import ASGIApp, Receive, Scope, Send

from layers.access import keys, limits, store
from layers.access.keys import EVERYTHING, Environment
from layers.api import errors
from layers.api.context import method_of, state_of
from layers.api.routes import ANY_KEY
from layers.db.pool import DATABASE_AWAY, Connection, Pool
from layers.events import Event
from layers.kit.times import utc_now

log = structlog.get_logger("layers.access")
NOTE_EVERY = 20.0
MAX_SEGMENT = 255


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is, in which environment, and what it may do."""

    organization_id: str
    organization_name: str
    environment: Environment
    api_key_id: str
    scopes: frozenset[str]
    rate_limit_tier: str
    return_hosts: tuple[str, ...]
    request_id: str
    expires_at: datetime | None = None
    actor_name: str = ""
    """Set where nobody's key acts: a timer."""

    @property
    def actor(self) -> str:
        """Return who this is in logs and audit: `api_key_…` or the timer's name."""
        return self.actor_name or f"api_{self.api_key_id}"

    def may(self, scope: str) -> bool:
        """Tell whether the key holds `scope`."""
        return scope == ANY_KEY or EVERYTHING in self.scopes or scope in self.scopes

    def event(self, kind: str, project_id: str | None, subject_id: str, data: dict[str, object]) -> Event:
        """Return an event of this caller's doing."""
        return Event(
            kind,
            self.organization_id,
            project_id,
            subject_id,
            data,
            self.actor,
            self.api_key_id or None,
            self.request_id or None,
        )


P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Call(Generic[P]):
    """All a handler needs: who calls, the connection (in a mutation: inside its one transaction), the decoded body,
    and the instant of the request, one for all its decisions."""

    caller: Caller
    tx: Connection
    payload: P
    now: datetime


Calling: TypeAlias = SkipValidation[NamedDependency[Call[P]]]
"""A handler's `call` parameter; `P` is the type of its body. One dependency, since each one costs a task."""


def provide_call(scope: Scope) -> Call[Any]:
    """Give a handler its call."""
    state = state_of(scope)
    return Call(state["caller"], state["tx"], state.get("payload"), utc_now())


def authentication(app: ASGIApp) -> ASGIApp:
    """Wrap a route: no valid key with the route's scope, no entry."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        opt = scope["route_handler"].opt
        if method_of(scope) == "OPTIONS":  # answered by the framework itself, which declares no scope
            raise errors.MethodNotAllowed(f"OPTIONS is not possible on {scope['path']}.")
        if not opt.get("open"):
            refuse_nul(scope)
            caller = await authenticate(scope)
            state = state_of(scope)
            app_state = scope["litestar_app"].state
            app_state["keys_used"][caller.api_key_id] = utc_now()
            state["rate_headers"] = await limits.take(
                app_state["pool"], caller.api_key_id, caller.rate_limit_tier, method_of(scope)
            )
            if not caller.may(opt["scope"]):
                raise errors.ForbiddenScope(
                    f"This key lacks the scope {opt['scope']}.", {"requiredScope": opt["scope"]}
                )
            state["caller"], state["api_key_id"] = caller, caller.api_key_id
        await app(scope, receive, send)

    return middleware


@asynccontextmanager
async def noting_keys_used(pool: Pool, used: dict[str, datetime]) -> AsyncGenerator[None]:
    """Write now and then, and at the end, when keys were last used, so that requests need not."""

    async def note() -> None:
        noted = dict(used)
        used.clear()
        try:
            if noted:
                await store.note_used(pool, noted)
        except DATABASE_AWAY as fault:
            log.debug("use of keys not noted", error=repr(fault))

    async def repeat() -> None:
        while True:
            await asyncio.sleep(NOTE_EVERY)
            await note()

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await note()


def refuse_nul(scope: Scope) -> None:
    """PostgreSQL text holds no NUL, so nothing with one exists or may be made. Nor is any id so long."""
    path = scope["path"]
    if "\x00" in path or (
        len(path) > MAX_SEGMENT and any(len(part) > MAX_SEGMENT for part in path.split("/"))
    ):
        raise errors.NotFound("There is nothing at this path.")
    if b"%00" in scope["query_string"]:
        raise errors.one_issue("query", "A parameter contains the NUL character; remove it.", "invalid_text")


async def authenticate(scope: Scope) -> Caller:
    """Return the caller. Raises Unauthenticated or KillSwitch."""
    presented = keys.parse_key(_presented(scope))
    if presented is None:
        raise _unknown("Send a key as `Authorization: Bearer lp_…`.")
    record = await store.find_key(scope["litestar_app"].state["pool"], presented.key_id)
    if record is None or not keys.matches(presented, record["secret_hash"]):
        raise _unknown("This key is not known.")
    if record["environment"] != presented.environment or record["retired"]:
        raise _unknown("This key is retired or expired.")
    for what in ("key", "organization"):
        if record[f"{what}_killed"]:
            raise errors.KillSwitch(f"The {what} was disabled.", {"scope": what})
    return Caller(
        organization_id=record["organization_id"],
        organization_name=record["organization_name"],
        environment=record["environment"],
        api_key_id=record["id"],
        scopes=frozenset(record["scopes"]),
        rate_limit_tier=record["rate_limit_tier"],
        return_hosts=tuple(record["return_hosts"]),
        request_id=state_of(scope)["request_id"],
        expires_at=record["expires_at"],
    )


def _presented(scope: Scope) -> str:
    headers = dict(scope["headers"])
    if b"x-api-key" in headers:
        return headers[b"x-api-key"].decode("latin-1").strip()
    kind, _, value = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


def _unknown(message: str) -> errors.Unauthenticated:
    return errors.Unauthenticated(message, headers={"WWW-Authenticate": 'Bearer realm="layers"'})

"""The caller of a request, established before anything else happens."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

import asyncpg
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import ASGIApp, Receive, Scope, Send

from layers.access import keys, limits, sessions, store
from layers.access.keys import EVERYTHING, Environment
from layers.access.notes import Notes, Refusal
from layers.api import errors
from layers.api.context import method_of, state_of
from layers.api.routes import ANY_KEY
from layers.api.transaction import LOOKED_UP, repeatable
from layers.db.pool import Connection
from layers.events import Event
from layers.kit.times import utc_now

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
            app_state["notes"].note_used(caller.api_key_id)
            state["rate_headers"] = await limits.take(
                app_state["pool"], caller.api_key_id, caller.rate_limit_tier, method_of(scope)
            )
            if not caller.may(opt["scope"]):
                note_refused(scope, caller.organization_id, caller.api_key_id, "forbidden_scope")
                raise errors.ForbiddenScope(
                    f"This key lacks the scope {opt['scope']}.", {"requiredScope": opt["scope"]}
                )
            state["caller"], state["api_key_id"] = caller, caller.api_key_id
        await app(scope, receive, send)
        if isinstance(problem := state_of(scope).get("problem"), REFUSED_INSIDE):
            caller = cast("Caller", state_of(scope)["caller"])
            note_refused(scope, caller.organization_id, caller.api_key_id, problem.code.lower())

    return middleware


REFUSED_INSIDE = (errors.ForbiddenScope, errors.ReturnUrlNotAllowed)
"""Refusals of access that only a handler can tell."""


def note_refused(
    scope: Scope, organization_id: str, api_key_id: str, reason: str, *, proven: bool = True
) -> None:
    """Note for the audit log that a key that exists was refused. `proven`: its secret was right."""
    actor = f"api_{api_key_id}" if proven else "unknown"
    path = f"{method_of(scope)} {scope['path_template']}"
    notes = cast("Notes", scope["litestar_app"].state["notes"])
    notes.note_refused(
        Refusal(organization_id, api_key_id, reason, actor), state_of(scope)["request_id"], path
    )


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
    """Return the caller: of the key in a header, else of the session. Raises Unauthenticated, KillSwitch or, for a
    session, ForbiddenOrigin."""
    presented = _presented(scope)
    if presented is None:
        return await caller_of_session(scope)
    request = repeatable(scope)
    record = await key_of(scope, presented, request)
    if request:
        state_of(scope)[LOOKED_UP] = record
    return admit(scope, record)


async def caller_of_session(scope: Scope) -> Caller:
    """Return the caller for whom a browser's session speaks. Raises Unauthenticated or ForbiddenOrigin."""
    state = scope["litestar_app"].state
    public_origin = cast("str", state["public_origin"])
    token = sessions.token_in(scope, public_origin)
    if token is None:
        raise _unknown("Send a key as `Authorization: Bearer lp_…`.")
    sessions.refuse_foreign(scope, public_origin)
    token_hash = sessions.hash_token(token)
    record = await store.find_session(state["pool"], token_hash, sessions.IDLE, sessions.LONGEST)
    if record is None:
        raise _unknown("This session has ended; sign in again.")
    if utc_now() - record["seen_at"] > sessions.SEEN_EVERY:
        await store.note_seen(state["pool"], token_hash)
    state_of(scope)["session_ends_at"] = record["created_at"] + sessions.LONGEST
    caller = admit(scope, record)
    here = urlsplit(public_origin).hostname or ""
    return replace(caller, return_hosts=(*caller.return_hosts, here))


async def key_of(scope: Scope, text: str, request: tuple[str, str, str] | None = None) -> asyncpg.Record:
    """Return the key that was presented as `store.find_key` does, whatever its state. Raises Unauthenticated."""
    presented = keys.parse_key(text)
    if presented is None:
        raise _unknown("Send a key as `Authorization: Bearer lp_…`.")
    record = await store.find_key(scope["litestar_app"].state["pool"], presented.key_id, request)
    right = keys.matches(presented, record["secret_hash"] if record else keys.NOBODYS_HASH)
    if record is None:
        raise _unknown("This key is not known.")
    if not right:
        note_refused(scope, record["organization_id"], record["id"], "wrong_secret", proven=False)
        raise _unknown("This key is not known.")
    if record["environment"] != presented.environment:
        note_refused(scope, record["organization_id"], record["id"], "wrong_environment")
        raise _unknown("This key is retired or expired.")
    return record


def admit(scope: Scope, record: asyncpg.Record) -> Caller:
    """Return the caller of a proven key, given as `store.BEARER`. Raises Unauthenticated or KillSwitch."""
    whose = (record["organization_id"], record["id"])
    if record["retired"]:
        note_refused(scope, *whose, "retired")
        raise _unknown("This key is retired or expired.")
    for what in ("key", "organization"):
        if record[f"{what}_killed"]:
            note_refused(scope, *whose, f"{what}_killed")
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


def _presented(scope: Scope) -> str | None:
    """Return the key in the request's headers: "" for one that is none, None where no header is for keys."""
    headers = dict(scope["headers"])
    if b"x-api-key" in headers:
        return headers[b"x-api-key"].decode("latin-1").strip()
    if b"authorization" not in headers:
        return None
    kind, _, value = headers[b"authorization"].decode("latin-1").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


def _unknown(message: str) -> errors.Unauthenticated:
    return errors.Unauthenticated(message, headers={"WWW-Authenticate": 'Bearer realm="layers"'})

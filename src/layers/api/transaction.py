"""One transaction per mutation, with its idempotency record inside.

The record is inserted with the response just before the commit, so that work and memory stand or fall together: no
crash can part them. A twin waits for the first one's advisory lock and then replays its answer; the record's unique
index has the last word. Only what was committed is remembered: 2xx, and refusals that themselves changed something.

Round trips are what a request costs. So the record is looked up together with the key that calls (`LOOKED_UP`), the
lock is taken with BEGIN, and a repeat is answered without a transaction.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeVar, cast

import asyncpg
import msgspec
from litestar.types import (
    ASGIApp,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    Message,
    Receive,
    Scope,
    Send,
)
from litestar.utils.scope.state import ScopeState

from layers.api import errors
from layers.api.context import header_of, hooks_of, method_of, state_of
from layers.api.envelope import unavailable
from layers.api.parameters import take_query
from layers.db.columns import bigint
from layers.db.pool import DATABASE_AWAY, Connection, Pool, Queries
from layers.kit.canonical import fingerprint
from layers.kit.problems import find_problems

T = TypeVar("T", bound=msgspec.Struct)
JSON = ("application/json",)
MAX_JSON_BYTES = 1024 * 1024
TRIES = 3
"""How often a mutation is tried before the caller is asked to come again."""
MAX_DEPTH = 100
"""Levels of a JSON body."""
KEPT_FOR = "24 hours"
RECORD = "r.fingerprint, r.status, r.body"
SAME_REQUEST = (
    "r.method = $2 AND r.path = $3 AND r.idempotency_key = $4"
    f" AND r.created_at >= now() - interval '{KEPT_FOR}'"
)
"""Of a caller's records, that of a request as `repeatable` gives it. Needs $2 to $4, $1 is for who calls."""
LOOKED_UP = "looked_up"
"""Where the request's record is (`RECORD`; its status None if there was none), if it came with the caller's key."""
VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}")
UPLOAD_STATE = "upload"
"""Where a route that takes files finds them (a `layers.api.multipart.Form`)."""


@dataclass(frozen=True, slots=True)
class IdempotentCall:
    """What identifies a call that may be repeated."""

    api_key_id: str
    method: str
    path: str
    key: str
    fingerprint: bytes

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Return what makes it the same call."""
        return self.api_key_id, self.method, self.path, self.key

    @property
    def lock(self) -> int:
        """Return the number of the advisory lock that keeps twins apart."""
        return int.from_bytes(fingerprint(self.identity)[:8], signed=True)


def transaction(app: ASGIApp) -> ASGIApp:
    """Wrap a route: reads get a connection, mutations a transaction and idempotency, open routes and streams
    nothing."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        opt = scope["route_handler"].opt
        if opt.get("open"):
            await app(scope, receive, send)
            return
        take_query(scope)
        if opt["media"] != JSON:
            await app(scope, receive, send)
            return
        pool = cast("Pool", scope["litestar_app"].state["pool"])
        if method_of(scope) in ("GET", "HEAD"):
            async with pool.acquire(timeout=10) as connection:
                state_of(scope)["tx"] = connection
                await app(scope, receive, send)
            return
        try:
            body_print = await _take_body(scope, receive)
            call = _idempotent_call(scope, body_print)
            response = (
                _known(scope, call) or await _staged(scope, pool, call) or await _once(app, scope, pool, call)
            )
            if response.replayed and opt.get("secret"):
                response.body = _vault(scope).unseal(response.body, _owner(call))["body"].encode()
        finally:
            if UPLOAD_STATE in state_of(scope):
                state_of(scope)[UPLOAD_STATE].discard()
        for hook in hooks_of(scope) if response.committed else ():
            hook()
        await response.send(send)

    return middleware


async def _take_body(scope: Scope, receive: Receive) -> bytes:
    """Read and decode the body to the type the route declares; returns its fingerprint."""
    opt, state = scope["route_handler"].opt, state_of(scope)
    if opt["form"] and _content_type(scope) == "multipart/form-data":
        _refuse_encoded(scope)
        state[UPLOAD_STATE] = upload = await scope["litestar_app"].state["receive_upload"](scope, receive)
        state["payload"] = None
        return cast("bytes", upload.fingerprint)
    state["payload"], value = await take_json(scope, receive, opt["body"], form=opt["form"])
    return fingerprint(value)


async def take_json(
    scope: Scope, receive: Receive, expected: type[T], *, form: bool = False
) -> tuple[T, object]:
    """Read a JSON body; returns it as `expected` and as plain values. `form`: the route takes forms as well."""
    _refuse_encoded(scope)
    raw = await _read(scope, receive)
    content_type = _content_type(scope)
    if raw and content_type not in ("application/json", ""):
        takes = "application/json or multipart/form-data" if form else "application/json"
        raise errors.UnsupportedMediaType(f"This route takes {takes}, not {content_type}.")
    return decode_body(raw or b"{}", expected)


def _refuse_encoded(scope: Scope) -> None:
    if header_of(scope, b"content-encoding") not in ("", "identity"):
        raise errors.UnsupportedMediaType("Bodies are taken uncompressed; send no Content-Encoding.")


def _content_type(scope: Scope) -> str:
    return header_of(scope, b"content-type").partition(";")[0].strip().lower()


async def _read(scope: Scope, receive: Receive) -> bytes:
    refuse_announced(scope, MAX_JSON_BYTES)
    chunks, size = list[bytes](), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise errors.one_issue("$", "The request ended before its body was complete.", "malformed")
        chunk = cast("bytes", message.get("body", b""))
        size += len(chunk)
        if size > MAX_JSON_BYTES:
            raise _too_large(MAX_JSON_BYTES)
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


def refuse_announced(scope: Scope, most: int) -> None:
    """Refuse a body by its Content-Length, before it is sent. Raises PayloadTooLarge."""
    announced = header_of(scope, b"content-length")
    if announced.isdecimal() and int(announced) > most:
        raise _too_large(most)


def _too_large(most: int) -> errors.PayloadTooLarge:
    return errors.PayloadTooLarge(f"This body may have {most:,} bytes at most.", {"limitBytes": most})


@cache
def _decoder(expected: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(expected)


def decode_body(raw: bytes, expected: type[T]) -> tuple[T, object]:
    """Return the body as `expected` and as plain values. Raises Validation with every fault at once."""
    try:
        plain = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise errors.one_issue("$", f"The body is not valid JSON: {fault}.", "malformed") from None
    if _is_deep(plain):
        raise errors.one_issue("$", f"The body is nested deeper than {MAX_DEPTH} levels.", "too_deep")
    try:
        typed = _decoder(expected).decode(raw)
    except msgspec.ValidationError as fault:
        issues = find_problems(plain, expected)
        raise (
            errors.Validation(issues) if issues else errors.one_issue("$", f"{fault}.", "invalid_value")
        ) from None
    if b"\\u" in raw and (issues := find_problems(plain, expected)):
        raise errors.Validation(issues)
    return typed, plain


def _is_deep(value: object) -> bool:
    """Tell whether `value` has too many levels for what recurses over it from here on."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return False
    return True


def _children(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return cast("dict[str, object]", node).values()
    return cast("list[object]", node) if isinstance(node, list) else ()


def repeatable(scope: Scope) -> tuple[str, str, str] | None:
    """Return method, path and Idempotency-Key of a request that may be a repeat."""
    key = header_of(scope, b"idempotency-key")
    if method_of(scope) in ("GET", "HEAD") or not VISIBLE_ASCII.fullmatch(key):
        return None
    return method_of(scope), scope["path"], key


def _idempotent_call(scope: Scope, body_print: bytes) -> IdempotentCall | None:
    key = header_of(scope, b"idempotency-key")
    if not any(name == b"idempotency-key" for name, _ in scope["headers"]):
        return None
    if not VISIBLE_ASCII.fullmatch(key):
        raise errors.one_issue(
            "Idempotency-Key", "Use 1 to 255 visible ASCII characters; a UUID is best.", "invalid_value"
        )
    return IdempotentCall(state_of(scope)["api_key_id"], method_of(scope), scope["path"], key, body_print)


class Captured:
    """A response held back until its transaction is settled."""

    def __init__(self, status: int = 500, body: bytes = b"", *, replayed: bool = False) -> None:
        self.status, self.body, self.committed, self.replayed = status, body, False, replayed
        self.headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
        if replayed:
            self.headers.append((b"idempotent-replayed", b"true"))

    async def collect(self, message: Message) -> None:
        """Take the place of ASGI's send."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message["body"]

    async def send(self, send: Send) -> None:
        """Let the response go."""
        headers = [h for h in self.headers if h[0].lower() != b"content-length"]
        if self.status != 304:
            headers.append((b"content-length", str(len(self.body)).encode()))
        start: HTTPResponseStartEvent = {
            "type": "http.response.start",
            "status": self.status,
            "headers": headers,
        }
        body: HTTPResponseBodyEvent = {"type": "http.response.body", "body": self.body, "more_body": False}
        await send(start)
        await send(body)


def _known(scope: Scope, call: IdempotentCall | None) -> Captured | None:
    """Return what an earlier twin was answered, if that was seen when the caller's key was looked up."""
    row = state_of(scope).get(LOOKED_UP)
    return _replay(call, row) if call and row else None


async def _staged(scope: Scope, pool: Pool, call: IdempotentCall | None) -> Captured | None:
    """Do a route's long work before its transaction; returns the earlier response, if any, and does nothing then."""
    stage = scope["route_handler"].opt.get("stage")
    if stage is None:
        return None
    if call and (earlier := await find_response(pool, call)):
        return earlier
    await stage(scope)
    return None


async def _once(app: ASGIApp, scope: Scope, pool: Pool, call: IdempotentCall | None) -> Captured:
    for _ in range(TRIES):
        try:
            return await _mutate(app, scope, pool, call)
        except AgainError:
            hooks_of(scope).clear()
    raise unavailable()


async def _mutate(app: ASGIApp, scope: Scope, pool: Pool, call: IdempotentCall | None) -> Captured:
    is_looked_up = state_of(scope).pop(LOOKED_UP, None) is not None  # once: the next try asks anew
    try:
        async with pool.acquire(timeout=10) as connection:
            try:
                earlier = await begin(connection, call, is_looked_up=is_looked_up)
                response = earlier or await _work(app, scope, connection, call)
            except BaseException:
                await connection.execute("ROLLBACK")
                raise
            if response.committed:
                await commit(connection)
                return response
            await connection.execute("ROLLBACK")
            if call is None or response.replayed:
                return response
            return await find_response(connection, call) or response
    except asyncpg.DeadlockDetectedError:
        raise AgainError from None
    except asyncpg.LockNotAvailableError:
        raise unavailable() from None
    except DATABASE_AWAY:
        raise unavailable() from None


async def begin(
    connection: Connection, call: IdempotentCall | None, *, is_looked_up: bool = False
) -> Captured | None:
    """Begin a transaction and claim the key until it ends, waiting for a twin in flight; returns the earlier response,
    if any. `is_looked_up`: there was none when the caller's key was looked up, and none is looked for again.

    Not asyncpg's own transaction, which cannot take the lock in the round trip of its BEGIN.
    """
    if call is None:
        await connection.execute("BEGIN")
        return None
    claim = f"BEGIN; SELECT WHERE pg_try_advisory_xact_lock({bigint(call.lock)})"
    if await connection.execute(claim) == "SELECT 1":  # the rows there were: one if it was claimed
        return None if is_looked_up else await find_response(connection, call)
    try:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", call.lock)
    except asyncpg.LockNotAvailableError:
        raise errors.Conflict(
            "A request with this Idempotency-Key is still being worked on.",
            {"subcode": "IDEMPOTENCY_IN_FLIGHT"},
            headers={"Retry-After": "1"},
        ) from None
    return await find_response(connection, call)


async def commit(connection: Connection) -> None:
    """Commit, or raise RuntimeError where nothing was."""
    tag = await connection.execute("COMMIT")
    if tag != "COMMIT":  # as PostgreSQL answers where a statement failed and nobody minded
        raise RuntimeError(f"the transaction ended with {tag}")


async def _work(app: ASGIApp, scope: Scope, connection: Connection, call: IdempotentCall | None) -> Captured:
    state = state_of(scope)
    state["tx"] = connection
    response = Captured()
    await app(scope, _nothing_more, response.collect)
    if state.pop("deadlock", False):
        raise AgainError
    # Litestar saw a response start and would let no error take its place; but it is only held here, and a failing
    # commit must.
    ScopeState.from_scope(scope).response_started = False
    response.committed = response.status < 400 or bool(state.get("commits"))
    if call and response.committed:
        body = response.body
        if scope["route_handler"].opt.get("secret"):
            body = _vault(scope).seal({"body": body.decode()}, _owner(call))
        await keep_response(connection, call, response.status, body, state.get("intent_id"))
    return response


class Sealer(Protocol):
    """Seals answers that hold a secret (a `layers.vault.Vault`)."""

    def seal(self, secrets: Mapping[str, str], owner: str) -> bytes:
        """Encrypt."""
        ...

    def unseal(self, sealed: bytes, owner: str) -> dict[str, str]:
        """Decrypt."""
        ...


def _vault(scope: Scope) -> Sealer:
    return cast("Sealer", scope["litestar_app"].state["vault"])


def _owner(call: IdempotentCall | None) -> str:
    return " ".join(call.identity) if call else ""


class AgainError(Exception):
    """The work must be done again: a twin was faster, or the database gave it up to end a deadlock."""


async def keep_response(
    connection: Connection, call: IdempotentCall, status: int, body: bytes, intent_id: str | None
) -> None:
    """Remember the response; `intent_id`: whose fate decides what a repeat hears.

    Raises AgainError if a twin was faster.
    """
    kept = await connection.fetchval(
        f"""INSERT INTO idempotency_records AS r
            (api_key_id, method, path, idempotency_key, fingerprint, status, body, intent_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (api_key_id, method, path, idempotency_key) DO UPDATE
        SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body,
            intent_id = excluded.intent_id, created_at = now()
        WHERE r.created_at < now() - interval '{KEPT_FOR}' RETURNING true""",
        *(*call.identity, call.fingerprint, status, body, intent_id),
    )
    if not kept:
        raise AgainError


async def find_response(connection: Queries, call: IdempotentCall) -> Captured | None:
    """Return what an earlier twin was answered: one that was committed while this call waited, or was refused."""
    row = await connection.fetchrow(
        f"SELECT {RECORD} FROM idempotency_records r WHERE r.api_key_id = $1 AND {SAME_REQUEST}",
        *call.identity,
    )
    return _replay(call, row) if row else None


def _replay(call: IdempotentCall, row: asyncpg.Record) -> Captured | None:
    if row["status"] is None:
        return None
    if row["fingerprint"] != call.fingerprint:
        raise errors.IdempotencyConflict("This Idempotency-Key was used with another body. Use a new key.")
    return Captured(row["status"], row["body"], replayed=True)


async def _nothing_more() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}

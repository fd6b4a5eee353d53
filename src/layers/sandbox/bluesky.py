"""Bluesky's personal data server, as far as posting needs it.

Measured on a real PDS 0.5.35 (2026-11-23): an identical put answers 200 without a commit, a different one
under `swapRecord: null` 400 InvalidSwap, a create with an existing record key 500, a missing blob 400
BlobNotFound; token lifetimes, InvalidToken, AuthMissing, the rate-limit headers, the same pair for a
replayed refresh token. From memory of the server's source, not measured: ExpiredToken, how long that
replay works, the names InvalidRequest, InvalidMimeType, InvalidSize, BlobTooLarge, PayloadTooLarge,
UpstreamFailure, and answers of getSession and deletes. Known gaps: no OAuth, no rate limits, no video
service, no firehose, no sweep of unreferenced blobs; a record's CID hashes JSON, not DAG-CBOR.
"""

import base64
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler

from layers.connector import Identity, Tokens
from layers.kit.times import utc_now
from layers.sandbox.bluesky_lexicon import (
    DAG_CBOR,
    NSID,
    POST,
    RAW,
    RECORD_KEY,
    TID,
    BlobUse,
    Invalid,
    check_record,
    cid,
    new_tid,
    pictures_alt,
    record_cid,
)
from layers.sandbox.fake import (
    Answer,
    Fake,
    HttpRequest,
    Injected,
    Item,
    ItemMedia,
    Outcome,
    Refused,
    World,
    origin_of,
    respond,
)
from layers.sandbox.faults import Spoken, is_rejected, speak
from layers.sandbox.media import LARGEST_KEPT, Gauge, Stored
from layers.sandbox.state import Kind, Row, State

PLATFORM = "bluesky"
VERSION = "0.5.35"
T = TypeVar("T")
ACCESS_LIFETIME = timedelta(hours=2)
REFRESH_LIFETIME = timedelta(days=90)
REFRESH_GRACE = timedelta(hours=2)  # how long a used refresh token still gives the same new pair
LARGEST_UPLOAD = 50_000_000


class User(msgspec.Struct):
    """An account; its id is the DID."""

    handle: str


class AppPassword(msgspec.Struct):
    password: str


class Access(msgspec.Struct):
    expires_at: datetime


class Refresh(msgspec.Struct):
    """A refresh token and, once used, the pair it gave and when."""

    expires_at: datetime
    access: str = ""
    refresh: str = ""
    used_at: datetime | None = None


class Record(msgspec.Struct):
    """A record of a repository, named `DID/collection/rkey`."""

    cid: str
    value: dict[str, object]


USERS = Kind(PLATFORM, "user", User)
APP_PASSWORDS = Kind(PLATFORM, "app_password", AppPassword)
"""One an account; the id is the DID."""
ACCESS = Kind(PLATFORM, "access_token", Access)
REFRESH = Kind(PLATFORM, "refresh_token", Refresh)
BLOBS = Kind(PLATFORM, "blob", Stored)
RECORDS = Kind(PLATFORM, "record", Record)


class Login(msgspec.Struct, rename="camel"):
    identifier: str
    password: str


class Write(msgspec.Struct, rename="camel"):
    """The body of putRecord and createRecord. `swap_record` null means: only if there is none."""

    repo: str
    collection: str
    record: dict[str, object]
    rkey: str | msgspec.UnsetType = msgspec.UNSET
    swap_record: str | msgspec.UnsetType | None = msgspec.UNSET


class Delete(msgspec.Struct, rename="camel"):
    repo: str
    collection: str
    rkey: str
    swap_record: str | msgspec.UnsetType = msgspec.UNSET


class RecordQuery(msgspec.Struct):
    repo: str
    collection: str
    rkey: str
    cid: str | None = None


class ListQuery(msgspec.Struct):
    repo: str
    collection: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50
    cursor: str | None = None
    reverse: bool = False


def _error(name: str, message: str, status: int = 400, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, {"error": name, "message": message}, headers or {})


def _refuse(name: str, message: str, status: int = 400) -> Refused:
    return Refused(_error(name, message, status))


def _answer(outcome: Outcome, seconds: float) -> Answer:
    match outcome:
        case "throttled":
            wait = max(1, round(seconds))
            reset = str(int(utc_now().timestamp()) + wait)
            headers = {
                "retry-after": str(wait),
                "ratelimit-limit": "5000",
                "ratelimit-remaining": "0",
                "ratelimit-reset": reset,
                "ratelimit-policy": "5000;w=3600",
            }
            return _error("RateLimitExceeded", "Rate Limit Exceeded", 429, headers)
        case "expired_token":
            return _error("ExpiredToken", "Token has expired")
        case "unavailable":
            return _error("UpstreamFailure", "Service Unavailable", 503)
        case "error":
            return _error("InternalServerError", "Internal Server Error", 500)


async def _read(request: HttpRequest, expected: type[T]) -> T:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise _refuse("InvalidRequest", "Wrong request encoding (Content-Type)")
    try:
        return msgspec.json.decode(await request.body(), type=expected)
    except (msgspec.MsgspecError, UnicodeDecodeError) as why:
        raise _refuse("InvalidRequest", f"Input is invalid: {why}") from why


def _query(request: HttpRequest, expected: type[T]) -> T:
    try:
        return msgspec.convert(dict(request.query_params), expected, strict=False)
    except msgspec.ValidationError as why:
        raise _refuse("InvalidRequest", f"Parameters are invalid: {why}") from why


# Sessions -----------------------------------------------------------------------------------------


def _bearer(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        raise _refuse("AuthMissing", "Authentication Required", 401)
    return token


async def _caller(request: HttpRequest, world: World) -> Row[User]:
    held = await world.state.get(ACCESS, _bearer(request))
    if held is None:
        raise _refuse("InvalidToken", "Token could not be verified")
    if held.value.expires_at <= utc_now():
        raise Refused(_answer("expired_token", 0))
    return await _account(world, held.owner)


async def _account(world: World, repo: str) -> Row[User]:
    """Find an account by DID or handle."""
    user = await world.state.get(USERS, repo if repo.startswith("did:") else did_of(repo))
    if user is None:
        raise _refuse("InvalidRequest", f"Could not find repo: {repo}")
    return user


def did_of(handle: str) -> str:
    """Return the DID an account of this handle has here."""
    digest = hashlib.sha256(handle.lower().encode()).digest()
    return f"did:plc:{base64.b32encode(digest).decode().lower()[:24]}"


def _token(did: str, scope: str, kind: str, lifetime: timedelta) -> str:
    """Return a token in the shape of a JWT. It is known by being stored, so its signature is just random."""
    now = int(utc_now().timestamp())
    claims = {"scope": scope, "sub": did, "aud": "did:web:localhost", "iat": now}
    claims |= {"exp": now + int(lifetime.total_seconds()), "jti": secrets.token_hex(16)}
    parts = (
        msgspec.json.encode({"typ": kind, "alg": "HS256"}),
        msgspec.json.encode(claims),
        secrets.token_bytes(32),
    )
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


async def _issue(state: State, did: str) -> tuple[str, str]:
    access = _token(did, "com.atproto.appPass", "at+jwt", ACCESS_LIFETIME)
    refresh = _token(did, "com.atproto.refresh", "refresh+jwt", REFRESH_LIFETIME)
    await state.add(ACCESS, access, Access(utc_now() + ACCESS_LIFETIME), did)
    await state.add(REFRESH, refresh, Refresh(utc_now() + REFRESH_LIFETIME), did)
    return access, refresh


async def sign_up(state: State, handle: str) -> Identity:
    """Make or find the account `handle` and open a session for it."""
    did = did_of(handle)
    words = secrets.token_hex(8)
    password = "-".join(words[start : start + 4] for start in range(0, 16, 4))
    await state.add(USERS, did, User(handle), did)
    if not await state.add(APP_PASSWORDS, did, AppPassword(password), did):
        held = await state.get(APP_PASSWORDS, did)
        password = held.value.password if held else password
    access, refresh = await _issue(state, did)
    secret = {"service": "", "identifier": handle, "password": password}
    secret |= {"did": did, "accessJwt": access, "refreshJwt": refresh}
    return Identity(did, handle, handle, None, Tokens(secret, ACCESS_LIFETIME))


def _session(request: HttpRequest, user: Row[User]) -> dict[str, object]:
    endpoint = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer"}
    endpoint["serviceEndpoint"] = origin_of(request, PLATFORM)
    document = {"id": user.id, "alsoKnownAs": [f"at://{user.value.handle}"], "service": [endpoint]}
    return {"did": user.id, "handle": user.value.handle, "didDoc": document, "active": True}


@post("/xrpc/com.atproto.server.createSession", status_code=200)
async def create_session(request: HttpRequest, world: Injected) -> Response[bytes]:
    login = await _read(request, Login)
    name = login.identifier.removeprefix("@")
    user = await world.state.get(USERS, name if name.startswith("did:") else did_of(name))
    held = await world.state.get(APP_PASSWORDS, user.id) if user else None
    known = held.value.password if held else ""
    if not (user and known and secrets.compare_digest(known.encode(), login.password.encode())):
        raise _refuse("AuthenticationRequired", "Invalid identifier or password", 401)
    access, refresh = await _issue(world.state, user.id)
    return respond(Answer(200, _session(request, user) | {"accessJwt": access, "refreshJwt": refresh}))


@post("/xrpc/com.atproto.server.refreshSession", status_code=200)
async def refresh_session(request: HttpRequest, world: Injected) -> Response[bytes]:
    access, refresh, did = await _rotate(world, _bearer(request))
    user = await _account(world, did)
    return respond(Answer(200, _session(request, user) | {"accessJwt": access, "refreshJwt": refresh}))


async def _rotate(world: World, token: str) -> tuple[str, str, str]:
    while True:
        held = await world.state.get(REFRESH, token)
        if held is None:
            raise _refuse("InvalidToken", "Token could not be verified")
        now, used_at = utc_now(), held.value.used_at
        if held.value.expires_at <= now or (used_at is not None and used_at + REFRESH_GRACE <= now):
            raise _refuse("ExpiredToken", "Token has been revoked" if used_at else "Token has expired")
        if used_at is not None:
            return held.value.access, held.value.refresh, held.owner
        access, refresh = await _issue(world.state, held.owner)
        if await world.state.swap(REFRESH, held, Refresh(held.value.expires_at, access, refresh, now)):
            return access, refresh, held.owner
        await world.state.remove(ACCESS, access)
        await world.state.remove(REFRESH, refresh)


@get("/xrpc/com.atproto.server.getSession")
async def get_session(request: HttpRequest, world: Injected) -> Response[bytes]:
    return respond(Answer(200, _session(request, await _caller(request, world))))


@get("/xrpc/com.atproto.identity.resolveHandle")
async def resolve_handle(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await world.state.get(USERS, did_of(request.query_params.get("handle", "")))
    if user is None:
        raise _refuse("InvalidRequest", "Unable to resolve handle")
    return respond(Answer(200, {"did": user.id}))


@get("/xrpc/_health")
async def health() -> Response[bytes]:
    return respond(Answer(200, {"version": VERSION}))


# Blobs --------------------------------------------------------------------------------------------


@post("/xrpc/com.atproto.repo.uploadBlob", status_code=200)
async def upload_blob(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _caller(request, world)
    gauge = Gauge()
    small = bytearray()
    async for part in request.stream():
        gauge.feed(part)
        if gauge.size > LARGEST_UPLOAD:
            raise _refuse("PayloadTooLarge", "request entity too large", 413)
        if gauge.size <= LARGEST_KEPT:
            small += part
    stored = gauge.stored()
    stored.mime_type = stored.mime_type or request.headers.get("content-type", "application/octet-stream")
    if stored.mime_type.startswith("image/") and stored.size <= LARGEST_KEPT:
        await world.state.save_blob(stored.sha256, bytes(small))
        stored.kept = True
    name = cid(RAW, bytes.fromhex(stored.sha256))
    await world.state.add(BLOBS, f"{user.id} {name}", stored, user.id)
    reference = {"$type": "blob", "ref": {"$link": name}, "mimeType": stored.mime_type, "size": stored.size}
    return respond(Answer(200, {"blob": reference}))


async def _check_blobs(world: World, did: str, uses: list[BlobUse]) -> None:
    for use in uses:
        found = await world.state.get(BLOBS, f"{did} {use.cid}")
        if found is None:
            raise _refuse("BlobNotFound", f"Could not find blob: {use.cid}")
        blob = found.value
        if blob.mime_type != use.mime_type:
            message = "Referenced Mimetype does not match stored blob."
            raise _refuse("InvalidMimeType", f"{message} Expected: {blob.mime_type}, Got: {use.mime_type}")
        if blob.size != use.size:
            raise _refuse("InvalidSize", f"Referenced Size does not match stored blob. Expected: {blob.size}")
        if not use.mime_type.startswith(use.accept):
            raise _refuse(
                "InvalidMimeType", f"Wrong type of file. It is {use.mime_type} but must match {use.accept}."
            )
        if blob.size > use.max_size:
            raise _refuse(
                "BlobTooLarge", f"This file is too large. It is {blob.size} B, at most {use.max_size} B."
            )


# Records ------------------------------------------------------------------------------------------


@post("/xrpc/com.atproto.repo.putRecord", status_code=200)
async def put_record(request: HttpRequest, world: Injected) -> Response[bytes]:
    did, write = await _checked_write(request, world)
    if write.rkey is msgspec.UNSET:
        raise _refuse("InvalidRequest", 'Input must have the property "rkey"')
    key = f"{did}/{write.collection}/{write.rkey}"
    await speak(world, request, Spoken(PLATFORM, did, key), _text(write))
    new = Record(record_cid(write.record), write.record)
    while True:
        held = await world.state.get(RECORDS, key)
        if held is not None and held.value.cid == new.cid:
            return respond(Answer(200, _written(key, new)))
        _check_swap(write.swap_record, held)
        if held is None:
            done = await world.state.add(RECORDS, key, new, did)
        else:
            done = await world.state.swap(RECORDS, held, new)
        if done:
            return respond(Answer(200, _written(key, new) | {"commit": _commit(new.cid)}))


def _check_swap(swap: str | msgspec.UnsetType | None, held: Row[Record] | None) -> None:
    now = None if held is None else held.value.cid
    if swap is not msgspec.UNSET and swap != now:
        raise _refuse("InvalidSwap", f"Record was at {now}")


@post("/xrpc/com.atproto.repo.createRecord", status_code=200)
async def create_record(request: HttpRequest, world: Injected) -> Response[bytes]:
    did, write = await _checked_write(request, world)
    given = write.rkey is not msgspec.UNSET
    key = f"{did}/{write.collection}/{write.rkey if given else new_tid()}"
    text = _text(write)
    name = key if given else f"{did} {hashlib.sha256(text.encode()).hexdigest()}"
    await speak(world, request, Spoken(PLATFORM, did, name), text)
    new = Record(record_cid(write.record), write.record)
    if not await world.state.add(RECORDS, key, new, did):
        raise Refused(_answer("error", 0))  # measured: not a 409
    return respond(Answer(200, _written(key, new) | {"commit": _commit(new.cid)}))


async def _checked_write(request: HttpRequest, world: World) -> tuple[str, Write]:
    user = await _caller(request, world)
    write = await _read(request, Write)
    if write.repo not in (user.id, user.value.handle):
        raise _refuse("AuthenticationRequired", "Authentication Required", 401)
    if not NSID.fullmatch(write.collection):
        raise _refuse("InvalidRequest", "Input/collection must be a valid nsid")
    _check_key(write)
    try:
        uses = check_record(write.collection, write.record)
    except Invalid as why:
        raise _refuse("InvalidRequest", str(why)) from why
    if is_rejected(_text(write)):
        raise _refuse("InvalidRecord", "The record was refused by moderation.")
    await _check_blobs(world, user.id, uses)
    return user.id, write


def _check_key(write: Write) -> None:
    if write.rkey is msgspec.UNSET:
        return
    allowed = TID if write.collection == POST else RECORD_KEY
    if not allowed.fullmatch(write.rkey) or write.rkey in (".", ".."):
        raise _refuse("InvalidRequest", f"Invalid record key for {write.collection}: {write.rkey}")


def _text(write: Write) -> str:
    return str(write.record.get("text", ""))


def _written(key: str, record: Record) -> dict[str, object]:
    return {"uri": f"at://{key}", "cid": record.cid, "validationStatus": "valid"}


def _commit(record: str) -> dict[str, str]:
    rev = new_tid()
    return {"cid": cid(DAG_CBOR, hashlib.sha256(f"{rev} {record}".encode()).digest()), "rev": rev}


@get("/xrpc/com.atproto.repo.getRecord")
async def get_record(request: HttpRequest, world: Injected) -> Response[bytes]:
    query = _query(request, RecordQuery)
    key = f"{(await _account(world, query.repo)).id}/{query.collection}/{query.rkey}"
    row = await world.state.get(RECORDS, key)
    if row is None or (query.cid is not None and query.cid != row.value.cid):
        raise _refuse("RecordNotFound", f"Could not locate record: at://{key}")
    return respond(Answer(200, _shown(row)))


@get("/xrpc/com.atproto.repo.listRecords")
async def list_records(request: HttpRequest, world: Injected) -> Response[bytes]:
    query = _query(request, ListQuery)
    did = (await _account(world, query.repo)).id
    prefix = f"{did}/{query.collection}/"
    rows = await world.state.page(RECORDS, did, prefix, query.cursor, query.limit, ascending=query.reverse)
    answer: dict[str, object] = {"records": [_shown(row) for row in rows]}
    if rows:
        answer["cursor"] = rows[-1].id.removeprefix(prefix)
    return respond(Answer(200, answer))


def _shown(row: Row[Record]) -> dict[str, object]:
    return {"uri": f"at://{row.id}", "cid": row.value.cid, "value": row.value.value}


@post("/xrpc/com.atproto.repo.deleteRecord", status_code=200)
async def delete_record(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _caller(request, world)
    wanted = await _read(request, Delete)
    if wanted.repo not in (user.id, user.value.handle):
        raise _refuse("AuthenticationRequired", "Authentication Required", 401)
    key = f"{user.id}/{wanted.collection}/{wanted.rkey}"
    held = await world.state.get(RECORDS, key)
    if held is None:
        return respond(Answer(200, {}))
    _check_swap(wanted.swap_record, held)
    await world.state.remove(RECORDS, key)
    return respond(Answer(200, {"commit": _commit(held.value.cid)}))


# The public view ----------------------------------------------------------------------------------


async def items(world: World, owner: str | None, limit: int) -> list[Item]:
    """List posts newest first."""
    rows = await world.state.find(RECORDS, owner, limit=limit)
    handles = {row.id: row.value.handle for row in await world.state.find(USERS, owner)}
    return [
        await _item(world, row, handles.get(row.owner, "")) for row in rows if row.id.split("/")[1] == POST
    ]


async def _item(world: World, row: Row[Record], handle: str) -> Item:
    record = row.value.value
    media = [
        ItemMedia(
            "image" if use.accept == "image/" else "video",
            use.size,
            blob.value.sha256 if (blob := await world.state.get(BLOBS, f"{row.owner} {use.cid}")) else None,
            kept=blob is not None and blob.value.kept,
        )
        for use in check_record(POST, record)
    ]
    options: dict[str, object] = {
        name: record[name] for name in ("langs", "facets", "reply") if name in record
    }
    if alts := pictures_alt(record):
        options["alt"] = alts
    options |= {"cid": row.value.cid, "createdAt": record["createdAt"]}
    return Item(
        PLATFORM,
        row.owner,
        handle,
        f"at://{row.id}",
        "direct_publish",
        str(record["text"]),
        media,
        "public",
        row.created_at,
        options,
    )


async def resume(world: World) -> None:
    """Nothing here goes on in the background."""


ROUTES: list[HTTPRouteHandler] = [
    create_session,
    refresh_session,
    get_session,
    resolve_handle,
    health,
    upload_blob,
    put_record,
    create_record,
    get_record,
    list_records,
    delete_record,
]
FAKE = Fake(PLATFORM, ROUTES, _answer, sign_up, items, resume)

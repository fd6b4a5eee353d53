"""A Mastodon server, as far as posting needs it, and one that ignores idempotency keys.

From https://docs.joinmastodon.org/methods/ (apps, oauth, instance, media, statuses) and Mastodon's sources, 2026-11-23:
keys kept an hour from the answer and bound to the account, videos 202 then 206 until processed, the author's list with
every visibility, 422 with `{"error"}` for what is invalid, characters counted with links as 23. From memory: the exact
words of errors, the HTML around links. A handle with the word `nokey` (`mira.nokey`) lives on a server that ignores
`Idempotency-Key` and says so in its version, as snac 2.75 was measured to do; with the word `wordy` on one that takes
5,000 characters.

Known gaps: no rate limits of its own, one page of links per text, mentions link to nobody, no polls, no scheduling, no
previews; a thumbnail is never made. Like Mastodon, it sends no Retry-After with a 429, only the moment of the reset.

There is no login: on the page of `/oauth/authorize` one may be anybody, and `?auto=<handle>` allows all without a page.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape
from typing import cast
from urllib.parse import parse_qs

import msgspec
from litestar import Response, delete, get, post
from litestar.datastructures import UploadFile
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from layers.connector import Identity, Tokens
from layers.kit.text import WEB_LINK, fediverse_characters, graphemes, unstorable
from layers.kit.times import iso_z, utc_now
from layers.sandbox.fake import (
    Answer,
    Fake,
    HttpRequest,
    Injected,
    Item,
    ItemMedia,
    ItemState,
    Outcome,
    Refused,
    World,
    origin_of,
    respond,
)
from layers.sandbox.faults import Spoken, is_rejected, speak
from layers.sandbox.media import LARGEST_KEPT, Gauge, Stored
from layers.sandbox.oauth import (
    Ask,
    Desk,
    Wrong,
    base64_challenge,
    code_of,
    consent_routes,
    redeem,
    redirect_fault,
    state_of,
)
from layers.sandbox.state import Kind, Row, State

PLATFORM = "mastodon"
DOMAIN = "mastodon.test"
VERSION = "4.5.2"
KEYLESS_VERSION = "4.0.0 (not true; really keyless/1.0)"
SCOPES = ("profile", "read:statuses", "write:statuses", "write:media")
KNOWN_SCOPES = {
    "profile": "See who you are",
    "read:statuses": "See your posts",
    "write:statuses": "Publish and delete posts in your name",
    "write:media": "Upload media",
    "read": "Read all of your account's data",
    "write": "Change all of your account's data",
    "read:accounts": "See accounts",
}
VISIBILITIES = ("public", "unlisted", "private", "direct")
STATES: Mapping[str, ItemState] = {"private": "restricted", "direct": "private"}
CODE_LIFETIME = timedelta(minutes=10)
KEY_LIFETIME = timedelta(hours=1)
CHARACTERS, ATTACHMENTS, DESCRIPTION = 500, 4, 1500
GENEROUS = 5000
SIZES = {"image": 16 * 1024 * 1024, "video": 99 * 1024 * 1024}
TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp", "video/webm", "video/mp4")


class User(msgspec.Struct):
    """An account; its id is the number the API shows."""

    handle: str
    keyless: bool = False
    characters: int = CHARACTERS


class App(msgspec.Struct):
    secret: str
    redirect_uris: list[str]
    scopes: list[str]
    name: str = "An app"


class Token(msgspec.Struct):
    scopes: list[str]


class Medium(msgspec.Struct):
    """An upload, `status` once it is attached."""

    stored: Stored
    description: str
    ready_at: datetime
    status: str = ""

    @property
    def kind(self) -> str:
        return "video" if (self.stored.mime_type or "").startswith("video/") else "image"


class Status(msgspec.Struct):
    text: str
    visibility: str
    media: list[str]
    created_at: datetime
    sensitive: bool = False
    spoiler: str = ""
    language: str | None = None
    parent: str | None = None


class Key(msgspec.Struct):
    status: str
    expires_at: datetime


class NewStatus(msgspec.Struct, rename={"spoiler": "spoiler_text", "parent": "in_reply_to_id"}):
    """The body of a post to /api/v1/statuses."""

    status: str = ""
    media_ids: list[str] = []
    visibility: str = "public"
    sensitive: bool = False
    spoiler: str = ""
    language: str | None = None
    parent: str | None = None


USERS = Kind(PLATFORM, "user", User)
APPS = Kind(PLATFORM, "app", App)
TOKENS = Kind(PLATFORM, "token", Token)
MEDIA = Kind(PLATFORM, "medium", Medium)
STATUSES = Kind(PLATFORM, "status", Status)
KEYS = Kind(PLATFORM, "key", Key)


def _refuse(status: int, error: str, **more: str) -> Refused:
    return Refused(Answer(status, {"error": error, **more}))


def _answer(outcome: Outcome, seconds: float) -> Answer:
    match outcome:
        case "throttled":
            reset = iso_z(utc_now() + timedelta(seconds=seconds))
            limits = {"x-ratelimit-limit": "300", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
            return Answer(429, {"error": "Too many requests"}, limits)
        case "expired_token":
            return Answer(401, {"error": "The access token is invalid"})
        case "unavailable":
            return Answer(503, {"error": "There was a temporary problem serving your request"})
        case "error":
            return Answer(500, {"error": "This page is not correct"})


# Who calls ----------------------------------------------------------------------------------------


async def _caller(request: HttpRequest, world: World, scope: str) -> Row[User]:
    """Return who the token speaks for; it must have one of the scopes that include `scope`."""
    scheme, _, name = request.headers.get("authorization", "").partition(" ")
    held = await world.state.get(TOKENS, name) if scheme == "Bearer" else None
    user = await world.state.get(USERS, held.owner) if held else None
    if held is None or user is None:
        raise Refused(_answer("expired_token", 0))
    enough = {scope, scope.partition(":")[0], *(("read", "read:accounts") if scope == "profile" else ())}
    if not enough & set(held.value.scopes):
        raise _refuse(403, "This action is outside the authorized scopes")
    return user


def _id_of(handle: str) -> str:
    return str(10**17 + int.from_bytes(hashlib.sha256(handle.lower().encode()).digest()[:7], "big"))


def _snowflake(now: datetime) -> str:
    """Return an id that sorts by time: milliseconds and sixteen random bits, as Mastodon's do."""
    return str((int(now.timestamp() * 1000) << 16) | secrets.randbits(16))


async def _person(state: State, handle: str) -> str:
    """Make or find the user `handle`; return the id."""
    user_id = _id_of(handle)
    words = re.split(r"[._-]", handle)
    characters = GENEROUS if "wordy" in words else CHARACTERS
    await state.add(USERS, user_id, User(handle, "nokey" in words, characters), user_id)
    return user_id


async def _issue(state: State, owner: str, scopes: list[str]) -> str:
    token = secrets.token_urlsafe(32)
    await state.add(TOKENS, token, Token(scopes), owner)
    return token


async def sign_up(state: State, handle: str) -> Identity:
    """Make or find the user `handle` and give a token."""
    user_id = await _person(state, handle)
    user = await state.get(USERS, user_id)
    held = {"baseUrl": "", "accessToken": await _issue(state, user_id, list(SCOPES))}
    return Identity(
        f"{user_id}@{DOMAIN}", f"{handle}@{DOMAIN}", handle, None, Tokens(held, None), _instance(user)
    )


@get("/api/v1/accounts/verify_credentials")
async def verify_credentials(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _caller(request, world, "profile")
    shown = _account(request, user)
    return respond(Answer(200, shown | {"source": {"privacy": "public", "sensitive": False, "language": ""}}))


def _account(request: HttpRequest, user: Row[User]) -> dict[str, object]:
    handle, origin = user.value.handle, origin_of(request, PLATFORM)
    shown: dict[str, object] = {"id": user.id, "username": handle, "acct": handle, "display_name": handle}
    shown |= {"url": f"{origin}/@{handle}", "created_at": iso_z(user.created_at)}
    shown |= {"avatar": f"{origin}/avatars/original/missing.png", "locked": False, "bot": False}
    return shown


# The server ---------------------------------------------------------------------------------------


def _instance(user: Row[User] | None) -> dict[str, object]:
    """What both versions say. A guest sees the server that keeps keys."""
    characters = user.value.characters if user else CHARACTERS
    statuses = {"max_characters": characters, "max_media_attachments": ATTACHMENTS}
    media = {"supported_mime_types": TYPES, "description_limit": DESCRIPTION}
    media |= {"image_size_limit": SIZES["image"], "image_matrix_limit": 33_177_600}
    media |= {"video_size_limit": SIZES["video"], "video_matrix_limit": 8_294_400}
    return {
        "title": "Sandbox",
        "version": KEYLESS_VERSION if user and user.value.keyless else VERSION,
        "configuration": {
            "statuses": statuses | {"characters_reserved_per_url": 23},
            "media_attachments": media | {"video_frame_rate_limit": 120},
        },
    }


async def _guest(request: HttpRequest, world: World) -> Row[User] | None:
    _, _, name = request.headers.get("authorization", "").partition(" ")
    held = await world.state.get(TOKENS, name)
    return await world.state.get(USERS, held.owner) if held else None


@get("/api/v2/instance")
async def instance_v2(request: HttpRequest, world: Injected) -> Response[bytes]:
    said = _instance(await _guest(request, world))
    return respond(Answer(200, said | {"domain": DOMAIN, "api_versions": {"mastodon": 7}}))


@get("/api/v1/instance")
async def instance_v1(request: HttpRequest, world: Injected) -> Response[bytes]:
    return respond(Answer(200, _instance(await _guest(request, world)) | {"uri": DOMAIN}))


# Consent ------------------------------------------------------------------------------------------


@post("/api/v1/apps", status_code=200)
async def register(request: HttpRequest, world: Injected) -> Response[bytes]:
    form = await _fields(request)
    uris = str(form.get("redirect_uris", "")).split()
    scopes = str(form.get("scopes") or "read").split()
    if not form.get("client_name") or not uris:
        raise _refuse(422, "Validation failed: Application name can't be blank, Redirect URI can't be blank")
    if set(scopes) - KNOWN_SCOPES.keys():
        raise _refuse(422, "Validation failed: Scopes doesn't match configured on the server.")
    client, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    await world.state.add(APPS, client, App(secret, uris, scopes, str(form["client_name"])))
    said = {"id": client[:8], "name": form["client_name"], "client_id": client, "client_secret": secret}
    return respond(
        Answer(200, said | {"redirect_uris": uris, "scopes": scopes, "client_secret_expires_at": 0})
    )


async def _read_ask(desk: Desk, request: HttpRequest, world: World) -> Ask:
    """Read the authorize address of a registered app. Raises Wrong."""
    query = request.query_params
    client = query.get("client_id", "")
    app = None if unstorable(client) else await world.state.get(APPS, client)
    if app is None:
        raise Wrong("Client authentication failed: client_id is unknown.", 401)
    if (redirect_uri := query.get("redirect_uri", "")) not in app.value.redirect_uris:
        raise Wrong("The redirect uri included is not valid.")
    if fault := redirect_fault(redirect_uri, desk):
        raise Wrong(fault)
    scopes = query.get("scope", "").split()
    if query.get("response_type") != "code" or not scopes or set(scopes) - set(app.value.scopes):
        raise Wrong("The requested scope is invalid, unknown, or malformed.")
    challenge = query.get("code_challenge", "")
    if challenge and query.get("code_challenge_method") != "S256":
        raise Wrong("The code challenge method must be S256.")
    return Ask(client, app.value.name, redirect_uri, scopes, challenge, state_of(query))


DESK = Desk(
    platform=PLATFORM,
    title="Mastodon",
    path="/oauth/authorize",
    scopes=KNOWN_SCOPES,
    needed=KNOWN_SCOPES,
    denied={
        "error": "access_denied",
        "error_description": "The resource owner or authorization server denied the request.",
    },
    code_lifetime=CODE_LIFETIME,
    new_code=lambda: code_of(""),
    person=_person,
    challenge=base64_challenge,
    hint="mira.nokey lives on a server that ignores idempotency keys.",
)


@post("/oauth/token", status_code=200)
async def trade(request: HttpRequest, world: Injected) -> Response[bytes]:
    form = {name: str(value) for name, value in (await _fields(request)).items()}
    if form.get("grant_type") != "authorization_code":
        raise _refuse(400, "unsupported_grant_type")
    app = await world.state.get(APPS, form.get("client_id", ""))
    if app is None or not secrets.compare_digest(app.value.secret, form.get("client_secret", "")):
        raise _refuse(401, "invalid_client", error_description="Client authentication failed")
    code, redirect_uri, verifier = (form.get(n, "") for n in ("code", "redirect_uri", "code_verifier"))
    held = await redeem(DESK, world.state, code, app.id, redirect_uri, verifier)
    if held is None:
        raise _refuse(400, "invalid_grant", error_description="The provided authorization grant is invalid")
    token = await _issue(world.state, held.owner, held.value.scopes)
    said: dict[str, object] = {"access_token": token, "token_type": "Bearer"}
    return respond(
        Answer(200, said | {"scope": " ".join(held.value.scopes), "created_at": int(utc_now().timestamp())})
    )


async def _fields(request: HttpRequest) -> dict[str, object]:
    """Read a body as JSON or as a form; `name[]` in a form is a list."""
    content_type, raw = request.headers.get("content-type", ""), await request.body()
    if content_type.startswith("application/json"):
        try:
            return msgspec.json.decode(raw, type=dict[str, object])
        except (msgspec.MsgspecError, UnicodeDecodeError) as why:
            raise _refuse(400, "There was a problem parsing the JSON you submitted") from why
    if not content_type.startswith("application/x-www-form-urlencoded"):
        return {}
    form = parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True)
    return {
        name.removesuffix("[]"): values if name.endswith("[]") else values[-1]
        for name, values in form.items()
    }


# Media --------------------------------------------------------------------------------------------


@post("/api/v2/media", status_code=200)
async def upload(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _caller(request, world, "write:media")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise _refuse(422, "Validation failed: File can't be blank")
    form = await request.form()
    file: object = form.get("file")
    if not isinstance(file, UploadFile):
        raise _refuse(422, "Validation failed: File can't be blank")
    description = str(cast("object", form.get("description")) or "")
    if graphemes(description) > DESCRIPTION:
        raise _refuse(
            422, f"Validation failed: Description is too long (maximum is {DESCRIPTION} characters)"
        )
    medium = Medium(await _store(world.state, file), description, utc_now())
    if medium.kind == "video":
        medium.ready_at += world.processing
    media_id = _snowflake(utc_now())
    await world.state.add(MEDIA, media_id, medium, user.id)
    shown = _attachment(request, media_id, medium)
    return respond(Answer(202 if shown["url"] is None else 200, shown))


async def _store(state: State, file: UploadFile) -> Stored:
    gauge, small = Gauge(), bytearray()
    while part := await file.read(256 * 1024):
        gauge.feed(part)
        if gauge.size <= LARGEST_KEPT:
            small += part
    stored = gauge.stored()
    if stored.mime_type not in TYPES:
        raise _refuse(422, "Validation failed: File content type is invalid, File is invalid")
    if stored.size > SIZES[stored.mime_type.partition("/")[0]]:
        raise _refuse(422, "Validation failed: File file size must be less than the limit")
    if stored.mime_type.startswith("image/") and stored.size <= LARGEST_KEPT:
        await state.save_blob(stored.sha256, bytes(small))
        stored.kept = True
    return stored


@get("/api/v1/media/{media_id:str}")
async def get_medium(media_id: FromPath[str], request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _caller(request, world, "write:media")
    found = await world.state.get(MEDIA, media_id)
    if found is None or found.owner != user.id or found.value.status:
        raise _refuse(404, "Record not found")
    shown = _attachment(request, media_id, found.value)
    return respond(Answer(206 if shown["url"] is None else 200, shown))


def _attachment(request: HttpRequest, media_id: str, medium: Medium) -> dict[str, object]:
    ready = medium.ready_at <= utc_now()
    url = f"{origin_of(request, PLATFORM).removesuffix(f'/{PLATFORM}')}/blobs/{medium.stored.sha256}"
    shown: dict[str, object] = {"id": media_id, "type": medium.kind, "url": url if ready else None}
    return shown | {"preview_url": url, "description": medium.description or None}


# Statuses -----------------------------------------------------------------------------------------


@post("/api/v1/statuses", status_code=200)
async def make_status(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _caller(request, world, "write:statuses")
    key = request.headers.get("idempotency-key", "")
    if key and not user.value.keyless and (made := await _made_before(world.state, user.id, key)):
        return respond(Answer(200, await _shown(request, world, user, made)))
    new = await _read_status(request)
    post_name = f"{user.id} {key or hashlib.sha256(new.status.encode()).hexdigest()}"
    await _check(world.state, user, new)
    await speak(world, request, Spoken(PLATFORM, user.id, post_name), new.status)
    row = await _add(world.state, user.id, new)
    if key:
        await world.state.remove(KEYS, f"{user.id} {key}")
        await world.state.add(KEYS, f"{user.id} {key}", Key(row.id, utc_now() + KEY_LIFETIME), user.id)
    return respond(Answer(200, await _shown(request, world, user, row)))


async def _made_before(state: State, owner: str, key: str) -> Row[Status] | None:
    held = await state.get(KEYS, f"{owner} {key}")
    if held is None or held.value.expires_at <= utc_now():
        return None
    return await state.get(STATUSES, held.value.status)


async def _read_status(request: HttpRequest) -> NewStatus:
    try:
        return msgspec.convert(await _fields(request), NewStatus, strict=False)
    except msgspec.ValidationError as why:
        raise _refuse(422, f"Validation failed: {why}") from why


async def _check(state: State, user: Row[User], new: NewStatus) -> None:
    if not new.status.strip() and not new.media_ids:
        raise _refuse(422, "Validation failed: Text can't be blank")
    if graphemes(new.spoiler) + fediverse_characters(new.status) > user.value.characters:
        raise _refuse(422, f"Validation failed: Text character limit of {user.value.characters} exceeded")
    if new.visibility not in VISIBILITIES:
        raise _refuse(422, f"'{new.visibility}' is not a valid visibility")
    if is_rejected(new.status):
        raise _refuse(422, "Validation failed: Text was refused by moderation")
    if new.parent is not None and await state.get(STATUSES, new.parent) is None:
        raise _refuse(404, "The post you are trying to reply to does not appear to exist.")
    await _check_media(state, user.id, new.media_ids)


async def _check_media(state: State, owner: str, ids: list[str]) -> None:
    if len(ids) > ATTACHMENTS:
        raise _refuse(422, f"Cannot attach more than {ATTACHMENTS} files")
    kinds: list[str] = []
    for media_id in ids:
        found = await state.get(MEDIA, media_id)
        if found is None or found.owner != owner or found.value.status:
            raise _refuse(422, f"Media {media_id} not found or already attached to another post")
        if found.value.ready_at > utc_now():
            raise _refuse(
                422, "Cannot attach files that have not finished processing. Try again in a moment!"
            )
        kinds.append(found.value.kind)
    if len(kinds) > 1 and "video" in kinds:
        raise _refuse(422, "Cannot attach a video to a post that already contains images")


async def _add(state: State, owner: str, new: NewStatus) -> Row[Status]:
    now = utc_now()
    made = Status(
        text=new.status.strip(),
        visibility=new.visibility,
        media=new.media_ids,
        created_at=now,
        sensitive=new.sensitive,
        spoiler=new.spoiler,
        language=new.language,
        parent=new.parent,
    )
    status_id = _snowflake(now)
    await state.add(STATUSES, status_id, made, owner)
    for media_id in new.media_ids:
        if found := await state.get(MEDIA, media_id):
            await state.swap(MEDIA, found, msgspec.structs.replace(found.value, status=status_id))
    row = await state.get(STATUSES, status_id)
    assert row is not None
    return row


@get("/api/v1/accounts/{account_id:str}/statuses")
async def list_statuses(account_id: FromPath[str], request: HttpRequest, world: Injected) -> Response[bytes]:
    caller = await _caller(request, world, "read:statuses")
    query = request.query_params
    user = await world.state.get(USERS, account_id)
    if user is None:
        raise _refuse(404, "Record not found")
    limit = min(int(query["limit"]) if query.get("limit", "").isdecimal() else 20, 40)
    rows = [
        row
        for row in await world.state.find(STATUSES, account_id)
        if (caller.id == account_id or row.value.visibility in ("public", "unlisted"))
        and ("max_id" not in query or int(row.id) < int(query["max_id"]))
        and not (query.get("exclude_replies") == "true" and row.value.parent)
    ]
    newest_first = sorted(rows, key=lambda row: int(row.id), reverse=True)[:limit]
    return respond(Answer(200, [await _shown(request, world, user, row) for row in newest_first]))


@get("/api/v1/statuses/{status_id:str}")
async def get_status(status_id: FromPath[str], request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _caller(request, world, "read:statuses")
    return respond(
        Answer(200, await _shown(request, world, user, await _own(world.state, user.id, status_id)))
    )


@delete("/api/v1/statuses/{status_id:str}", status_code=200)
async def delete_status(status_id: FromPath[str], request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _caller(request, world, "write:statuses")
    row = await _own(world.state, user.id, status_id)
    shown = await _shown(request, world, user, row)
    await world.state.remove(STATUSES, status_id)
    return respond(Answer(200, shown | {"text": row.value.text}))


async def _own(state: State, owner: str, status_id: str) -> Row[Status]:
    row = await state.get(STATUSES, status_id)
    if row is None or row.owner != owner:
        raise _refuse(404, "Record not found")
    return row


async def _shown(request: HttpRequest, world: World, user: Row[User], row: Row[Status]) -> dict[str, object]:
    status, origin = row.value, origin_of(request, PLATFORM)
    media = [(name, await world.state.get(MEDIA, name)) for name in status.media]
    return {
        "id": row.id,
        "created_at": iso_z(status.created_at),
        "in_reply_to_id": status.parent,
        "in_reply_to_account_id": user.id if status.parent else None,
        "sensitive": status.sensitive,
        "spoiler_text": status.spoiler,
        "visibility": status.visibility,
        "language": status.language,
        "uri": f"{origin}/users/{user.value.handle}/statuses/{row.id}",
        "url": f"{origin}/@{user.value.handle}/{row.id}",
        "content": _html(status.text),
        "reblog": None,
        "account": _account(request, user),
        "media_attachments": [_attachment(request, name, found.value) for name, found in media if found],
    }


def _html(text: str) -> str:
    """Return the text as Mastodon shows it: links in three pieces, a paragraph for each blank line."""
    pieces: list[str] = []
    at = 0
    for link in WEB_LINK.finditer(text):
        pieces += [escape(text[at : link.start()]), _link(link.group())]
        at = link.end()
    pieces.append(escape(text[at:]))
    paragraphs = re.split(r"\n{2,}", "".join(pieces))
    return "".join(f"<p>{part.replace(chr(10), '<br />')}</p>" for part in paragraphs if part)


def _link(url: str) -> str:
    scheme, rest = url.split("//", 1)
    shown, hidden = escape(rest[:30]), escape(rest[30:])
    return (
        f'<a href="{escape(url)}" target="_blank" rel="nofollow noopener"><span class="invisible">{scheme}//</span>'
        f'<span class="ellipsis">{shown}</span><span class="invisible">{hidden}</span></a>'
    )


# The public view ----------------------------------------------------------------------------------


async def items(world: World, owner: str | None, limit: int) -> list[Item]:
    """List statuses newest first; replies are listed like the posts they answer."""
    local = owner.partition("@")[0] if owner else None
    rows = await world.state.find(STATUSES, local, limit=limit)
    handles = {row.id: row.value.handle for row in await world.state.find(USERS, local)}
    return [await _item(world, row, handles.get(row.owner, "")) for row in rows]


async def _item(world: World, row: Row[Status], handle: str) -> Item:
    status = row.value
    found = [medium for name in status.media if (medium := await world.state.get(MEDIA, name))]
    options: dict[str, object] = {"visibility": status.visibility, "sensitive": status.sensitive}
    options |= {"spoilerText": status.spoiler, "language": status.language, "inReplyTo": status.parent}
    options["altTexts"] = [medium.value.description for medium in found]
    return Item(
        PLATFORM,
        f"{row.owner}@{DOMAIN}",
        handle,
        row.id,
        "direct_publish",
        status.text,
        [_item_medium(medium.value) for medium in found],
        STATES.get(status.visibility, "public"),
        row.created_at,
        options,
    )


def _item_medium(medium: Medium) -> ItemMedia:
    stored = medium.stored
    kind = "video" if medium.kind == "video" else "image"
    return ItemMedia(kind, stored.size, stored.sha256, kept=stored.kept)


async def resume(world: World) -> None:
    """Nothing here goes on in the background: media are ready at a moment fixed when they came."""


ROUTES: list[HTTPRouteHandler] = [
    verify_credentials,
    instance_v2,
    instance_v1,
    register,
    *consent_routes(DESK, _read_ask),
    trade,
    upload,
    get_medium,
    make_status,
    list_statuses,
    get_status,
    delete_status,
]
FAKE = Fake(PLATFORM, ROUTES, _answer, sign_up, items, resume)

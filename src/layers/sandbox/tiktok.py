"""TikTok's Content Posting API v2 with its login and the few reading calls around it.

From the documentation as of 2026-11-23
(https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide and its neighbours): paths,
fields, limits, rates, chunk rules, upload statuses, error codes and fail reasons. From memory, not
checked: 403 for the spam_risk and privacy codes, 400 for OAuth errors, the life of a code, the words of a
denied consent, which calls `scope_not_authorized` guards, the empty object a revoke answers with, even for an
unknown token, the codes of a wrong publish_id, `publish_cancelled`, the shape of upload errors, the rates of
cancel, user and video calls. Choices where nothing is documented: MB are read as MiB, `Content-Range` of an
answer counts bytes, a setting the creator turned off stays off without an error, pictures are 1080p by
1920 x 1080 pixels either way round, 5 drafts stay pending for 24 hours because nobody finishes them here.

A creator's settings are told by words in the handle, split at `.`, `_` and `-`: `private` (private
account), `nocomment`, `noduet`, `nostitch` (turned off in the app), `banned` (from posting), `unaudited` (the app
is treated as one TikTok has not audited; its five creators a day are not counted). Pulled URLs need no verified
domain and may be plain http, as local ones must be. Any app name and secret will do. Known gaps: no webhooks, no
duration, frame-rate or codec checks.
"""

import re
import secrets
from datetime import timedelta
from typing import Annotated, Literal, TypeVar
from urllib.parse import quote

import msgspec
from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler

from layers.kit.text import unstorable, utf16_units
from layers.kit.times import utc_now
from layers.sandbox import tiktok_login
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
from layers.sandbox.media import Gauge
from layers.sandbox.state import Row
from layers.sandbox.tiktok_login import ACCESS, USERS, Token, User, log_id
from layers.sandbox.tiktok_shares import (
    LARGEST_VIDEO,
    PLATFORM,
    SHARES,
    UPLOAD_LIFETIME,
    Share,
    after_chunk,
    new_number,
    new_publish_id,
    post_name,
    pull,
    resume_pulls,
    status,
)

T = TypeVar("T")
MIB = 1024 * 1024
DAY = timedelta(days=1)
DIRECT_POSTS_A_DAY = 15
PENDING_DRAFTS = 5
SMALLEST_CHUNK, LARGEST_CHUNK, LARGEST_LAST_CHUNK = 5 * MIB, 64 * MIB, 128 * MIB
MOST_CHUNKS = 1000
UPLOAD_TYPES = ("video/mp4", "video/quicktime", "video/webm")
USER_FIELDS = frozenset({"open_id", "union_id", "avatar_url", "display_name", "username"})
VIDEO_FIELDS = frozenset({"id", "title", "video_description", "create_time", "share_url"})
RANGE = re.compile(r"bytes (\d{1,12})-(\d{1,12})/(\d{1,12})")
URL = re.compile(r"https?://[!-~]+")


# What comes in ------------------------------------------------------------------------------------


class VideoInfo(msgspec.Struct, forbid_unknown_fields=True):
    privacy_level: str
    title: str = ""
    disable_duet: bool = False
    disable_stitch: bool = False
    disable_comment: bool = False
    video_cover_timestamp_ms: Annotated[int, msgspec.Meta(ge=0)] = 0
    brand_content_toggle: bool = False
    brand_organic_toggle: bool = False
    is_aigc: bool = False


class VideoSource(msgspec.Struct, forbid_unknown_fields=True):
    source: Literal["FILE_UPLOAD", "PULL_FROM_URL"]
    video_size: int = 0
    chunk_size: int = 0
    total_chunk_count: int = 0
    video_url: str = ""


class VideoInit(msgspec.Struct, forbid_unknown_fields=True):
    post_info: VideoInfo
    source_info: VideoSource


class InboxInit(msgspec.Struct, forbid_unknown_fields=True):
    source_info: VideoSource


class PhotoInfo(msgspec.Struct, forbid_unknown_fields=True):
    title: str = ""
    description: str = ""
    privacy_level: str | None = None
    disable_comment: bool = False
    auto_add_music: bool = False
    brand_content_toggle: bool = False
    brand_organic_toggle: bool = False


class PhotoSource(msgspec.Struct, forbid_unknown_fields=True):
    source: Literal["PULL_FROM_URL"]
    photo_images: Annotated[list[str], msgspec.Meta(min_length=1, max_length=35)]
    photo_cover_index: Annotated[int, msgspec.Meta(ge=0)] = 0


class PhotoInit(msgspec.Struct, forbid_unknown_fields=True):
    post_info: PhotoInfo
    source_info: PhotoSource
    post_mode: Literal["DIRECT_POST", "MEDIA_UPLOAD"]
    media_type: Literal["PHOTO"]


class PublishId(msgspec.Struct, forbid_unknown_fields=True):
    publish_id: str


class VideoList(msgspec.Struct, forbid_unknown_fields=True):
    cursor: int = 0
    max_count: Annotated[int, msgspec.Meta(ge=1, le=20)] = 10


# What goes out ------------------------------------------------------------------------------------


def _ok(data: object) -> Response[bytes]:
    return respond(Answer(200, {"data": data, "error": {"code": "ok", "message": "", "log_id": log_id()}}))


def _error(code: str, message: str, http_status: int, headers: dict[str, str] | None = None) -> Answer:
    body = {"data": {}, "error": {"code": code, "message": message, "log_id": log_id()}}
    return Answer(http_status, body, headers or {})


def _refuse(code: str, message: str, http_status: int, headers: dict[str, str] | None = None) -> Refused:
    return Refused(_error(code, message, http_status, headers))


def _invalid(message: str) -> Refused:
    return _refuse("invalid_params", message, 400)


def _throttled(seconds: float) -> Answer:
    wait = {"retry-after": str(max(1, round(seconds)))}
    return _error("rate_limit_exceeded", "The API rate limit was exceeded.", 429, wait)


def _answer(outcome: Outcome, seconds: float) -> Answer:
    match outcome:
        case "throttled":
            return _throttled(seconds)
        case "expired_token":
            return _error("access_token_invalid", "The access token is invalid or not found.", 401)
        case "unavailable":
            return _error("internal_error", "The service is temporarily unavailable.", 503)
        case "error":
            return _error("internal_error", "Something went wrong. Please try again later.", 500)


# Who is calling -----------------------------------------------------------------------------------


async def _creator(request: HttpRequest, world: World, call: str, per_minute: int, *scopes: str) -> Row[User]:
    """Return whose token this is. Raises Refused for a bad token, for one that has none of the scopes, and
    beyond the call's rate.
    """
    held = await _token(request, world)
    user = await world.state.get(USERS, held.owner)
    if user is None:
        raise Refused(_answer("expired_token", 0))
    wait = await world.state.let_through(PLATFORM, f"{held.id} {call}", per_minute, timedelta(minutes=1))
    if wait is not None:
        raise Refused(_throttled(wait))
    _check_scope(held.value, *scopes)
    return user


async def _token(request: HttpRequest, world: World) -> Row[Token]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    held = await world.state.get(ACCESS, token) if scheme == "Bearer" else None
    if held is None or held.value.expires_at <= utc_now():
        raise Refused(_answer("expired_token", 0))
    return held


def _check_scope(token: Token, *any_of: str) -> None:
    if not set(any_of) & set(token.scopes):
        wanted = " or ".join(any_of)
        raise _refuse("scope_not_authorized", f"The user did not authorize the scope {wanted}.", 401)


async def _read(request: HttpRequest, expected: type[T]) -> T:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise _invalid("Content-Type must be application/json; charset=UTF-8")
    try:
        return msgspec.json.decode(await request.body(), type=expected)
    except (msgspec.MsgspecError, UnicodeDecodeError) as why:
        raise _invalid(str(why)) from why


def _fields(request: HttpRequest, known: frozenset[str]) -> set[str]:
    wanted = {name for name in request.query_params.get("fields", "").split(",") if name}
    if not wanted or wanted - known:
        raise _invalid(f"fields is a comma-separated choice of {', '.join(sorted(known))}")
    return wanted


@get("/v2/user/info")
async def user_info(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _creator(request, world, "user_info", 600, "user.info.basic")
    wanted = _fields(request, USER_FIELDS)
    if "username" in wanted:
        _check_scope((await _token(request, world)).value, "user.info.profile")
    known = {
        "open_id": user.id,
        "union_id": user.id[::-1],
        "avatar_url": "",
        "display_name": user.value.handle,
        "username": user.value.handle,
    }
    return _ok({"user": {name: value for name, value in known.items() if name in wanted}})


# Posting ------------------------------------------------------------------------------------------


@post("/v2/post/publish/creator_info/query", status_code=200)
async def creator_info(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _creator(request, world, "creator_info", 20, "video.publish")
    if (code := await _posting_stopped(world, user)) is not None:
        raise _refuse(code, "The creator cannot post now.", 200)
    return _ok(
        {
            "creator_avatar_url": "",
            "creator_username": user.value.handle,
            "creator_nickname": user.value.handle,
            "privacy_level_options": user.value.privacy_options,
            "comment_disabled": "nocomment" in user.value.settings,
            "duet_disabled": "noduet" in user.value.settings,
            "stitch_disabled": "nostitch" in user.value.settings,
            "max_video_post_duration_sec": 600,
        }
    )


async def _posting_stopped(world: World, user: Row[User]) -> str | None:
    if "banned" in user.value.settings:
        return "spam_risk_user_banned_from_posting"
    if await _count(world, user, "direct_publish") >= DIRECT_POSTS_A_DAY:
        return "spam_risk_too_many_posts"
    return None


async def _count(world: World, user: Row[User], mode: str) -> int:
    """Count a day's posts of a mode, and the uploads that may still become one."""
    shares = await world.state.find(SHARES, user.id, since=utc_now() - DAY, lacking="fail_reason")
    open_since = utc_now() - UPLOAD_LIFETIME
    return sum(s.value.mode == mode and (bool(s.value.begun_at) or s.created_at > open_since) for s in shares)


@post("/v2/post/publish/video/init", status_code=200)
async def video_init(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _creator(request, world, "video_init", 6, "video.publish")
    body = await _read(request, VideoInit)
    _check_text(body.post_info.title, "title", 2200)
    share = _video_share(body.source_info, "direct_publish")
    share.caption = body.post_info.title
    share.options = _options(user.value, body.post_info)
    await _check_direct(world, user, body.post_info.privacy_level)
    return await _accept(request, world, user, share)


@post("/v2/post/publish/inbox/video/init", status_code=200)
async def inbox_init(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _creator(request, world, "inbox_init", 6, "video.upload")
    share = _video_share((await _read(request, InboxInit)).source_info, "draft_to_device")
    await _check_draft(world, user)
    return await _accept(request, world, user, share)


@post("/v2/post/publish/content/init", status_code=200)
async def content_init(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _creator(request, world, "content_init", 6, "video.publish", "video.upload")
    body = await _read(request, PhotoInit)
    info, source = body.post_info, body.source_info
    _check_text(info.title, "title", 90)
    _check_text(info.description, "description", 4000)
    if not all(URL.fullmatch(url) for url in source.photo_images):
        raise _invalid("photo_images must be URLs")
    if source.photo_cover_index >= len(source.photo_images):
        raise _invalid("photo_cover_index is beyond photo_images")
    direct = body.post_mode == "DIRECT_POST"
    _check_scope((await _token(request, world)).value, "video.publish" if direct else "video.upload")
    share = Share(
        "direct_publish" if direct else "draft_to_device",
        "image",
        "PULL_FROM_URL",
        caption="\n".join(filter(None, [info.title, info.description])),
        title=info.title,
        description=info.description,
        options=_options(user.value, info) | {"photoCoverIndex": source.photo_cover_index},
        urls=source.photo_images,
    )
    if not direct:
        await _check_draft(world, user)
    elif info.privacy_level is None:
        raise _invalid("privacy_level is required for DIRECT_POST")
    else:
        await _check_direct(world, user, info.privacy_level)
    return await _accept(request, world, user, share)


def _check_text(text: str, name: str, limit: int) -> None:
    if utf16_units(text) > limit:
        raise _invalid(f"{name} is longer than {limit} UTF-16 code units")
    if reason := unstorable(text):
        raise _invalid(f"{name} {reason}")


def _options(user: User, info: VideoInfo | PhotoInfo) -> dict[str, object]:
    """Return the post's settings; what the creator turned off in the app stays off, whatever was asked."""
    given: dict[str, object] = msgspec.structs.asdict(info)
    for name in ("comment", "duet", "stitch"):
        if f"disable_{name}" in given and f"no{name}" in user.settings:
            given[f"disable_{name}"] = True
    given.pop("title")
    given.pop("description", None)
    return {re.sub(r"_([a-z])", lambda m: m[1].upper(), name): value for name, value in given.items()}


async def _check_direct(world: World, user: Row[User], privacy_level: str) -> None:
    if privacy_level not in user.value.privacy_options:
        options = ", ".join(user.value.privacy_options)
        raise _refuse("privacy_level_option_mismatch", f"privacy_level is one of {options}", 403)
    settings = user.value.settings
    if "unaudited" in settings and not ("private" in settings and privacy_level == "SELF_ONLY"):
        code = "unaudited_client_can_only_post_to_private_accounts"
        raise _refuse(code, "The account must be private and privacy_level SELF_ONLY.", 403)
    if (code := await _posting_stopped(world, user)) is not None:
        raise _refuse(code, "The creator cannot post now.", 403)


async def _check_draft(world: World, user: Row[User]) -> None:
    if await _count(world, user, "draft_to_device") >= PENDING_DRAFTS:
        raise _refuse("spam_risk_too_many_pending_share", "At most 5 pending shares in 24 hours.", 403)


def _video_share(source: VideoSource, mode: Literal["direct_publish", "draft_to_device"]) -> Share:
    if source.source == "PULL_FROM_URL":
        if not URL.fullmatch(source.video_url):
            raise _invalid("video_url must be a URL")
        return Share(mode, "video", "PULL_FROM_URL", urls=[source.video_url])
    if (fault := chunk_fault(source.video_size, source.chunk_size, source.total_chunk_count)) is not None:
        raise _invalid(fault)
    return Share(
        mode,
        "video",
        "FILE_UPLOAD",
        size=source.video_size,
        chunk_size=source.chunk_size,
        chunk_count=source.total_chunk_count,
        upload_token=secrets.token_hex(16),
    )


def chunk_fault(size: int, chunk_size: int, count: int) -> str | None:
    """Say what is wrong with a plan to upload `size` bytes, or None. MB are read as MiB."""
    if not 0 < size <= LARGEST_VIDEO:
        return "video_size must be between 1 byte and 4 GB"
    if not 0 < chunk_size <= size:
        return "chunk_size must be between 1 byte and video_size"
    if count != size // chunk_size:
        return "total_chunk_count must be video_size divided by chunk_size, rounded down"
    if count > MOST_CHUNKS:
        return "There are at most 1000 chunks"
    if size < SMALLEST_CHUNK:
        return None if chunk_size == size else "A video below 5 MB is uploaded as a whole"
    if chunk_size < SMALLEST_CHUNK:
        return "Each chunk must be at least 5 MB"
    if chunk_size > LARGEST_CHUNK:
        return "Each chunk must be at most 64 MB"
    if size > LARGEST_CHUNK and count == 1:
        return "A video above 64 MB is uploaded in several chunks"
    if size - chunk_size * (count - 1) > LARGEST_LAST_CHUNK:
        return "The last chunk must be at most 128 MB"
    return None


async def _accept(request: HttpRequest, world: World, user: Row[User], share: Share) -> Response[bytes]:
    """Give the share its publish id. For a pull this is the commit: the post begins."""
    pulled = share.source == "PULL_FROM_URL"
    if pulled:
        post_to_be = Spoken(PLATFORM, user.id, post_name(user.id, share.caption))
        await speak(world, request, post_to_be, share.caption)
        share.begun_at, share.post_id = utc_now(), new_number()
        share.fail_reason = "spam_risk_text" if is_rejected(share.caption) else None
    publish_id = new_publish_id(share)
    await world.state.add(SHARES, publish_id, share, user.id)
    if pulled:
        world.spawn(pull(world, publish_id))
        return _ok({"publish_id": publish_id})
    query = f"upload_id={quote(publish_id)}&upload_token={share.upload_token}"
    return _ok({"publish_id": publish_id, "upload_url": f"{origin_of(request, PLATFORM)}/video/?{query}"})


# Uploading ----------------------------------------------------------------------------------------


@put("/video", status_code=201)
async def upload(request: HttpRequest, world: Injected) -> Response[bytes]:
    row = await _open_upload(request, world)
    share = row.value
    first, last, content_type = _upload_headers(request, share)
    progress = _progress(share)
    if first != share.received_bytes:
        raise _refuse("invalid_params", "Content-Range does not continue what was uploaded.", 416, progress)
    is_last = len(share.received) == share.chunk_count - 1
    expected = share.size - first if is_last else share.chunk_size
    if last - first + 1 != expected or content_type not in UPLOAD_TYPES:
        raise _invalid(f"This chunk is {expected} bytes of {', '.join(UPLOAD_TYPES)}")
    gauge = Gauge()
    async for part in request.stream():
        gauge.feed(part)
    if gauge.size != expected:
        raise _invalid(f"The body has {gauge.size} bytes instead of {expected}")
    if is_last:
        post_to_be = Spoken(PLATFORM, row.owner, post_name(row.owner, share.caption))
        await speak(world, request, post_to_be, share.caption)
    grown = after_chunk(share, gauge.stored(), "spam_risk_text" if is_rejected(share.caption) else None)
    if not await world.state.swap(SHARES, row, grown):
        now = await world.state.get(SHARES, row.id)
        raise _refuse(
            "invalid_params", "Another chunk came first.", 416, _progress(now.value if now else share)
        )
    return respond(Answer(201 if is_last else 206, {}, _progress(grown)))


async def _open_upload(request: HttpRequest, world: World) -> Row[Share]:
    row = await world.state.get(SHARES, request.query_params.get("upload_id", ""))
    token = request.query_params.get("upload_token", "")
    if row is None or not row.value.upload_token or token != row.value.upload_token:
        raise _refuse("invalid_params", "No such upload.", 404)
    if row.created_at + UPLOAD_LIFETIME <= utc_now():
        raise _refuse("invalid_params", "The upload URL has expired.", 403)
    return row


def _upload_headers(request: HttpRequest, share: Share) -> tuple[int, int, str]:
    found = RANGE.fullmatch(request.headers.get("content-range", ""))
    if found is None:
        raise _invalid("Content-Range must be bytes FIRST-LAST/TOTAL")
    first, last, total = map(int, found.groups())
    if total != share.size or not first <= last < total:
        raise _invalid("Content-Range does not fit the announced video_size")
    if request.headers.get("content-length") != str(last - first + 1):
        raise _invalid("Content-Length does not fit Content-Range")
    return first, last, request.headers.get("content-type", "")


def _progress(share: Share) -> dict[str, str]:
    return {"content-range": f"bytes 0-{share.received_bytes}/{share.size}"}


# Afterwards ---------------------------------------------------------------------------------------


@post("/v2/post/publish/status/fetch", status_code=200)
async def status_fetch(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _creator(request, world, "status", 30, "video.publish", "video.upload")
    row = await _own_share(request, world, user)
    if row.value.begun_at is not None and row.value.ready_at is None:
        lease = row.value.pulling_until
        if lease is not None and lease < utc_now():
            world.spawn(pull(world, row.id))
    return _ok(status(row.value, utc_now(), world.processing))


@post("/v2/post/publish/cancel", status_code=200)
async def cancel(request: HttpRequest, world: Injected) -> Response[bytes]:
    user = await _creator(request, world, "cancel", 30, "video.publish", "video.upload")
    row = await _own_share(request, world, user)
    done = msgspec.structs.replace(row.value, fail_reason="publish_cancelled", ready_at=utc_now())
    if row.value.source != "PULL_FROM_URL" or row.value.ready_at is not None:
        raise _refuse("publish_not_cancellable", "The post cannot be cancelled any more.", 400)
    if not await world.state.swap(SHARES, row, done):
        raise _refuse("publish_not_cancellable", "The post has just moved on.", 400)
    return _ok({})


async def _own_share(request: HttpRequest, world: World, user: Row[User]) -> Row[Share]:
    publish_id = (await _read(request, PublishId)).publish_id
    row = await world.state.get(SHARES, publish_id)
    if row is None:
        raise _refuse("invalid_publish_id", "The publish_id does not exist.", 400)
    if row.owner != user.id:
        code = "token_not_authorized_for_specified_publish_id"
        raise _refuse(code, "The publish_id belongs to another user.", 400)
    return row


@post("/v2/video/list", status_code=200)
async def video_list(request: HttpRequest, world: Injected) -> Response[bytes]:
    """List what is public, newest first; the cursor is a Unix time in milliseconds, as TikTok's is."""
    user = await _creator(request, world, "video_list", 600, "video.list")
    wanted = _fields(request, VIDEO_FIELDS)
    query = await _read(request, VideoList)
    found = [video for row in await _begun(world, user.id, None) if (video := _video(world, row)) is not None]
    rest = [(at, video) for at, video in found if not query.cursor or at < query.cursor]
    shown = rest[: query.max_count]
    videos = [{name: value for name, value in video.items() if name in wanted} for _, video in shown]
    cursor = shown[-1][0] if shown else query.cursor
    return _ok({"videos": videos, "cursor": cursor, "has_more": len(rest) > len(shown)})


def _video(world: World, row: Row[Share]) -> tuple[int, dict[str, object]] | None:
    share = row.value
    if (
        share.begun_at is None
        or not status(share, utc_now(), world.processing)["publicaly_available_post_id"]
    ):
        return None
    return int(share.begun_at.timestamp() * 1000), {
        "id": str(share.post_id),
        "title": share.title or share.caption,
        "video_description": share.description or share.caption,
        "create_time": int(share.begun_at.timestamp()),
        "share_url": f"https://www.tiktok.com/@sandbox/video/{share.post_id}",
    }


async def _begun(world: World, owner: str | None, limit: int | None) -> list[Row[Share]]:
    rows = await world.state.find(SHARES, owner, having="begun_at", lacking="fail_reason", limit=limit)
    return sorted(rows, key=lambda row: row.value.begun_at or row.created_at, reverse=True)


async def items(world: World, owner: str | None, limit: int) -> list[Item]:
    """List posts that have begun and did not fail, drafts included."""
    rows = await _begun(world, owner, limit)
    handles = {row.id: row.value.handle for row in await world.state.find(USERS, owner)}
    return [_item(world, row, handles.get(row.owner, "")) for row in rows]


def _item(world: World, row: Row[Share], handle: str) -> Item:
    share = row.value
    stage = status(share, utc_now(), world.processing)
    post_id = str(share.post_id) if stage["publicaly_available_post_id"] else row.id
    item = Item(
        PLATFORM,
        row.owner,
        handle,
        post_id,
        share.mode,
        share.caption,
        _media(share),
        "processing",
        share.begun_at or row.created_at,
        share.options | {"publishId": row.id},
    )
    if stage["status"] == "SEND_TO_USER_INBOX":
        item.state = "inbox"
    elif stage["status"] == "PUBLISH_COMPLETE":
        level = share.options.get("privacyLevel")
        item.state = "public" if share.is_public else "private" if level == "SELF_ONLY" else "restricted"
    return item


def _media(share: Share) -> list[ItemMedia]:
    if share.media == "image":
        return [ItemMedia("image", part.size, part.sha256, kept=part.kept) for part in share.received]
    if not share.received:
        return []
    parts = [part.sha256 for part in share.received]
    whole = parts[0] if len(parts) == 1 else None
    return [ItemMedia("video", share.received_bytes, whole, parts)]


ROUTES: list[HTTPRouteHandler] = [
    *tiktok_login.ROUTES,
    user_info,
    creator_info,
    video_init,
    inbox_init,
    content_init,
    upload,
    status_fetch,
    cancel,
    video_list,
]
FAKE = Fake(PLATFORM, ROUTES, _answer, tiktok_login.sign_up, items, resume_pulls)

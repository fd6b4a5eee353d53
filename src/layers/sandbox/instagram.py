"""Instagram's Graph API v26.0 for professional accounts, as far as posting needs it: with Instagram Login and with
Facebook Login for Business.

One origin stands for graph.instagram.com, api.instagram.com and www.instagram.com, and for graph.facebook.com,
rupload.facebook.com and www.facebook.com. From the documentation
(https://developers.facebook.com/docs/instagram-platform/content-publishing, its reference of IG User Media and
of error codes, Business Login; read in stored copies of 2026): paths, parameters, statuses, media and caption
limits, quotas, error codes with HTTP 400, token lifetimes, the shapes of the token endpoints. As callers show
them, not documented: the words of a failed container ("Media upload has failed with error code 2207026"), the
plain answers of /oauth/access_token and /me where the documentation wraps them in `data` (a handle with the
word `wrapped` gets those). From memory, not checked: 403 for missing permissions, 429 for throttling, the
subcode of a retired VIDEO, the other status texts, access tokens in the Authorization header.

Choices where nothing is documented: unknown parameters are refused (the real API overlooks many), a caption's
characters are code points, every `#` and `@` before a word character counts, a second publish of a container
answers 24/2207006 as if it were gone, the 401st container of a day 4, a carousel with unfinished children
9007/2207027, a video that is no MP4 or above 300 MB 2207026, MB are read as MiB, images are processed as long as
videos. Pictures narrower or wider than Instagram shows are scaled there, so width is never an error.

A handle with the word `restricted`, split at `.`, `_` and `-`, cannot post (25/2207050). URLs may be plain http,
as local ones must be; any app name and secret will do. Known gaps: no stories, no insights, no deletion, no webhooks,
no checks of duration, frame rate or codec, tagged users and collaborators are believed; which host was meant is told
by the token alone.

With Facebook Login: from the documentation (Resumable Uploads, Facebook Login for Business) the paths, the headers
of an upload, its answer, `debug_info`, `video_status`, that Page tokens of a long-lived person's token do not end.
As callers show them: the types of an upload's failures, 412 for a wrong offset. From memory: `/me/permissions`, the
errors of the token endpoint, lifetimes of person tokens. Choices: a Page's token speaks for the linked account only
and a person's for none; a body may stop early and the next goes on from there, never beyond `file_size`, but what
a caller who hung up had sent is forgotten. Gaps: no `file_url`,
no `config_id`. The word `flaky` in a handle stops the first request of every upload half way; what else words do is
told in `instagram_facebook`, and `facebook` in the handle of a credential connects through a Page.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from layers.kit.text import unstorable
from layers.kit.times import utc_now
from layers.sandbox import instagram_facebook, instagram_login, instagram_uploads
from layers.sandbox.fake import (
    Answer,
    Fake,
    HttpRequest,
    Injected,
    Item,
    ItemMedia,
    World,
    origin_of,
    respond,
)
from layers.sandbox.faults import Spoken, is_rejected, speak
from layers.sandbox.instagram_containers import (
    CONTAINERS,
    PLATFORM,
    Container,
    NotSo,
    StatusCode,
    fetch,
    read_container,
    resume_fetches,
    status_code,
    status_words,
)
from layers.sandbox.instagram_login import (
    BASIC,
    COMMENTS,
    PUBLISH,
    USERS,
    VERSIONS,
    User,
    answer,
    by_facebook,
    caller,
    is_own,
    no_object,
    read_params,
    refuse,
    sign_up,
    text_of,
)
from layers.sandbox.media import Stored
from layers.sandbox.state import Kind, Row

T = TypeVar("T")
DAY = timedelta(days=1)
POSTS_A_DAY = 100
CONTAINERS_A_DAY = 400
LIMIT_FIELDS = ("quota_usage", "config")
USER_FIELDS = ("id", "user_id", "username", "name", "account_type", "profile_picture_url", "media_count")
PAGE_USER_FIELDS = ("id", "username", "name", "profile_picture_url", "media_count")
CONTAINER_FIELDS = ("id", "status_code", "status", "copyright_check_status")
MEDIA_FIELDS = (
    *("id", "caption", "timestamp", "permalink", "shortcode", "username"),
    *("media_type", "media_product_type", "comments_count", "like_count"),
)
COMMENT_FIELDS = ("id", "text", "timestamp", "username", "like_count")


class Media(msgspec.Struct):
    """What a published container became; counts only when the container names it back."""

    container_id: str


class Comment(msgspec.Struct):
    media_id: str
    text: str


MEDIA = Kind(PLATFORM, "media", Media)
COMMENT = Kind(PLATFORM, "comment", Comment)


def _paths(path: str) -> list[str]:
    return [version + path for version in VERSIONS]


def _new_id(start: str) -> str:
    return f"{start}{secrets.randbelow(10**14):014}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}+0000"


def _choose(
    params: dict[str, object], known: tuple[str, ...], default: tuple[str, ...], what: str
) -> list[str]:
    """Return the fields asked for; `id` comes along wherever there is one."""
    asked = [name for name in text_of(params, "fields").split(",") if name] or list(default)
    for name in asked:
        if name not in known:
            raise refuse(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({what})")
    return [*asked, "id"] if "id" in known and "id" not in asked else asked


def _picked(told: Mapping[str, object], wanted: list[str]) -> dict[str, object]:
    return {name: told[name] for name in wanted if name in told}


async def _account(
    request: HttpRequest, world: World, params: dict[str, object], name: str, scope: str
) -> Row[User]:
    user = await caller(request, world, params, scope)
    if not is_own(user, name, facebook=by_facebook(request, params)):
        raise no_object(name)
    return user


# Reading ------------------------------------------------------------------------------------------


@get(_paths("/{node:str}"))
async def read_node(request: HttpRequest, world: Injected, node: FromPath[str]) -> Response[bytes]:
    """Read the account, a container or a post: ids of all three look alike."""
    params = await read_params(request)
    user = await caller(request, world, params, BASIC)
    facebook = by_facebook(request, params)
    if is_own(user, node, facebook=facebook):
        wanted = _choose(params, PAGE_USER_FIELDS if facebook else USER_FIELDS, ("id",), "IGUser")
        told = _picked(await _tell_user(world, user), wanted)
        if facebook:
            return respond(Answer(200, told | {"id": user.id}))
        return respond(Answer(200, {"data": [told]} if "wrapped" in user.value.words else told))
    container = await world.state.get(CONTAINERS, node)
    if container is not None and container.owner == user.id:
        return respond(Answer(200, _tell_container(world, container, params, facebook=facebook)))
    post = await _own_post(world, user, node)
    wanted = _choose(params, MEDIA_FIELDS, ("id",), "IGMedia")
    comments = await _comments(world, user.id)
    return respond(Answer(200, _picked(_tell_post(post, user.value.handle, comments), wanted)))


async def _tell_user(world: World, user: Row[User]) -> dict[str, object]:
    return {
        "id": user.value.scoped_id,
        "user_id": user.id,
        "username": user.value.handle,
        "name": user.value.handle,
        "account_type": "MEDIA_CREATOR",
        "media_count": len(await _posts(world, user.id)),
    }


def _tell_container(
    world: World, row: Row[Container], params: dict[str, object], *, facebook: bool
) -> dict[str, object]:
    known = (*CONTAINER_FIELDS, "video_status") if facebook else CONTAINER_FIELDS
    wanted = _choose(params, known, ("id",), "IGContainer")
    code = status_code(row.value, row.created_at, utc_now(), world.processing)
    if code == "IN_PROGRESS" and _is_orphaned(row.value):
        world.spawn(fetch(world, row.id))
    return _picked(
        {
            "id": row.id,
            "status_code": code,
            "status": status_words(row.value, code),
            "copyright_check_status": {"status": "completed", "matches_found": False},
        }
        | ({"video_status": _video_status(row.value, code)} if row.value.resumable else {}),
        wanted,
    )


def _video_status(container: Container, code: StatusCode) -> dict[str, object]:
    complete = container.ready_at is not None
    uploading = {"status": "complete" if complete else "in_progress"}
    processing = "not_started" if not complete else "in_progress" if code == "IN_PROGRESS" else "complete"
    return {
        "uploading_phase": uploading | {"bytes_transferred": container.transferred},
        "processing_phase": {"status": processing},
    }


def _is_orphaned(container: Container) -> bool:
    lease = container.fetching_until
    return container.ready_at is None and lease is not None and lease < utc_now()


async def _own_post(world: World, user: Row[User], media_id: str) -> Row[Container]:
    media = await world.state.get(MEDIA, media_id)
    row = await world.state.get(CONTAINERS, media.value.container_id) if media else None
    if row is None or row.owner != user.id or row.value.media_id != media_id:
        raise no_object(media_id)
    return row


def _tell_post(row: Row[Container], handle: str, comments: dict[str, list[str]]) -> dict[str, object]:
    container, media_id = row.value, row.value.media_id or ""
    reel = container.shape == "REELS"
    code = hashlib.sha256(media_id.encode()).hexdigest()[:11]
    told: dict[str, object] = {
        "id": media_id,
        "timestamp": _time(container.published_at or row.created_at),
        "shortcode": code,
        "permalink": f"https://www.instagram.com/{'reel' if reel else 'p'}/{code}/",
        "username": handle,
        "media_type": {"IMAGE": "IMAGE", "CAROUSEL": "CAROUSEL_ALBUM"}.get(container.shape, "VIDEO"),
        "media_product_type": "REELS" if reel else "FEED",
        "comments_count": len(comments.get(media_id, [])),
        "like_count": 0,
    }
    return told | ({"caption": container.caption} if container.caption else {})


async def _posts(world: World, owner: str | None, limit: int | None = None) -> list[Row[Container]]:
    """Return published containers, the latest first."""
    rows = await world.state.find(CONTAINERS, owner, having="media_id", limit=limit)
    return sorted(rows, key=lambda row: row.value.published_at or row.created_at, reverse=True)


async def _comments(world: World, owner: str | None) -> dict[str, list[str]]:
    """Return the texts under each post, oldest first."""
    texts: dict[str, list[str]] = {}
    for row in reversed(await world.state.find(COMMENT, owner)):
        texts.setdefault(row.value.media_id, []).append(row.value.text)
    return texts


@get(_paths("/{ig:str}/media"))
async def list_media(request: HttpRequest, world: Injected, ig: FromPath[str]) -> Response[bytes]:
    """List posts newest first; the cursor is the last id shown."""
    params = await read_params(request)
    user = await _account(request, world, params, ig, BASIC)
    wanted = _choose(params, MEDIA_FIELDS, ("id",), "IGMedia")
    limit, after = _limit(params), text_of(params, "after")
    posts = await _posts(world, user.id)
    if after:
        ids = [row.value.media_id for row in posts]
        posts = posts[ids.index(after) + 1 :] if after in ids else []
    comments = await _comments(world, user.id)
    data = [_picked(_tell_post(row, user.value.handle, comments), wanted) for row in posts[:limit]]
    paging = {"cursors": {"before": data[0]["id"], "after": data[-1]["id"]}} if data else {}
    return respond(Answer(200, {"data": data, "paging": paging} if data else {"data": []}))


def _limit(params: dict[str, object]) -> int:
    given = text_of(params, "limit") or "25"
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= 100:
        raise refuse(100, "(#100) limit must be between 1 and 100")
    return int(given)


@get(_paths("/{ig:str}/content_publishing_limit"))
async def publishing_limit(request: HttpRequest, world: Injected, ig: FromPath[str]) -> Response[bytes]:
    params = await read_params(request)
    user = await _account(request, world, params, ig, PUBLISH)
    wanted = _choose(params, LIMIT_FIELDS, ("quota_usage",), "IGContentPublishingLimit")
    config = {"quota_total": POSTS_A_DAY, "quota_duration": int(DAY.total_seconds())}
    told = {"quota_usage": await _posted_today(world, user), "config": config}
    return respond(Answer(200, {"data": [_picked(told, wanted)]}))


async def _posted_today(world: World, user: Row[User]) -> int:
    since = utc_now() - DAY
    rows = await world.state.find(CONTAINERS, user.id, having="published_at", since=since - DAY)
    return sum(row.value.published_at is not None and row.value.published_at > since for row in rows)


# Posting ------------------------------------------------------------------------------------------


@post(_paths("/{ig:str}/media"), status_code=200)
async def make_container(request: HttpRequest, world: Injected, ig: FromPath[str]) -> Response[bytes]:
    params = await read_params(request)
    user = await _account(request, world, params, ig, PUBLISH)
    facebook = by_facebook(request, params)
    params.pop("access_token", None)
    try:
        container = read_container(params)
    except NotSo as why:
        raise refuse(why.code, why.words, why.subcode) from why
    if container.resumable and not facebook:
        raise refuse(100, "(#100) upload_type is not supported for apps with Instagram Login.")
    if len(await world.state.find(CONTAINERS, user.id, since=utc_now() - DAY)) >= CONTAINERS_A_DAY:
        raise refuse(4, f"(#4) More than {CONTAINERS_A_DAY} containers in 24 hours")
    if container.shape == "CAROUSEL":
        await _take_children(world, user, container)
    container_id = _new_id("179")
    await world.state.add(CONTAINERS, container_id, container, user.id)
    if container.resumable:
        uri = f"{origin_of(request, PLATFORM)}/ig-api-upload{VERSIONS[0]}/{container_id}"
        return respond(Answer(200, {"id": container_id, "uri": uri}))
    if container.ready_at is None:
        world.spawn(fetch(world, container_id))
    return respond(Answer(200, {"id": container_id}))


async def _take_children(world: World, user: Row[User], container: Container) -> None:
    for child_id in container.children:
        row = await world.state.get(CONTAINERS, child_id)
        if row is None or row.owner != user.id:
            raise no_object(child_id)
        if not row.value.is_item:
            raise refuse(100, f"(#100) {child_id} was not made with is_carousel_item.")
        if status_code(row.value, row.created_at, utc_now(), world.processing) != "FINISHED":
            raise refuse(9007, f"The media {child_id} is not ready, please wait for a moment.", 2207027)
        container.received += row.value.received
    container.ready_at = utc_now()


@post(_paths("/{ig:str}/media_publish"), status_code=200)
async def media_publish(request: HttpRequest, world: Injected, ig: FromPath[str]) -> Response[bytes]:
    """Make a finished container public, at most once however often and in parallel this is called."""
    params = await read_params(request)
    user = await _account(request, world, params, ig, PUBLISH)
    row = await _publishable(world, user, text_of(params, "creation_id"))
    text = row.value.caption
    name = f"{user.id} {hashlib.sha256(text.encode()).hexdigest()}"
    await speak(world, request, Spoken(PLATFORM, user.id, name), text)
    media_id = _new_id("180")
    await world.state.add(MEDIA, media_id, Media(row.id), user.id)
    while not await world.state.swap(
        CONTAINERS, row, msgspec.structs.replace(row.value, media_id=media_id, published_at=utc_now())
    ):
        row = await _publishable(world, user, row.id)
    return respond(Answer(200, {"id": media_id}))


async def _publishable(world: World, user: Row[User], container_id: str) -> Row[Container]:
    row = await world.state.get(CONTAINERS, container_id)
    code = status_code(row.value, row.created_at, utc_now(), world.processing) if row else "PUBLISHED"
    if row is None or row.owner != user.id or code == "PUBLISHED":
        raise refuse(24, f"The media with {container_id} cannot be found.", 2207006)
    if code == "EXPIRED":
        raise refuse(-2, "The media you are trying to access has expired.", 2207020)
    if code != "FINISHED":
        raise refuse(9007, "The media is not ready for publishing, please wait for a moment.", 2207027)
    if row.value.is_item:
        raise refuse(100, "(#100) An item of a carousel cannot be published alone.")
    if "restricted" in user.value.words:
        raise refuse(25, "The Instagram account is restricted.", 2207050)
    if is_rejected(row.value.caption):
        raise refuse(4, "We restrict certain activity to protect our community.", 2207051)
    if await _posted_today(world, user) >= POSTS_A_DAY:
        raise refuse(9, "You reached maximum number of posts that is allowed to be published.", 2207042)
    return row


# Comments -----------------------------------------------------------------------------------------


@post(_paths("/{media_id:str}/comments"), status_code=200)
async def add_comment(request: HttpRequest, world: Injected, media_id: FromPath[str]) -> Response[bytes]:
    params = await read_params(request)
    user = await caller(request, world, params, COMMENTS)
    await _own_post(world, user, media_id)
    message = text_of(params, "message")
    if not message.strip() or unstorable(message):
        raise refuse(100, "(#100) The parameter message is required")
    comment_id = _new_id("181")
    await world.state.add(COMMENT, comment_id, Comment(media_id, message), user.id)
    return respond(Answer(200, {"id": comment_id}))


@get(_paths("/{media_id:str}/comments"))
async def list_comments(request: HttpRequest, world: Injected, media_id: FromPath[str]) -> Response[bytes]:
    params = await read_params(request)
    user = await caller(request, world, params, COMMENTS)
    await _own_post(world, user, media_id)
    wanted = _choose(params, COMMENT_FIELDS, ("id", "text", "timestamp"), "IGComment")
    rows = [row for row in await world.state.find(COMMENT, user.id) if row.value.media_id == media_id]
    data = [_picked(_tell_comment(row, user.value.handle), wanted) for row in rows]
    return respond(Answer(200, {"data": data}))


def _tell_comment(row: Row[Comment], handle: str) -> dict[str, object]:
    told: dict[str, object] = {"id": row.id, "text": row.value.text, "timestamp": _time(row.created_at)}
    return told | {"username": handle, "like_count": 0}


# What is public -----------------------------------------------------------------------------------


async def items(world: World, owner: str | None, limit: int) -> list[Item]:
    """List posts with the comments under them."""
    rows = await _posts(world, owner, limit)
    handles = {row.id: row.value.handle for row in await world.state.find(USERS, owner)}
    comments = await _comments(world, owner)
    return [_item(row, handles.get(row.owner, ""), comments) for row in rows]


def _item(row: Row[Container], handle: str, comments: dict[str, list[str]]) -> Item:
    container, media_id = row.value, row.value.media_id or ""
    return Item(
        PLATFORM,
        row.owner,
        handle,
        media_id,
        "reels" if container.shape == "REELS" else "feed",
        container.caption,
        [_medium(part) for part in container.received],
        "public",
        container.published_at or row.created_at,
        container.options | {"containerId": row.id},
        comments.get(media_id, []),
    )


def _medium(part: Stored) -> ItemMedia:
    kind = "image" if part.mime_type == "image/jpeg" else "video"
    return ItemMedia(kind, part.size, part.sha256 or None, part.parts, kept=part.kept)


ROUTES: list[HTTPRouteHandler] = [
    *instagram_login.ROUTES,
    *instagram_facebook.ROUTES,
    *instagram_uploads.ROUTES,
    read_node,
    list_media,
    publishing_limit,
    make_container,
    media_publish,
    add_comment,
    list_comments,
]
FAKE = Fake(PLATFORM, ROUTES, answer, sign_up, items, resume_fetches)

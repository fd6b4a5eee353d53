"""Containers: what a post is prepared in, and what is said in them about it."""

from collections.abc import Mapping
from typing import cast

from layers.connector import Account, Call, Effect, Flow, Media, Post, Wait
from layers.platforms.instagram.calls import by_page, get, post_to
from layers.platforms.instagram.errors import container_failure
from layers.platforms.instagram.upload import upload

ROUNDS = 3
"""Containers made in all: a new one only once Instagram has shown that the one before is of no use."""

POLL_SECONDS = 5.0
"""Images are ready at once, videos in a minute or so; flows hold no clock, so the pause does not grow."""


def named(what: str, number: int) -> str:
    """Return the name of a call in round `number`, counted from 1."""
    return what if number == 1 else f"{what} (round {number})"


def prepare(post: Post, account: Account, number: int) -> Flow[str | None]:
    """Have Instagram take the post in and return the container to publish. None: a new round may do."""
    children: list[str] = []
    if post.kind == "carousel":
        for index in range(len(post.media)):
            child = (yield _item(post, account, index, number)).text_at("id")
            if not (yield from _filled(post, account, index, child, number)):
                return None
            children.append(child)
        for index, child in enumerate(children, 1):
            if not (yield from _until_ready(account, child, named(f"item {index} status", number))):
                return None
    container = (yield _whole(post, account, children, number)).text_at("id")
    if not children and not (yield from _filled(post, account, 0, container, number)):
        return None
    ready = yield from _until_ready(account, container, named("container status", number))
    return container if ready else None


def _filled(post: Post, account: Account, index: int, container: str, number: int) -> Flow[bool]:
    """Give a container its bytes where Instagram does not fetch them. False: it takes none, another may."""
    media = post.media[index]
    if not _is_pushed(media, account):
        return True
    name = named(f"item {index + 1} upload" if post.kind == "carousel" else "upload", number)
    return (yield from upload(account, media, index, container, name, last=number == ROUNDS))


def _is_pushed(media: Media, account: Account) -> bool:
    """Tell whether the bytes are sent: only Facebook's side takes any, and of videos only."""
    return media.kind == "video" and by_page(account)


def _until_ready(account: Account, container: str, name: str) -> Flow[bool]:
    """Wait until the container can be used. False: it never can, another may."""
    while True:
        reply = yield get(account, name, f"{container}?fields=status_code,status")
        match reply.text_at("status_code"):
            case "FINISHED" | "PUBLISHED":
                return True
            case "EXPIRED":
                return False
            case "ERROR":
                if failure := container_failure(str(reply.value("status") or "")):
                    raise failure
                return False
            case status:
                yield Wait(POLL_SECONDS, f"Instagram is taking the media in ({status})")


def _item(post: Post, account: Account, index: int, number: int) -> Call:
    item = post.media[index]
    body: dict[str, object] = {"is_carousel_item": True}
    if item.kind == "video":
        body |= {"media_type": "VIDEO", **_video_source(item, account)}
    else:
        body |= {"image_url": item.url, **_alt_text(post.options, index)}
    return _create(account, named(f"item {index + 1}", number), body)


def _whole(post: Post, account: Account, children: list[str], number: int) -> Call:
    options = post.options
    body = _content(post, account, options, children)
    if post.caption:
        body["caption"] = post.caption
    if people := [name.removeprefix("@") for name in _texts(options, "collaborators")]:
        body["collaborators"] = people
    return _create(account, named("container", number), body)


def _content(
    post: Post, account: Account, options: Mapping[str, object], children: list[str]
) -> dict[str, object]:
    if children:
        return {"media_type": "CAROUSEL", "children": ",".join(children)}
    item = post.media[0]
    if item.kind == "video":
        return _reel(post, account, item, options)
    return {"image_url": item.url, **_alt_text(options, 0)}


def _reel(post: Post, account: Account, item: Media, options: Mapping[str, object]) -> dict[str, object]:
    """A video in the feed is a reel that the feed shows as well."""
    in_feed = post.mode == "feed" or options.get("shareToFeed") is not False
    body: dict[str, object] = {
        "media_type": "REELS",
        **_video_source(item, account),
        "share_to_feed": in_feed,
    }
    if (cover_at := options.get("coverAt")) is not None:
        body["thumb_offset"] = cover_at
    return body


def _video_source(item: Media, account: Account) -> dict[str, object]:
    return {"upload_type": "resumable"} if _is_pushed(item, account) else {"video_url": item.url}


def _create(account: Account, name: str, body: Mapping[str, object]) -> Call:
    return post_to(account, name, Effect.PREPARE, f"{account.external_id}/media", body)


def _alt_text(options: Mapping[str, object], index: int) -> dict[str, object]:
    texts = _texts(options, "altTexts")
    return {"alt_text": texts[index]} if index < len(texts) and texts[index] else {}


def _texts(options: Mapping[str, object], name: str) -> list[str]:
    value = options.get(name)
    return [str(item) for item in cast("list[object]", value)] if isinstance(value, list) else []

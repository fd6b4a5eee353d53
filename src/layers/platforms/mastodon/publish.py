"""Publishing: ask the server what it allows, attach the media, then one call makes the status."""

from collections.abc import Mapping, Sequence
from typing import cast

from layers.connector import Account, Call, Flow, Post, Published, Wait
from layers.platforms.mastodon.calls import (
    COMMENT,
    NEWEST,
    POST,
    id_in,
    list_statuses,
    look_at_media,
    make_status,
    upload,
)
from layers.platforms.mastodon.server import Server, ask_server, refuse_misfits

POLL_SECONDS = 2.0
COMMENT_REFUSED = (400, 401, 403, 404, 409, 410, 413, 422, 500, 502, 503, 504)
"""The post is public by then: whatever becomes of its comment, it stays published."""


def publish(post: Post, account: Account) -> Flow[Published]:
    """Make the status, then the first comment as a reply. The comment may be lost, the post may not."""
    options = post.options
    server = yield from ask_server(account.origin, account.secrets["accessToken"])
    refuse_misfits(post, options, server)
    media_ids: list[str] = []
    for index in range(len(post.media)):
        media_ids.append((yield from _attach(post, account, index, _alt(options, index))))
    # Kept with the commit: `find` takes only what came after it for the post.
    yield list_statuses(account, NEWEST, 1)
    reply = yield make_status(post, account, server, POST, _said(post, options, media_ids))
    status_id = id_in(reply)
    if post.first_comment:
        yield _comment(post, account, server, options, status_id)
    url = reply.value("url") or reply.value("uri")
    return Published(status_id, url if isinstance(url, str) else None)


def _attach(post: Post, account: Account, index: int, alt: str) -> Flow[str]:
    """Upload one item and wait until the server has processed it; returns its id."""
    reply = yield upload(post, account, index, alt)
    media_id = id_in(reply)
    if reply.status == 202:
        while (yield look_at_media(account, index, media_id)).status == 206:
            yield Wait(POLL_SECONDS, f"The server is processing item {index + 1}")
    return media_id


def _said(post: Post, options: Mapping[str, object], media_ids: Sequence[str]) -> dict[str, object]:
    said: dict[str, object] = {"status": post.caption, **_manner(options)}
    if media_ids:
        said["media_ids"] = list(media_ids)
    if options.get("sensitive") is True:
        said["sensitive"] = True
    if spoiler := options.get("spoilerText"):
        said["spoiler_text"] = spoiler
    return said


def _comment(
    post: Post, account: Account, server: Server, options: Mapping[str, object], status_id: str
) -> Call:
    said = {"status": post.first_comment, "in_reply_to_id": status_id, **_manner(options)}
    return make_status(post, account, server, COMMENT, said, COMMENT_REFUSED)


def _manner(options: Mapping[str, object]) -> dict[str, object]:
    return {name: options[name] for name in ("visibility", "language") if options.get(name)}


def _alt(options: Mapping[str, object], index: int) -> str:
    alts = options.get("altTexts")
    texts = cast("list[object]", alts) if isinstance(alts, list) else []
    return str(texts[index]) if index < len(texts) else ""

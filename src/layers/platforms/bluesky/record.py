"""The records of a post and its first comment, the same bytes on every try."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

from layers.connector import Post
from layers.platforms.bluesky.facets import build_facets

COLLECTION = "app.bsky.feed.post"
BASE32 = "234567abcdefghijklmnopqrstuvwxyz"
LATER = timedelta(milliseconds=1)
"""The comment's place in time: after its post, and never at another post's record key."""


def tid(moment: datetime, number: int) -> str:
    """Return a record key of 13 characters that sorts by time: 53 bits of microseconds, 10 of `number`.

    Source: https://atproto.com/specs/tid, checked 2026-11-23.
    """
    micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    bits = (micros << 10) | (number % 1024)
    return "".join(BASE32[(bits >> shift) & 31] for shift in range(60, -1, -5))


def post_key(post: Post) -> str:
    """Return the record key of the post."""
    return tid(post.frozen_at, post.number)


def comment_key(post: Post) -> str:
    """Return the record key of the post's first comment."""
    return tid(post.frozen_at + LATER, post.number)


def post_record(post: Post, blobs: Sequence[object], dids: Mapping[str, str]) -> dict[str, object]:
    """Return the post's record; `blobs` are the uploaded images, `dids` whom its mentions mean."""
    record = _text_record(post, post.caption, post.frozen_at, dids)
    if blobs:
        record["embed"] = {"$type": "app.bsky.embed.images", "images": _images(post, blobs)}
    return record


def comment_record(
    post: Post, text: str, root: Mapping[str, str], dids: Mapping[str, str]
) -> dict[str, object]:
    """Return the first comment's record, a reply to `root` (its `uri` and `cid`)."""
    record = _text_record(post, text, post.frozen_at + LATER, dids)
    record["reply"] = {"root": root, "parent": root}
    return record


def _text_record(post: Post, text: str, moment: datetime, dids: Mapping[str, str]) -> dict[str, object]:
    stamp = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record: dict[str, object] = {"$type": COLLECTION, "text": text, "createdAt": stamp}
    if facets := build_facets(text, dids):
        record["facets"] = facets
    if langs := _strings(post, "langs"):
        record["langs"] = langs
    return record


def _images(post: Post, blobs: Sequence[object]) -> list[dict[str, object]]:
    alts = _strings(post, "altTexts")
    images: list[dict[str, object]] = []
    for index, (item, blob) in enumerate(zip(post.media, blobs, strict=True)):
        image: dict[str, object] = {"alt": alts[index] if index < len(alts) else "", "image": blob}
        if item.width and item.height:
            image["aspectRatio"] = {"width": item.width, "height": item.height}
        images.append(image)
    return images


def _strings(post: Post, option: str) -> list[str]:
    value = post.options.get(option)
    return [str(item) for item in cast("list[object]", value)] if isinstance(value, list) else []

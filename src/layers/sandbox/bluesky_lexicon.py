"""What a Bluesky post record must look like, and the names atproto gives to content and time.

Checked 2026-11-23: 300 graphemes and 3000 bytes, 4 images of 2,000,000 bytes, one video of 300,000,000,
keys are TIDs. From memory of the lexicons app.bsky.feed.post, app.bsky.embed.* and
app.bsky.richtext.facet (https://github.com/bluesky-social/atproto), not checked: all other field rules
and the words of the messages. Lexicon objects are taken as open: unknown fields and embed types pass. A
facet's bytes must lie within the text and not split a character; that the real server is more lenient
there is an assumption.
"""

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

import msgspec

from layers.kit.problems import unstorable_strings
from layers.kit.text import graphemes, utf8_bytes

POST = "app.bsky.feed.post"
LARGEST_IMAGE = 2_000_000
LARGEST_VIDEO = 300_000_000
SORTED_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"
TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
RECORD_KEY = re.compile(r"[A-Za-z0-9._:~-]{1,512}")
NSID = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*(\.[a-zA-Z0-9-]+)+\.[a-zA-Z][a-zA-Z0-9]*")
DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,20})?(Z|[+-]\d\d:\d\d)")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")

RAW, DAG_CBOR = 0x55, 0x71


class Invalid(ValueError):  # noqa: N818
    """The record breaks its lexicon; the text says where."""


@dataclass(frozen=True, slots=True)
class BlobUse:
    """A blob as a record refers to it, and what its place in the record allows."""

    cid: str
    mime_type: str
    size: int
    accept: str
    max_size: int


class Link(msgspec.Struct):
    cid: Annotated[str, msgspec.Meta(pattern=r"^b[a-z2-7]{20,100}$")] = msgspec.field(name="$link")


class Blob(msgspec.Struct, tag_field="$type", tag="blob", rename="camel"):
    ref: Link
    mime_type: str
    size: Annotated[int, msgspec.Meta(ge=1)]


class Ratio(msgspec.Struct):
    width: Annotated[int, msgspec.Meta(ge=1)]
    height: Annotated[int, msgspec.Meta(ge=1)]


class Picture(msgspec.Struct, rename="camel"):
    image: Blob
    alt: str
    aspect_ratio: Ratio | msgspec.UnsetType = msgspec.UNSET


class Images(msgspec.Struct):
    images: Annotated[list[Picture], msgspec.Meta(max_length=4)]


class Video(msgspec.Struct, rename="camel"):
    video: Blob
    alt: str | msgspec.UnsetType = msgspec.UNSET
    aspect_ratio: Ratio | msgspec.UnsetType = msgspec.UNSET


class Card(msgspec.Struct):
    uri: str
    title: str
    description: str
    thumb: Blob | msgspec.UnsetType = msgspec.UNSET


class External(msgspec.Struct):
    external: Card


class StrongRef(msgspec.Struct):
    uri: Annotated[str, msgspec.Meta(pattern="^at://")]
    cid: str


class Quote(msgspec.Struct):
    record: StrongRef


class QuoteWithMedia(msgspec.Struct):
    record: Quote
    media: dict[str, object]


class Reply(msgspec.Struct):
    root: StrongRef
    parent: StrongRef


class ByteSlice(msgspec.Struct, rename="camel"):
    byte_start: Annotated[int, msgspec.Meta(ge=0)]
    byte_end: Annotated[int, msgspec.Meta(ge=0)]


class LinkTo(msgspec.Struct):
    uri: Annotated[str, msgspec.Meta(pattern=r"^\w+:\S+$")]


class Mention(msgspec.Struct):
    did: Annotated[str, msgspec.Meta(pattern="^did:[a-z]+:.")]


class Hashtag(msgspec.Struct):
    tag: Annotated[str, msgspec.Meta(max_length=640)]


class Facet(msgspec.Struct):
    index: ByteSlice
    features: list[dict[str, object]]


class Post(msgspec.Struct, rename="camel"):
    text: str
    created_at: str
    langs: Annotated[list[str], msgspec.Meta(max_length=3)] = []
    facets: list[Facet] = []
    tags: Annotated[list[str], msgspec.Meta(max_length=8)] = []
    reply: Reply | msgspec.UnsetType = msgspec.UNSET
    embed: dict[str, object] | msgspec.UnsetType = msgspec.UNSET


EMBEDS: Mapping[str, type[Images | Video | External | Quote | QuoteWithMedia]] = {
    "app.bsky.embed.images": Images,
    "app.bsky.embed.video": Video,
    "app.bsky.embed.external": External,
    "app.bsky.embed.record": Quote,
    "app.bsky.embed.recordWithMedia": QuoteWithMedia,
}
FEATURES: Mapping[str, type[LinkTo | Mention | Hashtag]] = {
    "app.bsky.richtext.facet#link": LinkTo,
    "app.bsky.richtext.facet#mention": Mention,
    "app.bsky.richtext.facet#tag": Hashtag,
}


def check_record(collection: str, record: Mapping[str, object]) -> list[BlobUse]:
    """Return the blobs a record uses. Collections other than posts are only checked for their $type.

    Raises Invalid.
    """
    if record.get("$type") != collection:
        raise Invalid(f"Invalid $type: expected {collection}, got {record.get('$type')}")
    if issue := next(unstorable_strings(record, ""), None):
        raise Invalid(f"{issue.path}: {issue.message}")
    if collection != POST:
        return []
    try:
        return _check_post(record)
    except (msgspec.ValidationError, Invalid) as why:
        raise Invalid(f"Invalid {POST} record: {why}") from why


def _check_post(record: Mapping[str, object]) -> list[BlobUse]:
    post = msgspec.convert(record, Post)
    if utf8_bytes(post.text) > 3000:
        raise Invalid("Record/text must not be longer than 3000 characters")
    if graphemes(post.text) > 300:
        raise Invalid("Record/text must not be longer than 300 graphemes")
    if not _is_datetime(post.created_at):
        raise Invalid("Record/createdAt must be an valid atproto datetime (both RFC-3339 and ISO-8601)")
    if not all(LANGUAGE.fullmatch(lang) for lang in post.langs):
        raise Invalid("Record/langs must be a well-formed BCP 47 language tag")
    for facet in post.facets:
        _check_facet(facet, post.text.encode())
    return [] if post.embed is msgspec.UNSET else list(_blobs(post.embed))


def _is_datetime(text: str) -> bool:
    if DATETIME.fullmatch(text) is None or text.endswith("-00:00"):
        return False
    try:
        datetime.fromisoformat(re.sub(r"\.\d+", "", text))
    except ValueError:
        return False
    return True


def _check_facet(facet: Facet, text: bytes) -> None:
    start, end = facet.index.byte_start, facet.index.byte_end
    if not start < end <= len(text):
        raise Invalid(f"Record/facets bytes {start} to {end} do not lie within the text's {len(text)}")
    try:
        text[start:end].decode()
    except UnicodeDecodeError as why:
        raise Invalid(f"Record/facets bytes {start} to {end} split a character") from why
    for feature in facet.features:
        if (expected := FEATURES.get(str(feature.get("$type")))) is not None:
            msgspec.convert(feature, expected)


def _blobs(embed: Mapping[str, object]) -> Iterator[BlobUse]:
    expected = EMBEDS.get(str(embed.get("$type")))
    if expected is None:
        if "$type" not in embed:
            raise Invalid('Record/embed must be an object which includes the "$type" property')
        return
    match msgspec.convert(embed, expected):
        case Images(images):
            yield from (_use(picture.image, "image/", LARGEST_IMAGE) for picture in images)
        case Video(video):
            yield _use(video, "video/mp4", LARGEST_VIDEO)
        case External(Card(thumb=Blob() as thumb)):
            yield _use(thumb, "image/", LARGEST_IMAGE)
        case QuoteWithMedia(media=media):
            yield from _blobs(media)
        case _:
            return


def _use(blob: Blob, accept: str, max_size: int) -> BlobUse:
    return BlobUse(blob.ref.cid, blob.mime_type, blob.size, accept, max_size)


# Names --------------------------------------------------------------------------------------------


def cid(codec: int, digest: bytes) -> str:
    """Return a CIDv1 in base32: version, codec, multihash (0x12 = SHA-256, 0x20 bytes)."""
    return "b" + base64.b32encode(bytes([1, codec, 0x12, 0x20]) + digest).decode().lower().rstrip("=")


def record_cid(record: object) -> str:
    """Return a deterministic CID of a record: of its canonical JSON, where the real one hashes DAG-CBOR."""
    return cid(DAG_CBOR, hashlib.sha256(msgspec.json.encode(record, order="deterministic")).digest())


def new_tid() -> str:
    """Return a timestamp id: 53 bits of microseconds and 10 random ones, sorted as text as in time."""
    number = time.time_ns() // 1000 << 10 | secrets.randbelow(1024)
    return "".join(SORTED_BASE32[number >> shift & 31] for shift in range(60, -1, -5))


def pictures_alt(record: Mapping[str, object]) -> list[str]:
    """Return the alt texts of a valid record's images."""
    embed = cast("Mapping[str, object]", record.get("embed", {}))
    if EMBEDS.get(str(embed.get("$type"))) is not Images:
        return []
    return [picture.alt for picture in msgspec.convert(embed, Images).images]

"""Instagram's containers: what may be asked for, how the media arrives, what a container's status is when.

What is documented and what is assumed is told in `layers.sandbox.instagram`.
"""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import aiohttp
import msgspec

from layers.connector import MediaKind
from layers.kit.text import unstorable
from layers.kit.times import utc_now
from layers.sandbox.fake import World
from layers.sandbox.media import LARGEST_KEPT, Gauge, Stored, image_sides
from layers.sandbox.state import Kind, Row

PLATFORM = "instagram"
LIFETIME = timedelta(days=1)
FETCH_LEASE = timedelta(seconds=30)  # another process takes over a download this long after it was claimed
FETCH_SECONDS = 25.0
LARGEST_IMAGE = 8 * 1024**2
LARGEST_VIDEO = 300 * 1024**2
FEWEST_CHILDREN, MOST_CHILDREN = 2, 10
LONGEST_CAPTION, MOST_HASHTAGS, MOST_MENTIONS = 2200, 30, 20
LONGEST_ALT_TEXT = 1000
MOST_COLLABORATORS = 3
URL = re.compile(r"https?://[!-~]+")

StatusCode = Literal["IN_PROGRESS", "FINISHED", "ERROR", "EXPIRED", "PUBLISHED"]
Shape = Literal["IMAGE", "REELS", "VIDEO", "CAROUSEL"]
WORDS: Mapping[StatusCode, str] = {
    "IN_PROGRESS": "In Progress: Media is still being processed.",
    "FINISHED": "Finished: Media has been uploaded and it is ready to be published.",
    "EXPIRED": "Expired: Media was not published within 24 hours.",
    "PUBLISHED": "Published: Media has been published.",
}
ALLOWED: Mapping[Shape, frozenset[str]] = {
    "IMAGE": frozenset({"image_url", "alt_text", "user_tags", "location_id", "collaborators"}),
    "REELS": frozenset(
        {
            "video_url",
            "upload_type",
            "share_to_feed",
            "cover_url",
            "thumb_offset",
            "audio_name",
            "trial_params",
        }
        | {"user_tags", "location_id", "collaborators"}
    ),
    "VIDEO": frozenset({"video_url", "upload_type", "thumb_offset"}),
    "CAROUSEL": frozenset({"children", "share_to_feed", "location_id", "collaborators"}),
}
EVERYWHERE = frozenset({"media_type", "caption", "is_ai_generated"})
NO_OPTIONS = EVERYWHERE - {"is_ai_generated"} | {
    *("image_url", "video_url", "upload_type", "children", "is_carousel_item")
}
IN_CAROUSELS = frozenset({"media_type", "is_carousel_item", "image_url", "video_url"}) | {
    "upload_type",
    "alt_text",
    "user_tags",
    "thumb_offset",
}


class NotSo(Exception):  # noqa: N818
    """What was asked for is wrong: Instagram's code, its subcode and its words."""

    def __init__(self, code: int, subcode: int | None, words: str) -> None:
        super().__init__(words)
        self.code, self.subcode, self.words = code, subcode, words


class Container(msgspec.Struct, omit_defaults=True):
    """One container. `ready_at`: when all media was there, or known not to come; `failed` is then the subcode.

    A `resumable` one gets its video in `parts`, of `upload_size` bytes in all once the first has come.

    Absent from JSON while None, as `State.find` needs it.
    """

    shape: Shape
    caption: str = ""
    is_item: bool = False
    url: str = ""
    cover_url: str = ""
    children: list[str] = []
    options: dict[str, object] = {}
    received: list[Stored] = []
    ready_at: datetime | None = None
    fetching_until: datetime | None = None
    failed: int | None = None
    media_id: str | None = None
    published_at: datetime | None = None
    resumable: bool = False
    upload_size: int = 0
    parts: list[Stored] = []

    @property
    def transferred(self) -> int:
        """How many bytes of an upload are here."""
        return self.upload_size if self.received else sum(part.size for part in self.parts)


CONTAINERS = Kind(PLATFORM, "container", Container)


class Asked(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The parameters of a new container, all there are here."""

    media_type: str | None = None
    image_url: str | None = None
    video_url: str | None = None
    caption: str | None = None
    alt_text: str | None = None
    is_carousel_item: bool | None = None
    children: str | list[str] | None = None
    share_to_feed: bool | None = None
    cover_url: str | None = None
    thumb_offset: int | None = None
    audio_name: str | None = None
    location_id: str | None = None
    collaborators: str | list[str] | None = None
    user_tags: str | list[dict[str, object]] | None = None
    trial_params: str | dict[str, object] | None = None
    upload_type: Literal["resumable"] | None = None
    is_ai_generated: bool | None = None


def read_container(params: Mapping[str, object]) -> Container:
    """Make a container of what was asked for. Raises NotSo."""
    try:
        asked = msgspec.convert(dict(params), Asked, strict=False)
    except msgspec.ValidationError as why:
        raise NotSo(100, None, f"(#100) {why}") from why
    shape = _shape(asked)
    is_item = bool(asked.is_carousel_item)
    _check_allowed(asked, shape, is_item)
    _check_text(asked)
    options: dict[str, object] = {
        re.sub(r"_([a-z])", lambda m: m[1].upper(), name): value
        for name, value in msgspec.to_builtins(asked).items()
        if name not in NO_OPTIONS
    }
    if asked.collaborators is not None:
        options["collaborators"] = _collaborators(asked.collaborators)
    container = Container(shape, asked.caption or "", is_item, options=options)
    if shape == "CAROUSEL":
        container.children = _children(asked.children)
    elif asked.upload_type is not None:
        if asked.video_url is not None:
            raise NotSo(100, None, "(#100) Give either video_url or upload_type.")
        container.resumable = True
    else:
        container.url = _url("image_url" if shape == "IMAGE" else "video_url", asked)
    if asked.cover_url is not None:
        container.cover_url = _url("cover_url", asked)
    return container


def _shape(asked: Asked) -> Shape:
    match asked.media_type:
        case "CAROUSEL" | "REELS" as shape:
            return shape
        case "VIDEO" if asked.is_carousel_item:
            return "VIDEO"
        case "VIDEO":
            words = "The VIDEO value for media_type is no longer supported. Use the REELS media type."
            raise NotSo(100, 2207067, words)
        case None | "IMAGE" if asked.video_url is None:
            return "IMAGE"
        case _:
            raise NotSo(100, 2207023, f"The media type {asked.media_type} is unknown.")


def _check_allowed(asked: Asked, shape: Shape, is_item: bool) -> None:
    if is_item and shape in ("REELS", "CAROUSEL"):
        raise NotSo(100, 2207023, f"{shape} is not supported in carousels.")
    given = {name for name, value in msgspec.structs.asdict(asked).items() if value is not None}
    allowed = ALLOWED[shape] | EVERYWHERE | {"is_carousel_item"}
    if wrong := given - (allowed & IN_CAROUSELS if is_item else allowed):
        where = f"{shape} in a carousel" if is_item else shape
        raise NotSo(100, None, f"(#100) {', '.join(sorted(wrong))} not supported for {where}.")


def _check_text(asked: Asked) -> None:
    caption = asked.caption or ""
    hashtags, mentions = len(re.findall(r"#\w", caption)), len(re.findall(r"@\w", caption))
    if len(caption) > LONGEST_CAPTION or hashtags > MOST_HASHTAGS or mentions > MOST_MENTIONS:
        raise NotSo(36004, 2207010, "The caption is too long, or has too many hashtags or mentions.")
    if asked.alt_text is not None and len(asked.alt_text) > LONGEST_ALT_TEXT:
        raise NotSo(100, None, f"(#100) alt_text is longer than {LONGEST_ALT_TEXT} characters.")
    if asked.thumb_offset is not None and asked.thumb_offset < 0:
        raise NotSo(1, 2207057, "Thumbnail offset must be greater or equal to 0.")
    if reason := unstorable("".join(filter(None, [caption, asked.alt_text, asked.audio_name]))):
        raise NotSo(100, None, f"(#100) The text {reason}.")


def _list(given: str | list[str], name: str) -> list[str]:
    """Read a list as JSON or as comma-separated words: both spellings are documented."""
    if isinstance(given, list):
        return given
    if not given.lstrip().startswith("["):
        return [word.strip() for word in given.split(",") if word.strip()]
    try:
        return msgspec.json.decode(given, type=list[str])
    except msgspec.MsgspecError as why:
        raise NotSo(100, None, f"(#100) {name} is no list: {why}") from why


def _collaborators(given: str | list[str]) -> list[str]:
    names = _list(given, "collaborators")
    if len(names) > MOST_COLLABORATORS:
        raise NotSo(100, None, f"(#100) There are at most {MOST_COLLABORATORS} collaborators.")
    return names


def _children(given: str | list[str] | None) -> list[str]:
    children = _list(given or "", "children")
    if not FEWEST_CHILDREN <= len(children) <= MOST_CHILDREN or len(set(children)) < len(children):
        words = f"A carousel needs {FEWEST_CHILDREN} to {MOST_CHILDREN} different photos or videos."
        raise NotSo(100, 2207028, words)
    return children


def _url(name: str, asked: Asked) -> str:
    url: str = getattr(asked, name) or ""
    if not url:
        raise NotSo(100, None, f"(#100) The parameter {name} is required.")
    if not URL.fullmatch(url):
        raise NotSo(
            9004, 2207052, "The media could not be fetched from this uri: use http and US-ASCII only."
        )
    return url


def status_code(
    container: Container, created_at: datetime, now: datetime, processing: timedelta
) -> StatusCode:
    """Return what a container is at this moment. A failed one shows it only after processing, too."""
    if container.media_id is not None:
        return "PUBLISHED"
    if now >= created_at + LIFETIME:
        return "EXPIRED"
    if container.ready_at is None or now < container.ready_at + processing:
        return "IN_PROGRESS"
    return "FINISHED" if container.failed is None else "ERROR"


def status_words(container: Container, code: StatusCode) -> str:
    """Return the text beside the code."""
    if code == "ERROR":
        return f"Error: Media upload has failed with error code {container.failed}"
    return WORDS[code]


# Fetching media from the caller's URLs ------------------------------------------------------------


class FetchFailed(Exception):  # noqa: N818
    """The media cannot be had; `subcode` is Instagram's."""

    def __init__(self, subcode: int) -> None:
        super().__init__(subcode)
        self.subcode = subcode


async def resume_fetches(world: World) -> None:
    """Take up every download that a stopped process left behind."""
    for row in await world.state.find(CONTAINERS, lacking="ready_at", since=utc_now() - LIFETIME):
        if row.value.resumable:
            continue
        world.spawn(fetch(world, row.id))


async def fetch(world: World, container_id: str) -> None:
    """Fetch a container's media and settle it, or wait for the process that does to finish or die."""
    while (row := await world.state.get(CONTAINERS, container_id)) is not None and row.value.ready_at is None:
        until = row.value.fetching_until
        if until is not None and until > utc_now():
            await asyncio.sleep(0.5)
            continue
        claimed = msgspec.structs.replace(row.value, fetching_until=utc_now() + FETCH_LEASE)
        if await world.state.swap(CONTAINERS, row, claimed):
            await _fetch_and_settle(world, row)


async def _fetch_and_settle(world: World, row: Row[Container]) -> None:
    received: list[Stored] = []
    failed = None
    container = row.value
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            kind: MediaKind = "image" if container.shape == "IMAGE" else "video"
            received.append(await _take(world, container.url, kind))
            if container.cover_url:
                await _take(world, container.cover_url, "cover")
    except FetchFailed as why:
        failed = why.subcode
    except TimeoutError:
        failed = 2207003
    except (aiohttp.ClientError, ValueError):
        failed = 2207052
    while (now := await world.state.get(CONTAINERS, row.id)) is not None and now.value.ready_at is None:
        settled = msgspec.structs.replace(
            now.value, received=received, ready_at=utc_now(), failed=failed, fetching_until=None
        )
        if await world.state.swap(CONTAINERS, now, settled):
            return


async def _take(world: World, url: str, kind: Literal["image", "video", "cover"]) -> Stored:
    async with world.fetch(url) as answer:
        if answer.status != 200:
            raise FetchFailed(2207052)
        if kind != "video":
            return await _take_image(world, answer, any_ratio=kind == "cover")
        gauge = Gauge()
        async for part in answer.content.iter_chunked(1 << 18):
            gauge.feed(part)
            if gauge.size > LARGEST_VIDEO:
                raise FetchFailed(2207026)
    if (stored := gauge.stored()).mime_type != "video/mp4":  # `sniff` tells QuickTime as MP4
        raise FetchFailed(2207026)
    return stored


async def _take_image(world: World, answer: aiohttp.ClientResponse, *, any_ratio: bool) -> Stored:
    gauge = Gauge()
    content = bytearray()
    async for part in answer.content.iter_chunked(1 << 18):
        gauge.feed(part)
        content += part
        if gauge.size > LARGEST_IMAGE:
            raise FetchFailed(2207004)
    stored = gauge.stored()
    sides = image_sides(bytes(content))
    if stored.mime_type != "image/jpeg" or sides is None:
        raise FetchFailed(2207005)
    if not any_ratio and not fits_ratio(*sides):
        raise FetchFailed(2207009)
    if stored.size <= LARGEST_KEPT:
        await world.state.save_blob(stored.sha256, bytes(content))
        stored.kept = True
    return stored


def fits_ratio(width: int, height: int) -> bool:
    """Whether a picture is within 4:5 and 1.91:1, in whole numbers to be exact at the edges."""
    return width * 5 >= height * 4 and width * 100 <= height * 191

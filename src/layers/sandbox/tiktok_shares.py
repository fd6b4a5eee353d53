"""TikTok's posts on their way: what one publish id is, how its media arrives, what its status is when.

What is documented and what is assumed is told in `layers.sandbox.tiktok`.
"""

import asyncio
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal

import aiohttp
import msgspec

from layers.kit.times import utc_now
from layers.sandbox.fake import World
from layers.sandbox.media import LARGEST_KEPT, Gauge, Stored, image_sides
from layers.sandbox.state import Kind, Row

PLATFORM = "tiktok"
UPLOAD_LIFETIME = timedelta(hours=1)
PULL_LEASE = timedelta(seconds=30)  # another process takes over a download this long after it was claimed
PULL_SECONDS = 25.0
LARGEST_VIDEO = 4 * 1024**3
LARGEST_IMAGE = 20 * 1024**2
VIDEO_TYPES = ("video/mp4", "video/webm")  # `sniff` tells QuickTime as MP4
IMAGE_TYPES = ("image/jpeg", "image/webp")
LONG_SIDE, SHORT_SIDE = 1920, 1080  # 1080p


class Share(msgspec.Struct, omit_defaults=True):
    """One publish id, from its init on.

    `begun_at`: when the platform took the post over, after which nobody can take it back (last chunk in,
    or the init of a pull). `ready_at`: when all media was there. Absent from JSON while None, as
    `State.find` needs it.
    """

    mode: Literal["direct_publish", "draft_to_device"]
    media: Literal["video", "image"]
    source: Literal["FILE_UPLOAD", "PULL_FROM_URL"]
    caption: str = ""
    title: str = ""
    description: str = ""
    options: dict[str, object] = {}
    size: int = 0
    chunk_size: int = 0
    chunk_count: int = 0
    upload_token: str = ""
    urls: list[str] = []
    received: list[Stored] = []
    begun_at: datetime | None = None
    ready_at: datetime | None = None
    pulling_until: datetime | None = None
    fail_reason: str | None = None
    post_id: int = 0

    @property
    def received_bytes(self) -> int:
        return sum(part.size for part in self.received)

    @property
    def is_public(self) -> bool:
        return self.mode == "direct_publish" and self.options.get("privacyLevel") == "PUBLIC_TO_EVERYONE"


SHARES = Kind(PLATFORM, "share", Share)


def new_publish_id(share: Share) -> str:
    """Return an id in TikTok's spelling."""
    inbox = share.mode == "draft_to_device"
    if share.media == "image":
        words = "p_inbox_url~v2" if inbox else "p_pub_url~v2"
    else:
        place = "file" if share.source == "FILE_UPLOAD" else "url"
        words = f"v_inbox_{place}~v2" if inbox else f"v_pub_{place}~v2-1"
    return f"{words}.{new_number()}"


def new_number() -> int:
    """Return a 19-digit number as TikTok's ids are."""
    return 7 * 10**18 + secrets.randbelow(10**17)


def status(share: Share, now: datetime, processing: timedelta) -> dict[str, object]:
    """Return the `data` of status/fetch at this moment."""
    pulled = share.source == "PULL_FROM_URL"
    answer: dict[str, object] = {
        "status": "PROCESSING_DOWNLOAD" if pulled else "PROCESSING_UPLOAD",
        "fail_reason": "",
        "publicaly_available_post_id": [],
        "downloaded_bytes" if pulled else "uploaded_bytes": share.received_bytes,
    }
    if share.ready_at is None or now < share.ready_at + processing:
        return answer
    if share.fail_reason is not None:
        return answer | {"status": "FAILED", "fail_reason": share.fail_reason}
    if share.mode == "draft_to_device":
        return answer | {"status": "SEND_TO_USER_INBOX"}
    known = share.is_public and now >= share.ready_at + processing * 1.5
    return answer | {
        "status": "PUBLISH_COMPLETE",
        "publicaly_available_post_id": [share.post_id] if known else [],
    }


def after_chunk(share: Share, chunk: Stored, fail_reason: str | None) -> Share:
    """Return the share with one more chunk; with the last one the post begins."""
    received = [*share.received, chunk]
    grown = msgspec.structs.replace(share, received=received)
    if grown.received_bytes < share.size:
        return grown
    if received[0].mime_type not in VIDEO_TYPES:
        fail_reason = "file_format_check_failed"
    now = utc_now()
    return msgspec.structs.replace(
        grown, begun_at=now, ready_at=now, post_id=new_number(), fail_reason=fail_reason
    )


# Pulling media from the caller's URLs -------------------------------------------------------------


class PullFailed(Exception):  # noqa: N818
    """The media cannot be had; the text is TikTok's fail reason."""


async def resume_pulls(world: World) -> None:
    """Take up every download that a stopped process left behind."""
    for row in await world.state.find(SHARES, having="begun_at", lacking="ready_at"):
        world.spawn(pull(world, row.id))


async def pull(world: World, publish_id: str) -> None:
    """Fetch a share's media and settle it, or wait for the process that does to finish or die."""
    while (row := await world.state.get(SHARES, publish_id)) is not None and row.value.ready_at is None:
        until = row.value.pulling_until
        if until is not None and until > utc_now():
            await asyncio.sleep(0.5)
            continue
        claimed = msgspec.structs.replace(row.value, pulling_until=utc_now() + PULL_LEASE)
        if await world.state.swap(SHARES, row, claimed):
            await _pull_and_settle(world, row)


async def _pull_and_settle(world: World, row: Row[Share]) -> None:
    received: list[Stored] = []
    fail_reason = row.value.fail_reason
    try:
        async with asyncio.timeout(PULL_SECONDS):
            for url in row.value.urls:
                received.append(await _fetch(world, url, row.value.media))
    except PullFailed as why:
        fail_reason = str(why)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        fail_reason = _pull_failed(row.value.media)
    while (now := await world.state.get(SHARES, row.id)) is not None and now.value.ready_at is None:
        settled = msgspec.structs.replace(
            now.value, received=received, ready_at=utc_now(), fail_reason=fail_reason, pulling_until=None
        )
        if await world.state.swap(SHARES, now, settled):
            return


async def _fetch(world: World, url: str, media: Literal["video", "image"]) -> Stored:
    async with world.fetch(url) as answer:
        if answer.status != 200:
            raise PullFailed(_pull_failed(media))
        if media == "image":
            return await _keep_image(world, answer)
        gauge = Gauge()
        async for part in answer.content.iter_chunked(1 << 18):
            gauge.feed(part)
            if gauge.size > LARGEST_VIDEO:
                raise PullFailed("video_pull_failed")
    if (stored := gauge.stored()).mime_type not in VIDEO_TYPES:
        raise PullFailed("file_format_check_failed")
    return stored


async def _keep_image(world: World, answer: aiohttp.ClientResponse) -> Stored:
    gauge = Gauge()
    content = bytearray()
    async for part in answer.content.iter_chunked(1 << 18):
        gauge.feed(part)
        content += part
        if gauge.size > LARGEST_IMAGE:
            raise PullFailed("picture_size_check_failed")
    stored = gauge.stored()
    sides = image_sides(bytes(content))
    if stored.mime_type not in IMAGE_TYPES or sides is None:
        raise PullFailed("file_format_check_failed")
    if max(sides) > LONG_SIDE or min(sides) > SHORT_SIDE:
        raise PullFailed("picture_size_check_failed")
    if stored.size <= LARGEST_KEPT:
        await world.state.save_blob(stored.sha256, bytes(content))
        stored.kept = True
    return stored


def _pull_failed(media: Literal["video", "image"]) -> str:
    return "video_pull_failed" if media == "video" else "photo_pull_failed"


def post_name(owner: str, caption: str) -> str:
    """Name a post for the magic words: the caller has no name for it that outlives a second init."""
    return f"{owner} {hashlib.sha256(caption.encode()).hexdigest()}"

"""Sending a video's bytes in chunks; the last chunk is what publishes.

Source: https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide, checked 2026-11-23.
"""

import re
from collections import Counter
from dataclasses import dataclass

from layers.connector import Call, Effect, Flow, Media, MediaSlice, Reply

WHOLE_UP_TO = 64_000_000
"""A video of up to 64 MB may be one chunk; a larger one must be several."""

CHUNK_BYTES = 32_000_000
"""Between the 5 MB and 64 MB allowed in either reading of MB; 4 GB make 125 of the 1,000 chunks allowed."""

SPARE_SENDS = 3
"""Chunks that may be sent once more because TikTok lost its place, before the upload is given up."""

OUT_OF_STEP = 416
GONE = (403, 404)
"""The upload link has expired (it lives one hour) or is not known."""


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """`count` chunks of `chunk_size` bytes; the last one also takes the remainder."""

    size: int
    chunk_size: int
    count: int

    def bounds(self, index: int) -> tuple[int, int]:
        """Return the first byte of chunk `index` (from 0) and the one after its last."""
        start = index * self.chunk_size
        return start, self.size if index == self.count - 1 else start + self.chunk_size

    def chunks_in(self, last_byte: int) -> int:
        """Count the whole chunks TikTok holds when it names `last_byte` as its progress.

        Whether that is the last byte or the number of bytes is not documented; both count the same here.
        """
        if last_byte + 1 >= self.size:
            return self.count
        return min((last_byte + 1) // self.chunk_size, self.count - 1)


def plan_chunks(size: int) -> ChunkPlan:
    """Return how a video of `size` bytes is cut: total_chunk_count is floor(size / chunk_size)."""
    chunk_size = size if size <= WHOLE_UP_TO else CHUNK_BYTES
    return ChunkPlan(size, chunk_size, size // chunk_size)


def send_chunks(url: str, media: Media, upload: int) -> Flow[bool]:
    """Send every chunk to `url`, following TikTok where it is ahead or behind. False: the upload is lost.

    `upload` counts the uploads of this post from 1 and keeps the names of their calls apart.
    """
    plan = plan_chunks(media.size_bytes)
    sends = Counter[int]()
    index = 0
    while index < plan.count:
        if sends.total() == plan.count + SPARE_SENDS:
            return False
        sends[index] += 1
        reply = yield _chunk(url, media, plan, index, _name(index, upload, sends[index]))
        progress = _progress(reply)
        if reply.status in GONE or (reply.status == OUT_OF_STEP and progress is None):
            return False
        index = index + 1 if progress is None else plan.chunks_in(progress)
    return True


def _name(index: int, upload: int, send: int) -> str:
    of_upload = f" of upload {upload}" if upload > 1 else ""
    again = f", send {send}" if send > 1 else ""
    return f"chunk {index + 1}{of_upload}{again}"


def _chunk(url: str, media: Media, plan: ChunkPlan, index: int, name: str) -> Call:
    start, end = plan.bounds(index)
    headers = {"Content-Type": media.mime_type, "Content-Range": f"bytes {start}-{end - 1}/{plan.size}"}
    effect = Effect.COMMIT if end == plan.size else Effect.PREPARE
    body = MediaSlice(0, start, end - start)
    return Call(name, effect, "PUT", url, headers=headers, body=body, handles=(*GONE, OUT_OF_STEP))


def _progress(reply: Reply) -> int | None:
    """Read `Content-Range: bytes 0-{progress}/{total}` of an unfinished upload; 201 needs none."""
    if reply.status not in (206, OUT_OF_STEP):
        return None
    found = re.fullmatch(r"bytes 0-(\d+)/\d+", reply.headers.get("content-range", "").strip())
    return int(found[1]) if found else None

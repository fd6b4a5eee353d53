"""Media from temporary files to the store, with no transaction open.

What is stored here belongs to nothing yet: whoever writes the rows that refer to it adopts it in the same transaction,
and what nobody adopts is deleted by the worker's upkeep.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from ulid import ULID

from layers.api import errors
from layers.connector import Media
from layers.content import intakes
from layers.content.cells import probe
from layers.content.media import RefusedMedia
from layers.db.pool import Connection, Pool
from layers.kit.ids import new_id
from layers.kit.problems import Issue
from layers.storage import Storage

LEFT_BEHIND_AFTER = 6 * 3600
"""Seconds after which a temporary file nobody writes to belongs to a process that died."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to make media of; `asset_id`, where it was given out already."""

    path: Path
    filename: str
    asset_id: str | None = None


@dataclass(frozen=True, slots=True)
class Staged:
    """Media of a container that is in the store, each item with the name of the file it came from."""

    container_id: str
    media: Sequence[tuple[Media, str]]

    @property
    def kind(self) -> str:
        """Return the kind of the container."""
        return self.media[0][0].kind if len(self.media) == 1 else "carousel"


async def stage(
    pool: Pool, storage: Storage, container_id: str, sources: Sequence[Source], path: str = "files"
) -> Staged:
    """Probe and store files. Raises Validation naming every file that is no media, before anything is stored."""
    probed = await _probe_all(sources, path)
    # A key for each attempt: one that comes late must not touch what another has stored.
    media = [
        msgspec.structs.replace(item, object_key=f"{container_id}/{item.id}-{ULID()}") for item in probed
    ]
    await intakes.note_stray(pool, [item.object_key for item in media])
    for item, source in zip(media, sources, strict=True):
        await storage.put_file(item.object_key, source.path)
    return Staged(
        container_id, [(item, source.filename) for item, source in zip(media, sources, strict=True)]
    )


async def adopt(tx: Connection, staged: Staged) -> None:
    """Say that rows of this transaction refer to what was staged."""
    if not await intakes.adopt(tx, [item.object_key for item, _ in staged.media]):
        raise errors.Unavailable("Storing the media took too long. Send it again.")


async def _probe_all(sources: Sequence[Source], path: str) -> list[Media]:
    found: list[Media] = []
    issues: list[Issue] = []
    for index, source in enumerate(sources):
        try:
            seen = await probe(source.path, source.filename)
        except RefusedMedia as refusal:
            issues.append(Issue(f"{path}[{index}]", str(refusal), "unreadable_media"))
        else:
            found.append(
                Media(
                    id=source.asset_id or new_id("ast"),
                    kind=seen.kind,
                    mime_type=seen.mime_type,
                    size_bytes=seen.size_bytes,
                    sha256=seen.sha256,
                    object_key="",
                    width=seen.width,
                    height=seen.height,
                    duration_ms=seen.duration_ms,
                    frame_rate=seen.frame_rate,
                    codec=seen.codec,
                )
            )
    if issues:
        raise errors.Validation(issues)
    return found


@asynccontextmanager
async def temporary_file(folder: Path) -> AsyncGenerator[Path]:
    """Give a new file in `folder`, gone after the block."""
    descriptor, name = tempfile.mkstemp(prefix="intake-", dir=folder)
    os.close(descriptor)
    path = Path(name)
    try:
        yield path
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def write(path: Path, chunks: AsyncIterator[bytes]) -> int:
    """Write chunks to a file as they come; returns how many bytes."""
    size = 0
    with await asyncio.to_thread(path.open, "wb") as file:
        async for chunk in chunks:
            await asyncio.to_thread(file.write, chunk)
            size += len(chunk)
    return size


def sweep(folder: Path) -> None:
    """Delete temporary files of processes that died."""
    for path in folder.glob("*"):
        try:
            if path.stat().st_mtime < time.time() - LEFT_BEHIND_AFTER:
                path.unlink()
        except FileNotFoundError:
            continue

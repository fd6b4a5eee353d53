"""Containers whose media comes after them: fetched from addresses, or sent by the caller to signed links.

Bytes sent to our own address are kept in the object store in pieces, so that any process may take the next one and a
process that dies loses no more than what was not yet a piece.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ulid import ULID

from layers import events
from layers.access.caller import Caller
from layers.api import errors
from layers.api.multipart import clean_filename
from layers.content import commands, intakes, schemas, staging, store
from layers.content.intakes import Item, Turn
from layers.content.media import MAX_IMAGE_BYTES, MAX_VIDEO_BYTES
from layers.content.staging import Source, Staged
from layers.db.pool import Connection, Pool
from layers.kit.ids import new_id
from layers.kit.problems import Issue
from layers.outbound import url_issue
from layers.signing import LinkSigner
from layers.storage import MIB, ObjectMissing, Storage

LINKS_LIVE = timedelta(hours=24)
PIECE_BYTES = 4 * MIB
"""What an upload holds in memory at most, and what a process that dies loses of it."""
LEAST_PIECE_BYTES = MIB // 4
MEMORY_BYTES = 32 * MIB
"""What the uploads of a process share: the more there are, the smaller their pieces."""
TYPES = {
    **dict.fromkeys(("image/jpeg", "image/png", "image/webp", "image/gif"), MAX_IMAGE_BYTES),
    **dict.fromkeys(("video/mp4", "video/quicktime"), MAX_VIDEO_BYTES),
}


@dataclass(frozen=True, slots=True)
class Harbour:
    """Where media arrives. `folder`: for temporary files; `anywhere`: it may be fetched from private addresses."""

    storage: Storage
    signer: LinkSigner
    public_origin: str
    folder: Path
    anywhere: bool

    def own_link(self, asset_id: str, expires_at: datetime) -> str:
        """Return our own address for a file."""
        return self.public_origin + self.signer.sign(f"/v1/uploads/{asset_id}", expires_at)


# Making containers ------------------------------------------------------------------------------------------------


async def create_fetched(
    tx: Connection,
    caller: Caller,
    project_id: str,
    body: schemas.CreateFetched,
    harbour: Harbour,
    now: datetime,
) -> str:
    """Make a container whose media a worker fetches; returns its id."""
    found = (
        url_issue(item.url, anywhere=harbour.anywhere, path=f"media[{n}].url")
        for n, item in enumerate(body.media)
    )
    if issues := [issue for issue in found if issue]:
        raise errors.Validation(issues)
    items = [Item(new_id("ast"), _name_in(item.url), item.url) for item in body.media]
    return await _create(tx, caller, project_id, body, "video", items, now)


async def create_uploads(
    tx: Connection,
    caller: Caller,
    project_id: str,
    body: schemas.CreateUploads,
    harbour: Harbour,
    now: datetime,
) -> schemas.Uploads:
    """Make a container whose media the caller sends, and the links to send it to."""
    if issues := [issue for n, file in enumerate(body.files) for issue in _file_issues(file, f"files[{n}]")]:
        raise errors.Validation(issues)
    expires_at = now + LINKS_LIVE
    items = [
        Item(new_id("ast"), clean_filename(file.filename), size_bytes=file.size_bytes) for file in body.files
    ]
    kind = body.files[0].content_type.partition("/")[0].lower()
    container_id = await _create(tx, caller, project_id, body, kind, items, now, expires_at)
    uploads: list[schemas.Upload] = []
    for item, file in zip(items, body.files, strict=True):
        own = harbour.own_link(item.asset_id, expires_at)
        direct = await harbour.storage.link_to_put(_incoming(container_id, item.asset_id), LINKS_LIVE)
        uploads.append(
            schemas.Upload(
                asset_id=item.asset_id,
                upload_url=direct.url if direct else own,
                method="PUT",
                headers={"Content-Type": file.content_type, **(direct.headers if direct else {})},
                expires_at=expires_at,
                resumable_url=own,
            )
        )
    return schemas.Uploads(container_id, uploads)


async def _create(
    tx: Connection,
    caller: Caller,
    project_id: str,
    body: schemas.CreateFetched | schemas.CreateUploads,
    kind: str,
    items: list[Item],
    now: datetime,
    expires_at: datetime | None = None,
) -> str:
    project = await commands.open_project(tx, caller, project_id)
    kind = kind if len(items) == 1 else "carousel"
    container_id, comment = new_id("cnt"), body.first_comment or None
    new = commands.new_container(caller, project, container_id, kind, body.caption, comment, None, now)
    event = caller.event(
        "content.queued", project_id, container_id, commands.told(container_id, kind, len(items))
    )
    await store.insert(tx, new)
    await events.append(tx, event)
    await intakes.insert(tx, event, container_id, items, expires_at)
    return container_id


def _file_issues(file: schemas.FileToSend, path: str) -> list[Issue]:
    most = TYPES.get(file.content_type.partition(";")[0].strip().lower())
    if most is None:
        return [Issue(f"{path}.contentType", f"Send one of: {', '.join(TYPES)}.", "invalid_value")]
    if file.size_bytes > most:
        words = f"At most {most:,} bytes are allowed for {file.content_type}."
        return [Issue(f"{path}.sizeBytes", words, "too_large")]
    return []


def _name_in(url: str) -> str:
    return clean_filename(url.partition("?")[0].partition("//")[2].partition("/")[2])


def _incoming(container_id: str, asset_id: str) -> str:
    """Return where the store itself takes a file; nothing else ever refers to that place."""
    return f"incoming/{container_id}/{asset_id}"


# Receiving at our own address -------------------------------------------------------------------------------------


class _Receiving:
    """How many uploads are being received in this process."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> "_Receiving":
        self.count += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.count -= 1

    @property
    def piece_bytes(self) -> int:
        """Return what one of them may hold now."""
        return min(PIECE_BYTES, max(MEMORY_BYTES // self.count, LEAST_PIECE_BYTES))


RECEIVING = _Receiving()


async def progress(pool: Pool, asset_id: str) -> Turn:
    """Return how far an upload is. Raises NotFound once it is settled."""
    found = await intakes.find_upload(pool, asset_id)
    if found is None:
        raise errors.NotFound("Nothing is awaited here: the container was finalized, deleted or given up.")
    return found


async def receive(
    pool: Pool,
    storage: Storage,
    asset_id: str,
    start: int | None,
    length: int | None,
    chunks: AsyncIterator[bytes],
) -> Turn:
    """Take bytes from `start` on, None: all of them anew; returns how far the upload is now.

    `length`: how many bytes are announced. What came before a connection was cut is kept. Raises Conflict with the
    offset to go on from when `start` is another, or when a newer request took over.
    """
    before = await progress(pool, asset_id)
    _check_length(before, start, length)
    turn = await intakes.take_turn(pool, asset_id, start)
    if turn is None:
        raise _wrong_offset(await progress(pool, asset_id))
    at, pending = turn.received_bytes, bytearray()
    with RECEIVING:
        try:
            async for chunk in chunks:
                if at + len(pending) + len(chunk) > turn.size_bytes:
                    raise _too_much(turn)
                pending += chunk
                if len(pending) >= RECEIVING.piece_bytes:
                    piece, pending = bytes(pending), bytearray()
                    at = await _keep(pool, storage, turn, at, piece)
        finally:
            if pending:
                await _keep(pool, storage, turn, at, bytes(pending))
    return await progress(pool, asset_id)


async def _keep(pool: Pool, storage: Storage, turn: Turn, start: int, piece: bytes) -> int:
    key = f"{_incoming(turn.container_id, turn.asset_id)}-{ULID()}"
    await intakes.note_stray(pool, [key])
    await storage.put_bytes(key, piece)
    if not await intakes.append(pool, turn, start, len(piece), key):
        raise _wrong_offset(await progress(pool, turn.asset_id))
    return start + len(piece)


def _check_length(upload: Turn, start: int | None, length: int | None) -> None:
    if length is None:
        return
    if start is None and length != upload.size_bytes:
        words = f"{upload.size_bytes:,} bytes were announced for this file, the request has {length:,}."
        raise errors.one_issue("Content-Length", words, "size_differs")
    if start is not None and start == upload.received_bytes and start + length > upload.size_bytes:
        raise _too_much(upload)


def _too_much(upload: Turn) -> errors.PayloadTooLarge:
    words = f"More than the {upload.size_bytes:,} bytes announced for this file."
    return errors.PayloadTooLarge(words, {"limitBytes": upload.size_bytes})


def _wrong_offset(upload: Turn) -> errors.Conflict:
    return errors.Conflict(
        f"The next byte awaited is {upload.received_bytes}.",
        {"subcode": "UPLOAD_OFFSET", "uploadOffset": upload.received_bytes},
        headers={"Upload-Offset": str(upload.received_bytes)},
    )


# Finalizing -------------------------------------------------------------------------------------------------------


async def stage_uploaded(pool: Pool, harbour: Harbour, caller: Caller, container_id: str) -> Staged | None:
    """Probe and store what was sent; None when the container is complete already.

    Raises UploadIncomplete, Conflict when the container awaits nothing, or Validation naming what is no media.
    """
    try:
        return await _stage(pool, harbour, container_id, await _status(pool, caller, container_id))
    except errors.Problem:
        if await _status(pool, caller, container_id) == "completed":
            return None  # maybe just now, by a twin
        raise


async def _status(pool: Pool, caller: Caller, container_id: str) -> str:
    async with pool.acquire(timeout=10) as connection:
        return (await commands.get(connection, caller, container_id))["status"]


async def _stage(pool: Pool, harbour: Harbour, container_id: str, status: str) -> Staged:
    items = await intakes.items(pool, container_id)
    if not items or items[0].url:
        raise _awaits_nothing(status)
    parts = await _parts(pool, harbour.storage, container_id, items)
    async with AsyncExitStack() as stack:
        sources: list[Source] = []
        for item, keys in zip(items, parts, strict=True):
            path = await stack.enter_async_context(staging.temporary_file(harbour.folder))
            try:
                await staging.write(path, _joined(harbour.storage, keys))
            except ObjectMissing as why:  # it was sent anew meanwhile
                raise _incomplete([item]) from why
            sources.append(Source(path, item.filename, item.asset_id))
        return await staging.stage(pool, harbour.storage, container_id, sources)


async def finalize(tx: Connection, caller: Caller, container_id: str, staged: Staged | None) -> list[str]:
    """Complete a container with what was staged; nothing, when it is complete already.

    Returns the keys of objects to remove after the commit.
    """
    row = await commands.get(tx, caller, container_id, lock=True)
    if row["status"] == "completed":
        return []
    if staged is None or await intakes.close(tx, container_id) is None:
        raise _awaits_nothing(row["status"])
    await staging.adopt(tx, staged)
    await intakes.complete(tx, container_id, staged.kind, staged.media)
    data = commands.told(container_id, staged.kind, len(staged.media))
    await events.append(tx, caller.event("content.completed", row["project_id"], container_id, data))
    return [_incoming(container_id, item.id) for item, _ in staged.media]


def _awaits_nothing(status: str) -> errors.Conflict:
    return errors.Conflict(
        f"The container is {status} and awaits no upload.", {"subcode": "NO_UPLOAD_AWAITED", "status": status}
    )


async def _parts(
    pool: Pool, storage: Storage, container_id: str, items: list[Item]
) -> list[list[tuple[str, int]]]:
    """Return of each file the objects it consists of, with their sizes."""
    parts: list[list[tuple[str, int]]] = []
    missing: list[Item] = []
    issues: list[Issue] = []
    for index, item in enumerate(items):
        found = await intakes.pieces(pool, item.asset_id)
        in_pieces = bool(found)
        found = found or await _direct(storage, container_id, item)
        size = sum(length for _, length in found)
        if found and not in_pieces and size != item.size_bytes:
            words = f"{item.filename}: {item.size_bytes:,} bytes were announced, {size:,} were sent. Send it again."
            issues.append(Issue(f"files[{index}].sizeBytes", words, "size_differs"))
        elif size != item.size_bytes:
            missing.append(item)
        parts.append(found)
    if issues:
        raise errors.Validation(issues)
    if missing:
        raise _incomplete(missing)
    return parts


async def _direct(storage: Storage, container_id: str, item: Item) -> list[tuple[str, int]]:
    """Return what was put straight into the store."""
    key = _incoming(container_id, item.asset_id)
    try:
        return [(key, await storage.size(key))]
    except ObjectMissing:
        return []


def _incomplete(missing: list[Item]) -> errors.UploadIncomplete:
    assets = [
        {
            "assetId": item.asset_id,
            "filename": item.filename,
            "sizeBytes": item.size_bytes,
            "receivedBytes": item.received_bytes,
        }
        for item in missing
    ]
    names = ", ".join(item.filename for item in missing)
    return errors.UploadIncomplete(f"Bytes are missing of: {names}.", {"assets": assets})


async def _joined(storage: Storage, objects: list[tuple[str, int]]) -> AsyncIterator[bytes]:
    for key, size in objects:
        async for chunk in storage.stream(key, 0, size):
            yield chunk

"""Where media lies: a folder on this machine, or a bucket named by URL.

Objects are written once, whole, under keys the caller makes, and never changed.
Nothing here knows what is inside them.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, LocalStore, ObjectStoreMethods, S3Store, from_url
from ulid import ULID

MIB = 1024 * 1024
PART_BYTES = 5 * MIB
"""The smallest part a multipart upload may have on S3."""
PARTS_AT_ONCE = 4
CHECK_SECONDS = 20


class StorageError(Exception):
    """The object store cannot do what was asked; the words say what and how to mend it."""


class ObjectMissing(StorageError):  # noqa: N818
    """There is no object under `key`."""

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no stored object {key!r}; it was deleted, or the storage is another one.")
        self.key = key


def open_storage(url: str, data_dir: Path) -> "Storage":
    """Open the store at `url` (`file:///…`, `s3://…`, `gs://…`, `az://…`); empty: `data_dir/media`.

    Clouds take their credentials from their usual environment variables. Opens no connection.
    Raises StorageError for a URL that names no store that lasts.
    """
    if not url:
        folder = data_dir / "media"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as why:
            raise StorageError(f"The folder {folder} cannot be made ({why.strerror}); use another.") from why
        return Storage(LocalStore(folder))
    scheme = url.partition(":")[0].lower()
    if scheme == "memory":
        raise StorageError("A memory: store forgets all media; use file:///, s3://, gs:// or az://.")
    try:
        return Storage(from_url(url, mkdir=True) if scheme == "file" else from_url(url))
    except (BaseError, ValueError) as why:
        raise StorageError(
            f"The storage URL with scheme {scheme!r} cannot be opened ({_first_line(why)}); "
            "use file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://account/container/prefix."
        ) from why


@dataclass(frozen=True, slots=True)
class PutLink:
    """A signed address of the store itself, and the headers it demands."""

    url: str
    headers: Mapping[str, str]


class Storage:
    """One object store. Every method may raise StorageError when the store is away or refuses."""

    def __init__(self, store: ObjectStoreMethods) -> None:
        self._store = store

    async def put_file(self, key: str, path: Path) -> None:
        """Store the file at `path` whole or not at all, durably, holding at most 20 MiB in memory.

        An object already under `key` is replaced at once. Raises FileNotFoundError when there is no file.
        """
        with _translated(key, reading=False):
            await self._store.put_async(key, path, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE)
        if isinstance(self._store, LocalStore) and self._store.prefix is not None:
            await asyncio.to_thread(_flush_to_disk, self._store.prefix, key)

    async def put_bytes(self, key: str, content: bytes) -> None:
        """Store a few bytes whole or not at all, durably."""
        with _translated(key):
            await self._store.put_async(key, content, use_multipart=False)
        if isinstance(self._store, LocalStore) and self._store.prefix is not None:
            await asyncio.to_thread(_flush_to_disk, self._store.prefix, key)

    async def link_to_put(self, key: str, life: timedelta) -> "PutLink | None":
        """Return where anybody may PUT the object for that long; None where the store takes nothing from outside."""
        if not isinstance(self._store, S3Store | GCSStore | AzureStore):
            return None
        headers = {"x-ms-blob-type": "BlockBlob"} if isinstance(self._store, AzureStore) else {}
        with _translated(key):
            return PutLink(await obstore.sign_async(self._store, "PUT", key, life), headers)

    async def origin(self) -> str | None:
        """Return scheme and host of the links to put; None where the store takes nothing from outside."""
        link = await self.link_to_put("origin", timedelta(minutes=1))
        return "://".join(urlsplit(link.url)[:2]) if link else None

    async def read(self, key: str, start: int, length: int) -> bytes:
        """Return exactly `length` bytes from `start`. Raises ObjectMissing, or StorageError past the end."""
        if length == 0:
            await self.size(key)
            return b""
        with _translated(key):
            found = bytes(await self._store.get_range_async(key, start=start, length=length))
        if len(found) != length:
            raise StorageError(
                f"{key!r} ends {length - len(found)} bytes early; its media must be sent again."
            )
        return found

    async def stream(self, key: str, start: int, length: int, chunk: int = MIB) -> AsyncIterator[bytes]:
        """Yield exactly `length` bytes from `start` in pieces of at most `chunk` bytes.

        Each piece is a request of its own, so a slow reader never runs into the store's time-out.
        """
        end = start + length
        for at in range(start, end, chunk):
            yield await self.read(key, at, min(chunk, end - at))

    async def size(self, key: str) -> int:
        """Return the object's size in bytes. Raises ObjectMissing."""
        with _translated(key):
            return (await self._store.head_async(key))["size"]

    async def delete(self, key: str) -> None:
        """Delete the object; one that is not there is as good as deleted."""
        with suppress(ObjectMissing), _translated(key):
            await self._store.delete_async(key)

    async def check(self) -> None:
        """Write, read and delete a small object. Raises StorageError when any of it fails or takes 20 s."""
        key = f"check/{ULID()}"
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                with _translated(key):
                    await self._store.put_async(key, key.encode())
                found = await self.read(key, 0, len(key))
                await self.delete(key)
        except TimeoutError as why:
            raise StorageError(f"The object store does not answer within {CHECK_SECONDS} s.") from why
        if found != key.encode():
            raise StorageError("The object store gave back other bytes than were written.")


@contextmanager
def _translated(key: str, *, reading: bool = True) -> Generator[None]:
    try:
        yield
    except FileNotFoundError as why:
        if reading:
            raise ObjectMissing(key) from why
        raise
    except BaseError as why:
        raise StorageError(f"The object store failed on {key!r}: {_first_line(why)}") from why


def _first_line(why: Exception) -> str:
    return str(why).partition("\n")[0]


def _flush_to_disk(prefix: Path, key: str) -> None:
    """Make a file and its name survive a power cut; a local store itself leaves both to the system."""
    path = prefix / key
    for flushed in (path, *(parent for parent in path.parents if parent.is_relative_to(prefix))):
        descriptor = os.open(flushed, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

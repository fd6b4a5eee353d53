"""The object store on a real disk: whole objects only, exact ranges, clear errors."""

import asyncio
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import layers
from layers.storage import MIB, ObjectMissing, Storage, StorageError, open_storage

CONTENT = bytes(range(256)) * 40_000  # 10.24 MB: more than one part


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return open_storage("", tmp_path)


def source(tmp_path: Path, content: bytes = CONTENT) -> Path:
    path = tmp_path / "source"
    path.write_bytes(content)
    return path


async def test_what_is_put_is_read_back(storage: Storage, tmp_path: Path) -> None:
    await storage.put_file("cnt_1/a", source(tmp_path))
    assert await storage.size("cnt_1/a") == len(CONTENT)
    assert await storage.read("cnt_1/a", 0, len(CONTENT)) == CONTENT
    assert (tmp_path / "media" / "cnt_1" / "a").read_bytes() == CONTENT


async def test_only_the_owner_may_look_into_the_folder(storage: Storage, tmp_path: Path) -> None:
    await storage.check()
    assert (tmp_path / "media").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 0), (0, 1), (len(CONTENT) - 1, 1), (len(CONTENT), 0), (MIB - 1, 2), (5, 3 * MIB), (0, len(CONTENT))],
)
async def test_ranges_are_exact(storage: Storage, tmp_path: Path, start: int, length: int) -> None:
    await storage.put_file("a", source(tmp_path))
    assert await storage.read("a", start, length) == CONTENT[start : start + length]
    pieces = [piece async for piece in storage.stream("a", start, length)]
    assert b"".join(pieces) == CONTENT[start : start + length]
    assert all(0 < len(piece) <= MIB for piece in pieces)


@pytest.mark.parametrize(
    ("start", "length"), [(len(CONTENT) - 1, 2), (len(CONTENT), 1), (len(CONTENT) * 3, 9)]
)
async def test_a_range_past_the_end_is_no_short_answer(
    storage: Storage, tmp_path: Path, start: int, length: int
) -> None:
    await storage.put_file("a", source(tmp_path))
    with pytest.raises(StorageError, match="'a'"):
        await storage.read("a", start, length)


async def test_an_empty_file_is_an_object(storage: Storage, tmp_path: Path) -> None:
    await storage.put_file("empty", source(tmp_path, b""))
    assert await storage.size("empty") == 0
    assert [piece async for piece in storage.stream("empty", 0, 0)] == []


async def test_a_missing_object_is_named(storage: Storage) -> None:
    for asked in (storage.size("no/such"), storage.read("no/such", 0, 1), storage.read("no/such", 0, 0)):
        with pytest.raises(ObjectMissing, match="no/such") as caught:
            await asked
        assert caught.value.key == "no/such"
    with pytest.raises(ObjectMissing):
        await anext(storage.stream("no/such", 0, 1))


async def test_deleting_twice_is_deleting(storage: Storage, tmp_path: Path) -> None:
    await storage.put_file("a", source(tmp_path))
    await storage.delete("a")
    await storage.delete("a")
    with pytest.raises(ObjectMissing):
        await storage.size("a")


async def test_putting_again_replaces_at_once(storage: Storage, tmp_path: Path) -> None:
    await storage.put_file("a", source(tmp_path, b"old"))
    await storage.put_file("a", source(tmp_path, b"newer"))
    assert await storage.read("a", 0, 5) == b"newer"


async def test_a_missing_source_leaves_no_object(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await storage.put_file("a", tmp_path / "nothing")
    with pytest.raises(ObjectMissing):
        await storage.size("a")


async def test_a_reader_sees_the_whole_object_or_none(storage: Storage, tmp_path: Path) -> None:
    big = source(tmp_path, CONTENT * 6)
    putting = asyncio.ensure_future(storage.put_file("big", big))
    seen: set[int] = set()
    while not putting.done():
        try:
            seen.add(await storage.size("big"))
        except ObjectMissing:
            seen.add(-1)
    await putting
    assert -1 in seen
    assert seen <= {-1, len(CONTENT) * 6}


async def test_a_cancelled_put_shows_nothing(storage: Storage, tmp_path: Path) -> None:
    putting = asyncio.ensure_future(storage.put_file("big", source(tmp_path, CONTENT * 6)))
    await asyncio.sleep(0.001)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    try:
        assert await storage.size("big") == len(CONTENT) * 6  # it was faster than the cancellation
    except ObjectMissing:
        assert not (tmp_path / "media" / "big").exists()


# A process of its own: the peak of this one may be higher already.
PASS_LARGE_OBJECT = """
import asyncio, hashlib, resource, sys
from pathlib import Path
from layers.storage import MIB, open_storage

async def main(folder):
    storage, digest = open_storage("", folder), hashlib.sha256()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await storage.put_file("large", folder / "large")
    async for piece in storage.stream("large", 0, 400 * MIB):
        digest.update(piece)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(digest.hexdigest(), grown // (MIB if sys.platform == "darwin" else 1024))

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_large_object_passes_through_little_memory(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(400 * MIB)
        file.seek(123 * MIB)
        file.write(b"not only zeros")
    with (tmp_path / "large").open("rb") as file:
        expected = hashlib.file_digest(file, "sha256").hexdigest()
    done = subprocess.run(
        [sys.executable, "-c", PASS_LARGE_OBJECT, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(Path(layers.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    digest, grown_mib = done.stdout.split()
    assert digest == expected
    assert int(grown_mib) < 80


async def test_a_file_url_is_a_folder_made_on_demand(tmp_path: Path) -> None:
    storage = open_storage(f"file://{tmp_path}/elsewhere", tmp_path / "unused")
    await storage.put_file("a", source(tmp_path, b"x"))
    assert (tmp_path / "elsewhere" / "a").read_bytes() == b"x"
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize("url", ["nonsense", "ftp://host/folder", "s3://", "memory:///", "gs:"])
def test_a_url_that_is_no_lasting_store_is_refused_with_a_remedy(tmp_path: Path, url: str) -> None:
    with pytest.raises(StorageError, match="s3://"):
        open_storage(url, tmp_path)


async def test_check_leaves_nothing_behind(storage: Storage, tmp_path: Path) -> None:
    await storage.check()
    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []


async def test_check_names_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    storage = open_storage("", tmp_path)
    (tmp_path / "media" / "check").write_text("a file where a folder must be")
    with pytest.raises(StorageError, match="check/"):
        await storage.check()


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file/media cannot be made"):
        open_storage("", tmp_path / "file")


@pytest.mark.parametrize("key", ["ä b/ü", "100%", "a%20b", "org_01/cnt_01/ast_01.mp4"])
async def test_any_tidy_key_will_do(storage: Storage, tmp_path: Path, key: str) -> None:
    await storage.put_file(key, source(tmp_path, b"x"))
    assert await storage.read(key, 0, 1) == b"x"
    await storage.delete(key)

"""The object store, and uploads past the API, on a server that speaks S3."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from s3_server import serving_s3

from layers.app import Shared, harbour_of, share
from layers.content.fetching import clear_away
from layers.settings import Settings
from layers.storage import MIB, ObjectMissing, Storage, StorageError, open_storage

CONTENT = bytes(range(256)) * 40_000  # 10.24 MB: more than one part
URL = "s3://media/some/prefix"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A bucket; gives the folder the server keeps it in."""
    folder = tmp_path_factory.mktemp("s3")
    with serving_s3(folder) as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield folder


@pytest.fixture
def storage(bucket: Path, tmp_path: Path) -> Storage:
    return open_storage(URL, tmp_path)


@pytest.fixture
def shared(bucket: Path, database_url: str, tmp_path: Path) -> Shared:
    """An installation that keeps its media in the bucket."""
    settings = Settings(data_dir=tmp_path / "data", storage_url=URL, public_url="http://layers.test")
    return share(settings, database_url)


def keys_in(bucket: Path, part: str) -> list[str]:
    """The names of what the bucket holds with `part` in its key."""
    return [str(p) for p in bucket.rglob("*_object") if part in str(p)]


async def test_what_is_put_is_read_back(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(CONTENT)
    await storage.put_file("cnt_1/a", tmp_path / "source")
    await storage.put_bytes("cnt_1/b", CONTENT[:10])
    assert (await storage.size("cnt_1/a"), await storage.size("cnt_1/b")) == (len(CONTENT), 10)
    assert await storage.read("cnt_1/a", 5, 3 * MIB) == CONTENT[5 : 5 + 3 * MIB]
    assert b"".join([piece async for piece in storage.stream("cnt_1/a", 0, len(CONTENT))]) == CONTENT
    with pytest.raises(StorageError):
        await storage.read("cnt_1/a", len(CONTENT) - 1, 2)
    for _ in range(2):
        await storage.delete("cnt_1/a")
    with pytest.raises(ObjectMissing):
        await storage.size("cnt_1/a")


async def test_check_leaves_nothing_behind(storage: Storage, bucket: Path) -> None:
    await storage.check()
    assert keys_in(bucket, "check/") == []


async def test_a_store_that_is_away_is_named(bucket: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="check/"):
        await open_storage("s3://no-such-bucket", tmp_path).check()


async def test_a_link_to_put_is_for_one_object_and_a_while(storage: Storage, session) -> None:
    link = await storage.link_to_put("incoming/a", timedelta(minutes=5))
    assert link
    assert "/media/some/prefix/incoming/a?" in link.url
    assert "X-Amz-Expires=300" in link.url
    async with session.put(link.url, data=b"hello", headers=link.headers) as answer:
        assert answer.status == 200
    assert await storage.read("incoming/a", 0, 5) == b"hello"


# Uploads past the API -----------------------------------------------------------------------------------


async def open_upload(client, size: int) -> dict:
    body = {"files": [{"filename": "a.jpg", "contentType": "image/jpeg", "sizeBytes": size}]}
    return await client.made(f"/v1/projects/{await client.project()}/content/uploads", body)


async def test_bytes_go_past_the_api_and_are_out_of_reach_once_final(
    client, pool, shared, session: aiohttp.ClientSession, bucket: Path, image: Path
) -> None:
    photo = image.read_bytes()  # noqa: ASYNC240
    opened = await open_upload(client, len(photo))
    (upload,) = opened["uploads"]
    assert urlsplit(upload["uploadUrl"]).hostname == "127.0.0.1"
    assert urlsplit(upload["resumableUrl"]).hostname == "layers.test"
    finalize = f"/v1/content/{opened['containerId']}/finalize-upload"

    async def put(content: bytes) -> None:
        async with session.put(upload["uploadUrl"], data=content, headers=upload["headers"]) as answer:
            assert answer.status == 200

    missing = await client.post(finalize)
    assert (missing.status, missing.code) == (409, "UPLOAD_INCOMPLETE")
    await put(photo + b"!")
    wrong = await client.post(finalize)
    assert (wrong.status, wrong.issues) == (422, {("files[0].sizeBytes", "size_differs")})
    await put(photo)
    done = await client.post(finalize)
    assert (done.status, done["status"]) == (200, "completed")
    await put(b"evil")
    parts = urlsplit(done["assets"][0]["url"])
    async with session.get(f"{client.origin}{parts.path}?{parts.query}") as answer:
        assert await answer.read() == photo
    await pool.execute("UPDATE stray_objects SET delete_after = now()")
    await clear_away(pool, harbour_of(shared))
    assert len(keys_in(bucket, opened["containerId"])) == 1
    assert keys_in(bucket, f"incoming/{opened['containerId']}") == []


async def test_pieces_are_kept_in_the_bucket(
    client, session: aiohttp.ClientSession, bucket: Path, image: Path
) -> None:
    photo = image.read_bytes()  # noqa: ASYNC240
    opened = await open_upload(client, len(photo))
    parts = urlsplit(opened["uploads"][0]["resumableUrl"])
    for start, end in ((0, 10_000), (10_000, len(photo))):
        async with session.patch(
            f"{client.origin}{parts.path}?{parts.query}",
            data=photo[start:end],
            headers={"Upload-Offset": str(start)},
        ) as answer:
            assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(end))
    assert len(keys_in(bucket, f"incoming/{opened['containerId']}")) >= 2
    done = await client.post(f"/v1/content/{opened['containerId']}/finalize-upload")
    assert (done.status, done["assets"][0]["sizeBytes"]) == (200, len(photo))

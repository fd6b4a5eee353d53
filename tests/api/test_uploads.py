"""Containers whose files are sent afterwards: signed links, pieces, cut connections, finalizing, giving up."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from layers.app import harbour_of
from layers.content import uploads
from layers.content.fetching import clear_away
from layers.samples import make_image


@pytest.fixture
def photo(image: Path) -> bytes:
    """The bytes of a real JPEG."""
    return image.read_bytes()


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> int:
    """Pieces small enough for a photo to have several."""
    monkeypatch.setattr(uploads, "PIECE_BYTES", 8_000)
    return 8_000


def announced(size: int, filename: str = "photo.jpg", content_type: str = "image/jpeg") -> dict:
    return {"filename": filename, "contentType": content_type, "sizeBytes": size}


async def open_upload(client, *files: dict, project: str = "", **fields: str) -> dict:
    project = project or await client.project()
    return await client.made(f"/v1/projects/{project}/content/uploads", {"files": list(files), **fields})


async def send(client, upload: dict, content: object, method: str = "PUT", **headers: str):
    """Send bytes to our own link, without a key."""
    parts = urlsplit(upload["resumableUrl"])
    async with client.session.request(
        method,
        f"{client.origin}{parts.path}?{parts.query}",
        data=content,
        headers=upload["headers"] | headers,
    ) as answer:
        return answer.status, answer.headers, await answer.read()


async def offset(client, upload: dict) -> int:
    status, headers, _ = await send(client, upload, None, "HEAD")
    assert status == 204
    return int(headers["Upload-Offset"])


async def until_at(client, upload: dict, wanted: int) -> None:
    """Wait until so many bytes have come."""
    async with asyncio.timeout(10):
        while await offset(client, upload) != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def finalize(client, opened: dict, **options):
    return await client.post(f"/v1/content/{opened['containerId']}/finalize-upload", **options)


async def stored(client, container: dict) -> list[bytes]:
    """The bytes behind the links of a container's assets."""
    found = []
    for asset in container["assets"]:
        parts = urlsplit(asset["url"])
        async with client.session.get(f"{client.origin}{parts.path}?{parts.query}") as answer:
            found.append(await answer.read())
    return found


async def event_types(pool, container_id: str) -> list[str]:
    rows = await pool.fetch("SELECT type FROM events WHERE subject_id = $1 ORDER BY position", container_id)
    return [row["type"] for row in rows]


# The way it is meant -------------------------------------------------------------------------------------


async def test_sent_files_become_a_container(client, pool, photo: bytes, video: Path) -> None:
    film = await asyncio.to_thread(video.read_bytes)
    files = [announced(len(photo)), announced(len(film), "clip.mp4", "video/mp4")]
    opened = await open_upload(client, *files, caption="Two", firstComment="first!")
    assert opened.keys() == {"containerId", "uploads"}
    assert all(
        upload.keys() == {"assetId", "uploadUrl", "method", "headers", "expiresAt", "resumableUrl"}
        and upload["method"] == "PUT"
        for upload in opened["uploads"]
    )
    before = (await client.get(f"/v1/content/{opened['containerId']}")).json
    assert (before["status"], before["kind"], before["assets"]) == ("queued", "carousel", [])
    assert (before["caption"], before["firstComment"]) == ("Two", "first!")
    for upload, content in zip(opened["uploads"], (photo, film), strict=True):
        status, headers, _ = await send(client, upload, content)
        assert (status, headers["Upload-Complete"]) == (204, "?1")
    done = await finalize(client, opened)
    assert (done.status, done["status"], done["kind"]) == (200, "completed", "carousel")
    assert [asset["id"] for asset in done["assets"]] == [upload["assetId"] for upload in opened["uploads"]]
    assert await stored(client, done.json) == [photo, film]
    assert done["completedAt"]
    assert await event_types(pool, opened["containerId"]) == ["content.queued", "content.completed"]


async def test_finalizing_again_does_nothing(client, pool, photo: bytes) -> None:
    opened = await open_upload(client, announced(len(photo)))
    await send(client, opened["uploads"][0], photo)
    both = await asyncio.gather(finalize(client, opened), finalize(client, opened))
    again = await finalize(client, opened)
    assert {answer.status for answer in (*both, again)} == {200}
    assert {answer["status"] for answer in (*both, again)} == {"completed"}
    assert (await event_types(pool, opened["containerId"])).count("content.completed") == 1
    assert await stored(client, again.json) == [photo]


async def test_a_finalize_with_a_key_is_replayed(client, photo: bytes) -> None:
    opened = await open_upload(client, announced(len(photo)))
    await send(client, opened["uploads"][0], photo)
    first = await finalize(client, opened, idempotency_key="once")
    again = await finalize(client, opened, idempotency_key="once")
    assert again.raw == first.raw
    assert again.headers["idempotent-replayed"] == "true"


async def test_nothing_is_published_before_it_is_complete(client, photo: bytes) -> None:
    project = await client.project()
    await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": True})
    account = await client.account(project)
    opened = await open_upload(client, announced(len(photo)), project=project)
    container = opened["containerId"]
    for answer in (
        await client.publish(container, account),
        await client.post(f"/v1/content/{container}/approve"),
        await client.post(f"/v1/content/{container}/reject", {"reason": "no"}),
    ):
        assert (answer.status, answer.details["subcode"]) == (409, "CONTAINER_NOT_COMPLETED")
    await send(client, opened["uploads"][0], photo)
    await finalize(client, opened)
    assert (await client.post(f"/v1/content/{container}/approve")).status == 200


# Refusals ------------------------------------------------------------------------------------------------


async def test_all_faults_are_named_at_once(client) -> None:
    files = [
        announced(30_000_001),
        announced(1, "a.pdf", "application/pdf"),
        announced(1_000_000_001, "long.mp4", "video/mp4"),
        announced(30_000_000),
    ]
    path = f"/v1/projects/{await client.project()}/content/uploads"
    answer = await client.post(path, {"files": files})
    assert answer.status == 422
    assert answer.issues == {
        ("files[0].sizeBytes", "too_large"),
        ("files[1].contentType", "invalid_value"),
        ("files[2].sizeBytes", "too_large"),
    }
    for wrong in ([], [announced(5)] * 11, [announced(0)], [{"filename": "a.jpg"}]):
        assert (await client.post(path, {"files": wrong})).status == 422


async def test_what_has_not_come_is_named(client, small_pieces: int, photo: bytes) -> None:
    opened = await open_upload(client, announced(len(photo)), announced(len(photo), "second.jpg"))
    first, second = opened["uploads"]
    await send(client, first, photo)
    await send(client, second, photo[:9_000], "PATCH", **{"Upload-Offset": "0"})
    answer = await finalize(client, opened)
    assert (answer.status, answer.code) == (409, "UPLOAD_INCOMPLETE")
    assert answer.details["assets"] == [
        {
            "assetId": second["assetId"],
            "filename": "second.jpg",
            "sizeBytes": len(photo),
            "receivedBytes": 9_000,
        }
    ]
    await send(client, second, photo[9_000:], "PATCH", **{"Upload-Offset": "9000"})
    assert (await finalize(client, opened)).status == 200


async def test_what_is_no_media_is_refused_and_may_be_sent_anew(client, pool, photo: bytes) -> None:
    opened = await open_upload(client, announced(len(photo)))
    (upload,) = opened["uploads"]
    await send(client, upload, b"x" * len(photo))
    answer = await finalize(client, opened)
    assert (answer.status, answer.issues) == (422, {("files[0]", "unreadable_media")})
    await send(client, upload, photo)
    done = await finalize(client, opened)
    assert await stored(client, done.json) == [photo]


async def test_another_size_than_announced_is_refused(client, photo: bytes) -> None:
    (upload,) = (await open_upload(client, announced(len(photo))))["uploads"]

    async def longer() -> AsyncIterator[bytes]:
        yield photo
        yield b"more"

    assert (await send(client, upload, photo[:-1]))[0] == 422
    assert (await send(client, upload, longer()))[0] == 413
    at = await offset(client, upload)
    more = b"x" * (len(photo) - at + 1)
    assert (await send(client, upload, more, "PATCH", **{"Upload-Offset": str(at)}))[0] == 413
    assert (await send(client, upload, b"x", "PATCH", **{"Upload-Offset": "soon"}))[0] == 422
    assert (await send(client, upload, photo))[0] == 204


@pytest.mark.parametrize("spoil", [lambda q: q.replace("expires=", "expires=1"), lambda q: q[:-1] + "!"])
async def test_an_altered_link_takes_nothing(client, photo: bytes, spoil) -> None:
    opened = await open_upload(client, announced(len(photo)))
    (upload,) = opened["uploads"]
    altered = upload | {"resumableUrl": spoil(upload["resumableUrl"])}
    for method in ("PUT", "PATCH", "HEAD"):
        assert (await send(client, altered, photo, method, **{"Upload-Offset": "0"}))[0] == 404
    assert await offset(client, upload) == 0


async def test_uploads_of_others_do_not_exist(client, join, photo: bytes) -> None:
    opened = await open_upload(client, announced(len(photo)))
    stranger = await join("Somebody else")
    assert (await finalize(stranger, opened)).status == 404
    assert (
        await stranger.post(
            f"/v1/projects/{await client.project()}/content/uploads", {"files": [announced(5)]}
        )
    ).status == 404


async def test_a_text_awaits_no_upload_but_is_complete(client) -> None:
    text = await client.text(await client.project())
    assert (await finalize(client, {"containerId": text})).status == 200


# In pieces -----------------------------------------------------------------------------------------------


async def test_a_cut_upload_goes_on_where_it_ended(
    client, pool, shared, small_pieces: int, photo: bytes
) -> None:
    opened = await open_upload(client, announced(len(photo)))
    (upload,) = opened["uploads"]

    async def cut() -> AsyncIterator[bytes]:
        yield photo[:small_pieces]
        await until_at(client, upload, small_pieces)
        raise ConnectionError("the line is cut")

    with pytest.raises(OSError):
        await send(client, upload, cut())

    async def cut_again() -> AsyncIterator[bytes]:
        yield photo[small_pieces : small_pieces + 5]
        raise ConnectionError("and again")

    with pytest.raises(ConnectionError):
        await uploads.receive(pool, shared.storage, upload["assetId"], small_pieces, None, cut_again())
    at = await offset(client, upload)
    assert at == small_pieces + 5  # the last, short piece is kept as well
    wrong, headers, _ = await send(client, upload, b"zz", "PATCH", **{"Upload-Offset": str(at - 1)})
    assert (wrong, headers["Upload-Offset"]) == (409, str(at))
    status, headers, _ = await send(client, upload, photo[at:], "PATCH", **{"Upload-Offset": str(at)})
    assert (status, headers["Upload-Complete"], headers["Upload-Length"]) == (204, "?1", str(len(photo)))
    assert await stored(client, (await finalize(client, opened)).json) == [photo]


async def test_the_newest_request_takes_over(client, small_pieces: int, photo: bytes) -> None:
    """A connection that hangs must not keep its caller from going on over another one."""
    opened = await open_upload(client, announced(len(photo)))
    (upload,) = opened["uploads"]
    go_on = asyncio.Event()

    async def hanging() -> AsyncIterator[bytes]:
        yield photo[:small_pieces]
        await go_on.wait()
        yield b"x" * (small_pieces * 2)

    old = asyncio.create_task(send(client, upload, hanging(), "PATCH", **{"Upload-Offset": "0"}))
    await until_at(client, upload, small_pieces)
    rest = photo[small_pieces:]
    assert (await send(client, upload, rest, "PATCH", **{"Upload-Offset": str(small_pieces)}))[0] == 204
    go_on.set()
    assert (await old)[0] == 409
    assert await stored(client, (await finalize(client, opened)).json) == [photo]


async def test_sending_anew_replaces_what_came_before(
    client, pool, small_pieces: int, tmp_path: Path
) -> None:
    one, two = (make_image(tmp_path / f"{n}.jpg", (300 + n, 400)).read_bytes() for n in range(2))
    size = max(len(one), len(two))
    one, two = one.ljust(size, b"\0"), two.ljust(size, b"\0")
    opened = await open_upload(client, announced(size))
    (upload,) = opened["uploads"]
    await send(client, upload, one)
    await send(client, upload, two)
    assert await stored(client, (await finalize(client, opened)).json) == [two]


# What is left behind -------------------------------------------------------------------------------------


def objects(shared, container_id: str) -> list[Path]:
    """What the store holds of a container."""
    media = shared.settings.data_dir / "media"
    return [path for path in media.rglob("*") if path.is_file() and container_id in str(path)]


async def test_pieces_are_cleared_away_and_the_media_stays(client, pool, shared, photo: bytes) -> None:
    opened = await open_upload(client, announced(len(photo)))
    (upload,) = opened["uploads"]
    await send(client, upload, photo[:9_000], "PATCH", **{"Upload-Offset": "0"})
    await send(client, upload, photo[9_000:], "PATCH", **{"Upload-Offset": "9000"})
    assert len(objects(shared, opened["containerId"])) >= 2
    await finalize(client, opened)
    await pool.execute("UPDATE stray_objects SET delete_after = now()")
    await clear_away(pool, harbour_of(shared))
    assert len(objects(shared, opened["containerId"])) == 1
    container = await client.get(f"/v1/content/{opened['containerId']}")
    assert await stored(client, container.json) == [photo]
    assert await pool.fetchval("SELECT count(*) FROM stray_objects") == 0
    assert list(harbour_of(shared).folder.iterdir()) == []


async def test_an_abandoned_upload_is_canceled(client, pool, shared, small_pieces: int, photo: bytes) -> None:
    opened = await open_upload(client, announced(len(photo)))
    (upload,) = opened["uploads"]
    await send(client, upload, photo[:20_000], "PATCH", **{"Upload-Offset": "0"})
    await clear_away(pool, harbour_of(shared))
    assert await offset(client, upload) == 20_000  # not yet
    await pool.execute("UPDATE intakes SET expires_at = now() - interval '2 hours'")
    await clear_away(pool, harbour_of(shared))
    container = await client.get(f"/v1/content/{opened['containerId']}")
    assert container["status"] == "canceled"
    assert objects(shared, opened["containerId"]) == []
    assert (await send(client, upload, photo))[0] == 404
    answer = await finalize(client, opened)
    assert (answer.status, answer.details["subcode"]) == (409, "NO_UPLOAD_AWAITED")
    assert (await event_types(pool, opened["containerId"]))[-1] == "content.canceled"


async def test_a_deleted_container_takes_its_pieces_along(client, pool, shared, photo: bytes) -> None:
    opened = await open_upload(client, announced(len(photo)))
    (upload,) = opened["uploads"]
    await send(client, upload, photo)
    assert (await client.delete(f"/v1/content/{opened['containerId']}")).status == 200
    await clear_away(pool, harbour_of(shared))
    assert objects(shared, opened["containerId"]) == []
    assert (await send(client, upload, photo))[0] == 404
    assert (await finalize(client, opened)).status == 404


async def test_what_is_staged_for_nobody_is_swept(client, pool, shared, image: Path, monkeypatch) -> None:
    """The project is archived between the look at it and the transaction: the media is stored, no row refers to it."""
    project = await client.project()
    await pool.execute("DELETE FROM stray_objects")
    stage = uploads.staging.stage

    async def archive_then_stage(*given):
        await client.delete(f"/v1/projects/{project}")
        return await stage(*given)

    monkeypatch.setattr("layers.content.routes.stage", archive_then_stage)
    assert (await client.upload(project, image)).status == 409
    (key,) = [row["object_key"] for row in await pool.fetch("SELECT object_key FROM stray_objects")]
    assert objects(shared, key)
    await pool.execute("UPDATE stray_objects SET delete_after = now()")
    await clear_away(pool, harbour_of(shared))
    assert objects(shared, key) == []


def resident_peak() -> int:
    """The highest resident memory of this process since it was last reset, in bytes."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak can be reset on Linux alone")
async def test_many_uploads_share_the_memory_of_one_process(client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty senders stop short of a piece and wait: what they hold together is not twenty times what one may."""
    monkeypatch.setattr(uploads, "PIECE_BYTES", 800_000)
    monkeypatch.setattr(uploads, "MEMORY_BYTES", 1_600_000)
    monkeypatch.setattr(uploads, "LEAST_PIECE_BYTES", 50_000)
    sent, stop = 700_000, asyncio.Event()
    opened = [(await open_upload(client, *[announced(2_000_000)] * 10))["uploads"] for _ in range(2)]

    async def stalled() -> AsyncIterator[bytes]:
        for _ in range(7):
            yield bytes(sent // 7)
            await asyncio.sleep(0.05)
        await stop.wait()

    async def held() -> int:
        return sum([sent - await offset(client, upload) for some in opened for upload in some])

    sending = [
        asyncio.create_task(send(client, upload, stalled(), "PATCH", **{"Upload-Offset": "0"}))
        for some in opened
        for upload in some
    ]
    async with asyncio.timeout(20):
        while await held() > 3_200_000:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    stop.set()
    await asyncio.gather(*sending)


async def test_a_large_upload_passes_through_little_memory(client, tmp_path: Path, video: Path) -> None:
    size = 128_000_000
    film = await asyncio.to_thread(video.read_bytes)
    film += (size - len(film)).to_bytes(4, "big") + b"free"  # a box that players skip, as long as the rest

    async def padded() -> AsyncIterator[bytes]:
        yield film
        left = size - len(film)
        while left:
            yield bytes(min(left, 500_000))
            left -= min(left, 500_000)

    opened = await open_upload(client, announced(size, "long.mp4", "video/mp4"))
    Path("/proc/self/clear_refs").write_text("5")  # noqa: ASYNC240
    before = resident_peak()
    assert (await send(client, opened["uploads"][0], padded()))[0] == 204
    done = await finalize(client, opened)
    assert (done.status, done["assets"][0]["sizeBytes"]) == (200, size)
    # Sender and receiver are both in this process, and what is freed is not given back at once.
    assert resident_peak() - before < size * 0.75

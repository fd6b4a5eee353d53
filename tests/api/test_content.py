"""Containers: text and real media in, what fits where, links to the bytes, lists, changes, deletion."""

import asyncio
import hashlib
import json
import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from arrange import Z, ahead, make_failed, make_publishing, make_status
from yarl import URL

from layers.samples import make_image

ASSET = {
    *("id", "kind", "url", "mimeType", "width", "height", "durationMs", "sizeBytes", "sha256"),
}


@pytest.fixture
def photo(image: Path) -> bytes:
    """The bytes of a real JPEG."""
    return image.read_bytes()


@pytest.fixture
def film(video: Path) -> bytes:
    """The bytes of a real video."""
    return video.read_bytes()


def stored_files(shared, asset_id: str) -> list[Path]:
    """Where an asset's bytes lie."""
    return list(shared.settings.data_dir.rglob(f"*{asset_id}*"))


def left_in(shared) -> list[Path]:
    """What uploads left behind."""
    return list((shared.settings.data_dir / "incoming").glob("*"))


async def send_form(client, project: str, *parts: tuple[str, bytes | str, str | None]):
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value, filename in parts:
        form.add_field(name, value, filename=filename)
    return await client.post(f"/v1/projects/{project}/content", data=form)


# Text ------------------------------------------------------------------------------------------------


async def test_a_text_is_a_completed_container(client) -> None:
    project = await client.project()
    body = {"kind": "text", "caption": "Grüße 👨‍👩‍👧", "firstComment": "first!"}
    answer = await client.post(f"/v1/projects/{project}/content", body)
    assert answer.status == 201
    assert answer.json.keys() == {
        *("id", "projectId", "status", "kind", "caption", "firstComment", "assets", "approvalStatus"),
        *("pendingSchedule", "platformFit", "createdAt", "completedAt", "failedAt", "lastError"),
    }
    assert body.items() <= answer.json.items()
    assert (answer["status"], answer["assets"], answer["projectId"]) == ("completed", [], project)
    assert (answer["approvalStatus"], answer["pendingSchedule"]) == ("not_required", None)
    assert Z.fullmatch(answer["completedAt"])
    assert (await client.get(f"/v1/content/{answer['id']}")).json == answer.json


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"kind": "text"}, "caption"),
        ({"kind": "text", "caption": ""}, "caption"),
        ({"kind": "text", "caption": 7}, "caption"),
        ({"kind": "text", "caption": "x" * 100_001}, "caption"),
        ({"kind": "video", "caption": "x"}, "kind"),
        ({"caption": "x"}, "kind"),
        ({"kind": "text", "caption": "x", "files": []}, "files"),
    ],
)
async def test_a_wrong_text_is_refused(client, body: object, path: str) -> None:
    answer = await client.post(f"/v1/projects/{await client.project()}/content", body)
    assert (answer.status, {at for at, _ in answer.issues}) == (422, {path})


# Media -----------------------------------------------------------------------------------------------


async def test_a_video_is_probed(client, shared, video: Path, film: bytes) -> None:
    answer = await client.upload(await client.project(), video, caption="moving", firstComment="first!")
    assert answer.status == 201
    assert (answer["kind"], answer["status"]) == ("video", "completed")
    assert (answer["caption"], answer["firstComment"]) == ("moving", "first!")
    [asset] = answer["assets"]
    assert asset.keys() == ASSET
    assert (asset["kind"], asset["mimeType"]) == ("video", "video/mp4")
    assert (asset["width"], asset["height"]) == (540, 960)
    assert abs(asset["durationMs"] - 2000) < 200
    assert (asset["sizeBytes"], asset["sha256"]) == (len(film), hashlib.sha256(film).hexdigest())
    assert left_in(shared) == []


@pytest.fixture
def no_room() -> Iterator[None]:
    """Let this process write no file beyond 64 KiB, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("no_room")
async def test_where_there_is_no_room_an_upload_is_refused_in_these_words_and_leaves_nothing(client, shared):
    project = await client.project()
    small, large = ("files", b"x" * 1000, "a.jpg"), ("files", bytes(3 * 1024 * 1024), "b.jpg")
    answer = await send_form(client, project, small, large)
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "UNAVAILABLE", "60")
    assert "no room" in answer["error"]["message"]
    assert left_in(shared) == []
    assert (await client.get(f"/v1/projects/{project}/content"))["items"] == []


async def test_an_image_is_probed(client, image: Path) -> None:
    answer = await client.upload(await client.project(), image)
    [asset] = answer["assets"]
    assert (answer["kind"], answer["caption"], answer["firstComment"]) == ("image", "", None)
    assert (asset["kind"], asset["mimeType"], asset["durationMs"]) == ("image", "image/jpeg", None)
    assert (asset["width"], asset["height"]) == (1080, 1350)


async def test_a_carousel_keeps_the_order_of_its_files(client, tmp_path: Path) -> None:
    files = [make_image(tmp_path / f"{n}.jpg", (400 + n, 300)) for n in (3, 1, 2)]
    answer = await client.upload(await client.project(), *files)
    assert answer["kind"] == "carousel"
    assert [asset["width"] for asset in answer["assets"]] == [403, 401, 402]
    read = await client.get(f"/v1/content/{answer['id']}")
    assert [asset["id"] for asset in read["assets"]] == [asset["id"] for asset in answer["assets"]]


async def test_the_bytes_decide_not_the_name(client, tmp_path: Path) -> None:
    answer = await client.upload(await client.project(), make_image(tmp_path / "x.jpg", format="PNG"))
    assert [asset["mimeType"] for asset in answer["assets"]] == ["image/png"]


async def test_garbage_is_named(client, shared, photo: bytes) -> None:
    answer = await send_form(
        client,
        await client.project(),
        ("files", b"not a film" * 99, "film.mp4"),
        ("files", photo, "fine.jpg"),
        ("files", b"", "empty.png"),
    )
    assert answer.status == 422
    assert answer.issues == {("files[0]", "unreadable_media"), ("files[2]", "unreadable_media")}
    words = [issue["message"] for issue in answer.details["issues"]]
    assert "film.mp4" in words[0]
    assert "empty.png" in words[1]
    assert left_in(shared) == []


async def test_nothing_is_stored_of_a_refused_upload(client, pool, photo: bytes) -> None:
    project = await client.project()
    await send_form(client, project, ("files", photo, "fine.jpg"), ("files", b"garbage", "bad.jpg"))
    assert (await client.get(f"/v1/projects/{project}/content"))["items"] == []


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("caption", "x", None)], ("files", "required")),
        ([("file", b"x", "x.jpg")], ("file", "unknown_field")),
        ([("title", "x", None)], ("title", "unknown_field")),
        ([("files", "no file", None)], ("files[0]", "required")),
    ],
)
async def test_wrong_parts_are_named(client, shared, parts: list, expected: tuple[str, str]) -> None:
    answer = await send_form(client, await client.project(), *parts)
    assert answer.status == 422
    assert expected in answer.issues
    assert left_in(shared) == []


async def test_ten_files_are_taken_and_eleven_not(client, shared, tmp_path: Path) -> None:
    small = make_image(tmp_path / "s.jpg", (64, 64))
    project = await client.project()
    assert len((await client.upload(project, *[small] * 10))["assets"]) == 10
    answer = await client.upload(project, *[small] * 11)
    assert (answer.status, answer.issues) == (422, {("files", "too_many")})
    assert left_in(shared) == []


async def test_an_upload_to_nowhere_leaves_nothing(client, shared, image: Path) -> None:
    assert (await client.upload("prj_unknown", image)).status == 404
    assert left_in(shared) == []


async def test_platform_fit_says_what_fits_and_why_not(client, video: Path) -> None:
    answer = await client.upload(await client.project(), video, caption="x" * 2201)
    fit = answer["platformFit"]
    listed = (await client.get("/v1/platforms"))["items"]
    assert {name: set(modes) for name, modes in fit.items()} == {
        item["platform"]: {mode["mode"] for mode in item["modes"]} for item in listed
    }
    assert fit["bluesky"]["direct_publish"]["fits"] is False
    assert "not video" in fit["bluesky"]["direct_publish"]["problems"][0]
    [problem] = fit["tiktok"]["direct_publish"]["problems"]
    assert "2,201 of at most 2,200" in problem
    assert fit["tiktok"]["draft_to_device"] == {"fits": True, "problems": [], "changes": []}


async def test_platform_fit_agrees_with_validate(client, image: Path) -> None:
    project = await client.project()
    container = (await client.upload(project, image, caption="x" * 301))["id"]
    fit = (await client.get(f"/v1/content/{container}"))["platformFit"]
    for platform in ("bluesky", "tiktok"):
        account = await client.account(project, platform, "ann.test")
        for mode, found in fit[platform].items():
            body = {"targets": [{"socialAccountId": account, "mode": mode}]}
            verdict = await client.post(f"/v1/content/{container}/validate", body)
            assert (verdict["valid"], [issue["message"] for issue in verdict["issues"]]) == (
                found["fits"],
                found["problems"],
            )


# Links -----------------------------------------------------------------------------------------------


async def fetch(client, session, url: str, method: str = "GET", **headers: str):
    """Follow a signed link to the installation under test, without a key."""
    link = URL(url, encoded=True)
    here = URL(client.origin).join(URL(link.raw_path_qs, encoded=True))
    async with session.request(method, here, headers=headers) as answer:
        return answer.status, answer.headers, await answer.read()


@pytest.fixture
async def link(client, image: Path) -> str:
    """A link to a stored image."""
    return (await client.upload(await client.project(), image))["assets"][0]["url"]


async def test_a_link_gives_the_very_bytes(client, session, link: str, photo: bytes) -> None:
    status, headers, raw = await fetch(client, session, link)
    assert (status, raw) == (200, photo)
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Accept-Ranges"] == "bytes"
    assert int(headers["Content-Length"]) == len(raw)
    assert link.startswith("http://layers.test/v1/assets/ast_")


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=5-", 5, None),
        ("bytes=-7", -7, None),
        ("bytes=0-99999999", 0, None),
        ("bytes=-99999999", 0, None),
    ],
)
async def test_a_range_is_served(
    client, session, link: str, photo: bytes, wanted: str, start: int, end: int | None
) -> None:
    whole = photo
    status, headers, raw = await fetch(client, session, link, Range=wanted)
    assert (status, raw) == (206, whole[start:end])
    first = start % len(whole)
    assert headers["Content-Range"] == f"bytes {first}-{first + len(raw) - 1}/{len(whole)}"


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=9-5", "bytes=-0"])
async def test_a_range_outside_is_refused(client, session, link: str, photo: bytes, wanted: str) -> None:
    status, headers, raw = await fetch(client, session, link, Range=wanted)
    assert (status, json.loads(raw)["error"]["code"]) == (416, "RANGE_NOT_SATISFIABLE")
    assert headers["Content-Range"] == f"bytes */{len(photo)}"


@pytest.mark.parametrize("wanted", ["items=0-1", "bytes=0-1,4-5", "nonsense"])
async def test_a_range_of_another_kind_is_ignored(
    client, session, link: str, photo: bytes, wanted: str
) -> None:
    status, _, raw = await fetch(client, session, link, Range=wanted)
    assert (status, raw) == (200, photo)


@pytest.mark.parametrize("form", ["", "/jpeg"], ids=["as it is", "remade"])
async def test_a_look_at_the_head_tells_what_a_link_would_give(
    client, session, shared, link, form: str
) -> None:
    path = URL(link).path + form
    signed = "http://layers.test" + shared.signer.sign(path, datetime.now(UTC) + timedelta(seconds=60))
    _, told, whole = await fetch(client, session, signed)
    status, headers, raw = await fetch(client, session, signed, "HEAD", Range="bytes=0-9")
    assert (status, raw) == (200, b"")
    assert int(headers["Content-Length"]) == len(whole) > 0
    for name in ("Content-Type", "Accept-Ranges", "ETag", "Cache-Control", "Content-Security-Policy"):
        assert headers.get(name) == told.get(name)
    assert (await fetch(client, session, signed[:-1], "HEAD"))[0] == 404


@pytest.mark.parametrize(
    "spoil",
    [
        lambda url: url[:-1] + ("A" if url[-1] != "A" else "B"),
        lambda url: url.partition("?")[0],
        lambda url: url.partition("&")[0],
        lambda url: url.replace("expires=1", "expires=9"),
        lambda url: url.replace("expires=", "expires=1"),
        lambda url: url.replace("/ast_", "/ast_0"),
    ],
    ids=["signature", "bare", "unsigned", "longer", "later", "other"],
)
async def test_an_altered_link_opens_nothing(client, session, link: str, spoil) -> None:
    assert (await fetch(client, session, spoil(link)))[0] == 404


async def test_an_expired_link_opens_nothing(client, session, shared, link: str) -> None:
    path = URL(link).path
    old = shared.signer.sign(path, datetime.now(UTC) - timedelta(seconds=1))
    fresh = shared.signer.sign(path, datetime.now(UTC) + timedelta(seconds=60))
    assert (await fetch(client, session, "http://layers.test" + old))[0] == 404
    assert (await fetch(client, session, "http://layers.test" + fresh))[0] == 200


async def test_the_link_of_a_deleted_asset_opens_nothing(client, session, shared, image: Path) -> None:
    made = await client.upload(await client.project(), image)
    [asset] = made["assets"]
    assert stored_files(shared, asset["id"])
    await client.delete(f"/v1/content/{made['id']}")
    assert (await fetch(client, session, asset["url"]))[0] == 404
    async with asyncio.timeout(10):
        while True:
            if not stored_files(shared, asset["id"]):
                break
            await asyncio.sleep(0.01)


# Lists, changes, deletion ----------------------------------------------------------------------------


async def test_containers_are_listed_newest_first_and_filtered(client, pool) -> None:
    project = await client.project()
    path = f"/v1/projects/{project}/content"
    old = await client.text(project, "old")
    await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": True})
    waiting = await client.text(project, "waiting")
    new = await client.text(project, "new")
    await client.post(f"/v1/content/{new}/approve")
    await pool.execute("UPDATE containers SET created_at = now() - interval '2 days' WHERE id = $1", old)
    await pool.execute("UPDATE containers SET status = 'failed' WHERE id = $1", waiting)
    await client.delete(f"/v1/content/{await client.text(project, 'gone')}")

    async def ids(query: str) -> list[str]:
        return [item["id"] for item in (await client.get(path + query))["items"]]

    assert await ids("") == [new, waiting, old]
    assert await ids("?status=completed") == [new, old]
    assert await ids("?approvalStatus=pending") == [waiting]
    assert await ids("?approvalStatus=not_required&status=completed") == [old]
    assert await ids(f"?until={ahead(days=-1)}") == [old]
    assert await ids(f"?since={ahead(days=-1)}") == [new, waiting]
    first = await client.get(f"{path}?limit=2")
    assert await ids(f"?limit=2&cursor={first['nextCursor']}") == [old]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("status=ready", "status"),
        ("approvalStatus=maybe", "approvalStatus"),
        ("since=yesterday", "since"),
        ("since=2026-11-01T00:00:00", "since"),
        ("limit=201", "limit"),
        ("cursor=x", "cursor"),
    ],
)
async def test_a_wrong_query_is_refused(client, query: str, path: str) -> None:
    answer = await client.get(f"/v1/projects/{await client.project()}/content?{query}")
    assert answer.status == 422
    assert {at for at, _ in answer.issues} == {path}


async def test_a_patch_changes_text_but_not_what_is_queued(client) -> None:
    project = await client.project()
    container, account = await client.text(project), await client.account(project)
    post = (await client.publish(container, account))["scheduledPostIds"][0]
    changed = await client.patch(f"/v1/content/{container}", {"caption": "new", "firstComment": "yes"})
    assert (changed.status, changed["caption"], changed["firstComment"]) == (200, "new", "yes")
    kept = await client.patch(f"/v1/content/{container}", {"firstComment": None})
    assert (kept["caption"], kept["firstComment"]) == ("new", None)
    assert (await client.get(f"/v1/scheduled-posts/{post}"))["caption"] == "hello"


@pytest.mark.parametrize(
    ("body", "path"),
    [({}, "$"), ({"caption": None}, "caption"), ({"caption": ""}, "caption"), ({"kind": "image"}, "kind")],
)
async def test_a_wrong_patch_is_refused(client, body: object, path: str) -> None:
    answer = await client.patch(f"/v1/content/{await client.text(await client.project())}", body)
    assert (answer.status, {at for at, _ in answer.issues}) == (422, {path})


async def test_a_deleted_container_is_gone(client) -> None:
    container = await client.text(await client.project())
    answer = await client.delete(f"/v1/content/{container}")
    assert (answer.status, answer["id"]) == (200, container)
    for method in ("GET", "DELETE"):
        assert (await client.call(method, f"/v1/content/{container}")).status == 404


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("queued", 409),
        ("publishing", 409),
        ("published", 200),
        ("draft_in_inbox", 200),
        ("failed", 200),
        ("canceled", 200),
    ],
)
async def test_a_container_with_live_posts_stays(client, pool, status: str, expected: int) -> None:
    project = await client.project()
    container = await client.text(project)
    post = (await client.publish(container, await client.account(project)))["scheduledPostIds"][0]
    if status == "publishing":
        await make_publishing(pool, post, committed=True)
    elif status == "failed":
        await make_failed(pool, post)
    else:
        await make_status(pool, post, status)
    answer = await client.delete(f"/v1/content/{container}")
    assert answer.status == expected
    if expected == 409:
        assert answer.details["subcode"] == "LIVE_POSTS"

"""Containers whose media is fetched: what comes, what does not, and workers that die over it."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web

import layers
from layers.api import errors
from layers.app import harbour_of
from layers.content import fetching, schemas, uploads
from layers.content.fetching import Fetcher
from layers.kit.times import utc_now
from layers.samples import make_image

DIE_WHILE_FETCHING = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from layers.app import harbour_of, share
from layers.content.fetching import Fetcher
from layers.db.pool import open_pool
from layers.settings import Settings

async def main(url, folder):
    shared = share(Settings(data_dir=Path(folder), allow_private_networks=True), url)
    pool = await open_pool(url, 2, "layers tests")
    await Fetcher(pool, harbour_of(shared), lease=timedelta(seconds=1)).run(asyncio.Event())

asyncio.run(main(*sys.argv[1:]))
"""


@dataclass
class Site:
    """Somebody's web server. `pages`: what it answers at each path, one after another, the last one for good."""

    origin: str = ""
    pages: dict[str, list[Callable[[], web.StreamResponse]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is clear, no answer is given."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.came.set()
        await self.gate.wait()
        answers = self.pages.get(request.path, [lambda: web.Response(status=404)])
        return (answers.pop(0) if len(answers) > 1 else answers[0])()

    def shows(self, path: str, *answers: bytes | int | str) -> str:
        """Answer with these bytes, statuses or redirects; returns the address."""

        def response(given: bytes | int | str) -> web.StreamResponse:
            if isinstance(given, bytes):
                return web.Response(body=given)
            if isinstance(given, str):
                return web.Response(status=302, headers={"Location": given})
            return web.Response(status=given)

        self.pages[path] = [lambda given=given: response(given) for given in answers]
        return self.origin + path


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A site on loopback."""
    made = Site()
    made.gate.set()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    made.origin = f"http://{host}:{port}"
    yield made
    made.gate.set()
    await runner.cleanup()


@pytest.fixture
def photo(image: Path) -> bytes:
    """The bytes of a real JPEG."""
    return image.read_bytes()


@asynccontextmanager
async def fetching_with(pool, harbour, **options: Any) -> AsyncIterator[Fetcher]:
    """What a worker runs to fetch, while the block runs."""
    stop = asyncio.Event()
    fetcher = Fetcher(pool, harbour, **{"waits": (0.05, 0.05)} | options)
    running = asyncio.create_task(fetcher.run(stop))
    try:
        yield fetcher
    finally:
        stop.set()
        await asyncio.wait_for(running, 20)


async def order(client, *urls: str, **fields: str) -> str:
    """Ask for a container of what is at the addresses; returns its id."""
    path = f"/v1/projects/{await client.project()}/content/upload"
    made = await client.made(path, {"media": [{"url": url} for url in urls], "caption": "Hi", **fields}, 202)
    assert (made["status"], made["assets"]) == ("queued", [])
    return made["id"]


async def until(so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(20):
        while not await so():  # noqa: ASYNC110
            await asyncio.sleep(0.03)


async def until_settled(client, container_id: str) -> dict[str, Any]:
    """Wait until a container is completed or failed; returns it."""
    async with asyncio.timeout(20):
        while True:
            found = (await client.get(f"/v1/content/{container_id}")).json
            if found["status"] not in ("queued", "generating"):
                return found
            await asyncio.sleep(0.03)


async def last_event(pool, container_id: str) -> Any:
    return await pool.fetchrow(
        "SELECT type, data, api_key_id, project_id FROM events WHERE subject_id = $1"
        " ORDER BY position DESC LIMIT 1",
        container_id,
    )


async def test_a_worker_fetches_what_a_container_waits_for(
    client, pool, shared, worker, site: Site, photo: bytes, video: Path
) -> None:
    film = await asyncio.to_thread(video.read_bytes)
    urls = site.shows("/a/photo.jpg", photo) + "?size=1", site.shows("/film", film)
    container_id = await order(client, *urls, firstComment="first!")
    done = await until_settled(client, container_id)
    assert (done["status"], done["kind"], done["lastError"]) == ("completed", "carousel", None)
    assert [asset["mimeType"] for asset in done["assets"]] == ["image/jpeg", "video/mp4"]
    assert [asset["sizeBytes"] for asset in done["assets"]] == [len(photo), len(film)]
    event = await last_event(pool, container_id)
    assert event["type"] == "content.completed"
    assert event["data"] == {"containerId": container_id, "kind": "carousel", "assets": 2}
    assert (event["api_key_id"], event["project_id"]) == (client.api_key_id, done["projectId"])
    assert list(harbour_of(shared).folder.iterdir()) == []


async def test_a_redirect_is_followed_but_not_for_ever(
    client, pool, shared, site: Site, photo: bytes
) -> None:
    site.shows("/end.jpg", photo)
    short = site.shows("/1", site.shows("/2", site.shows("/3", "/end.jpg")))
    long = site.shows("/0", "/1")
    good, bad = await order(client, short), await order(client, long)
    async with fetching_with(pool, harbour_of(shared)):
        assert (await until_settled(client, good))["status"] == "completed"
        failed = await until_settled(client, bad)
    assert (failed["status"], failed["lastError"]["code"]) == ("failed", "MEDIA_UNREACHABLE")
    assert "3 redirects" in failed["lastError"]["message"]


@pytest.mark.parametrize(
    ("shown", "code", "words"),
    [
        ((404,), "MEDIA_UNREACHABLE", "answered 404"),
        ((403,), "MEDIA_UNREACHABLE", "answered 403"),
        ((204,), "MEDIA_UNREACHABLE", "answered 204"),
        ((b"<html>not a picture</html>",), "MEDIA_INVALID", "no picture and no video"),
        (("ftp://example.com/a.jpg",), "MEDIA_UNREACHABLE", "Use https"),
    ],
)
async def test_what_is_not_to_be_had_fails_at_once(
    client, pool, shared, site: Site, shown: tuple, code: str, words: str
) -> None:
    container_id = await order(client, site.shows("/x.jpg", *shown))
    async with fetching_with(pool, harbour_of(shared)):
        failed = await until_settled(client, container_id)
    assert (failed["status"], failed["lastError"]["code"]) == ("failed", code)
    assert words in failed["lastError"]["message"]
    assert failed["lastError"]["retryable"] is False
    assert failed["failedAt"]
    assert len(site.asked) == 1
    event = await last_event(pool, container_id)
    assert event["type"] == "content.failed"
    assert event["data"]["error"] == {k: failed["lastError"][k] for k in ("code", "message")}
    account = await client.account(failed["projectId"])
    refused = await client.publish(container_id, account)
    assert (refused.status, refused.details["subcode"]) == (409, "CONTAINER_NOT_COMPLETED")


async def test_a_fault_that_passes_is_waited_for(client, pool, shared, site: Site, photo: bytes) -> None:
    container_id = await order(client, site.shows("/x.jpg", 503, 429, photo))
    async with fetching_with(pool, harbour_of(shared)):
        done = await until_settled(client, container_id)
    assert (done["status"], done["lastError"], len(site.asked)) == ("completed", None, 3)


async def test_a_wait_is_shown_and_patience_ends(client, pool, shared, site: Site) -> None:
    container_id = await order(client, site.shows("/x.jpg", 503))
    async with fetching_with(pool, harbour_of(shared), waits=(3600,)):

        async def told() -> bool:
            return (await client.get(f"/v1/content/{container_id}"))["lastError"] is not None

        await until(told)
        found = await client.get(f"/v1/content/{container_id}")
        assert (found["status"], found["lastError"]["retryable"]) == ("queued", True)
        await pool.execute("UPDATE intakes SET due_at = now() WHERE container_id = $1", container_id)
        failed = await until_settled(client, container_id)
    assert (failed["status"], failed["lastError"]["retryable"], len(site.asked)) == ("failed", False, 2)


async def test_more_than_is_allowed_is_not_taken(
    client, pool, shared, site: Site, photo: bytes, monkeypatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_VIDEO_BYTES", 10_000)
    said = await order(client, site.shows("/said.jpg", photo))

    async def chunked() -> AsyncIterator[bytes]:
        yield photo

    site.pages["/silent.jpg"] = [lambda: web.Response(body=chunked())]
    silent = await order(client, f"{site.origin}/silent.jpg")
    async with fetching_with(pool, harbour_of(shared)):
        for container_id in (said, silent):
            failed = await until_settled(client, container_id)
            assert (failed["status"], failed["lastError"]["code"]) == ("failed", "MEDIA_INVALID")


# Where it may come from ----------------------------------------------------------------------------------


async def test_wrong_addresses_are_named_at_once(client) -> None:
    path = f"/v1/projects/{await client.project()}/content/upload"
    urls = [
        "https://example.com/a.jpg",
        "nonsense",
        "ftp://example.com/b.jpg",
        "https://me:secret@example.com/",
    ]
    answer = await client.post(path, {"media": [{"url": url} for url in urls]})
    assert answer.status == 422
    assert answer.issues == {(f"media[{n}].url", "invalid_value") for n in (1, 2, 3)}
    for wrong in ([], [{"url": urls[0]}] * 11, [{}]):
        assert (await client.post(path, {"media": wrong})).status == 422


async def test_only_public_https_is_taken_where_nothing_else_is_allowed(shared) -> None:
    strict = replace(harbour_of(shared), anywhere=False)
    urls = [
        "http://example.com/a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://10.0.0.1/",
        "https://localhost/",
    ]
    body = schemas.CreateFetched([schemas.MediaUrl(url) for url in urls])
    with pytest.raises(errors.Validation) as refused:
        await uploads.create_fetched(cast("Any", None), cast("Any", None), "prj_x", body, strict, utc_now())
    assert [issue.path for issue in refused.value.issues] == [f"media[{n}].url" for n in range(5)]


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "rebind.example"])
async def test_an_address_that_turns_out_private_is_not_connected_to(
    client, pool, shared, site: Site, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names and notations that stand for this machine; what they resolve to is checked at the moment of connecting."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda name, *rest, **options: real(
            "127.0.0.1" if name == "rebind.example" else name, *rest, **options
        ),
    )
    port = site.origin.rpartition(":")[2]
    container_id = await order(client, f"https://{host}:{port}/x.jpg")
    async with fetching_with(pool, replace(harbour_of(shared), anywhere=False)):
        failed = await until_settled(client, container_id)
    assert (failed["status"], failed["lastError"]["code"]) == ("failed", "MEDIA_UNREACHABLE")
    assert re.search("not a (public address|canonical IPv4 address)", failed["lastError"]["message"])
    assert site.asked == []


# Workers that stop and die -------------------------------------------------------------------------------


async def test_a_killed_worker_loses_nothing(
    client, pool, shared, site: Site, photo: bytes, tmp_path: Path
) -> None:
    container_id = await order(client, site.shows("/x.jpg", photo))
    site.gate.clear()
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", DIE_WHILE_FETCHING, shared.url, str(tmp_path)),
        env=os.environ | {"PYTHONPATH": str(Path(layers.__file__).parents[1])},
    )
    try:
        await asyncio.wait_for(site.came.wait(), 30)
    finally:
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
    site.gate.set()
    async with fetching_with(pool, harbour_of(shared)):
        done = await until_settled(client, container_id)
    assert (done["status"], len(site.asked)) == ("completed", 2)


async def test_a_stopping_worker_gives_back_what_it_has_in_hand(
    client, pool, shared, site: Site, photo: bytes
) -> None:
    container_id = await order(client, site.shows("/x.jpg", photo))
    site.gate.clear()
    async with fetching_with(pool, harbour_of(shared)):
        await asyncio.wait_for(site.came.wait(), 20)
    left = await pool.fetchrow("SELECT in_hand, attempts, due_at <= now() AS due FROM intakes")
    assert tuple(left) == (False, 0, True)
    site.gate.set()
    async with fetching_with(pool, harbour_of(shared)):
        assert (await until_settled(client, container_id))["status"] == "completed"


async def test_a_container_deleted_meanwhile_stays_deleted(
    client, pool, shared, site: Site, photo: bytes
) -> None:
    container_id = await order(client, site.shows("/x.jpg", photo))
    await pool.execute("DELETE FROM stray_objects")
    site.gate.clear()
    async with fetching_with(pool, harbour_of(shared)):
        await asyncio.wait_for(site.came.wait(), 20)
        assert (await client.delete(f"/v1/content/{container_id}")).status == 200
        site.gate.set()
        await until(lambda: pool.fetchval("SELECT EXISTS (SELECT FROM stray_objects)"))
    assert await pool.fetchval("SELECT count(*) FROM assets WHERE container_id = $1", container_id) == 0
    assert (await last_event(pool, container_id))["type"] == "content.deleted"


async def test_a_long_fetch_keeps_its_lease(client, pool, shared, site: Site, photo: bytes) -> None:
    container_id = await order(client, site.shows("/x.jpg", photo))
    site.gate.clear()
    lease = timedelta(seconds=0.6)
    held = "SELECT due_at > $2 FROM intakes WHERE container_id = $1"
    async with fetching_with(pool, harbour_of(shared), lease=lease):
        await asyncio.wait_for(site.came.wait(), 20)
        first = await pool.fetchval("SELECT due_at FROM intakes WHERE container_id = $1", container_id)
        await until(lambda: pool.fetchval(held, container_id, first + 2 * lease))
        site.gate.set()
        assert (await until_settled(client, container_id))["status"] == "completed"
    assert site.asked == ["/x.jpg"]


async def test_one_organisation_does_not_take_all_hands(
    client, join, pool, shared, site: Site, tmp_path: Path
) -> None:
    small = await asyncio.to_thread(make_image(tmp_path / "s.jpg", (64, 64)).read_bytes)
    greedy = [await order(client, site.shows(f"/greedy/{n}", small)) for n in range(10)]
    modest = await order(await join("Modest"), site.shows("/modest", small))
    site.gate.clear()
    async with fetching_with(pool, harbour_of(shared)):

        async def modest_asked() -> bool:
            return "/modest" in site.asked

        await until(modest_asked)
        assert len(site.asked) == 4
        site.gate.set()
        assert {(await until_settled(client, c))["status"] for c in greedy} == {"completed"}
    assert await pool.fetchval("SELECT status FROM containers WHERE id = $1", modest) == "completed"

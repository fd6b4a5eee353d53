"""The dashboard's files: as they were built, found again from the cache, and nothing else."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from rawhttp import ask, request

from layers.dashboard.pages import Dashboard
from layers.doctor import examine
from layers.kit.safe_headers import SAFE
from layers.loopback import loopback_server
from layers.storage import Storage, open_storage

INDEX = b"<!doctype html><title>Layers</title>"
SCRIPT = b"console.log('layers');" * 50
ELSEWHERE = "https://media.example.com"


async def nothing(scope, receive, send) -> None:
    """The app inside."""
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of a page."""
    folder = tmp_path_factory.mktemp("static")
    (folder / "assets").mkdir()
    (folder / "index.html").write_bytes(INDEX)
    (folder / "assets/app-1f2e.js").write_bytes(SCRIPT)
    (folder / "assets/app-1f2e.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "assets/app-1f2e.js.br").write_bytes(b"brotli")
    (folder.parent / "secret.txt").write_text("secret")
    return folder


@pytest.fixture(scope="module")
async def where(built: Path) -> AsyncIterator[str]:
    """The page, served."""

    class Bucket(Storage):
        async def origin(self) -> str | None:
            return ELSEWHERE

    storage = Bucket(open_storage("", built.parent / "data")._store)
    async with loopback_server(Dashboard(nothing, storage, "http://layers.test", SAFE, built)) as origin:
        yield origin


async def get(where: str, path: str, method: str = "GET", **headers: str):
    """Ask as a client that takes nothing packed; returns status, headers, body."""
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(
            method, where + path, headers={"Accept-Encoding": "identity"} | headers, allow_redirects=False
        ) as answer,
    ):
        return answer.status, answer.headers, await answer.read()


@pytest.mark.parametrize("path", ["/dashboard/", "/dashboard/posts/sp_1", "/dashboard/index.html"])
async def test_every_route_of_the_page_is_the_page(where, path: str) -> None:
    status, headers, body = await get(where, path)
    assert (status, body) == (200, INDEX)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-cache"
    assert (await get(where, path, **{"If-None-Match": headers["ETag"]}))[0] == 304


async def test_the_page_may_load_its_own_files_and_media_alone(where) -> None:
    _, headers, _ = await get(where, "/dashboard/")
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; manifest-src 'self'; "
        f"img-src 'self' http://layers.test {ELSEWHERE} https: data: blob:; "
        f"media-src 'self' http://layers.test {ELSEWHERE} blob:; connect-src 'self' http://layers.test {ELSEWHERE}; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br;q=0.0", None),
        ("identity", None),
    ],
)
async def test_files_are_sent_packed_and_kept_for_ever(where, built, accepted: str, encoding) -> None:
    status, headers, body = await get(where, "/dashboard/assets/app-1f2e.js", **{"Accept-Encoding": accepted})
    assert (status, headers.get("Content-Encoding")) == (200, encoding)
    end = {"br": ".br", "gzip": ".gz", None: ""}[encoding]
    assert body == (built / f"assets/app-1f2e.js{end}").read_bytes()
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Vary"] == "accept-encoding"


@pytest.mark.parametrize(
    "path",
    [
        "/dashboard/assets/gone.js",
        "/dashboard/../secret.txt",
        "/dashboard/%2e%2e/secret.txt",
        "/dashboard/assets/../../secret.txt",
        "/dashboard//etc/passwd.txt",
        "/dashboard/assets/app-1f2e.js.gz",
        "/dashboard/..%5csecret.txt",
    ],
)
async def test_there_is_nothing_but_what_was_built(where, path: str) -> None:
    answer = await ask(where, request("GET", path))
    assert answer.status == 404
    assert b"secret" not in answer.body


async def test_ways_in(where) -> None:
    status, headers, _ = await get(where, "/dashboard")
    assert (status, headers["Location"]) == (307, "/dashboard/")
    status, headers, _ = await get(where, "/", Accept="text/html,*/*;q=0.8")
    assert (status, headers["Location"]) == (307, "/dashboard/")
    for path in ("/", "/v1/whoami", "/dashboard/session", "/dashboards"):
        assert (await get(where, path))[0] == 418
    status, headers, _ = await get(where, "/dashboard/", method="POST")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    status, headers, body = await get(where, "/dashboard/", method="HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(INDEX)), b"")


async def test_a_new_build_is_served_at_once_and_none_is_told_of(tmp_path) -> None:
    folder = tmp_path / "static"
    storage = open_storage("", tmp_path)
    async with loopback_server(Dashboard(nothing, storage, "http://a.test", SAFE, folder)) as where:
        status, headers, body = await get(where, "/dashboard/")
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert b"make dashboard" in body
        assert (await get(where, "/dashboard/assets/app.js"))[0] == 404
        folder.mkdir()
        (folder / "index.html").write_bytes(INDEX)
        assert (await get(where, "/dashboard/"))[2] == INDEX


async def test_an_installation_has_a_dashboard_and_its_doctor_looks_for_it(client, shared) -> None:
    status, headers, _ = await get(client.origin, "/dashboard/")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert (await client.get("/", headers={"Authorization": ""})).code == "NOT_FOUND"
    assert [f.what for f in await examine(shared.settings, shared.url)].count("dashboard") == 1

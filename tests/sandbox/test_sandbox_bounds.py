"""How far the fakes go for whoever calls them: people are sent home alone, media is fetched where it may be."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from aiohttp import web
from sandbox_server import PROCESSING, Sandbox, client, picture, serving

from layers.app import open_bounds, sandbox_bounds
from layers.settings import Settings

AUTHORIZE = {"client_key": "a", "response_type": "code", "scope": "user.info.basic", "state": "s"}


class Media:
    """A server on this machine that counts who comes."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.Response(body=picture("JPEG", 640, 640), content_type="image/jpeg")

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture
async def media() -> AsyncIterator[Media]:
    media = Media()
    app = web.Application()
    app.router.add_get("/{rest:.*}", media.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    media.port = runner.addresses[0][1]
    yield media
    await runner.cleanup()


@pytest.fixture(params=["inside", "alone"])
async def bounded(request, pool, media) -> AsyncIterator[Sandbox]:
    """The sandbox as Layers runs it inside and by itself, of an installation whose media is at `media`."""
    settings = Settings(public_url=media.at(""))
    inside = request.param == "inside"
    bounds = sandbox_bounds(settings, pool) if inside else open_bounds(settings, ["https://app.example/back"])
    async with serving(pool, processing_seconds=PROCESSING, bounds=bounds) as origin, client() as session:
        yield Sandbox(pool, session, origin)


async def ended(ask):
    """Ask until the platform is done with it."""
    while (found := await ask()) in ("IN_PROGRESS", "PROCESSING_DOWNLOAD"):  # noqa: ASYNC110 - HTTP tells nobody
        await asyncio.sleep(PROCESSING)  # TikTok answers thirty times a minute
    return found


async def instagram_takes(sandbox: Sandbox, **given: str) -> str:
    """Make a container; returns how it ended."""
    secrets = (await sandbox.sign_up("instagram")).tokens.secrets
    form = {"access_token": secrets["accessToken"], **given}
    made = await sandbox.call("POST", "/instagram/v26.0/me/media", data=form)
    assert made.status == 200, made.json
    path = f"/instagram/v26.0/{made.json['id']}?fields=status_code&access_token={secrets['accessToken']}"

    async def ask() -> str:
        return (await sandbox.call("GET", path)).json["status_code"]

    return await ended(ask)


async def tiktok_takes(sandbox: Sandbox, url: str) -> str:
    """Post a photo; returns how it ended."""
    secrets = (await sandbox.sign_up("tiktok")).tokens.secrets
    headers = {"authorization": f"Bearer {secrets['accessToken']}"}
    body = {
        "post_info": {"privacy_level": "SELF_ONLY"},
        "source_info": {"source": "PULL_FROM_URL", "photo_images": [url]},
        "post_mode": "DIRECT_POST",
        "media_type": "PHOTO",
    }
    made = await sandbox.call("POST", "/tiktok/v2/post/publish/content/init/", json=body, headers=headers)
    assert made.status == 200, made.json

    async def ask() -> str:
        path = "/tiktok/v2/post/publish/status/fetch/"
        wanted = {"publish_id": made.json["data"]["publish_id"]}
        return (await sandbox.call("POST", path, json=wanted, headers=headers)).json["data"]["status"]

    return await ended(ask)


async def test_our_own_media_is_fetched(bounded, media) -> None:
    own = media.at("/v1/assets/ast_1?expires=1&signature=x")
    assert await instagram_takes(bounded, image_url=own) == "FINISHED"
    assert await tiktok_takes(bounded, own) == "PUBLISH_COMPLETE"
    assert media.asked == ["/v1/assets/ast_1"] * 2


async def test_nothing_else_of_this_machine_is_fetched(bounded, media) -> None:
    own = media.at("/v1/assets/ast_1")
    others = [
        media.at("/admin"),
        f"http://localhost:{media.port}/v1/assets/ast_1",
        f"http://x@127.0.0.1:{media.port}/v1/assets/ast_1",
        "http://169.254.169.254/latest/meta-data/",
    ]
    for url in others:
        assert await instagram_takes(bounded, image_url=url) == "ERROR", url
        assert await tiktok_takes(bounded, url) == "FAILED", url
    assert media.asked == []
    covered = {"media_type": "REELS", "video_url": own, "cover_url": media.at("/admin")}
    assert await instagram_takes(bounded, **covered) == "ERROR"
    assert "/admin" not in media.asked


async def test_alone_it_sends_people_to_this_machine_and_to_registered_addresses(pool) -> None:
    bounds = open_bounds(Settings(), ["https://app.example/back"])
    async with serving(pool, bounds=bounds) as origin, client() as session:
        for uri, status in {
            "http://127.0.0.1:3000/back": 302,
            "https://app.example/back": 302,
            "https://app.example/other": 400,
            "https://app.example.evil.example/back": 400,
            "https://evil.example/": 400,
        }.items():
            query = urlencode(AUTHORIZE | {"redirect_uri": uri, "auto": "ann"})
            async with session.get(
                f"{origin}/tiktok/v2/auth/authorize/?{query}", allow_redirects=False
            ) as answer:
                assert (answer.status, "Location" in answer.headers) == (status, status == 302), uri


async def test_an_app_of_its_own_registration_gets_no_further(sandbox) -> None:
    form = {"client_name": "x", "redirect_uris": "https://evil.example/", "scopes": "read"}
    app = (await sandbox.call("POST", "/mastodon/api/v1/apps", data=form)).json
    query = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": "https://evil.example/"}
    path = f"/mastodon/oauth/authorize?{urlencode(query | {'scope': 'read', 'auto': 'ann'})}"
    reply = await sandbox.call("GET", path, allow_redirects=False)
    assert (reply.status, "location" in reply.headers) == (400, False)

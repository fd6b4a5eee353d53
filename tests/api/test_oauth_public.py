"""Connecting in the sandbox where the world can reach the installation: consent pages are shown, the rest is not."""

import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from layers.app import Shared, create_app, share
from layers.loopback import loopback_server
from layers.settings import Settings

HOME = "http://localhost:3000/done"


@pytest.fixture(scope="module")
def shared(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """An installation with a public address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"), port=port, public_url=f"http://127.0.0.1:{port}"
    )
    return share(settings, database_url)


@pytest.fixture(scope="module")
async def origin(shared: Shared) -> AsyncIterator[str]:
    """The API, served where `shared` says."""
    async with loopback_server(create_app(shared), shared.settings.port, lifespan=True) as where:
        yield where


async def begin(client, platform: str = "tiktok"):
    body = {"platform": platform, "returnUrl": HOME}
    return await client.post(f"/v1/projects/{await client.project()}/social/oauth-url", body)


async def follow(client, url: str) -> str:
    async with client.session.get(url, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        return answer.headers["Location"]


@pytest.mark.parametrize("platform", ["tiktok", "instagram", "mastodon"])
async def test_a_test_key_connects_by_consent(client, shared, platform: str) -> None:
    begun = await begin(client, platform)
    assert begun["authorizeUrl"].startswith(f"{shared.settings.public_url}/sandbox/{platform}/")
    async with client.session.get(begun["authorizeUrl"]) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
    callback = await follow(client, f"{begun['authorizeUrl']}&{urlencode({'auto': 'ann.test'})}")
    assert (await follow(client, callback)).startswith(HOME)
    assert (await client.get(f"/v1/social/oauth-status/{begun['state']}"))["status"] == "completed"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "posts"),
        ("GET", "posts.json"),
        ("GET", "control/faults"),
        ("POST", "control/faults"),
        ("POST", "tiktok/v2/oauth/token/"),
        ("POST", "mastodon/api/v1/apps"),
        ("GET", "tiktok/v2/auth/authorize/../../../../posts"),
        ("GET", "tiktok/v2/auth/authorize/%2e%2e/posts"),
        ("GET", "blobs/0"),
    ],
)
async def test_nothing_else_of_the_sandbox_is_shown(client, method: str, path: str) -> None:
    async with client.session.request(method, f"{client.origin}/sandbox/{path}") as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (404, "NOT_FOUND")


async def test_an_operator_who_shows_no_pages_says_so(client, shared) -> None:
    hidden = replace(shared, settings=replace(shared.settings, sandbox_pages=False))
    async with loopback_server(create_app(hidden), lifespan=True) as elsewhere:
        client.origin = elsewhere
        answer = await begin(client)
        assert (answer.status, answer.issues) == (422, {("platform", "not_in_sandbox")})
        message = answer.details["issues"][0]["message"]
        assert "LAYERS_SANDBOX_PAGES" in message
        assert '{"handle": "…"}' in message

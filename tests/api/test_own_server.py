"""An account on a server of its own, connected with a live key; the sandbox stands for the servers of the platform."""

import socket
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from layers.access.commands import create_first_key
from layers.app import Shared, create_app, share
from layers.loopback import loopback_server
from layers.settings import Settings

BACK = "https://app.example/done"


@pytest.fixture(scope="module")
def shared(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """An installation whose operator has put its own sandbox in the place of all servers of the platform."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    platforms = {"MASTODON_BASE_URL": f"http://127.0.0.1:{port}/sandbox/mastodon"}
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"), port=port, allow_private_networks=True, platforms=platforms
    )
    return share(settings, database_url)


@pytest.fixture(scope="module")
async def origin(shared: Shared) -> AsyncIterator[str]:
    """The API, served where `shared` says."""
    async with loopback_server(create_app(shared), shared.settings.port, lifespan=True) as where:
        yield where


@pytest.fixture
async def client(join, pool, request: pytest.FixtureRequest):
    """A client with a live key that may send people back to app.example."""
    name = request.node.nodeid
    made = await create_first_key(
        pool, organization=name, environment="live", scopes=["*"], return_hosts=["app.example"]
    )
    found = await join(name, "live")
    found.key = made.key
    return found


async def go(client, url: str) -> str:
    async with client.session.get(url, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        return answer.headers["Location"]


async def consent(client, project: str, handle: str, **fields: str) -> None:
    body = {"platform": "mastodon", "returnUrl": BACK, **fields}
    begun = await client.post(f"/v1/projects/{project}/social/oauth-url", body)
    assert begun.status == 200, begun.raw
    back = await go(client, await go(client, f"{begun['authorizeUrl']}&{urlencode({'auto': handle})}"))
    assert "status=success" in back


@pytest.mark.parametrize("service", [None, "https://social.example"])
async def test_what_the_server_allows_is_read_at_consent(client, pool, service: str | None) -> None:
    """With the operator's one server in place of all, none need be named."""
    project = await client.project()
    long = await client.text(project, "x" * 5000)
    for handle, status in (("ann", 422), ("ann.wordy", 200)):
        await consent(client, project, handle, **({"service": service} if service else {}))
        [newest, *_] = (await client.get(f"/v1/projects/{project}/social-accounts"))["items"]
        answer = await client.publish(long, newest["socialAccountId"])
        assert (newest["handle"].partition("@")[0], answer.status) == (handle, status)
        kept = await pool.fetchval(
            "SELECT service FROM social_accounts WHERE id = $1", newest["socialAccountId"]
        )
        assert kept == service

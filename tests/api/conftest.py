"""One installation for each module of this folder; every test is an organisation of its own in it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

import conformance
from installation import copied_database
from layers.app import Shared, create_app, share
from layers.db.embedded import Embedded
from layers.db.pool import Pool, open_pool
from layers.loopback import loopback_server
from layers.settings import Settings


@pytest.fixture(scope="module")
async def database_url(postgres: Embedded, template: str) -> AsyncIterator[str]:
    """A fresh, migrated database."""
    async with copied_database(postgres, template) as url:
        yield url


@pytest.fixture(scope="module")
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool on that database, for looking and for arranging."""
    opened = await open_pool(database_url, 8, "layers tests")
    yield opened
    assert await conformance.event_faults(opened) == []
    await opened.close()


@pytest.fixture(scope="module")
def shared(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """An installation on that database. Its signed links name no port: `fetch` knows it."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"), allow_private_networks=True, public_url="http://layers.test"
    )
    return share(settings, database_url)


@pytest.fixture(scope="module")
async def origin(shared: Shared) -> AsyncIterator[str]:
    """The API, served."""
    async with loopback_server(create_app(shared), lifespan=True) as where:
        yield where


@pytest.fixture(scope="module")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as opened:
        yield opened


@pytest.fixture
async def client(join, request: pytest.FixtureRequest):
    """A client with a test key that may do everything, in an organisation of its own."""
    return await join(request.node.nodeid)

"""The dashboard in a real browser, on an installation of its own: built, started and filled once for all its tests."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from browser import Site, chromium, open_site
from dashboard_build import Sources, copied
from layers_sdk import AsyncLayers, Layers
from playwright.async_api import Browser
from seed import World, seed

from installation import copied_database
from layers.db.embedded import Embedded


@pytest.fixture(scope="session")
async def sources() -> AsyncIterator[Sources]:
    """The dashboard, built."""
    with copied() as made:
        await made.use("vite/bin/vite.js", "build", "--logLevel", "warn")
        yield made


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser."""
    async with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
async def site(
    postgres: Embedded,
    template: str,
    browser: Browser,
    sources: Sources,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Site]:
    """An installation that serves the dashboard, with a worker."""
    folder = tmp_path_factory.mktemp("data")
    async with (
        copied_database(postgres, template) as url,
        open_site(url, folder, browser, sources) as opened,
    ):
        yield opened


@pytest.fixture(autouse=True)
async def quiet(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Pages that a test opens are closed, and none has complained."""
    yield
    if "site" in request.fixturenames:
        await request.getfixturevalue("site").close_pages()


@pytest.fixture(scope="session")
async def world(site: Site, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A small world to look at; tests that change things make their own."""
    owner = await site.someone("Northwind")
    with Layers(site.keys[owner], base_url=site.origin) as layers:
        made: World = await asyncio.to_thread(seed, layers, Path(tmp_path_factory.mktemp("media")))
    return made


@pytest.fixture(scope="session")
async def owner(site: Site) -> AsyncLayers:
    """Somebody who may do everything in the world's organisation."""
    return await site.someone("Northwind")

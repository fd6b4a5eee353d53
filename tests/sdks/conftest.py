"""One `layers up` in a process of its own for all SDKs."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest
from typescript import Built, copied

from installation import copied_database, free_port, until_ready
from layers.db.embedded import Embedded
from layers.db.pool import Pool, open_pool

UP = "from layers.cli import main; main()"


@pytest.fixture(scope="session")
async def database_url(postgres: Embedded, template: str) -> AsyncIterator[str]:
    """A fresh, migrated database."""
    async with copied_database(postgres, template) as url:
        yield url


@pytest.fixture(scope="session")
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool on that database, to make keys."""
    opened = await open_pool(database_url, 2, "layers tests")
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def origin(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The server, started once."""
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")}
    env |= {"LAYERS_PORT": str(port), "LAYERS_DATABASE_URL": database_url}
    env |= {"LAYERS_ALLOW_PRIVATE_NETWORKS": "true", "LAYERS_DATA_DIR": str(tmp_path_factory.mktemp("data"))}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", UP, "up", env=env)
    try:
        await until_ready(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 60) == 0


@pytest.fixture(scope="session")
async def typescript() -> AsyncIterator[Built]:
    """The TypeScript SDK, built once."""
    with copied() as built:
        await built.tool("typescript/bin/tsc")
        yield built

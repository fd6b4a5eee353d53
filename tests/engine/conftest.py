"""The stage of every test here."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from stage import Stage, engine_at

from layers.app import Shared
from layers.db.pool import Pool
from layers.loopback import loopback_server
from layers.sandbox.app import create_sandbox


@pytest.fixture
async def stage(
    client: Any, pool: Pool, shared: Shared, session: aiohttp.ClientSession
) -> AsyncIterator[Stage]:
    """The API, the fakes and an engine, on a fresh database; nothing runs by itself."""
    async with (
        loopback_server(create_sandbox(pool, processing_seconds=0.0)) as sandbox,
        engine_at(shared, sandbox) as engine,
    ):
        yield Stage(client, pool, shared, sandbox, engine, session, await client.project())

"""The stage of the tests here: an API, fakes, and an engine driven step by step."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from stage import Stage, set_up

from layers.app import Shared
from layers.db.pool import Pool


@pytest.fixture
async def stage(
    client: Any, pool: Pool, shared: Shared, session: aiohttp.ClientSession
) -> AsyncIterator[Stage]:
    """The stage, on a fresh database."""
    async with set_up(client, pool, shared, session) as opened:
        yield opened

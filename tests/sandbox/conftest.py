"""A running sandbox on a real PostgreSQL."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sandbox_server import PROCESSING, Sandbox, client, serving

import layers.db
from layers.db import embedded
from layers.db.pool import Pool, open_pool

SCHEMA = Path(layers.db.__file__).parent / "migrations/versions/0001_first.sql"


@pytest.fixture(scope="session")
async def pool() -> AsyncIterator[Pool]:
    with (
        tempfile.TemporaryDirectory(prefix="layers-sandbox-") as folder,
        embedded.start(Path(folder), fsync=False) as database,
    ):
        pool = await open_pool(database.url, 8, "sandbox tests")
        await pool.execute(SCHEMA.read_text())
        yield pool
        await pool.close()


@pytest.fixture(scope="session")
async def origin(pool: Pool) -> AsyncIterator[str]:
    async with serving(pool, processing_seconds=PROCESSING) as origin:
        yield origin


@pytest.fixture
async def sandbox(pool: Pool, origin: str) -> AsyncIterator[Sandbox]:
    async with client() as web:
        sandbox = Sandbox(pool, web, origin)
        yield sandbox
        await sandbox.call("DELETE", "/control/faults")


@pytest.fixture
async def second(pool: Pool) -> AsyncIterator[Sandbox]:
    """Another server, on a pool of its own without JSON codecs."""
    folder = await pool.fetchval("SELECT setting FROM pg_settings WHERE name = 'unix_socket_directories'")
    name = await pool.fetchval("SELECT current_database()")
    where = {"host": folder, "user": "postgres", "database": name, "min_size": 1, "max_size": 4}
    async with (
        asyncpg.create_pool(**where) as other,
        serving(other, processing_seconds=PROCESSING) as origin,
        client() as web,
    ):
        yield Sandbox(other, web, origin)

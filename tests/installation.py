"""An installation for tests: a database copied from a migrated one, the API over real HTTP, a worker beside it."""

import asyncio
import itertools
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import asyncpg
from litestar.types import ASGIApp

from layers.app import Shared, create_app
from layers.db.embedded import Embedded
from layers.loopback import loopback_server
from layers.publishing.engine import Timing
from layers.worker import work

NUMBERS = itertools.count()
QUICK = Timing(
    lease=timedelta(seconds=3),
    first_retry=timedelta(milliseconds=100),
    first_doubt=timedelta(milliseconds=100),
    absence_spacing=timedelta(milliseconds=200),
    unknown_after=timedelta(seconds=1),
    find_after_at_most=timedelta(milliseconds=200),
)
"""The engine's patience, shortened so that tests need not wait."""


@asynccontextmanager
async def copied_database(postgres: Embedded, template: str) -> AsyncIterator[str]:
    """Copy a database for as long as the block runs; gives its URL."""
    name = f"layers_{next(NUMBERS)}"
    connection = await asyncpg.connect(postgres.url)
    # By files, without a log of every page: a tenth of the work.
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield postgres.url.replace("/layers?", f"/{name}?")
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


def free_port() -> int:
    """Return a port on loopback that nobody uses right now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return ports nobody uses, below those the system gives to outgoing connections: they stay free for a while."""
    found: list[int] = []
    for port in random.SystemRandom().sample(range(20_000, 32_000), 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free port between 20000 and 32000")


@asynccontextmanager
async def serving(shared: Shared, port: int = 0, app: ASGIApp | None = None) -> AsyncIterator[str]:
    """Serve the API, or an app around it, on a port (0: any free one); gives its origin."""
    async with loopback_server(app or create_app(shared), port, lifespan=True) as origin:
        yield origin


@asynccontextmanager
async def working(shared: Shared, timing: Timing = QUICK) -> AsyncIterator[None]:
    """Run a worker in this process while the block runs."""
    stop = asyncio.Event()
    task = asyncio.create_task(work(shared, stop, timing))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def until_ready(origin: str, process: asyncio.subprocess.Process) -> None:
    """Return once the API of a `layers up` answers."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(120):
        while True:
            try:
                async with session.get(f"{origin}/health/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                assert process.returncode is None, "layers up ended"
            await asyncio.sleep(0.05)

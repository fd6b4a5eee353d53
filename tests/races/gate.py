"""Makes two things meet in a chosen order: the first is held at a gate, the second comes and waits, the gate opens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from stage import Stage, until

from layers.db.pool import Connection

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""
AT_THE_END = "LOCK TABLE events IN EXCLUSIVE MODE"
"""Holds a request at the end of its work: all is written but its event."""

Deed = Callable[[], Coroutine[Any, Any, Any]]


async def waiting_are(stage: Stage, count: int) -> None:
    """Wait until so many statements of this database wait for a lock."""

    async def reached() -> bool:
        return await stage.pool.fetchval(WAITING) == count

    await until(reached)


@asynccontextmanager
async def transaction(stage: Stage) -> AsyncIterator[Connection]:
    """A transaction of its own, committed at the end of the block."""
    async with stage.pool.acquire() as connection, connection.transaction():
        yield connection


async def in_order(stage: Stage, first: Deed, second: Deed, *, gate: str = AT_THE_END) -> tuple[Any, Any]:
    """Run both so that `first` is at the gate, its locks taken, when `second` comes; returns both answers.

    The second either waits for the first or ends while that is still under way.
    """
    async with transaction(stage) as keeper:
        await keeper.execute(gate)
        one = asyncio.create_task(first())
        await waiting_are(stage, 1)
        two = asyncio.create_task(second())
        await _waits_or_ends(stage, two)
    return await one, await two


async def after(stage: Stage, first: Callable[[Connection], Awaitable[Any]], second: Deed) -> tuple[Any, Any]:
    """Run `first` in a transaction that is still open when `second` comes; returns both answers."""
    async with transaction(stage) as tx:
        done = await first(tx)
        two = asyncio.create_task(second())
        await _waits_or_ends(stage, two, others=0)
    return done, await two


async def _waits_or_ends(stage: Stage, task: asyncio.Task[Any], others: int = 1) -> None:
    async def reached() -> bool:
        return task.done() or await stage.pool.fetchval(WAITING) == others + 1

    await until(reached)

"""Lanes: one queue job per social account with due work, so that an account's posts go out one at a time, in order,
and accounts share the workers fairly. The jobs are hints; a lost or doubled one changes nothing (see `ledger.CLAIM`).
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

import structlog
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from layers.db.pool import DATABASE_AWAY, Connection, Pool
from layers.db.schema import queue_settings
from layers.publishing import outlook
from layers.publishing.engine import Engine

log = structlog.get_logger("layers.lanes")
CHANNEL = "layers_due"
ENTRYPOINT = "lane"
LOOK_EVERY = 1.0
LOOK_AGAIN = 0.1
"""Seconds until the next look when an account with due work still has a job, which may be just ending."""
AT_ONCE = 500
COALESCE = 0.01


class Nudger:
    """Tells workers, after a commit, that something is due: at most one NOTIFY per 10 ms for all requests together."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    def nudge(self) -> None:
        """Ask for a wake-up now. Harmless to lose: workers look by themselves every second."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._notify())

    async def _notify(self) -> None:
        while self._wanted:
            self._wanted = False
            try:
                await self._pool.execute(f"NOTIFY {CHANNEL}")
            except DATABASE_AWAY as fault:
                log.debug("nudge lost", error=repr(fault))
            await asyncio.sleep(COALESCE)


def open_queue(pool: Pool) -> Queries:
    """Return PgQueuer's queries on our names for its tables."""
    settings = queue_settings()
    return Queries(
        AsyncpgPoolDriver(cast("Any", pool)),
        QueryBuilderEnvironment(settings),
        QueryQueueBuilder(settings),
        QuerySchedulerBuilder(settings),
    )


class _Queue(QueueManager):
    """PgQueuer's manager, which says at once that it will hand out no more jobs: it ends only with those in hand."""

    async def fetch_jobs(
        self, batch_size: int, global_concurrency_limit: int | None, heartbeat_timeout: timedelta
    ) -> AsyncGenerator[Job]:
        """Give jobs. Any trouble shuts the manager down."""
        try:
            async for job in super().fetch_jobs(batch_size, global_concurrency_limit, heartbeat_timeout):
                yield job
        except Exception:
            self.shutdown.set()
            raise


class Lanes:
    """Enqueues lanes with due work and drains those the queue hands to this worker."""

    def __init__(self, pool: Pool, engine: Engine, width: int, lease: timedelta) -> None:
        self.pool, self.engine, self.width, self.lease = pool, engine, width, lease
        self.queue = open_queue(pool)
        self.manager = _Queue(self.queue, channel=self.queue.qbe.settings.channel)
        self.manager.entrypoint(ENTRYPOINT, accepts_context=False)(self._drain)
        self._wake = asyncio.Event()
        self._stopping = False

    def stop(self) -> None:
        """Take no new work; what is being sent is finished."""
        self._stopping = True
        self.manager.shutdown.set()
        self._wake.set()

    async def run(self) -> asyncio.Task[None]:
        """Take work until stopped, or until the database fails; returns the task that ends with what is still in hand.

        So new lanes can take work while a slow conversation of the old ones goes on.
        """
        queue = asyncio.create_task(
            self.manager.run(
                dequeue_timeout=timedelta(seconds=5),
                batch_size=min(10, max(1, self.width // 2)),
                max_concurrent_tasks=self.width,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=self.lease,
                log_aggregation_interval=timedelta(0),
            )
        )
        watching = asyncio.create_task(self._watch())
        ending = asyncio.create_task(self.manager.shutdown.wait())
        try:
            await asyncio.wait({queue, watching, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop()
            watching.cancel()
            ending.cancel()
            await asyncio.gather(watching, ending, return_exceptions=True)
        return queue

    async def _drain(self, job: Job) -> None:
        account_id = (job.payload or b"").decode()
        if await self.engine.drain(account_id, lambda: not self._stopping):
            self._wake.set()

    async def _watch(self) -> None:
        async with self.pool.acquire() as connection:
            await connection.add_listener(CHANNEL, self._on_notify)
            try:
                while not self._stopping:
                    self._wake.clear()
                    pause = await self._look(connection)
                    await self._sleep(pause)
            finally:
                with suppress(*DATABASE_AWAY):
                    await connection.remove_listener(CHANNEL, self._on_notify)

    def _on_notify(self, *_: object) -> None:
        self._wake.set()

    async def _look(self, connection: Connection) -> float:
        """Enqueue accounts with due work; returns seconds until the next look."""
        seen = await outlook.look(connection, self.queue.qbe.settings.queue_table, AT_ONCE)
        if seen.fresh:
            await self.queue.enqueue(
                [ENTRYPOINT] * len(seen.fresh),
                [*(account_id.encode() for account_id in seen.fresh)],
                [-turn for turn in seen.turns],
                dedupe_key=[*seen.fresh],
                on_conflict="skip",
            )
        if seen.waiting or seen.more:
            return LOOK_AGAIN
        return LOOK_EVERY if seen.next_in is None else min(max(seen.next_in, 0.001), LOOK_EVERY)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

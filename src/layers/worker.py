"""A worker: lanes drained through the engine, the built-in sandbox beside it, and small periodic chores."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import structlog

from layers import events
from layers.app import Shared, harbour_of, sandbox_bounds
from layers.content.commands import auto_approve_next
from layers.content.fetching import Fetcher, clear_away
from layers.dashboard import commands as dashboard
from layers.db.columns import identifier
from layers.db.pool import DATABASE_AWAY, STATEMENT_SECONDS, Pool, open_pool
from layers.db.schema import queue_settings
from layers.kit.ids import new_id
from layers.kit.times import utc_now
from layers.loopback import loopback_server
from layers.monitoring import serving_metrics
from layers.outbound import Outbound
from layers.platforms import CONNECTORS
from layers.projects.erasure import erase_projects
from layers.publishing.credentials import Credentials
from layers.publishing.engine import Engine, Timing
from layers.publishing.health import ALIVE
from layers.publishing.lanes import Lanes
from layers.publishing.late import tell_late
from layers.sandbox.app import create_sandbox
from layers.social_accounts.upkeep import refresh_ahead, seal_anew
from layers.webhooks import store as webhooks
from layers.webhooks.dispatch import Deliverer
from layers.webhooks.upkeep import seal_secrets_anew

log = structlog.get_logger("layers.worker")
RESTART_AFTER = 1.0
FINISH_WITHIN = 12.0
"""Seconds a stopping worker has for what it is sending; the rest is left to others."""
SEEN_EVERY = 5.0
TIDY_EVERY = 60.0
APPROVE_EVERY = 1.0
LATE_EVERY = 5.0
ERASE_EVERY = 2.0
FORGET_EVERY = 3600.0
WEBHOOK_CONNECTIONS = 4
"""Of the database, for all webhooks and fetching of a worker, so that they never take those that posts need."""


def timing(lease_seconds: float) -> Timing:
    """Return the engine's patience for a lease of that length."""
    return Timing(lease=timedelta(seconds=lease_seconds))


async def work(shared: Shared, stop: asyncio.Event, patience: Timing | None = None) -> None:
    """Be a worker until `stop` is set; then finish or park what is being sent."""
    settings = shared.settings
    patience = patience or timing(settings.lease_seconds)
    pool = await open_pool(
        shared.url,
        settings.database_connections + settings.worker_lanes // 4,
        "layers worker",
        STATEMENT_SECONDS,
    )
    webhook_pool = await open_pool(shared.url, WEBHOOK_CONNECTIONS, "layers webhooks", STATEMENT_SECONDS)
    outbound = Outbound(shared.storage, settings.allow_private_networks)
    deliverer = Deliverer(webhook_pool, outbound, shared.vault)
    try:
        sandbox = create_sandbox(pool, bounds=sandbox_bounds(settings, pool))
        async with loopback_server(sandbox) as sandbox_origin, serving_metrics(settings, pool):
            engine = Engine(
                pool=pool,
                outbound=outbound,
                credentials=Credentials(pool, shared.vault, outbound, settings, sandbox_origin),
                connectors=CONNECTORS,
                signer=shared.signer,
                media_origin=settings.public_origin,
                timing=patience,
            )
            fetcher = Fetcher(webhook_pool, harbour_of(shared))
            await _run(engine, deliverer, fetcher, shared, stop)
    finally:
        await outbound.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(pool.close(), webhook_pool.close()), 5)
        pool.terminate()
        webhook_pool.terminate()


async def _run(
    engine: Engine, deliverer: Deliverer, fetcher: Fetcher, shared: Shared, stop: asyncio.Event
) -> None:
    width, days = shared.settings.worker_lanes, shared.settings.audit_retention_days
    delivering = asyncio.gather(deliverer.run(stop), fetcher.run(stop))
    presence = _Presence(engine)
    chores = [
        asyncio.create_task(_repeat(SEEN_EVERY, presence.show, stop)),
        asyncio.create_task(_repeat(TIDY_EVERY, lambda: tidy(engine.pool), stop)),
        asyncio.create_task(_repeat(TIDY_EVERY, lambda: clear_away(fetcher.pool, fetcher.harbour), stop)),
        asyncio.create_task(_repeat(TIDY_EVERY, lambda: _look_after_accounts(engine), stop)),
        asyncio.create_task(
            _repeat(TIDY_EVERY, lambda: seal_secrets_anew(engine.pool, deliverer.vault), stop)
        ),
        asyncio.create_task(_repeat(APPROVE_EVERY, lambda: _approve_timers(engine.pool), stop)),
        asyncio.create_task(_repeat(LATE_EVERY, lambda: tell_late(engine.pool), stop)),
        asyncio.create_task(_repeat(ERASE_EVERY, lambda: erase_projects(engine.pool, shared.storage), stop)),
        asyncio.create_task(_repeat(FORGET_EVERY, lambda: events.forget_old(engine.pool, days), stop)),
        asyncio.create_task(  # until the very end: what is being finished needs its lease
            _repeat(engine.timing.lease.total_seconds() / 3, engine.keep_leases, asyncio.Event())
        ),
    ]
    log.info("worker started", lanes=width)
    finishing = set[asyncio.Task[None]]()
    try:
        while not stop.is_set():
            finishing.add(await _lanes_until(engine, width, stop))
            finishing = {task for task in finishing if not task.done()}
        if finishing:
            _, late = await asyncio.wait(finishing, timeout=FINISH_WITHIN)
            if late:
                engine.leave()
                await asyncio.wait(late)
        await delivering
    finally:
        for task in (delivering, *chores, *finishing):
            task.cancel()
        await asyncio.gather(delivering, *chores, *finishing, return_exceptions=True)
        await presence.leave()
        log.info("worker stopped", dispatched=engine.dispatched)


async def _lanes_until(engine: Engine, width: int, stop: asyncio.Event) -> asyncio.Task[None]:
    """Run lanes until `stop` or until they break (a database restart); returns the task of what is still in hand."""
    lanes = Lanes(engine.pool, engine, width, engine.timing.lease)

    async def stopper() -> None:
        await stop.wait()
        lanes.stop()

    stopping = asyncio.create_task(stopper())
    try:
        rest = await lanes.run()
    finally:
        stopping.cancel()
    rest.add_done_callback(_say_why)
    if not stop.is_set():
        log.warning("lanes broke; starting new ones")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), RESTART_AFTER)
    return rest


def _say_why(ended: asyncio.Task[None]) -> None:
    if not ended.cancelled() and (fault := ended.exception()):
        log.warning("lanes had broken", error=repr(fault))


async def _repeat(seconds: float, chore: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await chore()
        except DATABASE_AWAY as fault:
            log.debug("chore skipped, database away", error=repr(fault))
        except Exception as fault:
            log.error("chore failed", exc_info=fault)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)


class _Presence:
    """Shows that this worker lives, for `GET /health/dispatch`."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.id, self.seen = engine, new_id("wrk"), 0

    async def show(self) -> None:
        """Write a sign of life, and whether anything was dispatched since the last one."""
        moved = self.engine.dispatched > self.seen
        self.seen = self.engine.dispatched
        await self.engine.pool.execute(
            """INSERT INTO workers (id, host, pid, last_dispatch_at) VALUES ($1, $2, $3, CASE WHEN $4 THEN now() END)
            ON CONFLICT (id) DO UPDATE SET seen_at = now(),
                last_dispatch_at = coalesce(excluded.last_dispatch_at, workers.last_dispatch_at)""",
            *(self.id, socket.gethostname(), os.getpid(), moved),
        )

    async def leave(self) -> None:
        """Show that this worker lives no more, at once and not only once nobody has seen it for a while."""
        with suppress(*DATABASE_AWAY):
            await self.engine.pool.execute(
                "UPDATE workers SET seen_at = least(seen_at, now() - $2::interval) WHERE id = $1",
                self.id,
                ALIVE,
            )


async def _look_after_accounts(engine: Engine) -> None:
    await refresh_ahead(engine.pool, engine.credentials)
    await seal_anew(engine.pool, engine.credentials)


async def _approve_timers(pool: Pool) -> None:
    while await auto_approve_next(pool, utc_now()):
        pass


async def tidy(pool: Pool) -> None:
    """Forget what is only kept for a while: idempotency records, queue logs, dead workers, old deliveries."""
    await pool.execute("DELETE FROM idempotency_records WHERE created_at < now() - interval '25 hours'")
    await pool.execute("DELETE FROM workers WHERE seen_at < now() - interval '1 day'")
    await pool.execute("DELETE FROM oauth_states WHERE created_at < now() - interval '1 day'")
    await webhooks.tidy(pool)
    await dashboard.tidy(pool)
    queue = queue_settings()
    await pool.execute(
        f"DELETE FROM {identifier(queue.queue_table_log)} WHERE created < now() - interval '10 minutes'"
    )

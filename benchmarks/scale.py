"""What a second process adds, and what a million posts that wait for their day take away."""

import asyncio
import time

from benchmarks.arrange import Ground, populate, schedule, serve_on, spawn
from benchmarks.instant import PLATFORM, instant_platform
from benchmarks.processes import cpu_seconds, end, free_port, memory_mb, tree
from benchmarks.publish import ACCOUNTS, CONTAINERS, database_pid, send

EACH = 10
LEAD = 8
"""Seconds to insert a burst and gather statistics of a table of a million rows."""


async def out(ground: Ground, *, seconds: float) -> dict[str, object]:
    """One process against two on the same database, requests and posts, all sharing this machine's cores."""
    await populate(
        ground.pool, ground.organization_id, accounts=ACCOUNTS, containers=CONTAINERS, platform=PLATFORM
    )
    drains = {workers: await _drain(ground, workers=workers, batch=f"by{workers}") for workers in (1, 2)}
    rates = {processes: await _accept(ground, processes, seconds) for processes in (1, 2)}
    return {
        "requests_per_second": {str(processes): rate for processes, rate in rates.items()},
        "requests_ratio": round(rates[2] / rates[1], 2),
        "posts": {str(workers): figures for workers, figures in drains.items()},
        "posts_ratio": round(drains[2]["posts_per_second"] / drains[1]["posts_per_second"], 2),
    }


async def _accept(ground: Ground, processes: int, seconds: float) -> float:
    ports = [free_port() for _ in range(processes)]
    servers = await serve_on(ground, ports)
    try:
        await send(ground, ports, seconds=1)
        answers = await send(ground, ports, seconds=seconds)
    finally:
        end(servers)
    return answers.figures()["requests_per_second"]


async def idle(ground: Ground, *, seconds: float = 10) -> dict[str, float]:
    """Memory of an API process and a worker with nothing to do, and what they compute meanwhile."""
    [server] = await serve_on(ground, [free_port()])
    worker = spawn(ground, "work")
    try:
        while not await ground.pool.fetchval("SELECT count(*) FROM workers"):
            await asyncio.sleep(0.05)
        before = cpu_seconds(server.pid) + cpu_seconds(worker.pid)
        await asyncio.sleep(seconds)
        spent = cpu_seconds(server.pid) + cpu_seconds(worker.pid) - before
        return {
            "serve_memory_mb": memory_mb(tree(server.pid)),
            "work_memory_mb": memory_mb(tree(worker.pid)),
            "cpu_ms_per_second": round(spent * 1000 / seconds, 1),
        }
    finally:
        end([server, worker])


async def million(ground: Ground, *, posts: int = 1_000_000) -> dict[str, object]:
    """Drain a burst before and after `posts` future posts of the same accounts are there."""
    await populate(ground.pool, ground.organization_id, accounts=ACCOUNTS, containers=1, platform=PLATFORM)
    without = await _drain(ground, workers=1, batch="without")
    each = posts // ACCOUNTS
    async with ground.pool.acquire() as tx, tx.transaction():
        # Foreign keys unchecked: a million rows whose parents are known to be there.
        await tx.execute("SET LOCAL session_replication_role = replica")
        future = {"accounts": ACCOUNTS, "each": each, "after_seconds": 86_400, "batch": "future"}
        await schedule(tx, ground.organization_id, **future)
    among = await _drain(ground, workers=1, batch="among")
    return {
        "future_posts": each * ACCOUNTS,
        "without": without,
        "among": among,
        "posts_ratio": round(among["posts_per_second"] / without["posts_per_second"], 2),
        "cpu_ratio": round(_cpu(among) / _cpu(without), 2),
        "memory_ratio": round(among["worker_memory_mb"] / without["worker_memory_mb"], 2),
    }


def _cpu(drain: dict[str, float]) -> float:
    return drain["worker_cpu_ms_per_post"] + drain["database_cpu_ms_per_post"]


async def _drain(ground: Ground, *, workers: int, batch: str) -> dict[str, float]:
    """Posts a second when a burst comes due at one instant, and what it cost workers and database."""
    total, database = ACCOUNTS * EACH, database_pid(ground)
    async with instant_platform() as platform:
        before = await ground.pool.fetchval("SELECT count(*) FROM workers")
        running = [spawn(ground, "work", origin=platform.origin) for _ in range(workers)]
        try:
            while await ground.pool.fetchval("SELECT count(*) FROM workers") < before + workers:
                await asyncio.sleep(0.05)
            await schedule(
                ground.pool,
                ground.organization_id,
                accounts=ACCOUNTS,
                each=EACH,
                after_seconds=LEAD,
                batch=batch,
            )
            due: float = await ground.pool.fetchval(
                "SELECT extract(epoch FROM scheduled_for)::float8 FROM scheduled_posts WHERE id = $1",
                f"sp_{batch}_0_0",
            )
            assert time.time() < due, "too slow a machine: the burst was due before it was there"
            await asyncio.sleep(max(0, due - time.time() - 0.2))
            spent = cpu_seconds(database), sum(cpu_seconds(one.pid) for one in running)
            await platform.until(total, 120)
            while await ground.pool.fetchval(
                "SELECT EXISTS (SELECT FROM scheduled_posts WHERE due_at < now() + interval '1 hour')"
            ):
                await asyncio.sleep(0.02)
            seconds = time.time() - due
            sql = cpu_seconds(database) - spent[0]
            python = sum(cpu_seconds(one.pid) for one in running) - spent[1]
            memory = memory_mb(one.pid for one in running)
        finally:
            end(running)
        assert len(platform.bodies) == len(set(platform.bodies)) == total, "posts lost or doubled"
    return {
        "posts_per_second": round(total / seconds, 1),
        "worker_cpu_ms_per_post": round(python * 1000 / total, 3),
        "database_cpu_ms_per_post": round(sql * 1000 / total, 3),
        "worker_memory_mb": memory,
    }

"""Dispatch: due → first call at idle, and how fast a backlog drains."""

import asyncio
import resource
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec

from benchmarks.arrange import Ground, populate, schedule
from benchmarks.instant import PLATFORM, Instant, Platform, instant_platform
from benchmarks.processes import cpu_seconds
from benchmarks.publish import database_pid
from layers.kit.ids import new_id
from layers.outbound import Outbound
from layers.publishing.credentials import Credentials
from layers.publishing.engine import Engine
from layers.publishing.lanes import Lanes, Nudger


@asynccontextmanager
async def lanes(ground: Ground, platform: Platform) -> AsyncGenerator[None]:
    """Run a worker's lanes, as shipped, against the instant platform."""
    outbound = Outbound(ground.shared.storage, anywhere=True)
    connector = Instant()
    connector.origin = platform.origin
    credentials = Credentials(ground.pool, ground.shared.vault, outbound, ground.shared.settings, "")
    engine = Engine(ground.pool, outbound, credentials, {PLATFORM: connector}, ground.shared.signer, "")
    running = Lanes(ground.pool, engine, ground.shared.settings.worker_lanes, engine.timing.lease)
    task = asyncio.create_task(running.run())
    await asyncio.sleep(1.5)
    yield
    running.stop()
    await (await task)
    await outbound.close()


async def drain(ground: Ground, *, accounts: int, each: int) -> dict[str, float]:
    """Posts a second when `accounts` × `each` posts are due at one instant, every state row written."""
    total = accounts * each
    await populate(ground.pool, ground.organization_id, accounts=accounts, containers=1, platform=PLATFORM)
    async with instant_platform() as platform:
        await schedule(ground.pool, ground.organization_id, accounts=accounts, each=each, after_seconds=4)
        due: float = await ground.pool.fetchval(
            "SELECT extract(epoch FROM min(due_at))::float8 FROM scheduled_posts"
        )
        async with lanes(ground, platform):
            await asyncio.sleep(max(0, due - time.time() - 0.2))
            before = _cpu()
            await platform.until(total, 300)
            while await ground.pool.fetchval("SELECT count(*) FROM scheduled_posts WHERE due_at IS NOT NULL"):
                await asyncio.sleep(0.02)
            seconds = time.time() - due
            cpu = _cpu() - before
        published = await ground.pool.fetchval(
            "SELECT count(*) FROM scheduled_posts WHERE status = 'published'"
        )
        assert published == total == len(set(platform.bodies)) == len(platform.bodies), (
            "posts lost or doubled"
        )
        waits = [at - due for at in platform.arrivals]
    return {
        "posts": total,
        "accounts": accounts,
        "posts_per_second": round(total / seconds, 1),
        "worker_cpu_ms_per_post": round(cpu * 1000 / total, 3),
        "first_call_after_s": round(min(waits), 3),
        "last_call_after_s": round(max(waits), 3),
    }


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def spread(ground: Ground, *, posts: int, seconds: float) -> dict[str, float]:
    """Milliseconds from due to the first call when `posts`, each of an account of its own, come due over `seconds`."""
    await populate(ground.pool, ground.organization_id, accounts=posts, containers=1, platform=PLATFORM)
    rows = await ground.pool.fetch(SPREAD, ground.organization_id, posts, PLATFORM, seconds / posts)
    await ground.pool.execute("ANALYZE scheduled_posts")
    due = {row["id"]: row["due"] for row in rows}
    async with instant_platform() as platform, lanes(ground, platform):
        before = _cpu(), cpu_seconds(database_pid(ground))
        await platform.until(posts, SPREAD_LEAD + seconds + 120)
        cpu = _cpu() - before[0], cpu_seconds(database_pid(ground)) - before[1]
        called = [msgspec.json.decode(body)["id"] for body in platform.bodies]
    assert sorted(called) == sorted(due), "posts lost or doubled"
    waits = [(at - due[post]) * 1000 for post, at in zip(called, platform.arrivals, strict=True)]
    return {
        "posts": posts,
        "seconds": seconds,
        **_percentiles(waits),
        "worker_cpu_ms_per_post": round(cpu[0] * 1000 / posts, 3),
        "database_cpu_ms_per_post": round(cpu[1] * 1000 / posts, 3),
    }


SPREAD_LEAD = 6
SPREAD = f"""
INSERT INTO scheduled_posts (id, organization_id, project_id, container_id, social_account_id, platform, mode, kind,
    status, caption, scheduled_for, due_at)
SELECT 'sp_' || n, $1, 'prj_0', 'cnt_0', 'sa_' || n, $3, 'direct_publish', 'text', 'queued', 'hello', at, at
FROM generate_series(0, $2::int - 1) n,
    LATERAL (SELECT now() + interval '{SPREAD_LEAD} s' + n * $4::float8 * interval '1 second' AS at) AS t
RETURNING id, extract(epoch FROM due_at)::float8 AS due
"""


async def first_call(ground: Ground, *, tries: int, lead: float) -> dict[str, float]:
    """Milliseconds from due to the first call at an idle worker; `lead` 0 is publish now (with its nudge)."""
    await populate(ground.pool, ground.organization_id, accounts=tries, containers=1, platform=PLATFORM)
    nudger = Nudger(ground.pool)
    waits: list[float] = []
    async with instant_platform() as platform, lanes(ground, platform):
        for n in range(tries):
            due = await _insert(ground, n, lead)
            nudger.nudge()
            await platform.until(n + 1, 30)
            waits.append((platform.arrivals[-1] - due) * 1000)
            await asyncio.sleep(0.25)
    return {"tries": tries, "lead_s": lead, **_percentiles(waits)}


def _percentiles(waits: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(waits, n=100)
    return {"median_ms": round(cuts[49], 1), "p90_ms": round(cuts[89], 1), "p99_ms": round(cuts[98], 1)}


async def _insert(ground: Ground, account: int, lead: float) -> float:
    return await ground.pool.fetchval(
        """INSERT INTO scheduled_posts (id, organization_id, project_id, container_id, social_account_id, platform,
            mode, kind, status, caption, scheduled_for, due_at)
        VALUES ($1, $2, 'prj_0', 'cnt_0', 'sa_' || $3::int, $4, 'direct_publish', 'text', 'queued', 'hello',
            now() + $5::float8 * interval '1 second', now() + $5::float8 * interval '1 second')
        RETURNING extract(epoch FROM due_at)::float8""",
        *(new_id("sp"), ground.organization_id, account, PLATFORM, lead),
    )

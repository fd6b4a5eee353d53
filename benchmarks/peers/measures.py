"""What is measured, the same for every contestant."""

import asyncio
import random
import statistics
import time
from datetime import UTC, datetime, timedelta
from itertools import count

from benchmarks.load import load
from benchmarks.peers.contestants import Contestant, Stage, stage
from benchmarks.processes import memory_mb

CLIENTS = 24
DUE = 1_000
CAUGHT, KILLS, BURST, BETWEEN = 10, 10, 700, 25
PATIENCE = 150
"""Seconds to wait for progress that leads to the next kill: more than any lease or timeout here."""
LOST_AFTER = 90
"""Seconds after the last kill: what is not out by then counts as lost, what is out but not recorded as stuck."""


async def accept(contestant: Contestant, redis: str, *, seconds: float) -> dict[str, float]:
    """Publish-now requests a second, durable, of one API process; nothing is dispatched meanwhile."""
    async with stage(contestant, redis, dispatching=False) as scene:
        await load([scene.port], scene.request, count(), clients=CLIENTS, seconds=1)
        before = await scene.accepted()
        answers = await load([scene.port], scene.request, count(5_000), clients=CLIENTS, seconds=seconds)
        kept = await scene.accepted() - before
    assert set(answers.statuses) == {200}, f"unexpected answers: {answers.statuses}"
    assert kept == len(answers.took), f"{len(answers.took)} answered, {kept} kept"
    return answers.figures()


async def start(contestant: Contestant, redis: str, *, tries: int) -> dict[str, float]:
    """Milliseconds from a publish-now request to the platform's first call, everything idle."""
    waits: list[float] = []
    async with stage(contestant, redis, dispatching=True) as scene:
        for n in range(tries):
            began = time.time()
            await _send(scene, n, n + 1)
            waits.append((await scene.fake.until_begun(f"hello {n}", 30) - began) * 1000)
            await asyncio.sleep(random.uniform(0.03, 0.13))
    cuts = statistics.quantiles(waits, n=100)
    return {"tries": tries, "median_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1)}


async def drain(contestant: Contestant, redis: str, *, accept_rate: float) -> dict[str, float]:
    """Posts a second when 1,000 scheduled posts of 100 accounts come due at one instant; memory afterwards."""
    async with stage(contestant, redis, dispatching=True) as scene:
        due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=4 + 1.5 * DUE / accept_rate)
        answers = await load([scene.port], lambda n: scene.request(n, due), iter(range(DUE)), clients=CLIENTS)
        assert set(answers.statuses) == {200}, f"unexpected answers: {answers.statuses}"
        assert datetime.now(UTC) < due, "accepting took longer than expected"
        await scene.fake.until(DUE + 1, 120)
        await _until_published(scene, DUE + 1, 60)
        recorded = time.time()
        memory = memory_mb(scene.pids())
        begun = sorted(scene.fake.begun.values())[1:]
        assert len(scene.fake.arrivals) == DUE + 1, "published more than once"
        assert begun[0] >= due.timestamp() - 0.05, "sent before it was due"
    return {
        "posts": DUE,
        "posts_per_second": round(DUE / (recorded - begun[0]), 1),
        "first_call_after_due_ms": round((begun[0] - due.timestamp()) * 1000),
        "all_done_after_due_s": round(recorded - due.timestamp(), 2),
        "memory_mb": memory,
    }


async def die(contestant: Contestant, redis: str) -> dict[str, dict[str, float]]:
    """`kill -9` the worker at the worst moments; a new one is started at once, as a supervisor would."""
    return {"held": await _die_unanswered(contestant, redis), "burst": await _die_often(contestant, redis)}


async def _die_unanswered(contestant: Contestant, redis: str) -> dict[str, float]:
    """Ten posts are out at the platform, none is recorded: kill."""
    async with stage(contestant, redis, dispatching=True) as scene:
        scene.fake.holding = True
        await _send(scene, 0, CAUGHT)
        await scene.fake.until(CAUGHT + 1, 60)
        scene.kill_worker()
        scene.fake.holding = False
        scene.start_worker()
        return await _count(scene, CAUGHT + 1)


async def _die_often(contestant: Contestant, redis: str) -> dict[str, float]:
    """Kill ten times while a backlog drains, each time when 25 more are out."""
    async with stage(contestant, redis, dispatching=False) as scene:
        scene.fake.delay = 0.02
        await _send(scene, 0, BURST)
        scene.start_worker()
        for _ in range(KILLS):
            await scene.fake.until(len(scene.fake.arrivals) + BETWEEN, PATIENCE)
            scene.kill_worker()
            scene.start_worker()
        return await _count(scene, BURST)


async def _count(scene: Stage, posts: int) -> dict[str, float]:
    killed = time.monotonic()
    in_time = await _until_published(scene, posts, LOST_AFTER)
    seconds = round(time.monotonic() - killed, 1)
    out = scene.fake.published
    lost = sum(not out[text] for text in scene.sent)
    return {
        "duplicates": sum(times - 1 for times in out.values() if times > 1),
        "lost": lost,
        "stuck": 0 if in_time else posts - lost - await scene.published(),
        "all_done_s": seconds,
    }


async def _until_published(scene: Stage, posts: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while await scene.published() < posts:
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.05)
    return True


async def _send(scene: Stage, first: int, after: int) -> None:
    answers = await load(
        [scene.port], lambda n: scene.request(n, accounts=1_000), iter(range(first, after)), clients=CLIENTS
    )
    assert set(answers.statuses) == {200}, f"unexpected answers: {answers.statuses}"

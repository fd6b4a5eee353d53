"""The publish request over HTTP, against the same SQL driven directly: the ratio is what HTTP and our code cost."""

import asyncio
import os
import time
import uuid
from itertools import count
from pathlib import Path

import msgspec

from benchmarks.arrange import Ground, populate, serve_on
from benchmarks.load import Answers, load, post_json
from benchmarks.processes import CORES, FIRST, LAST, cpu_seconds, end, free_port, pin, tree
from layers.access import keys, store
from layers.access.caller import Caller
from layers.api.transaction import IdempotentCall, begin, commit, keep_response
from layers.db.pool import Pool, open_pool
from layers.kit.canonical import fingerprint
from layers.kit.ids import new_id
from layers.kit.times import utc_now
from layers.publishing.commands import publish
from layers.publishing.schemas import Target

ACCOUNTS, CONTAINERS, CLIENTS = 200, 4000, 24


def database_pid(ground: Ground) -> int:
    """Return the process that all of the installation's PostgreSQL descends from."""
    note = Path(ground.shared.settings.data_dir, "postgres", "postmaster.pid")
    return int(note.read_text().splitlines()[0])


async def over_http(ground: Ground, *, seconds: float) -> dict[str, float]:
    """Requests a second of one API process on a core of its own, latency, and the CPU a request costs in all."""
    port = free_port()
    servers = await serve_on(ground, [port])
    database = database_pid(ground)
    pin(tree(servers[0].pid), FIRST)
    pin([os.getpid(), *tree(database)], LAST)
    try:
        await send(ground, [port], seconds=2)
        before = cpu_seconds(servers[0].pid), cpu_seconds(database)
        answers = await send(ground, [port], seconds=seconds)
        api, sql = cpu_seconds(servers[0].pid) - before[0], cpu_seconds(database) - before[1]
    finally:
        end(servers)
        pin([os.getpid(), *tree(database)], set(CORES))
    each = 1000 / len(answers.took)
    return {
        "clients": CLIENTS,
        **answers.figures(),
        "api_cpu_ms_per_request": round(api * each, 3),
        "database_cpu_ms_per_request": round(sql * each, 3),
        "cpu_ms_per_request": round((api + sql) * each, 3),
    }


async def send(ground: Ground, ports: list[int], *, seconds: float) -> Answers:
    """Load API processes with publish requests; all must be accepted."""

    def request(turn: int) -> bytes:
        target = {
            "socialAccountId": f"sa_{turn % ACCOUNTS}",
            "mode": "direct_publish",
            "allowDuplicate": True,
        }
        headers = {"Authorization": f"Bearer {ground.key}", "Idempotency-Key": str(uuid.uuid4())}
        path = f"/v1/content/cnt_{turn % CONTAINERS}/publish"
        return post_json(path, msgspec.json.encode({"targets": [target]}), headers)

    answers = await load(ports, request, count(), clients=CLIENTS, seconds=seconds)
    assert set(answers.statuses) == {200}, f"unexpected answers: {answers.statuses}"
    return answers


async def direct(ground: Ground, *, seconds: float) -> dict[str, float]:
    """Transactions a second of the same statements without HTTP, on one core, the database on the other."""
    database = tree(database_pid(ground))
    pin([os.getpid()], FIRST)
    pin(database, LAST)
    pool = await open_pool(ground.shared.url, 16, "layers benchmarks direct")
    caller = Caller(
        ground.organization_id, "Bench", "live", "key_bench", frozenset("*"), "unlimited", (), "req_bench"
    )
    presented = keys.parse_key(ground.key)
    assert presented is not None
    key_id = presented.key_id
    turns, done, until = count(), 0, time.perf_counter() + seconds

    async def client() -> None:
        nonlocal done
        while time.perf_counter() < until:
            turn = next(turns)
            await _one(pool, key_id, caller, f"cnt_{turn % CONTAINERS}", f"sa_{turn % ACCOUNTS}")
            done += 1

    await asyncio.gather(*(client() for _ in range(16)))
    await pool.close()
    pin([os.getpid(), *tree(database[0])], set(CORES))
    return {"transactions": done, "transactions_per_second": round(done / seconds, 1)}


async def _one(pool: Pool, key_id: str, caller: Caller, container: str, account: str) -> None:
    target = Target(social_account_id=account, mode="direct_publish", allow_duplicate=True)
    call = IdempotentCall(
        caller.api_key_id, "POST", f"/v1/content/{container}/publish", new_id("i"), fingerprint(account)
    )
    assert await store.find_key(pool, key_id, (call.method, call.path, call.key))
    async with pool.acquire() as tx:
        await begin(tx, call, is_looked_up=True)
        done = await publish(tx, caller, container, [target], utc_now(), lambda _: None)
        await keep_response(tx, call, 200, msgspec.json.encode(done), None)
        await commit(tx)


async def run(ground: Ground, *, seconds: float) -> dict[str, dict[str, float] | float]:
    """Measure both, in one run."""
    await populate(
        ground.pool, ground.organization_id, accounts=ACCOUNTS, containers=CONTAINERS, platform="bluesky"
    )
    without = await direct(ground, seconds=seconds)
    over = await over_http(ground, seconds=seconds)
    ratio = over["requests_per_second"] / without["transactions_per_second"]
    return {"over_http": over, "direct": without, "ratio": round(ratio, 3)}

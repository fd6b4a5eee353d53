"""The publish request over HTTP, against the same SQL driven directly: the ratio is what HTTP and our code cost."""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
import uuid
from pathlib import Path

import msgspec

from benchmarks.arrange import Ground, populate
from layers.access.caller import Caller
from layers.api.transaction import IdempotentCall, claim_key, keep_response
from layers.db.pool import open_pool
from layers.kit.canonical import fingerprint
from layers.kit.ids import new_id
from layers.kit.times import utc_now
from layers.publishing.commands import publish
from layers.publishing.schemas import Target

ACCOUNTS, CONTAINERS, CLIENTS = 200, 4000, 24


async def over_http(ground: Ground, *, seconds: float) -> dict[str, float]:
    """Requests a second of one API process (one core), latency, and its CPU a request."""
    port = _free_port()
    env = {
        **os.environ,
        "LAYERS_DATABASE_URL": ground.shared.url,
        "LAYERS_DATA_DIR": str(ground.shared.settings.data_dir),
        "LAYERS_PORT": str(port),
        "LAYERS_LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-c", "from layers.cli import main; main()", "serve"]
    server = subprocess.Popen(["taskset", "-c", "0", *command], env=env)  # noqa: ASYNC220
    try:
        await _until_ready(port)
        await _load(port, ground.key, seconds=2, start=0)
        before = _cpu_of(server.pid)
        took, statuses = await _load(port, ground.key, seconds=seconds, start=1000)
        cpu = _cpu_of(server.pid) - before
    finally:
        server.terminate()
        server.wait(20)
    assert set(statuses) == {200}, f"unexpected answers: {statuses}"
    cuts = statistics.quantiles(took, n=1000)
    return {
        "clients": CLIENTS,
        "requests": len(took),
        "requests_per_second": round(len(took) / seconds, 1),
        "median_ms": round(cuts[499] * 1000, 2),
        "p99_ms": round(cuts[989] * 1000, 2),
        "api_cpu_ms_per_request": round(cpu * 1000 / len(took), 3),
    }


async def _load(port: int, key: str, *, seconds: float, start: int) -> tuple[list[float], dict[int, int]]:
    took: list[float] = []
    statuses: dict[int, int] = {}
    until = time.perf_counter() + seconds

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        turn = start + number
        while time.perf_counter() < until:
            turn += CLIENTS
            raw = _request(key, f"cnt_{turn % CONTAINERS}", f"sa_{turn % ACCOUNTS}")
            began = time.perf_counter()
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            took.append(time.perf_counter() - began)
            status = int(head[9:12])
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    await asyncio.gather(*(client(n) for n in range(CLIENTS)))
    return took, statuses


def _request(key: str, container: str, account: str) -> bytes:
    target = {"socialAccountId": account, "mode": "direct_publish", "allowDuplicate": True}
    body = msgspec.json.encode({"targets": [target]})
    head = (
        f"POST /v1/content/{container}/publish HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        f"Idempotency-Key: {uuid.uuid4()}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def direct(ground: Ground, *, seconds: float) -> dict[str, float]:
    """Transactions a second of the same statements without HTTP, on one core."""
    os.sched_setaffinity(0, {0})
    pool = await open_pool(ground.shared.url, 16, "layers benchmarks direct")
    caller = Caller(
        ground.organization_id, "Bench", "live", "key_bench", frozenset("*"), "unlimited", (), "req_bench"
    )
    count, until = 0, time.perf_counter() + seconds

    async def client(number: int) -> None:
        nonlocal count
        turn = number
        while time.perf_counter() < until:
            turn += CLIENTS
            await _one(pool, caller, f"cnt_{turn % CONTAINERS}", f"sa_{turn % ACCOUNTS}")
            count += 1

    await asyncio.gather(*(client(n) for n in range(16)))
    await pool.close()
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)))
    return {"transactions": count, "transactions_per_second": round(count / seconds, 1)}


async def _one(pool, caller: Caller, container: str, account: str) -> None:
    target = Target(social_account_id=account, mode="direct_publish", allow_duplicate=True)
    call = IdempotentCall(
        caller.api_key_id, "POST", f"/v1/content/{container}/publish", new_id("i"), fingerprint(account)
    )
    async with pool.acquire() as tx, tx.transaction():
        await claim_key(tx, call)
        done = await publish(tx, caller, container, [target], utc_now(), lambda _: None)
        await keep_response(tx, call, 200, msgspec.json.encode(done), None)


async def run(ground: Ground, *, seconds: float) -> dict[str, dict[str, float] | float]:
    """Measure both, in one run."""
    await populate(
        ground.pool, ground.organization_id, accounts=ACCOUNTS, containers=CONTAINERS, platform="bluesky"
    )
    without = await direct(ground, seconds=seconds)
    over = await over_http(ground, seconds=seconds)
    ratio = over["requests_per_second"] / without["transactions_per_second"]
    return {"over_http": over, "direct": without, "ratio": round(ratio, 3)}


async def _until_ready(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise RuntimeError("the API did not start")


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

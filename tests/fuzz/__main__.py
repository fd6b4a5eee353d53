"""`make fuzz`: a long run of made-up requests against an installation of its own, and what it left behind."""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections import Counter
from pathlib import Path

import aiohttp
import asyncpg

from layers.db import embedded

from .campaign import Caller, fuzz, make_world

IDLE_SECONDS = 5
"""After which nobody may be in the middle of anything."""


def main() -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=120, help="how long each round of requests may take")
    given = parser.parse_args()
    home = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="layers-fuzz-", dir=home) as folder,
        embedded.start(Path(folder) / "pg", fsync=False) as server,
    ):
        return asyncio.run(_stoppable(Path(folder), server.url, given.requests, given.seconds))


async def _stoppable(folder: Path, url: str, wanted: int, seconds: int) -> int:
    task = asyncio.create_task(run(folder, url, wanted, seconds))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


async def run(folder: Path, url: str, wanted: int, seconds: int) -> int:
    """Send rounds of requests until there were enough; print what came of them."""
    port = _free_port()  # a fixed one may be another installation's, which nobody asked to be fuzzed
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")},
        "LAYERS_DATABASE_URL": url,
        "LAYERS_DATA_DIR": str(folder / "data"),
        "LAYERS_PORT": str(port),
        "LAYERS_ALLOW_PRIVATE_NETWORKS": "true",
        "LAYERS_LOG_JSON": "true",
    }
    await _new_key(environment, "First")  # which migrates
    log = folder / "log"
    with log.open("wb") as sink:
        api = await asyncio.create_subprocess_exec(*LAYERS, "up", env=environment, stdout=sink, stderr=sink)
    try:
        return await _rounds(environment, api.pid, log, wanted, seconds)
    finally:
        if api.returncode is None:
            api.terminate()
        await api.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


LAYERS = (sys.executable, "-c", "from layers.cli import main; main()")


async def _new_key(environment: dict[str, str], organization: str) -> dict[str, str]:
    running = await asyncio.create_subprocess_exec(
        *LAYERS,
        *("keys", "create", "--org", organization, "--json"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await running.communicate()
    assert running.returncode == 0
    return json.loads(told)


async def _rounds(environment: dict[str, str], pid: int, log: Path, wanted: int, seconds: int) -> int:
    origin, code, size = f"http://127.0.0.1:{environment['LAYERS_PORT']}", 0, list[int]()
    async with aiohttp.ClientSession() as session:
        await _until_ready(session, origin)
        while sum(statuses(log).values()) < wanted:
            made = await _new_key(environment, f"Round {len(size)}")
            world = await make_world(Caller(session, origin, made["key"]))
            options = ("--phases", "coverage,fuzzing,stateful", "--continue-on-failure", "--no-shrink")
            found, told = await fuzz(
                origin, made["key"], made["apiKeyId"], world, *options, "--max-time", str(seconds)
            )
            code = max(code, found)
            size.append(_megabytes(pid))
            counted = statuses(log)
            _say(f"{sum(counted.values())} requests, {size[-1]} MB" + (f"\n{told[-12000:]}" if found else ""))
        await asyncio.sleep(IDLE_SECONDS)
        stuck = await _in_transaction(environment["LAYERS_DATABASE_URL"])
        async with session.get(f"{origin}/health/ready") as answer:
            code = max(code, int(answer.status != 200))
    counted = statuses(log)
    faults = sum(count for status, count in counted.items() if status >= 500 and status != 503)
    _say(f"answers by status: {dict(sorted(counted.items()))}")
    _say(f"slowest answer: {slowest(log):.0f} ms; connections left in a transaction: {stuck}")
    _say(f"memory of the server after each round, MB: {size}; 5xx but 503: {faults}")
    return max(code, int(faults + stuck > 0))


def _lines(log: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("{") and '"request"' in line:
            found.append(json.loads(line))
    return [line for line in found if line.get("event") == "request"]


def statuses(log: Path) -> Counter[int]:
    """Count the answers the server logged."""
    return Counter(int(str(line["status"])) for line in _lines(log))


def slowest(log: Path) -> float:
    """Return the longest answer in milliseconds."""
    return max(float(str(line["ms"])) for line in _lines(log))


async def _until_ready(session: aiohttp.ClientSession, origin: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                async with session.get(f"{origin}/health/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)


async def _in_transaction(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        )
    finally:
        await connection.close()


def _megabytes(pid: int) -> int:
    words = Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()
    return int(words[0]) // 1024


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""`make peers`: every contestant, every measure, one table in docs/explanation/scale.md and all figures as JSON."""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from traceback import extract_tb

import uvloop

from benchmarks.__main__ import RESULTS, machine
from benchmarks.peers import broker, measures, report
from benchmarks.peers.contestants import BIN, CONCURRENCY, CONTESTANTS, Contestant
from layers.kit.logs import set_up_logs

Results = dict[str, dict[str, dict[str, object]]]
HERE = str(Path(__file__).parent)
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "scale.md"
ACCEPT_SECONDS, TRIES = 5, 100
SLOW = 100.0
"""Requests a second assumed of a contestant whose accept rate could not be measured."""
LONGEST = 480
"""Seconds any measure of any contestant may take."""


async def measure(only: list[Contestant]) -> Results:
    """Take each measure of all contestants in turn; the kills, which measure no speed, of all at once."""
    results: Results = {one.name: {} for one in only}
    async with broker.redis() as redis:
        for one in only:
            await _attempt(
                results, one, "accept", lambda one=one: measures.accept(one, redis, seconds=ACCEPT_SECONDS)
            )
        for one in reversed(only):
            await _attempt(results, one, "start", lambda one=one: measures.start(one, redis, tries=TRIES))
        for one in only:
            rate = results[one.name]["accept"].get("requests_per_second", SLOW)
            await _attempt(
                results, one, "drain", lambda one=one, rate=rate: measures.drain(one, redis, accept_rate=rate)
            )
        await asyncio.gather(
            *(_attempt(results, one, "kill -9", lambda one=one: measures.die(one, redis)) for one in only)
        )
    return results


async def _attempt(
    results: Results, one: Contestant, name: str, take: Callable[[], Awaitable[dict[str, object]]]
) -> None:
    began = time.monotonic()
    try:
        async with asyncio.timeout(LONGEST):
            figures = await take()
    except Exception as fault:  # noqa: BLE001 - whatever stops a contestant is part of the result
        where = [
            f"{frame.name}:{frame.lineno}"
            for frame in extract_tb(fault.__traceback__)
            if HERE in frame.filename
        ]
        figures = {"failed": f"{fault!r} in {' → '.join(where)}"}
    results[one.name][name] = figures
    print(f"{time.monotonic() - began:6.1f} s  {one.name:15} {name:8} {figures}", flush=True)


def versions() -> dict[str, str]:
    """Return the version of every package the peers run on."""
    listing = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    found = subprocess.run([BIN / "python", "-c", listing], capture_output=True, text=True, check=True)
    return dict(sorted(json.loads(found.stdout).items()))


def main() -> None:
    """Run, keep, write the table."""
    set_up_logs("error", as_json=False)
    words = argparse.ArgumentParser()
    words.add_argument("--only", action="append", help="a contestant by its name; repeatable; writes nothing")
    wanted = words.parse_args().only
    only = [one for one in CONTESTANTS if not wanted or one.name in wanted]
    if not only:
        sys.exit(f"There is no such contestant. There are: {', '.join(one.name for one in CONTESTANTS)}.")
    began = time.monotonic()
    where = {**machine(), "redis": broker.version(), "peers": versions(), "concurrency": CONCURRENCY}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        results = runner.run(measure(only))
    table = report.table(results)
    print(f"\n{table}\n\nin {time.monotonic() - began:.0f} s")
    if not wanted:
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / f"peers-{datetime.now(UTC):%Y-%m-%d}.json"
        file.write_text(json.dumps({"machine": where, "results": results}, indent=2) + "\n")
        report.write(PAGE, table, where)
        print(f"kept in {file} and {PAGE}")


if __name__ == "__main__":
    main()

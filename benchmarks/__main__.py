"""`make bench`: runs every benchmark, prints a table, keeps the results as JSON."""

import argparse
import asyncio
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks import dispatch, publish, scale
from benchmarks.arrange import ground
from layers.db import embedded
from layers.kit.logs import set_up_logs

RESULTS = Path(__file__).parent / "results"


async def measure(seconds: float) -> dict[str, object]:
    """Run all, each on an installation of its own."""
    results: dict[str, object] = {}
    async with ground() as floor:
        results["publish request"] = await publish.run(floor, seconds=seconds)
    async with ground() as floor:
        results["first call, publish now"] = await dispatch.first_call(floor, tries=60, lead=0)
    async with ground() as floor:
        results["first call, scheduled"] = await dispatch.first_call(floor, tries=30, lead=0.7)
    async with ground() as floor:
        results["first call, 2,000 posts over 20 s"] = await dispatch.spread(floor, posts=2000, seconds=20)
    async with ground() as floor:
        results["idle"] = await scale.idle(floor)
    async with ground() as floor:
        results["drain 10,000 posts of 1,000 accounts"] = await dispatch.drain(floor, accounts=1000, each=10)
    async with ground() as floor:
        results["two processes instead of one"] = await scale.out(floor, seconds=seconds / 2)
    async with ground() as floor:
        results["drain among a million future posts"] = await scale.million(floor)
    return results


def machine() -> dict[str, object]:
    """Return what the figures are measured on; call before the run, for the load of others is part of it."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "cpu": _cpu_model(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "layers": version("layers"),
        "postgresql": _postgresql(),
        **{name: version(name) for name in ("asyncpg", "litestar", "aiohttp", "pgqueuer", "uvicorn")},
    }


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")


def _postgresql() -> str:
    postgres = embedded.POSTGRES_VERSIONS[embedded.MAJOR] / "postgres"
    return subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout.split()[
        2
    ]


def main() -> None:
    """Run, print, keep."""
    set_up_logs("warning", as_json=False)
    words = argparse.ArgumentParser()
    words.add_argument("--seconds", type=float, default=10, help="how long each load lasts")
    seconds, where = words.parse_args().seconds, machine()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        results = runner.run(measure(seconds))
    kept = {"machine": where, "results": results}
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{datetime.now(UTC):%Y-%m-%d}.json"
    file.write_text(json.dumps(kept, indent=2) + "\n")
    table = Table("benchmark", "figure", "value", box=None)
    for name, figures in results.items():
        for figure, value in _flat(figures):
            table.add_row(name, figure, str(value))
    Console().print(table, f"kept in {file}")


def _flat(figures: object, prefix: str = "") -> list[tuple[str, object]]:
    if not isinstance(figures, dict):
        return [(prefix.rstrip("."), figures)]
    return [row for name, value in figures.items() for row in _flat(value, f"{prefix}{name}.")]


if __name__ == "__main__":
    main()

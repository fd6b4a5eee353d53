"""Processes a benchmark starts, pins to cores and weighs."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
FIRST, LAST = {CORES[0]}, {CORES[-1]}


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def until_listening(port: int, seconds: float = 60) -> None:
    """Wait until somebody listens. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def tree(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if fields := _stat(int(folder.name)):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def pin(pids: Iterable[int], cores: set[int]) -> None:
    """Keep processes on `cores`; what they start later stays there too."""
    for pid in pids:
        os.sched_setaffinity(pid, cores)


def cpu_seconds(pid: int) -> float:
    """Return what a process and its descendants, living or reaped, have computed."""
    ticks = 0
    for one in tree(pid):
        if fields := _stat(one):
            ticks += sum(int(ticks) for ticks in fields[11:15])
    return ticks / TICK


def memory_mb(pids: Iterable[int]) -> float:
    """Return the resident memory of processes (PSS: what several of them share is counted once)."""
    kilobytes = 0
    for pid in pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        kilobytes += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return round(kilobytes / 1024, 1)


def end(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Stop them, by force what does not stop in time."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _stat(pid: int) -> list[str]:
    """Return /proc/PID/stat from the state on; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []

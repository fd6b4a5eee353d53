"""Processes that are killed, stopped and started again, as on a machine that somebody looks after."""

import asyncio
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from layers.db import embedded

AGAIN_AFTER = 0.3
SKEW = Path(__file__).with_name("skew.c")


@dataclass
class Process:
    """A program that is started again whenever it ends."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    sign: bytes
    """What its log says once it is at work."""
    kills: int = 0
    _running: asyncio.subprocess.Process | None = None
    _keeper: asyncio.Task[None] | None = None
    _log_before: int = 0
    _there: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        """Start it and look after it."""
        self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        # Compiled code is kept, whatever the caller prefers: it is started a hundred times.
        base = {
            n: v
            for n, v in os.environ.items()
            if not n.startswith("LAYERS_") and n != "PYTHONDONTWRITEBYTECODE"
        }
        while True:
            with self.log.open("ab") as log:
                self._log_before = log.tell()
                self._running = await asyncio.create_subprocess_exec(
                    *self.command, env={**base, **self.environment}, stdout=log, stderr=log
                )
            self._there.set()
            await self._running.wait()
            self._there.clear()
            await asyncio.sleep(AGAIN_AFTER)

    @property
    def at_work(self) -> bool:
        """Tell whether it has come up since it was last started."""
        if not self._there.is_set():
            return False
        with self.log.open("rb") as log:
            log.seek(self._log_before)
            return self.sign in log.read(10_000)

    async def kill(self) -> None:
        """End it as a power cut would, if need be as soon as it is there."""
        await self._there.wait()
        self._there.clear()
        if self._signal(signal.SIGKILL):
            self.kills += 1

    def pause(self) -> None:
        """Let it run no further, as a machine does that is suspended."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run on, as if nothing had been."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> bool:
        running = self._running
        if running is None or running.returncode is not None:
            return False
        running.send_signal(number)
        return True

    async def stop(self) -> None:
        """End it for good."""
        if self._keeper:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        if self._signal(signal.SIGKILL) and self._running:
            await self._running.wait()


@dataclass
class Clock:
    """A clock that can be wrong, for the processes started with `environment`."""

    library: Path | None
    file: Path
    ahead: int = 0
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self.set(self.ahead)
        if self.library:
            self.environment = {"LD_PRELOAD": str(self.library), "NEMESIS_CLOCK": str(self.file)}

    def set(self, ahead: int) -> None:
        """Make it wrong by that many seconds from now on."""
        with self.file.open("r+b" if self.file.exists() else "wb") as file:
            file.write(struct.pack("l", ahead))


def compile_skew(folder: Path) -> Path | None:
    """Return the library that makes clocks wrong, compiled; None where it would not work: clocks are right there."""
    if sys.platform != "linux":
        return None
    library = folder / "skew.so"
    compiler = os.environ.get("CC", "cc").split()[0]
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SKEW], check=True)
    return library


def crash(server: embedded.Embedded, *, fsync: bool) -> embedded.Embedded:
    """Restart an embedded PostgreSQL in its immediate mode: no goodbye, then recovery. Blocks."""
    postmaster = int((server.data_dir / "postgres/postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGQUIT)
    return embedded.start(server.data_dir, fsync=fsync)

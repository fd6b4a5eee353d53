"""Opening media apart from the API, in processes that have little and can be spared.

`probe` and `remade` are what the rest of Layers calls. A file that crashes its reader, or takes more memory or time
than it should, is refused like any other that cannot be read; nobody else notices.
"""

import asyncio
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

import msgspec
import structlog

from layers.content.confine import Limits
from layers.content.media import EXPORT_AGAIN, Answer, Ending, Job, Probed, TooLarge, Unreadable
from layers.publishing.remake import Remake

log = structlog.get_logger("layers.media")
AT_ONCE = 3
TRIES = 2
WORDS = {
    "memory": "Opening it took more memory than any sound file needs.",
    "time": "Opening it took more time than any sound file needs.",
    "killed": "The process that opened it was killed, twice: the machine may be short of memory.",
    "crashed": "It breaks the program that reads media.",
}


class CellBroken(Exception):  # noqa: N818
    """The process that opens media did not start or ended of itself; no file is to blame."""


class Cells:
    """Processes that open media, at most `at_once`, started when first needed; without work they end.

    Belongs to no event loop.
    """

    def __init__(self, limits: Limits | None = None, at_once: int = AT_ONCE) -> None:
        self._limits = limits or Limits()
        self._idle: list[_Cell] = []
        self._threads = ThreadPoolExecutor(at_once, "media")

    async def probe(self, path: Path, filename: str) -> Probed:
        """Return what the file at `path` is. Raises RefusedMedia, naming it by `filename`."""
        answer, _ = await self._open(Job(path=str(path)), b"", filename)
        if answer.probed is None:
            raise Unreadable(filename, f"{WORDS['crashed']} {EXPORT_AGAIN}")
        return answer.probed

    async def remade(self, raw: bytes, remake: Remake) -> bytes:
        """Return an image in the form a platform demands. Raises RefusedMedia."""
        _, made = await self._open(Job(remake=remake, size=len(raw)), raw, "image")
        return made

    def close(self) -> None:
        """End the processes that have no work."""
        while self._idle:
            self._idle.pop().end()

    async def _open(self, job: Job, raw: bytes, filename: str) -> tuple[Answer, bytes]:
        loop = asyncio.get_running_loop()
        how, output = await loop.run_in_executor(self._threads, self._opened, job, raw)
        line, _, made = output.partition(b"\n")
        answer = Answer()
        with suppress(msgspec.MsgspecError):  # what opened a stranger's file may say anything
            answer = msgspec.json.decode(line, type=Answer)
        if answer.larger_than:
            raise TooLarge(filename, answer.larger_than)
        if answer.fault:
            how = "crashed"
        if how != "answered":
            log.warning("media was too much for its reader", how=how, fault=answer.fault)
            raise Unreadable(filename, f"{WORDS[how]} {EXPORT_AGAIN}")
        if answer.unreadable:
            raise Unreadable(filename, answer.unreadable)
        return answer, made

    def _opened(self, job: Job, raw: bytes) -> tuple[str, bytes]:
        """Have a file opened, and again when what opened it was killed: that may not be its fault."""
        how, output = "killed", b""
        for _ in range(TRIES):
            cell = self._take()
            try:
                how, output = cell.open(job, raw)
            except CellBroken:
                cell.end()
                continue
            self._idle.append(cell)
            if how != "killed":
                break
        return how, output

    def _take(self) -> "_Cell":
        with suppress(IndexError):
            while (cell := self._idle.pop()).is_gone():
                cell.end()
            return cell
        return _Cell(self._limits)


class _Cell:
    """One such process, for one thread at a time."""

    def __init__(self, limits: Limits) -> None:
        code = os.pathsep.join(str(Path(folder).absolute()) for folder in sys.path if folder)
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-P", "-m", "layers.content.cell", msgspec.json.encode(limits).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": code, "PYTHONUTF8": "1"},
            start_new_session=True,
        )
        self._jobs = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)
        threading.Thread(target=self._process.wait, daemon=True).start()  # leaves no zombie
        self._read()  # it is there

    def open(self, job: Job, raw: bytes) -> tuple[str, bytes]:
        """Have one file opened. Raises CellBroken when the process ends instead."""
        try:
            self._jobs.write(msgspec.json.encode(job) + b"\n")
            self._jobs.write(raw)
            self._jobs.flush()
        except OSError as why:
            raise CellBroken(repr(why)) from why
        return self._read()

    def _read(self) -> tuple[str, bytes]:
        if not (line := self._answers.readline()):
            raise CellBroken("it ended without an answer")
        ending = msgspec.json.decode(line, type=Ending)
        output = self._answers.read(ending.size)
        if len(output) < ending.size:
            raise CellBroken("it ended within its answer")
        return ending.how, output

    def is_gone(self) -> bool:
        """Tell whether the process has ended."""
        return self._process.poll() is not None

    def end(self) -> None:
        """End the process; it has nothing to lose."""
        self._process.kill()
        self._process.wait()
        self._answers.close()
        with suppress(OSError):  # what was not sent cannot be
            self._jobs.close()


_cells = Cells()
probe = _cells.probe
remade = _cells.remade

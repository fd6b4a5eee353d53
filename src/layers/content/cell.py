"""A process that opens media for Layers: `python -m layers.content.cell`, started by `cells`.

It loads the libraries once and forks for each file. The fork alone sees the file, within limits, and ends with it: what
one file breaks or takes over is gone before the next. Takes jobs from standard input, one at a time, and ends when
that does or when there is nothing to do. Knows no database, no settings and no secret.
"""

import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import BinaryIO, NoReturn

import msgspec
from PIL import Image

from layers.content.confine import Limits, be_first_to_go, confine
from layers.content.media import Answer, Job, TooLarge, Unreadable
from layers.content.probe import probe
from layers.content.remade import remade

MAX_ANSWER_BYTES = 300_000_000
OUT_OF_MEMORY = 3


def main() -> None:
    """Open files until standard input ends or stands idle."""
    limits = msgspec.json.decode(sys.argv[1], type=Limits)
    jobs, answers = sys.stdin.buffer, sys.stdout.buffer
    for stop in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # meant for the owner, who may still be waiting for an answer
        signal.signal(stop, signal.SIG_IGN)
    be_first_to_go()
    Image.init()  # its readers are modules too, and forks should find them loaded
    _say(answers, "answered", b"")
    while select.select([jobs], [], [], limits.idle_seconds)[0] and (line := jobs.readline()):
        job = msgspec.json.decode(line, type=Job)
        _say(answers, *_opened(job, jobs.read(job.size), limits))


def _say(answers: BinaryIO, how: str, output: bytes) -> None:
    answers.write(msgspec.json.encode({"how": how, "size": len(output)}) + b"\n")
    answers.write(output)
    answers.flush()


def _opened(job: Job, raw: bytes, limits: Limits) -> tuple[str, bytes]:
    """Do the job in a fork; returns how it ended and what it wrote."""
    reading, writing = os.pipe()
    if (fork := os.fork()) == 0:
        _be_the_fork(job, raw, limits, writing)
    os.close(writing)
    output, in_time = _output(reading, limits.seconds)
    os.close(reading)
    os.kill(fork, signal.SIGKILL)  # without effect on one that ended by itself, as the pipe's end says
    code = os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1])
    if not in_time or code == -signal.SIGXCPU:
        return "time", b""
    if code == 0:
        return "answered", output
    return {OUT_OF_MEMORY: "memory", -signal.SIGKILL: "killed"}.get(code, "crashed"), b""


def _output(reading: int, seconds: float) -> tuple[bytes, bool]:
    """Return what comes until the end, and whether that was in time."""
    pieces: list[bytes] = []
    size, end = 0, time.monotonic() + seconds
    while size <= MAX_ANSWER_BYTES:
        if not select.select([reading], [], [], max(0, end - time.monotonic()))[0]:
            return b"", False
        if not (piece := os.read(reading, 1 << 20)):
            break
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces), True


def _be_the_fork(job: Job, raw: bytes, limits: Limits, writing: int) -> NoReturn:
    code = 1
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):  # jobs and answers are not the fork's, and strangers' files write no logs
            os.dup2(nothing, stream)
        confine(limits, Path(job.path) if job.path else None)
        with open(writing, "wb", closefd=False) as pipe:
            pipe.writelines(_answer(job, raw))
        code = 0
    except MemoryError:
        code = OUT_OF_MEMORY
    finally:
        os._exit(code)


def _answer(job: Job, raw: bytes) -> tuple[bytes, bytes]:
    """Return the answer in one line, and the remade image."""
    answer, made = Answer(), b""
    try:
        if job.remake is None:
            answer.probed = probe(Path(job.path), "")
        else:
            made = remade(raw, job.remake)
    except Unreadable as refusal:
        answer.unreadable = refusal.why
    except TooLarge as refusal:
        answer.larger_than = refusal.limit
    except MemoryError:
        raise
    except Exception as fault:  # noqa: BLE001 - this is the process's edge, and the file's fault
        answer.fault = repr(fault)[:500]
    return msgspec.json.encode(answer) + b"\n", made


if __name__ == "__main__":
    main()

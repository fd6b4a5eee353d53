"""Taking from a process, for good, what reading a file does not need.

What a system does not know (Landlock before Linux 5.13, limits of memory on macOS) is left out without a word.
"""

import ctypes
import os
import resource
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

NICE = 5

# Linux: asm-generic/unistd.h, linux/prctl.h, linux/landlock.h (ABI 7)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_SET_DEATH_SIGNAL, _NO_NEW_PRIVILEGES = 1, 38
_KILL = 9
_ASK_VERSION, _BENEATH = 1, 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights over files there are, from which version on."""
_NET_SINCE, _NET_RIGHTS = 4, 0b11
_SCOPE_SINCE, _SCOPES = 6, 0b11

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take. Of the largest images allowed, some need 1.7 GiB, remade 2.3 GiB."""

    memory: int = 5 << 29
    """Bytes of address space."""
    cpu_seconds: int = 60
    seconds: float = 180
    """On the clock, however busy the machine is."""
    idle_seconds: float = 60
    """How long a process without work is kept."""


def be_first_to_go() -> None:
    """Stand back for everything else: the scheduler's, and the kernel's when memory runs out."""
    with suppress(OSError):
        os.nice(NICE)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def confine(limits: Limits, file: Path | None) -> None:
    """Leave this process its limits, `file` and the installed code to read, and nothing to write, start or call."""
    for what, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        # a second more until the hard limit: at that one the kernel kills without saying why
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most + (what == resource.RLIMIT_CPU)))
    if _libc is not None:
        _libc.prctl(_SET_DEATH_SIGNAL, _KILL, 0, 0, 0)
        _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _landlock(_libc, file)


def _landlock(libc: ctypes.CDLL, file: Path | None) -> None:
    version = libc.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    if version < 1:
        return
    handled = [(1 << max(count for since, count in _FILE_RIGHTS.items() if since <= version)) - 1]
    if version >= _NET_SINCE:
        handled.append(_NET_RIGHTS)
    if version >= _SCOPE_SINCE:
        handled.append(_SCOPES)
    words = struct.pack(f"={len(handled)}Q", *handled)
    rules = libc.syscall(_CREATE_RULESET, words, len(words), 0)
    for path in (*map(Path, sys.path), *([file] if file else [])):
        _allow_reading(libc, rules, path)
    libc.syscall(_RESTRICT_SELF, rules, 0)
    os.close(rules)


def _allow_reading(libc: ctypes.CDLL, rules: int, path: Path) -> None:
    with suppress(OSError):  # not there, or not for us
        rights = _READ_FILE | _READ_FOLDER if path.is_dir() else _READ_FILE
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        libc.syscall(_ADD_RULE, rules, _BENEATH, struct.pack("=Qi", rights, place), 0)
        os.close(place)

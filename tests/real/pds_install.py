"""Installs the atproto server of `pds/` once and keeps it in the user's cache for later runs.

The server runs on a Node 22 of its own: under Node 24.19 its SQLite binding (better-sqlite3 12) aborts the process in
garbage collection. A C++ compiler and make must be on the machine, since that binding is compiled here (its ready-made
builds lie elsewhere than the package registry).
"""

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from npm_cache import InstallError, installed, npm

RECIPE = "1"
LISTS = Path(__file__).parent / "pds"
SQLITE = Path("node_modules/better-sqlite3/build/Release/better_sqlite3.node")


@dataclass(frozen=True)
class Installed:
    """An install of the server: its `node_modules`, and the Node that runs it."""

    modules: Path
    node: Path


def install() -> Installed:
    """Return the server's install, made first if need be (which takes minutes)."""
    folder = installed("pds", LISTS, RECIPE, _make)
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


def _make(folder: Path) -> None:
    _check_tools()
    npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    node = _node(folder)
    # Native code is compiled against the headers of the Node that runs it.
    npm(
        folder,
        "rebuild",
        "better-sqlite3",
        node=node,
        PYTHON=sys.executable,
        JOBS="max",
        CFLAGS="-O1",
        CXXFLAGS="-O1",
        npm_config_nodedir=str(node.parent.parent),
        npm_config_build_from_source="true",
    )
    if not (folder / SQLITE).exists():
        raise InstallError(
            f"npm made no {SQLITE.name}; run `make test` again with npm_config_foreground_scripts=true."
        )


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

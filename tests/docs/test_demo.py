"""The demo shows what it claims, leaves nothing behind, and fails when something is not so."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "examples/demo.py"
SMALLER_VIDEO = """
import sys
sys.path.insert(0, {folder!r})
import demo
real = demo.make_video
demo.make_video = lambda path: real(path, size=(360, 640))
sys.exit(demo.main([]))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for temporary files, with a path short enough for unix sockets below it."""
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        yield Path(name)


def run(arguments: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a Python command whose temporary files go to `folder`; settings of the caller must not matter."""
    env = os.environ | {"TMPDIR": str(folder), "LAYERS_PORT": "1", "COLUMNS": "120", "TERM": "dumb"}
    return subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True, timeout=240)


def test_the_demo_shows_what_it_claims(folder: Path):
    done = run([str(DEMO)], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        "layers up: PostgreSQL, API and worker",
        "/publish \\",
        '"gateStatus": "queued"',
        "Idempotent-Replayed: true",
        "TikTok holds one post",
        "Bluesky holds one post",
        "in_doubt",
        "403 APPROVAL_REQUIRED",
        "All of it is so",
    ):
        assert line in done.stdout, line
    assert not list(folder.glob("layers-demo-*"))
    assert not servers_below(folder)


def test_the_demo_fails_when_something_is_not_so(folder: Path):
    done = run(["-c", SMALLER_VIDEO.format(folder=str(DEMO.parent))], folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Not so: sunset.mp4 measures (540, 960). (360, 640)" in done.stdout
    assert "All of it is so" not in done.stdout
    assert not list(folder.glob("layers-demo-*"))
    assert not servers_below(folder)


def servers_below(folder: Path) -> list[str]:
    """Return the command lines of processes that still work in `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (process / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if f"LAYERS_DATA_DIR={folder}" in environment or str(folder) in command:
            found.append(command)
    return found

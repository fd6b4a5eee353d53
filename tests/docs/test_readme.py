"""The README does what it says: its quickstart, run against a real `layers up` from an empty folder."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNS = re.compile(r"<!-- runs: quickstart -->\n```bash\n(.*?)```", re.DOTALL)
LAYERS = [sys.executable, "-c", "from layers.cli import main; main()"]


@dataclass
class Installation:
    """A running `layers up`, and what a shell needs to talk to it."""

    port: int
    folder: Path
    env: dict[str, str]

    def run(self, script: str) -> str:
        """Run a script as a reader would; returns what it printed."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace("127.0.0.1:8787", f"127.0.0.1:{self.port}")],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def installation(tmp_path: Path, port: int) -> Iterator[Installation]:
    """`layers up` on an empty folder, with `layers` and `python` on the path as in an activated environment."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, line in (("python", f'"{sys.executable}"'), ("layers", f'"{sys.executable}" -c "{LAYERS[2]}"')):
        (commands / name).write_text(f'#!/bin/sh\nexec {line} "$@"\n')
        (commands / name).chmod(0o755)
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")}
    env |= {"PATH": f"{commands}:{env['PATH']}", "LAYERS_PORT": str(port), "no_proxy": "127.0.0.1"}
    env |= {"LAYERS_DATA_DIR": str(tmp_path / "data"), "LAYERS_EMBEDDED_FSYNC": "false"}
    process = subprocess.Popen([*LAYERS, "up"], env=env, start_new_session=True)
    try:
        wait_until_ready(port, process)
        yield Installation(port, tmp_path, env)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def wait_until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return once the API answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + 120
    while True:
        try:
            with opener.open(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                return
        except OSError:
            assert process.poll() is None, "layers up ended"
            assert time.monotonic() < until, "layers up does not answer"
            time.sleep(0.1)


def test_the_quickstart_publishes(installation: Installation):
    prepare, publish, look = RUNS.findall((ROOT / "README.md").read_text())
    until_done = (
        "\nfor _ in $(seq 300); do\n"
        "  status=$(call $api/v1/scheduled-posts/$post | pick '[\"status\"]')\n"
        '  case "$status" in published|failed) break;; esac\n'
        "  sleep 0.2\ndone\n"
        'echo; echo "$status"; call $api/v1/scheduled-posts/$post/events\n'
    )
    first, second = "echo; echo FIRST; ", "echo; echo SECOND; "
    printed = installation.run(
        "\n".join([prepare, first + publish, second + publish, "echo; echo LOOK", look, until_done])
    )
    one = json.loads(printed.partition("FIRST\n")[2].partition("\nSECOND")[0])
    two = json.loads(printed.partition("SECOND\n")[2].partition("\nLOOK")[0])
    assert one == two
    assert one["gateStatus"] == "queued"
    *_, status, story = printed.strip().splitlines()
    assert status == "published"
    assert [step["type"] for step in json.loads(story)["items"]][-1] == "published"
    assert installation.run("layers doctor").count("✗") == 0

"""The Python SDK as it is installed: the examples of its README, run as they stand."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

from layers.samples import make_video

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the SDK was installed from its wheel, and nothing else."""
    folder = tmp_path_factory.mktemp("package")
    install = (find_uv_bin(), "pip", "install", "--no-deps", "--no-build-isolation")
    where = ("--python", sys.executable, "--target", folder)
    subprocess.run([*install, *where, ROOT / "sdks/python"], check=True, capture_output=True)
    return folder


async def run(client, package: Path, code: str, folder: Path) -> str:
    """Run a program as a reader would; returns what it printed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")}
    env |= {"LAYERS_API_KEY": client.key, "LAYERS_BASE_URL": client.origin, "no_proxy": "127.0.0.1"}
    env |= {"PYTHONPATH": str(package)}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-c", code, cwd=folder, env=env, stdout=pipe, stderr=pipe
    )
    printed, complaints = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, complaints.decode()
    return printed.decode()


async def test_the_readme_runs(client, package: Path, tmp_path: Path) -> None:
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "sdks/python/README.md").read_text(), re.DOTALL)
    assert len(examples) == 7
    make_video(tmp_path / "clip.mp4")
    printed = await run(
        client, package, "\n".join([*examples, 'print("hear", hear(b"{}", {}, "whsec_"))']), tmp_path
    )
    assert re.search(r"^(\d+) of \1 bytes$", printed, re.MULTILINE)
    assert "\npublished http" in printed
    assert "\ntargets " in printed
    assert printed.endswith("hear 400\n")

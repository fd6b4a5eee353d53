"""The examples of the Python SDK's README, run as they stand."""

import asyncio
import os
import re
import sys
from pathlib import Path

from layers.samples import make_video

ROOT = Path(__file__).parents[2]


async def run(client, code: str, folder: Path) -> str:
    """Run a program as a reader would; returns what it printed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")}
    env |= {"LAYERS_API_KEY": client.key, "LAYERS_BASE_URL": client.origin, "no_proxy": "127.0.0.1"}
    env |= {"PYTHONPATH": str(ROOT / "sdks/python/src")}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-c", code, cwd=folder, env=env, stdout=pipe, stderr=pipe
    )
    printed, complaints = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, complaints.decode()
    return printed.decode()


async def test_the_readme_runs(client, tmp_path: Path) -> None:
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "sdks/python/README.md").read_text(), re.DOTALL)
    assert len(examples) == 7
    make_video(tmp_path / "clip.mp4")
    printed = await run(client, "\n".join([*examples, 'print("hear", hear(b"{}", {}, "whsec_"))']), tmp_path)
    assert re.search(r"^(\d+) of \1 bytes$", printed, re.MULTILINE)
    assert "\npublished http" in printed
    assert "\ntargets " in printed
    assert printed.endswith("hear 400\n")

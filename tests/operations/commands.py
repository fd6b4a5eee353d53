"""Commands as processes of their own, as an operator runs them."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

COMMAND = "from layers.cli import main; main()"


async def layers(env: dict[str, str], *arguments: str | Path) -> tuple[int, str, str]:
    """Run `layers …` with nothing set but `env`; returns its status and what it said."""
    own = {"LAYERS_LOG_LEVEL": "error", "COLUMNS": "250", **env}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COMMAND, *map(str, arguments)),
        env=kept | own,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def told(env: dict[str, str], *arguments: str | Path) -> Any:
    """Run `layers … --json`, which must succeed; returns the JSON."""
    status, out, err = await layers(env, *arguments, "--json")
    assert status == 0, err
    return json.loads(out)

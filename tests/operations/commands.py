"""Commands as an operator gives them, run in a thread beside the test's own loop."""

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console
from typer.testing import CliRunner

from layers.cli import app
from layers.terminal import out


@contextmanager
def _wide(console: Console) -> Iterator[None]:
    """Keep lines whole; how wide a console is, it learns when it is made."""
    before, console.width = console.width, 250
    try:
        yield
    finally:
        console.width = before


async def layers(env: Mapping[str, str], *arguments: str | Path) -> tuple[int, str, str]:
    """Run `layers …` with nothing set but `env`; returns its status and what it said."""
    cleared: dict[str, str | None] = {name: None for name in os.environ if name.startswith("LAYERS_")}
    given = [str(argument) for argument in arguments]
    quiet = [patch(f"layers.{name}.set_up_logs") for name in ("console", "cli_installation")]
    with quiet[0], quiet[1], _wide(out):  # this process has its logs set up
        done = await asyncio.to_thread(CliRunner().invoke, app, given, env={**cleared, **env})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


async def told(env: Mapping[str, str], *arguments: str | Path) -> Any:
    """Run `layers … --json`, which must succeed; returns the JSON."""
    status, out, err = await layers(env, *arguments, "--json")
    assert status == 0, err
    return json.loads(out.splitlines()[-1])

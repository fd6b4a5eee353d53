"""The command line as a whole: what each command must have, and what `layers --help` must not load."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from layers.cli import COMMANDS, load

RUN_ON = {"up", "serve", "work", "sandbox serve"}
"""They run until they are stopped; what they say are logs, which LAYERS_LOG_JSON turns into JSON."""
IS_JSON = {"openapi"}
LOADED = """
import sys
from layers.cli import load, main
sys.argv = ["layers", *sys.argv[1:]]
try:
    main()
except SystemExit:
    print(sorted({name.partition(".")[0] for name in sys.modules} & {"litestar", "asyncpg", "aiohttp", "av", "mcp"}))
"""


def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Give every command that does something, with its words."""
    if hasattr(command, "commands"):
        for inner, found in command.commands.items():
            yield from walk(f"{name} {inner}", found)
    else:
        yield name, command


LEAVES = dict(leaf for name in COMMANDS for leaf in walk(name, load(name)))


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_answers_in_json(name: str):
    flags = {flag for param in LEAVES[name].params for flag in param.opts}
    assert ("--json" in flags) == (name not in RUN_ON | IS_JSON)


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_explains_itself(name: str):
    assert LEAVES[name].help
    for param in LEAVES[name].params:
        assert param.param_type_name == "argument" or param.help or param.name in {"limit"}, param.name


@pytest.mark.parametrize("words", [["--help"]], ids=" ".join)
def test_nothing_of_the_server_is_loaded(words: list[str]):
    done = subprocess.run([sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"

"""The command line as a whole: what each command must have, and what `layers --help` must not load."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from layers_sdk.refusals import BY_CODE

from layers.cli import COMMANDS, load
from layers.client.remedies import REMEDIES

RUN_ON = {"up", "serve", "work", "sandbox serve", "mcp"}
"""They run until they are stopped. LAYERS_LOG_JSON turns the logs of servers into JSON; `mcp` speaks nothing else."""
IS_JSON = {"openapi"}
MAIN = "from layers.cli import main; main()"
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


@pytest.mark.parametrize("words", [["--help"], ["publish", "--help"]], ids=" ".join)
def test_nothing_of_the_server_is_loaded(words: list[str]):
    done = subprocess.run([sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_can_go_wrong_has_a_remedy():
    of_no_client = {"MALFORMED_REQUEST", "METHOD_NOT_ALLOWED", "HEADERS_TOO_LARGE", "URI_TOO_LONG"}
    of_browsers = {"FORBIDDEN_ORIGIN", "RANGE_NOT_SATISFIABLE"}
    by_subcode_alone = {"CONFLICT"}
    missing = BY_CODE.keys() - REMEDIES.keys() - of_no_client - of_browsers - by_subcode_alone
    assert not missing, "say in layers.client.remedies what a person can do about it"


def test_a_fault_of_ours_is_told_in_a_line(tmp_path: Path):
    code = f"import layers.client.login as it; it.connected = None; {MAIN}"
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, "whoami"], env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "A fault of Layers: TypeError" in done.stderr
    assert "Traceback" not in done.stderr
    [report] = tmp_path.iterdir()
    assert "Traceback" in report.read_text()

"""Image, compose file and systemd units say only what is there: files, commands, settings, services."""

import json
import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from layers.app import PLATFORM_SETTINGS
from layers.cli import COMMANDS, load
from layers.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
SETTINGS = {PREFIX + f.name.upper() for f in fields(Settings)} | {PREFIX + name for name in PLATFORM_SETTINGS}
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "layers"}
SELF_HOST = (ROOT / "docs/how-to/self-host.md").read_text()
UNITS = re.findall(r"```ini\n(.*?)```", SELF_HOST, re.DOTALL)


def instructions(name: str) -> list[str]:
    """The arguments of an instruction of the Dockerfile."""
    return re.findall(rf"^{name} +(.*)$", DOCKERFILE, re.MULTILINE)


def command_exists(words: list[str]) -> bool:
    """Whether `layers` takes these words."""
    if words[0] not in COMMANDS:
        return False
    arguments = [p for p in load(words[0]).params if p.param_type_name == "argument"]
    return len(words[1:]) <= len(arguments)


def test_the_image_copies_what_is_there_and_nothing_else():
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    let_in = {line[1:] for line in lines}
    copied = {
        source
        for line in instructions("COPY")
        if not line.startswith("--from")
        for source in line.split()[:-1]
    }
    assert copied == let_in
    assert all((ROOT / source).exists() for source in copied)


def test_the_image_runs_what_is_there_as_nobody_in_particular():
    [entry], [default] = instructions("ENTRYPOINT"), instructions("CMD")
    assert json.loads(entry) == ["layers"]
    assert command_exists(json.loads(default))
    [check] = instructions("HEALTHCHECK")
    program, *words = json.loads(check.partition(" CMD ")[2])
    assert program == "layers"
    assert command_exists(words)
    assert instructions("USER") == ["10001"]
    assert "--uid 10001 " in DOCKERFILE
    set_here = {name for line in instructions("ENV") for name in re.findall(r"\b(\w+)=", line)}
    assert {name for name in set_here if name.startswith(PREFIX)} <= SETTINGS


def test_the_image_is_made_by_the_uv_and_the_python_of_the_tests():
    version = re.search(r"^UV_VERSION := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert version
    assert f"uv=={version[1]}" in DOCKERFILE
    locked = re.search(r"--python-version (\S+)", (ROOT / "requirements.lock").read_text())
    assert locked
    assert {line.partition("-")[0] for line in instructions("FROM")} == {f"python:{locked[1]}"}


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_what_is_there(name: str):
    service = OURS[name]
    assert command_exists(service["command"].split())
    if name != "migrate":
        program, *words = service["healthcheck"]["test"][1:]
        assert program == "layers"
        assert command_exists(words)
        assert int(service["stop_grace_period"].removesuffix("s")) > 20
    assert {key for key in service["environment"] if key.startswith(PREFIX)} <= SETTINGS
    assert service["depends_on"].keys() <= COMPOSE["services"].keys()
    assert {volume.partition(":")[0] for volume in service["volumes"]} <= COMPOSE["volumes"].keys()
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_apis_and_workers_are_two_of_each():
    roles = sorted(service["command"] for service in OURS.values())
    assert roles == ["migrate", "serve", "serve", "work", "work"]


def test_every_variable_that_must_be_given_is_told():
    text = (ROOT / "compose.yaml").read_text()
    told = {
        name
        for line in text.splitlines()
        if line.startswith("#   export")
        for name in re.findall(r"(\w+)=", line)
    }
    assert set(re.findall(r"\$\{(\w+):\?\}", text)) == told


@pytest.mark.parametrize("unit", UNITS, ids=range(len(UNITS)))
def test_a_unit_starts_what_is_there(unit: str):
    starts = re.findall(r"^Exec\w+=(.+)$", unit, re.MULTILINE)
    assert starts
    for line in starts:
        program, *words = shlex.split(line)
        assert program == "/opt/layers/.venv/bin/layers"
        assert command_exists(words)
    assert set(re.findall(r"\b(LAYERS_\w+)=", unit)) <= SETTINGS


def test_there_are_units_for_each_role():
    started = {words for unit in UNITS for words in re.findall(r"bin/layers (\w+)", unit)}
    assert {"up", "serve", "work", "migrate"} <= started

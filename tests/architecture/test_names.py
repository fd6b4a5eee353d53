"""A platform's name appears nowhere in the source outside its own folder and its fake."""

import re
from pathlib import Path

import pytest

import layers
from layers.platforms import CONNECTORS

SOURCE = Path(layers.__file__).parent


def homes(platform: str) -> list[Path]:
    """Where the name may be said: the connector's folder and the fake's modules."""
    return [SOURCE / "platforms" / platform, *SOURCE.glob(f"sandbox/{platform}*.py")]


@pytest.mark.parametrize("platform", CONNECTORS)
def test_a_platform_is_named_only_at_home(platform: str):
    word = re.compile(rf"(?<![a-z]){platform}(?![a-z])", re.IGNORECASE)
    at_home = homes(platform)
    strays = [
        f"{file.relative_to(SOURCE)}:{number}: {line.strip()}"
        for file in sorted([*SOURCE.rglob("*.py"), *SOURCE.rglob("*.sql")])
        if not any(file == home or home in file.parents for home in at_home)
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if word.search(line)
    ]
    assert strays == []


def test_every_platform_has_a_home():
    assert all((SOURCE / "platforms" / platform / "__init__.py").is_file() for platform in CONNECTORS)

"""Markdown, piece by piece."""

import re
from collections.abc import Iterable, Sequence

NOTE = "<!-- Written by docs/generate.py from the code; change the code or the generator, then run `make docs`. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def page(title: str, *blocks: str) -> str:
    """Return a whole page; empty blocks are left out."""
    return "\n\n".join([NOTE, f"# {title}", *(block for block in blocks if block)]) + "\n"


def fence(language: str, text: str) -> str:
    """Return a block of code."""
    return f"```{language}\n{text}\n```"


def bullets(lines: Iterable[str]) -> str:
    """Return a list."""
    return "\n".join(f"- {line}" for line in lines)


def sentence(text: str) -> str:
    """Return text that begins with a capital, unless it is a name, and ends with a full stop."""
    first = text.split(" ")[0]
    return (text if "_" in first else text[:1].upper() + text[1:]) + ("" if text.endswith(".") else ".")


def kebab(name: str) -> str:
    """Return `publishNow` as `publish-now`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def snake(name: str) -> str:
    """Return `publishNow` as `publish_now`: what it is called in Python."""
    return kebab(name).replace("-", "_")

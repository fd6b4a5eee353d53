"""All that a statement may be put together from at run time: names checked to be plain, and whole numbers.

All else in a statement is written in the source, and every value is a parameter; a test reads the source for it.
"""

import re
from collections.abc import Iterable

IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)


def identifier(name: str) -> str:
    """Return `name` if it is a plain name of a table or column. Raises ValueError."""
    if not IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is no plain name of a table or column")
    return name


def names(columns: Iterable[str]) -> str:
    """Return `a, b, c`."""
    return ", ".join(map(identifier, columns))


def marks(count: int) -> str:
    """Return `$1, $2, $3`."""
    return ", ".join(f"${n}" for n in range(1, count + 1))


def assignments(columns: Iterable[str], first: int) -> str:
    """Return `a = $2, b = $3`, counting from `first`."""
    return ", ".join(f"{identifier(column)} = ${n}" for n, column in enumerate(columns, first))


def bigint(value: int) -> str:
    """Return a whole number as SQL has it, for statements sent together, which take no parameters."""
    return f"'{value:d}'::bigint"

"""What answers are made of: objects with typed attributes over the JSON that came.

Tolerant: a field that is not known stays in `raw`, one that is missing is None, and a value that is not what was
expected is left as it came. An API that has grown does not break its callers.
"""

# What `isinstance` finds out about JSON leaves its insides unknown.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import (
    Any,
    Callable,
    ClassVar,
    Generic,
    Optional,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

Reader = Callable[[Any], Any]
FRACTION = re.compile(r"\.(\d+)")
SECRETS = frozenset({"key", "secret"})
"""Fields that are never printed."""


class Model:
    """An answer, or a part of one. Equal if its JSON is."""

    raw: Mapping[str, Any]
    """The JSON as it came, by the names on the wire."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        fill(self, raw)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and type(self) is type(other) and self.raw == other.raw

    __hash__: ClassVar[None] = None  # pyright: ignore[reportIncompatibleMethodOverride]

    def __repr__(self) -> str:
        shown = (
            f"{name}={'…' if name in SECRETS else repr(getattr(self, name))}" for name in _readers(type(self))
        )
        return f"{type(self).__name__}({', '.join(shown)})"


M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[M]):
    """A part of a list. `next_cursor` of the last one is None."""

    items: "list[M]"
    next_cursor: Optional[str]


def fill(target: object, raw: Mapping[str, Any]) -> None:
    """Set the annotated attributes of `target` from JSON."""
    for name, (wire, read) in _readers(type(target)).items():
        value = raw.get(wire)
        setattr(target, name, None if value is None else read(value))


def camel(name: str) -> str:
    """Return the name on the wire: `social_account_id` is `socialAccountId`."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


@cache
def _readers(of: type) -> Mapping[str, tuple[str, Reader]]:
    inherited = {**get_type_hints(Model), **get_type_hints(of.__base__)}
    own = {name: hint for name, hint in get_type_hints(of).items() if name not in inherited}
    return {name: (camel(name), _reader(hint)) for name, hint in own.items()}


def _reader(hint: Any) -> Reader:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Union:
        return _reader(arguments[0])
    if hint is datetime:
        return _time
    if isinstance(hint, type) and issubclass(hint, Model):
        return lambda value: hint(value) if isinstance(value, dict) else value
    if origin is list:
        item = _reader(arguments[0])
        return lambda value: [item(one) for one in value] if isinstance(value, list) else value
    if origin is dict:
        entry = _reader(arguments[1])
        return lambda value: {n: entry(v) for n, v in value.items()} if isinstance(value, dict) else value
    return lambda value: value


def _time(value: Any) -> Any:
    """Read a time of the wire: before Python 3.11 `fromisoformat` knows neither Z nor all fractions."""
    try:
        padded = FRACTION.sub(lambda found: "." + found[1][:6].ljust(6, "0"), value)
        return datetime.fromisoformat(padded.replace("Z", "+00:00"))
    except (TypeError, ValueError):
        return value

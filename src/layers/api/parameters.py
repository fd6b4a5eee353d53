"""What the paths and queries of routes may hold: read once from the handlers' signatures, for whoever must know."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl, urlencode

from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter, QueryParameter
from litestar.types import Scope

from layers.api.errors import Validation
from layers.kit.problems import Issue
from layers.kit.text import camel

BOUNDS = {"ge": "minimum", "le": "maximum", "min_length": "minLength", "max_length": "maxLength"}
"""Litestar's words for bounds, and JSON Schema's."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, named as on the wire. `type` is without None; `default` None: it may be absent."""

    name: str
    where: Literal["path", "query"]
    type: Any
    bounds: Mapping[str, object]
    default: object

    @property
    def listed(self) -> bool:
        """Tell whether it takes several values."""
        return get_origin(self.type) is list


@cache
def parameters_of(handler: HTTPRouteHandler) -> tuple[Parameter, ...]:
    """Return the path and query parameters of a route."""
    hints = get_type_hints(handler.fn, include_extras=True)
    signature = inspect.signature(handler.fn)
    found: list[Parameter] = []
    for name, hint in hints.items():
        declared = next((m for m in _extras(hint) if isinstance(m, PathParameter | QueryParameter)), None)
        if declared is None:
            continue
        bounds = {
            word: getattr(declared, own) for own, word in BOUNDS.items() if getattr(declared, own) is not None
        }
        default = signature.parameters[name].default
        found.append(
            Parameter(
                name=declared.name or camel(name),
                where="path" if isinstance(declared, PathParameter) else "query",
                type=_without_none(get_args(hint)[0]),
                bounds=bounds,
                default=None if default is inspect.Parameter.empty else default,
            )
        )
    return tuple(found)


def _extras(hint: object) -> tuple[object, ...]:
    return get_args(hint)[1:] if get_origin(hint) is Annotated else ()


def _without_none(hint: object) -> object:
    if get_origin(hint) not in (Union, UnionType):
        return hint
    (only,) = (member for member in get_args(hint) if member is not NoneType)
    return only


def take_query(scope: Scope) -> None:
    """Refuse what the route does not know or takes once; take the values of a list apart at commas."""
    raw = scope["query_string"]
    if not raw:
        return
    known = {p.name: p for p in parameters_of(scope["route_handler"]) if p.where == "query"}
    given = parse_qsl(raw.decode("latin-1"), keep_blank_values=True)
    issues: list[Issue] = []
    seen: set[str] = set()
    for name, value in given:
        if name not in known:
            words = f"There is no such parameter here; there are: {', '.join(known) or 'none'}."
            issues.append(Issue(name, words, "unknown_parameter"))
        elif name in seen and not known[name].listed:
            issues.append(Issue(name, "This parameter takes one value.", "duplicate"))
        elif words := _misread(known[name], value):
            issues.append(Issue(name, words, "invalid_value"))
        seen.add(name)
    if issues:
        raise Validation(list(dict.fromkeys(issues)))
    if any(parameter.listed for parameter in known.values()):
        scope["query_string"] = urlencode(
            [(name, word) for name, value in given for word in _words(known[name], value)]
        ).encode()


def _misread(parameter: Parameter, value: str) -> str | None:
    """Say what is wrong with a value that the decoder would take for what nobody meant."""
    if value.lower() == "null" and parameter.type is not str:
        return "Leave the parameter out instead."
    if parameter.type is datetime and not value[:5].endswith("-"):  # a number would be seconds since 1970
        return "Give an ISO-8601 time, such as 2026-04-18T19:18:42Z."
    return None


def _words(parameter: Parameter, value: str) -> list[str]:
    return [word for word in value.split(",") if word] if parameter.listed else [value]

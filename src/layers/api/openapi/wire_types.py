"""The types that cross the wire, as JSON Schemas: from msgspec, with what it leaves out."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, cast, get_args

import msgspec

from layers.api.openapi.fields import FIELDS

Json = dict[str, Any]


class WireTypes:
    """The schemas of `types`, and the components they refer to."""

    def __init__(self, types: Sequence[Any]) -> None:
        generated, components = msgspec.json.schema_components(
            types,
            schema_hook=lambda _: {"description": "Any JSON value."},
            ref_template="#/components/schemas/{name}",
        )
        text = msgspec.json.encode([generated, components]).decode()
        generated, components = msgspec.json.decode(re.sub(r"Page[_[](\w+?)[]_](?=\")", r"\1Page", text))
        self._generated: dict[Any, Json] = dict(zip(types, generated, strict=True))
        self.components: dict[str, Json] = components
        for struct in _structs(types):
            self._tell(struct)

    def _tell(self, struct: type[msgspec.Struct]) -> None:
        notes = _field_notes(struct)
        for field in msgspec.structs.fields(struct):
            told = self.components[struct.__name__]["properties"][field.encode_name]
            tell_times(told, field.type)
            if about := notes.get(field.name) or _meaning(struct.__name__, field.encode_name):
                told.setdefault("description", about)

    def of(self, wire_type: Any) -> Json:
        """Return the schema of one of the types."""
        return self._generated[wire_type]


def ref(name: str) -> Json:
    """Return a reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def tell_times(schema: Json, wire_type: Any) -> None:
    """Say which texts are times: msgspec says it only of those it holds to an offset; here all have one.

    And of durations only that they are ISO-8601: the format `duration` knows no parts of seconds.
    """
    for text in schema.get("anyOf", [schema]):
        if text.get("type") == "string" and datetime in (wire_type, *get_args(wire_type)):
            text["format"] = "date-time"
        if text.get("format") == "duration":
            del text["format"]
            text["description"] = "An ISO-8601 duration."


def _meaning(schema: str, field: str) -> str | None:
    return FIELDS.get(f"{schema}.{field}") or FIELDS.get(field)


def _structs(types: Iterable[Any]) -> Iterator[type[msgspec.Struct]]:
    """Yield all structs among the types and below them."""
    waiting, seen = list(types), set[Any]()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        if inspect.isclass(one) and issubclass(one, msgspec.Struct):
            yield one
            waiting += [field.type for field in msgspec.structs.fields(one)]
        else:
            waiting += [arg for arg in get_args(one) if get_args(arg) or inspect.isclass(arg)]


def _field_notes(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Return what stands in a docstring below each field."""
    notes: dict[str, str] = {}
    for owner in struct.__mro__:
        if not issubclass(owner, msgspec.Struct) or owner is msgspec.Struct:
            continue
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        statements = cast("ast.ClassDef", tree).body
        for field, note in pairwise(statements):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(note, ast.Expr)
            ):
                notes[field.target.id] = " ".join(ast.literal_eval(note.value).split())
    return notes

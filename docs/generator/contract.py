"""The contract, read: operations with what they take and answer, schemas with references followed."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from layers.api.openapi.fields import FIELDS
from layers.app import contract

Json = Mapping[str, Any]
DOCUMENT: Json = json.loads(contract())
SCHEMAS: Json = DOCUMENT["components"]["schemas"]


def followed(part: Json) -> Json:
    """Return what a part refers to, else the part itself."""
    while "$ref" in part:
        kind, name = part["$ref"].split("/")[2:]
        part = DOCUMENT["components"][kind][name]
    return part


def name_of(schema: Json) -> str | None:
    """Return the name of the schema that is meant, if it has one: of a list, that of its items."""
    if "anyOf" in schema:
        return next((name for one in schema["anyOf"] if (name := name_of(one))), None)
    if schema.get("type") == "array":
        return name_of(schema.get("items", {}))
    return schema["$ref"].rpartition("/")[2] if "$ref" in schema else None


def about(field: str, schema: Json) -> str:
    """Return what a field means."""
    return schema.get("description") or FIELDS.get(field) or followed(schema).get("description", "")


@dataclass(frozen=True)
class Refusal:
    """A way to be refused: its status, code and, of conflicts, the subcodes there may be."""

    status: int
    code: str
    subcodes: Sequence[str] = ()


@dataclass(frozen=True)
class Answer:
    """A good answer."""

    status: str
    about: str
    schema: Json | None
    example: Any
    media: Sequence[str]


@dataclass(frozen=True)
class Operation:
    """One endpoint."""

    method: str
    path: str
    says: Json

    @property
    def id(self) -> str:
        return self.says["operationId"]

    @property
    def tag(self) -> str:
        return self.says["tags"][0]

    @property
    def name(self) -> str:
        return self.id.partition(".")[2]

    @property
    def shown_path(self) -> str:
        """The path as people write it: `/v1/content/:containerId`."""
        return re.sub(r"{(\w+)}", r":\1", self.path)

    @property
    def has_key(self) -> bool:
        """Whether it is called with a key."""
        return "x-required-scope" in self.says

    def parameters(self, where: str) -> list[Json]:
        """Return its parameters in the path, the query or the headers."""
        return [one for one in map(followed, self.says["parameters"]) if one["in"] == where]

    @property
    def takes_idempotency_key(self) -> bool:
        return any(one["name"] == "Idempotency-Key" for one in self.parameters("header"))

    @property
    def body(self) -> Json | None:
        """The schema of its JSON."""
        content = self.says.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("schema")

    @property
    def form(self) -> Json | None:
        """The schema of its form."""
        return (
            self.says.get("requestBody", {}).get("content", {}).get("multipart/form-data", {}).get("schema")
        )

    @property
    def is_raw(self) -> bool:
        """Whether it takes bytes as they are."""
        return "application/octet-stream" in self.says.get("requestBody", {}).get("content", {})

    def answers(self) -> Iterator[Answer]:
        """Yield its good answers."""
        for status, told in self.says["responses"].items():
            if status < "4":
                response = followed(told)
                content = response.get("content", {})
                whole = content.get("application/json", {})
                yield Answer(
                    status, response["description"], whole.get("schema"), whole.get("example"), [*content]
                )

    def refusals(self) -> Iterator[Refusal]:
        """Yield every way to be refused."""
        for status, told in self.says["responses"].items():
            response = followed(told)
            for code in response.get("x-error-codes", []):
                found = (
                    re.findall(r'"subcode": {"enum": \[(.*?)\]', json.dumps(response))
                    if code == "CONFLICT"
                    else []
                )
                yield Refusal(int(status), code, re.findall(r"\w+", "".join(found)))

    @property
    def is_list(self) -> bool:
        """Whether it answers a page of a list."""
        return any(
            set(followed(one.schema).get("properties", {})) == {"items", "nextCursor"}
            for one in self.answers()
            if one.schema
        )

    @property
    def is_stream(self) -> bool:
        """Whether it answers events for as long as one listens."""
        return any("text/event-stream" in one.media for one in self.answers())


@cache
def operations() -> Mapping[str, Operation]:
    """Return all operations by id."""
    found = [
        Operation(method.upper(), path, says)
        for path, methods in DOCUMENT["paths"].items()
        for method, says in methods.items()
    ]
    return {one.id: one for one in found}

"""The contract as a judge: every answer that any test gets from the API, and every event it leaves, is held against
the OpenAPI document. What the document does not declare is a fault of the test that met it.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import msgspec

from layers.api.envelope import Envelope
from layers.api.openapi.words import HEADERS
from layers.app import contract
from layers.db.pool import Pool

Json = dict[str, Any]
STEERING = frozenset(name.lower() for name in HEADERS) - {"cache-control"}
"""Headers that a caller steers by; each must be declared where it occurs."""
BEFORE_ANY_ROUTE = frozenset({"MALFORMED_REQUEST", "REQUEST_TIMEOUT", "URI_TOO_LONG", "HEADERS_TOO_LARGE"})
"""What is refused by the head of a request alone."""
FAULTS: list[str] = []
"""What the running test has met so far."""


@cache
def document() -> Json:
    """Return the document as served."""
    return msgspec.json.decode(contract())


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    literal_first = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), path) for path in literal_first]


def resolve(part: Json) -> Json:
    """Follow a reference."""
    if "$ref" not in part or not part["$ref"].startswith("#/components/"):
        return part
    _, _, kind, name = part["$ref"].split("/")
    return document()["components"][kind][name]


@cache
def validator(*where: str) -> jsonschema_rs.Validator:
    """Return the validator of the schema at a place of the document."""
    schema: Any = document()
    for step in where:
        schema = resolve(schema[step])
    whole = {"allOf": [schema], "components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def faults_of(where: tuple[str, ...], value: object) -> list[str]:
    """Say how a value differs from the schema at a place."""
    return [f"{e.instance_path}: {e.message}" for e in validator(*where).iter_errors(value)]


def operation_at(method: str, path: str) -> tuple[str, str] | None:
    """Return the path and method of the document that a request meets."""
    template = next((known for pattern, known in _paths() if pattern.fullmatch(path)), None)
    verb = method.lower()
    if method == "HEAD" and path.startswith("/v1/assets/"):  # they answer it as they answer GET
        verb = "get"
    return (template, verb) if template and verb in document()["paths"][template] else None


def judge(
    method: str, path: str, sent: bytes, status: int, headers: dict[str, str], body: bytes
) -> Iterator[str]:
    """Yield what of an exchange the document does not say."""
    answer = _json(headers, body)
    if isinstance(answer, dict) and "error" in answer and answer["error"]["code"] in BEFORE_ANY_ROUTE:
        return
    found = operation_at(method, path)
    if found is None and path.partition("/docs")[0] == "" and answer is None:  # pages for people
        return
    if found is None:
        code = answer["error"]["code"] if isinstance(answer, dict) and "error" in answer else None
        if (status, method) == (405, "HEAD"):
            return
        if (status, code) not in {(404, "NOT_FOUND"), (405, "METHOD_NOT_ALLOWED"), (503, "UNAVAILABLE")}:
            yield f"is not in the document, and was answered {status} {code}"
        return
    template, verb = found
    operation = document()["paths"][template][verb]
    if str(status) not in operation["responses"]:
        yield f"{operation['operationId']} declares no {status}: {body[:300]!r}"
        return
    response = resolve(operation["responses"][str(status)])
    content = response.get("content", {})
    kind = headers.get("content-type", "").partition(";")[0]
    if method != "HEAD" and not any(_is_of(kind, declared) for declared in content) and (content or body):
        yield f"{operation['operationId']} {status} declares {list(content)}, not {kind}"
    if "application/json" in content and kind == "application/json":
        at = ("paths", template, verb, "responses", str(status), "content", "application/json")
        if "schema" in content["application/json"]:
            yield from (
                f"{operation['operationId']} {status} {fault}" for fault in faults_of((*at, "schema"), answer)
            )
    declared = {name.lower() for name in response.get("headers", {})}
    if undeclared := STEERING & headers.keys() - declared:
        yield f"{operation['operationId']} {status} declares no header {set(undeclared)}"
    if status < 300 and "application/json" in operation.get("requestBody", {}).get("content", {}):
        yield from _sent_faults(template, verb, sent)


def _sent_faults(template: str, verb: str, sent: bytes) -> Iterator[str]:
    """What the API takes, the document must allow."""
    try:
        value = msgspec.json.decode(sent or b"{}")
    except msgspec.DecodeError:  # a form
        return
    at = ("paths", template, verb, "requestBody", "content", "application/json", "schema")
    yield from (
        f"{verb} {template} took what the document forbids: {fault}" for fault in faults_of(at, value)
    )


def _json(headers: dict[str, str], body: bytes) -> Any:
    return msgspec.json.decode(body) if body and "json" in headers.get("content-type", "") else None


def _is_of(kind: str, declared: str) -> bool:
    return kind == declared or (declared.endswith("/*") and kind.startswith(declared[:-1]))


class JudgedEnvelope(Envelope):
    """The outermost layer, overheard."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve, and note what the document does not say."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        sent, told, start = bytearray(), bytearray(), {}

        async def hear() -> Any:
            message = await receive()
            if message["type"] == "http.request" and len(sent) < 2**20:
                sent.extend(message.get("body", b""))
            return message

        async def say(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif len(told) < 2**22:
                told.extend(message.get("body", b""))
            await send(message)

        method, path = scope["method"], unquote(scope["path"])
        await super().__call__(scope, hear, say)
        if start:
            headers = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
            for fault in judge(method, path, bytes(sent), start["status"], headers, bytes(told)):
                FAULTS.append(f"{method} {path}: {fault}")


async def event_faults(pool: Pool) -> list[str]:
    """Say of every event that webhooks could tell of how the document tells it otherwise."""
    found: list[str] = []
    if pool.is_closing():
        return []
    for row in await pool.fetch(
        "SELECT e.type, e.data, e.project_id FROM events e LEFT JOIN projects p ON p.id = e.project_id"
        " WHERE p.erase_requested_at IS NULL"
    ):
        told = document()["webhooks"].get(row["type"])
        if told is None:
            continue
        event = resolve(told["post"]["requestBody"]["content"]["application/json"]["schema"])
        schema = resolve(event["properties"]["data"])
        data = {"projectId": row["project_id"], **row["data"]}
        faults = faults_of(("components", "schemas", schema["title"]), data)
        faults += [f"tells {name}" for name in data.keys() - schema["properties"].keys()]
        found += [f"event {row['type']}: {fault}" for fault in faults]
    return list(dict.fromkeys(found))

"""The contract as a document: valid, complete, bounded, the same wherever it is read, and a judge that can say no."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from arrange import declared_routes
from openapi_spec_validator import OpenAPIV31SpecValidator
from typer.testing import CliRunner

import conformance
from conformance import document, faults_of, resolve
from layers import cli
from layers.access.keys import SCOPES
from layers.api import errors
from layers.webhooks import payloads
from layers.webhooks.schemas import EventType

ROOT = Path(__file__).parents[2]
SEED = {
    "request": {"targets": [{"socialAccountId": "sa_01HXZ9P2M4N5KLM6TUV7WXYZ9A", "mode": "direct_publish"}]},
    "response": {
        "scheduledPostIds": ["sp_01HXZP5K6M7P8QRS9TUVAWXYZB"],
        "gateStatus": "queued",
        "scheduledFor": "2026-04-18T19:18:42Z",
    },
}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, method, operation)."""
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_it_is_a_valid_openapi_3_1_document():
    assert list(OpenAPIV31SpecValidator(document()).iter_errors()) == []
    assert document()["openapi"] == "3.1.0"


async def test_it_is_served_printed_and_committed_alike(client):
    served = (await client.get("/openapi.json", headers={"Authorization": ""})).raw.decode()
    printed = CliRunner().invoke(cli.app, ["openapi"])
    assert printed.exit_code == 0
    assert served == printed.stdout == (ROOT / "openapi.json").read_text()


def test_every_route_is_in_it(shared):
    def bare(path: str) -> str:
        return re.sub(r"{[^}]*}", "{}", path)

    declared = {
        (route.method, bare(route.path)) for route in declared_routes(shared) if route.method != "HEAD"
    }
    assert {(method.upper(), bare(path)) for path, method, _ in operations()} == declared


def test_operations_have_names_words_and_tags():
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(ids)) == len(ids)
    known = {tag["name"] for tag in document()["tags"]}
    for path, method, operation in operations():
        assert re.fullmatch(r"[a-z][A-Za-z]+\.[a-z][A-Za-z]+", operation["operationId"]), (method, path)
        assert set(operation["tags"]) <= known
        assert operation["summary"]
        for parameter in map(resolve, operation["parameters"]):
            assert parameter.get("description"), (operation["operationId"], parameter["name"])


def test_every_scope_is_of_the_contract_and_every_mutation_takes_an_idempotency_key():
    for _, method, operation in operations():
        scope = operation.get("x-required-scope")
        assert scope is None or scope in SCOPES
        names = {resolve(parameter)["name"] for parameter in operation["parameters"]}
        assert ("Idempotency-Key" in names) == (method != "get" and operation["security"] != [])


def test_every_error_and_subcode_is_met_somewhere():
    answers = [resolve(answer) for _, _, op in operations() for answer in op["responses"].values()]
    codes = {code for answer in answers for code in answer.get("x-error-codes", ())}
    nowhere = {error.code for error in errors.Problem.__subclasses__()} - codes
    assert nowhere == {"METHOD_NOT_ALLOWED"}
    told = json.dumps(answers)
    assert [word for word in errors.SUBCODES if f'"{word}"' not in told] == []


def test_publish_shows_the_example_of_its_page():
    publish = document()["paths"]["/v1/content/{containerId}/publish"]["post"]
    assert publish["operationId"] == "publishing.publishNow"
    assert publish["requestBody"]["content"]["application/json"]["example"] == SEED["request"]
    assert publish["responses"]["200"]["content"]["application/json"]["example"] == SEED["response"]


def test_examples_are_what_the_schemas_say():
    shown = 0
    for path, method, operation in operations():
        places = [("requestBody",), *(("responses", status) for status in operation["responses"])]
        for place in places:
            part: Any = operation
            for step in place:
                part = resolve(part.get(step, {}))
            media = part.get("content", {}).get("application/json", {})
            if "example" in media:
                where = ("paths", path, method, *place, "content", "application/json", "schema")
                assert faults_of(where, media["example"]) == []
                shown += 1
    assert shown >= 4


def test_webhooks_tell_of_every_event():
    assert set(payloads.DATA) == set(get_args(EventType)) == set(document()["webhooks"])


# Bounds ---------------------------------------------------------------------------------------------------------


def unbounded(schema: dict[str, Any], path: str) -> Iterator[str]:
    """Yield where a schema of something a caller sends sets no end to it."""
    schema = resolve(schema)
    for word in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(word, ()):
            yield from unbounded(part, path)
    kind = schema.get("type")
    if (
        kind == "string"
        and not {"enum", "const", "maxLength"} & schema.keys()
        and schema.get("format")
        not in (
            "date-time",
            "binary",
        )
    ):
        yield path
    if kind == "array":
        if "maxItems" not in schema:
            yield f"{path}[]"
        yield from unbounded(schema["items"], f"{path}[]")
    if kind == "object":
        more = schema.get("additionalProperties")
        if more is not False and not {"maxProperties", "x-max-bytes"} & schema.keys():
            yield f"{path}{{}}"
        if isinstance(more, dict):
            yield from unbounded(more, f"{path}.*")
        for name, part in schema.get("properties", {}).items():
            yield from unbounded(part, f"{path}.{name}")


def test_everything_a_caller_sends_has_an_end():
    found: list[str] = []
    for _, _, operation in operations():
        name = operation["operationId"]
        for media in operation.get("requestBody", {}).get("content", {}).values():
            found += unbounded(media["schema"], name)
        for parameter in map(resolve, operation["parameters"]):
            # A list in a query ends with the query; If-None-Match, too, is as long as the server takes headers.
            schema = parameter["schema"].get("items", parameter["schema"])
            if parameter["name"] != "If-None-Match":
                found += unbounded(schema, f"{name}?{parameter['name']}")
    assert found == []


def test_what_has_no_end_is_found():
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}}}}
    assert list(unbounded(schema, "x")) == ["x{}", "x.a[]", "x.a[]"]


# The judge ------------------------------------------------------------------------------------------------------

GOOD = {"x-request-id": "req_x", "content-type": "application/json"}
PROJECT = b'{"id": "prj_x"}'


@pytest.mark.parametrize(
    ("method", "path", "status", "headers", "body", "words"),
    [
        ("GET", "/v1/nowhere", 200, GOOD, b"{}", "is not in the document"),
        ("GET", "/v1/projects/prj_x", 418, GOOD, b"{}", "declares no 418"),
        ("GET", "/v1/projects/prj_x", 200, GOOD, PROJECT, '"name" is a required property'),
        ("GET", "/v1/projects/prj_x", 200, {"content-type": "text/plain"}, b"x", "not text/plain"),
        ("GET", "/health/live", 200, {**GOOD, "etag": '"x"'}, b"{}", "declares no header {'etag'}"),
        ("DELETE", "/v1/content/c", 409, GOOD, b'{"error": {"code": "CONTENT_REJECTED"}}', "409"),
        (
            "DELETE",
            "/v1/content/c",
            409,
            GOOD,
            b'{"error": {"code": "CONFLICT", "message": "", "requestId": "", "details": {"subcode": "OTHER"}}}',
            "409",
        ),
    ],
)
def test_the_judge_says_no(
    method: str, path: str, status: int, headers: dict[str, str], body: bytes, words: str
):
    assert any(words in fault for fault in conformance.judge(method, path, b"", status, headers, body))


def test_the_judge_says_yes():
    live = b'{"status": "ok"}'
    assert list(conformance.judge("GET", "/health/live", b"", 200, GOOD, live)) == []

"""What a route may refuse with: the codes it declares, those all routes of its kind have, and how each looks."""

import inspect
from collections.abc import Iterable, Sequence

from litestar.handlers import HTTPRouteHandler

from layers.api import errors
from layers.api.openapi.wire_types import Json, ref
from layers.api.openapi.words import TEXT
from layers.api.parameters import parameters_of
from layers.api.routes import ANY_KEY

MUTATIONS = frozenset({"POST", "PATCH", "PUT", "DELETE"})


def errors_of(handler: HTTPRouteHandler, method: str) -> list[type[errors.Problem]]:
    """Return every error a route may answer: what it declares, and what all routes of its kind may."""
    opt = handler.opt
    found: list[type[errors.Problem]] = [*opt["errors"], errors.Unavailable, errors.Internal]
    if opt["also"].get(503):
        found.remove(errors.Unavailable)
    if opt.get("subcodes"):
        found.append(errors.Conflict)
    if "scope" in opt:
        found += [errors.Unauthenticated, errors.Validation, errors.RateLimited, errors.KillSwitch]
        if opt["scope"] != ANY_KEY:
            found.append(errors.ForbiddenScope)
        if any(p.where == "path" for p in parameters_of(handler)):
            found.append(errors.NotFound)
        if method in MUTATIONS:
            found += [
                errors.Conflict,
                errors.ForbiddenOrigin,
                errors.IdempotencyConflict,
                errors.PayloadTooLarge,
                errors.UnsupportedMediaType,
            ]
    return sorted(set(found), key=lambda error: (error.status, error.code))


def subcodes_of(handler: HTTPRouteHandler, method: str) -> list[str]:
    """Return every `details.subcode` a route's conflicts may have; "" among them: it may have none."""
    found = [*handler.opt.get("subcodes", ())]
    if "scope" in handler.opt and method in MUTATIONS:
        found.append("IDEMPOTENCY_IN_FLIGHT")
    if errors.Conflict in handler.opt["errors"]:
        found.append("")
    return sorted(found)


def refusal(handler: HTTPRouteHandler, method: str, found: Sequence[type[errors.Problem]]) -> Json:
    """Return the response of one status."""
    lines: list[str] = []
    schemas: list[Json] = []
    for error in found:
        lines.append(f"`{error.code}`: {(inspect.getdoc(error) or '').splitlines()[0]}")
        schema = ref(schema_name(error))
        if error is errors.Conflict:
            subcodes = subcodes_of(handler, method)
            lines += [f"- `{word}`: {errors.SUBCODES[word]}" for word in subcodes if word]
            schema |= _narrowed(subcodes)
        schemas.append(schema)
    names = ["X-Request-Id", "X-RateLimit-Endpoint-Class"]
    if "scope" in handler.opt and errors.Unauthenticated not in found:
        names += ["RateLimit-Policy", "RateLimit"]
    if {errors.RateLimited, errors.Conflict, errors.Unavailable} & set(found):
        names.append("Retry-After")
    if errors.Unauthenticated in found:
        names.append("WWW-Authenticate")
    if errors.ApprovalRequired in found:
        names.append("Idempotent-Replayed")
    content: Json = {"application/json": {"schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas}}}
    if handler.opt.get("page"):
        content["text/html"] = {}
    return {
        "description": "\n".join(lines),
        "headers": headers(names),
        "content": content,
        "x-error-codes": [error.code for error in found],
    }


def _narrowed(subcodes: Sequence[str]) -> Json:
    """Say which subcodes a Conflict has here."""
    details: Json = {"properties": {"subcode": {"enum": [word for word in subcodes if word]}}}
    inside: Json = {"properties": {"details": details}}
    if "" not in subcodes:
        details["required"], inside["required"] = ["subcode"], ["details"]
    return {"properties": {"error": inside}}


def all_errors() -> list[type[errors.Problem]]:
    """Return every error of the API, and what they have in common."""
    return [
        error
        for error in vars(errors).values()
        if inspect.isclass(error) and issubclass(error, errors.Problem)
    ]


def error_schema(error: type[errors.Problem]) -> Json:
    """Return what an error looks like."""
    properties: Json = {"code": {"const": error.code}, "message": TEXT, "requestId": TEXT}
    required = ["code", "message", "requestId"]
    if error is errors.Problem:
        properties |= {"code": TEXT, "details": {"type": "object"}}
    if error.tells or error.may_tell:
        details: Json = {"type": "object", "properties": {**error.tells, **error.may_tell}}
        properties["details"] = details
        if error.tells:
            details["required"] = sorted(error.tells)
            required.append("details")
    inside = {"type": "object", "required": required, "properties": properties}
    return {
        "title": schema_name(error),
        "description": inspect.getdoc(error)
        if error is not errors.Problem
        else "What every refusal and fault looks like.",
        "type": "object",
        "required": ["error"],
        "properties": {"error": inside},
    }


def schema_name(error: type[errors.Problem]) -> str:
    """Return the name under which its schema stands."""
    return "Error" if error is errors.Problem else f"{error.__name__}Error"


def headers(names: Iterable[str]) -> Json:
    """Return the headers of a response."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}

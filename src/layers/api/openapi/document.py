"""The contract as an OpenAPI 3.1 document, made from the routes that keep it.

What a route says of itself (`layers.api.routes.operation`) and the types of its signature are all there is: nothing
is written twice. What every route of a kind may answer is told here once.
"""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast, get_args, get_origin, get_type_hints

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from layers.api import errors
from layers.api.multipart import FormLimits
from layers.api.openapi.refusals import (
    MUTATIONS,
    all_errors,
    error_schema,
    errors_of,
    headers,
    refusal,
    schema_name,
)
from layers.api.openapi.wire_types import Json, WireTypes, ref, tell_times
from layers.api.openapi.words import (
    ABOUT,
    EXAMPLES,
    HEADERS,
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    INTRODUCTION,
    LAST_EVENT_ID,
    TAGS,
    TEXT,
)
from layers.api.parameters import Parameter, parameters_of
from layers.api.routes import ANY_KEY, NoBody
from layers.kit.problems import Issue
from layers.kit.text import camel

STREAM_EVENT = "StreamEvent"
STREAM_PIECE: Json = {
    "description": "One piece of the stream; it goes on without end.",
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "To go on after, as `Last-Event-ID`."},
        "event": {"type": "string", "description": "The event's type."},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": ref(STREAM_EVENT),
        },
        "retry": {"type": "integer", "description": "Milliseconds to wait before opening the stream again."},
    },
}
"""What stands in an answer of server-sent events, as clients take it apart."""


class Document:
    """A document in the making: operations first, then the schemas they have named."""

    def __init__(
        self,
        handlers: Iterable[HTTPRouteHandler],
        form: FormLimits,
        events: Mapping[str, type[msgspec.Struct]],
        streamed: Mapping[str, type[msgspec.Struct]],
    ) -> None:
        self.handlers = [handler for handler in handlers if handler.operation_id]
        self.form = form
        self.events = events
        self.streamed = streamed
        self.responses: dict[str, Json] = {}
        bodies = [h.opt["body"] for h in self.handlers if _takes_body(h)]
        answers = [answer for h in self.handlers if (answer := _answer_type(h)) is not None]
        self.types = WireTypes(
            list(dict.fromkeys([*bodies, *answers, *events.values(), *streamed.values(), Issue]))
        )

    def build(self, version: str) -> Json:
        """Return the whole document."""
        paths: dict[str, Json] = {}
        own = {schema_name(error): error_schema(error) for error in all_errors()}
        told = {
            _event_name(kind): self._event_schema(kind, data)
            for kind, data in {**self.events, **self.streamed}.items()
        }
        told[STREAM_EVENT] = {
            "title": STREAM_EVENT,
            "description": "What `GET /v1/events/stream` tells.",
            "oneOf": [ref(_event_name(kind)) for kind in self.streamed],
        }
        schemas = {**self.types.components, **own, **told}
        for handler in self.handlers:
            for path in sorted(handler.paths):
                item = paths.setdefault(_wire_path(path), {})
                methods = cast("set[str]", handler.http_methods)
                for method in sorted(methods - {"HEAD"} or methods):  # HEAD beside GET goes without saying
                    item[method.lower()] = self.operation(handler, method)
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Layers",
                "version": version,
                "summary": "A content publishing API.",
                "description": INTRODUCTION.strip(),
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/", "description": "This installation."}],
            "tags": [{"name": name, "description": about} for name, about in TAGS.items()],
            "paths": paths,
            "webhooks": {kind: {"post": self.told(kind)} for kind in self.events},
            "components": {
                "securitySchemes": {
                    "bearer": {
                        "type": "http",
                        "scheme": "bearer",
                        "bearerFormat": "lp_<env>_<keyid>_<secret>",
                    },
                    "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
                },
                "headers": {
                    name: {"description": about, "schema": schema}
                    for name, (about, schema) in HEADERS.items()
                },
                "parameters": {
                    "IdempotencyKey": IDEMPOTENCY_KEY,
                    "IfNoneMatch": IF_NONE_MATCH,
                    "LastEventId": LAST_EVENT_ID,
                },
                "responses": dict(sorted(self.responses.items())),
                "schemas": dict(sorted(schemas.items())),
            },
        }

    # Operations ---------------------------------------------------------------------------------------------------

    def operation(self, handler: HTTPRouteHandler, method: str) -> Json:
        """Return one operation."""
        opt, told = handler.opt, inspect.getdoc(handler.fn) or ""
        summary, _, _ = told.partition("\n\n")
        name = cast("str", handler.operation_id)
        operation: Json = {
            "operationId": name,
            "tags": [name.partition(".")[0]],
            "summary": " ".join(summary.split()).rstrip("."),
            "description": told,
            "parameters": list(_parameters(handler, method)),
        }
        if "scope" in opt:
            scopes = [opt["scope"]] if opt["scope"] != ANY_KEY else []
            operation["security"] = [{"bearer": scopes}, {"apiKey": scopes}]
            operation["x-required-scope"] = opt["scope"] or None
        else:
            operation["security"] = []
        if _takes_body(handler):
            operation["requestBody"] = self._request_body(handler)
        elif opt.get("raw"):
            operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
        operation["responses"] = self._responses(handler, method)
        return operation

    def _request_body(self, handler: HTTPRouteHandler) -> Json:
        body, example = handler.opt["body"], handler.opt["example"].get("request")
        content: Json = {
            "application/json": {"schema": self.types.of(body)} | ({"example": example} if example else {})
        }
        if handler.opt["form"]:
            content["multipart/form-data"] = {"schema": _form_schema(self.form)}
        return {"required": any(f.required for f in msgspec.structs.fields(body)), "content": content}

    def _responses(self, handler: HTTPRouteHandler, method: str) -> Json:
        opt = handler.opt
        good = {handler.status_code: HTTPStatus(handler.status_code).phrase + ".", **opt["also"]}
        responses: Json = {
            str(status): {
                "description": about,
                "headers": headers(_good_headers(handler, method, status)),
                **self._content(handler),
            }
            for status, about in good.items()
        }
        if opt.get("polled"):
            names = ["X-Request-Id", "X-RateLimit-Endpoint-Class", "ETag", "Cache-Control"]
            responses["304"] = {"description": "Nothing new.", "headers": headers(names)}
        by_status: dict[int, list[type[errors.Problem]]] = {}
        for error in errors_of(handler, method):
            by_status.setdefault(error.status, []).append(error)
        for status, found in by_status.items():
            responses[str(status)] = self._shared(refusal(handler, method, found), handler, found)
        return dict(sorted(responses.items()))

    def _shared(
        self, response: Json, handler: HTTPRouteHandler, found: Sequence[type[errors.Problem]]
    ) -> Json:
        """Keep one copy of a refusal that reads the same everywhere."""
        if errors.Conflict in found or handler.opt.get("page"):
            return response
        name = "Or".join(error.__name__ for error in found)
        if self.responses.setdefault(name, response) != response:
            return response
        return {"$ref": f"#/components/responses/{name}"}

    def _content(self, handler: HTTPRouteHandler) -> Json:
        answer = _answer_type(handler)
        if answer is not None:
            example = handler.opt.get("example", {}).get("response")
            shown = {"example": example} if example else {}
            return {"content": {"application/json": {"schema": self.types.of(answer), **shown}}}
        media = handler.opt.get("media", ())
        if media == ("text/event-stream",):
            return {"content": {media[0]: {"schema": STREAM_PIECE}}}
        return {"content": {kind: {} for kind in media}} if media else {}

    # Webhooks -----------------------------------------------------------------------------------------------------

    def told(self, kind: str) -> Json:
        """Return the request that tells an endpoint of an event."""
        about = inspect.getdoc(self.events[kind]) or ""
        return {
            "operationId": f"webhookEvents.{camel(kind.replace('.', '_'))}",
            "tags": ["webhooks"],
            "summary": about.split("\n")[0].rstrip("."),
            "description": f"{about}\n\nSent to endpoints that listen for `{kind}`. Tried again for about 32 hours "
            "until it is answered with 2xx; it may come more than once, always with the same `id`.",
            "parameters": [
                {
                    "name": "X-Layers-Signature",
                    "in": "header",
                    "required": True,
                    "description": "`t=<unix>,v1=<hex HMAC-SHA256(secret, '<t>.<body>')>`, a `v1` for each secret.",
                    "schema": TEXT,
                },
                {
                    "name": "X-Layers-Event-Id",
                    "in": "header",
                    "required": True,
                    "description": "The event's id, the same at every try.",
                    "schema": {**TEXT, "pattern": "^evt_"},
                },
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": ref(_event_name(kind))}},
            },
            "responses": {"2XX": {"description": "Taken. Any other answer, or none, is tried again."}},
        }

    def _event_schema(self, kind: str, data: type[msgspec.Struct]) -> Json:
        return {
            "title": _event_name(kind),
            "type": "object",
            "required": ["id", "type", "createdAt", "data"],
            "properties": {
                "id": {**TEXT, "description": "The same at every try."}
                if kind in self.events
                else {
                    "anyOf": [TEXT, {"type": "null"}],
                    "description": "Null for a hint that cannot be asked for again.",
                },
                "type": {"const": kind, "description": "What happened."},
                "createdAt": {**TEXT, "format": "date-time", "description": "When it happened."},
                "data": self.types.of(data),
            },
        }


def _parameters(handler: HTTPRouteHandler, method: str) -> Iterator[Json]:
    for parameter in parameters_of(handler):
        yield _parameter(parameter)
    if method in MUTATIONS and "scope" in handler.opt:
        yield {"$ref": "#/components/parameters/IdempotencyKey"}
    if handler.opt.get("polled"):
        yield {"$ref": "#/components/parameters/IfNoneMatch"}
    if handler.opt.get("media") == ("text/event-stream",):
        yield {"$ref": "#/components/parameters/LastEventId"}


def _parameter(parameter: Parameter) -> Json:
    schema = {**msgspec.json.schema(parameter.type), **parameter.bounds}
    tell_times(schema, parameter.type)
    if parameter.default is not None:
        schema["default"] = parameter.default
    if parameter.where == "path" and parameter.type is str:
        schema |= {"minLength": 1, "maxLength": 255}
    told: Json = {"name": parameter.name, "in": parameter.where, "required": parameter.where == "path"}
    if about := ABOUT.get(parameter.name):
        told["description"] = about
    if parameter.where == "path" and (example := EXAMPLES.get(parameter.name)):
        told["example"] = example
    if parameter.listed:
        told |= {"style": "form", "explode": True}
        told["description"] = f"{about} Several may be given, repeated or parted by commas."
    return {**told, "schema": schema}


def _good_headers(handler: HTTPRouteHandler, method: str, status: int) -> list[str]:
    names = ["X-Request-Id", "X-RateLimit-Endpoint-Class"]
    if "scope" in handler.opt:
        names += ["RateLimit-Policy", "RateLimit"]
        if method in MUTATIONS:
            names.append("Idempotent-Replayed")
    if handler.opt.get("polled") or handler.opt.get("tagged"):
        names += ["ETag", "Cache-Control"]
    if 300 <= status < 400:
        names.append("Location")
    return names


def _takes_body(handler: HTTPRouteHandler) -> bool:
    return handler.opt.get("body", NoBody) is not NoBody


def _answer_type(handler: HTTPRouteHandler) -> Any:
    """Return the type a route answers as JSON; None where it answers otherwise."""
    told = get_type_hints(handler.fn)["return"]
    if get_origin(told) is Response:
        (told,) = get_args(told)
    is_json = "application/json" in handler.opt.get("media", ("application/json",))
    return told if is_json and told is not Any else None


def _form_schema(form: FormLimits) -> Json:
    files: Json = {"type": "array", "maxItems": form.max_files, "items": {**TEXT, "format": "binary"}}
    fields: Json = {name: {**TEXT, "maxLength": form.max_text_bytes} for name in sorted(form.text_fields)}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": sorted(form.file_fields),
        "properties": {**{name: {**files, "minItems": 1} for name in sorted(form.file_fields)}, **fields},
    }


def _event_name(kind: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"[._]", kind)) + "Event"


def _wire_path(path: str) -> str:
    return re.sub(r"{(\w+):\w+}", lambda found: f"{{{camel(found[1])}}}", path)

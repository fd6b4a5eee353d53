"""The outermost layer: a request id, one line in the log, and an answer in the one error shape whatever happens."""

import errno
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from html import escape
from typing import Any, cast

import asyncpg
import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from layers.api import errors
from layers.api.bounds import ambiguity, excess
from layers.api.context import endpoint_class, state_of
from layers.db.pool import BUSY, DATABASE_AWAY
from layers.kit import html, metrics, tracing
from layers.kit.ids import new_id
from layers.kit.problems import Issue
from layers.kit.safe_headers import SAFE, Header, with_safe
from layers.kit.text import camel

log = structlog.get_logger("layers.api")
RETRY_SECONDS = 2
"""What a caller is told to wait when the database is away."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_ROOM_SECONDS = 60
"""The same for a full disk, which somebody must empty."""
MOST_LOGGED = 300
"""Of a path, in characters."""


class Envelope:
    """ASGI wrapper around the whole app."""

    def __init__(self, app: ASGIApp, safe: tuple[Header, ...] = SAFE) -> None:
        self.app, self.safe = app, safe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; lifespan passes through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = new_id("req")
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 500
        headers = [
            (b"x-request-id", request_id.encode()),
            (b"x-ratelimit-endpoint-class", endpoint_class(scope["method"]).encode()),
        ]

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                limits = cast("Mapping[str, str]", state_of(scope).get("rate_headers", {}))
                told = [(name.lower().encode(), value.encode()) for name, value in limits.items()]
                message["headers"] = with_safe((*message.get("headers", ()), *headers, *told), self.safe)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id), _traced(scope) as span:
            if problem := excess(scope) or ambiguity(scope):
                await answer(problem, request_id, send_marked)
            else:
                await self.app(scope, receive, send_marked)
            seconds = time.perf_counter() - started
            method, route = scope["method"], scope.get("path_template", "")
            metrics.note_request(method, route, status, seconds)
            span.rename(f"{method} {route or 'none'}")
            span.note(status=status, request_id=request_id)
            about = cast("dict[str, object]", state_of(scope).get("about", {}))
            log.info(
                "request",
                method=method,
                path=scope["path"][:MOST_LOGGED],
                status=status,
                ms=round(seconds * 1000, 1),
                **about,
            )


async def answer(problem: errors.Problem, request_id: str, send: Send) -> None:
    """Send a problem by itself, without the framework."""
    body = msgspec.json.encode(errors.body_of(problem, request_id))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _traced(scope: Scope) -> AbstractContextManager[tracing.Span]:
    given = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
    return tracing.span("request", "server", given.decode("latin-1"))


def respond(request: Request[Any, Any, Any], problem: errors.Problem) -> Response[Any]:
    """Turn a problem into the response of contract section 1, and note whether it must be committed.

    A person with a browser gets it as a page, on the routes that are made for people.
    """
    state = state_of(request.scope)
    state["problem"], state["commits"] = problem, problem.commits
    route = cast("dict[str, Any]", request.scope).get("route_handler")
    if route and route.opt.get("page") and "text/html" in request.headers.get("accept", ""):
        return _page(problem, state.get("request_id", ""))
    headers = dict(problem.headers)
    if isinstance(problem, errors.MethodNotAllowed):
        headers["Allow"] = ", ".join(sorted(_allowed(request)))
    return Response(
        errors.body_of(problem, state.get("request_id", "")),
        status_code=problem.status,
        media_type=MediaType.JSON,
        headers=headers,
    )


def _allowed(request: Request[Any, Any, Any]) -> set[str]:
    """Return the methods there are at the request's path (RFC 9110, 15.5.6)."""
    parts = request.scope["path"].strip("/").split("/")
    found: set[str] = set()
    for route in request.app.routes:
        ours = route.path_components
        if len(ours) == len(parts) and all(
            own == part or not isinstance(own, str) for own, part in zip(ours, parts, strict=True)
        ):
            found |= cast("set[str]", getattr(route, "methods", set[str]()))
    return found - {"OPTIONS"}


def _page(problem: errors.Problem, request_id: str) -> Response[str]:
    heading = "This did not work just now" if problem.status >= 500 else "This link does not work"
    inside = (
        f"<h1>{heading}</h1>\n<p>{escape(problem.message)}</p>\n<code>Reference: {escape(request_id)}</code>"
    )
    return Response(
        html.page(heading, inside, card=True),
        status_code=problem.status,
        media_type=MediaType.HTML,
        headers={**problem.headers, **html.headers()},
    )


def _on_problem(request: Request[Any, Any, Any], problem: errors.Problem) -> Response[Any]:
    return respond(request, problem)


def _on_no_room(request: Request[Any, Any, Any], fault: Exception) -> Response[Any]:
    log.error("no room left on the disk", error=repr(fault))
    words = "The server has no room left; nothing was kept. Repeat the request later."
    return respond(request, errors.Unavailable(words, headers={"Retry-After": str(NO_ROOM_SECONDS)}))


def _on_database_away(request: Request[Any, Any, Any], fault: Exception) -> Response[Any]:
    if isinstance(fault, OSError) and fault.errno in NO_ROOM:
        return _on_no_room(request, fault)
    log.warning("database away", error=repr(fault))
    return respond(request, unavailable())


def _on_deadlock(request: Request[Any, Any, Any], fault: Exception) -> Response[dict[str, object]]:
    """Let the transaction be done again; a read has none, and its caller asks again."""
    state_of(request.scope)["deadlock"] = True
    return _on_database_away(request, fault)


def unavailable() -> errors.Unavailable:
    """Return what a caller hears while the database is away."""
    return errors.Unavailable(
        "The database is not reachable. Repeat the request with the same Idempotency-Key.",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


def _on_http_exception(request: Request[Any, Any, Any], fault: HTTPException) -> Response[Any]:
    return respond(request, _translate(request, fault))


def _translate(request: Request[Any, Any, Any], fault: HTTPException) -> errors.Problem:
    if isinstance(fault, NotFoundException):
        return errors.NotFound(f"There is no {request.scope['path']} here.")
    if isinstance(fault, MethodNotAllowedException):
        return errors.MethodNotAllowed(f"{request.method} is not possible on {request.scope['path']}.")
    if isinstance(fault, ValidationException):
        return errors.Validation(_parameter_issues(fault))
    if fault.status_code < 500:
        return errors.one_issue("$", fault.detail or "The request is malformed.", "malformed")
    return _bug(fault)


def _parameter_issues(fault: ValidationException) -> list[Issue]:
    extra = cast("list[dict[str, object]]", fault.extra if isinstance(fault.extra, list) else [])
    found = [
        Issue(camel(str(item.get("key", "$"))), f"{item.get('message', 'invalid')}.", "invalid_value")
        for item in extra
    ]
    return found or [Issue("$", fault.detail or "invalid", "invalid_value")]


def _on_bug(request: Request[Any, Any, Any], fault: Exception) -> Response[Any]:
    return respond(request, _bug(fault))


def _bug(fault: Exception) -> errors.Problem:
    log.error("bug", exc_info=fault)
    return errors.Internal("Something went wrong on our side. The request id finds it in the logs.")


def exception_handlers() -> Mapping[type[Exception], Callable[..., Response[Any]]]:
    """Return Litestar's table of exception → response."""
    return {
        errors.Problem: _on_problem,
        HTTPException: _on_http_exception,
        **dict.fromkeys((*DATABASE_AWAY, *BUSY), _on_database_away),
        asyncpg.DeadlockDetectedError: _on_deadlock,
        asyncpg.DiskFullError: _on_no_room,
        Exception: _on_bug,
    }

"""What a request carries from the outer layers to its handler."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, cast

from litestar.types import Receive, Scope

from layers.api.errors import one_issue


def state_of(scope: Scope) -> dict[str, Any]:
    """Return the mutable state of this request."""
    return scope["state"]


def method_of(scope: Scope) -> str:
    """Return the HTTP method of this request."""
    return cast("str", cast("dict[str, object]", scope)["method"])


def endpoint_class(method: str) -> Literal["read-light", "write-light"]:
    """Return the class in which requests of a method are counted."""
    return "read-light" if method in ("GET", "HEAD") else "write-light"


def header_of(scope: Scope, name: bytes) -> str:
    """Return a header's value; "" if the request has none of that name (in lower case)."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def hooks_of(scope: Scope) -> list[Callable[[], None]]:
    """Return what is to be run once the transaction has been committed."""
    return state_of(scope).setdefault("after_commit", [])


def after_commit(scope: Scope, hook: Callable[[], None]) -> None:
    """Run `hook` once the request's transaction has been committed; never if it is rolled back."""
    hooks_of(scope).append(hook)


def on_stop(scope: Scope, hook: Callable[[], None]) -> None:
    """Call `hook` when the server is told to stop while this request is still being answered."""
    state_of(scope).setdefault("on_stop", []).append(hook)


async def body_of(receive: Receive) -> AsyncIterator[bytes]:
    """Yield a request's body as it comes. Raises Validation when the caller goes away before its end."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise one_issue("$", "The upload ended early.", "malformed")
        yield cast("bytes", message.get("body", b""))
        if not message.get("more_body"):
            return


def tell_log(scope: Scope, **about: object) -> None:
    """Have the log's line of this request say what it was about."""
    state_of(scope).setdefault("about", {}).update(about)

"""What a request carries from the outer layers to its handler."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias, cast

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import Scope

from layers.db.pool import Connection
from layers.kit.times import utc_now

Tx: TypeAlias = SkipValidation[NamedDependency[Connection]]
"""The request's connection: inside the one transaction of a mutation, in autocommit for a read."""
Now: TypeAlias = SkipValidation[NamedDependency[datetime]]
"""The instant the request arrived; one per request, so that its decisions agree."""


def state_of(scope: Scope) -> dict[str, Any]:
    """Return the mutable state of this request."""
    return scope["state"]


def method_of(scope: Scope) -> str:
    """Return the HTTP method of this request."""
    return cast("str", cast("dict[str, object]", scope)["method"])


def hooks_of(scope: Scope) -> list[Callable[[], None]]:
    """Return what is to be run once the transaction has been committed."""
    return state_of(scope).setdefault("after_commit", [])


def provide_tx(scope: Scope) -> Connection:
    """Give a handler its connection."""
    return state_of(scope)["tx"]


def provide_body(scope: Scope) -> object:
    """Give a handler its body, decoded to the type the route declares."""
    return state_of(scope)["body"]


def provide_now() -> datetime:
    """Give a handler the current instant."""
    return utc_now()


def after_commit(scope: Scope, hook: Callable[[], None]) -> None:
    """Run `hook` once the request's transaction has been committed; never if it is rolled back."""
    hooks_of(scope).append(hook)

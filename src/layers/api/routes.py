"""How a route is declared: its scope, its body, and who may call it without a key.

`operation(...)` fills Litestar's `opt`; the middleware reads it. A route that declares neither a scope nor that it is
open cannot be built, so access is denied by default.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from litestar.types import Scope

ANY_KEY = ""
"""Scope of a route that every valid key may call."""


class Wire(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A request body: camelCase, unknown fields refused."""


class WireOut(msgspec.Struct, rename="camel"):
    """A response body: camelCase."""


class NoBody(Wire):
    """The route takes no body (an empty object is tolerated)."""


def operation(
    scope: str,
    *,
    body: type[Wire] = NoBody,
    form: bool = False,
    secret: bool = False,
    stage: Callable[[Scope], Awaitable[None]] | None = None,
) -> Mapping[str, Any]:
    """Declare a route for callers whose key holds `scope`.

    `form`: it takes multipart/form-data as well. `secret`: its answer holds a secret, and is sealed where it is kept.
    `stage`: long work that is done before the transaction begins, unless the answer is known already; it must be
    harmless if the transaction comes to nothing.
    """
    return {"scope": scope, "body": body, "form": form, "secret": secret, "stage": stage}


def open_to_all() -> Mapping[str, Any]:
    """Declare a route that needs no key and no transaction (health, signed links)."""
    return {"open": True}


def open_page() -> Mapping[str, Any]:
    """Declare a route like `open_to_all` that a person opens in a browser: there a problem is a page in words."""
    return {"open": True, "page": True}

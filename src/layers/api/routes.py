"""How a route is declared: its scope, its body, and who may call it without a key.

`operation(...)` fills Litestar's `opt`; the middleware reads it. A route that declares neither a scope nor that it is
open cannot be built, so access is denied by default.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from litestar.types import Scope

from layers.api.errors import Problem

ANY_KEY = ""
"""Scope of a route that every valid key may call."""


Id = Annotated[str, msgspec.Meta(max_length=255)]
"""An id as a caller gives it: of any look, for what does not exist is told by looking."""
Word = Annotated[str, msgspec.Meta(max_length=64)]
"""A name out of a small world: a platform, a mode, a scope."""


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
    media: str = "application/json",
    polled: bool = False,
    errors: Sequence[type[Problem]] = (),
    subcodes: Sequence[str] = (),
    also: Mapping[int, str] | None = None,
    example: Mapping[str, object] | None = None,
) -> Mapping[str, Any]:
    """Declare a route for callers whose key holds `scope`.

    `form`: it takes multipart/form-data as well. `secret`: its answer holds a secret, and is sealed where it is kept.
    `stage`: long work that is done before the transaction begins, unless the answer is known already; it must be
    harmless if the transaction comes to nothing. `media`: the type it answers; where that is not JSON it is a stream,
    which gets no connection to hold meanwhile. `polled`: its answer carries an ETag. `errors`: what it refuses with,
    beyond what every such route may answer (see `layers.api.openapi`). `subcodes`: of its Conflicts. `also`: further
    statuses of the same answer, and when. `example`: a `request` and a `response`.
    """
    return {
        "scope": scope,
        "body": body,
        "form": form,
        "secret": secret,
        "stage": stage,
        "media": (media,),
        "polled": polled,
        "errors": errors,
        "subcodes": subcodes,
        "also": also or {},
        "example": example or {},
    }


def open_to_all(
    *,
    errors: Sequence[type[Problem]] = (),
    subcodes: Sequence[str] = (),
    also: Mapping[int, str] | None = None,
    media: Sequence[str] = ("application/json",),
    body: type[Wire] = NoBody,
    polled: bool = False,
    tagged: bool = False,
    raw: bool = False,
) -> Mapping[str, Any]:
    """Declare a route that needs no key and no transaction (health, signed links).

    `media`: the types it answers. `body`: of a route that reads one itself. `tagged`: its answer carries an ETag of its
    own making. `raw`: it takes bytes, as they are.
    """
    told = {"errors": errors, "subcodes": subcodes, "also": also or {}, "media": media}
    told |= {"body": body, "form": False, "example": {}}
    return {"open": True, "polled": polled, "tagged": tagged, "raw": raw, **told}


def open_page(
    *, errors: Sequence[type[Problem]] = (), media: Sequence[str] = ("text/html",)
) -> Mapping[str, Any]:
    """Declare a route like `open_to_all` that a person opens in a browser: there a problem is a page in words."""
    return {**open_to_all(errors=errors, media=media), "page": True}

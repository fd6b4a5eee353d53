"""Lists: opaque cursors bound to the query that made them."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from layers.api.errors import one_issue
from layers.api.routes import WireOut

T = TypeVar("T")
Row = TypeVar("Row")
Cursor = Annotated[str | None, QueryParameter(max_length=512)]
"""A list's `cursor` parameter."""


class Page(WireOut, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None


def page_of(
    rows: Sequence[Row],
    limit: int,
    query: object,
    *,
    key: Callable[[Row], Sequence[str | int]],
    item: Callable[[Row], T],
) -> Page[T]:
    """Return the page of `rows`, of which one more than `limit` was asked for to see whether there is another page."""
    more = make_cursor(query, key(rows[limit - 1])) if len(rows) > limit else None
    return Page([item(row) for row in rows[:limit]], more)


def make_cursor(query: object, last: Sequence[str | int]) -> str:
    """Return the cursor that continues `query` after the row with the sort key `last`."""
    raw = msgspec.json.encode([_query_print(query), *last])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(cursor: str | None, query: object, types: Sequence[type]) -> list[str | int] | None:
    """Return the sort key to continue after, None at the start. Raises Validation if the cursor is not of `query`."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        owner, *last = msgspec.json.decode(raw, type=list[str | int])
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise one_issue(
            "cursor", "This is not a cursor; use nextCursor as it was given.", "invalid_cursor"
        ) from None
    if owner != _query_print(query) or [type(part) for part in last] != list(types):
        raise one_issue(
            "cursor", "This cursor belongs to another query; start without one.", "invalid_cursor"
        )
    return last


def _query_print(query: object) -> str:
    return hashlib.sha256(msgspec.json.encode(query, order="deterministic")).hexdigest()[:12]

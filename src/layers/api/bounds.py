"""How much a request may say before its body. What is larger is refused before anything looks at it."""

from typing import cast

from litestar.types import Scope

from layers.api.errors import HeadersTooLarge, Problem, UriTooLong, one_issue

MOST_HEADERS = 100
MOST_HEADER_BYTES = 32 * 1024
"""Names and values of all headers together."""
MOST_TARGET_BYTES = 8 * 1024
"""Path and query as they were sent."""
MOST_PARAMETERS = 100


def excess(scope: Scope) -> Problem | None:
    """Return what is too large about the head of a request, if anything."""
    headers = cast("list[tuple[bytes, bytes]]", scope["headers"])
    if len(headers) > MOST_HEADERS:
        return HeadersTooLarge(f"A request may have {MOST_HEADERS} headers at most.")
    if sum(len(name) + len(value) for name, value in headers) > MOST_HEADER_BYTES:
        return headers_too_large()
    query = scope["query_string"]
    if len(scope["raw_path"]) + len(query) > MOST_TARGET_BYTES:
        return UriTooLong(f"Path and query may have {MOST_TARGET_BYTES} bytes at most.")
    if query.count(b"&") >= MOST_PARAMETERS:
        return one_issue("query", f"At most {MOST_PARAMETERS} parameters are allowed.", "too_many")
    return None


def headers_too_large() -> HeadersTooLarge:
    """Return the refusal of headers that are too long."""
    return HeadersTooLarge(f"The headers may have {MOST_HEADER_BYTES} bytes at most.")

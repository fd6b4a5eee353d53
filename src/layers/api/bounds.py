"""What a request may say before its body: how much, and what only once. The rest is refused before it is looked at."""

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


ONCE = frozenset(
    {
        *(b"authorization", b"x-api-key", b"idempotency-key", b"host", b"content-type", b"content-encoding"),
        *(b"upload-offset", b"range"),
    }
)
"""Headers of which two could be read differently by a proxy, a log and us."""


def ambiguity(scope: Scope) -> Problem | None:
    """Return what can be read in two ways about the head of a request, if anything."""
    seen = set[bytes]()
    for name, _ in scope["headers"]:
        if name in seen:
            return one_issue(name.decode("latin-1"), "Send this header once.", "duplicate")
        if name in ONCE:
            seen.add(name)
    return None


def headers_too_large() -> HeadersTooLarge:
    """Return the refusal of headers that are too long."""
    return HeadersTooLarge(f"The headers may have {MOST_HEADER_BYTES} bytes at most.")

"""What every answer says to browsers and caches unless the route says otherwise: load, frame, guess, keep and tell on
nothing. No answer ever carries an `Access-Control-*` header: scripts of other sites read nothing here.
"""

from collections.abc import Iterable

Header = tuple[bytes, bytes]
SAFE: tuple[Header, ...] = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
SAFE_OVER_TLS: tuple[Header, ...] = (*SAFE, (b"strict-transport-security", b"max-age=31536000"))


def safe_headers(public_origin: str) -> tuple[Header, ...]:
    """Return the headers for an installation that the world reaches at `public_origin`."""
    return SAFE_OVER_TLS if public_origin.startswith("https://") else SAFE


def with_safe(given: Iterable[Header], safe: tuple[Header, ...] = SAFE) -> list[Header]:
    """Return the headers `given` (names in lower case) and of `safe` those they do not name."""
    headers = list(given)
    named = {name for name, _ in headers}
    headers.extend(header for header in safe if header[0] not in named)
    return headers

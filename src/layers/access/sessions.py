"""Sessions of the dashboard: a browser's cookie in place of a key's header. Pure.

A session speaks for the API key it was signed in with, so scopes, rate limits, the audit log and the kill switch hold
as for the key itself. Tokens are 256 random bits; only their hashes are stored.

The cookie is of no use to other sites: browsers send it along from our own pages alone (SameSite=Strict), and what
changes something needs besides a header that no form can send, from no other origin.
"""

import hashlib
import secrets
from datetime import timedelta

from litestar.types import Scope

from layers.api import errors
from layers.api.context import header_of, method_of

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
"""A session ends when it was not used for so long, and at the latest after so long."""
SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is known when a session was used."""
NONE = timedelta()
LINK_LIFE = timedelta(minutes=15)
MARK = b"x-layers-session"
SAFE_METHODS = ("GET", "HEAD")


def make_token() -> tuple[str, bytes]:
    """Return (a token to hand out once, the hash to store)."""
    token = secrets.token_urlsafe(32)
    return token, hash_token(token)


def hash_token(token: str) -> bytes:
    """Return the hash under which a token is found (32 bytes)."""
    return hashlib.blake2b(token.encode("utf-8", "replace"), digest_size=32).digest()


def cookie_name(public_origin: str) -> str:
    """Return the cookie's name. Over TLS it is one that no other host and no plain connection can set."""
    return "__Host-layers_session" if public_origin.startswith("https://") else "layers_session"


def cookie(public_origin: str, token: str, life: timedelta = LONGEST) -> str:
    """Return the value of Set-Cookie; with no life left it makes the browser forget."""
    secure = "; Secure" if public_origin.startswith("https://") else ""
    seconds = int(life.total_seconds())
    return (
        f"{cookie_name(public_origin)}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    )


def token_in(scope: Scope, public_origin: str) -> str | None:
    """Return the token a browser sent, None if there is none."""
    wanted = cookie_name(public_origin)
    for part in header_of(scope, b"cookie").split(";"):
        name, _, value = part.strip().partition("=")
        if name == wanted and value:
            return value
    return None


def refuse_foreign(scope: Scope, public_origin: str) -> None:
    """Raise ForbiddenOrigin where a change asked for with the cookie may not come from our own pages.

    Browsers say the origin of every change, and newer ones how it relates to ours; what they say no page can alter.
    """
    if method_of(scope) in SAFE_METHODS:
        return
    origin, relation = header_of(scope, b"origin"), header_of(scope, b"sec-fetch-site")
    own = {public_origin, f"http://{header_of(scope, b'host')}", f"https://{header_of(scope, b'host')}"}
    if header_of(scope, MARK) != "1":
        raise errors.ForbiddenOrigin("With a session, changes need the header X-Layers-Session: 1.")
    if (relation and relation != "same-origin") or (not relation and origin and origin not in own):
        raise errors.ForbiddenOrigin("This request comes from another site than the dashboard.")

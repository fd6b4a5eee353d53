"""Links that open one path for a while: whoever holds the link may follow it, nobody can make one up."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime


class LinkSigner:
    """Signs with the first of `keys` and accepts any of them, so that keys can be rotated."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or not all(keys):
            raise ValueError("at least one key is needed, and none may be empty")
        self._keys = tuple(keys)

    def sign(self, path: str, expires_at: datetime) -> str:
        """Return `path?expires=<unix seconds>&signature=<base64url>`; `path` has no query of its own."""
        if "?" in path or "#" in path:
            raise ValueError("a signed path carries no query and no fragment")
        expires = int(expires_at.timestamp())
        return f"{path}?expires={expires}&signature={_signature(self._keys[0], path, expires)}"

    def verify(self, path: str, expires: int, signature: str, now: datetime) -> bool:
        """Say whether `path` was signed until `expires` (unix seconds) and `now` is before it.

        `path` must be spelled as it was signed. Takes the same time whatever is wrong with the signature.
        """
        given = signature.encode("utf-8", "surrogatepass")
        known = [hmac.compare_digest(_signature(key, path, expires).encode(), given) for key in self._keys]
        return any(known) and now.timestamp() < expires


def _signature(key: bytes, path: str, expires: int) -> str:
    message = f"{path}\n{expires}".encode("utf-8", "surrogatepass")
    return urlsafe_b64encode(hmac.digest(key, message, hashlib.sha256)).rstrip(b"=").decode()

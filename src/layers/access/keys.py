"""API keys: `lp_<env>_<keyid>_<secret>`. Pure.

A secret is 256 random bits, so a fast keyed hash is the right one: there is nothing to guess, and a slow password hash
would only make every request slow.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

Environment = Literal["live", "test"]
KEY = re.compile(r"lp_(live|test)_([A-Z2-7]{16})_([A-Za-z0-9_-]{43})")

SCOPES = (
    "projects:read",
    "projects:write",
    "content:read",
    "content:write",
    "content:approve",
    "publish:read",
    "publish:write",
    "social:read",
    "social:write",
    "webhooks:read",
    "webhooks:write",
    "audit:read",
    "keys:read",
    "keys:write",
)
EVERYTHING = "*"
Role = Literal["reviewer", "publisher", "owner"]
REVIEWER = ("projects:read", "content:read", "content:approve", "publish:read", "social:read")
ROLES: Mapping[Role, tuple[str, ...]] = {
    "reviewer": REVIEWER,
    "publisher": (*REVIEWER, "content:write", "publish:write", "social:write"),
    "owner": (EVERYTHING,),
}
"""Names for the sets of scopes that people in the dashboard have. Nothing but scopes decides what is possible."""
NOBODYS_HASH = bytes(32)
"""What the secret of an unknown key is compared with, so that it takes the work of a known one."""


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """A key as a caller presents it, taken apart."""

    environment: Environment
    key_id: str
    secret: str


def make_key(environment: Environment) -> tuple[str, str, bytes]:
    """Return (the key to show once, its public key id, the hash to store)."""
    key_id = base64.b32encode(secrets.token_bytes(10)).decode()
    shown, secret_hash = make_secret(environment, key_id)
    return shown, key_id, secret_hash


def make_secret(environment: Environment, key_id: str) -> tuple[str, bytes]:
    """Return (the key with a new secret, to show once; the hash to store)."""
    secret = secrets.token_urlsafe(32)
    return f"lp_{environment}_{key_id}_{secret}", hash_secret(key_id, secret)


def parse_key(text: str) -> PresentedKey | None:
    """Take a key apart; None when it is not of the form."""
    match = KEY.fullmatch(text)
    return PresentedKey(cast("Environment", match[1]), match[2], match[3]) if match else None


def hash_secret(key_id: str, secret: str) -> bytes:
    """Return the keyed hash under which a secret is stored (32 bytes)."""
    return hashlib.blake2b(secret.encode(), key=key_id.encode(), digest_size=32).digest()


def matches(presented: PresentedKey, stored: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(hash_secret(presented.key_id, presented.secret), stored)


def unknown_scopes(scopes: list[str]) -> list[str]:
    """Return those that are no scope of Layers."""
    return [scope for scope in scopes if scope not in SCOPES and scope != EVERYTHING]

"""How a delivery proves where it comes from. Pure.

Two families of headers say the same thing: `X-Layers-Signature`, and those of Standard Webhooks
(https://www.standardwebhooks.com, checked 2026-11-23), for which libraries exist in most languages.
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

PREFIX = "whsec_"
OVERLAP = timedelta(hours=24)
"""How long a secret signs on after it was replaced."""
NEWEST = ""
"""In a mapping of secrets: the one with no end. The others stand under the ISO time they end at."""


def new_secret() -> str:
    """Return a new secret: 256 random bits."""
    return PREFIX + b64encode(secrets.token_bytes(32)).decode()


def rotated(held: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Return the secrets with a new one; the one it replaces signs on for a day."""
    kept = {until: secret for until, secret in held.items() if _holds(until, now)}
    if NEWEST in kept:
        kept[(now + OVERLAP).isoformat()] = kept[NEWEST]
    return {**kept, NEWEST: new_secret()}


def valid(held: Mapping[str, str], now: datetime) -> list[str]:
    """Return the secrets that sign now, newest first."""
    return [
        held[until]
        for until in sorted(held, key=lambda u: (u == NEWEST, u), reverse=True)
        if _holds(until, now)
    ]


def _holds(until: str, now: datetime) -> bool:
    return until == NEWEST or datetime.fromisoformat(until) > now


def headers(signing: Sequence[str], event_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers that sign `body`, with every secret of `signing`. `at`: Unix seconds."""
    ours = [hmac.digest(secret.encode(), b"%d." % at + body, hashlib.sha256).hex() for secret in signing]
    message = f"{event_id}.{at}.".encode() + body
    keys = [b64decode(secret.removeprefix(PREFIX)) for secret in signing]
    theirs = [b64encode(hmac.digest(key, message, hashlib.sha256)).decode() for key in keys]
    return {
        "X-Layers-Event-Id": event_id,
        "X-Layers-Signature": ",".join([f"t={at}", *(f"v1={signature}" for signature in ours)]),
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in theirs),
    }

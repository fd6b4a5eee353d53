"""One spelling per JSON value, so that two bodies that mean the same hash the same."""

import hashlib

import msgspec


def fingerprint(value: object) -> bytes:
    """Return the SHA-256 of `value` as JSON with sorted keys and no white space (32 bytes)."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).digest()

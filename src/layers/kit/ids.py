"""Opaque ids: a prefix that names the kind of thing and a 26-character ULID."""

from ulid import ULID

PREFIXES = ("org", "key", "prj", "cnt", "ast", "sa", "sp", "evt", "whe", "whd", "req")


def new_id(prefix: str) -> str:
    """Return `prefix_` + ULID: sortable by creation time, unguessable enough for a name, never a secret."""
    return f"{prefix}_{ULID()}"

"""What is decided about webhooks: when a try is repeated, and how much there may be. Pure."""

from datetime import timedelta

WAITS = (30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600)
"""Seconds from each try to the next: eight tries in about 32 hours."""
JITTER = 0.05
"""A wait is longer by up to this part of itself, so that what failed together does not come back together."""
PING = "test.ping"
PAUSE_AFTER = 20
"""Failed tries in a row after which an endpoint is paused."""
MAX_ENDPOINTS = 50
MAX_SECRETS = 5


def wait_after(attempts: int, event_type: str, chance: float) -> timedelta | None:
    """Return how long after its `attempts`-th try a delivery is tried again; None: never. `chance`: 0 to 1."""
    if event_type == PING or attempts > len(WAITS):
        return None
    return timedelta(seconds=WAITS[attempts - 1] * (1 + JITTER * chance))

"""What is decided about webhooks: which addresses may be told, and when a try is repeated. Pure."""

import ipaddress
import re
from datetime import timedelta
from urllib.parse import urlsplit

from layers.kit.problems import Issue
from layers.outbound import is_public

WAITS = (30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600)
"""Seconds from each try to the next: eight tries in about 32 hours."""
JITTER = 0.05
"""A wait is longer by up to this part of itself, so that what failed together does not come back together."""
PING = "test.ping"
PAUSE_AFTER = 20
"""Failed tries in a row after which an endpoint is paused."""
MAX_ENDPOINTS = 50
MAX_SECRETS = 5
ADDRESS = re.compile(r"[!-~]+")


def wait_after(attempts: int, event_type: str, chance: float) -> timedelta | None:
    """Return how long after its `attempts`-th try a delivery is tried again; None: never. `chance`: 0 to 1."""
    if event_type == PING or attempts > len(WAITS):
        return None
    return timedelta(seconds=WAITS[attempts - 1] * (1 + JITTER * chance))


def url_issue(url: str, *, anywhere: bool) -> Issue | None:
    """Say what is wrong with an endpoint's address. `anywhere`: private addresses and plain http are allowed.

    A name is not looked up here: what it stands for is checked whenever it is connected to.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return Issue("url", "This is not a URL.", "invalid_value")
    if not ADDRESS.fullmatch(url) or "\\" in url or not host:
        return Issue("url", "Use an absolute URL of visible ASCII characters.", "invalid_value")
    if parts.scheme not in (("https", "http") if anywhere else ("https",)):
        return Issue("url", "Use https.", "invalid_value")
    if parts.username is not None or parts.fragment:
        return Issue("url", "Leave out user names, passwords and fragments.", "invalid_value")
    if not anywhere and _is_private(host):
        words = "This address is not public; LAYERS_ALLOW_PRIVATE_NETWORKS=true would allow it."
        return Issue("url", words, "private_address")
    return None


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return not is_public(host)

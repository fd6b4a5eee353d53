"""Mastodon, and other servers that speak its API.

Each server sets its own limits and says which software it runs; both are asked before a post. Where the software
keeps idempotency keys a lost answer is mended by repeating the call, elsewhere by looking through the account's own
statuses.
"""

from collections.abc import Mapping

from layers.connector import Connector, Limits, OAuth, OwnLimits
from layers.platforms.mastodon.auth import connect, refresh
from layers.platforms.mastodon.errors import classify
from layers.platforms.mastodon.find import find
from layers.platforms.mastodon.limits import LIMITS
from layers.platforms.mastodon.oauth import CONSENT
from layers.platforms.mastodon.publish import publish
from layers.platforms.mastodon.server import own_limits


class Mastodon:
    """The parts of this folder under the names of the `Connector` protocol."""

    limits: Limits = LIMITS
    own_limits: OwnLimits | None = staticmethod(own_limits)
    origin: str = ""
    """There is no server to guess: each account has its own."""
    credential_fields: Mapping[str, str] = {
        "baseUrl": "address of the account's server, such as https://mastodon.social",
        "accessToken": "access token of an app made under Preferences, Development, with the scopes profile,"
        " read:statuses, write:statuses and write:media",
    }
    settings: Mapping[str, str] = {}
    doors: Mapping[str, tuple[str, ...]] = {}
    oauth: OAuth | None = CONSENT
    publish = staticmethod(publish)
    find = staticmethod(find)
    connect = staticmethod(connect)
    refresh = staticmethod(refresh)
    classify = staticmethod(classify)


CONNECTOR: Connector = Mastodon()

"""Bluesky, and any other server that speaks atproto.

A post's record key is made from the post itself, so that putting the record again changes nothing: an answer
that was lost is mended by repeating the call.
"""

from collections.abc import Mapping

from layers.connector import Connector, Limits, OAuth, OwnLimits
from layers.platforms.bluesky.auth import connect, refresh
from layers.platforms.bluesky.errors import classify
from layers.platforms.bluesky.limits import LIMITS
from layers.platforms.bluesky.oauth import Login
from layers.platforms.bluesky.publish import find, publish


class Bluesky:
    """The parts of this folder under the names of the `Connector` protocol."""

    limits: Limits = LIMITS
    own_limits: OwnLimits | None = None
    origin: str = "https://bsky.social"
    credential_fields: Mapping[str, str] = {
        "service": "address of the account's server, such as https://bsky.social",
        "identifier": "handle, such as alice.bsky.social, or DID",
        "password": "app password made under Settings, Privacy and security; not the account's own password",
    }
    settings: Mapping[str, str] = {}
    doors: Mapping[str, tuple[str, ...]] = {}
    oauth: OAuth | None = Login()
    publish = staticmethod(publish)
    find = staticmethod(find)
    connect = staticmethod(connect)
    refresh = staticmethod(refresh)
    classify = staticmethod(classify)


CONNECTOR: Connector = Bluesky()

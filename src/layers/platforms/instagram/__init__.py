"""Instagram through its API with Instagram Login: professional accounts, no Facebook Page needed.

Instagram fetches the media itself into containers nobody sees; one call then makes a container a post, at most
once, and the container says whether that happened. It takes no drafts: `draft_to_device` ends before the first call,
and Layers hands the post to a person.
"""

from collections.abc import Mapping

from layers.connector import Connector, Limits, OAuth, OwnLimits
from layers.platforms.instagram.auth import connect, refresh
from layers.platforms.instagram.calls import GRAPH
from layers.platforms.instagram.errors import classify
from layers.platforms.instagram.limits import LIMITS
from layers.platforms.instagram.oauth import Login
from layers.platforms.instagram.publish import find, publish


class Instagram:
    """The parts of this folder under the names of the `Connector` protocol."""

    limits: Limits = LIMITS
    own_limits: OwnLimits | None = None
    origin: str = GRAPH
    credential_fields: Mapping[str, str] = {
        "accessToken": (
            "long-lived token of Instagram Login with the permissions instagram_business_basic and "
            "instagram_business_content_publish"
        ),
        "userId": "user_id of the professional account, as /me names it",
    }
    settings: Mapping[str, str] = {
        "CLIENT_ID": "Instagram app ID of your app at developers.facebook.com (not the Meta app ID)",
        "CLIENT_SECRET": "Instagram app secret of that app",
    }
    oauth: OAuth | None = Login()
    publish = staticmethod(publish)
    find = staticmethod(find)
    connect = staticmethod(connect)
    refresh = staticmethod(refresh)
    classify = staticmethod(classify)


CONNECTOR: Connector = Instagram()

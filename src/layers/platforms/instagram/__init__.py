"""Instagram, for professional accounts, through either of its doors.

By Instagram Login no Facebook Page is needed, and Instagram fetches all media itself. By Facebook Login an account
comes with the Page it is linked to, and videos are sent to Instagram instead. Either way the media goes into
containers nobody sees; one call then makes a container a post, at most once, and the container says whether that
happened. It takes no drafts: `draft_to_device` ends before the first call, and Layers hands the post to a person.
"""

from collections.abc import Mapping

from layers.connector import Authorize, Connector, Flow, Grant, Identity, Limits, OAuth, OwnLimits
from layers.platforms.instagram.auth import connect, refresh
from layers.platforms.instagram.calls import FACEBOOK, GRAPH
from layers.platforms.instagram.errors import classify
from layers.platforms.instagram.facebook import FacebookLogin
from layers.platforms.instagram.limits import LIMITS
from layers.platforms.instagram.oauth import Login
from layers.platforms.instagram.publish import find, publish


class Consent:
    """The login that the grant's door stands for."""

    scopes: tuple[str, ...] = Login.scopes

    def begin(self, grant: Grant, origin: str) -> Flow[Authorize]:
        """Say where the person consents. Raises Rejected when the app is not configured."""
        return _login(grant).begin(grant, origin)

    def exchange(
        self, grant: Grant, session: Mapping[str, str], returned: Mapping[str, str], origin: str
    ) -> Flow[list[Identity]]:
        """Turn what came back into accounts. Raises Rejected."""
        return _login(grant).exchange(grant, session, returned, origin)

    def metadata(self, client_id: str, redirect_uri: str) -> None:
        """Apps are registered by hand; nobody fetches a document."""


def _login(grant: Grant) -> OAuth:
    return FacebookLogin() if grant.service == FACEBOOK else Login()


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
        "FACEBOOK_CLIENT_ID": "Meta app ID of your app with Facebook Login for Business",
        "FACEBOOK_CLIENT_SECRET": "Meta app secret of that app",
    }
    doors: Mapping[str, tuple[str, ...]] = {
        GRAPH: ("CLIENT_ID", "CLIENT_SECRET"),
        FACEBOOK: ("FACEBOOK_CLIENT_ID", "FACEBOOK_CLIENT_SECRET"),
    }
    oauth: OAuth | None = Consent()
    publish = staticmethod(publish)
    find = staticmethod(find)
    connect = staticmethod(connect)
    refresh = staticmethod(refresh)
    classify = staticmethod(classify)


CONNECTOR: Connector = Instagram()

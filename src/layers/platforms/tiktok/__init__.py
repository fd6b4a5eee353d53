"""TikTok through its Content Posting API v2.

Videos are uploaded by Layers (FILE_UPLOAD), never pulled: nothing can appear before the last chunk, and
afterwards the publish id says what became of it. Photos can only be pulled, so there the first call already
commits.
"""

from collections.abc import Mapping

from layers.connector import Connector, Limits, OAuth, OwnLimits
from layers.platforms.tiktok.auth import connect, refresh
from layers.platforms.tiktok.errors import classify
from layers.platforms.tiktok.limits import LIMITS
from layers.platforms.tiktok.oauth import API, Login
from layers.platforms.tiktok.publish import find, publish


class TikTok:
    """The parts of this folder under the names of the `Connector` protocol."""

    limits: Limits = LIMITS
    own_limits: OwnLimits | None = None
    origin: str = API
    credential_fields: Mapping[str, str] = {
        "accessToken": "access token with the scopes user.info.basic, video.publish and video.upload",
        "refreshToken": "refresh token that came with it",
        "openId": "open_id of the creator, as the token endpoint returned it",
    }
    settings: Mapping[str, str] = {
        "CLIENT_KEY": "client key of your app at developers.tiktok.com",
        "CLIENT_SECRET": "client secret of that app",
    }
    doors: Mapping[str, tuple[str, ...]] = {}
    oauth: OAuth | None = Login()
    publish = staticmethod(publish)
    find = staticmethod(find)
    connect = staticmethod(connect)
    refresh = staticmethod(refresh)
    classify = staticmethod(classify)


CONNECTOR: Connector = TikTok()

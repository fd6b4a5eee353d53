"""Wire models of social accounts (contract section 5)."""

from datetime import datetime
from typing import Literal

from msgspec import UNSET, UnsetType

from layers.api.routes import Wire, WireOut

AccountStatus = Literal["connected", "reauth_required", "disconnected"]


class ConnectBody(Wire):
    """Body of `POST /v1/projects/:id/social-accounts`."""

    platform: str
    credential: dict[str, str]


class PatchAccount(Wire):
    """Body of `PATCH /v1/social-accounts/:id`."""

    post_defaults: dict[str, object]


class SocialAccount(WireOut, omit_defaults=True):
    """A connected account."""

    social_account_id: str
    project_id: str
    platform: str
    handle: str
    display_name: str
    avatar_url: str | None
    status: AccountStatus
    post_defaults: dict[str, object]
    connected_at: datetime
    token_expires_at: datetime | None
    disconnected_reason: str | UnsetType = UNSET
    disconnected_at: datetime | UnsetType = UNSET


class Revoked(WireOut):
    """Answer of `DELETE /v1/social-accounts/:id`."""

    social_account_id: str
    status: AccountStatus
    disconnected_reason: str
    canceled_scheduled_posts: int
    disconnected_at: datetime

"""Wire models of social accounts (contract section 5)."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from layers.api.routes import Id, Wire, WireOut, Word

ReturnUrl = Annotated[str, Meta(max_length=2048)]
TokenState = Literal["valid", "expiring", "expired", "refused", "unreadable", "missing", "unlimited"]
"""`expiring`: a person must reconnect before long. `refused`: the platform takes the token no more. `unreadable`: it is
stored, but its key is gone from `LAYERS_SECRET_KEYS`, or it was altered."""
AccountStatus = Literal["connected", "reauth_required", "disconnected"]


class ConnectBody(Wire):
    """Body of `POST /v1/projects/:id/social-accounts`."""

    platform: Word
    credential: Annotated[dict[Word, Annotated[str, Meta(max_length=8192)]], Meta(max_length=20)]


class PatchAccount(Wire):
    """Body of `PATCH /v1/social-accounts/:id`."""

    post_defaults: Annotated[dict[str, object], Meta(max_length=50)]


class OAuthBody(Wire):
    """Body of `POST /v1/projects/:id/social/oauth-url`.

    `service`: the account's server where there are many, or the door where a platform has several.
    """

    platform: Word
    return_url: ReturnUrl
    service: ReturnUrl | None = None


class ReauthBody(Wire):
    """Body of `POST /v1/projects/:id/social/reauth-url`."""

    social_account_id: Id
    return_url: ReturnUrl


class AuthorizeUrl(WireOut):
    """Answer of oauth-url and reauth-url."""

    authorize_url: str
    state: str
    expires_at: datetime


class OAuthStatus(WireOut, omit_defaults=True):
    """Answer of `GET /v1/social/oauth-status/:state`."""

    state: str
    status: Literal["pending", "completed", "failed"]
    expires_at: datetime
    social_account_id: str | UnsetType = UNSET
    social_account_ids: list[str] | UnsetType = UNSET
    error: dict[str, object] | UnsetType = UNSET


class AccountHealth(WireOut):
    """Answer of `GET /v1/social-accounts/:id/health`.

    `reconnectBefore`: by then a person must have reconnected the account; until then Layers renews tokens by itself.
    `postsLeftToday` is of the modes that publish, `postsLeftTodayByMode` of each with a cap; null: there is none.
    """

    social_account_id: str
    status: AccountStatus
    token: TokenState
    token_expires_at: datetime | None
    reconnect_before: datetime | None
    last_published_at: datetime | None
    posts_left_today: int | None
    posts_left_today_by_mode: dict[str, int]
    posts_waiting: int
    hold_until: datetime | None


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


class RevokedAccount(WireOut):
    """Answer of `DELETE /v1/social-accounts/:id`."""

    social_account_id: str
    status: AccountStatus
    disconnected_reason: str
    canceled_scheduled_posts: int
    disconnected_at: datetime

"""Whose a TikTok token is, and getting the next one.

Source: https://developers.tiktok.com/doc/oauth-user-access-token-management, checked 2026-11-23.
"""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from layers.connector import (
    Account,
    Call,
    Effect,
    Flow,
    Identity,
    Reconnect,
    Rejected,
    Tokens,
)
from layers.platforms.tiktok.calls import read
from layers.platforms.tiktok.errors import classify, error_code

ACCESS_LIFE = timedelta(hours=24)
"""From issue. A token given by hand may be older; one that dies early is refreshed on refusal."""


class User(msgspec.Struct):
    """`user/info`; the username needs the scope user.info.profile."""

    open_id: str
    display_name: str = ""
    avatar_url: str | None = None
    username: str = ""


class Grant(msgspec.Struct):
    """`oauth/token`, lifetimes in seconds; the refresh token may be a new one and the old one dead."""

    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int | None = None

    @property
    def renewable_for(self) -> timedelta | None:
        """Return how long the refresh token is good."""
        return timedelta(seconds=self.refresh_expires_in) if self.refresh_expires_in else None


def connect(credential: Mapping[str, str], origin: str) -> Flow[Identity]:
    """Ask who the access token belongs to. Raises Rejected when that is not `openId`."""
    call = _user_info(credential, origin, "open_id,display_name,avatar_url,username", handles=(401, 403))
    reply = yield call
    if error_code(reply) in ("scope_not_authorized", "scope_permission_missed"):
        reply = yield _user_info(credential, origin, "open_id,display_name,avatar_url")
    elif reply.status >= 400:
        raise classify(call, reply) or Reconnect("TikTok does not accept the access token.")
    user = read(reply.value("data", "user"), User)
    if user.open_id != credential["openId"]:
        raise Rejected(
            "CREDENTIAL_INVALID", "The access token belongs to another creator than openId says; check both."
        )
    secrets = {name: credential[name] for name in ("accessToken", "refreshToken", "openId")}
    return Identity(
        external_id=user.open_id,
        handle=user.username or user.display_name,
        display_name=user.display_name or user.username,
        avatar_url=user.avatar_url,
        tokens=Tokens(secrets, ACCESS_LIFE),
    )


def refresh(account: Account) -> Flow[Tokens]:
    """Trade the refresh token for a new pair; CLIENT_KEY and CLIENT_SECRET are among the secrets."""
    secrets = dict(account.secrets)
    client_key, client_secret = secrets.pop("CLIENT_KEY", ""), secrets.pop("CLIENT_SECRET", "")
    if not client_key or not client_secret:
        raise Rejected(
            "APP_MISCONFIGURED", "Set the client key and secret of your TikTok app to refresh tokens."
        )
    form = {
        "client_key": client_key,
        "client_secret": client_secret,
        "grant_type": "refresh_token",
        "refresh_token": secrets["refreshToken"],
    }
    reply = yield Call("refresh", Effect.PREPARE, "POST", account.origin + "/v2/oauth/token/", form=form)
    grant = read(reply.json, Grant)
    fresh = {**secrets, "accessToken": grant.access_token, "refreshToken": grant.refresh_token}
    return Tokens(fresh, timedelta(seconds=grant.expires_in), grant.renewable_for)


def _user_info(
    credential: Mapping[str, str], origin: str, fields: str, handles: tuple[int, ...] = ()
) -> Call:
    headers = {"Authorization": f"Bearer {credential['accessToken']}"}
    url = f"{origin}/v2/user/info/?fields={fields}"
    return Call("user", Effect.READ, "GET", url, headers=headers, handles=handles)

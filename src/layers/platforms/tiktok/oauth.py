"""Connecting a TikTok account by consent.

PKCE is for apps on phones and desktops only; here the state and the client secret guard the exchange.
Source: https://developers.tiktok.com/doc/login-kit-web and
https://developers.tiktok.com/doc/oauth-user-access-token-management, checked 2026-11-23.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from layers.connector import (
    Authorize,
    Call,
    Effect,
    Flow,
    Grant,
    Identity,
    Reconnect,
    Rejected,
    Reply,
    Tokens,
)
from layers.platforms.tiktok.auth import Grant as Tradable
from layers.platforms.tiktok.auth import connect
from layers.platforms.tiktok.calls import read
from layers.platforms.tiktok.errors import ERRORS, error_code

API = "https://open.tiktokapis.com"
LOGIN = "https://www.tiktok.com"
NEEDED = "video.publish"
"""The rest may be missing: `video.upload` is for drafts, `video.list` for looking up photos after a lost answer."""


class Issued(Tradable, kw_only=True):
    """`oauth/token` for a code; `scope` with commas."""

    open_id: str
    scope: str = ""


class Login:
    """TikTok's Login Kit for the web, as the `OAuth` protocol has it."""

    scopes: tuple[str, ...] = ("user.info.basic", NEEDED, "video.upload", "video.list")

    def begin(self, grant: Grant, origin: str) -> Flow[Authorize]:
        """Say where the person consents. Raises Rejected when the app is not configured."""
        yield from ()
        client_key, _ = _app(grant)
        query = {
            "client_key": client_key,
            "response_type": "code",
            "scope": ",".join(self.scopes),
            "redirect_uri": grant.redirect_uri,
            "state": grant.state,
        }
        host = LOGIN if origin == API else origin
        return Authorize(f"{host}/v2/auth/authorize/?{urlencode(query)}")

    def metadata(self, client_id: str, redirect_uri: str) -> None:
        """Apps are registered by hand; nobody fetches a document."""

    def exchange(
        self, grant: Grant, session: Mapping[str, str], returned: Mapping[str, str], origin: str
    ) -> Flow[list[Identity]]:
        """Turn the code into tokens and ask whose they are. Raises Rejected when posting was not granted."""
        reply = yield _token(grant, _code(returned), origin)
        _check(reply)
        issued = read(reply.json, Issued)
        if NEEDED not in issued.scope.split(","):
            raise Rejected("OAUTH_SCOPES", f"Connect again and allow posting: {NEEDED} is missing.")
        secrets = {
            "accessToken": issued.access_token,
            "refreshToken": issued.refresh_token,
            "openId": issued.open_id,
        }
        found = yield from _identity(secrets, origin)
        life = timedelta(seconds=issued.expires_in)
        tokens = Tokens({**secrets, "scopes": issued.scope}, life, issued.renewable_for)
        return [replace(found, tokens=tokens)]


def _app(grant: Grant) -> tuple[str, str]:
    client_key, secret = grant.app.get("CLIENT_KEY", ""), grant.app.get("CLIENT_SECRET", "")
    if not client_key or not secret:
        raise Rejected(
            "APP_MISCONFIGURED", "Set the client key and secret of your TikTok app to connect accounts."
        )
    return client_key, secret


def _code(returned: Mapping[str, str]) -> str:
    if error := returned.get("error"):
        said = returned.get("error_description") or error
        raise Rejected("OAUTH_DENIED", f"The account was not connected: {said}.", error)
    if not returned.get("code"):
        raise Rejected("OAUTH_FAILED", "TikTok sent no code; connect again.")
    return returned["code"]


def _token(grant: Grant, code: str, origin: str) -> Call:
    """Return the exchange. A refusal may come with 200, so that is read here as well."""
    client_key, secret = _app(grant)
    form = {
        "client_key": client_key,
        "client_secret": secret,
        "code": code,
        "grant_type": "authorization_code",
        "redirect_uri": grant.redirect_uri,
    }
    url = f"{origin}/v2/oauth/token/"
    return Call("token", Effect.PREPARE, "POST", url, form=form, handles=(200, 400, 401, 403))


def _check(reply: Reply) -> None:
    code = error_code(reply)
    if code is None and reply.status < 300:
        return
    known = ERRORS.get(code or "")
    said = known.words if known and known.outcome == "reject" else reply.value("error_description")
    words = f"TikTok refused to connect the account: {said or code or reply.status}"
    raise Rejected("OAUTH_FAILED", words, code)


def _identity(secrets: Mapping[str, str], origin: str) -> Flow[Identity]:
    try:
        return (yield from connect(secrets, origin))
    except Reconnect as refusal:
        words = "TikTok does not say whose the account is; connect again."
        raise Rejected("OAUTH_FAILED", words, refusal.platform_code) from refusal

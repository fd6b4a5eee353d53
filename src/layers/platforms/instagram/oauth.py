"""Connecting an Instagram account by consent: a code, a token for an hour, a token for sixty days.

There is no PKCE; the state and the app's secret guard the exchange.
Source: https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login,
checked 2026-11-23.
"""

from collections.abc import Mapping
from typing import cast
from urllib.parse import urlencode

from layers.connector import Authorize, Call, Effect, Flow, Grant, Identity, Rejected, Reply
from layers.platforms.instagram.auth import identity, tokens, who
from layers.platforms.instagram.calls import User, host, read, unwrapped

LOGIN = "https://www.instagram.com"
TOKENS = "https://api.instagram.com"
NEEDED = ("instagram_business_basic", "instagram_business_content_publish")
WANTED = "instagram_business_manage_comments"
"""For first comments; an account that does not grant it posts without them."""

REFUSED = (400, 401, 403)


class Login:
    """Instagram Login, as the `OAuth` protocol has it."""

    scopes: tuple[str, ...] = (*NEEDED, WANTED)

    def begin(self, grant: Grant, origin: str) -> Flow[Authorize]:
        """Say where the person consents. Raises Rejected when the app is not configured."""
        yield from ()
        client_id, _ = app_of(grant)
        query = {
            "client_id": client_id,
            "redirect_uri": grant.redirect_uri,
            "response_type": "code",
            "scope": ",".join(self.scopes),
            "state": grant.state,
        }
        return Authorize(f"{host(LOGIN, origin)}/oauth/authorize?{urlencode(query)}")

    def metadata(self, client_id: str, redirect_uri: str) -> None:
        """Apps are registered by hand; nobody fetches a document."""

    def exchange(
        self, grant: Grant, session: Mapping[str, str], returned: Mapping[str, str], origin: str
    ) -> Flow[list[Identity]]:
        """Turn the code into a long-lived token. Raises Rejected, naming the permissions that were not granted."""
        reply = accepted((yield _short_token(grant, code_of(returned), origin)))
        granted = _granted(reply)
        if missing := [scope for scope in NEEDED if scope not in granted]:
            raise Rejected(
                "OAUTH_SCOPES",
                f"Connect again and allow what posting needs: {', '.join(missing)} is missing.",
            )
        found = unwrapped(reply)
        short = Reply(200, json=found).text_at("access_token")
        long = accepted((yield _long_token(grant, short, origin)))
        token = tokens(long, "", {}).secrets["accessToken"]
        user = read(unwrapped(accepted((yield who(token, origin, REFUSED)))), User)
        known = {"scopes": ",".join(granted)}
        return [identity(user, tokens(long, str(user.user_id), known))]


def app_of(grant: Grant, of: str = "") -> tuple[str, str]:
    """Return ID and secret of the app whose settings begin with `of`. Raises Rejected without them."""
    client_id, secret = grant.app.get(f"{of}CLIENT_ID", ""), grant.app.get(f"{of}CLIENT_SECRET", "")
    if not client_id or not secret:
        raise Rejected(
            "APP_MISCONFIGURED", "Set the ID and secret of your Instagram app to connect accounts."
        )
    return client_id, secret


def code_of(returned: Mapping[str, str]) -> str:
    """Return the code; redirects end in `#_` or, from Facebook, `#_=_`, which some browsers hand on.

    Raises Rejected when there is none.
    """
    if error := returned.get("error"):
        said = returned.get("error_description") or returned.get("error_reason") or error
        raise Rejected("OAUTH_DENIED", f"The account was not connected: {said}.", error)
    code = returned.get("code", "").removesuffix("#_").removesuffix("#_=_")
    if not code:
        raise Rejected("OAUTH_FAILED", "Instagram sent no code; connect again.")
    return code


def _short_token(grant: Grant, code: str, origin: str) -> Call:
    client_id, secret = app_of(grant)
    form = {
        "client_id": client_id,
        "client_secret": secret,
        "grant_type": "authorization_code",
        "redirect_uri": grant.redirect_uri,
        "code": code,
    }
    url = f"{host(TOKENS, origin)}/oauth/access_token"
    return Call("short token", Effect.PREPARE, "POST", url, form=form, handles=REFUSED)


def _long_token(grant: Grant, short: str, origin: str) -> Call:
    _, secret = app_of(grant)
    query = {"grant_type": "ig_exchange_token", "client_secret": secret, "access_token": short}
    url = f"{origin}/access_token?{urlencode(query)}"
    return Call("long token", Effect.PREPARE, "GET", url, handles=REFUSED)


def accepted(reply: Reply) -> Reply:
    """Return the reply unless it is a refusal; the token host words one as `error_message`. Raises Rejected."""
    if reply.status < 300:
        return reply
    said = reply.value("error_message") or reply.value("error", "message") or "no reason given"
    raise Rejected("OAUTH_FAILED", f"Instagram refused to connect the account: {said}; connect again.")


def _granted(reply: Reply) -> list[str]:
    """Return the permissions, which come as a list or as text with commas."""
    value = Reply(200, json=unwrapped(reply)).value("permissions")
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    return [str(name) for name in cast("list[object]", value)] if isinstance(value, list) else []

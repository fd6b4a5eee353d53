"""Whose an Instagram token is, and keeping it alive.

There is one token, good for sixty days. Once it is a day old it can be traded for a fresh one; once it has expired
only the person can log in again. A Page's token (`facebook.py`) ends only when the person takes it back.
Source: https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login,
checked 2026-11-23.
"""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from layers.connector import (
    Account,
    Call,
    Effect,
    Flow,
    Identity,
    Reconnect,
    Rejected,
    Reply,
    Throttled,
    Tokens,
    Unavailable,
)
from layers.platforms.instagram.calls import ANY_REFUSAL, API_VERSION, Token, User, by_page, read, unwrapped
from layers.platforms.instagram.errors import classify

LIFE = timedelta(days=60)
YOUNG = timedelta(days=1)
"""A token younger than this is not refreshed."""
DEAD = ("102", "190")
"""Codes that say the token presented is no good; others only refuse to trade it."""


def connect(credential: Mapping[str, str], origin: str) -> Flow[Identity]:
    """Ask who the token belongs to and refresh it. Raises Rejected when that is not `userId`."""
    user = read(unwrapped((yield who(credential["accessToken"], origin))), User)
    if credential["userId"] not in (str(user.user_id), str(user.id)):
        raise Rejected(
            "CREDENTIAL_INVALID", "The access token belongs to another account than userId says; check both."
        )
    # Nothing else tells how old a given token is. One refused is fresh, or it would have been no good just now.
    reply = yield _refresh(credential["accessToken"], origin, ANY_REFUSAL)
    if reply.status < 300:
        return identity(user, tokens(reply, str(user.user_id), credential))
    secrets = {"accessToken": credential["accessToken"], "userId": str(user.user_id)}
    return identity(user, Tokens(secrets, LIFE - YOUNG))


def refresh(account: Account) -> Flow[Tokens]:
    """Trade the token for one that lasts another sixty days. Raises Reconnect where Instagram will not."""
    if by_page(account):
        raise Reconnect("A Page's token is no good any more and cannot be refreshed; reconnect the account.")
    call = _refresh(account.secrets["accessToken"], account.origin, (400, 401, 403))
    reply = yield call
    if reply.status >= 400:
        failure = classify(call, reply)
        if isinstance(failure, Reconnect):
            dead = (failure.platform_code or "").partition("/")[0] in DEAD
            raise Reconnect(failure.message, failure.platform_code, revoked=dead)
        if isinstance(failure, Throttled | Unavailable):
            raise failure
        words = "Instagram does not refresh the access token; reconnect the account."
        raise Reconnect(words, failure and failure.platform_code)
    return tokens(reply, account.external_id, account.secrets)


def who(token: str, origin: str, handles: tuple[int, ...] = ()) -> Call:
    """Return the call that says whose `token` is."""
    url = f"{origin}/{API_VERSION}/me?fields=user_id,username,name,profile_picture_url"
    return Call(
        "user", Effect.READ, "GET", url, headers={"Authorization": f"Bearer {token}"}, handles=handles
    )


def tokens(reply: Reply, user_id: str, known: Mapping[str, str]) -> Tokens:
    """Read a long-lived token; the permissions among the `known` secrets stay known."""
    token = read(unwrapped(reply), Token)
    secrets = {"accessToken": token.access_token, "userId": user_id}
    if scopes := known.get("scopes"):
        secrets["scopes"] = scopes
    return Tokens(secrets, timedelta(seconds=token.expires_in))


def identity(user: User, fresh: Tokens) -> Identity:
    """Return the account that `user` describes."""
    return Identity(
        external_id=str(user.user_id),
        handle=user.username,
        display_name=user.name or user.username,
        avatar_url=user.profile_picture_url,
        tokens=fresh,
    )


def _refresh(token: str, origin: str, handles: tuple[int, ...]) -> Call:
    query = urlencode({"grant_type": "ig_refresh_token", "access_token": token})
    url = f"{origin}/refresh_access_token?{query}"
    return Call("refresh", Effect.PREPARE, "GET", url, handles=handles)

"""Whose a token is. Tokens do not expire, and nothing can be refreshed.

Source: https://docs.joinmastodon.org/methods/accounts/, and a snac 2.75 asked; checked 2026-11-23.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from layers.connector import Account, Call, Effect, Flow, Identity, Reconnect, Rejected, Tokens
from layers.platforms.mastodon.calls import id_in
from layers.platforms.mastodon.server import ask_server, bearer, domain_of, facts_of


def connect(credential: Mapping[str, str], origin: str) -> Flow[Identity]:
    """Ask whose the access token is; one the server does not know is a Reconnect."""
    if urlsplit(credential["baseUrl"]).path not in ("", "/"):
        raise Rejected(
            "CREDENTIAL_INVALID",
            "baseUrl is the server's address alone, such as https://mastodon.social; leave out what follows the name.",
        )
    secrets = {name: credential[name] for name in ("baseUrl", "accessToken")}
    return (yield from identify(origin, secrets))


def refresh(account: Account) -> Flow[Tokens]:
    """Refuse: a token that is no longer good was revoked."""
    raise Reconnect(f"The access token of {account.handle} was revoked; reconnect the account.")


def identify(origin: str, secrets: Mapping[str, str]) -> Flow[Identity]:
    """Read the account the token belongs to. snac says 422 to a token it does not know."""
    url = origin + "/api/v1/accounts/verify_credentials"
    headers = bearer(secrets["accessToken"])
    call = Call("account", Effect.READ, "GET", url, headers=headers, handles=(404, 422))
    me = yield call
    if me.status == 422:
        raise Reconnect("The server does not know the access token.", "422")
    if me.status == 404:
        raise Rejected("CREDENTIAL_INVALID", "At this address no server answers to the API.", "404")
    server = yield from ask_server(origin, secrets["accessToken"])
    domain = domain_of(server, origin)
    username = me.text_at("username")
    name, avatar = me.value("display_name"), me.value("avatar")
    return Identity(
        # Ids are only unique on their server.
        external_id=f"{id_in(me)}@{domain}",
        handle=f"{username}@{domain}",
        display_name=name if isinstance(name, str) and name else username,
        avatar_url=avatar if isinstance(avatar, str) and avatar else None,
        tokens=Tokens(secrets, None),
        server=facts_of(server),
    )

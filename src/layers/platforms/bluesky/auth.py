"""Sessions from an app password: two hours to act, ninety days to renew; and how a session of either kind is used.

Source: https://docs.bsky.app/docs/api/com-atproto-server-create-session,
and a PDS 0.5.35 asked; checked 2026-11-23.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from layers.connector import Account, Call, Effect, Flow, Identity, Proof, Reply, Tokens
from layers.platforms.bluesky.oauth import renew

SESSION_LIFE = timedelta(hours=2)


def connect(credential: Mapping[str, str], origin: str) -> Flow[Identity]:
    """Open a session and say whose it is; a wrong password is a Reconnect."""
    session = yield _create(origin, credential["identifier"], credential["password"])
    handle = session.text_at("handle")
    return Identity(
        external_id=session.text_at("did"),
        handle=handle,
        display_name=handle,
        avatar_url=None,
        tokens=_tokens(session, credential),
    )


def refresh(account: Account) -> Flow[Tokens]:
    """Renew the session, or open a new one with the app password when the old one is past renewal."""
    secrets = account.secrets
    if "dpopKey" in secrets:
        return (yield from renew(account))
    if secrets.get("refreshJwt"):
        session = yield Call(
            "refresh",
            Effect.PREPARE,
            "POST",
            account.origin + "/xrpc/com.atproto.server.refreshSession",
            headers={"Authorization": f"Bearer {secrets['refreshJwt']}"},
            handles=(400, 401),
        )
        if session.status < 300:
            return _tokens(session, secrets)
    session = yield _create(account.origin, secrets["identifier"], secrets["password"])
    return _tokens(session, secrets)


def home(account: Account) -> str:
    """Return where the account's calls go: tokens got by consent are good only on the very server it lives on."""
    return account.secrets["service"] if "dpopKey" in account.secrets else account.origin


def signed(account: Account, call: Call) -> Call:
    """Return `call` with the account's token, and with proof of the key where the token is bound to one."""
    token, key = account.secrets["accessJwt"], account.secrets.get("dpopKey")
    scheme, proof = ("DPoP", Proof(key, call.url, token)) if key else ("Bearer", None)
    return replace(call, headers={**call.headers, "Authorization": f"{scheme} {token}"}, proof=proof)


def _create(origin: str, identifier: str, password: str) -> Call:
    url = origin + "/xrpc/com.atproto.server.createSession"
    return Call("session", Effect.PREPARE, "POST", url, json={"identifier": identifier, "password": password})


def _tokens(session: Reply, known: Mapping[str, str]) -> Tokens:
    secrets = {name: known[name] for name in ("service", "identifier", "password")}
    fresh = {name: session.text_at(name) for name in ("did", "accessJwt", "refreshJwt")}
    return Tokens({**secrets, **fresh}, SESSION_LIFE)

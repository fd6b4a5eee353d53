"""Connecting an account by consent, as the OAuth profile of atproto has it: PAR, PKCE and tokens bound to a key.

Nothing is registered anywhere: a server knows an app by the address of a document that describes it, or, on a
developer's machine, by a client id that says it all itself. The app has no secret of its own, so servers end its
sessions after two weeks, however often they are renewed.

The account named by the tokens is believed if its server, as its own DID document names it, is one that leaves
consent to the server talked to. The document is taken from the server the caller named, as is everything else about
the account; no directory is asked.
Source: https://atproto.com/specs/oauth, and a PDS 0.5.35 asked; checked 2026-11-23.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from layers.connector import (
    Account,
    Authorize,
    Call,
    Effect,
    Flow,
    Grant,
    Identity,
    Proof,
    Reconnect,
    Rejected,
    Reply,
    Tokens,
    Unavailable,
    Unreadable,
)
from layers.kit.dpop import derive_key
from layers.platforms.bluesky.errors import error_name

T = TypeVar("T")
SCOPES = ("atproto", "transition:generic")
LOOPBACK = frozenset({"127.0.0.1", "::1"})
"""Hosts of redirect addresses that need no client document; `localhost` is none of them."""
SESSION_LIFE = timedelta(days=14)
KEY_PURPOSE = "atproto session"
NOT_THERE = (400, 401, 403, 404, 405, 410, 501)
"""What servers say of an address they do not know."""
REFUSED = (400, 401, 403)
NO_OAUTH = "This server offers no consent by OAuth; connect with an app password instead."


class Resource(msgspec.Struct):
    """`/.well-known/oauth-protected-resource` of an account's server; `resource` is what it calls itself."""

    resource: str
    authorization_servers: list[str]


class Server(msgspec.Struct):
    """`/.well-known/oauth-authorization-server`."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    pushed_authorization_request_endpoint: str


class Issued(msgspec.Struct):
    """An answer of the token endpoint; `expires_in` in seconds, `sub` the DID, `scope` with blanks."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int
    sub: str
    scope: str


class Login:
    """Consent on the account's own server, as the `OAuth` protocol has it."""

    scopes: tuple[str, ...] = SCOPES

    def begin(self, grant: Grant, origin: str) -> Flow[Authorize]:
        """Announce the request to the server and say where the person consents to it."""
        client_id = _client_id(grant)
        home, server = yield from _discover(origin)
        form = {
            "client_id": client_id,
            "response_type": "code",
            "redirect_uri": grant.redirect_uri,
            "scope": " ".join(SCOPES),
            "state": grant.state,
            "code_challenge": _challenge(grant.code_verifier),
            "code_challenge_method": "S256",
        }
        key = derive_key(grant.code_verifier, KEY_PURPOSE)
        reply = yield _post("request", server.pushed_authorization_request_endpoint, form, key)
        if reply.status >= 300:
            raise Rejected(
                "OAUTH_FAILED", f"The server refused the request: {_said(reply)}", error_name(reply)
            )
        query = urlencode({"client_id": client_id, "request_uri": reply.text_at("request_uri")})
        session = {
            "issuer": server.issuer,
            "tokenEndpoint": server.token_endpoint,
            "pds": home,
            "clientId": client_id,
        }
        return Authorize(f"{server.authorization_endpoint}?{query}", session)

    def exchange(
        self, grant: Grant, session: Mapping[str, str], returned: Mapping[str, str], origin: str
    ) -> Flow[list[Identity]]:
        """Turn the code into tokens, and find out whose they are and where that account lives."""
        form = {
            "grant_type": "authorization_code",
            "code": _code(grant, session, returned),
            "redirect_uri": grant.redirect_uri,
            "code_verifier": grant.code_verifier,
            "client_id": session["clientId"],
        }
        key = derive_key(grant.code_verifier, KEY_PURPOSE)
        reply = yield _post("token", session["tokenEndpoint"], form, key)
        if reply.status >= 300:
            raise Rejected("OAUTH_FAILED", f"The server refused the code: {_said(reply)}", error_name(reply))
        issued = _issued(reply)
        if missing := set(SCOPES) - set(issued.scope.split()):
            words = f"Connect again and allow posting: {', '.join(sorted(missing))} is missing."
            raise Rejected("OAUTH_SCOPES", words)
        handle, home = yield from _whose(issued.sub, session)
        known = {
            "service": home,
            "issuer": session["issuer"],
            "tokenEndpoint": session["tokenEndpoint"],
            "clientId": session["clientId"],
            "dpopKey": key,
        }
        tokens = replace(_tokens(issued, known), grant_expires_in=SESSION_LIFE)
        return [Identity(issued.sub, handle, handle, None, tokens)]

    def metadata(self, client_id: str, redirect_uri: str) -> Mapping[str, object] | None:
        """Return the client metadata document, for servers to fetch at `client_id`."""
        home = urlsplit(client_id)
        return {
            "client_id": client_id,
            "client_name": "Layers",
            "client_uri": f"{home.scheme}://{home.netloc}",
            "application_type": "web",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "redirect_uris": [redirect_uri],
            "scope": " ".join(SCOPES),
            "dpop_bound_access_tokens": True,
            "token_endpoint_auth_method": "none",
        }


def renew(account: Account) -> Flow[Tokens]:
    """Trade the refresh token for a fresh pair.

    It works once: a server that sees it twice ends the session. So when the answer to a renewal was lost, the repeat
    is refused and ends as a Reconnect, which is the truth: only the person can begin anew.
    """
    secrets = account.secrets
    form = {
        "grant_type": "refresh_token",
        "refresh_token": secrets["refreshJwt"],
        "client_id": secrets["clientId"],
    }
    reply = yield _post("refresh", secrets["tokenEndpoint"], form, secrets["dpopKey"])
    if error_name(reply) == "invalid_grant":
        raise Reconnect(
            "The server has ended the session; reconnect the account.", "invalid_grant", revoked=True
        )
    if reply.status >= 300:
        raise Unavailable(f"The server did not renew the session: {_said(reply)}", error_name(reply))
    issued = _issued(reply)
    if issued.sub != secrets["did"]:
        raise Reconnect("The server answered with tokens of another account; reconnect the account.")
    return _tokens(issued, secrets)


# Where consent is given ------------------------------------------------------------------------------------------


def _discover(origin: str) -> Flow[tuple[str, Server]]:
    """Return what the account's server calls itself, and the server that gives its tokens.

    A server without the first document may be one that only gives tokens, for accounts that live elsewhere.
    """
    reply = yield _well_known("resource", origin, "oauth-protected-resource")
    if reply.status < 300:
        resource = _read(reply, Resource)
        home, issuer = resource.resource.rstrip("/"), next(iter(resource.authorization_servers), "")
    else:
        home = issuer = origin
    reply = yield _well_known("server", issuer, "oauth-authorization-server")
    server = _read(reply, Server)
    if server.issuer != issuer:
        raise Rejected("OAUTH_FAILED", f"{issuer} says it is {server.issuer}, which cannot be trusted.")
    _check_https(origin, home, issuer, server.token_endpoint, server.pushed_authorization_request_endpoint)
    return home, server


def _check_https(asked: str, *named: str) -> None:
    """Raise Rejected when a server with https names an address without."""
    if asked.startswith("https://") and not all(url.startswith("https://") for url in named):
        raise Rejected("OAUTH_FAILED", "The server names addresses without https.")


def _well_known(name: str, origin: str, document: str) -> Call:
    return Call(name, Effect.READ, "GET", f"{origin}/.well-known/{document}", handles=NOT_THERE)


def _read(reply: Reply, shape: type[T]) -> T:
    if reply.status >= 300:
        raise Rejected("OAUTH_UNSUPPORTED", NO_OAUTH)
    try:
        return msgspec.convert(reply.json, shape)
    except msgspec.ValidationError as fault:
        raise Rejected("OAUTH_UNSUPPORTED", f"{NO_OAUTH} ({fault})") from fault


def _client_id(grant: Grant) -> str:
    """Return by what name servers know this installation. Raises Rejected when its address will not do."""
    redirect = urlsplit(grant.redirect_uri)
    if redirect.hostname in LOOPBACK:
        return (
            f"http://localhost?{urlencode({'redirect_uri': grant.redirect_uri, 'scope': ' '.join(SCOPES)})}"
        )
    if redirect.scheme != "https" or redirect.hostname == "localhost":
        raise Rejected(
            "APP_MISCONFIGURED",
            "Servers send people back to a public https address, or to 127.0.0.1; set LAYERS_PUBLIC_URL to one.",
        )
    return grant.client_id


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


# The way back ----------------------------------------------------------------------------------------------------


def _code(grant: Grant, session: Mapping[str, str], returned: Mapping[str, str]) -> str:
    if returned.get("iss") != session["issuer"] or returned.get("state") != grant.state:
        raise Rejected("OAUTH_FAILED", "Another server answered than the one that was asked; connect again.")
    if error := returned.get("error"):
        said = returned.get("error_description") or error
        code = "OAUTH_DENIED" if error == "access_denied" else "OAUTH_FAILED"
        raise Rejected(code, f"The account was not connected: {said}", error)
    if not returned.get("code"):
        raise Rejected("OAUTH_FAILED", "The server sent no code; connect again.")
    return returned["code"]


def _whose(did: str, session: Mapping[str, str]) -> Flow[tuple[str, str]]:
    """Return the handle of an account and the server it lives on, which must trust the issuer of the tokens."""
    asked = session["pds"]
    url = f"{asked}/xrpc/com.atproto.repo.describeRepo?repo={quote(did)}"
    reply = yield Call("account", Effect.READ, "GET", url, handles=NOT_THERE)
    if reply.value("did") != did or reply.value("didDoc", "id") not in (did, None):
        raise Rejected("OAUTH_FAILED", "The server does not know the account it gave tokens for.")
    home = _home(reply) or asked
    _check_https(asked, home)
    found = yield _well_known("home", home, "oauth-protected-resource")
    if session["issuer"] not in _read(found, Resource).authorization_servers:
        raise Rejected("OAUTH_FAILED", f"The account lives on {home}, which takes no tokens from here.")
    return reply.text_at("handle"), home


def _home(repo: Reply) -> str | None:
    """Return the server the account's DID document names; None when the document names none."""
    position = 0
    while (found := repo.value("didDoc", "service", position, "id")) is not None:
        if isinstance(found, str) and found.endswith("#atproto_pds"):
            return repo.text_at("didDoc", "service", position, "serviceEndpoint").rstrip("/")
        position += 1
    return None


# Tokens ----------------------------------------------------------------------------------------------------------


def _post(name: str, url: str, form: Mapping[str, str], key: str) -> Call:
    return Call(name, Effect.PREPARE, "POST", url, form=form, proof=Proof(key, url), handles=REFUSED)


def _issued(reply: Reply) -> Issued:
    try:
        issued = msgspec.convert(reply.json, Issued)
    except msgspec.ValidationError as fault:
        raise Unreadable(f"no tokens: {fault}") from fault
    if issued.token_type.lower() != "dpop":
        raise Unreadable(f"tokens of type {issued.token_type}, which anybody could use")
    return issued


def _tokens(issued: Issued, known: Mapping[str, str]) -> Tokens:
    fresh = {"did": issued.sub, "accessJwt": issued.access_token, "refreshJwt": issued.refresh_token}
    return Tokens({**known, **fresh}, timedelta(seconds=issued.expires_in))


def _said(reply: Reply) -> str:
    said = reply.value("error_description") or error_name(reply) or reply.text[:200] or reply.status
    return f"{said}."

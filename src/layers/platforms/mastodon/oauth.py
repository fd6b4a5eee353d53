"""Connecting an account by consent: Layers registers at every server anew.

Source: https://docs.joinmastodon.org/methods/oauth/, /methods/apps/ and /api/oauth-scopes/, and a snac 2.75 asked;
checked 2026-11-23.
"""

import base64
import hashlib
from collections.abc import Mapping
from urllib.parse import urlencode

from layers.connector import Authorize, Call, Effect, Flow, Grant, Identity, OAuth, Rejected, Reply
from layers.platforms.mastodon.auth import identify
from layers.platforms.mastodon.errors import error_words
from layers.platforms.mastodon.server import ALONE

SCOPES = ("profile", "read:statuses", "write:statuses", "write:media")
OLDER_SCOPES = ("read:accounts", "read:statuses", "write:statuses", "write:media")
"""`profile` came with Mastodon 4.3; before, and elsewhere, one's own account needs read:accounts."""


class Consent:
    """OAuth with a registration of its own per consent: servers forget apps nobody uses, so none is kept."""

    scopes: tuple[str, ...] = SCOPES

    def begin(self, grant: Grant, origin: str) -> Flow[Authorize]:
        """Register at the server the account lives on and say where to consent. Raises Rejected."""
        app, scopes = (yield _register(grant, origin, "app", SCOPES, handles=(400, 403, 422))), SCOPES
        if app.status >= 400:
            app, scopes = (
                (yield _register(grant, origin, "app with older scopes", OLDER_SCOPES)),
                OLDER_SCOPES,
            )
        client_id = app.text_at("client_id")
        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": grant.redirect_uri,
            "scope": " ".join(scopes),
            "state": grant.state,
            "code_challenge": challenge(grant.code_verifier),
            "code_challenge_method": "S256",
        }
        session = {
            "clientId": client_id,
            "clientSecret": app.text_at("client_secret"),
            "scope": query["scope"],
        }
        return Authorize(f"{origin}/oauth/authorize?{urlencode(query)}", session)

    def exchange(
        self, grant: Grant, session: Mapping[str, str], returned: Mapping[str, str], origin: str
    ) -> Flow[list[Identity]]:
        """Trade the code for a token and say whose it is. Raises Rejected."""
        reply = yield _trade(grant, session, _code_in(returned), origin)
        if reply.status >= 400:
            words = error_words(reply) or f"status {reply.status}"
            raise Rejected("OAUTH_FAILED", f"The server did not give a token ({words}); connect again.")
        _check_scope(reply, session["scope"])
        secrets = {
            "baseUrl": grant.service or origin,
            "accessToken": reply.text_at("access_token"),
            "clientId": session["clientId"],
            "clientSecret": session["clientSecret"],
        }
        return [(yield from identify(origin, secrets))]

    def metadata(self, client_id: str, redirect_uri: str) -> None:
        """Return none: servers are told of the app by its registration."""


CONSENT: OAuth = Consent()


def challenge(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _register(
    grant: Grant, origin: str, name: str, scopes: tuple[str, ...], handles: tuple[int, ...] = ()
) -> Call:
    form = {"client_name": "Layers", "redirect_uris": grant.redirect_uri, "scopes": " ".join(scopes)}
    url = origin + "/api/v1/apps"
    return Call(name, Effect.PREPARE, "POST", url, headers=ALONE, form=form, handles=handles)


def _code_in(returned: Mapping[str, str]) -> str:
    if returned.get("error") == "access_denied":
        raise Rejected("OAUTH_DENIED", "The person did not allow Layers to post.", "access_denied")
    if not returned.get("code"):
        said = returned.get("error_description") or returned.get("error") or "no code came back"
        raise Rejected("OAUTH_FAILED", f"The server did not let Layers in ({said}).", returned.get("error"))
    return returned["code"]


def _trade(grant: Grant, session: Mapping[str, str], code: str, origin: str) -> Call:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": session["clientId"],
        "client_secret": session["clientSecret"],
        "redirect_uri": grant.redirect_uri,
        "code_verifier": grant.code_verifier,
        "scope": session["scope"],
    }
    url = origin + "/oauth/token"
    return Call("token", Effect.PREPARE, "POST", url, headers=ALONE, form=form, handles=(400, 401, 403, 422))


def _check_scope(reply: Reply, asked: str) -> None:
    """Raise when the token came with less than asked; a whole (`write`) includes its parts (`write:media`)."""
    given = reply.value("scope")
    if not isinstance(given, str) or not given:
        return
    granted = set(given.split())
    missing = [scope for scope in asked.split() if not granted & {scope, scope.partition(":")[0]}]
    if missing:
        raise Rejected("OAUTH_SCOPES", f"The token lacks {', '.join(missing)}; connect again and allow all.")

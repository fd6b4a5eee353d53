"""TikTok's users, their consent and their tokens.

What is documented and what is assumed is told in `layers.sandbox.tiktok`.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from urllib.parse import parse_qs

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from layers.connector import Identity, Tokens
from layers.kit.times import utc_now
from layers.sandbox.fake import Answer, HttpRequest, Injected, Refused, World, respond
from layers.sandbox.oauth import Desk, code_of, consent_routes, redeem
from layers.sandbox.state import Kind, Row, State
from layers.sandbox.tiktok_shares import PLATFORM

ACCESS_LIFETIME = timedelta(days=1)
REFRESH_LIFETIME = timedelta(days=365)
CODE_LIFETIME = timedelta(minutes=5)
SCOPES = {
    "user.info.basic": "See your avatar and display name",
    "user.info.profile": "See your username and profile",
    "user.info.stats": "See how many followers and likes you have",
    "video.publish": "Post videos and photos to your profile",
    "video.upload": "Put drafts into your inbox",
    "video.list": "See your public videos",
}


class User(msgspec.Struct):
    """A creator; the flags are the settings of the app."""

    handle: str
    settings: list[str] = []

    @property
    def privacy_options(self) -> list[str]:
        widest = "FOLLOWER_OF_CREATOR" if "private" in self.settings else "PUBLIC_TO_EVERYONE"
        return [widest, "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]


class Token(msgspec.Struct):
    """An access or refresh token; `other` is the one it was given out with."""

    expires_at: datetime
    scopes: list[str] = msgspec.field(default_factory=lambda: list(SCOPES))
    other: str = ""


USERS = Kind(PLATFORM, "user", User)
ACCESS = Kind(PLATFORM, "access_token", Token)
REFRESH = Kind(PLATFORM, "refresh_token", Token)


def log_id() -> str:
    """Return an id in the spelling of TikTok's logs."""
    return f"{utc_now():%Y%m%d%H%M%S}{secrets.token_hex(9).upper()}"


async def person(state: State, handle: str) -> str:
    """Make or find the creator `handle`; return the open id."""
    open_id = f"-000{hashlib.sha256(handle.encode()).hexdigest()[:36]}"
    await state.add(USERS, open_id, User(handle, re.split(r"[._-]", handle)), open_id)
    return open_id


async def sign_up(state: State, handle: str) -> Identity:
    """Make or find the creator `handle` and give a fresh pair of tokens."""
    open_id = await person(state, handle)
    access, refresh = await _issue(state, open_id, list(SCOPES))
    held = {"accessToken": access, "refreshToken": refresh, "openId": open_id}
    return Identity(open_id, handle, handle, None, Tokens(held, ACCESS_LIFETIME))


async def _issue(state: State, owner: str, scopes: list[str]) -> tuple[str, str]:
    access, refresh = f"act.{secrets.token_urlsafe(32)}", f"rft.{secrets.token_urlsafe(32)}"
    await state.add(ACCESS, access, Token(utc_now() + ACCESS_LIFETIME, scopes, refresh), owner)
    await state.add(REFRESH, refresh, Token(utc_now() + REFRESH_LIFETIME, scopes, access), owner)
    return access, refresh


DESK = Desk(
    platform=PLATFORM,
    title="TikTok",
    path="/v2/auth/authorize",
    client="client_key",
    scopes=SCOPES,
    needed=("user.info.basic",),
    denied={"error": "access_denied", "error_description": "User denied the authorization."},
    code_lifetime=CODE_LIFETIME,
    # Real codes have characters that must be percent-encoded in the address, so that decoding twice shows.
    new_code=lambda: code_of("", "*1!6247.s1"),
    person=person,
    hint="Words in it set the scene: mira.private, mira.nocomment, mira.noduet, mira.nostitch, mira.banned,"
    " mira.unaudited.",
    tells_scopes=True,
    static_redirects=True,
    states=True,
)


@post("/v2/oauth/token", status_code=200)
async def oauth_token(request: HttpRequest, world: Injected) -> Response[bytes]:
    form = await _form(request)
    match form.get("grant_type"):
        case "authorization_code":
            owner, scopes = await _by_code(world, form)
        case "refresh_token":
            held = await _by_refresh_token(world, form.get("refresh_token", ""))
            owner, scopes = held.owner, held.value.scopes
        case _:
            words = "grant_type is authorization_code or refresh_token here."
            raise _oauth("unsupported_grant_type", words)
    access, refresh = await _issue(world.state, owner, scopes)
    return respond(
        Answer(
            200,
            {
                "access_token": access,
                "expires_in": int(ACCESS_LIFETIME.total_seconds()),
                "refresh_token": refresh,
                "refresh_expires_in": int(REFRESH_LIFETIME.total_seconds()),
                "open_id": owner,
                "scope": ",".join(scopes),
                "token_type": "Bearer",
            },
        )
    )


async def _by_code(world: World, form: dict[str, str]) -> tuple[str, list[str]]:
    if missing := [name for name in ("code", "redirect_uri") if not form.get(name)]:
        raise _oauth("invalid_request", f"{' and '.join(missing)} missing.")
    held = await redeem(
        DESK,
        world.state,
        form["code"],
        form["client_key"],
        form["redirect_uri"],
        form.get("code_verifier", ""),
    )
    if held is None:
        raise _oauth("invalid_grant", "Authorization code is invalid or expired.")
    return held.owner, held.value.scopes


async def _by_refresh_token(world: World, token: str) -> Row[Token]:
    held = await world.state.get(REFRESH, token)
    if held is None or held.value.expires_at <= utc_now() or not await world.state.remove(REFRESH, held.id):
        raise _oauth("invalid_grant", "Refresh token is invalid or expired.")
    return held


@post("/v2/oauth/revoke", status_code=200)
async def oauth_revoke(request: HttpRequest, world: Injected) -> Response[bytes]:
    token = (await _form(request)).get("token", "")
    if not token:
        raise _oauth("invalid_request", "token is missing.")
    for kind, other in ((ACCESS, REFRESH), (REFRESH, ACCESS)):
        if (held := await world.state.get(kind, token)) is not None:
            await world.state.remove(kind, held.id)
            await world.state.remove(other, held.value.other)
    return respond(Answer(200, {}))


async def _form(request: HttpRequest) -> dict[str, str]:
    """Read the form; both endpoints want the app's key and secret, of which any will do."""
    form = {name: values[0] for name, values in parse_qs((await request.body()).decode("latin-1")).items()}
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise _oauth("invalid_request", "Only application/x-www-form-urlencoded is supported.")
    if not form.get("client_key") or not form.get("client_secret"):
        raise _oauth("invalid_client", "Client key or secret is incorrect.", 401)
    return form


def _oauth(error: str, description: str, http_status: int = 400) -> Refused:
    body = {"error": error, "error_description": description, "log_id": log_id()}
    return Refused(Answer(http_status, body))


ROUTES: list[HTTPRouteHandler] = [*consent_routes(DESK), oauth_token, oauth_revoke]

"""Instagram's professional accounts, their consent and their tokens, and how its APIs say no.

What is documented and what is assumed is told in `layers.sandbox.instagram`.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import parse_qsl

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler

from layers.connector import Identity, Tokens
from layers.kit.text import unstorable
from layers.kit.times import utc_now
from layers.sandbox.fake import Answer, HttpRequest, Injected, Outcome, Refused, World, respond
from layers.sandbox.instagram_containers import PLATFORM
from layers.sandbox.oauth import Desk, code_of, consent_routes, redeem
from layers.sandbox.state import Kind, Row, State

VERSIONS = ("/v26.0", "")
SHORT_LIFETIME = timedelta(hours=1)
LONG_LIFETIME = timedelta(days=60)
REFRESHABLE_AFTER = timedelta(days=1)
BASIC = "instagram_business_basic"
PUBLISH = "instagram_business_content_publish"
COMMENTS = "instagram_business_manage_comments"
PUBLISHING = "instagram_content_publish"
PAGE_SCOPES = {
    "instagram_basic": "See the accounts linked to your Pages and their posts",
    PUBLISHING: "Post to the accounts linked to your Pages",
    "instagram_manage_comments": "Read and write comments on their posts",
}
BY_FACEBOOK: dict[str, str] = dict(zip((BASIC, PUBLISH, COMMENTS), PAGE_SCOPES, strict=True))
FACEBOOK_START = "EAA"
SCOPES = {
    BASIC: "See your profile and your posts",
    PUBLISH: "Post to your feed and your reels",
    COMMENTS: "Read and write comments on your posts",
    "instagram_business_manage_insights": "See the numbers of your account and your posts",
    "instagram_business_manage_messages": "Read and write your messages",
}
TRANSIENT = (-2, -1, 1, 2, 4)


class User(msgspec.Struct):
    """A professional account; its id is the account's, `scoped_id` how this one app knows its user."""

    handle: str
    scoped_id: str
    words: list[str] = []


class Token(msgspec.Struct):
    """An access token. Long ones live 60 days and can be refreshed; a Page's end only if the person's was short."""

    kind: Literal["short", "long", "page"]
    issued_at: datetime
    expires_at: datetime | None
    scopes: list[str] = msgspec.field(default_factory=lambda: list(SCOPES))


USERS = Kind(PLATFORM, "user", User)
TOKENS = Kind(PLATFORM, "access_token", Token)


# How Instagram says no ----------------------------------------------------------------------------


def error(
    code: int,
    message: str,
    subcode: int | None = None,
    http_status: int = 400,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Return an error in the Graph API's shape."""
    told: dict[str, object] = {
        "message": message,
        "type": "IGApiException" if code == 100 else "OAuthException",
        "code": code,
        "is_transient": code in TRANSIENT and subcode != 2207051,
        "fbtrace_id": f"A{secrets.token_urlsafe(16)}",
    }
    if subcode is not None:
        told |= {"error_subcode": subcode, "error_user_title": "Request failed", "error_user_msg": message}
    return Answer(http_status, {"error": told}, headers or {})


def refuse(code: int, message: str, subcode: int | None = None, http_status: int = 400) -> Refused:
    """Return the same to be raised."""
    return Refused(error(code, message, subcode, http_status))


def no_object(name: str) -> Refused:
    """Refuse an id that names nothing the caller may see."""
    words = f"Unsupported request. Object with ID '{name}' does not exist or cannot be loaded."
    return refuse(100, words, 33)


def answer(outcome: Outcome, seconds: float) -> Answer:
    """Word what can go wrong anywhere."""
    match outcome:
        case "throttled":
            headers = {
                "retry-after": str(max(1, round(seconds))),
                "x-app-usage": '{"call_count":100,"total_cputime":12,"total_time":25}',
            }
            return error(4, "(#4) Application request limit reached", None, 429, headers)
        case "expired_token":
            return error(190, "Error validating access token: Session has expired.", 463)
        case "unavailable":
            return error(2, "Service temporarily unavailable", None, 503)
        case "error":
            return error(-1, "Instagram server error. Try again.", 2207001, 500)


# Who is calling -----------------------------------------------------------------------------------


async def read_params(request: HttpRequest) -> dict[str, object]:
    """Read what was given in the query and in the body, be it a form or JSON. The body wins."""
    given: dict[str, object] = dict(request.query_params)
    content_type = request.headers.get("content-type", "")
    body = b"" if request.method == "GET" else await request.body()
    try:
        if content_type.startswith("application/json"):
            given |= msgspec.json.decode(body or b"{}", type=dict[str, object])
        elif content_type.startswith("multipart/form-data"):
            given |= (await request.form()).dict()
        else:
            given |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    except (msgspec.MsgspecError, UnicodeDecodeError) as why:
        raise refuse(100, f"(#100) The body cannot be read: {why}") from why
    for name, value in given.items():
        if isinstance(value, str) and (reason := unstorable(value)):
            raise refuse(100, f"(#100) {name} {reason}.")
    return given


def text_of(params: dict[str, object], name: str) -> str:
    """Return a parameter as text, empty when it is absent or something else."""
    found = params.get(name)
    return found if isinstance(found, str) else ""


async def caller(request: HttpRequest, world: World, params: dict[str, object], scope: str) -> Row[User]:
    """Return whose token this is, from a parameter or a header. Raises Refused for a bad one."""
    held = await _token(world, given_token(request, params))
    if held.value.kind == "page":
        scope = BY_FACEBOOK[scope]
    if scope not in held.value.scopes:
        words = f"(#10) Application does not have permission for this action: {scope} is missing."
        raise refuse(10, words, None, 403)
    user = await world.state.get(USERS, held.owner)
    if user is None:
        raise no_object("me")
    return user


def given_token(request: HttpRequest, params: dict[str, object]) -> str:
    """Return the token the caller shows, from a parameter or a header."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    return text_of(params, "access_token") or (bearer if scheme in ("Bearer", "OAuth") else "")


def by_facebook(request: HttpRequest, params: dict[str, object]) -> bool:
    """Whether the caller speaks through a Page, as on graph.facebook.com."""
    return given_token(request, params).startswith(FACEBOOK_START)


async def _token(world: World, given: str) -> Row[Token]:
    if not given:
        raise refuse(104, "An access token is required to request this resource.")
    held = await world.state.get(TOKENS, given)
    if held is None:
        raise refuse(190, "Invalid OAuth access token - Cannot parse access token")
    if held.value.expires_at is not None and held.value.expires_at <= utc_now():
        raise Refused(answer("expired_token", 0))
    return held


def is_own(user: Row[User], name: str, *, facebook: bool) -> bool:
    """Whether a node of the path is the caller: both of the account's ids go, through a Page only the first."""
    return name == user.id or (name in ("me", user.value.scoped_id) and not facebook)


async def person(state: State, handle: str) -> str:
    """Make or find the account `handle`; return its id."""
    number = int(hashlib.sha256(handle.encode()).hexdigest(), 16)
    user_id = f"17841{number % 10**12:012}"
    scoped_id = f"2{number // 10**12 % 10**15:015}"
    await state.add(USERS, user_id, User(handle, scoped_id, re.split(r"[._-]", handle)), user_id)
    return user_id


async def _issue(state: State, owner: str, kind: Literal["short", "long"], scopes: list[str]) -> str:
    token = f"IGAA{secrets.token_urlsafe(48)}"
    now = utc_now()
    lifetime = SHORT_LIFETIME if kind == "short" else LONG_LIFETIME
    await state.add(TOKENS, token, Token(kind, now, now + lifetime, scopes), owner)
    return token


def page_of(name: str) -> str:
    """Return the id of the Page an account of this name is linked to, or of a Page of this name."""
    return f"11{int(hashlib.sha256(f'page {name}'.encode()).hexdigest(), 16) % 10**13:013}"


async def issue_page_token(state: State, owner: str, expires_at: datetime | None, scopes: list[str]) -> str:
    """Make a token by which the Page of the account `owner` speaks for it."""
    token = code_of(FACEBOOK_START)
    await state.add(TOKENS, token, Token("page", utc_now(), expires_at, scopes), owner)
    return token


async def sign_up(state: State, handle: str) -> Identity:
    """Make or find the account `handle` and give it a fresh long-lived token.

    With the word `facebook` in it, the account comes through the Page it is linked to.
    """
    user_id = await person(state, handle)
    if "facebook" in re.split(r"[._-]", handle):
        token = await issue_page_token(state, user_id, None, list(PAGE_SCOPES))
        held = {"accessToken": token, "userId": user_id, "pageId": page_of(handle)}
        return Identity(user_id, handle, handle, None, Tokens(held, None))
    token = await _issue(state, user_id, "long", list(SCOPES))
    held = {"accessToken": token, "userId": user_id}
    return Identity(user_id, handle, handle, None, Tokens(held, LONG_LIFETIME))


# Consent and tokens -------------------------------------------------------------------------------

DESK = Desk(
    platform=PLATFORM,
    title="Instagram",
    path="/oauth/authorize",
    scopes=SCOPES,
    needed=(BASIC,),
    denied={
        "error": "access_denied",
        "error_reason": "user_denied",
        "error_description": "The user denied your request.",
    },
    code_lifetime=timedelta(hours=1),
    new_code=lambda: code_of("AQ"),
    person=person,
    hint="Words in it set the scene: mira.restricted cannot post.",
    fragment="#_",
)


@post("/oauth/access_token", status_code=200)
async def short_token(request: HttpRequest, world: Injected) -> Response[bytes]:
    params = await read_params(request)
    if not text_of(params, "client_id") or not text_of(params, "client_secret"):
        raise _oauth("Invalid platform app")
    if params.get("grant_type") != "authorization_code":
        raise _oauth("Invalid grant_type: must be authorization_code")
    client, redirect_uri = text_of(params, "client_id"), text_of(params, "redirect_uri")
    held = await redeem(DESK, world.state, text_of(params, "code"), client, redirect_uri, "")
    user = await world.state.get(USERS, held.owner) if held else None
    if held is None or user is None:
        raise _oauth("Matching code was not found or was already used")
    scopes = held.value.scopes
    token = await _issue(world.state, held.owner, "short", scopes)
    scoped_id = user.value.scoped_id
    if "wrapped" in user.value.words:
        told = {"access_token": token, "user_id": scoped_id, "permissions": ",".join(scopes)}
        return respond(Answer(200, {"data": [told]}))
    return respond(Answer(200, {"access_token": token, "user_id": int(scoped_id), "permissions": scopes}))


def _oauth(message: str) -> Refused:
    return Refused(Answer(400, {"error_type": "OAuthException", "code": 400, "error_message": message}))


@get([f"{version}/access_token" for version in VERSIONS])
async def long_token(request: HttpRequest, world: Injected) -> Response[bytes]:
    params = await read_params(request)
    if params.get("grant_type") != "ig_exchange_token":
        raise refuse(100, "(#100) grant_type must be ig_exchange_token")
    if not text_of(params, "client_secret"):
        raise refuse(1, "Error validating client secret.")
    held = await _token(world, text_of(params, "access_token"))
    if held.value.kind != "short":
        raise refuse(100, "(#100) Only a short-lived token can be exchanged.")
    return await _give_long(world, held)


@get([f"{version}/refresh_access_token" for version in VERSIONS])
async def refreshed_token(request: HttpRequest, world: Injected) -> Response[bytes]:
    params = await read_params(request)
    if params.get("grant_type") != "ig_refresh_token":
        raise refuse(100, "(#100) grant_type must be ig_refresh_token")
    held = await _token(world, text_of(params, "access_token"))
    if held.value.kind != "long" or held.value.issued_at + REFRESHABLE_AFTER > utc_now():
        raise refuse(100, "(#100) Only a long-lived token that is at least 24 hours old can be refreshed.")
    return await _give_long(world, held)


async def _give_long(world: World, held: Row[Token]) -> Response[bytes]:
    token = await _issue(world.state, held.owner, "long", held.value.scopes)
    seconds = int(LONG_LIFETIME.total_seconds())
    return respond(Answer(200, {"access_token": token, "token_type": "bearer", "expires_in": seconds}))


ROUTES: list[HTTPRouteHandler] = [*consent_routes(DESK), short_token, long_token, refreshed_token]

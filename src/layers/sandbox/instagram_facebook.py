"""Facebook Login for Business: people, their Pages, and the tokens that speak for the Instagram accounts linked to
them.

What is documented and what is assumed is told in `layers.sandbox.instagram`.
"""

import hashlib
import re
from datetime import datetime, timedelta

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from layers.kit.times import utc_now
from layers.sandbox.fake import Answer, HttpRequest, Injected, Refused, World, respond
from layers.sandbox.instagram_containers import PLATFORM
from layers.sandbox.instagram_login import (
    FACEBOOK_START,
    PAGE_SCOPES,
    VERSIONS,
    answer,
    given_token,
    issue_page_token,
    page_of,
    person,
    read_params,
    refuse,
    text_of,
)
from layers.sandbox.oauth import Desk, code_of, consent_routes, redeem
from layers.sandbox.state import Kind, Row, State

VERSION = VERSIONS[0]
SHORT_LIFETIME = timedelta(hours=2)
LONG_LIFETIME = timedelta(days=60)
LISTING, READING = "pages_show_list", "pages_read_engagement"
SCOPES = PAGE_SCOPES | {
    LISTING: "See which Pages you manage",
    READING: "Read what your Pages show",
    "business_management": "Manage your business",
    "instagram_manage_insights": "See the numbers of your accounts and their posts",
}
PAGE_FIELDS = ("id", "name", "access_token", "instagram_business_account")


class Someone(msgspec.Struct):
    """A person on Facebook, who manages Pages named after them."""

    handle: str


class PersonToken(msgspec.Struct):
    """A person's access token; from a long one come Page tokens that do not end."""

    is_long: bool
    expires_at: datetime
    scopes: list[str]


SOMEONE = Kind(PLATFORM, "facebook_person", Someone)
PERSON_TOKENS = Kind(PLATFORM, "facebook_token", PersonToken)


class Page(msgspec.Struct):
    """A Page and the handle of the Instagram account linked to it, if one is."""

    name: str
    account: str | None

    @property
    def id(self) -> str:
        return page_of(self.account or self.name)


def pages_of(handle: str) -> list[Page]:
    """Return the Pages of a person; words of the handle say which there are."""
    words = re.split(r"[._-]", handle)
    if "pageless" in words:
        return []
    if "unlinked" in words:
        return [Page(f"{handle} on Facebook", None)]
    own = Page(handle, handle)
    if "agency" not in words:
        return [own]
    return [own, Page(f"{handle} in private", None), Page(f"{handle} too", f"{handle}.too")]


async def someone(state: State, handle: str) -> str:
    """Make or find the person `handle`; return their id."""
    number = int(hashlib.sha256(f"facebook {handle}".encode()).hexdigest(), 16)
    person_id = f"10{number % 10**15:015}"
    await state.add(SOMEONE, person_id, Someone(handle), person_id)
    return person_id


DESK = Desk(
    platform=PLATFORM,
    title="Facebook",
    path=f"{VERSION}/dialog/oauth",
    client="client_id",
    scopes=SCOPES,
    needed=("instagram_basic",),
    denied={
        "error": "access_denied",
        "error_code": "200",
        "error_reason": "user_denied",
        "error_description": "Permissions error",
    },
    code_lifetime=timedelta(minutes=10),
    new_code=lambda: code_of("AQ"),
    person=someone,
    hint="Your Page and its Instagram account are named like you. Words set the scene: mira.agency has two accounts, "
    "mira.unlinked a Page without one, mira.pageless no Page.",
    fragment="#_=_",
    kind="facebook_code",
)


# Tokens -------------------------------------------------------------------------------------------


@get(f"{VERSION}/oauth/access_token")
async def person_token(request: HttpRequest, world: Injected) -> Response[bytes]:
    """Exchange a code for a token, or a token for one that lasts sixty days."""
    params = await read_params(request)
    client = text_of(params, "client_id")
    if not client:
        raise refuse(101, "Missing client_id parameter.")
    if not text_of(params, "client_secret"):
        raise refuse(1, "Missing client_secret parameter.")
    if "grant_type" in params:
        return await _give_long(world, params)
    redirect_uri = text_of(params, "redirect_uri")
    held = await redeem(DESK, world.state, text_of(params, "code"), client, redirect_uri, "")
    if held is None:
        raise refuse(100, "Invalid verification code format, or the code was used already.", 36009)
    return await _give(world, held.owner, PersonToken(False, utc_now() + SHORT_LIFETIME, held.value.scopes))


async def _give_long(world: World, params: dict[str, object]) -> Response[bytes]:
    if params["grant_type"] != "fb_exchange_token":
        raise refuse(100, "(#100) Unsupported grant_type")
    held = await _person(world, text_of(params, "fb_exchange_token"))
    return await _give(world, held.owner, PersonToken(True, utc_now() + LONG_LIFETIME, held.value.scopes))


async def _give(world: World, owner: str, token: PersonToken) -> Response[bytes]:
    given = code_of(FACEBOOK_START)
    await world.state.add(PERSON_TOKENS, given, token, owner)
    seconds = round((token.expires_at - utc_now()).total_seconds())
    return respond(Answer(200, {"access_token": given, "token_type": "bearer", "expires_in": seconds}))


async def _person(world: World, given: str, *scopes: str) -> Row[PersonToken]:
    """Return the person's token. Raises Refused for a bad one, or one short of `scopes`."""
    if not given:
        raise refuse(2500, "An active access token must be used to query information about the current user.")
    held = await world.state.get(PERSON_TOKENS, given)
    if held is None:
        raise refuse(190, "Invalid OAuth access token - Cannot parse access token", http_status=401)
    if held.value.expires_at <= utc_now():
        raise Refused(answer("expired_token", 0))
    if missing := [scope for scope in scopes if scope not in held.value.scopes]:
        raise refuse(200, f"(#200) Requires {', '.join(missing)} permission.", None, 403)
    return held


# Pages --------------------------------------------------------------------------------------------


@get(f"{VERSION}/me/permissions")
async def permissions(request: HttpRequest, world: Injected) -> Response[bytes]:
    """List what was asked for and is granted; what was unticked is declined."""
    held = await _person(world, given_token(request, await read_params(request)))
    data = [
        {"permission": scope, "status": "granted" if scope in held.value.scopes else "declined"}
        for scope in SCOPES
    ]
    return respond(Answer(200, {"data": data}))


@get(f"{VERSION}/me/accounts")
async def list_pages(request: HttpRequest, world: Injected) -> Response[bytes]:
    """List the person's Pages; the cursor is the last id shown."""
    params = await read_params(request)
    held = await _person(world, given_token(request, params), LISTING, READING)
    someone = await world.state.get(SOMEONE, held.owner)
    assert someone is not None
    pages = pages_of(someone.value.handle)
    ids = [page.id for page in pages]
    if (after := text_of(params, "after")) in ids:
        pages = pages[ids.index(after) + 1 :]
    limit = _limit(params)
    data = [await _tell(world, held.value, page, _fields(params)) for page in pages[:limit]]
    told: dict[str, object] = {"data": data}
    if data:
        paging: dict[str, object] = {"cursors": {"before": pages[0].id, "after": pages[:limit][-1].id}}
        told["paging"] = paging | ({"next": "the same with after"} if len(pages) > limit else {})
    return respond(Answer(200, told))


def _limit(params: dict[str, object]) -> int:
    given = text_of(params, "limit") or "25"
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= 100:
        raise refuse(100, "(#100) limit must be between 1 and 100")
    return int(given)


def _fields(params: dict[str, object]) -> list[str]:
    fields = [name for name in text_of(params, "fields").split(",") if name] or ["id", "name", "access_token"]
    if wrong := [name for name in fields if name not in PAGE_FIELDS]:
        raise refuse(100, f"(#100) Tried accessing nonexisting field ({wrong[0]}) on node type (Page)")
    return [*fields, "id"]


async def _tell(world: World, token: PersonToken, page: Page, fields: list[str]) -> dict[str, object]:
    told: dict[str, object] = {"id": page.id, "name": page.name}
    account = await person(world.state, page.account) if page.account is not None else None
    if "access_token" in fields:
        expires_at = None if token.is_long else token.expires_at
        told["access_token"] = await issue_page_token(
            world.state, account or page.id, expires_at, token.scopes
        )
    if account is not None:
        told["instagram_business_account"] = {"id": account}
    return {name: told[name] for name in told if name in fields}


ROUTES: list[HTTPRouteHandler] = [*consent_routes(DESK), person_token, permissions, list_pages]

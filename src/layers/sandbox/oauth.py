"""Consent as the fakes give it: the page where one chooses who to be, and the codes that come of it.

There is no login: whoever opens the page may be anybody, since nobody here is real. `?auto=<handle>` on the
authorize address allows all at once, without a page. Assumed, as no platform says it: a wrong request ends on
a page of its own and is never sent back, and what cannot be refused is the one scope every app needs.

Whoever runs the sandbox says where people may be sent back to (`Bounds` of `layers.sandbox.fake`), as an app's
owner does at the platform; other addresses end on a page. Codes are bound to app and address, as the real ones are.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Protocol
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler

from layers.kit import html
from layers.kit.text import unstorable
from layers.kit.times import utc_now
from layers.sandbox.fake import HttpRequest, Injected, World
from layers.sandbox.state import Kind, Row, State

CLIENT = re.compile(r"[A-Za-z0-9._-]{1,128}")
CHALLENGE = re.compile(r"[0-9a-f]{64}")
CONSENT = "consent"
"""Marks the routes where people consent, in their `opt`."""

HANDLE = re.compile(r"[\w.-]{1,100}")


class Code(msgspec.Struct):
    """An authorization code, owned by the user who gave it; its id is the code."""

    client: str
    redirect_uri: str
    scopes: list[str]
    expires_at: datetime
    challenge: str = ""


def hex_challenge(verifier: str) -> str:
    """Return the challenge as it is where hexadecimal is spoken."""
    return hashlib.sha256(verifier.encode()).hexdigest()


def base64_challenge(verifier: str) -> str:
    """Return the challenge of RFC 7636."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one platform gives consent.

    `scopes`: all there are, with what each allows. `needed`: those that cannot be unticked. `denied`: what goes back
    with a refusal besides the state. `new_code` invents a code, `person` makes or finds the user of a handle and
    returns the user's id, `challenge` makes of a verifier what was sent ahead of it. `client`: the query parameter
    that names the app. `tells_scopes`: whether the granted scopes go back with the code. `fragment` ends the address
    one returns to. `static_redirects`: whether the redirect address must be without a query. `states`: whether a
    state must be given. `kind` keeps the codes of a platform's desks apart.
    """

    platform: str
    title: str
    path: str
    scopes: Mapping[str, str]
    needed: Collection[str]
    denied: Mapping[str, str]
    code_lifetime: timedelta
    new_code: Callable[[], str]
    person: Callable[[State, str], Awaitable[str]]
    challenge: Callable[[str], str] = hex_challenge
    client: str = "client_id"
    hint: str = ""
    tells_scopes: bool = False
    fragment: str = ""
    static_redirects: bool = False
    states: bool = False
    kind: str = "code"

    @property
    def codes(self) -> Kind[Code]:
        return Kind(self.platform, self.kind, Code)


@dataclass(frozen=True, slots=True)
class Ask:
    """What an app asks for. `name`: what people call the app. `told`: what goes back besides the outcome."""

    client: str
    name: str
    redirect_uri: str
    scopes: list[str]
    challenge: str
    told: Mapping[str, str]

    @property
    def state(self) -> str | None:
        """The state to return, None when none was given."""
        return self.told.get("state")


class Wrong(Exception):  # noqa: N818
    """The request cannot be shown to a person; the text says why."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


class Read(Protocol):
    """Reads and checks an authorize address, all but where it leads back to. Raises Wrong."""

    async def __call__(self, desk: Desk, request: HttpRequest, world: World) -> Ask:
        """Return what is asked for."""
        ...


async def read_ask(desk: Desk, request: HttpRequest, world: World) -> Ask:
    """Read an authorize address of a platform where any app goes. Raises Wrong."""
    query = request.query_params
    if not CLIENT.fullmatch(client := query.get(desk.client, "")):
        raise Wrong(f"{desk.client} is missing or is not the name of an app.")
    if (fault := redirect_fault(redirect_uri := query.get("redirect_uri", ""), desk)) is not None:
        raise Wrong(fault)
    if query.get("response_type") != "code":
        raise Wrong("response_type must be code.")
    scopes = [scope for scope in re.split(r"[, ]", query.get("scope", "")) if scope]
    unknown = [scope for scope in scopes if scope not in desk.scopes]
    if unknown or not scopes:
        named = f"unknown: {', '.join(unknown)}" if unknown else "none was given"
        raise Wrong(f"scope must name scopes of {desk.title}, separated by commas; {named}.")
    if desk.states and not query.get("state"):
        raise Wrong("state is missing.")
    return Ask(client, client, redirect_uri, list(dict.fromkeys(scopes)), _challenge(query), state_of(query))


def state_of(query: Mapping[str, str]) -> dict[str, str]:
    """Return the state given, to be sent back. Raises Wrong for one that cannot be kept."""
    if (state := query.get("state")) is None:
        return {}
    if reason := unstorable(state):
        raise Wrong(f"state {reason}.")
    return {"state": state}


def consent_routes(desk: Desk, read: Read = read_ask) -> list[HTTPRouteHandler]:
    """Return the routes of the page and of what it posts."""

    async def checked(request: HttpRequest, world: World) -> Ask:
        ask = await read(desk, request, world)
        if why := await world.bounds.return_fault(desk.platform, ask.redirect_uri, ask.state):
            raise Wrong(why)
        return ask

    @get(desk.path, opt={CONSENT: True})
    async def authorize(request: HttpRequest, world: Injected) -> Response[str]:
        try:
            ask = await checked(request, world)
        except Wrong as why:
            return _show(_wrong_page(desk, str(why)), why.status)
        if (auto := request.query_params.get("auto")) is None:
            return _show(_page(desk, ask, Chosen("", ask.scopes)))
        return await _allow(desk, world, ask, auto, ask.scopes)

    @post(desk.path, status_code=200, opt={CONSENT: True})
    async def decide(request: HttpRequest, world: Injected) -> Response[str]:
        try:
            ask = await checked(request, world)
            form = parse_qs((await request.body()).decode(), keep_blank_values=True)
        except Wrong as why:
            return _show(_wrong_page(desk, str(why)), why.status)
        except UnicodeDecodeError:
            return _show(_wrong_page(desk, "The form is not UTF-8."), 400)
        if form.get("decision") != ["allow"]:
            return _back(desk, ask, desk.denied)
        ticked = {*desk.needed, *form.get("scope", [])}
        granted = [scope for scope in ask.scopes if scope in ticked]
        return await _allow(desk, world, ask, form.get("handle", [""])[0], granted)

    return [authorize, decide]


def _challenge(query: Mapping[str, str]) -> str:
    challenge = query.get("code_challenge", "")
    if challenge and (query.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(challenge)):
        raise Wrong("code_challenge must be the SHA-256 of the verifier in hex, its method S256.")
    return challenge


def redirect_fault(uri: str, desk: Desk) -> str | None:
    """Say what is wrong with an address to return to, or None."""
    try:
        parts = urlsplit(uri)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        usable = False
    if not usable or not re.fullmatch(r"[!-~]{1,2000}", uri) or "\\" in uri:
        return "redirect_uri must be an absolute http or https address."
    if "#" in uri:
        return "redirect_uri must not have a fragment."
    if desk.static_redirects and "?" in uri:
        return "redirect_uri must be static: it must not have a query."
    return None


async def _allow(desk: Desk, world: World, ask: Ask, handle: str, granted: list[str]) -> Response[str]:
    name = handle.strip().removeprefix("@")
    if not HANDLE.fullmatch(name):
        words = "A handle has 1 to 100 letters, digits, dots, dashes and underscores."
        return _show(_page(desk, ask, Chosen(handle, granted, words)), 400)
    owner = await desk.person(world.state, name)
    code = desk.new_code()
    expires_at = utc_now() + desk.code_lifetime
    made = Code(ask.client, ask.redirect_uri, granted, expires_at, ask.challenge)
    await world.state.add(desk.codes, code, made, owner)
    scopes = {"scopes": ",".join(granted)} if desk.tells_scopes else {}
    return _back(desk, ask, {"code": code} | scopes)


def _back(desk: Desk, ask: Ask, params: Mapping[str, str]) -> Response[str]:
    """Send the person back to the app."""
    parts = urlsplit(ask.redirect_uri)
    query = urlencode(
        [*parse_qsl(parts.query, keep_blank_values=True), *params.items(), *ask.told.items()], quote_via=quote
    )
    location = urlunsplit(parts._replace(query=query)) + (desk.fragment if "code" in params else "")
    return Response(
        "", status_code=302, headers=html.headers() | {"location": location}, media_type="text/html"
    )


async def redeem(
    desk: Desk, state: State, code: str, client: str, redirect_uri: str, verifier: str
) -> Row[Code] | None:
    """Use up a code; None when it is unknown, used, expired or another app's."""
    held = None if unstorable(code) else await state.get(desk.codes, code)
    if held is None or held.value.expires_at <= utc_now():
        return None
    made = held.value
    if (client, redirect_uri) != (made.client, made.redirect_uri):
        return None
    if made.challenge and desk.challenge(verifier) != made.challenge:
        return None
    return held if await state.remove(desk.codes, code) else None


def code_of(words: str, ending: str = "") -> str:
    """Return a new code between a platform's habitual beginning and end."""
    return f"{words}{secrets.token_urlsafe(36)}{ending}"


# The page -----------------------------------------------------------------------------------------


def _show(page: str, status: int = 200) -> Response[str]:
    return Response(page, status_code=status, headers=html.headers(), media_type="text/html")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What stands in the form: at first all that is asked for, then what the person had chosen when it was refused."""

    handle: str
    scopes: Collection[str]
    fault: str = ""


def _page(desk: Desk, ask: Ask, chosen: Chosen) -> str:
    scopes = "\n".join(_scope(desk, scope, ticked=scope in chosen.scopes) for scope in ask.scopes)
    home = urlsplit(ask.redirect_uri).netloc
    bad = f'<p class="hint bad" id="fault" role="alert">{escape(chosen.fault)}</p>' if chosen.fault else ""
    marked = f' aria-describedby="{"fault " if bad else ""}hint"' + (' aria-invalid="true"' if bad else "")
    inside = f"""<h1>Who do you want to be on {escape(desk.title)}?</h1>
<p class="quiet"><b>{escape(ask.name)}</b> wants to use an account on a make-believe {escape(desk.title)}.
Nobody real is asked, nothing real is posted. You go back to <b>{escape(home)}</b>.</p>
<form method="post">
<label class="name" for="handle">Handle</label>
<div class="handle"><span aria-hidden="true">@</span><input id="handle" name="handle"
 value="{escape(chosen.handle)}" placeholder="mira" maxlength="101" required autofocus{marked}
 autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck="false"></div>
{bad}<p class="hint" id="hint">{escape(desk.hint)}</p>
<fieldset><legend>It may</legend>
{scopes}
</fieldset>
<div class="buttons"><button class="main" name="decision" value="allow">Allow</button>
<button name="decision" value="deny" formnovalidate>Deny</button></div>
</form>"""
    return html.page(f"Sandbox: {desk.title}", inside, badge="SANDBOX", card=True)


def _scope(desk: Desk, scope: str, *, ticked: bool) -> str:
    marked = (" checked" if ticked else "") + (" disabled" if scope in desk.needed else "")
    return (
        f'<label class="scope"><input type="checkbox" name="scope" value="{escape(scope)}"{marked}>'
        f'<span>{escape(desk.scopes[scope])}<small class="mono">{escape(scope)}</small></span></label>'
    )


def _wrong_page(desk: Desk, why: str) -> str:
    inside = f"""<h1>This request cannot be granted</h1>
<p>{escape(why)}</p>
<p class="quiet">The address that led here cannot be used, and nothing you could choose here would mend it.
Go back to where you came from and begin again.</p>"""
    return html.page(f"Sandbox: {desk.title}", inside, badge="SANDBOX", card=True)

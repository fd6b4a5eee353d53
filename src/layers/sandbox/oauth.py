"""Consent as the fakes give it: the page where one chooses who to be, and the codes that come of it.

There is no login: whoever opens the page may be anybody, since nobody here is real. `?auto=<handle>` on the
authorize address allows all at once, without a page. Assumed, as no platform says it: a wrong request ends on
a page of its own and is never sent back, and what cannot be refused is the one scope every app needs.

No app and no redirect address is registered here: any client name goes, and so do addresses with plain http,
as local ones must. Codes are bound to both, as the real ones are.
"""

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler

from layers.kit.text import unstorable
from layers.kit.times import utc_now
from layers.sandbox.fake import HttpRequest, Injected, World
from layers.sandbox.state import Kind, Row, State

CLIENT = re.compile(r"[A-Za-z0-9._-]{1,128}")
CHALLENGE = re.compile(r"[0-9a-f]{64}")
LONGEST_HANDLE = 100
HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


class Code(msgspec.Struct):
    """An authorization code, owned by the user who gave it; its id is the code."""

    client: str
    redirect_uri: str
    scopes: list[str]
    expires_at: datetime
    challenge: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one platform gives consent.

    `client`: the query parameter that names the app. `scopes`: all there are, with what each allows.
    `needed`: the scope that cannot be unticked. `denied`: what goes back with a refusal besides the state.
    `tells_scopes`: whether the granted scopes go back with the code. `fragment` ends the address one returns to.
    `static_redirects`: whether the redirect address must be without a query. `states`: whether a state must be
    given. `new_code` invents a code, `person` makes or finds the user of a handle and returns the user's id.
    `kind` keeps the codes of a platform's desks apart.
    """

    platform: str
    title: str
    path: str
    client: str
    scopes: Mapping[str, str]
    needed: str
    denied: Mapping[str, str]
    code_lifetime: timedelta
    new_code: Callable[[], str]
    person: Callable[[State, str], Awaitable[str]]
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
    """What an app asks for. `state` is None when none was given."""

    client: str
    redirect_uri: str
    scopes: list[str]
    state: str | None
    challenge: str
    auto: str | None


class Wrong(Exception):  # noqa: N818
    """The request cannot be shown to a person; the text says why."""


def consent_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """Return the routes of the page and of what it posts."""

    @get(desk.path)
    async def authorize(request: HttpRequest, world: Injected) -> Response[str]:
        try:
            ask = read_ask(desk, request)
        except Wrong as why:
            return _show(_wrong_page(desk, str(why)), 400)
        if ask.auto is None:
            return _show(_page(desk, ask))
        return await _allow(desk, world, ask, ask.auto, ask.scopes)

    @post(desk.path, status_code=200)
    async def decide(request: HttpRequest, world: Injected) -> Response[str]:
        try:
            ask = read_ask(desk, request)
            form = parse_qs((await request.body()).decode(), keep_blank_values=True)
        except (Wrong, UnicodeDecodeError) as why:
            return _show(_wrong_page(desk, str(why)), 400)
        if form.get("decision") != ["allow"]:
            return _back(desk, ask, desk.denied)
        ticked = {desk.needed, *form.get("scope", [])}
        granted = [scope for scope in ask.scopes if scope in ticked]
        return await _allow(desk, world, ask, form.get("handle", [""])[0], granted)

    return [authorize, decide]


def read_ask(desk: Desk, request: HttpRequest) -> Ask:
    """Read and check the authorize address. Raises Wrong."""
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
    state = query.get("state")
    if desk.states and not state:
        raise Wrong("state is missing.")
    if state is not None and (reason := unstorable(state)):
        raise Wrong(f"state {reason}.")
    return Ask(client, redirect_uri, list(dict.fromkeys(scopes)), state, _challenge(query), query.get("auto"))


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
    if not 0 < len(name) <= LONGEST_HANDLE or not name.isprintable() or unstorable(name):
        return _show(_page(desk, ask, f"A handle is 1 to {LONGEST_HANDLE} printable characters."), 400)
    owner = await desk.person(world.state, name)
    code = desk.new_code()
    expires_at = utc_now() + desk.code_lifetime
    made = Code(ask.client, ask.redirect_uri, granted, expires_at, ask.challenge)
    await world.state.add(desk.codes, code, made, owner)
    scopes = {"scopes": ",".join(granted)} if desk.tells_scopes else {}
    return _back(desk, ask, {"code": code} | scopes)


def _back(desk: Desk, ask: Ask, params: Mapping[str, str]) -> Response[str]:
    """Send the person back to the app."""
    state = {} if ask.state is None else {"state": ask.state}
    parts = urlsplit(ask.redirect_uri)
    query = urlencode(
        [*parse_qsl(parts.query, keep_blank_values=True), *params.items(), *state.items()], quote_via=quote
    )
    location = urlunsplit(parts._replace(query=query)) + (desk.fragment if "code" in params else "")
    return Response("", status_code=302, headers=HEADERS | {"location": location}, media_type="text/html")


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
    if made.challenge and hashlib.sha256(verifier.encode()).hexdigest() != made.challenge:
        return None
    return held if await state.remove(desk.codes, code) else None


def code_of(words: str, ending: str = "") -> str:
    """Return a new code between a platform's habitual beginning and end."""
    return f"{words}{secrets.token_urlsafe(36)}{ending}"


# The page -----------------------------------------------------------------------------------------

STYLE = """
:root { color-scheme: light dark; --page: #eef0f4; --card: #fff; --ink: #15171c; --quiet: #626a77;
  --line: #dde1e8; --accent: #3d4fe0; --on-accent: #fff; --bad: #b3261e;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
@media (prefers-color-scheme: dark) { :root { --page: #0e1014; --card: #181b21; --ink: #eceef2; --quiet: #9aa3b2;
  --line: #2c313b; --accent: #8b98ff; --on-accent: #10121a; --bad: #ff8a80 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; place-items: center; padding: 1rem;
  background: var(--page); color: var(--ink) }
main { width: 100%; max-width: 27rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 1.25rem; padding: 1.75rem 1.5rem; box-shadow: 0 1.5rem 3rem -1.5rem #0004 }
.badge { display: inline-block; font-size: .75rem; font-weight: 600; letter-spacing: .04em; color: var(--accent);
  border: 1px solid currentColor; border-radius: 1rem; padding: .1rem .6rem }
h1 { font-size: 1.45rem; line-height: 1.25; letter-spacing: -.01em; margin: .9rem 0 .4rem; text-wrap: balance }
p { margin: 0 0 1.1rem; color: var(--quiet); overflow-wrap: anywhere } p b { color: var(--ink) }
label.name { display: block; font-weight: 600; margin-bottom: .35rem }
.handle { display: flex; align-items: center; border: 1px solid var(--line); border-radius: .8rem;
  padding-left: .9rem; background: var(--page) }
.handle:focus-within { outline: 2px solid var(--accent); outline-offset: 1px }
.handle span { color: var(--quiet) }
.handle input { flex: 1; min-width: 0; font: inherit; color: inherit; background: none; border: 0; outline: 0;
  padding: .8rem .9rem .8rem .25rem }
.hint { font-size: .85rem; margin: .45rem 0 1.1rem }
.bad { color: var(--bad); font-size: .9rem; margin: .45rem 0 0 }
fieldset { border: 0; margin: 0 0 1.4rem; padding: 0 } legend { padding: 0; font-weight: 600; margin-bottom: .2rem }
.scope { display: flex; gap: .8rem; align-items: flex-start; padding: .7rem 0; border-bottom: 1px solid var(--line) }
.scope input { accent-color: var(--accent); width: 1.2rem; height: 1.2rem; margin: .15rem 0 0; flex: none }
.scope small { display: block; color: var(--quiet); font: .75rem/1.4 ui-monospace, Menlo, monospace;
  overflow-wrap: anywhere }
.buttons { display: grid; gap: .6rem }
button { font: inherit; font-weight: 600; min-height: 3rem; border-radius: .8rem; cursor: pointer;
  border: 1px solid var(--line); background: none; color: inherit }
button[value=allow] { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
@media (min-width: 26rem) { .buttons { grid-template-columns: 2fr 1fr } }
"""


def _show(page: str, status: int = 200) -> Response[str]:
    return Response(page, status_code=status, headers=HEADERS, media_type="text/html")


def _frame(title: str, inside: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(title)}</title><style>{STYLE}</style></head>
<body><main><span class="badge">SANDBOX</span>
{inside}
</main></body></html>"""


def _page(desk: Desk, ask: Ask, fault: str = "") -> str:
    scopes = "\n".join(_scope(desk, scope) for scope in ask.scopes)
    home = urlsplit(ask.redirect_uri).netloc
    bad = f'<p class="bad" role="alert">{escape(fault)}</p>' if fault else ""
    inside = f"""<h1>Sandbox: who do you want to be?</h1>
<p><b>{escape(ask.client)}</b> wants to use an account on a make-believe {escape(desk.title)}.
Nobody real is asked, nothing real is posted. You go back to <b>{escape(home)}</b>.</p>
<form method="post">
<label class="name" for="handle">Handle</label>
<div class="handle"><span aria-hidden="true">@</span><input id="handle" name="handle" placeholder="mira"
 maxlength="{LONGEST_HANDLE + 1}" required autofocus autocomplete="off" autocapitalize="none" autocorrect="off"
 spellcheck="false"></div>{bad}
<p class="hint">{escape(desk.hint)}</p>
<fieldset><legend>It may</legend>
{scopes}
</fieldset>
<div class="buttons"><button name="decision" value="allow">Allow</button>
<button name="decision" value="deny" formnovalidate>Deny</button></div>
</form>"""
    return _frame(f"Sandbox: {desk.title}", inside)


def _scope(desk: Desk, scope: str) -> str:
    fixed = " disabled" if scope == desk.needed else ""
    return (
        f'<label class="scope"><input type="checkbox" name="scope" value="{escape(scope)}" checked{fixed}>'
        f"<span>{escape(desk.scopes[scope])}<small>{escape(scope)}</small></span></label>"
    )


def _wrong_page(desk: Desk, why: str) -> str:
    return _frame(
        f"Sandbox: {desk.title}",
        f"<h1>This request cannot be granted</h1>\n<p>{escape(why)}</p>\n"
        "<p>The address that led here is made wrong; there is nothing you could choose to mend it.</p>",
    )

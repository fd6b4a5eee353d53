"""Connecting Instagram accounts through the Facebook Pages they are linked to: Facebook Login for Business.

A code becomes a person's token, that one a long-lived one, and with it come their Pages. Each Page has a token of its
own that does not end by itself, and it speaks for the Instagram account that the Page is linked to. One consent may
bring several accounts.
Source: https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/business-login-for-instagram,
checked 2026-11-23; `/me/permissions` and the paging of `/me/accounts` are remembered.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from layers.connector import Authorize, Call, Effect, Flow, Grant, Identity, Rejected, Tokens
from layers.platforms.instagram.calls import API_VERSION, FACEBOOK, PAGE, host, read
from layers.platforms.instagram.oauth import REFUSED, accepted, app_of, code_of

LOGIN = "https://www.facebook.com"
NEEDED = ("instagram_basic", "instagram_content_publish", "pages_show_list", "pages_read_engagement")
WANTED = ("business_management", "instagram_manage_comments")
"""For Pages that belong to a business, and for first comments; what was not granted is done without."""

MOST_LISTS = 20
"""Lists of a hundred Pages that are read; who has more connects the rest by choosing fewer in the consent."""


class Permission(msgspec.Struct):
    """One line of `/me/permissions`; the status is `granted`, `declined` or `expired`."""

    permission: str
    status: str


class Permissions(msgspec.Struct):
    """What a person answered."""

    data: list[Permission]


class Linked(msgspec.Struct):
    """The professional account a Page is linked to."""

    id: str


class FacebookPage(msgspec.Struct):
    """A Page; `access_token` is absent where the person may do nothing with it."""

    id: str
    name: str = ""
    access_token: str = ""
    instagram_business_account: Linked | None = None


class Cursors(msgspec.Struct):
    """Where the next list begins."""

    after: str = ""


class Paging(msgspec.Struct):
    """`next` is there when the list goes on."""

    cursors: Cursors = msgspec.field(default_factory=Cursors)
    next: str = ""


class Pages(msgspec.Struct):
    """A list of Pages."""

    data: list[FacebookPage]
    paging: Paging = msgspec.field(default_factory=Paging)


class Profile(msgspec.Struct):
    """A professional account as a Page's token sees it."""

    id: str
    username: str
    name: str = ""
    profile_picture_url: str | None = None


class FacebookLogin:
    """Facebook Login for Business, as the `OAuth` protocol has it."""

    scopes: tuple[str, ...] = (*NEEDED, *WANTED)

    def begin(self, grant: Grant, origin: str) -> Flow[Authorize]:
        """Say where the person consents. Raises Rejected when the app is not configured."""
        yield from ()
        client_id, _ = app_of(grant, "FACEBOOK_")
        query = {
            "client_id": client_id,
            "redirect_uri": grant.redirect_uri,
            "response_type": "code",
            "scope": ",".join(self.scopes),
            "state": grant.state,
        }
        return Authorize(f"{host(LOGIN, origin)}/{API_VERSION}/dialog/oauth?{urlencode(query)}")

    def metadata(self, client_id: str, redirect_uri: str) -> None:
        """Apps are registered by hand; nobody fetches a document."""

    def exchange(
        self, grant: Grant, session: Mapping[str, str], returned: Mapping[str, str], origin: str
    ) -> Flow[list[Identity]]:
        """Turn the code into the accounts linked to the person's Pages, each with its Page's token.

        Raises Rejected, naming the permissions that were not granted or saying that no account is linked.
        """
        graph = f"{host(FACEBOOK, origin)}/{API_VERSION}"
        client_id, secret = app_of(grant, "FACEBOOK_")
        app = {"client_id": client_id, "client_secret": secret}
        query = {**app, "redirect_uri": grant.redirect_uri, "code": code_of(returned)}
        short = accepted((yield _token(graph, "short token", query))).text_at("access_token")
        query = {**app, "grant_type": "fb_exchange_token", "fb_exchange_token": short}
        person = accepted((yield _token(graph, "long token", query))).text_at("access_token")
        granted = yield from _granted(graph, person)
        pages = yield from _pages(graph, person)
        found: list[Identity] = []
        for number, page in enumerate(pages, 1):
            if identity := (yield from _account(graph, page, number, granted)):
                found.append(identity)
        if not found:
            raise Rejected(
                "OAUTH_NO_ACCOUNT",
                "No professional Instagram account is linked to a Facebook Page that was allowed. Make the account "
                "professional, link it to a Page, and connect again, allowing both.",
            )
        return found


def _granted(graph: str, person: str) -> Flow[str]:
    """Return what was granted, with commas. Raises Rejected when something needed was not."""
    reply = accepted((yield _get(graph, "permissions", "me/permissions", person)))
    granted = [line.permission for line in read(reply.json, Permissions).data if line.status == "granted"]
    if missing := [scope for scope in NEEDED if scope not in granted]:
        raise Rejected(
            "OAUTH_SCOPES",
            f"Connect again and allow what posting needs: {', '.join(missing)} is missing.",
        )
    return ",".join(granted)


def _pages(graph: str, person: str) -> Flow[list[FacebookPage]]:
    """Return the Pages that an account is linked to and that the person may act for."""
    found: list[FacebookPage] = []
    after = ""
    for number in range(1, MOST_LISTS + 1):
        query = {"fields": "id,name,access_token,instagram_business_account", "limit": "100"}
        if after:
            query["after"] = after
        name = "pages" if number == 1 else f"pages {number}"
        pages = read(
            accepted((yield _get(graph, name, f"me/accounts?{urlencode(query)}", person))).json, Pages
        )
        found += [page for page in pages.data if page.access_token and page.instagram_business_account]
        after = pages.paging.cursors.after
        if not (after and pages.paging.next):
            break
    return found


def _account(graph: str, page: FacebookPage, number: int, granted: str) -> Flow[Identity | None]:
    """Ask for the account with its Page's token. None: the person left this one out."""
    account = page.instagram_business_account
    assert account is not None
    path = f"{account.id}?fields=id,username,name,profile_picture_url"
    reply = yield _get(graph, f"account {number}", path, page.access_token)
    if reply.status >= 300:
        return None
    profile = read(reply.json, Profile)
    secrets = {"accessToken": page.access_token, "userId": profile.id, PAGE: page.id, "scopes": granted}
    return Identity(
        external_id=profile.id,
        handle=profile.username,
        display_name=profile.name or profile.username,
        avatar_url=profile.profile_picture_url,
        tokens=Tokens(secrets, None),
    )


def _token(graph: str, name: str, query: Mapping[str, str]) -> Call:
    url = f"{graph}/oauth/access_token?{urlencode(query)}"
    return Call(name, Effect.PREPARE, "GET", url, handles=REFUSED)


def _get(graph: str, name: str, path: str, token: str) -> Call:
    headers = {"Authorization": f"Bearer {token}"}
    return Call(name, Effect.READ, "GET", f"{graph}/{path}", headers=headers, handles=REFUSED)

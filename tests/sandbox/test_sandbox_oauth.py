"""Consent at the fakes: the page, what comes back from it, and the tokens one gets for it."""

import asyncio
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sandbox_server import Reply, Sandbox

from layers.sandbox.app import sign_up

HOME = "http://localhost:3000/callback"
TIKTOK_TOKEN = "/tiktok/v2/oauth/token/"
TIKTOK = ("tiktok", "/tiktok/v2/auth/authorize/", "client_key", "user.info.basic", "video.publish")
INSTAGRAM = (
    "instagram",
    "/instagram/oauth/authorize",
    "client_id",
    "instagram_business_basic",
    "instagram_business_content_publish",
)


@dataclass
class Door:
    """One platform's authorize address and an app that knocks there."""

    sandbox: Sandbox
    platform: str
    path: str
    client: str
    basic: str
    publish: str
    handle: str = field(default_factory=lambda: f"ann.{secrets.token_hex(4)}")

    def address(self, **given: str | None) -> str:
        query = {
            self.client: "my-app",
            "response_type": "code",
            "redirect_uri": HOME,
            "scope": f"{self.basic},{self.publish}",
            "state": "s&t=1",
        } | given
        return (
            self.path + "?" + urlencode({name: value for name, value in query.items() if value is not None})
        )

    async def get(self, **given: str | None) -> Reply:
        return await self.sandbox.call("GET", self.address(**given), allow_redirects=False)

    async def decide(self, *ticked: str, decision: str = "allow", handle: str | None = None, **given: str):
        form = [
            ("handle", handle or self.handle),
            *(("scope", scope) for scope in ticked),
            ("decision", decision),
        ]
        path = self.address(**given)
        return await self.sandbox.call("POST", path, data=form, allow_redirects=False)

    async def code(self, *ticked: str, **given: str) -> str:
        return back(await self.decide(*ticked, **given))["code"]

    async def token(self, code: str, /, **given: str | None) -> Reply:
        form = {
            self.client: "my-app",
            "client_secret": "s",
            "grant_type": "authorization_code",
            "redirect_uri": HOME,
            "code": code,
        } | given
        path = TIKTOK_TOKEN if self.platform == "tiktok" else "/instagram/oauth/access_token"
        form = {name: value for name, value in form.items() if value is not None}
        return await self.sandbox.call("POST", path, data=form)


def back(reply: Reply) -> dict[str, str]:
    """Return what comes back to the app."""
    assert reply.status == 302, reply.json
    parts = urlsplit(reply.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == HOME
    return {name: value for name, (value,) in parse_qs(parts.query, strict_parsing=True).items()}


@pytest.fixture(params=[TIKTOK, INSTAGRAM], ids=["tiktok", "instagram"])
def door(request, sandbox) -> Door:
    return Door(sandbox, *request.param)


@pytest.fixture
def tiktok(sandbox) -> Door:
    return Door(sandbox, *TIKTOK)


@pytest.fixture
def instagram(sandbox) -> Door:
    return Door(sandbox, *INSTAGRAM)


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


# The page ----------------------------------------------------------------------------------------


async def test_the_page_asks_who_and_what(door):
    reply = await door.get()
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    title = "TikTok" if door.platform == "tiktok" else "Instagram"
    assert f"Who do you want to be on {title}?" in reply.json
    assert "localhost:3000" in reply.json
    page = Elements(reply.json)
    inputs = page.all("input")
    assert [one["type"] for one in inputs if "type" in one] == ["checkbox", "checkbox"]
    scopes = {one["value"]: "disabled" in one for one in inputs if one["name"] == "scope"}
    assert scopes == {door.basic: True, door.publish: False}
    assert [one["value"] for one in page.all("button")] == ["allow", "deny"]
    assert page.all("form") == [{"method": "post"}]
    assert any(one.get("name") == "viewport" for one in page.all("meta"))
    assert "prefers-color-scheme: dark" in reply.json
    assert reply.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]


@pytest.mark.parametrize(
    "given",
    [
        {"state": "<script>alert(1)</script>"},
        {"redirect_uri": "https://app.example/'onmouseover='x"},
        {"redirect_uri": 'https://"><script>alert(1)</script>/'},
        {"scope": "<script>alert(1)</script>"},
        {"client_key": "<script>", "client_id": "<script>"},
        {"response_type": '"><script>'},
    ],
)
async def test_nothing_given_becomes_markup(door, given):
    page = (await door.get(**given)).json
    assert "<script" not in page
    known = {*"html head meta title style body main span h1 p b".split()}  # noqa: SIM905 - easier to read
    known |= {*"form label div input fieldset legend small button".split()}  # noqa: SIM905
    assert {name for name, _ in Elements(page).found} <= known
    assert not any(key.startswith("on") for _, attributes in Elements(page).found for key in attributes)


async def test_a_bad_handle_is_asked_for_again(door):
    for handle in ("   ", "x" * 101, "a\nb", "@"):
        reply = await door.decide(door.publish, handle=handle)
        assert (reply.status, "location" in reply.headers) == (400, False)
        assert 'role="alert"' in reply.json
    assert (await door.get(auto="")).status == 400


async def test_what_was_chosen_stays_when_the_handle_is_asked_for_again(door):
    inputs = Elements((await door.decide(handle='a "b"')).json).all("input")
    assert [one["value"] for one in inputs if one["name"] == "handle"] == ['a "b"']
    assert {one["value"]: "checked" in one for one in inputs if one["name"] == "scope"} == {
        door.basic: True,
        door.publish: False,
    }


@pytest.mark.parametrize(
    "given",
    [
        {"client_key": "", "client_id": ""},
        {"client_key": "a b", "client_id": "a b"},
        {"redirect_uri": None},
        {"redirect_uri": "/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "https:///callback"},
        {"redirect_uri": "https://me@app.example/"},
        {"redirect_uri": "https://app.example\\@evil.example/"},
        {"redirect_uri": "http://localhost/\r\nx: y"},
        {"redirect_uri": "http://localhost/#there"},
        {"redirect_uri": "https://app.example/callback"},
        {"redirect_uri": "http://localhost.app.example/callback"},
        {"redirect_uri": "https://[::1"},
        {"response_type": "token"},
        {"response_type": None},
        {"scope": ""},
        {"scope": "video.steal"},
        {"state": "a\0b"},
        {"code_challenge": "x" * 43, "code_challenge_method": "S256"},
    ],
)
async def test_wrong_requests_end_on_a_page(door, given):
    for reply in (await door.get(**given), await door.get(**given, auto="ann")):
        assert (reply.status, "location" in reply.headers) == (400, False)
        assert "This request cannot be granted" in reply.json
    posted = await door.decide(door.publish, **{name: value or "" for name, value in given.items()})
    assert posted.status == 400


async def test_what_only_one_of_them_minds(tiktok, instagram):
    query = {"redirect_uri": f"{HOME}?a=1"}
    assert (await tiktok.get(**query)).status == 400
    assert (await tiktok.get(state=None)).status == 400
    found = back(await instagram.get(**query, auto="ann", state=None))
    assert (found["a"], set(found)) == ("1", {"a", "code"})


async def test_who_is_sent_back_to_the_posts_reads_how_it_ended(sandbox):
    for given, words in (
        ({"status": "success"}, "The account is connected."),
        ({"layers_oauth_error": "<b>"}, "The account is not connected: &lt;b&gt;."),
    ):
        assert words in (await sandbox.call("GET", "/posts", params=given)).json


# What comes back ---------------------------------------------------------------------------------


async def test_allowing_all(door):
    reply = await door.decide(door.publish)
    found = back(reply)
    assert found["state"] == "s&t=1"
    wanted = {"code", "state", "scopes"} if door.platform == "tiktok" else {"code", "state"}
    assert set(found) == wanted
    assert reply.headers["location"].endswith("#_") == (door.platform == "instagram")
    if door.platform == "tiktok":
        assert found["scopes"] == f"{door.basic},{door.publish}"
        assert re.search(r"[*!]", found["code"])
        assert "%" in reply.headers["location"]


async def test_auto_allows_at_once(door):
    found = back(await door.get(auto=f"@{door.handle}"))
    assert found["state"] == "s&t=1"
    told = (await door.token(found["code"])).json
    person = await sign_up(door.sandbox.pool, door.platform, door.handle)
    if door.platform == "tiktok":
        assert told["open_id"] == person.external_id
    else:
        query = {"fields": "user_id", "access_token": told["access_token"]}
        me = (await door.sandbox.call("GET", "/instagram/v26.0/me", params=query)).json
        assert me["user_id"] == person.external_id


async def test_denying(door):
    reply = await door.decide(door.publish, decision="deny")
    found = back(reply)
    assert (found["error"], found["state"]) == ("access_denied", "s&t=1")
    assert found["error_description"]
    assert "code" not in found
    assert not reply.headers["location"].endswith("#_")
    assert found.get("error_reason") == ("user_denied" if door.platform == "instagram" else None)


# Codes -------------------------------------------------------------------------------------------


async def test_codes_work_once(door):
    code = await door.code(door.publish)
    replies = await asyncio.gather(*(door.token(code) for _ in range(5)))
    assert sorted(reply.status for reply in replies) == [200, 400, 400, 400, 400]
    again = (await door.token(code)).json
    if door.platform == "tiktok":
        assert again["error"] == "invalid_grant"
    else:
        assert again["error_type"] == "OAuthException"
        assert "already used" in again["error_message"]


async def test_codes_expire(door):
    life = {"tiktok": 300, "instagram": 3600}[door.platform]
    for age, status in ((life - 30, 200), (life + 1, 400)):
        code = await door.code(door.publish)
        await door.sandbox.age("code", code, "expires_at", age)
        assert (await door.token(code)).status == status


async def test_codes_are_bound_to_app_and_address(door):
    code = await door.code(door.publish)
    for wrong in ({door.client: "other-app"}, {"redirect_uri": f"{HOME}/"}, {"redirect_uri": None}):
        assert (await door.token(code, **wrong)).status == 400
    for missing in (
        {"client_secret": ""},
        {door.client: ""},
        {"grant_type": "password"},
        {"code": "nonsense"},
    ):
        assert (await door.token(code, **missing)).status in (400, 401)
    assert (await door.token(code)).status == 200


async def test_tiktoks_challenge_is_hex(tiktok):
    verifier = secrets.token_urlsafe(48)
    challenge = {
        "code_challenge": hashlib.sha256(verifier.encode()).hexdigest(),
        "code_challenge_method": "S256",
    }
    code = await tiktok.code(**challenge)
    assert (await tiktok.token(code)).json["error"] == "invalid_grant"
    assert (await tiktok.token(code, code_verifier=verifier[:-1])).status == 400
    assert (await tiktok.token(code, code_verifier=verifier)).status == 200
    assert (await tiktok.get(code_challenge=challenge["code_challenge"])).status == 400


# TikTok's tokens ---------------------------------------------------------------------------------


def tiktok_error(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["error"]["code"]


async def test_tiktok_tokens_can_what_was_ticked(tiktok):
    sandbox = tiktok.sandbox
    asked = {"scope": "user.info.basic,user.info.profile,video.publish,video.upload"}
    told = (await tiktok.token(await tiktok.code("video.upload", **asked))).json
    assert (told["scope"], told["expires_in"]) == ("user.info.basic,video.upload", 86400)
    assert (told["refresh_expires_in"], told["token_type"]) == (365 * 86400, "Bearer")
    form = {"client_key": "my-app", "client_secret": "s", "grant_type": "refresh_token"}
    form["refresh_token"] = told["refresh_token"]
    fresh = (await sandbox.call("POST", TIKTOK_TOKEN, data=form)).json
    assert (fresh["scope"], fresh["open_id"]) == (told["scope"], told["open_id"])
    for token in (told["access_token"], fresh["access_token"]):
        headers = {"authorization": f"Bearer {token}"}

        async def call(
            path: str, body: object = None, method: str = "POST", headers=headers
        ) -> tuple[int, str]:
            reply = await sandbox.call(method, f"/tiktok/v2/{path}", json=body, headers=headers)
            return tiktok_error(reply)

        refused = (401, "scope_not_authorized")
        assert await call("user/info/?fields=open_id", method="GET") == (200, "ok")
        assert await call("user/info/?fields=username", method="GET") == refused
        assert await call("post/publish/creator_info/query/", {}) == refused
        assert await call("video/list/?fields=id", {}) == refused
        source = {"source": "FILE_UPLOAD", "video_size": 9, "chunk_size": 9, "total_chunk_count": 1}
        info = {"privacy_level": "SELF_ONLY"}
        assert await call("post/publish/inbox/video/init/", {"source_info": source}) == (200, "ok")
        direct = {"source_info": source, "post_info": info}
        assert await call("post/publish/video/init/", direct) == refused
        photos = {"source": "PULL_FROM_URL", "photo_images": ["http://127.0.0.1:9/a.jpg"]}
        photo = {"source_info": photos, "post_info": info, "media_type": "PHOTO"}
        assert await call("post/publish/content/init/", photo | {"post_mode": "DIRECT_POST"}) == refused
        assert await call("post/publish/content/init/", photo | {"post_mode": "MEDIA_UPLOAD"}) == (200, "ok")


async def test_the_same_handle_is_the_same_creator(tiktok):
    first = (await tiktok.token(await tiktok.code())).json
    second = (await tiktok.token(await tiktok.code())).json
    assert first["open_id"] == second["open_id"]
    assert first["access_token"] != second["access_token"]


async def test_tiktok_revokes_a_pair(tiktok):
    sandbox = tiktok.sandbox
    told = (await tiktok.token(await tiktok.code(tiktok.publish))).json
    kept = (await tiktok.token(await tiktok.code(tiktok.publish))).json
    form = {"client_key": "my-app", "client_secret": "s", "token": told["access_token"]}
    path = "/tiktok/v2/oauth/revoke/"
    assert (await sandbox.call("POST", path, data=form | {"client_secret": ""})).status == 401
    assert (await sandbox.call("POST", path, data=form | {"token": ""})).status == 400
    assert (await sandbox.call("POST", path, data=form)).status == 200
    info = "/tiktok/v2/user/info/?fields=open_id"
    for token, expected in ((told, (401, "access_token_invalid")), (kept, (200, "ok"))):
        headers = {"authorization": f"Bearer {token['access_token']}"}
        assert tiktok_error(await sandbox.call("GET", info, headers=headers)) == expected
    refresh = {"client_key": "my-app", "client_secret": "s", "grant_type": "refresh_token"}
    refresh["refresh_token"] = told["refresh_token"]
    assert (await sandbox.call("POST", TIKTOK_TOKEN, data=refresh)).json["error"] == "invalid_grant"
    assert (await sandbox.call("POST", path, data=form)).status == 200


# Instagram's tokens ------------------------------------------------------------------------------


async def test_instagrams_short_token_becomes_a_long_one(instagram):
    sandbox = instagram.sandbox
    told = (await instagram.token(await instagram.code(instagram.publish))).json
    assert told["permissions"] == [instagram.basic, instagram.publish]
    query = {"grant_type": "ig_exchange_token", "client_secret": "s", "access_token": told["access_token"]}
    path = "/instagram/access_token"
    for wrong in ({"client_secret": ""}, {"grant_type": "x"}, {"access_token": "x"}):
        assert (await sandbox.call("GET", path, params=query | wrong)).status == 400
    long = (await sandbox.call("GET", path, params=query)).json
    assert (long["token_type"], long["expires_in"]) == ("bearer", 60 * 86400)
    again = await sandbox.call("GET", path, params=query | {"access_token": long["access_token"]})
    assert again.json["error"]["code"] == 100
    refresh = {"grant_type": "ig_refresh_token", "access_token": told["access_token"]}
    assert (await sandbox.call("GET", "/instagram/refresh_access_token", params=refresh)).status == 400
    await sandbox.age("access_token", told["access_token"], "expires_at", 3601)
    for token, status in ((told, 400), (long, 200)):
        query = {"fields": "id,user_id,username", "access_token": token["access_token"]}
        reply = await sandbox.call("GET", "/instagram/v26.0/me", params=query)
        assert reply.status == status
    assert (reply.json["username"], reply.json["id"]) == (instagram.handle, str(told["user_id"]))
    assert reply.json["user_id"] != reply.json["id"]


async def test_instagrams_documented_answer_is_wrapped(instagram):
    code = await instagram.code(instagram.publish, handle=f"{instagram.handle}.wrapped")
    (told,) = (await instagram.token(code)).json["data"]
    assert told["permissions"] == f"{instagram.basic},{instagram.publish}"
    assert isinstance(told["user_id"], str)


async def test_instagram_tokens_can_what_was_ticked(instagram):
    sandbox = instagram.sandbox
    token = (await instagram.token(await instagram.code())).json["access_token"]
    assert (await sandbox.call("GET", "/instagram/v26.0/me", params={"access_token": token})).status == 200
    for method, path in (
        ("POST", "me/media"),
        ("POST", "me/media_publish"),
        ("GET", "me/content_publishing_limit"),
        ("POST", "18000000000000000/comments"),
    ):
        reply = await sandbox.call(method, f"/instagram/v26.0/{path}", params={"access_token": token})
        assert (reply.status, reply.json["error"]["code"]) == (403, 10)

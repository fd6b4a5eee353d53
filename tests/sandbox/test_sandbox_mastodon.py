"""The Mastodon fake against what its documentation and sources say."""

import asyncio
import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from sandbox_server import PROCESSING, picture

from layers.connector import Identity
from layers.sandbox.app import sign_up

ALL = "profile read:statuses write:statuses write:media"
CALLBACK = "http://127.0.0.1:9/cb"


class Person:
    def __init__(self, sandbox, who: Identity) -> None:
        self.sandbox, self.who = sandbox, who
        self.id = who.external_id.partition("@")[0]
        self.headers = {"authorization": f"Bearer {who.tokens.secrets['accessToken']}"}

    async def call(self, method: str, path: str, headers=None, **given):
        return await self.sandbox.call(
            method, f"/mastodon{path}", headers=self.headers | (headers or {}), **given
        )

    async def post(self, text="hello", key=None, **more):
        headers = {"idempotency-key": key} if key else {}
        return await self.call("POST", "/api/v1/statuses", json={"status": text, **more}, headers=headers)

    async def upload(self, content: bytes, **fields: str):
        form = aiohttp.FormData(fields)
        form.add_field("file", content, filename="x.bin", content_type="application/octet-stream")
        return await self.call("POST", "/api/v2/media", data=form)

    async def statuses(self, **query):
        return (await self.call("GET", f"/api/v1/accounts/{self.id}/statuses", params=query)).json

    async def posts(self):
        return await self.sandbox.posts(self.who.external_id)


@pytest.fixture
async def person(sandbox) -> Person:
    return Person(sandbox, await sandbox.sign_up("mastodon"))


@pytest.fixture
async def keyless(sandbox) -> Person:
    return Person(sandbox, await sandbox.sign_up("mastodon", "nokey"))


def error(reply) -> tuple[int, str]:
    return reply.status, reply.json["error"]


# Who


async def test_account_and_instance(sandbox, person, keyless):
    me = (await person.call("GET", "/api/v1/accounts/verify_credentials")).json
    assert f"{me['id']}@mastodon.test" == person.who.external_id
    assert (f"{me['acct']}@mastodon.test", me["source"]["privacy"]) == (person.who.handle, "public")
    assert person.who.tokens.expires_in is None
    second = (await person.call("GET", "/api/v2/instance")).json
    first = (await person.call("GET", "/api/v1/instance")).json
    assert second["configuration"] == first["configuration"]
    assert second["configuration"]["statuses"]["max_characters"] == 500
    assert (second["domain"], first["uri"], second["version"][0]) == ("mastodon.test", "mastodon.test", "4")
    assert "really" in (await keyless.call("GET", "/api/v2/instance")).json["version"]
    handle = person.who.handle.partition("@")[0]
    again = await sign_up(sandbox.pool, "mastodon", handle)
    assert again.external_id == person.who.external_id
    assert again.tokens.secrets["accessToken"] != person.who.tokens.secrets["accessToken"]


async def test_tokens_missing_and_wrong(sandbox, person):
    bad = {"authorization": "Bearer no"}
    for method, path in (("GET", "/api/v1/accounts/verify_credentials"), ("POST", "/api/v1/statuses")):
        assert error(await person.call(method, path, headers=bad)) == (401, "The access token is invalid")
        assert (await sandbox.call(method, f"/mastodon{path}")).status == 401


# Statuses


async def test_key_kept_an_hour(sandbox, person):
    made = await person.post("once", "k1")
    assert (await person.post("once", "k1")).json["id"] == made.json["id"]
    assert (await person.post("something else", "k1")).json["content"] == "<p>once</p>"
    assert (await person.post("once", "k2")).json["id"] != made.json["id"]
    assert len(await person.posts()) == 2
    await sandbox.age("key", f"{person.id} k1", "expires_at", 3601)
    assert (await person.post("once", "k1")).json["id"] != made.json["id"]


async def test_keys_of_different_people_are_different(sandbox, person):
    other = Person(sandbox, await sandbox.sign_up("mastodon"))
    assert (await person.post("mine", "k")).json["id"] != (await other.post("mine", "k")).json["id"]


async def test_server_that_ignores_keys(keyless):
    first, second = await keyless.post("once", "k1"), await keyless.post("once", "k1")
    assert first.json["id"] != second.json["id"]
    assert len(await keyless.posts()) == 2


@pytest.mark.parametrize(
    ("text", "more", "status", "words"),
    [
        ("", {}, 422, "can't be blank"),
        ("x" * 501, {}, 422, "character limit of 500"),
        ("x" * 490, {"spoiler_text": "x" * 11}, 422, "character limit"),
        ("[fault:reject]", {}, 422, "moderation"),
        ("x", {"visibility": "everyone"}, 422, "visibility"),
        ("x", {"media_ids": ["1"]}, 422, "not found"),
        ("x", {"media_ids": ["1"] * 5}, 422, "more than 4"),
        ("x", {"in_reply_to_id": "1"}, 404, "reply"),
        ("x", {"media_ids": "no list"}, 422, "Validation failed"),
    ],
)
async def test_what_is_refused(person, text, more, status, words):
    got, said = error(await person.post(text, **more))
    assert got == status
    assert words in said
    assert await person.posts() == []


async def test_links_count_twenty_three(person):
    assert (await person.post("x" * 476 + " https://a.test/" + "y" * 300)).status == 200
    assert (await person.post("x" * 477 + " https://a.test/" + "y" * 300)).status == 422


async def test_html_of_a_status(person):
    url = "https://example.test/a/very/long/path/indeed?b=1&c=2"
    made = await person.post(f"a <b> & {url}.\nline\n\npara")
    assert made.json["content"].startswith("<p>a &lt;b&gt; &amp; <a href=")
    assert '<span class="invisible">https://</span>' in made.json["content"]
    assert made.json["content"].endswith("</a>.<br />line</p><p>para</p>")


async def test_list_is_newest_first_and_pages(sandbox, person):
    ids = [
        (await person.post(f"n {n}", visibility=v)).json["id"] for n, v in enumerate(["public", "direct"] * 2)
    ]
    assert [status["id"] for status in await person.statuses()] == ids[::-1]
    assert [status["id"] for status in await person.statuses(limit=1)] == ids[-1:]
    assert [status["id"] for status in await person.statuses(limit=2, max_id=ids[2])] == ids[:2][::-1]
    other = Person(sandbox, await sandbox.sign_up("mastodon"))
    path = f"/api/v1/accounts/{person.id}/statuses"
    assert [status["id"] for status in (await other.call("GET", path)).json] == [ids[2], ids[0]]


async def test_reply_and_delete(person):
    root = (await person.post("root")).json["id"]
    reply = (await person.post("reply", in_reply_to_id=root)).json
    assert reply["in_reply_to_id"] == root
    gone = await person.call("DELETE", f"/api/v1/statuses/{root}")
    assert (gone.status, gone.json["text"]) == (200, "root")
    assert error(await person.call("DELETE", f"/api/v1/statuses/{root}")) == (404, "Record not found")
    assert [post["id"] for post in await person.posts()] == [reply["id"]]


# Media


async def test_images_are_ready_at_once(sandbox, person):
    content = picture("JPEG", 20, 10)
    up = await person.upload(content, description="a cat")
    assert (up.status, up.json["type"], up.json["description"]) == (200, "image", "a cat")
    made = await person.post("", media_ids=[up.json["id"]])
    assert [medium["id"] for medium in made.json["media_attachments"]] == [up.json["id"]]
    (post,) = await person.posts()
    assert post["options"]["altTexts"] == ["a cat"]
    assert post["media"][0]["sha256"] == hashlib.sha256(content).hexdigest()
    async with sandbox.web.get(made.json["media_attachments"][0]["url"]) as blob:
        assert await blob.read() == content
    assert (await person.post("again", media_ids=[up.json["id"]])).status == 422


async def test_videos_are_processed_first(person, video_bytes):
    up = await person.upload(video_bytes)
    assert (up.status, up.json["url"]) == (202, None)
    path = f"/api/v1/media/{up.json['id']}"
    assert (await person.call("GET", path)).status == 206
    assert error(await person.post("early", media_ids=[up.json["id"]]))[0] == 422
    await asyncio.sleep(PROCESSING + 0.05)
    assert (await person.call("GET", path)).status == 200
    still = (await person.upload(picture("PNG", 5, 5))).json["id"]
    assert error(await person.post("both", media_ids=[still, up.json["id"]]))[0] == 422
    assert (await person.post("late", media_ids=[up.json["id"]])).status == 200


@pytest.fixture
def video_bytes() -> bytes:
    return b"\x00\x00\x00\x18ftypmp42" + secrets.token_bytes(500)


async def test_media_that_are_refused(sandbox, person):
    assert error(await person.upload(b"just words"))[0] == 422
    assert error(await person.upload(picture("PNG", 5, 5), description="x" * 1501))[0] == 422
    assert error(await person.call("POST", "/api/v2/media", data=b"raw"))[0] == 422
    theirs = (await person.upload(picture("PNG", 5, 5))).json["id"]
    other = Person(sandbox, await sandbox.sign_up("mastodon"))
    assert (await other.call("GET", f"/api/v1/media/{theirs}")).status == 404
    assert (await other.post("stolen", media_ids=[theirs])).status == 422


# Consent


async def register(sandbox, scopes=ALL):
    form = {"client_name": "Layers", "redirect_uris": CALLBACK, "scopes": scopes}
    return await sandbox.call("POST", "/mastodon/api/v1/apps", data=form)


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


async def consent(sandbox, app, scopes=ALL, **more):
    query = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": CALLBACK}
    query |= {
        "scope": scopes,
        "state": "s&1",
        "code_challenge": challenge("v"),
        "code_challenge_method": "S256",
    }
    path = f"/mastodon/oauth/authorize?{urlencode(query | more)}"
    return await sandbox.call("GET", path, allow_redirects=False)


async def trade(sandbox, app, code, **more):
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": "v", "redirect_uri": CALLBACK}
    form |= {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    return await sandbox.call("POST", "/mastodon/oauth/token", data=form | more)


def returned(reply) -> dict[str, list[str]]:
    assert reply.status == 302
    assert reply.headers["location"].startswith(CALLBACK)
    return parse_qs(urlsplit(reply.headers["location"]).query)


async def test_code_flow(sandbox):
    app = (await register(sandbox)).json
    back = returned(await consent(sandbox, app, auto="mira"))
    assert back["state"] == ["s&1"]
    code = back["code"][0]
    assert error(await trade(sandbox, app, code, code_verifier="w")) == (400, "invalid_grant")
    assert error(await trade(sandbox, app, code, redirect_uri="http://a.test")) == (400, "invalid_grant")
    assert error(await trade(sandbox, app, code, client_secret="no")) == (401, "invalid_client")
    token = await trade(sandbox, app, code)
    assert (token.status, token.json["scope"], token.json["token_type"]) == (200, ALL, "Bearer")
    assert error(await trade(sandbox, app, code)) == (400, "invalid_grant")
    headers = {"authorization": f"Bearer {token.json['access_token']}"}
    me = await sandbox.call("GET", "/mastodon/api/v1/accounts/verify_credentials", headers=headers)
    assert me.json["acct"] == "mira"


async def test_page_of_consent(sandbox):
    app = (await register(sandbox)).json
    page = await consent(sandbox, app)
    assert page.status == 200
    assert "write:media" in page.json
    query = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": CALLBACK, "scope": ALL}
    path = f"/mastodon/oauth/authorize?{urlencode(query)}"
    for form, name in (({"decision": "deny"}, "error"), ({"decision": "allow", "handle": "mira"}, "code")):
        assert name in returned(await sandbox.call("POST", path, data=form, allow_redirects=False))


async def test_scopes_are_enforced(sandbox):
    assert error(await register(sandbox, "profile everything"))[0] == 422
    app = (await register(sandbox, "read write")).json
    assert (await consent(sandbox, app, ALL, auto="mira")).status == 400
    back = returned(await consent(sandbox, app, "read", auto="mira"))
    token = (await trade(sandbox, app, back["code"][0])).json["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    path = "/mastodon/api/v1/accounts/verify_credentials"
    assert (await sandbox.call("GET", path, headers=headers)).status == 200
    refused = await sandbox.call("POST", "/mastodon/api/v1/statuses", json={"status": "x"}, headers=headers)
    assert error(refused) == (403, "This action is outside the authorized scopes")


async def test_apps_and_addresses_must_be_known(sandbox):
    app = (await register(sandbox)).json
    assert (await consent(sandbox, app, client_id="no")).status == 401
    assert (await consent(sandbox, app, client_id="\0")).status == 401
    assert (await consent(sandbox, app, redirect_uri="http://evil.test/")).status == 400
    assert (await consent(sandbox, app, code_challenge_method="plain")).status == 400


# Faults


async def test_answer_lost_after_the_post(person):
    with pytest.raises(aiohttp.ClientError):
        await person.post("hello [fault:lose_answer]", "k")
    assert len(await person.posts()) == 1
    assert (await person.post("hello [fault:lose_answer]", "k")).status == 200
    assert len(await person.posts()) == 1


async def test_throttled_tells_only_the_reset(person):
    reply = await person.post("hello [fault:throttle=30]", "k")
    assert error(reply) == (429, "Too many requests")
    assert "retry-after" not in reply.headers
    assert reply.headers["x-ratelimit-reset"].endswith("Z")
    assert await person.posts() == []
    assert (await person.post("hello [fault:throttle=30]", "k")).status == 200

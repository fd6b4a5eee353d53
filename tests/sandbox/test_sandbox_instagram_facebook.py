"""The Instagram fake behind Facebook Login: consent, Pages and their tokens, and uploads that can be resumed."""

import asyncio
import hashlib
import secrets
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sandbox_server import serving

HOME = "http://localhost:3000/callback"
APP = {"client_id": "app", "client_secret": "s"}
NEEDED = "instagram_basic,instagram_content_publish,pages_show_list,pages_read_engagement"
HEAD = b"\0\0\0\x18ftypmp42"
ALL = 1000


def video(size: int = ALL) -> bytes:
    return (HEAD + secrets.token_bytes(64)).ljust(size, b"v")[:size]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def error(reply) -> tuple[int, int]:
    return reply.status, reply.json["error"]["code"]


def failure(reply) -> tuple[int, str, bool]:
    told = reply.json["debug_info"]
    assert told["message"]
    return reply.status, told["type"], told["retriable"]


class Person:
    """A person on Facebook who consented."""

    def __init__(self, sandbox, handle: str) -> None:
        self.sandbox, self.handle, self.token = sandbox, handle, ""

    async def code(self, scope: str = NEEDED) -> str:
        query = {"client_id": "app", "response_type": "code", "redirect_uri": HOME, "state": "s"}
        query |= {"scope": scope, "auto": self.handle}
        path = f"/instagram/v26.0/dialog/oauth?{urlencode(query)}"
        reply = await self.sandbox.call("GET", path, allow_redirects=False)
        assert reply.status == 302, reply.json
        assert reply.headers["location"].endswith("#_=_")
        return parse_qs(urlsplit(reply.headers["location"]).query)["code"][0]

    async def exchange(self, **query: str):
        return await self.sandbox.call("GET", "/instagram/v26.0/oauth/access_token", params=APP | query)

    async def log_in(self, *, long: bool = True, scope: str = NEEDED) -> "Person":
        reply = await self.exchange(code=await self.code(scope), redirect_uri=HOME)
        self.token = reply.json["access_token"]
        if long:
            reply = await self.exchange(grant_type="fb_exchange_token", fb_exchange_token=self.token)
            self.token = reply.json["access_token"]
        return self

    async def get(self, path: str, **query: str):
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.sandbox.call("GET", f"/instagram/v26.0/{path}", params=query, headers=headers)

    async def pages(self, **query: str) -> list[dict]:
        fields = "id,name,access_token,instagram_business_account"
        return (await self.get("me/accounts", fields=fields, **query)).json["data"]


class Account:
    """An Instagram account as its Page's token speaks for it."""

    def __init__(self, sandbox, token: str, account: str) -> None:
        self.sandbox, self.token, self.id = sandbox, token, account

    async def get(self, path: str, **query: str):
        query = {"access_token": self.token} | query
        return await self.sandbox.call("GET", f"/instagram/v26.0/{path}", params=query)

    async def post(self, path: str, **form: str):
        form = {"access_token": self.token} | form
        return await self.sandbox.call("POST", f"/instagram/v26.0/{path}", data=form)

    async def make(self, **form: str) -> str:
        made = await self.post(
            f"{self.id}/media", **{"media_type": "REELS", "upload_type": "resumable"} | form
        )
        assert made.status == 200, made.json
        assert made.json["uri"].endswith(f"/instagram/ig-api-upload/v26.0/{made.json['id']}")
        return made.json["id"]

    async def send(self, container: str, content: bytes, offset: int = 0, size: int = ALL, **headers: str):
        headers = {
            "Authorization": f"OAuth {self.token}",
            "offset": str(offset),
            "file_size": str(size),
        } | headers
        path = f"/instagram/ig-api-upload/v26.0/{container}"
        return await self.sandbox.call("POST", path, data=content, headers=headers)

    async def transferred(self, container: str) -> int:
        found = (await self.get(container, fields="video_status")).json
        return found["video_status"]["uploading_phase"]["bytes_transferred"]

    async def settled(self, container: str) -> str:
        for _ in range(60):
            code = (await self.get(container, fields="status_code")).json["status_code"]
            if code != "IN_PROGRESS":
                return code
            await asyncio.sleep(0.05)
        raise AssertionError("it never settled")

    async def publish(self, container: str):
        return await self.post(f"{self.id}/media_publish", creation_id=container)


@pytest.fixture
def someone(sandbox):
    """Invite a person whose handle has the given words."""
    return lambda *words: Person(sandbox, ".".join([secrets.token_hex(6), *words]))


async def signed_up(sandbox, *words: str) -> Account:
    who = await sandbox.sign_up("instagram", "facebook", *words)
    return Account(sandbox, who.tokens.secrets["accessToken"], who.external_id)


@pytest.fixture
async def account(sandbox) -> Account:
    return await signed_up(sandbox)


# Consent and tokens ------------------------------------------------------------------------------


async def test_a_person_comes_with_a_page_that_speaks_for_the_account(sandbox, someone):
    person = await someone().log_in()
    [page] = await person.pages()
    account = Account(sandbox, page["access_token"], page["instagram_business_account"]["id"])
    told = (await account.get(account.id, fields="username,media_count")).json
    assert told == {"id": account.id, "username": person.handle, "media_count": 0}
    assert (await account.get(f"{account.id}/content_publishing_limit")).status == 200
    ids = await sandbox.sign_up("instagram")
    assert error(await account.get(ids.external_id)) == (400, 100)


async def test_both_logins_lead_to_the_same_account(sandbox, someone):
    person = await someone().log_in()
    [page] = await person.pages()
    query = {"client_id": "app", "response_type": "code", "redirect_uri": HOME, "auto": person.handle}
    path = f"/instagram/oauth/authorize?{urlencode(query | {'scope': 'instagram_business_basic'})}"
    reply = await sandbox.call("GET", path, allow_redirects=False)
    code = parse_qs(urlsplit(reply.headers["location"]).query)["code"][0]
    form = {**APP, "grant_type": "authorization_code", "redirect_uri": HOME, "code": code}
    token = (await sandbox.call("POST", "/instagram/oauth/access_token", data=form)).json["access_token"]
    query = {"fields": "user_id", "access_token": token}
    me = (await sandbox.call("GET", "/instagram/v26.0/me", params=query)).json
    assert me["user_id"] == page["instagram_business_account"]["id"]


async def test_a_code_works_once_at_its_own_desk(sandbox, someone):
    person = someone()
    code = await person.code()
    form = {**APP, "grant_type": "authorization_code", "redirect_uri": HOME, "code": code}
    elsewhere = await sandbox.call("POST", "/instagram/oauth/access_token", data=form)
    assert (elsewhere.status, elsewhere.json["error_type"]) == (400, "OAuthException")
    wrong = await person.exchange(code=code, redirect_uri=f"{HOME}/other")
    assert error(wrong) == (400, 100)
    assert (await person.exchange(code=code, redirect_uri=HOME)).status == 200
    assert error(await person.exchange(code=code, redirect_uri=HOME)) == (400, 100)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"client_id": ""}, 101),
        ({"client_secret": ""}, 1),
        ({"grant_type": "fb_other"}, 100),
        ({"grant_type": "fb_exchange_token"}, 2500),
        ({"grant_type": "fb_exchange_token", "fb_exchange_token": "EAAno"}, 190),
    ],
)
async def test_what_the_token_endpoint_refuses(someone, query: dict[str, str], code: int):
    assert (await someone().exchange(**query)).json["error"]["code"] == code


async def test_permissions_tell_what_was_granted(someone):
    person = await someone().log_in(scope="instagram_basic,pages_show_list")
    told = (await person.get("me/permissions")).json["data"]
    assert {"permission": "instagram_basic", "status": "granted"} in told
    assert {"permission": "instagram_content_publish", "status": "declined"} in told
    assert error(await person.get("me/accounts")) == (403, 200)


@pytest.mark.parametrize(("long", "unlimited"), [(True, True), (False, False)])
async def test_page_tokens_end_with_the_short_token_they_came_from(sandbox, pool, someone, long, unlimited):
    [page] = await (await someone().log_in(long=long)).pages()
    stored = await pool.fetchval("SELECT data FROM sandbox_records WHERE id = $1", page["access_token"])
    assert ('"expires_at": null' in str(stored) or stored["expires_at"] is None) == unlimited
    if not long:
        await sandbox.age("access_token", page["access_token"], "expires_at", 7300)
        account = Account(sandbox, page["access_token"], page["instagram_business_account"]["id"])
        assert error(await account.get(account.id)) == (400, 190)


async def test_a_persons_token_ends_and_speaks_for_no_account(sandbox, someone):
    person = await someone().log_in()
    [page] = await person.pages()
    account = page["instagram_business_account"]["id"]
    assert error(await person.get(account)) == (400, 190)
    await sandbox.age("facebook_token", person.token, "expires_at", 61 * 86_400)
    assert error(await person.get("me/permissions")) == (400, 190)


@pytest.mark.parametrize(
    ("word", "linked"), [("pageless", []), ("unlinked", [False]), ("agency", [True, False, True])]
)
async def test_words_say_which_pages_there_are(someone, word: str, linked: list[bool]):
    person = await someone(word).log_in()
    pages = await person.pages()
    assert ["instagram_business_account" in page for page in pages] == linked
    assert len({page["id"] for page in pages}) == len(pages)


async def test_pages_come_in_lists(someone):
    person = await someone("agency").log_in()
    first = (await person.get("me/accounts", limit="2")).json
    assert len(first["data"]) == 2
    assert "next" in first["paging"]
    last = (await person.get("me/accounts", limit="2", after=first["paging"]["cursors"]["after"])).json
    assert len(last["data"]) == 1
    assert "next" not in last["paging"]
    assert error(await person.get("me/accounts", limit="0")) == (400, 100)
    assert error(await person.get("me/accounts", fields="id,likes")) == (400, 100)


async def test_a_page_is_nobodys_me_and_knows_no_more_than_it_may(account):
    assert error(await account.get("me")) == (400, 100)
    assert error(await account.get(account.id, fields="user_id")) == (400, 100)


# Uploads -----------------------------------------------------------------------------------------


async def test_a_video_is_uploaded_finished_and_published_once(sandbox, account):
    content = video()
    container = await account.make(caption="pushed", share_to_feed="true")
    assert await account.transferred(container) == 0
    sent = await account.send(container, content)
    assert (sent.status, sent.json) == (200, {"success": True, "message": "Upload successful."})
    assert await account.transferred(container) == ALL
    assert await account.settled(container) == "FINISHED"
    assert (await account.publish(container)).status == 200
    assert error(await account.publish(container)) == (400, 24)
    [item] = await sandbox.posts(account.id)
    assert (item["mode"], item["caption"], item["options"]["shareToFeed"]) == ("reels", "pushed", True)
    assert item["media"] == [
        {"kind": "video", "sizeBytes": ALL, "sha256": sha(content), "parts": [], "kept": False}
    ]


async def test_an_upload_goes_on_from_the_last_byte(sandbox, pool, account):
    content = video()
    container = await account.make()
    part = await account.send(container, content[:300])
    assert failure(part) == (400, "PartialRequestError", True)
    assert await account.transferred(container) == 300
    for wrong in (0, 299, 301):
        assert failure(await account.send(container, content[wrong:], wrong)) == (
            412,
            "OffsetInvalidError",
            True,
        )
    assert error(await account.publish(container)) == (400, 9007)
    async with serving(pool, processing_seconds=0.0) as origin:
        other = Account(type(sandbox)(pool, sandbox.web, origin), account.token, account.id)
        assert (await other.send(container, content[300:], 300)).status == 200
    assert await account.settled(container) == "FINISHED"
    assert (await account.publish(container)).status == 200
    [item] = await sandbox.posts(account.id)
    [medium] = item["media"]
    assert (medium["sizeBytes"], medium["sha256"]) == (ALL, None)
    assert medium["parts"] == [sha(content[:300]), sha(content[300:])]


async def test_two_uploads_at_once_do_not_mix(account):
    container = await account.make()
    replies = await asyncio.gather(*(account.send(container, video()) for _ in range(5)))
    assert [reply.status for reply in replies].count(200) == 1
    assert await account.transferred(container) == ALL


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"Authorization": "OAuth EAAno"}, (400, "NotAuthorizedError", False)),
        ({"Authorization": ""}, (400, "NotAuthorizedError", False)),
        ({"offset": ""}, (400, "ProcessingFailedError", False)),
        ({"file_size": "many"}, (400, "ProcessingFailedError", False)),
        ({"file_size": "999"}, (400, "ProcessingFailedError", False)),
        ({"file_size": str(300 * 1024**2 + 1)}, (400, "ProcessingFailedError", False)),
    ],
)
async def test_what_an_upload_must_say(account, headers: dict[str, str], refused):
    assert failure(await account.send(await account.make(), video(), **headers)) == refused


async def test_an_upload_is_its_owners_alone_and_known_by_oauth(sandbox, account):
    container = await account.make()
    bearer = {"Authorization": f"Bearer {account.token}"}
    assert failure(await account.send(container, video(), **bearer))[1] == "NotAuthorizedError"
    stranger = await signed_up(sandbox)
    assert failure(await stranger.send(container, video()))[1] == "NotAuthorizedError"
    assert failure(await account.send("179", video()))[0] == 404
    assert (await account.send(container, video())).status == 200
    assert failure(await account.send(container, video())) == (400, "ProcessingFailedError", False)


async def test_the_file_size_may_not_change_on_the_way(account):
    container = await account.make()
    await account.send(container, video()[:300])
    assert failure(await account.send(container, b"v" * 600, 300, 900))[1] == "ProcessingFailedError"
    assert await account.transferred(container) == 300


async def test_what_is_no_mp4_fails_when_it_is_processed(account):
    container = await account.make()
    assert (await account.send(container, b"x" * ALL)).status == 200
    assert await account.settled(container) == "ERROR"
    assert "2207026" in (await account.get(container, fields="status")).json["status"]


async def test_a_container_takes_a_url_or_bytes_and_bytes_only_through_a_page(sandbox, account):
    both = {"media_type": "REELS", "upload_type": "resumable", "video_url": "https://m.test/v"}
    assert error(await account.post(f"{account.id}/media", **both)) == (400, 100)
    image = {"upload_type": "resumable"}
    assert error(await account.post(f"{account.id}/media", **image)) == (400, 100)
    other = await sandbox.sign_up("instagram")
    pro = Account(sandbox, other.tokens.secrets["accessToken"], other.external_id)
    wanted = {"media_type": "REELS", "upload_type": "resumable"}
    assert error(await pro.post(f"{pro.id}/media", **wanted)) == (400, 100)


async def test_videos_of_a_carousel_are_uploaded_too(sandbox, account):
    children = []
    for _ in range(2):
        child = await account.make(media_type="VIDEO", is_carousel_item="true")
        assert (await account.send(child, video())).status == 200
        assert await account.settled(child) == "FINISHED"
        children.append(child)
    whole = await account.post(f"{account.id}/media", media_type="CAROUSEL", children=",".join(children))
    assert await account.settled(whole.json["id"]) == "FINISHED"
    assert (await account.publish(whole.json["id"])).status == 200
    [item] = await sandbox.posts(account.id)
    assert [medium["sizeBytes"] for medium in item["media"]] == [ALL, ALL]


async def test_a_flaky_line_stops_half_way_once(sandbox):
    account = await signed_up(sandbox, "flaky")
    container = await account.make()
    content = video()
    assert failure(await account.send(container, content)) == (400, "PartialRequestError", True)
    assert await account.transferred(container) == ALL // 2
    assert (await account.send(container, content[ALL // 2 :], ALL // 2)).status == 200


async def test_faults_strike_uploads(sandbox, account):
    container = await account.make()
    await sandbox.fault("instagram", "POST /ig-api-upload/", "unavailable")
    assert (await account.send(container, video())).status == 503
    assert await account.transferred(container) == 0
    assert (await account.send(container, video())).status == 200

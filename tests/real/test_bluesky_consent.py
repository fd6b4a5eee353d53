"""Does consent on a real server end in an account that publishes, renews its tokens and is reconnected?"""

from dataclasses import replace
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

HOME = "http://localhost/back?mine=1"


class Browser:
    """What a person does on the server's consent page; its cookies are Secure, so they travel by hand here."""

    def __init__(self, session):
        self.session, self.cookies = session, SimpleCookie()

    async def load(self, method, url, headers, **options):
        """Send a request with the cookies so far; keeps new ones."""
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())
        headers = {**headers, "Cookie": cookie}
        async with self.session.request(method, url, headers=headers, allow_redirects=False, **options) as r:
            for header in r.headers.getall("Set-Cookie", ()):
                self.cookies.load(header)
            raw = await r.text()
            return r, await r.json() if r.content_type == "application/json" else raw

    async def decide(self, authorize_url, person, decision="consent", **consent):
        """Sign in and allow or `reject`; returns the address of Layers the person is sent to."""
        page = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "cross-site"}
        answer, raw = await self.load("GET", authorize_url, page)
        assert answer.status == 200, raw
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(authorize_url))
        script = {"sec-fetch-mode": "same-origin", "sec-fetch-site": "same-origin"}
        script |= {
            "Origin": origin,
            "Referer": authorize_url,
            "x-csrf-token": self.cookies["csrf-token"].value,
        }
        api = f"{origin}/@atproto/oauth-provider/~api"
        body = {"locale": "en", "username": person.handle, "password": person.password, "remember": False}
        answer, said = await self.load("POST", f"{api}/sign-in", script, json=body)
        assert answer.status == 200, said
        script["Authorization"] = f"Bearer {said['ephemeralToken']}"
        body = {"did": person.did, **consent} if decision == "consent" else {}
        answer, said = await self.load("POST", f"{api}/{decision}", script, json=body)
        assert answer.status == 200, said
        page |= {"sec-fetch-site": "same-origin", "Referer": authorize_url}
        answer, raw = await self.load("GET", said["url"], page)
        assert answer.status == 303, raw
        return answer.headers["Location"]


@pytest.fixture
async def browser():
    """A browser of somebody's."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Browser(session)


async def ask(client, project, pds, **fields):
    """Return the answer to oauth-url for the server."""
    body = {"platform": "bluesky", "service": pds.origin, "returnUrl": HOME, **fields}
    return await client.post(f"/v1/projects/{project}/social/oauth-url", body)


async def come_back(client, browser, location):
    """Follow the person back to Layers; returns the query they bring home."""
    assert location.startswith(f"{client.origin}/v1/social/oauth/callback/bluesky?")
    answer, _ = await browser.load("GET", location, {})
    assert answer.status == 302
    home = urlsplit(answer.headers["Location"])
    assert f"{home.scheme}://{home.netloc}{home.path}" == "http://localhost/back"
    brought = {name: values[0] for name, values in parse_qs(home.query).items()}
    assert brought.pop("mine") == "1"
    return brought


async def status(client, state):
    """Return how an authorization stands."""
    return (await client.get(f"/v1/social/oauth-status/{state}")).json


async def connect(client, project, pds, person, browser):
    """Connect somebody by consent; returns the account's id."""
    asked = await ask(client, project, pds)
    assert asked.status == 200, asked.raw
    brought = await come_back(client, browser, await browser.decide(asked["authorizeUrl"], person))
    assert brought == {"layers_state": asked["state"], "status": "success"}
    ended = await status(client, asked["state"])
    assert ended["status"] == "completed"
    return ended["socialAccountId"]


async def by_consent(channel, browser):
    """Return the person's channel in another project, connected by consent there."""
    project = await channel.client.project()
    account = await connect(channel.client, project, channel.pds, channel.person, browser)
    return replace(channel, project=project, account=account)


@pytest.fixture
async def consented(channel, browser):
    """A channel whose account was connected by consent."""
    return await by_consent(channel, browser)


class Safe:
    """The sealed secrets of a channel's account."""

    def __init__(self, channel, pool, vault):
        self.pool, self.vault, self.account = pool, vault, channel.account

    async def read(self):
        """Open them."""
        query = "SELECT sealed_secrets FROM social_accounts WHERE id = $1"
        return self.vault.unseal(await self.pool.fetchval(query, self.account), self.account)

    async def change(self, **secrets):
        """Replace some."""
        sealed = self.vault.seal({**await self.read(), **secrets}, self.account)
        await self.pool.execute(
            "UPDATE social_accounts SET sealed_secrets = $2 WHERE id = $1", self.account, sealed
        )


@pytest.fixture
def safe(consented, pool, shared):
    """The safe of the consented account."""
    return Safe(consented, pool, shared.vault)


async def account_of(channel):
    """Return the account as the API shows it."""
    accounts = await channel.client.get(f"/v1/projects/{channel.project}/social-accounts")
    return next(a for a in accounts["items"] if a["socialAccountId"] == channel.account)


# Consent and what comes of it


async def test_consent_publish_one_record(consented, safe, worker):
    account = await account_of(consented)
    assert (account["status"], account["handle"]) == ("connected", consented.person.handle)
    secrets = await safe.read()
    assert secrets["did"] == consented.person.did
    assert secrets["service"] == secrets["issuer"] == f"http://localhost:{consented.pds.port}"
    assert secrets.keys() >= {"accessJwt", "refreshJwt", "dpopKey", "tokenEndpoint", "clientId"}
    record = await consented.only_record(await consented.publish_text("by consent"))
    assert record["text"] == "by consent"


async def test_images_and_a_comment(consented, worker, pictures):
    client = consented.client
    up = await client.upload(consented.project, *pictures, caption="three", firstComment="and a word")
    seen = await consented.done(await consented.publish(up["id"]))
    records = await consented.pds.records(consented.person.did)
    assert [record["text"] for record in records.values()] == ["three", "and a word"]
    assert len(records[seen["externalId"]]["embed"]["images"]) == 3


@pytest.fixture
async def detour(channel, shared, proxy, browser):
    """A channel by consent whose server the operator reaches by an address of their own."""
    shared.settings.platforms["BLUESKY_BASE_URL"] = proxy.origin
    return await by_consent(channel, browser)


async def test_first_request_is_refused_for_its_nonce_and_executed_once(detour, proxy, worker):
    """A fresh process has no nonce yet; from then on it uses the last one it was given."""
    for number in range(3):
        await detour.done(await detour.publish_text(f"number {number}"))
    puts = [passage.status for passage in proxy.passages if "putRecord" in passage.path]
    assert puts == [401, 200, 200, 200]
    records = await detour.pds.records(detour.person.did)
    assert [record["text"] for record in records.values()] == [f"number {number}" for number in range(3)]


@pytest.mark.parametrize("after", [0, 1])
async def test_lost_answer_to_the_post(detour, proxy, worker, after):
    """Whether the refusal for the nonce or the answer itself is lost: the post is there once."""
    proxy.fail("lost", "putRecord", after=after, times=1)
    post = await detour.publish_text("once")
    await detour.only_record(post)
    assert proxy.count("putRecord", "lost") == 1
    steps = await detour.steps(post)
    assert steps.index("in_doubt") < steps.index("repeated") < steps.index("published")


# Tokens and their ends


async def test_bad_token_is_renewed(consented, safe, worker):
    before = await safe.read()
    await safe.change(accessJwt=before["accessJwt"][:-6] + "AAAAAA")
    post = await consented.publish_text("with a fresh token")
    await consented.only_record(post)
    assert "token_refreshed" in await consented.steps(post)
    after = await safe.read()
    assert after["refreshJwt"] != before["refreshJwt"]
    assert after["accessJwt"] != before["accessJwt"]
    assert {k: v for k, v in after.items() if not k.endswith("Jwt")} == {
        k: v for k, v in before.items() if not k.endswith("Jwt")
    }


async def test_replayed_refresh_token_then_reconnect(consented, safe, pds, worker, browser):
    """A renewal whose answer was lost: the server sees the old token again and ends the session."""
    old = await safe.read()
    await safe.change(accessJwt="rubbish")
    await consented.only_record(await consented.publish_text("before"))
    await safe.change(accessJwt="rubbish", refreshJwt=old["refreshJwt"])
    post = await consented.publish_text("after")
    waiting = await consented.until(post, lambda seen: seen["lastError"] is not None)
    error = waiting["lastError"]
    assert (waiting["status"], error["code"], error["platformCode"]) == (
        "queued",
        "CREDENTIAL_INVALID",
        "invalid_grant",
    )
    assert (await account_of(consented))["status"] == "reauth_required"
    assert len(await pds.records(consented.person.did)) == 1

    body = {"socialAccountId": consented.account, "returnUrl": HOME}
    path = f"/v1/projects/{consented.project}/social/reauth-url"
    asked = await consented.client.made(path, body, status=200)
    location = await browser.decide(asked["authorizeUrl"], consented.person)
    assert (await come_back(consented.client, browser, location))["status"] == "success"
    assert (await status(consented.client, asked["state"]))["socialAccountId"] == consented.account
    await consented.done(post)
    texts = [record["text"] for record in (await pds.records(consented.person.did)).values()]
    assert texts == ["before", "after"]


async def test_another_account_cannot_take_the_place(consented, pds, browser):
    body = {"socialAccountId": consented.account, "returnUrl": HOME}
    path = f"/v1/projects/{consented.project}/social/reauth-url"
    asked = await consented.client.made(path, body, status=200)
    location = await browser.decide(asked["authorizeUrl"], await pds.sign_up("eve"))
    brought = await come_back(consented.client, browser, location)
    assert brought == {"layers_state": asked["state"], "layers_oauth_error": "account_mismatch"}
    assert (await account_of(consented))["handle"] == consented.person.handle


async def test_app_password_account_moves_to_consent(channel, browser, pool, shared, worker):
    body = {"socialAccountId": channel.account, "returnUrl": HOME}
    asked = await channel.client.made(f"/v1/projects/{channel.project}/social/reauth-url", body, status=200)
    location = await browser.decide(asked["authorizeUrl"], channel.person)
    assert (await come_back(channel.client, browser, location))["status"] == "success"
    secrets = await Safe(channel, pool, shared.vault).read()
    assert "dpopKey" in secrets
    assert "password" not in secrets
    await channel.only_record(await channel.publish_text())


# What is refused


async def test_denied(live, pds, browser):
    asked = await ask(live, await live.project(), pds)
    location = await browser.decide(asked["authorizeUrl"], await pds.sign_up(), "reject")
    brought = await come_back(live, browser, location)
    assert brought == {"layers_state": asked["state"], "layers_oauth_error": "oauth_denied"}
    ended = await status(live, asked["state"])
    assert (ended["status"], ended["error"]["code"]) == ("failed", "oauth_denied")


async def test_consent_without_posting_is_not_enough(live, pds, browser):
    asked = await ask(live, await live.project(), pds)
    location = await browser.decide(asked["authorizeUrl"], await pds.sign_up(), scope="atproto")
    brought = await come_back(live, browser, location)
    assert brought["layers_oauth_error"] == "oauth_scopes"


async def test_answer_of_another_issuer(live, pds, browser):
    asked = await ask(live, await live.project(), pds)
    location = await browser.decide(asked["authorizeUrl"], await pds.sign_up())
    forged = location.replace(f"localhost%3A{pds.port}", "evil.example")
    assert forged != location
    assert (await come_back(live, browser, forged))["layers_oauth_error"] == "oauth_failed"


async def test_state_is_used_once(live, pds, browser):
    project, person = await live.project(), await pds.sign_up()
    asked = await ask(live, project, pds)
    location = await browser.decide(asked["authorizeUrl"], person)
    assert (await come_back(live, browser, location))["status"] == "success"
    again = await live.get(location.removeprefix(live.origin), allow_redirects=False)
    assert (again.status, again.code) == (404, "NOT_FOUND")
    assert (await status(live, asked["state"]))["status"] == "completed"


async def test_state_belongs_to_its_key(live, join, pds):
    asked = await ask(live, await live.project(), pds)
    other = await join("Other", "live")
    answer = await other.get(f"/v1/social/oauth-status/{asked['state']}")
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert (await status(live, asked["state"]))["status"] == "pending"


async def test_return_host_must_be_allowed(live, pds):
    answer = await ask(live, await live.project(), pds, returnUrl="https://elsewhere.example/back")
    assert (answer.status, answer.code) == (403, "RETURN_URL_NOT_ALLOWED")


@pytest.mark.parametrize("way", ["nobody there", "no such server", "not a web address"])
async def test_wrong_server(live, pds, proxy, way):
    wrong = {
        "nobody there": proxy.origin,
        "no such server": f"http://127.0.0.1:{pds.plc_port}",
        "not a web address": "ftp://bsky.social",
    }
    proxy.fail("refused", ".")
    answer = await ask(live, await live.project(), pds, service=wrong[way])
    assert answer.status == 422
    assert {path for path, _ in answer.issues} == {"service"}


async def test_test_keys_are_told_of_the_credential(client, pds):
    answer = await ask(client, await client.project(), pds)
    assert (answer.status, answer.issues) == (422, {("platform", "not_in_sandbox")})
    assert '{"handle"' in answer.details["issues"][0]["message"]


async def test_server_only_where_there_are_many(live, pds):
    answer = await ask(live, await live.project(), pds, platform="tiktok")
    assert answer.issues == {("service", "invalid_value")}


async def test_client_metadata_is_open(live):
    path = "/v1/social/oauth/client-metadata/bluesky"
    answer = await live.get(path, headers={"Authorization": ""})
    assert answer.status == 200
    assert answer["client_id"] == live.origin + path
    assert answer["redirect_uris"] == [f"{live.origin}/v1/social/oauth/callback/bluesky"]
    assert (await live.get("/v1/social/oauth/client-metadata/nothing")).status == 404

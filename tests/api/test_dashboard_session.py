"""Signing in to the dashboard: a cookie speaks for a key, as long as the key is good, and for our own pages alone."""

import asyncio
from datetime import datetime, timedelta

import pytest
from arrange import ahead

from layers.access import sessions
from layers.access.keys import REVIEWER
from layers.dashboard import commands
from layers.kit.times import utc_now

SESSION = "/dashboard/session"
MARK = {"X-Layers-Session": "1"}
OWN = "http://layers.test"


class Browser:
    """A client that has no key, only cookies, and says what browsers say."""

    def __init__(self, client) -> None:
        self.client, self.cookie = client, ""

    async def call(self, method: str, path: str, json=None, **options):
        headers = {"Authorization": "", **MARK} | options.pop("headers", {})
        headers |= {"Cookie": f"other=1; {self.cookie}"} if self.cookie else {}
        headers = {name: value for name, value in headers.items() if value}
        key, self.client.key = self.client.key, ""
        try:
            answer = await self.client.call(method, path, json, headers=headers, **options)
        finally:
            self.client.key = key
        if set_cookie := answer.headers.get("set-cookie"):
            self.cookie = set_cookie.partition(";")[0]
        return answer

    async def sign_in(self, **by: str):
        return await self.call("POST", SESSION, by)


@pytest.fixture
def browser(client) -> Browser:
    return Browser(client)


async def link_for(pool, client, role="reviewer", environment="test"):
    async with pool.acquire() as tx, tx.transaction():
        return await commands.make_link(tx, client.organization_id, environment, role, [], "cli:test")


async def test_a_key_signs_in_and_its_cookie_speaks_for_it(client, browser) -> None:
    assert (await browser.call("GET", SESSION)).code == "UNAUTHENTICATED"
    answer = await browser.sign_in(key=client.key)
    assert answer.status == 200
    assert (answer["apiKeyId"], answer["scopes"]) == (client.api_key_id, ["*"])
    life = datetime.fromisoformat(answer["endsAt"]) - utc_now()
    assert timedelta(days=6) < life <= timedelta(days=7)
    assert answer.headers["set-cookie"].endswith("; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict")
    assert (await browser.call("GET", SESSION)).json == answer.json
    assert (await browser.call("GET", "/v1/whoami"))["apiKeyId"] == client.api_key_id
    made = await browser.call("POST", "/v1/projects", {"name": "By hand", "timezone": "Europe/Rome"})
    assert made.status == 201
    audit = await client.get("/v1/audit-log?eventType=project.created,dashboard.signed_in")
    assert {(e["eventType"], e["apiKeyId"]) for e in audit["items"]} == {
        ("project.created", client.api_key_id),
        ("dashboard.signed_in", client.api_key_id),
    }


async def test_a_link_signs_in_once_with_the_scopes_of_its_role(client, browser, pool) -> None:
    link = await link_for(pool, client)
    answer = await browser.sign_in(link=link.token)
    assert (answer.status, answer["apiKeyId"]) == (200, link.api_key_id)
    assert answer["scopes"] == sorted(REVIEWER)
    again = await Browser(client).sign_in(link=link.token)
    assert (again.status, again.code) == (401, "UNAUTHENTICATED")
    refused = await browser.call("POST", "/v1/projects", {"name": "No", "timezone": "Europe/Rome"})
    assert (refused.code, refused.details) == ("FORBIDDEN_SCOPE", {"requiredScope": "projects:write"})
    assert (await browser.call("GET", "/v1/projects")).status == 200
    listed = await client.get("/v1/api-keys")
    assert [key["name"] for key in listed["items"] if key["apiKeyId"] == link.api_key_id] == [
        "Dashboard, reviewer"
    ]


async def test_a_link_is_good_for_fifteen_minutes(client, browser, pool) -> None:
    link = await link_for(pool, client)
    assert timedelta(minutes=14) < link.expires_at - utc_now() <= timedelta(minutes=15)
    await pool.execute("UPDATE dashboard_links SET expires_at = now() WHERE api_key_id = $1", link.api_key_id)
    assert (await browser.sign_in(link=link.token)).status == 401


async def test_of_many_who_follow_a_link_one_gets_in(client, pool) -> None:
    link = await link_for(pool, client)
    answers = await asyncio.gather(*(Browser(client).sign_in(link=link.token) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401, 401]


async def test_only_hashes_of_tokens_are_stored(client, browser, pool) -> None:
    link = await link_for(pool, client)
    await browser.sign_in(key=client.key)
    token = browser.cookie.partition("=")[2]
    kept = await pool.fetch(
        "SELECT token_hash FROM dashboard_sessions UNION SELECT token_hash FROM dashboard_links"
    )
    hashes = {row["token_hash"] for row in kept}
    assert {sessions.hash_token(token), sessions.hash_token(link.token)} <= hashes
    assert not {token.encode(), link.token.encode()} & hashes


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE api_keys SET killed_at = now() WHERE id = $1",
        "UPDATE api_keys SET retired_at = now() WHERE id = $1",
        "UPDATE api_keys SET expires_at = now() WHERE id = $1",
        "UPDATE organizations SET killed_at = now() WHERE id = (SELECT organization_id FROM api_keys WHERE id = $1)",
        "UPDATE dashboard_sessions SET seen_at = now() - interval '12 hours' WHERE api_key_id = $1",
        "UPDATE dashboard_sessions SET created_at = now() - interval '7 days' WHERE api_key_id = $1",
    ],
    ids=["killed", "deleted", "expired", "organization killed", "idle", "old"],
)
async def test_a_session_ends_at_once(client, browser, pool, end: str) -> None:
    await browser.sign_in(key=client.key)
    assert (await browser.call("GET", "/v1/whoami")).status == 200
    await pool.execute(end, client.api_key_id)
    for path in ("/v1/whoami", SESSION):
        assert (await browser.call("GET", path)).code == "UNAUTHENTICATED"


async def test_rotating_the_key_ends_its_sessions(client, browser) -> None:
    await browser.sign_in(key=client.key)
    rotated = await client.post(f"/v1/api-keys/{client.api_key_id}/rotate")
    assert (await browser.call("GET", "/v1/whoami")).status == 401
    assert (await browser.sign_in(key=client.key)).status == 401
    assert (await browser.sign_in(key=rotated["key"])).status == 200


async def test_signing_out_ends_the_session_for_good(client, browser) -> None:
    await browser.sign_in(key=client.key)
    cookie = browser.cookie
    answer = await browser.call("DELETE", SESSION)
    assert (answer.status, answer.raw) == (204, b"")
    assert answer.headers["set-cookie"].startswith("layers_session=; Path=/; Max-Age=0;")
    browser.cookie = cookie
    assert (await browser.call("GET", "/v1/whoami")).status == 401
    assert (await browser.call("DELETE", SESSION)).status == 401


async def test_signing_in_anew_ends_the_session_before(client, browser) -> None:
    await browser.sign_in(key=client.key)
    before = browser.cookie
    await browser.sign_in(key=client.key)
    assert browser.cookie != before
    browser.cookie = before
    assert (await browser.call("GET", "/v1/whoami")).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Layers-Session": ""},
        {"X-Layers-Session": "0"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": OWN},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
async def test_what_other_sites_could_send_is_refused(client, browser, headers: dict[str, str]) -> None:
    assert (
        await browser.call("POST", SESSION, {"key": client.key}, headers=headers)
    ).code == "FORBIDDEN_ORIGIN"
    await browser.sign_in(key=client.key)
    body = {"name": "Forged", "timezone": "Europe/Rome"}
    for method, path in (("POST", "/v1/projects"), ("DELETE", SESSION), ("PATCH", "/v1/projects/prj_1")):
        refused = await browser.call(method, path, body if method == "POST" else {}, headers=headers)
        assert (refused.status, refused.code) == (403, "FORBIDDEN_ORIGIN"), path
    assert (await browser.call("GET", "/v1/projects", headers=headers))["items"] == []


async def test_our_own_pages_may(client, browser) -> None:
    await browser.sign_in(key=client.key)
    for headers in (
        {"Origin": OWN},
        {"Origin": client.origin},
        {"Sec-Fetch-Site": "same-origin", "Origin": "x"},
    ):
        body = {"name": "Own", "timezone": "Europe/Rome"}
        assert (await browser.call("POST", "/v1/projects", body, headers=headers)).status == 201


async def test_a_key_in_a_header_wins_over_the_cookie(client, browser, join) -> None:
    await browser.sign_in(key=client.key)
    other = await join("Another organisation")
    headers = {"Cookie": browser.cookie, "X-Layers-Session": "1"}
    assert (await other.get("/v1/whoami", headers=headers))["organizationId"] == other.organization_id
    for wrong in (
        {"Authorization": "Bearer lp_nonsense"},
        {"X-Api-Key": "x"},
        {"Authorization": "Basic eDp5"},
    ):
        assert (await browser.call("GET", "/v1/whoami", headers=wrong)).status == 401


async def test_idempotency_holds_for_a_session_as_for_its_key(client, browser) -> None:
    await browser.sign_in(key=client.key)
    body = {"name": "Once", "timezone": "Europe/Rome"}
    first = await browser.call("POST", "/v1/projects", body, idempotency_key="the-same")
    again = await client.post("/v1/projects", body, idempotency_key="the-same")
    assert (again.status, again.json) == (first.status, first.json)
    assert again.headers["idempotent-replayed"] == "true"


async def test_consent_may_return_to_the_dashboard(browser, join) -> None:
    live = await join("Live", "live")
    project = await live.project()
    await Browser.sign_in(browser, key=live.key)
    body = {"platform": "bluesky", "returnUrl": "http://elsewhere.test/dashboard/accounts"}
    path = f"/v1/projects/{project}/social/oauth-url"
    assert (await browser.call("POST", path, body)).code == "RETURN_URL_NOT_ALLOWED"
    body["returnUrl"] = f"{OWN}/dashboard/accounts"
    assert (await browser.call("POST", path, body)).code != "RETURN_URL_NOT_ALLOWED"
    assert (await live.post(path, body)).code == "RETURN_URL_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("body", "path"),
    [({}, "$"), ({"key": "a", "link": "b"}, "$"), ({"key": ""}, "key"), ({"name": "x"}, "name"), ([], "$")],
    ids=str,
)
async def test_a_sign_in_says_what_it_takes(browser, body, path: str) -> None:
    answer = await browser.call("POST", SESSION, body)
    assert answer.status == 422
    assert path in {issue["path"] for issue in answer.details["issues"]}


async def test_a_killed_key_is_told_so_when_it_signs_in(client, browser, pool) -> None:
    await pool.execute("UPDATE api_keys SET killed_at = now() WHERE id = $1", client.api_key_id)
    assert (await browser.sign_in(key=client.key)).code == "KILL_SWITCH"


async def test_guessing_is_bounded(shared) -> None:
    attempts, now = commands.Attempts(), utc_now().replace(second=15)
    for _ in range(commands.WRONG_A_MINUTE):
        attempts.refuse_many("2001:db8::1", now)
        attempts.note_failed("2001:db8::2")
    with pytest.raises(commands.errors.RateLimited) as refused:
        attempts.refuse_many("2001:db8::3", now)
    assert refused.value.headers["Retry-After"] == "45"
    attempts.refuse_many("2001:db8:0:1::1", now)
    attempts.refuse_many("2001:db8::3", now + timedelta(minutes=1))
    for number in range(commands.ADDRESSES + 5):
        attempts.note_failed(f"host {number}")
    assert len(attempts.failed) == commands.ADDRESSES


async def test_over_the_bound_a_sign_in_is_429(client, browser, shared, monkeypatch) -> None:
    monkeypatch.setattr(commands, "WRONG_A_MINUTE", 2)
    while (answer := await browser.sign_in(link="guessed")).status == 401:
        pass
    assert (answer.status, answer.code) == (429, "RATE_LIMITED")
    assert (await browser.sign_in(key=client.key)).status == 429


async def test_what_is_over_is_forgotten_and_its_key_retired(client, browser, pool) -> None:
    unused, used = await link_for(pool, client), await link_for(pool, client, "owner")
    await browser.sign_in(link=used.token)
    await commands.tidy(pool)
    keys = {key["apiKeyId"] for key in (await client.get("/v1/api-keys"))["items"]}
    assert {unused.api_key_id, used.api_key_id} < keys
    await pool.execute(
        "UPDATE dashboard_links SET expires_at = now() WHERE api_key_id = $1", unused.api_key_id
    )
    await browser.call("DELETE", SESSION)
    await commands.tidy(pool)
    keys = {key["apiKeyId"] for key in (await client.get("/v1/api-keys"))["items"]}
    assert not {unused.api_key_id, used.api_key_id} & keys
    assert client.api_key_id in keys
    told = await client.get(f"/v1/audit-log?eventType=api_key.deleted&since={ahead(minutes=-1)}")
    assert {event["data"]["apiKeyId"] for event in told["items"]} == {unused.api_key_id, used.api_key_id}


def test_over_tls_the_cookie_is_of_this_host_alone() -> None:
    made = sessions.cookie("https://layers.example.com", "t")
    assert made == "__Host-layers_session=t; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict; Secure"

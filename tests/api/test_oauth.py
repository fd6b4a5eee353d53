"""Connecting by consent, all the way through the sandbox's consent pages, with a browser's redirects."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from arrange import moment

from layers.access.commands import create_first_key
from layers.app import Shared, create_app, share
from layers.doctor import examine
from layers.loopback import loopback_server
from layers.settings import Settings

HOME = "http://localhost:3000/done"
PLATFORMS = ["tiktok", "instagram", "mastodon"]


@pytest.fixture(scope="module")
def shared(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """An installation that shows the sandbox's pages at the address it knows itself by, and no private network."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return share(Settings(data_dir=tmp_path_factory.mktemp("data"), port=port), database_url)


@pytest.fixture(scope="module")
async def origin(shared: Shared) -> AsyncIterator[str]:
    """The API, served where `shared` says."""
    async with loopback_server(create_app(shared), shared.settings.port, lifespan=True) as where:
        yield where


async def begin(client, project: str, platform: str = "tiktok", back: str = HOME, **fields: object):
    body = {"platform": platform, "returnUrl": back, **fields}
    return await client.post(f"/v1/projects/{project}/social/oauth-url", body)


async def follow(client, url: str, method: str = "GET", **options: object) -> str:
    """Ask for a page as a browser does, without a key; returns where it sends one."""
    async with client.session.request(method, url, allow_redirects=False, **options) as answer:
        assert answer.status == 302, await answer.text()
        return answer.headers["Location"]


async def consent(client, begun, handle: str = "ann.test") -> str:
    """Allow all as `handle`; returns the callback's address with what the platform gave."""
    return await follow(client, f"{begun['authorizeUrl']}&{urlencode({'auto': handle})}")


async def deny(client, begun) -> str:
    form = [("handle", "ann.test"), ("decision", "deny")]
    return await follow(client, begun["authorizeUrl"], "POST", data=form)


async def connected(client, project: str, platform: str = "tiktok", handle: str = "ann.test") -> str:
    """Connect an account by consent; returns its id."""
    begun = await begin(client, project, platform)
    await follow(client, await consent(client, begun, handle))
    return (await status(client, begun))["socialAccountId"]


async def status(client, begun):
    return await client.get(f"/v1/social/oauth-status/{begun['state']}")


async def listed(client, project: str) -> list[dict[str, object]]:
    return (await client.get(f"/v1/projects/{project}/social-accounts"))["items"]


def query_of(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


async def status_of(client, url: str) -> int:
    async with client.session.get(url, allow_redirects=False) as answer:
        return answer.status


# All the way -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_consent_connects_an_account(client, shared, pool, platform: str) -> None:
    project = await client.project()
    begun = await begin(client, project, platform, f"{HOME}?tab=2")
    assert begun.status == 200, begun.raw
    assert begun.json.keys() == {"authorizeUrl", "state", "expiresAt"}
    assert begun["authorizeUrl"].startswith(f"{shared.settings.public_origin}/sandbox/{platform}/")
    assert query_of(begun["authorizeUrl"])["state"] == begun["state"]
    moment(begun["expiresAt"])
    pending = {"state": begun["state"], "status": "pending", "expiresAt": begun["expiresAt"]}
    assert (await status(client, begun)).json == pending
    callback = await consent(client, begun)
    assert callback.startswith(f"{client.origin}/v1/social/oauth/callback/{platform}?")
    back = await follow(client, callback)
    assert back.partition("?")[0] == HOME
    assert query_of(back) == {"tab": "2", "layers_state": begun["state"], "status": "success"}
    ended = await status(client, begun)
    [account] = await listed(client, project)
    assert ended["status"] == "completed"
    assert ended["socialAccountId"] == account["socialAccountId"]
    assert ended["socialAccountIds"] == [account["socialAccountId"]]
    assert (account["platform"], account["status"]) == (platform, "connected")
    kinds = await pool.fetch("SELECT type FROM events WHERE subject_id = $1", account["socialAccountId"])
    assert [row["type"] for row in kinds] == ["social_account.connected"]


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_consent_and_handle_lead_to_the_same_account(client, platform: str) -> None:
    project = await client.project()
    by_handle = await client.account(project, platform, "ann.test")
    assert await connected(client, project, platform) == by_handle
    [account] = await listed(client, project)
    assert account["status"] == "connected"


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_who_says_no_comes_back_with_the_reason(client, platform: str) -> None:
    project = await client.project()
    begun = await begin(client, project, platform)
    back = await follow(client, await deny(client, begun))
    assert query_of(back) == {"layers_state": begun["state"], "layers_oauth_error": "oauth_denied"}
    ended = await status(client, begun)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "oauth_denied")
    assert ended["error"]["message"]
    assert "socialAccountId" not in ended.json
    assert await listed(client, project) == []


async def test_connecting_again_refreshes_the_account(client, pool) -> None:
    project = await client.project()
    account = await connected(client, project)
    look = "SELECT sealed_secrets, token_refreshed_at FROM social_accounts WHERE id = $1"
    before = await pool.fetchrow(look, account)
    await pool.execute("UPDATE social_accounts SET status = 'reauth_required' WHERE id = $1", account)
    assert await connected(client, project) == account
    after = await pool.fetchrow(look, account)
    assert after["sealed_secrets"] != before["sealed_secrets"]
    assert after["token_refreshed_at"] > before["token_refreshed_at"]
    assert [found["status"] for found in await listed(client, project)] == ["connected"]


async def test_posts_that_waited_for_the_reconnect_go_out(client, pool) -> None:
    project = await client.project()
    account = await client.account(project, "mastodon", "ann.test")
    posts = []
    for caption in ("waits", "is tried later"):
        answer = await client.publish(await client.text(project, caption), account)
        assert answer.status == 200, answer.raw
        posts.append(answer["scheduledPostIds"][0])
    hold = (
        "UPDATE scheduled_posts SET due_at = now() + interval '1 day', next_attempt_at = now() + interval '1 day',"
        " last_error = $2 WHERE id = $1"
    )
    error = {"message": "x", "retryable": True, "at": "2026-11-01T00:00:00Z"}
    await pool.execute(hold, posts[0], {"code": "CREDENTIAL_INVALID", **error})
    await pool.execute(hold, posts[1], {"code": "PLATFORM_UNAVAILABLE", **error})
    await connected(client, project, "mastodon")
    soon = "SELECT due_at <= now() FROM scheduled_posts WHERE id = $1"
    assert [await pool.fetchval(soon, post) for post in posts] == [True, False]
    data = await pool.fetchval(
        "SELECT data FROM events WHERE subject_id = $1 ORDER BY position DESC LIMIT 1", account
    )
    assert data["releasedScheduledPosts"] == 1
    stories = [(await client.get(f"/v1/scheduled-posts/{post}/events"))["items"] for post in posts]
    assert [story[-1]["type"] for story in stories] == ["reconnected", "scheduled"]


async def test_a_project_archived_meanwhile_gets_no_account(client) -> None:
    project = await client.project()
    begun = await begin(client, project)
    callback = await consent(client, begun)
    await client.delete(f"/v1/projects/{project}")
    back = query_of(await follow(client, callback))
    assert back == {"layers_state": begun["state"], "layers_oauth_error": "conflict"}
    assert await listed(client, project) == []


# States ----------------------------------------------------------------------------------------------------------


async def test_a_state_works_once_even_when_followed_at_the_same_time(client) -> None:
    project = await client.project()
    callback = await consent(client, await begin(client, project))
    statuses = await asyncio.gather(*(status_of(client, callback) for _ in range(5)))
    assert sorted(statuses) == [302, 404, 404, 404, 404]
    assert await status_of(client, callback) == 404
    assert len(await listed(client, project)) == 1


async def test_an_expired_state_is_refused_and_shown_as_failed(client, pool) -> None:
    project = await client.project()
    begun = await begin(client, project)
    callback = await consent(client, begun)
    await pool.execute(
        "UPDATE oauth_states SET expires_at = now() - interval '1 second' WHERE id = $1", begun["state"]
    )
    assert await status_of(client, callback) == 404
    ended = await status(client, begun)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "expired")
    assert await listed(client, project) == []


async def test_a_state_lives_ten_minutes(client, pool) -> None:
    begun = await begin(client, await client.project())
    left = await pool.fetchval("SELECT expires_at - now() FROM oauth_states WHERE id = $1", begun["state"])
    assert timedelta(minutes=9, seconds=30) < left <= timedelta(minutes=10)


async def test_a_state_of_another_platform_is_refused_and_not_used_up(client) -> None:
    callback = await consent(client, await begin(client, await client.project(), "tiktok"))
    assert await status_of(client, callback.replace("callback/tiktok", "callback/instagram")) == 404
    assert await status_of(client, callback.replace("callback/tiktok", "callback/nowhere")) == 404
    assert await status_of(client, callback) == 302


@pytest.mark.parametrize("query", ["", "?state=", "?state=st_unknown&code=1", "?state=%00&code=1"])
async def test_a_state_that_was_never_made_is_refused(client, query: str) -> None:
    assert await status_of(client, f"{client.origin}/v1/social/oauth/callback/tiktok{query}") == 404


async def test_a_state_belongs_to_its_key_alone(client, join, request) -> None:
    begun = await begin(client, await client.project())
    sibling = await join(request.node.nodeid)  # of the same organisation
    assert sibling.organization_id == client.organization_id
    assert (await status(sibling, begun)).status == 404
    assert (await status(await join(f"not {request.node.nodeid}"), begun)).status == 404
    assert (await status(client, begun)).status == 200


async def test_a_wrong_code_fails_the_state(client) -> None:
    begun = await begin(client, await client.project())
    callback = f"{client.origin}/v1/social/oauth/callback/tiktok?state={begun['state']}&code=made-up"
    assert query_of(await follow(client, callback))["layers_oauth_error"] == "oauth_failed"
    assert (await status(client, begun))["error"]["code"] == "oauth_failed"


async def test_the_callback_tells_the_next_page_nothing_of_the_code(client) -> None:
    callback = await consent(client, await begin(client, await client.project()))
    async with client.session.get(callback, allow_redirects=False) as answer:
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "code=" not in answer.headers["Location"]


async def test_nothing_secret_of_a_state_is_stored_in_the_clear(client, pool) -> None:
    begun = await begin(client, await client.project(), "mastodon")
    row = await pool.fetchrow("SELECT * FROM oauth_states WHERE id = $1", begun["state"])
    assert b"clientSecret" not in row["sealed_session"]
    assert b"code_verifier" not in row["sealed_session"]


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_consent_leads_home_alone(client, platform: str) -> None:
    begun = await begin(client, await client.project(), platform)
    ours = query_of(begun["authorizeUrl"])["redirect_uri"]
    for other in ("https://evil.example/", HOME, f"{ours}x", ours.replace(platform, "nowhere")):
        parts = urlsplit(begun["authorizeUrl"])
        query = urlencode(query_of(begun["authorizeUrl"]) | {"redirect_uri": other, "auto": "ann"})
        async with client.session.get(parts._replace(query=query).geturl(), allow_redirects=False) as answer:
            assert (answer.status, "Location" in answer.headers) == (400, False), other


async def test_consent_is_given_for_an_authorization_that_waits_alone(client, pool) -> None:
    begun = await begin(client, await client.project())
    await follow(client, await consent(client, begun))
    used = begun["authorizeUrl"]
    made_up = used.replace(begun["state"], "st_made_up")
    late = await begin(client, await client.project())
    await pool.execute(
        "UPDATE oauth_states SET expires_at = now() - interval '1 second' WHERE id = $1", late["state"]
    )
    for url in (used, made_up, late["authorizeUrl"]):
        async with client.session.get(url, allow_redirects=False) as answer:
            assert answer.status == 400
            assert "was used already, has expired, or was never made" in await answer.text()


async def test_a_person_with_a_dead_link_reads_words(client) -> None:
    url = f"{client.origin}/v1/social/oauth/callback/tiktok?state=st_1&code=<script>"
    async with client.session.get(url, headers={"Accept": "text/html,*/*;q=0.8"}) as answer:
        page = await answer.text()
        assert (answer.status, answer.content_type) == (404, "text/html")
        assert "connect again" in page
        assert "<script" not in page
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    async with client.session.get(url) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (404, "NOT_FOUND")


# Return addresses ------------------------------------------------------------------------------------------------


@pytest.fixture
async def hosted(join, pool, request):
    """A client with a live key or a test key that may return to app.example, and a project."""

    async def make(environment: str = "test"):
        made = await create_first_key(
            pool,
            organization=request.node.nodeid,
            environment=environment,
            scopes=["*"],
            return_hosts=["App.Example"],
        )
        client = await join(request.node.nodeid, environment)
        client.key = made.key
        return client, await client.project()

    return make


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example/done",
        "https://APP.example/done",
        "https://app.example:8443/done",
        "https://app.example",
        "http://localhost:3000/",
        "http://127.0.0.1/x",
        "http://[::1]:3000/x",
    ],
)
async def test_return_addresses_a_test_key_may_use(hosted, url: str) -> None:
    client, project = await hosted()
    answer = await begin(client, project, back=url)
    assert answer.status == 200, answer.raw


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://app.example.evil.example/",
        "https://sub.app.example/",
        "https://evil.example/?app.example",
        "https://localhost.evil.example/",
    ],
)
async def test_return_addresses_that_are_not_on_the_list(hosted, url: str) -> None:
    client, project = await hosted()
    answer = await begin(client, project, back=url)
    assert (answer.status, answer.code) == (403, "RETURN_URL_NOT_ALLOWED")
    assert answer.details["returnHosts"] == ["App.Example"]


@pytest.mark.parametrize(
    "url",
    [
        "https://me@app.example/",
        "https://@app.example/",
        "https://:secret@app.example/",
        "https://evil.example\\@app.example/",
        "https://evil.example\\.app.example/",
        "https://app.example/#there",
        "ftp://app.example/",
        "javascript:alert(1)//app.example",
        "//app.example/",
        "/done",
        "",
        "https://[app.example/",
        "http://app.example/",
    ],
)
async def test_return_addresses_that_are_wrong(hosted, url: str) -> None:
    client, project = await hosted()
    answer = await begin(client, project, back=url)
    assert (answer.status, answer.code) == (422, "VALIDATION"), answer.raw
    assert answer.issues == {("returnUrl", "invalid_value")}


async def test_a_live_key_may_not_return_to_loopback(hosted) -> None:
    client, project = await hosted("live")
    answer = await begin(client, project, back=HOME)
    assert (answer.status, answer.code) == (403, "RETURN_URL_NOT_ALLOWED")


# Doors -----------------------------------------------------------------------------------------------------------

BY_INSTAGRAM, BY_FACEBOOK = "https://graph.instagram.com", "https://graph.facebook.com"
APPS = {
    BY_INSTAGRAM: {"INSTAGRAM_CLIENT_ID": "ii", "INSTAGRAM_CLIENT_SECRET": "is"},
    BY_FACEBOOK: {"INSTAGRAM_FACEBOOK_CLIENT_ID": "fi", "INSTAGRAM_FACEBOOK_CLIENT_SECRET": "fs"},
}


async def test_a_named_door_is_taken_and_kept_for_reconnecting(client, pool) -> None:
    project = await client.project()
    begun = await begin(client, project, "instagram", service=BY_FACEBOOK)
    assert "/sandbox/instagram/v26.0/dialog/oauth?" in begun["authorizeUrl"]
    await follow(client, await consent(client, begun))
    account = (await status(client, begun))["socialAccountId"]
    health = await client.get(f"/v1/social-accounts/{account}/health")
    assert (health["token"], health["tokenExpiresAt"]) == ("unlimited", None)
    await pool.execute("UPDATE social_accounts SET status = 'reauth_required' WHERE id = $1", account)
    begun = await again(client, project, account)
    assert "/dialog/oauth?" in begun["authorizeUrl"]
    await follow(client, await consent(client, begun))
    assert [(a["socialAccountId"], a["status"]) for a in await listed(client, project)] == [
        (account, "connected")
    ]


async def test_either_door_leads_to_the_same_account(client) -> None:
    project = await client.project()
    account = await connected(client, project, "instagram")
    begun = await begin(client, project, "instagram", service=BY_FACEBOOK)
    await follow(client, await consent(client, begun))
    assert (await status(client, begun))["socialAccountIds"] == [account]


async def test_one_consent_may_connect_several_accounts(client) -> None:
    project = await client.project()
    begun = await begin(client, project, "instagram", service=BY_FACEBOOK)
    await follow(client, await consent(client, begun, "ann.agency"))
    accounts = {account["socialAccountId"]: account["handle"] for account in await listed(client, project)}
    assert sorted(accounts.values()) == ["ann.agency", "ann.agency.too"]
    assert set((await status(client, begun))["socialAccountIds"]) == accounts.keys()


@pytest.mark.parametrize("handle", ["ann.pageless", "ann.unlinked"])
async def test_who_has_no_linked_account_is_told_so(client, handle: str) -> None:
    project = await client.project()
    begun = await begin(client, project, "instagram", service=BY_FACEBOOK)
    back = await follow(client, await consent(client, begun, handle))
    assert query_of(back)["layers_oauth_error"] == "oauth_no_account"
    assert "Page" in (await status(client, begun))["error"]["message"]
    assert await listed(client, project) == []


async def test_permissions_left_out_are_named(client) -> None:
    project = await client.project()
    begun = await begin(client, project, "instagram", service=BY_FACEBOOK)
    form = [("handle", "ann.test"), ("decision", "allow"), ("scope", "pages_show_list")]
    back = await follow(client, await follow(client, begun["authorizeUrl"], "POST", data=form))
    assert query_of(back)["layers_oauth_error"] == "oauth_scopes"
    assert "instagram_content_publish" in (await status(client, begun))["error"]["message"]


@pytest.mark.parametrize(
    ("configured", "service", "leads_to"),
    [
        ([BY_INSTAGRAM], None, "https://www.instagram.com/oauth/authorize?client_id=ii&"),
        ([BY_FACEBOOK], None, "https://www.facebook.com/v26.0/dialog/oauth?client_id=fi&"),
        ([BY_INSTAGRAM, BY_FACEBOOK], None, "https://www.instagram.com/oauth/authorize?client_id=ii&"),
        (
            [BY_INSTAGRAM, BY_FACEBOOK],
            BY_FACEBOOK,
            "https://www.facebook.com/v26.0/dialog/oauth?client_id=fi&",
        ),
        ([BY_FACEBOOK], BY_INSTAGRAM, ("platform", "not_configured")),
        ([BY_INSTAGRAM], BY_FACEBOOK, ("platform", "not_configured")),
        ([BY_INSTAGRAM], "https://evil.example", ("service", "invalid_value")),
    ],
)
async def test_the_operators_apps_decide_which_door_is_taken(
    hosted, shared, database_url, configured: list[str], service: str | None, leads_to: str | tuple[str, str]
) -> None:
    client, project = await hosted("live")
    platforms = {name: value for door in configured for name, value in APPS[door].items()}
    settings = replace(shared.settings, platforms=platforms)
    async with loopback_server(create_app(share(settings, database_url)), lifespan=True) as client.origin:
        fields = {"service": service} if service else {}
        answer = await begin(client, project, "instagram", "https://app.example/", **fields)
    if isinstance(leads_to, str):
        assert answer["authorizeUrl"].startswith(leads_to)
    else:
        assert (answer.status, answer.issues) == (422, {leads_to})


@pytest.mark.parametrize(
    ("left_out", "ok", "said"),
    [
        ([], True, "ready (graph.instagram.com, graph.facebook.com)"),
        ([*APPS[BY_INSTAGRAM]], True, "ready (graph.facebook.com)"),
        ([*APPS[BY_FACEBOOK]], True, "ready (graph.instagram.com)"),
        (["INSTAGRAM_FACEBOOK_CLIENT_ID"], False, "set LAYERS_INSTAGRAM_FACEBOOK_CLIENT_ID as well"),
        (
            [name for app in APPS.values() for name in app],
            None,
            "set LAYERS_INSTAGRAM_CLIENT_ID and LAYERS_INSTAGRAM_CLIENT_SECRET or LAYERS_INSTAGRAM_FACEBOOK_CLIENT_ID"
            " and LAYERS_INSTAGRAM_FACEBOOK_CLIENT_SECRET.",
        ),
    ],
)
async def test_the_doctor_wants_one_whole_app_and_no_half(
    shared, database_url, left_out: list[str], ok: bool | None, said: str
) -> None:
    everything = {name: value for app in APPS.values() for name, value in app.items()}
    platforms = {name: value for name, value in everything.items() if name not in left_out}
    findings = await examine(replace(shared.settings, platforms=platforms), database_url)
    [finding] = [finding for finding in findings if finding.what == "Instagram"]
    assert (finding.ok, said in finding.words) == (ok, True), finding


# What cannot begin -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "names"),
    [
        ("tiktok", ["LAYERS_TIKTOK_CLIENT_KEY", "LAYERS_TIKTOK_CLIENT_SECRET"]),
        ("instagram", ["LAYERS_INSTAGRAM_CLIENT_ID", "LAYERS_INSTAGRAM_CLIENT_SECRET"]),
    ],
)
async def test_a_platform_without_an_app_names_the_settings(hosted, platform: str, names: list[str]) -> None:
    client, project = await hosted("live")
    answer = await begin(client, project, platform, "https://app.example/")
    assert (answer.status, answer.issues) == (422, {("platform", "not_configured")})
    message = answer.details["issues"][0]["message"]
    assert all(name in message for name in names), message


@pytest.mark.parametrize(
    ("fields", "issue"),
    [
        ({"platform": "nowhere"}, ("platform", "unknown_platform")),
        ({"platform": "tiktok", "service": "https://evil.example"}, ("service", "invalid_value")),
        ({"platform": "mastodon", "service": "example.social"}, ("service", "invalid_value")),
        ({"platform": "mastodon"}, ("service", "required")),
        ({"platform": "mastodon", "service": "http://127.0.0.1:9"}, ("service", "authorization_refused")),
    ],
)
async def test_what_a_live_key_cannot_begin(hosted, fields: dict[str, str], issue: tuple[str, str]) -> None:
    client, project = await hosted("live")
    body = {"returnUrl": "https://app.example/", **fields}
    answer = await client.post(f"/v1/projects/{project}/social/oauth-url", body)
    assert (answer.status, answer.issues) == (422, {issue}), answer.raw


async def test_where_no_project_is_nothing_begins(client, join, request) -> None:
    stranger = await join(f"not {request.node.nodeid}")
    assert (await begin(client, await stranger.project())).status == 404
    project = await client.project()
    await client.delete(f"/v1/projects/{project}")
    answer = await begin(client, project)
    assert (answer.status, answer.details["subcode"]) == (409, "PROJECT_ARCHIVED")


# Reconnecting ----------------------------------------------------------------------------------------------------


async def again(client, project: str, account: str, back: str = HOME):
    body = {"socialAccountId": account, "returnUrl": back}
    return await client.post(f"/v1/projects/{project}/social/reauth-url", body)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_reconnecting_keeps_the_id(client, pool, platform: str) -> None:
    project = await client.project()
    account = await connected(client, project, platform)
    await pool.execute("UPDATE social_accounts SET status = 'reauth_required' WHERE id = $1", account)
    begun = await again(client, project, account)
    assert begun.status == 200, begun.raw
    assert query_of(await follow(client, await consent(client, begun)))["status"] == "success"
    assert (await status(client, begun))["socialAccountId"] == account
    assert [(a["socialAccountId"], a["status"]) for a in await listed(client, project)] == [
        (account, "connected")
    ]


async def test_reconnecting_as_somebody_else_changes_nothing(client, pool) -> None:
    project = await client.project()
    account = await connected(client, project)
    await pool.execute("UPDATE social_accounts SET status = 'reauth_required' WHERE id = $1", account)
    begun = await again(client, project, account)
    back = await follow(client, await consent(client, begun, "bob.test"))
    assert query_of(back)["layers_oauth_error"] == "account_mismatch"
    assert (await status(client, begun))["error"]["code"] == "account_mismatch"
    assert [(a["socialAccountId"], a["status"]) for a in await listed(client, project)] == [
        (account, "reauth_required")
    ]


async def test_what_cannot_be_reconnected(client, join, request) -> None:
    project, other = await client.project(), await client.project()
    account = await client.account(project, "tiktok")
    answer = await again(client, other, account)
    assert (answer.status, answer.issues) == (422, {("socialAccountId", "not_in_project")})
    assert (await again(client, project, "sa_unknown")).status == 404
    stranger = await join(f"not {request.node.nodeid}")
    assert (await again(stranger, await stranger.project(), account)).status == 404
    assert (await again(client, project, account, "https://evil.example/")).code == "RETURN_URL_NOT_ALLOWED"


async def test_a_revoked_account_can_be_reconnected(client) -> None:
    project = await client.project()
    account = await connected(client, project)
    await client.delete(f"/v1/social-accounts/{account}")
    begun = await again(client, project, account)
    await follow(client, await consent(client, begun))
    assert [(a["socialAccountId"], a["status"]) for a in await listed(client, project)] == [
        (account, "connected")
    ]

"""Who may do what: keys, scopes, kill switches, and that tenants and environments do not see each other."""

import re
from dataclasses import replace

import pytest
from arrange import ahead, declared_routes, make_failed, target

from layers.access.keys import SCOPES, hash_secret, make_key


async def test_whoami_says_whose_key_it_is(join) -> None:
    key = await join("Whoami Inc", "live", ["publish:write", "content:read"])
    answer = await key.get("/v1/whoami")
    assert answer.status == 200
    assert answer.json == {
        "organizationId": key.organization_id,
        "organizationName": "Whoami Inc",
        "environment": "live",
        "scopes": ["content:read", "publish:write"],
        "rateLimitTier": "unlimited",
        "apiKeyId": key.api_key_id,
    }


async def test_a_key_is_taken_from_either_header(client) -> None:
    nobody = replace(client, key="")
    for name, value in {
        "X-Api-Key": client.key,
        "x-api-key": f" {client.key} ",
        "Authorization": f"bearer {client.key}",
    }.items():
        answer = await nobody.get("/v1/whoami", headers={name: value})
        assert (answer.status, answer["apiKeyId"]) == (200, client.api_key_id)


async def test_a_secret_may_contain_underscores_and_dashes(client, pool) -> None:
    secret = "_-" * 21 + "_"
    shown, key_id, _ = make_key("test")
    await pool.execute(
        "UPDATE api_keys SET key_id = $2, secret_hash = $3 WHERE id = $1",
        *(client.api_key_id, key_id, hash_secret(key_id, secret)),
    )
    answer = await replace(client, key=f"lp_test_{key_id}_{secret}").get("/v1/whoami")
    assert answer.status == 200
    assert (await replace(client, key=shown).get("/v1/whoami")).status == 401


def other_secret(key: str) -> str:
    return key[:-2] + ("AA" if not key.endswith("AA") else "BB")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: "",
        lambda key: "nonsense",
        lambda key: key[:-1],
        lambda key: key + "A",
        lambda key: key.replace("lp_", "sk_"),
        lambda key: key.lower(),
        lambda key: key.replace("lp_test_", "lp_live_"),
        lambda key: key.replace("lp_test_", "lp_prod_"),
        lambda key: f"lp_test_{'A' * 16}_{'x' * 43}",
        other_secret,
        lambda key: "lp_test_" + key.split("_")[2] + "_" + "ü" * 43,
    ],
    ids=["none", "word", "short", "long", "vendor", "lower", "env", "no-env", "unknown", "secret", "letters"],
)
async def test_a_wrong_key_is_no_key(client, spoil) -> None:
    for headers in ({"Authorization": f"Bearer {spoil(client.key)}"}, {"X-Api-Key": spoil(client.key)}):
        answer = await replace(client, key="").get("/v1/whoami", headers=headers)
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("kind", ["Basic", "Token", ""])
async def test_other_kinds_of_authorization_are_no_key(client, kind: str) -> None:
    answer = await replace(client, key="").get(
        "/v1/whoami", headers={"Authorization": f"{kind} {client.key}".strip()}
    )
    assert answer.status == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("retired_at = now()", 401),
        ("expires_at = now() - interval '1 second'", 401),
        ("expires_at = now() + interval '1 hour'", 200),
    ],
)
async def test_a_retired_or_expired_key_is_no_key(client, pool, change: str, status: int) -> None:
    await pool.execute(f"UPDATE api_keys SET {change} WHERE id = $1", client.api_key_id)
    assert (await client.get("/v1/whoami")).status == status


@pytest.mark.parametrize(
    ("table", "id_of", "scope"),
    [
        ("api_keys", lambda c: c.api_key_id, "key"),
        ("organizations", lambda c: c.organization_id, "organization"),
    ],
)
async def test_a_kill_switch_ends_everything(client, pool, table: str, id_of, scope: str) -> None:
    await pool.execute(f"UPDATE {table} SET killed_at = now() WHERE id = $1", id_of(client))
    for answer in (await client.get("/v1/whoami"), await client.post("/v1/projects", {"name": ""})):
        assert (answer.status, answer.code) == (503, "KILL_SWITCH")
        assert answer.details == {"scope": scope}


# Scopes ----------------------------------------------------------------------------------------------


async def test_every_route_needs_its_scope(join, shared) -> None:
    """A key that holds every scope but the one needed is refused, whatever the path names."""
    lacking = {
        scope: await join("Lacking Inc", "test", [other for other in SCOPES if other != scope])
        for scope in SCOPES
    }
    checked = 0
    for route in declared_routes(shared):
        if route.scope:
            answer = await lacking[route.scope].call(route.method, route.at())
            assert (answer.status, answer.code) == (403, "FORBIDDEN_SCOPE"), route
            assert answer.details == {"requiredScope": route.scope}
            checked += 1
    assert checked > 25


async def test_every_route_with_a_scope_lets_in_who_holds_it(join, shared) -> None:
    holding = {scope: await join("Holding Inc", "test", [scope]) for scope in SCOPES}
    for route in declared_routes(shared):
        if route.scope:
            answer = await holding[route.scope].call(route.method, route.at())
            assert answer.status not in (401, 403, 405, 500), (route, answer.raw)


OPEN = (
    "/health/",
    "/v1/assets/",
    "/v1/uploads/",
    "/v1/social/oauth",
    "/docs",
    "/openapi",
    "/metrics",
    "/dashboard",
    "/handoff",
)


async def test_without_a_key_only_open_routes_answer(client, shared) -> None:
    nobody = replace(client, key="")
    opened = {route.path for route in declared_routes(shared) if route.scope is None}
    assert opened >= {"/health/live", "/health/ready", "/health/dispatch", "/v1/assets/{asset_id:str}"}
    assert all(path.startswith(OPEN) for path in opened), opened
    for route in declared_routes(shared):
        if route.scope is not None:
            assert (await nobody.call(route.method, route.at())).status == 401, route


@pytest.mark.parametrize(
    ("scope", "body", "status"),
    [("projects:write", {"name": ""}, 422), ("publish:write", {"name": ""}, 403), ("*", {"name": ""}, 422)],
)
async def test_the_scope_is_asked_before_the_body(join, scope: str, body: object, status: int) -> None:
    assert (await (await join("Scoped Inc", "test", [scope])).post("/v1/projects", body)).status == status


# Tenants ---------------------------------------------------------------------------------------------

RESOURCES = [
    ("GET", "/v1/projects/{project}", None),
    ("PATCH", "/v1/projects/{project}", {"name": "mine"}),
    ("DELETE", "/v1/projects/{project}", None),
    ("POST", "/v1/projects/{project}/erase", None),
    ("GET", "/v1/projects/{project}/approval-policy", None),
    ("PATCH", "/v1/projects/{project}/approval-policy", {"requiresApproval": True}),
    ("GET", "/v1/projects/{project}/content", None),
    ("POST", "/v1/projects/{project}/content", {"kind": "text", "caption": "mine"}),
    ("GET", "/v1/projects/{project}/scheduled-posts", None),
    ("GET", "/v1/projects/{project}/social-accounts", None),
    (
        "POST",
        "/v1/projects/{project}/social-accounts",
        {"platform": "bluesky", "credential": {"handle": "me.test"}},
    ),
    ("GET", "/v1/content/{container}", None),
    ("PATCH", "/v1/content/{container}", {"caption": "mine"}),
    ("DELETE", "/v1/content/{container}", None),
    ("POST", "/v1/content/{container}/approve", {}),
    ("POST", "/v1/content/{container}/reject", {"reason": "mine"}),
    ("DELETE", "/v1/content/{container}/pending-schedule", None),
    ("POST", "/v1/content/{container}/publish", {"targets": [target("{account}")]}),
    ("POST", "/v1/content/{container}/schedule", {"targets": [target("{account}")], "scheduledFor": ""}),
    ("POST", "/v1/content/{container}/validate", {"targets": [target("{account}")]}),
    ("GET", "/v1/scheduled-posts/{post}", None),
    ("DELETE", "/v1/scheduled-posts/{post}", None),
    ("GET", "/v1/scheduled-posts/{post}/events", None),
    ("POST", "/v1/scheduled-posts/{post}/reschedule", {"scheduledFor": ""}),
    ("POST", "/v1/scheduled-posts/{post}/retry", None),
    ("POST", "/v1/scheduled-posts/{post}/resolve", {"outcome": "published"}),
    ("PATCH", "/v1/social-accounts/{account}", {"postDefaults": {}}),
    ("DELETE", "/v1/social-accounts/{account}", None),
    ("GET", "/v1/webhook-endpoints/{endpoint}", None),
    ("PATCH", "/v1/webhook-endpoints/{endpoint}", {"description": "mine"}),
    ("DELETE", "/v1/webhook-endpoints/{endpoint}", None),
    ("POST", "/v1/webhook-endpoints/{endpoint}/rotate-secret", None),
    ("POST", "/v1/webhook-endpoints/{endpoint}/test", None),
    ("GET", "/v1/webhook-endpoints/{endpoint}/deliveries", None),
    ("POST", "/v1/webhook-deliveries/{delivery}/replay", None),
]


async def owned(client) -> dict[str, str]:
    """Make one of each thing, with a queued post and a webhook on its way."""
    project = await client.project()
    account = await client.account(project)
    container = await client.text(project)
    post = (await client.publish(container, account))["scheduledPostIds"][0]
    hook = {"url": "https://example.com", "events": ["post.failed"], "description": "hello"}
    endpoint = (await client.made("/v1/webhook-endpoints", hook))["id"]
    delivery = (await client.made(f"/v1/webhook-endpoints/{endpoint}/test", None, 202))["id"]
    return {
        "project": project,
        "account": account,
        "container": container,
        "post": post,
        "endpoint": endpoint,
        "delivery": delivery,
    }


def filled(body: dict | None, ids: dict[str, str]) -> dict | None:
    if body is None:
        return None
    body = dict(body)
    if "scheduledFor" in body:
        body["scheduledFor"] = ahead(hours=1)
    if "targets" in body:
        body["targets"] = [target(ids["account"])]
    return body


async def everything(pool) -> list[str]:
    tables = (
        *("projects", "containers", "social_accounts", "scheduled_posts", "pending_schedules", "events"),
        *("webhook_endpoints", "webhook_deliveries"),
    )
    return [
        row for table in tables for (row,) in await pool.fetch(f"SELECT t::text FROM {table} t ORDER BY 1")
    ]


@pytest.mark.parametrize(
    ("organization", "environment"), [("Stranger Inc", "test"), ("Owner Inc", "live")], ids=["org", "env"]
)
async def test_what_is_not_ones_own_does_not_exist(join, pool, organization: str, environment: str) -> None:
    """Another organisation's things, and those of the other environment, are 404 and stay untouched."""
    ids = await owned(await join("Owner Inc", "test"))
    stranger = await join(organization, environment)
    before = await everything(pool)
    for method, path, body in RESOURCES:
        answer = await stranger.call(method, path.format(**ids), filled(body, ids))
        assert (answer.status, answer.code) == (404, "NOT_FOUND"), (method, path, answer.raw)
        assert "hello" not in answer.raw.decode()
    assert await everything(pool) == before


async def test_the_table_of_resources_is_complete(shared) -> None:
    """Every route with an id in its path is in RESOURCES, so that none is forgotten above."""
    shapes = {(method, path.replace("{", "").replace("}", "")) for method, path, _ in RESOURCES}
    kinds = ("project", "container", "post", "account", "endpoint", "delivery")
    names = {f"{kind}_id": kind for kind in kinds}
    declared = set()
    for route in declared_routes(shared):
        if route.scope and "{" in route.path:
            path = route.path.replace(":str", "").replace("{", "").replace("}", "")
            for long, short in names.items():
                path = path.replace(long, short)
            declared.add((route.method, path))
    assert {(method, path) for method, path in declared - shapes if not ELSEWHERE.search(path)} == set()


ELSEWHERE = re.compile("api-keys|/social/|uploads?$|/health$")
"""Routes whose own tests show whom they let in."""


async def test_lists_show_ones_own_alone(join) -> None:
    mine, other, live = await join("Lister"), await join("Other"), await join("Lister", "live")
    project = await mine.project()
    await other.project()
    await live.project()
    assert [item["id"] for item in (await mine.get("/v1/projects"))["items"]] == [project]
    hook = {"url": "https://example.com", "events": ["post.failed"]}
    made = [(await who.made("/v1/webhook-endpoints", hook))["id"] for who in (mine, other, live)]
    assert [item["id"] for item in (await mine.get("/v1/webhook-endpoints"))["items"]] == made[:1]


async def test_an_account_of_a_stranger_is_not_found_as_a_target(join) -> None:
    mine, stranger = await join("Publisher"), await join("Account holder")
    account = await stranger.account(await stranger.project())
    container = await mine.text(await mine.project())
    answer = await mine.publish(container, account)
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


async def test_an_account_of_another_project_is_refused(client) -> None:
    container = await client.text(await client.project())
    account = await client.account(await client.project())
    answer = await client.publish(container, account)
    assert (answer.status, answer.issues) == (422, {("targets[0].socialAccountId", "not_in_project")})


async def test_a_live_project_takes_no_sandbox_credential(join) -> None:
    live = await join("Live Inc", "live")
    body = {"platform": "bluesky", "credential": {"handle": "ann.test"}}
    answer = await live.post(f"/v1/projects/{await live.project()}/social-accounts", body)
    assert (answer.status, answer.code) == (422, "VALIDATION")
    assert ("credential.handle", "unknown_field") in answer.issues


async def test_a_failed_post_of_a_stranger_cannot_be_retried(join, pool) -> None:
    owner, stranger = await join("Failer"), await join("Retrier")
    ids = await owned(owner)
    await make_failed(pool, ids["post"], unknown=True)
    for step, body in (("retry", None), ("resolve", {"outcome": "not_published"})):
        assert (await stranger.post(f"/v1/scheduled-posts/{ids['post']}/{step}", body)).status == 404

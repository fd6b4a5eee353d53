"""API keys by the API: made, rotated, killed, deleted; limits a minute; when last used."""

from dataclasses import replace

import pytest
from arrange import Z, ahead

from layers.app import create_app
from layers.loopback import loopback_server

KEYS = "/v1/api-keys"


def bearing(client, answer):
    """The same client with the key of an answer."""
    return replace(client, key=answer["key"], api_key_id=answer["apiKey"]["apiKeyId"])


async def test_a_key_is_made_shown_once_and_listed(client) -> None:
    made = await client.post(KEYS, {"name": "CI", "scopes": ["publish:write", "content:read"]})
    assert made.status == 201
    key = made["apiKey"]
    assert made["key"].startswith(key["prefix"] + "_")
    assert key == {
        "apiKeyId": key["apiKeyId"],
        "name": "CI",
        "environment": "test",
        "prefix": key["prefix"],
        "scopes": ["content:read", "publish:write"],
        "rateLimitTier": "unlimited",
        "returnHosts": [],
        "status": "active",
        "createdAt": key["createdAt"],
        "expiresAt": None,
        "killedAt": None,
        "lastUsedAt": None,
    }
    assert Z.fullmatch(key["createdAt"])
    listed = (await client.get(KEYS))["items"]
    assert [item["apiKeyId"] for item in listed] == [key["apiKeyId"], client.api_key_id]
    assert made["key"].rpartition("_")[2] not in (await client.get(KEYS)).raw.decode()
    assert (await bearing(client, made).get("/v1/whoami"))["scopes"] == ["content:read", "publish:write"]


async def test_keys_are_listed_page_by_page(client) -> None:
    made = [
        (await client.post(KEYS, {"name": str(n), "scopes": ["*"]}))["apiKey"]["apiKeyId"] for n in range(3)
    ]
    first = await client.get(f"{KEYS}?limit=2")
    second = await client.get(f"{KEYS}?limit=2&cursor={first['nextCursor']}")
    ids = [item["apiKeyId"] for page in (first, second) for item in page["items"]]
    assert ids == [*reversed(made), client.api_key_id]
    assert second["nextCursor"] is None


async def test_a_key_gives_no_more_than_it_has(join, pool) -> None:
    own = ["keys:write", "content:read"]
    key = await join("Modest Inc", "live", own)
    await pool.execute(
        "UPDATE api_keys SET rate_limit_tier = 'pilot', return_hosts = '{app.example.com}',"
        " expires_at = now() + interval '1 hour' WHERE id = $1",
        key.api_key_id,
    )
    refused = await key.post(KEYS, {"name": "n", "scopes": ["content:read", "publish:write"]})
    assert (refused.status, refused.code) == (403, "FORBIDDEN_SCOPE")
    assert refused.details == {"requiredScope": "publish:write"}
    everything = await key.post(KEYS, {"name": "n", "scopes": ["*"]})
    assert (everything.status, everything.details) == (403, {"requiredScope": "*"})
    faults = await key.post(
        KEYS,
        {
            "name": "n",
            "scopes": ["content:read", "nonsense"],
            "rateLimitTier": "partner",
            "returnHosts": ["app.example.com", "evil.example.com"],
            "expiresAt": ahead(hours=2),
        },
    )
    assert faults.status == 422
    assert [(issue["path"], issue["code"]) for issue in faults.details["issues"]] == [
        ("scopes", "unknown_scope"),
        ("rateLimitTier", "above_own"),
        ("returnHosts[1]", "above_own"),
        ("expiresAt", "above_own"),
    ]
    made = await key.post(
        KEYS,
        {
            "name": "n",
            "scopes": ["content:read"],
            "rateLimitTier": "standard",
            "returnHosts": ["APP.example.com"],
        },
    )
    assert made.status == 201
    assert (made["apiKey"]["rateLimitTier"], made["apiKey"]["returnHosts"]) == (
        "standard",
        ["app.example.com"],
    )
    assert made["apiKey"]["expiresAt"] is not None


@pytest.mark.parametrize(
    ("at", "code"), [("2020-01-01T00:00:00Z", "in_the_past"), ("2099-01-01T00:00:00", "timezone_required")]
)
async def test_an_expiry_is_a_moment_to_come(client, at: str, code: str) -> None:
    answer = await client.post(KEYS, {"name": "n", "scopes": ["*"], "expiresAt": at})
    assert [issue["code"] for issue in answer.details["issues"]] == [code]


async def test_an_expired_key_is_refused(client, pool) -> None:
    made = await client.post(KEYS, {"name": "n", "scopes": ["*"], "expiresAt": ahead(hours=1)})
    await pool.execute("UPDATE api_keys SET expires_at = now() WHERE id = $1", made["apiKey"]["apiKeyId"])
    assert (await bearing(client, made).get("/v1/whoami")).code == "UNAUTHENTICATED"
    assert (await client.get(KEYS))["items"][0]["status"] == "expired"


async def test_a_rotated_key_has_a_new_secret_and_the_old_one_is_dead(client) -> None:
    made = await client.post(KEYS, {"name": "n", "scopes": ["content:read"]})
    old = bearing(client, made)
    rotated = await client.post(f"{KEYS}/{old.api_key_id}/rotate")
    assert (rotated.status, rotated["apiKey"]["prefix"]) == (200, made["apiKey"]["prefix"])
    assert (await old.get("/v1/whoami")).status == 401
    assert (await bearing(client, rotated).get("/v1/whoami"))["apiKeyId"] == old.api_key_id


async def test_a_key_can_not_take_over_a_mightier_one(client, join) -> None:
    lesser = await client.post(KEYS, {"name": "n", "scopes": ["keys:write"]})
    refused = await bearing(client, lesser).post(f"{KEYS}/{client.api_key_id}/rotate")
    assert (refused.status, refused.details) == (403, {"requiredScope": "*"})
    assert (await client.get("/v1/whoami")).status == 200


@pytest.mark.parametrize(
    ("less", "path"),
    [
        ({"expiresAt": ahead(days=1)}, "expiresAt"),
        ({"rateLimitTier": "partner"}, "rateLimitTier"),
        ({}, "returnHosts[0]"),
    ],
)
async def test_a_key_can_not_take_over_one_that_lasts_longer_or_reaches_further(
    client, pool, less: dict[str, str], path: str
) -> None:
    """Whoever rotates a key holds it."""
    lesser = await client.post(KEYS, {"name": "n", "scopes": ["*"], **less})
    if not less:
        await pool.execute(
            "UPDATE api_keys SET return_hosts = '{app.example.com}' WHERE id = $1", client.api_key_id
        )
    refused = await bearing(client, lesser).post(f"{KEYS}/{client.api_key_id}/rotate")
    assert (refused.status, refused.issues) == (422, {(path, "above_own")})
    assert (await client.get("/v1/whoami")).status == 200
    own = await bearing(client, lesser).post(f"{KEYS}/{lesser['apiKey']['apiKeyId']}/rotate")
    assert own.status == 200


async def test_a_killed_key_is_told_so_and_a_deleted_one_is_gone(client) -> None:
    made = await client.post(KEYS, {"name": "n", "scopes": ["*"]})
    other = bearing(client, made)
    killed = await client.post(f"{KEYS}/{other.api_key_id}/kill")
    assert (killed.status, killed["status"]) == (200, "killed")
    refused = await other.get("/v1/whoami")
    assert (refused.status, refused.code, refused.details) == (503, "KILL_SWITCH", {"scope": "key"})
    deleted = await client.delete(f"{KEYS}/{other.api_key_id}")
    assert (deleted.status, deleted["apiKeyId"]) == (200, other.api_key_id)
    assert (await other.get("/v1/whoami")).status == 401
    assert (await client.delete(f"{KEYS}/{other.api_key_id}")).status == 404
    assert [item["apiKeyId"] for item in (await client.get(KEYS))["items"]] == [client.api_key_id]


async def test_keys_of_others_do_not_exist(client, join) -> None:
    for stranger in (await join("Stranger Inc", "test", ["*"]), await join("Other Inc", "live", ["*"])):
        for call in ("rotate", "kill"):
            assert (await client.post(f"{KEYS}/{stranger.api_key_id}/{call}")).status == 404
        assert (await client.delete(f"{KEYS}/{stranger.api_key_id}")).status == 404
        assert stranger.api_key_id not in (await client.get(KEYS)).raw.decode()


async def test_a_repeat_hears_the_secret_again_but_it_is_not_kept_in_the_open(client, pool) -> None:
    body = {"name": "n", "scopes": ["*"]}
    made = await client.post(KEYS, body, idempotency_key="once")
    again = await client.post(KEYS, body, idempotency_key="once")
    assert again.raw == made.raw
    assert again.headers["idempotent-replayed"] == "true"
    secret = made["key"].split("_", 3)[3].encode()
    records = await pool.fetch("SELECT body FROM idempotency_records")
    assert records
    assert not any(secret in record["body"] for record in records)
    assert len((await client.get(KEYS))["items"]) == 2


# Rate limits ---------------------------------------------------------------------------------------------------


async def limited(client, pool, tier: str = "standard"):
    """A key of that tier."""
    made = await client.post(KEYS, {"name": "n", "scopes": ["*"], "rateLimitTier": tier})
    return bearing(client, made)


async def test_what_is_left_is_told_and_too_much_is_refused(client, pool, shared) -> None:
    """Counted in the database, so for all API processes together."""
    key = await limited(client, pool)
    async with loopback_server(create_app(shared), lifespan=True) as second:
        other = replace(key, origin=second)
        first = await key.post("/v1/projects", {})
        assert first.headers["ratelimit-policy"] == '"write-light";q=60;w=60'
        await pool.execute(
            "UPDATE request_counts SET requests = 58, minute = date_trunc('minute', now()) WHERE api_key_id = $1",
            key.api_key_id,
        )
        one, two, three = [await c.post("/v1/projects", {}) for c in (other, key, other)]
    # The minute may turn in between; then the count begins anew.
    assert (one.status, two.status) == (422, 422)
    if three.status == 429:
        assert two.headers["ratelimit"].startswith('"write-light";r=0;t=')
        assert (three.code, three.details) == ("RATE_LIMITED", {"endpointClass": "write-light", "limit": 60})
        assert 0 < int(three.headers["retry-after"]) <= 60
        assert three.headers["ratelimit"].startswith('"write-light";r=0;t=')
        assert three.headers["ratelimit-policy"] == '"write-light";q=60;w=60'
    else:
        assert int(three.headers["ratelimit"].split(";")[1].removeprefix("r=")) >= 57
    assert (await key.get("/v1/whoami")).headers["ratelimit-policy"] == '"read-light";q=120;w=60'


async def test_a_new_minute_begins_anew(client, pool) -> None:
    key = await limited(client, pool, "pilot")
    await key.get("/v1/whoami")
    await pool.execute(
        "UPDATE request_counts SET requests = 5000, minute = minute - interval '1 minute' WHERE api_key_id = $1",
        key.api_key_id,
    )
    answer = await key.get("/v1/whoami")
    assert answer.status == 200
    assert answer.headers["ratelimit"].startswith('"read-light";r=1199;')


async def test_nothing_is_counted_without_a_limit(client, pool) -> None:
    answer = await client.get("/v1/whoami")
    assert "ratelimit" not in answer.headers
    assert (
        await pool.fetchval("SELECT count(*) FROM request_counts WHERE api_key_id = $1", client.api_key_id)
        == 0
    )


async def test_when_a_key_was_last_used_is_noted(shared, client, pool) -> None:
    async with loopback_server(create_app(shared), lifespan=True) as origin:
        assert (await replace(client, origin=origin).get("/v1/whoami")).status == 200
    [key] = [k for k in (await client.get(KEYS))["items"] if k["apiKeyId"] == client.api_key_id]
    assert Z.fullmatch(key["lastUsedAt"])

"""Refused access in the audit log: whose key, why, where and how often; bounded, without a word of the caller's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from arrange import Z

from layers.access.notes import Notes
from layers.app import create_app
from layers.loopback import loopback_server

LOG = "/v1/audit-log?eventType=access.refused"
Told = Callable[[Any], Awaitable[list[Any]]]


@pytest.fixture(scope="module")
def app(shared) -> Any:
    """The API whose notes a test may have written at once."""
    return create_app(shared)


@pytest.fixture(scope="module")
async def origin(app) -> AsyncIterator[str]:
    """That API, served."""
    async with loopback_server(app, lifespan=True) as where:
        yield where


@pytest.fixture
def notes(app) -> Notes:
    """What is noted and not written yet."""
    return app.otherwise.app.app.otherwise.state["notes"]


@pytest.fixture
def told(notes, pool) -> Told:
    """Write what is noted; gives what the audit log tells a client."""

    async def write_and_read(client: Any) -> list[Any]:
        await notes.write(pool)
        return (await client.get(LOG))["items"]

    return write_and_read


async def kill_organization(pool, client) -> None:
    await pool.execute("UPDATE organizations SET killed_at = now() WHERE id = $1", client.organization_id)


def spoiled(client, old: str, new: str) -> Any:
    return replace(client, key=client.key.replace(old, new))


async def wrong_secret(client, pool) -> Any:
    return replace(client, key=client.key[:-2] + ("AA" if not client.key.endswith("AA") else "BB"))


async def wrong_environment(client, pool) -> Any:
    return spoiled(client, "lp_test_", "lp_live_")


async def retired(client, pool) -> Any:
    await pool.execute("UPDATE api_keys SET retired_at = now() WHERE id = $1", client.api_key_id)
    return client


async def expired(client, pool) -> Any:
    await pool.execute("UPDATE api_keys SET expires_at = now() WHERE id = $1", client.api_key_id)
    return client


async def killed(client, pool) -> Any:
    await pool.execute("UPDATE api_keys SET killed_at = now() WHERE id = $1", client.api_key_id)
    return client


@pytest.mark.parametrize(
    ("spoil", "reason", "status", "proven"),
    [
        (wrong_secret, "wrong_secret", 401, False),
        (wrong_environment, "wrong_environment", 401, True),
        (retired, "retired", 401, True),
        (expired, "retired", 401, True),
        (killed, "key_killed", 503, True),
    ],
)
async def test_a_key_that_is_not_let_in_is_told_of(
    join, pool, told: Told, spoil: Any, reason: str, status: int, proven: bool
) -> None:
    reader, client = await join(spoil.__name__), await join(spoil.__name__)
    bad = await spoil(client, pool)
    answer = await bad.post("/v1/content/tell-me-your-secret/publish?key=my-secret", {"x": "my-secret"})
    assert answer.status == status
    [event] = await told(reader)
    assert (event["requestId"], event["apiKeyId"]) == (answer.headers["x-request-id"], client.api_key_id)
    assert (event["projectId"], event["organizationId"]) == (None, client.organization_id)
    assert event["actor"] == (f"api_{client.api_key_id}" if proven else "unknown")
    assert all(Z.fullmatch(event["data"].pop(at)) for at in ("firstAt", "lastAt"))
    assert event["data"] == {
        "reason": reason,
        "count": 1,
        "paths": {"POST /v1/content/{container_id}/publish": 1},
    }


async def test_a_missing_scope_is_told_of(join, told: Told) -> None:
    reader, client = await join("Scopes"), await join("Scopes", "test", ["keys:write"])
    assert (await client.get("/v1/projects")).status == 403
    more = {"name": "n", "scopes": ["keys:write", "publish:write"]}
    assert (await client.post("/v1/api-keys", more)).code == "FORBIDDEN_SCOPE"
    [event] = await told(reader)
    assert event["data"]["reason"] == "forbidden_scope"
    assert event["data"]["paths"] == {"GET /v1/projects": 1, "POST /v1/api-keys": 1}


async def test_a_return_address_that_is_not_allowed_is_told_of(client, told: Told) -> None:
    body = {"platform": "tiktok", "returnUrl": "https://my-secret.example"}
    path = f"/v1/projects/{await client.project()}/social/oauth-url"
    assert (await client.post(path, body)).code == "RETURN_URL_NOT_ALLOWED"
    [event] = await told(client)
    assert event["data"]["reason"] == "return_url_not_allowed"
    assert "my-secret" not in str(event)


async def test_a_killed_organisation_reads_of_it_once_revived(client, pool, told: Told) -> None:
    await kill_organization(pool, client)
    assert (await client.get("/v1/whoami")).code == "KILL_SWITCH"
    await pool.execute("UPDATE organizations SET killed_at = NULL WHERE id = $1", client.organization_id)
    [event] = await told(client)
    assert event["data"]["reason"] == "organization_killed"


async def test_a_flood_is_one_event(join, pool, notes: Notes, told: Told) -> None:
    reader, client = await join("Flood"), await join("Flood")
    bad = await wrong_secret(client, pool)
    await asyncio.gather(*(bad.get(f"/v1/projects/prj_{n}") for n in range(50)))
    assert len(notes.refused) == 1
    [event] = await told(reader)
    assert event["data"]["count"] == 50
    assert event["data"]["paths"] == {"GET /v1/projects/{project_id}": 50}
    await bad.get("/v1/whoami")
    assert [e["data"]["count"] for e in await told(reader)] == [1, 50]


async def test_who_presents_no_key_that_exists_leaves_nothing(client, pool, notes: Notes) -> None:
    await notes.write(pool)
    for key in ("", "nonsense", f"lp_test_{'A' * 16}_{'x' * 43}"):
        assert (await replace(client, key=key).get("/v1/whoami")).status == 401
    assert notes.refused == {}


async def test_what_could_not_be_written_is_written_later(client, pool, notes: Notes, told: Told) -> None:
    class Away:
        def acquire(self) -> Any:
            raise ConnectionRefusedError

    project = f"/v1/projects/{await client.project()}/social/oauth-url"
    body = {"platform": "tiktok", "returnUrl": "https://nowhere.example"}
    await client.post(project, body)
    await notes.write(Away())  # pyright: ignore[reportArgumentType]
    await client.post(project, body)
    [event] = await told(client)
    assert event["data"]["count"] == 2

"""Endpoints: made, listed, changed, deleted; and what is refused."""

import asyncio
import re
from typing import get_args

import pytest
from receiver import EVERYTHING, idle

from layers.app import create_app, share
from layers.loopback import loopback_server
from layers.settings import Settings
from layers.vault import Vault
from layers.webhooks.rules import MAX_ENDPOINTS
from layers.webhooks.schemas import EventType
from layers.webhooks.upkeep import seal_secrets_anew

PATH = "/v1/webhook-endpoints"
GOOD = {"url": "https://example.com/hook", "events": ["post.published"]}


async def test_an_endpoint_is_made_and_shown(client) -> None:
    project = await client.project()
    body = {**GOOD, "description": "CRM", "projectId": project}
    made = await client.post(PATH, body)
    assert made.status == 201
    shown = (await client.get(f"{PATH}/{made['id']}")).json
    assert re.fullmatch(r"whe_[0-9A-Z]{26}", made["id"])
    assert made.json == {**shown, "secret": made["secret"]}
    assert shown == {
        **body,
        "id": made["id"],
        "status": "active",
        "pausedAt": None,
        "failures": 0,
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
    }
    assert (await client.get(PATH)).json == {"items": [shown], "nextCursor": None}


def test_the_events_are_those_of_the_contract() -> None:
    names = {
        "post": ["scheduled", "published", "failed", "canceled", "draft_ready", "late"],
        "content": ["completed", "failed", "approved", "rejected"],
        "social_account": ["connected", "needs_reauth", "revoked"],
        "test": ["ping"],
    }
    assert {*get_args(EventType)} == {f"{of}.{what}" for of, all_of in names.items() for what in all_of}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("url", "required"), ("events", "required")}),
        ({**GOOD, "secret": "mine"}, {("secret", "unknown_field")}),
        ({**GOOD, "events": []}, {("events", "too_few")}),
        (
            {"url": "x", "events": ["post.published", "post.gone"], "description": "x" * 501},
            {("events[1]", "invalid_value"), ("description", "invalid_value")},
        ),
        ({**GOOD, "events": ["project.created"]}, {("events[0]", "invalid_value")}),
        (
            {**GOOD, "url": "ftp://x", "projectId": "prj_nobody"},
            {("url", "invalid_value"), ("projectId", "not_found")},
        ),
        ({**GOOD, "url": f"https://example.com/{'x' * 2048}"}, {("url", "invalid_value")}),
    ],
)
async def test_a_wrong_endpoint_is_refused(client, body: object, expected: set[tuple[str, str]]) -> None:
    answer = await client.post(PATH, body)
    assert (answer.status, answer.issues) == (422, expected)
    assert (await client.get(PATH))["items"] == []


async def test_without_leave_no_private_address_is_taken(client, shared, tmp_path) -> None:
    strict = share(Settings(data_dir=tmp_path / "data"), shared.url)
    async with loopback_server(create_app(strict), lifespan=True) as origin:
        client.origin = origin
        for url in ("http://example.com", "https://127.0.0.1/x"):
            assert (await client.post(PATH, {**GOOD, "url": url})).status == 422
        made = await client.made(PATH, GOOD)
        moved = await client.patch(f"{PATH}/{made['id']}", {"url": "https://169.254.169.254/"})
        assert (moved.status, moved.issues) == (422, {("url", "private_address")})


async def test_another_organisations_project_is_not_found(client, join) -> None:
    theirs = await (await join("Other Inc")).project()
    live = await (await join("Acme", "live")).project()
    for project in (theirs, live):
        answer = await client.post(PATH, {**GOOD, "projectId": project})
        assert (answer.status, answer.issues) == (422, {("projectId", "not_found")})


async def test_there_is_an_end_to_endpoints(client, join) -> None:
    """Also when all of them are asked for at once."""
    answers = await asyncio.gather(*(client.post(PATH, GOOD) for _ in range(MAX_ENDPOINTS + 10)))
    made, *_ = (answer for answer in answers if answer.status == 201)
    refused = [answer for answer in answers if answer.status != 201]
    assert [answer.issues for answer in refused] == [{("$", "too_many_endpoints")}] * 10
    await (await join("Acme", "live")).made(PATH, GOOD)
    await client.delete(f"{PATH}/{made['id']}")
    await client.made(PATH, GOOD)


async def test_a_patch_changes_what_it_names(client) -> None:
    made = await client.made(PATH, {**GOOD, "description": "old"})
    path = f"{PATH}/{made['id']}"
    project = await client.project()
    body = {
        "url": "https://example.org/new",
        "events": ["post.failed", "post.late", "post.failed"],
        "description": None,
        "projectId": project,
    }
    changed = await client.patch(path, body)
    assert changed.status == 200
    expected = {**made, **body, "events": ["post.failed", "post.late"], "updatedAt": changed["updatedAt"]}
    del expected["secret"]
    assert changed.json == expected == (await client.get(path)).json
    paused = await client.patch(path, {"status": "paused"})
    assert (paused["status"], paused["pausedAt"]) == ("paused", paused["updatedAt"])
    active = await client.patch(path, {"status": "active"})
    assert (active["status"], active["pausedAt"]) == ("active", None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("$", "required")}),
        ({"status": "tired"}, {("status", "invalid_value")}),
        ({"url": None, "events": []}, {("url", "wrong_type"), ("events", "too_few")}),
        ({"url": "nowhere", "projectId": "prj_x"}, {("url", "invalid_value"), ("projectId", "not_found")}),
    ],
)
async def test_a_wrong_patch_is_refused(client, body: object, expected: set[tuple[str, str]]) -> None:
    made = await client.made(PATH, GOOD)
    answer = await client.patch(f"{PATH}/{made['id']}", body)
    assert (answer.status, answer.issues) == (422, expected)


async def test_a_deleted_endpoint_is_gone(client) -> None:
    made = await client.made(PATH, GOOD)
    path = f"{PATH}/{made['id']}"
    gone = await client.delete(path)
    assert (gone.status, gone.json) == (200, {"id": made["id"], "deleted": True})
    for method, at in (
        ("GET", path),
        ("DELETE", path),
        ("GET", f"{path}/deliveries"),
        ("POST", f"{path}/test"),
    ):
        assert (await client.call(method, at)).status == 404


async def test_lists_are_paged_newest_first(client, pool, receiver, deliverer) -> None:
    made = [
        (await client.made(PATH, {**GOOD, "url": receiver.url, "events": EVERYTHING}))["id"] for _ in range(3)
    ]
    project = await client.project()
    texts = [await client.text(project) for _ in range(3)]
    await idle(pool)
    for path, of, expected in (
        (PATH, lambda item: item["id"], made[::-1]),
        (f"{PATH}/{made[0]}/deliveries", lambda item: item["payload"]["data"]["containerId"], texts[::-1]),
    ):
        first = await client.get(f"{path}?limit=2")
        rest = await client.get(f"{path}?limit=2&cursor={first['nextCursor']}")
        assert [of(item) for item in first["items"] + rest["items"]] == expected
        assert rest["nextCursor"] is None
    other = await client.get(f"{PATH}/{made[1]}/deliveries?limit=2&cursor={first['nextCursor']}")
    assert (other.status, other.issues) == (422, {("cursor", "invalid_cursor")})


async def test_what_is_done_to_endpoints_is_audited(client, pool) -> None:
    made = await client.made(PATH, GOOD)
    await client.patch(f"{PATH}/{made['id']}", {"description": "x"})
    await client.post(f"{PATH}/{made['id']}/rotate-secret")
    await client.delete(f"{PATH}/{made['id']}")
    rows = await pool.fetch("SELECT * FROM events WHERE subject_id = $1 ORDER BY position", made["id"])
    assert [row["type"].removeprefix("webhook_endpoint.") for row in rows] == [
        "created",
        "updated",
        "secret_rotated",
        "deleted",
    ]
    assert all(row["api_key_id"] == client.api_key_id for row in rows)
    assert made["secret"] not in str([dict(row) for row in rows])


async def test_secrets_follow_the_newest_key(client, pool, shared, receiver, endpoint) -> None:
    """With the new key alone they can still be read; what no key opens stays, and a rotation mends it."""
    old = (shared.settings.data_dir / "secret.key").read_text().strip()
    new = "A" * 42 + "0="
    await seal_secrets_anew(pool, Vault([new, old]))
    [row] = await pool.fetch("SELECT * FROM webhook_endpoints")
    assert Vault([new]).unseal(row["sealed_secrets"], endpoint["id"]) == {"": endpoint["secret"]}
    await seal_secrets_anew(pool, Vault([old]))
    assert (await pool.fetchval("SELECT sealed_secrets FROM webhook_endpoints")) == row["sealed_secrets"]
    answer = await client.post(f"{PATH}/{endpoint['id']}/rotate-secret")
    assert answer.status == 200
    sealed = await pool.fetchval("SELECT sealed_secrets FROM webhook_endpoints")
    assert shared.vault.unseal(sealed, endpoint["id"]) == {"": answer["secret"]}

"""Idempotency-Key: one piece of work and one answer, however often, wherever and at whatever moment it is sent."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from arrange import ahead, declared_routes, make_failed, target

from layers.api.transaction import IdempotentCall, begin, commit
from layers.app import create_app
from layers.kit.canonical import fingerprint
from layers.loopback import loopback_server

JSON = {"Content-Type": "application/json"}
REPLAYED = "idempotent-replayed"


def new_key() -> str:
    return str(uuid.uuid4())


async def ready(client) -> tuple[str, str, str]:
    """Make a project with an account and a text."""
    project = await client.project()
    return project, await client.account(project), await client.text(project)


async def pending(client) -> tuple[str, str, str]:
    """The same, with a text that waits for approval."""
    project = await client.project()
    await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": True})
    return project, await client.account(project), await client.text(project)


async def count_posts(client, project: str) -> int:
    return len((await client.get(f"/v1/projects/{project}/scheduled-posts"))["items"])


# Replay ----------------------------------------------------------------------------------------------


async def test_a_repeat_gets_the_first_answer_verbatim(client) -> None:
    project, account, container = await ready(client)
    key = new_key()
    first = await client.publish(container, account, idempotency_key=key)
    again = await client.publish(container, account, idempotency_key=key)
    assert (first.status, again.status) == (200, 200)
    assert again.raw == first.raw
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert await count_posts(client, project) == 1


async def test_the_status_is_repeated_too(client) -> None:
    key = new_key()
    body = {"name": "A", "timezone": "UTC"}
    answers = [await client.post("/v1/projects", body, idempotency_key=key) for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 201]
    assert len({answer.raw for answer in answers}) == 1


async def test_without_a_key_each_call_is_its_own(client) -> None:
    assert await client.project() != await client.project()


SPELLINGS = [
    b'{"name":"A","timezone":"UTC","metadata":{"x":1,"y":[1,2]}}',
    b'{ "metadata" : {"y": [1, 2], "x": 1},\n\t"timezone": "UTC", "name": "A" }',
    rb'{"name":"\u0041","timezone":"UTC","metadata":{"x":1,"y":[1,2]}}',
]
OTHERS = [
    b'{"name":"B","timezone":"UTC","metadata":{"x":1,"y":[1,2]}}',
    b'{"name":"A","timezone":"UTC","metadata":{"x":1,"y":[2,1]}}',
    b'{"name":"A","timezone":"UTC","metadata":{"x":"1","y":[1,2]}}',
    b'{"name":"A","timezone":"UTC"}',
]


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_key_order_and_white_space_do_not_matter(client, spelling: bytes) -> None:
    key = new_key()
    first = await client.post("/v1/projects", data=SPELLINGS[0], headers=JSON, idempotency_key=key)
    again = await client.post("/v1/projects", data=spelling, headers=JSON, idempotency_key=key)
    assert (again.raw, again.headers[REPLAYED]) == (first.raw, "true")


@pytest.mark.parametrize("other", OTHERS)
async def test_another_body_is_a_conflict(client, other: bytes) -> None:
    key = new_key()
    await client.post("/v1/projects", data=SPELLINGS[0], headers=JSON, idempotency_key=key)
    answer = await client.post("/v1/projects", data=other, headers=JSON, idempotency_key=key)
    assert (answer.status, answer.code) == (409, "IDEMPOTENCY_CONFLICT")
    assert len((await client.get("/v1/projects"))["items"]) == 1


async def test_a_key_belongs_to_its_path_method_and_caller(client, join) -> None:
    project, key = await client.project(), new_key()
    path, body = f"/v1/projects/{project}", {"name": "A"}
    other = await join("Same key, another caller")
    answers = [
        await client.post("/v1/projects", {"name": "A", "timezone": "UTC"}, idempotency_key=key),
        await other.post("/v1/projects", {"name": "A", "timezone": "UTC"}, idempotency_key=key),
        await client.patch(path, body, idempotency_key=key),
        await client.patch(f"/v1/projects/{await client.project()}", body, idempotency_key=key),
        await client.delete(path, idempotency_key=key),
    ]
    assert [answer.status for answer in answers] == [201, 201, 200, 200, 200]
    assert not any(REPLAYED in answer.headers for answer in answers)


@pytest.mark.parametrize("key", ["x", "x" * 255, "!~#,;=", "3a7b2f11-9e4c-4a12-9d8a-b5c7e2f0a111"])
async def test_any_visible_ascii_is_a_key(client, key: str) -> None:
    body = {"name": "A", "timezone": "UTC"}
    first = await client.post("/v1/projects", body, idempotency_key=key)
    again = await client.post("/v1/projects", body, idempotency_key=key)
    assert (first.status, again.raw) == (201, first.raw)


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "ü", "tab\there"])
async def test_an_invalid_key_is_refused(client, key: str) -> None:
    answer = await client.post(
        "/v1/projects", {"name": "A", "timezone": "UTC"}, headers={"Idempotency-Key": key}
    )
    assert (answer.status, answer.issues) == (422, {("Idempotency-Key", "invalid_value")})
    assert (await client.get("/v1/projects"))["items"] == []


async def test_a_record_older_than_a_day_is_void(client, pool) -> None:
    key, body = new_key(), {"name": "A", "timezone": "UTC"}
    first = await client.post("/v1/projects", body, idempotency_key=key)
    for age, replayed in (("23 hours 59 minutes", True), ("24 hours 1 second", False)):
        await pool.execute(
            f"UPDATE idempotency_records SET created_at = now() - interval '{age}' WHERE idempotency_key = $1",
            key,
        )
        again = await client.post("/v1/projects", body, idempotency_key=key)
        assert (again.status, again.raw == first.raw) == (201, replayed)
    other = await client.post("/v1/projects", {**body, "name": "B"}, idempotency_key=key)
    assert other.code == "IDEMPOTENCY_CONFLICT"


# What is remembered ----------------------------------------------------------------------------------


async def test_no_refusal_is_remembered(client) -> None:
    """422, 404, 409: each is gone once its cause is mended, under the very same key and body."""
    project, account, container = await ready(client)
    await client.post(f"/v1/content/{container}/publish", {"targets": [target(account)]})
    key = new_key()
    duplicate = await client.publish(container, account, idempotency_key=key)
    assert (duplicate.status, duplicate.details["subcode"]) == (409, "DUPLICATE_POST")
    [post] = (await client.get(f"/v1/projects/{project}/scheduled-posts"))["items"]
    await client.delete(f"/v1/scheduled-posts/{post['id']}")
    mended = await client.publish(container, account, idempotency_key=key)
    assert (mended.status, REPLAYED in mended.headers) == (200, False)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"targets": []}, 422),
        ({"targets": [target("sa_nobody")]}, 404),
        ({"targets": [target("$", "x")]}, 422),
    ],
)
async def test_a_key_of_a_refused_call_may_carry_another_body(client, body: dict, status: int) -> None:
    _, account, container = await ready(client)
    key = new_key()
    for item in body["targets"]:
        item["socialAccountId"] = item["socialAccountId"].replace("$", account)
    assert (await client.post(f"/v1/content/{container}/publish", body, idempotency_key=key)).status == status
    assert (await client.publish(container, account, idempotency_key=key)).status == 200


async def test_a_call_without_the_scope_leaves_no_record(client, join, pool) -> None:
    reader, key = await join("Reader"), new_key()
    await pool.execute("UPDATE api_keys SET scopes = '{projects:read}' WHERE id = $1", reader.api_key_id)
    body = {"name": "A", "timezone": "UTC"}
    assert (await reader.post("/v1/projects", body, idempotency_key=key)).status == 403
    await pool.execute("UPDATE api_keys SET scopes = '{*}' WHERE id = $1", reader.api_key_id)
    assert (await reader.post("/v1/projects", body, idempotency_key=key)).status == 201


async def test_every_mutation_is_replayed(client, pool, shared) -> None:
    project, account, container = await pending(client)
    waiting, rejected = await client.text(project), await client.text(project)
    free = await client.project()
    fresh = await client.text(free)
    bob, text = await client.account(free, handle="bob.test"), await client.text(free)
    moved, lost, unclear = [
        (await client.publish(text, bob_))["scheduledPostIds"][0]
        for bob_ in (
            bob,
            await client.account(free, handle="c.test"),
            await client.account(free, handle="d.test"),
        )
    ]
    await make_failed(pool, lost)
    await make_failed(pool, unclear, unknown=True)
    at = ahead(days=1)
    hook = {"url": "https://example.com", "events": ["post.failed"]}
    endpoint = (await client.made("/v1/webhook-endpoints", hook))["id"]
    delivery = (await client.made(f"/v1/webhook-endpoints/{endpoint}/test", None, 202))["id"]
    calls = [
        ("POST", "/v1/webhook-endpoints", hook),
        ("PATCH", f"/v1/webhook-endpoints/{endpoint}", {"description": "x"}),
        ("POST", f"/v1/webhook-endpoints/{endpoint}/rotate-secret", None),
        ("POST", f"/v1/webhook-endpoints/{endpoint}/test", None),
        ("POST", f"/v1/webhook-deliveries/{delivery}/replay", None),
        ("DELETE", f"/v1/webhook-endpoints/{endpoint}", None),
        ("POST", "/v1/projects", {"name": "C", "timezone": "UTC"}),
        ("POST", f"/v1/content/{fresh}/publish", {"targets": [target(bob)]}),
        ("POST", f"/v1/content/{waiting}/schedule", {"scheduledFor": at, "targets": [target(account)]}),
        ("DELETE", f"/v1/content/{waiting}/pending-schedule", None),
        ("PATCH", f"/v1/projects/{project}", {"name": "B"}),
        ("PATCH", f"/v1/projects/{project}/approval-policy", {"autoApproveAfter": "P1D"}),
        ("POST", f"/v1/projects/{project}/content", {"kind": "text", "caption": "x"}),
        ("PATCH", f"/v1/content/{container}", {"caption": "y"}),
        ("POST", f"/v1/content/{container}/schedule", {"scheduledFor": at, "targets": [target(account)]}),
        ("POST", f"/v1/content/{container}/validate", {"targets": [target(account)]}),
        ("POST", f"/v1/content/{container}/approve", {"note": "n"}),
        ("POST", f"/v1/content/{rejected}/reject", {"reason": "r"}),
        ("DELETE", f"/v1/content/{waiting}", None),
        ("POST", f"/v1/scheduled-posts/{moved}/reschedule", {"scheduledFor": at}),
        ("DELETE", f"/v1/scheduled-posts/{moved}", {"reason": "r"}),
        ("POST", f"/v1/scheduled-posts/{lost}/retry", None),
        ("POST", f"/v1/scheduled-posts/{unclear}/resolve", {"outcome": "not_published"}),
        (
            "POST",
            f"/v1/projects/{free}/social-accounts",
            {"platform": "bluesky", "credential": {"handle": "e.test"}},
        ),
        ("PATCH", f"/v1/social-accounts/{bob}", {"postDefaults": {"langs": ["de"]}}),
        ("DELETE", f"/v1/social-accounts/{bob}", None),
        ("DELETE", f"/v1/projects/{free}", None),
        ("POST", f"/v1/projects/{free}/erase", None),
    ]
    for method, path, body in calls:
        first = await client.call(method, path, body, idempotency_key="one-key")
        again = await client.call(method, path, body, idempotency_key="one-key")
        assert first.status in (200, 201, 202), (method, path, first.raw)
        assert (again.status, again.raw, again.headers.get(REPLAYED)) == (first.status, first.raw, "true"), (
            path
        )
    done = {(method, re.sub(r"[a-z]+_[0-9A-Z]{26}", "…", path)) for method, path, _ in calls}
    declared = {(r.method, r.at("…")) for r in declared_routes(shared) if r.scope and r.method != "GET"}
    assert {(m, p) for m, p in declared - done if not ELSEWHERE.search(p)} == set()


ELSEWHERE = re.compile("api-keys|/social/|uploads?$")
"""Routes whose own tests show their replay."""


# The remembered 403 ----------------------------------------------------------------------------------


async def test_the_kept_403_is_repeated_while_approval_is_pending(client) -> None:
    _, account, container = await pending(client)
    key = new_key()
    first = await client.publish(container, account, idempotency_key=key)
    again = await client.publish(container, account, idempotency_key=key)
    assert (first.status, first.code) == (403, "APPROVAL_REQUIRED")
    assert (again.status, again.raw, again.headers[REPLAYED]) == (403, first.raw, "true")


async def test_after_the_approval_the_same_key_tells_of_the_posts(client) -> None:
    project, account, container = await pending(client)
    key = new_key()
    await client.publish(container, account, idempotency_key=key)
    approved = await client.post(f"/v1/content/{container}/approve")
    answer = await client.publish(container, account, idempotency_key=key)
    assert (answer.status, answer.headers[REPLAYED]) == (200, "true")
    assert answer.json.keys() == {"scheduledPostIds", "gateStatus", "scheduledFor"}
    assert answer["gateStatus"] == "queued"
    assert answer["scheduledPostIds"] == approved["pendingSchedulePromotion"]["scheduledPostIds"]
    [post] = (await client.get(f"/v1/projects/{project}/scheduled-posts"))["items"]
    assert (post["id"], post["scheduledFor"]) == (answer["scheduledPostIds"][0], answer["scheduledFor"])


async def test_another_body_is_a_conflict_after_a_kept_403_too(client) -> None:
    _, account, container = await pending(client)
    key = new_key()
    await client.publish(container, account, idempotency_key=key)
    other = {"targets": [target(account, captionOverride="x")]}
    answer = await client.post(f"/v1/content/{container}/publish", other, idempotency_key=key)
    assert (answer.status, answer.code) == (409, "IDEMPOTENCY_CONFLICT")


@pytest.mark.parametrize("how", ["withdrawn", "replaced", "rejected"])
async def test_a_dropped_intent_forgets_its_key(client, how: str) -> None:
    _, account, container = await pending(client)
    key = new_key()
    await client.publish(container, account, idempotency_key=key)
    if how == "withdrawn":
        await client.delete(f"/v1/content/{container}/pending-schedule")
    elif how == "replaced":
        await client.publish(container, account)
    else:
        await client.post(f"/v1/content/{container}/reject", {"reason": "no"})
    answer = await client.publish(container, account, idempotency_key=key)
    assert REPLAYED not in answer.headers
    assert answer.status == (409 if how == "rejected" else 403)


async def test_a_failed_promotion_keeps_the_403(client) -> None:
    project, account, container = await pending(client)
    key = new_key()
    first = await client.publish(container, account, idempotency_key=key)
    await client.delete(f"/v1/social-accounts/{account}")
    await client.post(f"/v1/content/{container}/approve")
    again = await client.publish(container, account, idempotency_key=key)
    assert (again.status, again.raw) == (403, first.raw)
    assert await count_posts(client, project) == 0


# Twins -----------------------------------------------------------------------------------------------


@pytest.fixture
async def second_origin(shared) -> AsyncIterator[str]:
    """Another API on the same database."""
    async with loopback_server(create_app(shared), lifespan=True) as where:
        yield where


async def test_a_hundred_twins_on_two_servers_are_one_post(client, second_origin: str) -> None:
    project, account, container = await ready(client)
    other = replace(client, origin=second_origin)
    key = new_key()
    answers = await asyncio.gather(
        *((client, other)[n % 2].publish(container, account, idempotency_key=key) for n in range(100))
    )
    assert {(answer.status, answer.raw) for answer in answers} == {(200, answers[0].raw)}
    assert sum(REPLAYED not in answer.headers for answer in answers) == 1
    assert await count_posts(client, project) == 1


async def test_a_hundred_calls_without_a_key_are_one_post(client, second_origin: str) -> None:
    """The duplicate guard holds where no key was given, however close together the calls are."""
    project, account, container = await ready(client)
    other = replace(client, origin=second_origin)
    answers = await asyncio.gather(*((client, other)[n % 2].publish(container, account) for n in range(100)))
    assert sorted({answer.status for answer in answers}) == [200, 409]
    assert sum(answer.status == 200 for answer in answers) == 1
    assert await count_posts(client, project) == 1


async def test_twins_of_a_refusal_are_all_refused(client) -> None:
    _, _, container = await ready(client)
    key = new_key()
    answers = await asyncio.gather(
        *(client.publish(container, "sa_nobody", idempotency_key=key) for _ in range(10))
    )
    assert {(answer.status, answer.code) for answer in answers} == {(404, "NOT_FOUND")}


async def in_flight(connection: asyncpg.Connection, caller, path: str, key: str) -> None:
    """Do what the first of two twins does before its work; a ROLLBACK ends it."""
    assert await begin(connection, IdempotentCall(caller.api_key_id, "POST", path, key, b"")) is None


async def wait_for_lock(pool) -> None:
    """Return once somebody waits for a row."""
    while not await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


FIRST_ANSWER = b'{"scheduledPostIds":["sp_x"],"gateStatus":"queued","scheduledFor":"2026-04-18T19:18:42Z"}'


@pytest.mark.parametrize("then", ["SELECT 1", "UPDATE projects SET status = 'archived' WHERE id = $1"])
async def test_a_twin_that_was_faster_is_replayed(client, pool, then) -> None:
    """Even one that held no lock, as a process of an older release would: whether the work then succeeds or not."""
    project, account, container = await ready(client)
    path, body = f"/v1/content/{container}/publish", {"targets": [target(account)]}
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM containers WHERE id = $1 FOR UPDATE", container)
        slow = asyncio.create_task(client.post(path, body, idempotency_key="twin"))
        await wait_for_lock(pool)
        await pool.execute(
            "INSERT INTO idempotency_records (api_key_id, method, path, idempotency_key, fingerprint, status, body)"
            " VALUES ($1, 'POST', $2, 'twin', $3, 200, $4)",
            *(client.api_key_id, path, fingerprint(body), FIRST_ANSWER),
        )
        await connection.execute(then, *([project] if "$1" in then else []))
    answer = await slow
    assert (answer.status, answer.raw) == (200, FIRST_ANSWER)
    assert answer.headers["idempotent-replayed"] == "true"
    assert await count_posts(client, project) == 0


async def test_a_twin_does_not_wait_for_ever(client, pool) -> None:
    """After ten seconds it is told that the first is still at work; so is whoever waits for a locked container."""
    _, account, container = await ready(client)
    async with pool.acquire() as connection:
        await in_flight(connection, client, f"/v1/content/{container}/publish", "twin")
        await connection.execute("SELECT FROM containers WHERE id = $1 FOR UPDATE", container)
        twin, other = await asyncio.gather(
            client.publish(container, account, idempotency_key="twin"),
            client.publish(container, account, idempotency_key="other"),
        )
        await connection.execute("ROLLBACK")
    assert (twin.status, twin.code) == (409, "CONFLICT")
    assert twin.details == {"subcode": "IDEMPOTENCY_IN_FLIGHT"}
    assert int(twin.headers["retry-after"]) > 0
    assert (other.status, other.code) == (503, "UNAVAILABLE")
    assert int(other.headers["retry-after"]) > 0
    assert (await client.publish(container, account, idempotency_key="twin")).status == 200


async def test_a_request_given_up_to_end_a_deadlock_is_done_again(client, pool) -> None:
    project, account, container = await ready(client)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK scheduled_posts IN EXCLUSIVE MODE")
        asked = asyncio.create_task(client.publish(container, account))
        await wait_for_lock(pool)  # the request holds the container and waits for the table
        await connection.execute("SELECT FROM containers WHERE id = $1 FOR UPDATE", container)
        assert await pool.fetchval(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
    assert (await asked).status == 200
    assert await count_posts(client, project) == 1


async def test_a_twin_works_itself_if_the_first_gave_up(client, pool) -> None:
    _, account, container = await ready(client)
    async with pool.acquire() as connection:
        await in_flight(connection, client, f"/v1/content/{container}/publish", "heir")
        waiting = asyncio.create_task(client.publish(container, account, idempotency_key="heir"))
        async with asyncio.timeout(8):
            while True:
                if await pool.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
                    break
                await asyncio.sleep(0.01)
        await connection.execute("ROLLBACK")
    answer = await waiting
    assert (answer.status, REPLAYED in answer.headers) == (200, False)


async def test_a_transaction_that_came_to_nothing_is_no_success(pool) -> None:
    async with pool.acquire() as connection:
        await begin(connection, None)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.execute("SELECT 1 / 0")
        with pytest.raises(RuntimeError, match="ROLLBACK"):
            await commit(connection)


# Uploads ---------------------------------------------------------------------------------------------


@pytest.fixture
def photo(image: Path) -> bytes:
    """The bytes of a real JPEG."""
    return image.read_bytes()


async def upload(client, project: str, boundary: str, files: list[tuple[str, bytes]], key: str):
    with aiohttp.MultipartWriter("form-data", boundary=boundary) as form:
        for name, content in files:
            part = form.append(content)
            part.set_content_disposition("form-data", name="files", filename=name)
    return await client.post(f"/v1/projects/{project}/content", data=form, idempotency_key=key)


async def test_an_upload_is_replayed_whatever_its_boundary(client, shared, photo: bytes) -> None:
    project, key, files = await client.project(), new_key(), [("a.jpg", photo)]
    first = await upload(client, project, "one", files, key)
    again = await upload(client, project, "another-one", files, key)
    assert first.status == 201
    assert (again.status, again.raw, again.headers[REPLAYED]) == (201, first.raw, "true")
    assert len((await client.get(f"/v1/projects/{project}/content"))["items"]) == 1
    assert list((shared.settings.data_dir / "incoming").glob("*")) == []


async def test_an_upload_of_other_bytes_is_a_conflict(client, photo: bytes) -> None:
    project, key = await client.project(), new_key()
    await upload(client, project, "one", [("a.jpg", photo)], key)
    answer = await upload(client, project, "one", [("a.jpg", photo + b"\0")], key)
    assert (answer.status, answer.code) == (409, "IDEMPOTENCY_CONFLICT")


async def test_a_refused_upload_may_be_mended_under_its_key(client, photo: bytes) -> None:
    project, key = await client.project(), new_key()
    assert (await upload(client, project, "one", [("a.jpg", b"garbage")], key)).status == 422
    assert (await upload(client, project, "one", [("a.jpg", photo)], key)).status == 201

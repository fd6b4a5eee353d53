"""Callers against callers, each meeting forced in both orders: one outcome of the contract, no deadlock, no 5xx."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from arrange import make_failed, target
from gate import AT_THE_END, in_order, transaction, waiting_are
from stage import Stage, until

from layers.api.transaction import KEPT_FOR
from layers.app import create_app
from layers.loopback import loopback_server

LAST = "LOCK TABLE post_events IN EXCLUSIVE MODE"
"""Holds a publish once it has read and locked all it decides by."""


@pytest.fixture
async def account(stage: Stage) -> str:
    """An account."""
    return await stage.account()


@pytest.fixture
async def container(stage: Stage) -> str:
    """A text that may go out."""
    return await stage.client.text(stage.project, "hello")


@pytest.fixture
async def pending(stage: Stage, account: str) -> str:
    """A text that waits for approval."""
    policy = f"/v1/projects/{stage.project}/approval-policy"
    assert (await stage.client.patch(policy, {"requiresApproval": True})).status == 200
    return await stage.client.text(stage.project, "hello")


def publishing(stage: Stage, container: str, account: str, **options: Any) -> Any:
    """Publish."""
    return lambda: stage.client.publish(container, account, **options)


def posting(stage: Stage, path: str, body: Any = None, **options: Any) -> Any:
    """POST."""
    return lambda: stage.client.post(path, body, **options)


def deleting(stage: Stage, path: str) -> Any:
    """DELETE."""
    return lambda: stage.client.delete(path)


async def statuses(stage: Stage) -> list[str]:
    """The status of each post."""
    return [
        row["status"] for row in await stage.pool.fetch("SELECT status FROM scheduled_posts ORDER BY number")
    ]


# What is closed and what goes out -------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["project", "account"])
async def test_what_is_published_just_before_closing_is_canceled(
    stage: Stage, account: str, container: str, what: str
):
    path = f"/v1/projects/{stage.project}" if what == "project" else f"/v1/social-accounts/{account}"
    sent, closed = await in_order(
        stage, publishing(stage, container, account), deleting(stage, path), gate=LAST
    )
    assert (sent.status, closed.status, closed["canceledScheduledPosts"]) == (200, 200, 1)
    assert await statuses(stage) == ["canceled"]


@pytest.mark.parametrize("what", ["project", "account"])
async def test_nothing_is_published_once_closing_has_begun(
    stage: Stage, account: str, container: str, what: str
):
    path = f"/v1/projects/{stage.project}" if what == "project" else f"/v1/social-accounts/{account}"
    closed, sent = await in_order(stage, deleting(stage, path), publishing(stage, container, account))
    assert (closed.status, closed["canceledScheduledPosts"], sent.status) == (200, 0, 409)
    assert sent.details.get("subcode", sent.code) == (
        "PROJECT_ARCHIVED" if what == "project" else "CREDENTIAL_INVALID"
    )
    assert await statuses(stage) == []


async def test_a_container_is_published_or_deleted(stage: Stage, account: str, container: str):
    delete = deleting(stage, f"/v1/content/{container}")
    sent, gone = await in_order(stage, publishing(stage, container, account), delete, gate=LAST)
    assert (sent.status, gone.status, gone.details["subcode"]) == (200, 409, "LIVE_POSTS")
    other = await stage.client.text(stage.project, "other")
    gone, sent = await in_order(
        stage, deleting(stage, f"/v1/content/{other}"), publishing(stage, other, account)
    )
    assert (gone.status, sent.status) == (200, 404)


@pytest.mark.parametrize("what", ["project", "account"])
async def test_a_retry_and_closing(stage: Stage, account: str, container: str, what: str):
    path = f"/v1/projects/{stage.project}" if what == "project" else f"/v1/social-accounts/{account}"
    post = await stage.publish(container, account)
    await make_failed(stage.pool, post)
    retry = posting(stage, f"/v1/scheduled-posts/{post}/retry")
    again, closed = await in_order(stage, retry, deleting(stage, path))
    assert (again.status, closed.status, closed["canceledScheduledPosts"]) == (200, 200, 1)
    assert await statuses(stage) == ["canceled"]


@pytest.mark.parametrize("what", ["project", "account"])
async def test_closing_and_a_retry(stage: Stage, account: str, container: str, what: str):
    path = f"/v1/projects/{stage.project}" if what == "project" else f"/v1/social-accounts/{account}"
    post = await stage.publish(container, account)
    await make_failed(stage.pool, post)
    retry = posting(stage, f"/v1/scheduled-posts/{post}/retry")
    closed, again = await in_order(stage, deleting(stage, path), retry)
    assert (closed.status, closed["canceledScheduledPosts"], again.status) == (200, 0, 409)
    assert await statuses(stage) == ["failed"]


async def test_publishing_the_same_twice_at_once(stage: Stage, account: str, container: str):
    publish = publishing(stage, container, account)
    one, two = await in_order(stage, publish, publish, gate=LAST)
    assert (one.status, two.status, two.details["subcode"]) == (200, 409, "DUPLICATE_POST")
    assert two.details["scheduledPostIds"] == one["scheduledPostIds"]


async def test_a_scheduled_post_id_is_taken_once(stage: Stage, account: str, container: str):
    other = await stage.client.text(stage.project, "other")
    named = {"targets": [target(account, scheduledPostId="mine")]}
    one, two = await in_order(
        stage,
        posting(stage, f"/v1/content/{container}/publish", named),
        posting(stage, f"/v1/content/{other}/publish", named),
        gate=LAST,
    )
    done, refused = sorted((one, two), key=lambda answer: answer.status)  # both come to the insert at once
    assert (done.status, refused.status, refused.details["subcode"]) == (200, 409, "SCHEDULED_POST_ID_TAKEN")
    assert await statuses(stage) == ["queued"]


# Approval -------------------------------------------------------------------------------------------------------


async def test_an_approval_then_a_second_intent(stage: Stage, account: str, pending: str):
    """The first intent is out when the second comes, which is a duplicate now."""
    assert (await stage.client.publish(pending, account)).status == 403
    approved, second = await in_order(
        stage, posting(stage, f"/v1/content/{pending}/approve", {}), publishing(stage, pending, account)
    )
    assert (approved.status, approved["pendingSchedulePromotion"]["status"]) == (200, "ok")
    assert (second.status, second.details["subcode"]) == (409, "DUPLICATE_POST")
    assert await statuses(stage) == ["queued"]


async def test_a_second_intent_then_an_approval(stage: Stage, account: str, pending: str):
    """The second intent takes the place of the first, and is what the approval releases."""
    first = await stage.client.publish(pending, account, idempotency_key="first")
    body = {"targets": [target(account, captionOverride="second")]}
    keep = "LOCK TABLE pending_schedules IN EXCLUSIVE MODE"
    second, approved = await in_order(
        stage,
        posting(stage, f"/v1/content/{pending}/publish", body, idempotency_key="second"),
        posting(stage, f"/v1/content/{pending}/approve", {}),
        gate=keep,
    )
    assert (first.status, second.status, approved.status) == (403, 403, 200)
    ids = approved["pendingSchedulePromotion"]["scheduledPostIds"]
    assert [(await stage.seen(post))["caption"] for post in ids] == ["second"]
    again = await stage.client.post(f"/v1/content/{pending}/publish", body, idempotency_key="second")
    assert (again.status, again["scheduledPostIds"]) == (200, ids)
    assert await statuses(stage) == ["queued"]


@pytest.mark.parametrize("first", ["approve", "reject"])
@pytest.mark.parametrize("second", ["approve", "reject"])
async def test_a_container_is_judged_once(stage: Stage, account: str, pending: str, first: str, second: str):
    assert (await stage.client.publish(pending, account)).status == 403
    bodies = {"approve": {}, "reject": {"reason": "no"}}
    one, two = await in_order(
        stage,
        posting(stage, f"/v1/content/{pending}/{first}", bodies[first]),
        posting(stage, f"/v1/content/{pending}/{second}", bodies[second]),
    )
    became = {"approve": "approved", "reject": "rejected"}[first]
    assert (one.status, two.status, two.details["approvalStatus"]) == (200, 409, became)
    assert await statuses(stage) == (["queued"] if first == "approve" else [])
    count = "SELECT approved_count FROM projects WHERE id = $1"
    assert await stage.pool.fetchval(count, stage.project) == (first == "approve")


# A person -------------------------------------------------------------------------------------------------------


async def test_a_post_is_retried_once(stage: Stage, account: str, container: str):
    post = await stage.publish(container, account)
    await make_failed(stage.pool, post)
    retry = posting(stage, f"/v1/scheduled-posts/{post}/retry")
    one, two = await in_order(stage, retry, retry)
    assert (one.status, two.status, two.details["status"]) == (200, 409, "queued")
    assert (await stage.story(post)).count("retried") == 1


@pytest.mark.parametrize("first", ["published", "not_published"])
async def test_an_unknown_outcome_is_settled_once(stage: Stage, account: str, container: str, first: str):
    post = await stage.publish(container, account)
    await make_failed(stage.pool, post, unknown=True)
    path = f"/v1/scheduled-posts/{post}/resolve"
    other = "published" if first == "not_published" else "not_published"
    one, two = await in_order(
        stage, posting(stage, path, {"outcome": first}), posting(stage, path, {"outcome": other})
    )
    assert (one.status, two.status) == (200, 409)
    assert (await stage.row(post))["status"] == ("published" if first == "published" else "failed")


async def test_a_retry_waits_for_what_a_person_says(stage: Stage, account: str, container: str):
    post = await stage.publish(container, account)
    await make_failed(stage.pool, post, unknown=True)
    path = f"/v1/scheduled-posts/{post}"
    said, again = await in_order(
        stage,
        posting(stage, f"{path}/resolve", {"outcome": "not_published"}),
        posting(stage, f"{path}/retry"),
    )
    assert (said.status, again.status, again["status"]) == (200, 200, "queued")


# Keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("killed_at = now()", 503),
        ("retired_at = now()", 401),
        ("secret_hash = '\\x00'", 401),
        ("expires_at = now()", 401),
    ],
)
async def test_a_key_that_ends_while_a_request_runs(
    stage: Stage, account: str, container: str, change: str, status: int
):
    """What was let in is finished; the next request is not let in, not even to hear what was remembered."""

    async def end() -> str:
        return await stage.pool.execute(
            f"UPDATE api_keys SET {change} WHERE id = $1", stage.client.api_key_id
        )

    publish = publishing(stage, container, account, idempotency_key="one")
    sent, ended = await in_order(stage, publish, end)
    assert (sent.status, ended) == (200, "UPDATE 1")
    refused = await publish()
    assert refused.status == status
    assert (refused.code, refused.details.get("scope")) == (
        ("KILL_SWITCH", "key") if status == 503 else ("UNAUTHENTICATED", None)
    )
    assert await statuses(stage) == ["queued"]


# Twins ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def twins(stage: Stage) -> AsyncIterator[tuple[Any, Any]]:
    """Callers of two API processes on one database."""
    async with (
        loopback_server(create_app(stage.shared), lifespan=True) as one,
        loopback_server(create_app(stage.shared), lifespan=True) as two,
    ):
        yield replace(stage.client, origin=one), replace(stage.client, origin=two)


async def test_twins_at_two_processes_are_one(stage: Stage, account: str, container: str, twins: Any):
    one, two = await in_order(
        stage,
        lambda: twins[0].publish(container, account, idempotency_key="twin"),
        lambda: twins[1].publish(container, account, idempotency_key="twin"),
    )
    assert (one.status, two.status) == (200, 200)
    assert one.raw == two.raw
    assert "idempotent-replayed" not in one.headers
    assert two.headers["idempotent-replayed"] == "true"
    assert await statuses(stage) == ["queued"]


async def test_twins_that_say_different_things_conflict(
    stage: Stage, account: str, container: str, twins: Any
):
    other = {"targets": [target(account, captionOverride="other")]}
    one, two = await in_order(
        stage,
        lambda: twins[0].publish(container, account, idempotency_key="twin"),
        lambda: twins[1].post(f"/v1/content/{container}/publish", other, idempotency_key="twin"),
    )
    assert (one.status, two.status, two.code) == (200, 409, "IDEMPOTENCY_CONFLICT")
    assert await statuses(stage) == ["queued"]


async def test_a_twin_takes_over_from_one_that_dies(stage: Stage, account: str, container: str, twins: Any):
    """The first one's process loses its database before its commit: nothing of it stands, and the second does it."""
    async with transaction(stage) as keeper:
        await keeper.execute(AT_THE_END)
        first = asyncio.create_task(twins[0].publish(container, account, idempotency_key="twin"))
        await waiting_are(stage, 1)
        second = asyncio.create_task(twins[1].publish(container, account, idempotency_key="twin"))
        await waiting_are(stage, 2)
        await keeper.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE '%INTO events%'"
        )
        assert (await first).status == 503  # that connection is dead: the caller is told to repeat
        await waiting_are(stage, 1)
    done = await second
    assert done.status == 200
    assert "idempotent-replayed" not in done.headers
    again = await twins[0].publish(container, account, idempotency_key="twin")
    assert (again.status, again.raw) == (200, done.raw)
    assert await statuses(stage) == ["queued"]


async def test_a_twin_hears_what_its_first_did_not_live_to_hear(
    stage: Stage, account: str, container: str, twins: Any
):
    """The first caller hangs up while its request is worked on; the work is done all the same, once."""
    async with transaction(stage) as keeper:
        await keeper.execute(AT_THE_END)
        first = asyncio.create_task(twins[0].publish(container, account, idempotency_key="twin"))
        await waiting_are(stage, 1)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    await until(lambda: _has_post(stage))
    second = await twins[1].publish(container, account, idempotency_key="twin")
    assert (second.status, second.headers["idempotent-replayed"]) == (200, "true")
    assert await statuses(stage) == ["queued"]


async def _has_post(stage: Stage) -> bool:
    return await statuses(stage) == ["queued"]


async def test_twins_on_a_key_that_has_lapsed(stage: Stage, account: str, container: str, twins: Any):
    """A record older than a day is no record: the first of two takes it over, the second hears of that."""
    assert (await twins[0].publish(container, account, idempotency_key="twin")).status == 200
    await stage.pool.execute("UPDATE scheduled_posts SET status = 'canceled', due_at = NULL")
    await stage.pool.execute(
        f"UPDATE idempotency_records SET created_at = now() - interval '{KEPT_FOR}' - interval '1 minute'"
    )
    one, two = await in_order(
        stage,
        lambda: twins[0].publish(container, account, idempotency_key="twin"),
        lambda: twins[1].publish(container, account, idempotency_key="twin"),
    )
    assert (one.status, two.status) == (200, 200)
    assert one.raw == two.raw
    assert await statuses(stage) == ["canceled", "queued"]

"""The guard against duplicates beyond publish: what a retry may not do, and what a dry run foretells."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from arrange import ahead, make_failed, make_status, target


async def failed(client, pool) -> tuple[str, str, str]:
    """Leave a failed post; returns account, container and post."""
    project = await client.project()
    account, container = await client.account(project), await client.text(project)
    post = (await client.publish(container, account))["scheduledPostIds"][0]
    await make_failed(pool, post)
    return account, container, post


async def retry(client, post: str, body: object = None):
    return await client.post(f"/v1/scheduled-posts/{post}/retry", body)


async def validate(client, container: str, *targets: dict, **fields: object):
    return await client.post(f"/v1/content/{container}/validate", {"targets": list(targets), **fields})


@pytest.mark.parametrize(
    ("status", "expected"),
    [("queued", 409), ("published", 409), ("draft_in_inbox", 409), ("failed", 200), ("canceled", 200)],
)
async def test_a_retry_beside_a_live_twin_is_a_duplicate(client, pool, status: str, expected: int) -> None:
    account, container, post = await failed(client, pool)
    twin = (await client.publish(container, account))["scheduledPostIds"][0]
    await make_status(pool, twin, status)
    answer = await retry(client, post)
    assert answer.status == expected
    if expected == 409:
        assert answer.details == {"subcode": "DUPLICATE_POST", "scheduledPostIds": [twin]}
        assert (await client.get(f"/v1/scheduled-posts/{post}"))["status"] == "failed"
        assert (await retry(client, post, {"allowDuplicate": True}))["status"] == "queued"


async def test_a_retry_far_from_its_twin_is_none(client, pool) -> None:
    account, container, post = await failed(client, pool)
    body = {"scheduledFor": ahead(minutes=11), "targets": [target(account)]}
    assert (await client.post(f"/v1/content/{container}/schedule", body)).status == 200
    assert (await retry(client, post)).status == 200


async def test_a_retry_of_a_later_post_is_measured_from_its_own_time(client, pool) -> None:
    account, container, post = await failed(client, pool)
    await pool.execute(
        "UPDATE scheduled_posts SET scheduled_for = now() + interval '2 hours' WHERE id = $1", post
    )
    body = {"scheduledFor": ahead(hours=2), "targets": [target(account)]}
    assert (await client.post(f"/v1/content/{container}/schedule", body)).status == 200
    assert (await retry(client, post)).status == 409


async def test_of_a_publish_and_a_retry_at_once_one_wins(client, pool) -> None:
    for _ in range(5):
        account, container, post = await failed(client, pool)
        answers = await asyncio.gather(retry(client, post), client.publish(container, account))
        assert sorted(answer.status for answer in answers) == [200, 409]


async def test_a_wrong_body_of_a_retry_is_refused(client, pool) -> None:
    _, _, post = await failed(client, pool)
    assert (await retry(client, post, {"allowDuplicate": "yes"})).issues == {("allowDuplicate", "wrong_type")}


# The dry run -----------------------------------------------------------------------------------------


async def test_a_dry_run_foretells_a_duplicate(client) -> None:
    project = await client.project()
    ann, bob = [await client.account(project, handle=handle) for handle in ("ann.test", "bob.test")]
    container = await client.text(project)
    post = (await client.publish(container, bob))["scheduledPostIds"][0]
    verdict = await validate(client, container, target(ann), target(bob))
    [issue] = verdict["issues"]
    assert (verdict["valid"], issue["path"], issue["code"]) == (False, "targets[1]", "duplicate_post")
    assert post in issue["message"]
    assert (await client.publish(container, ann, bob)).details["scheduledPostIds"] == [post]
    assert (await validate(client, container, target(bob, allowDuplicate=True)))["valid"]


@pytest.mark.parametrize(("minutes", "valid"), [(9, False), (10, False), (11, True)])
async def test_a_dry_run_measures_from_the_time_it_is_asked_about(client, minutes: int, valid: bool) -> None:
    project = await client.project()
    account, container = await client.account(project), await client.text(project)
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    body = {"scheduledFor": at.isoformat(), "targets": [target(account)]}
    await client.post(f"/v1/content/{container}/schedule", body)
    later = (at + timedelta(minutes=minutes)).isoformat()
    assert (await validate(client, container, target(account), scheduledFor=later))["valid"] is valid
    assert (await validate(client, container, target(account)))["valid"]


async def test_a_dry_run_counts_the_lead_of_the_project(client) -> None:
    project = await client.project(publishLeadSeconds=300)
    account, container = await client.account(project), await client.text(project)
    body = {"scheduledFor": ahead(minutes=14), "targets": [target(account)]}
    await client.post(f"/v1/content/{container}/schedule", body)
    assert (await validate(client, container, target(account)))["issues"][0]["code"] == "duplicate_post"


async def test_a_dry_run_foretells_a_taken_id(client, join) -> None:
    project = await client.project()
    account = await client.account(project)
    first, second = await client.text(project), await client.text(project, "another")
    wanted = target(account, scheduledPostId="mine")
    await client.post(f"/v1/content/{first}/publish", {"targets": [wanted]})
    verdict = await validate(
        client, second, target(account, scheduledPostId="free"), {**wanted, "allowDuplicate": True}
    )
    assert [(i["path"], i["code"]) for i in verdict["issues"]] == [
        ("targets[1].scheduledPostId", "scheduled_post_id_taken")
    ]
    other = await join("Somebody else")
    elsewhere = await other.project()
    container = await other.text(elsewhere)
    assert (await validate(other, container, target(await other.account(elsewhere), scheduledPostId="mine")))[
        "valid"
    ]

"""Approval: what waits for a person, and what becomes of an intent that was kept meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
from arrange import Z, ahead, moment, target

from layers.content.commands import auto_approve_next


async def pending(client, **policy: object) -> tuple[str, str, str]:
    """Make a project that requires approval, an account, and a container that waits."""
    project = await client.project()
    await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": True, **policy})
    return project, await client.account(project), await client.text(project)


async def status_of(client, container: str) -> str:
    return (await client.get(f"/v1/content/{container}"))["approvalStatus"]


async def posts_of(client, project: str) -> list[dict]:
    return (await client.get(f"/v1/projects/{project}/scheduled-posts"))["items"]


def body(account: str, **fields: object) -> dict:
    return {"targets": [target(account)], **fields}


# Deciding --------------------------------------------------------------------------------------------


async def test_a_container_waits_where_the_project_says_so(client) -> None:
    project = await client.project()
    before = await client.text(project)
    await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": True})
    assert await status_of(client, before) == "not_required"
    assert await status_of(client, await client.text(project)) == "pending"


async def test_an_approval_says_who_and_when(client) -> None:
    _, _, container = await pending(client)
    answer = await client.post(f"/v1/content/{container}/approve", {"note": "fine"})
    assert answer.status == 200
    assert answer.json == {
        "id": container,
        "approvalStatus": "approved",
        "approvedAt": answer["approvedAt"],
        "approvedBy": f"api_{client.api_key_id}",
    }
    assert Z.fullmatch(answer["approvedAt"])
    assert await status_of(client, container) == "approved"


async def test_a_rejection_says_who_when_and_why(client) -> None:
    _, _, container = await pending(client)
    answer = await client.post(f"/v1/content/{container}/reject", {"reason": "off brand"})
    assert answer.status == 200
    assert answer.json == {
        "id": container,
        "approvalStatus": "rejected",
        "rejectedAt": answer["rejectedAt"],
        "rejectedBy": f"api_{client.api_key_id}",
        "reason": "off brand",
    }
    assert await status_of(client, container) == "rejected"


@pytest.mark.parametrize(
    ("step", "given", "path"),
    [
        ("approve", {"note": "x" * 1025}, "note"),
        ("reject", {}, "reason"),
        ("reject", {"reason": ""}, "reason"),
        ("reject", {"reason": "x" * 1025}, "reason"),
    ],
)
async def test_notes_and_reasons_have_bounds(client, step: str, given: object, path: str) -> None:
    _, _, container = await pending(client)
    answer = await client.post(f"/v1/content/{container}/{step}", given)
    assert (answer.status, {at for at, _ in answer.issues}) == (422, {path})
    assert await status_of(client, container) == "pending"


@pytest.mark.parametrize(
    ("first", "now"), [(None, "not_required"), ("approve", "approved"), ("reject", "rejected")]
)
async def test_only_what_is_pending_can_be_decided(client, first: str | None, now: str) -> None:
    _, _, container = await pending(client)
    if first is None:
        container = await client.text(await client.project())
    else:
        await client.post(f"/v1/content/{container}/{first}", {"reason": "x"} if first == "reject" else None)
    for step, given in (("approve", None), ("reject", {"reason": "x"})):
        answer = await client.post(f"/v1/content/{container}/{step}", given)
        assert (answer.status, answer.code) == (409, "CONFLICT")
        assert answer.details == {"approvalStatus": now}


async def test_what_was_rejected_is_not_published(client) -> None:
    _, account, container = await pending(client)
    await client.post(f"/v1/content/{container}/reject", {"reason": "no"})
    for step, given in (("publish", body(account)), ("schedule", body(account, scheduledFor=ahead(hours=1)))):
        answer = await client.post(f"/v1/content/{container}/{step}", given)
        assert (answer.status, answer.code) == (409, "CONTENT_REJECTED")


# The window ------------------------------------------------------------------------------------------


async def test_the_window_closes_after_n_approvals(client) -> None:
    project, _, first = await pending(client, firstNPostsBlocked=2)
    second, third = await client.text(project), await client.text(project)
    await client.post(f"/v1/content/{first}/reject", {"reason": "does not count"})
    await client.post(f"/v1/content/{second}/approve")
    assert await status_of(client, await client.text(project)) == "pending"
    await client.post(f"/v1/content/{third}/approve")
    assert await status_of(client, await client.text(project)) == "not_required"


async def test_what_still_waits_goes_out_once_the_window_is_closed(client) -> None:
    project, account, waiting = await pending(client, firstNPostsBlocked=1)
    other = await client.text(project)
    assert (await client.publish(waiting, account)).status == 403
    await client.post(f"/v1/content/{other}/approve")
    assert await status_of(client, waiting) == "pending"
    assert (await client.publish(waiting, account)).status == 200


@pytest.mark.parametrize("n", [None, 0])
async def test_without_a_number_the_window_stays_open(client, n: int | None) -> None:
    project, _, container = await pending(client, firstNPostsBlocked=n)
    await client.post(f"/v1/content/{container}/approve")
    assert await status_of(client, await client.text(project)) == "pending"


async def test_a_container_approved_again_counts_once(client) -> None:
    project, _, container = await pending(client, firstNPostsBlocked=2)
    await client.post(f"/v1/content/{container}/approve")
    await client.patch(f"/v1/content/{container}", {"caption": "changed"})
    await client.post(f"/v1/content/{container}/approve")
    assert await status_of(client, await client.text(project)) == "pending"


# The timer -------------------------------------------------------------------------------------------


async def run_timers(pool) -> None:
    while await auto_approve_next(pool, datetime.now(UTC)):
        pass


async def let_timer_run_out(pool, container: str) -> None:
    await pool.execute("UPDATE containers SET auto_approve_at = now() WHERE id = $1", container)


async def test_a_timer_approves_when_it_has_run_out(client, pool) -> None:
    project, account, container = await pending(client, autoApproveAfter="PT1H")
    await client.publish(container, account)
    await run_timers(pool)
    assert await status_of(client, container) == "pending"
    await let_timer_run_out(pool, container)
    await run_timers(pool)
    assert await status_of(client, container) == "approved"
    assert [post["status"] for post in await posts_of(client, project)] == ["queued"]


async def test_a_timer_leaves_alone_what_was_decided(client, pool) -> None:
    _, _, container = await pending(client, autoApproveAfter="PT1S")
    await client.post(f"/v1/content/{container}/reject", {"reason": "no"})
    await pool.execute("UPDATE containers SET auto_approve_at = NULL WHERE auto_approve_at > now()")
    await run_timers(pool)
    assert await status_of(client, container) == "rejected"


async def test_a_timer_is_named_as_the_one_who_approved(client, pool) -> None:
    _, account, container = await pending(client, autoApproveAfter="PT1H")
    await client.publish(container, account)
    await let_timer_run_out(pool, container)
    await run_timers(pool)
    rows = await pool.fetch(
        "SELECT type, actor, api_key_id, request_id FROM events WHERE organization_id = $1"
        " AND type IN ('content.approved', 'post.scheduled') ORDER BY position",
        client.organization_id,
    )
    assert [tuple(row) for row in rows] == [
        ("content.approved", "auto_approval", None, None),
        ("post.scheduled", "auto_approval", None, None),
    ]


async def test_a_changed_container_gets_its_timer_again(client, pool) -> None:
    _, _, container = await pending(client, autoApproveAfter="PT1H")
    await client.post(f"/v1/content/{container}/approve")
    await client.patch(f"/v1/content/{container}", {"caption": "changed"})
    left = await pool.fetchval("SELECT auto_approve_at - now() FROM containers WHERE id = $1", container)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


# Kept intents ----------------------------------------------------------------------------------------


async def test_publish_while_pending_is_refused_and_kept(client) -> None:
    project, account, container = await pending(client)
    answer = await client.publish(container, account)
    assert (answer.status, answer.code) == (403, "APPROVAL_REQUIRED")
    assert answer.details.keys() == {"containerId", "approvalStatus", "pendingSchedule"}
    assert (answer.details["containerId"], answer.details["approvalStatus"]) == (container, "pending")
    kept = answer.details["pendingSchedule"]
    assert kept["scheduledFor"] is None
    assert target(account).items() <= kept["targets"][0].items()
    assert (await client.get(f"/v1/content/{container}"))["pendingSchedule"] == kept
    assert await posts_of(client, project) == []


async def test_schedule_while_pending_is_accepted_and_kept(client) -> None:
    project, account, container = await pending(client)
    at = ahead(hours=2)
    answer = await client.post(f"/v1/content/{container}/schedule", body(account, scheduledFor=at))
    assert answer.status == 202
    assert answer.json == {"scheduledPostIds": [], "gateStatus": "blocked_on_approval", "scheduledFor": at}
    assert (await client.get(f"/v1/content/{container}"))["pendingSchedule"]["scheduledFor"] == at
    assert await posts_of(client, project) == []


async def test_approving_publishes_what_was_kept_now(client) -> None:
    project, account, container = await pending(client)
    await client.publish(container, account)
    before = datetime.now(UTC).replace(microsecond=0)
    answer = await client.post(f"/v1/content/{container}/approve")
    promotion = answer["pendingSchedulePromotion"]
    [post] = await posts_of(client, project)
    assert promotion == {"status": "ok", "scheduledPostIds": [post["id"]]}
    assert before <= moment(post["scheduledFor"]) <= datetime.now(UTC)
    assert (await client.get(f"/v1/content/{container}"))["pendingSchedule"] is None


async def test_approving_keeps_a_future_time(client) -> None:
    project, account, container = await pending(client)
    at = ahead(hours=2)
    await client.post(f"/v1/content/{container}/schedule", body(account, scheduledFor=at))
    await client.post(f"/v1/content/{container}/approve")
    assert [post["scheduledFor"] for post in await posts_of(client, project)] == [at]


async def test_a_time_that_passed_meanwhile_becomes_now(client, pool) -> None:
    project, account, container = await pending(client)
    await client.post(f"/v1/content/{container}/schedule", body(account, scheduledFor=ahead(hours=2)))
    await pool.execute(
        "UPDATE pending_schedules SET scheduled_for = now() - interval '3 days' WHERE container_id = $1",
        container,
    )
    before = datetime.now(UTC).replace(microsecond=0)
    await client.post(f"/v1/content/{container}/approve")
    [post] = await posts_of(client, project)
    assert before <= moment(post["scheduledFor"]) <= datetime.now(UTC)


async def test_what_was_kept_is_published_as_it_was_asked_for(client) -> None:
    project, account, container = await pending(client)
    kept = target(
        account,
        scheduledPostId=f"kept-{project[-8:]}",
        captionOverride="own words",
        firstCommentOverride="and more",
        platformOptions={"langs": ["de"]},
    )
    assert (await client.post(f"/v1/content/{container}/publish", {"targets": [kept]})).status == 403
    await client.post(f"/v1/content/{container}/approve")
    [post] = await posts_of(client, project)
    assert (post["id"], post["caption"], post["firstComment"]) == (
        kept["scheduledPostId"],
        "own words",
        "and more",
    )


async def test_the_lead_counts_from_the_approval(client) -> None:
    project, account, container = await pending(client)
    await client.patch(f"/v1/projects/{project}", {"publishLeadSeconds": 300})
    await client.publish(container, account)
    await client.post(f"/v1/content/{container}/approve")
    [post] = await posts_of(client, project)
    assert moment(post["scheduledFor"]) > datetime.now(UTC) + timedelta(seconds=240)


async def test_a_failed_promotion_leaves_approval_and_intent(client) -> None:
    project, account, container = await pending(client)
    await client.publish(container, account)
    await client.delete(f"/v1/social-accounts/{account}")
    answer = await client.post(f"/v1/content/{container}/approve")
    assert (answer.status, answer["approvalStatus"]) == (200, "approved")
    promotion = answer["pendingSchedulePromotion"]
    assert promotion.keys() == {"status", "error"}
    assert promotion["status"] == "failed"
    assert promotion["error"]["code"] == "CREDENTIAL_INVALID"
    read = await client.get(f"/v1/content/{container}")
    assert read["approvalStatus"] == "approved"
    assert read["pendingSchedule"]["targets"][0]["socialAccountId"] == account
    assert await posts_of(client, project) == []


async def test_a_promotion_whose_id_was_taken_meanwhile_fails_alone(client) -> None:
    project, account, container = await pending(client)
    chosen = target(account, scheduledPostId=f"id-{project[-8:]}")
    await client.post(f"/v1/content/{container}/publish", {"targets": [chosen]})
    free = await client.project()
    taken = target(await client.account(free), scheduledPostId=chosen["scheduledPostId"])
    assert (
        await client.post(f"/v1/content/{await client.text(free)}/publish", {"targets": [taken]})
    ).status == 200
    answer = await client.post(f"/v1/content/{container}/approve")
    assert answer.status == 200
    error = answer["pendingSchedulePromotion"]["error"]
    assert error["details"]["subcode"] == "SCHEDULED_POST_ID_TAKEN"
    assert await status_of(client, container) == "approved"


async def test_a_second_intent_replaces_the_first(client) -> None:
    project, account, container = await pending(client)
    await client.publish(container, account)
    at = ahead(hours=3)
    await client.post(f"/v1/content/{container}/schedule", body(account, scheduledFor=at))
    assert (await client.get(f"/v1/content/{container}"))["pendingSchedule"]["scheduledFor"] == at
    await client.post(f"/v1/content/{container}/approve")
    assert [post["scheduledFor"] for post in await posts_of(client, project)] == [at]


async def test_a_publish_that_goes_through_replaces_what_was_kept(client) -> None:
    """Once the window is closed the publish is the intent: a late approval must not post again."""
    project, account, container = await pending(client)
    await client.post(f"/v1/content/{container}/schedule", body(account, scheduledFor=ahead(hours=2)))
    await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": False})
    assert (await client.publish(container, account)).status == 200
    assert (await client.get(f"/v1/content/{container}"))["pendingSchedule"] is None
    await client.post(f"/v1/content/{container}/approve")
    assert len(await posts_of(client, project)) == 1


async def test_an_intent_can_be_withdrawn_once(client) -> None:
    project, account, container = await pending(client)
    await client.publish(container, account)
    answer = await client.delete(f"/v1/content/{container}/pending-schedule")
    assert (answer.status, answer.json) == (200, {"id": container, "pendingSchedule": None})
    assert (await client.delete(f"/v1/content/{container}/pending-schedule")).status == 404
    approved = await client.post(f"/v1/content/{container}/approve")
    assert "pendingSchedulePromotion" not in approved.json
    assert await posts_of(client, project) == []


async def test_a_rejection_drops_the_intent(client) -> None:
    _, account, container = await pending(client)
    await client.publish(container, account)
    await client.post(f"/v1/content/{container}/reject", {"reason": "no"})
    assert (await client.get(f"/v1/content/{container}"))["pendingSchedule"] is None


@pytest.mark.parametrize("wrong", ["mode", "account"])
async def test_a_wrong_publish_keeps_no_intent(client, wrong: str) -> None:
    _, account, container = await pending(client)
    answer = await (
        client.publish(container, account, mode="nonsense")
        if wrong == "mode"
        else client.publish(container, "sa_nobody")
    )
    assert answer.status in (404, 422)
    assert (await client.get(f"/v1/content/{container}"))["pendingSchedule"] is None


# Approval is of what was seen ------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"caption": "other"}, {"firstComment": "other"}])
async def test_a_changed_container_waits_again(client, change: dict) -> None:
    project, account, container = await pending(client)
    await client.publish(container, account)
    await client.post(f"/v1/content/{container}/approve")
    changed = await client.patch(f"/v1/content/{container}", change)
    assert changed["approvalStatus"] == "pending"
    assert [post["caption"] for post in await posts_of(client, project)] == ["hello"]
    again = await client.post(f"/v1/content/{container}/schedule", body(account, scheduledFor=ahead(hours=1)))
    assert again.status == 202


@pytest.mark.parametrize("change", [{"caption": "hello"}, {"firstComment": None}])
async def test_a_change_that_changes_nothing_needs_no_new_approval(client, change: dict) -> None:
    _, _, container = await pending(client)
    await client.post(f"/v1/content/{container}/approve")
    assert (await client.patch(f"/v1/content/{container}", change))["approvalStatus"] == "approved"


async def test_a_change_needs_no_approval_where_none_is_required_any_more(client) -> None:
    project, _, container = await pending(client)
    await client.post(f"/v1/content/{container}/approve")
    await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": False})
    assert (await client.patch(f"/v1/content/{container}", {"caption": "x"}))["approvalStatus"] == "approved"


async def test_what_waits_is_published_as_it_was_approved(client) -> None:
    project, account, container = await pending(client)
    await client.publish(container, account)
    await client.patch(f"/v1/content/{container}", {"caption": "mended"})
    await client.post(f"/v1/content/{container}/approve")
    assert [post["caption"] for post in await posts_of(client, project)] == ["mended"]

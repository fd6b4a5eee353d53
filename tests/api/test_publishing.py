"""Publish, schedule, validate, and what can be done with a scheduled post: the wire of contract section 2."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from arrange import Z, ahead, make_failed, make_publishing, make_status, moment, row_counts, target

from layers.access.keys import SCOPES

POST_FIELDS = {
    *("id", "containerId", "projectId", "socialAccountId", "platform", "mode", "status", "caption"),
    *("firstComment", "externalId", "externalUrl", "scheduledFor", "attemptedAt", "publishedAt"),
    *("canceledAt", "attempts", "nextAttemptAt", "lastError", "createdAt", "updatedAt"),
}


async def ready(client, caption: str = "hello", **project_fields: object) -> tuple[str, str, str]:
    """Make a project with an account and a text."""
    project = await client.project(**project_fields)
    return project, await client.account(project), await client.text(project, caption)


async def queued(client) -> str:
    """Schedule a post for tomorrow; returns its id."""
    _, account, container = await ready(client)
    answer = await schedule(client, container, ahead(days=1), target(account))
    return answer["scheduledPostIds"][0]


async def publish(client, container: str, *targets: dict):
    return await client.post(f"/v1/content/{container}/publish", {"targets": list(targets)})


async def schedule(client, container: str, at: object, *targets: dict):
    return await client.post(
        f"/v1/content/{container}/schedule", {"scheduledFor": at, "targets": list(targets)}
    )


async def read(client, post: str) -> dict:
    answer = await client.get(f"/v1/scheduled-posts/{post}")
    assert answer.status == 200
    return answer.json


# Publish ---------------------------------------------------------------------------------------------


async def test_publish_answers_as_documented(client) -> None:
    _, account, container = await ready(client)
    before = datetime.now(UTC).replace(microsecond=0)
    answer = await publish(client, container, target(account))
    assert answer.status == 200
    assert answer.json == {
        "scheduledPostIds": [answer["scheduledPostIds"][0]],
        "gateStatus": "queued",
        "scheduledFor": answer["scheduledFor"],
    }
    assert re.fullmatch(r"sp_[0-9A-HJKMNP-TV-Z]{26}", answer["scheduledPostIds"][0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer["scheduledFor"])
    assert before <= moment(answer["scheduledFor"]) <= datetime.now(UTC)


async def test_a_published_post_reaches_its_platform(client, worker) -> None:
    _, account, container = await ready(client)
    post = await client.post_until((await publish(client, container, target(account)))["scheduledPostIds"][0],
                                   "published", "failed")  # fmt: skip
    assert post["status"] == "published"
    assert post["externalUrl"].startswith("http")


async def test_a_queued_post_is_shown_whole(client) -> None:
    project, account, container = await ready(client)
    answer = await publish(client, container, target(account))
    post = await read(client, answer["scheduledPostIds"][0])
    assert post.keys() == POST_FIELDS
    expected = {
        "id": answer["scheduledPostIds"][0],
        "containerId": container,
        "projectId": project,
        "socialAccountId": account,
        "platform": "bluesky",
        "mode": "direct_publish",
        "status": "queued",
        "caption": "hello",
        "firstComment": None,
        "scheduledFor": answer["scheduledFor"],
        "attempts": 0,
    }
    assert expected.items() <= post.items()
    unset = {
        "externalId",
        "externalUrl",
        "attemptedAt",
        "publishedAt",
        "canceledAt",
        "nextAttemptAt",
        "lastError",
    }
    assert {name for name in POST_FIELDS if post[name] is None} == unset | {"firstComment"}
    assert Z.fullmatch(post["createdAt"])


async def test_ids_come_in_the_order_of_the_targets(client) -> None:
    project, _, container = await ready(client)
    accounts = [await client.account(project, handle=f"{name}.test") for name in ("cat", "ant", "bee")]
    answer = await publish(client, container, *(target(account) for account in accounts))
    posts = [await read(client, post) for post in answer["scheduledPostIds"]]
    assert [post["socialAccountId"] for post in posts] == accounts


async def test_overrides_are_for_their_target_alone(client) -> None:
    project, ann, container = await ready(client)
    bob = await client.account(project, handle="bob.test")
    answer = await publish(
        client,
        container,
        target(ann),
        target(
            bob, captionOverride="for bob", firstCommentOverride="psst", platformOptions={"langs": ["de"]}
        ),
    )
    posts = [await read(client, post) for post in answer["scheduledPostIds"]]
    assert [(post["caption"], post["firstComment"]) for post in posts] == [
        ("hello", None),
        ("for bob", "psst"),
    ]


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([], {("targets", "too_few")}),
        ("all", {("targets", "wrong_type")}),
        (None, {("targets", "wrong_type")}),
        ([{"mode": "direct_publish"}], {("targets[0].socialAccountId", "required")}),
        ([{"socialAccountId": "$"}], {("targets[0].mode", "required")}),
        ([target("$", "draft_to_device")], {("targets[0].mode", "invalid_mode")}),
        ([target("$", captionOverride="x" * 301)], {("targets[0].captionOverride", "caption_too_long")}),
        ([target("$"), target("$")], {("targets[1]", "duplicate_target")}),
        ([target("$", platformOptions={"x": 1})], {("targets[0].platformOptions.x", "unknown_field")}),
        ([target("$", scheduledPostId="")], {("targets[0].scheduledPostId", "invalid_value")}),
        ([target("$", scheduledPostId="a b")], {("targets[0].scheduledPostId", "invalid_value")}),
        ([target("$", scheduledPostId="a\n")], {("targets[0].scheduledPostId", "invalid_value")}),
        ([target("$", scheduledPostId="x" * 65)], {("targets[0].scheduledPostId", "invalid_value")}),
        ([target("$", allowDuplicate="yes")], {("targets[0].allowDuplicate", "wrong_type")}),
        ([target("$", allowDuplicate=True)] * 51, {("targets", "too_many")}),
    ],
)
async def test_wrong_targets_are_named_and_nothing_is_queued(client, targets: object, expected: set) -> None:
    project, account, container = await ready(client)
    if isinstance(targets, list):
        targets = [{k: account if v == "$" else v for k, v in item.items()} for item in targets]
    answer = await client.post(f"/v1/content/{container}/publish", {"targets": targets})
    assert (answer.status, answer.code) == (422, "VALIDATION")
    assert answer.issues == expected
    assert (await client.get(f"/v1/projects/{project}/scheduled-posts"))["items"] == []


async def test_fifty_targets_are_taken(client) -> None:
    _, account, container = await ready(client)
    answer = await publish(client, container, *[target(account, allowDuplicate=True)] * 50)
    assert (answer.status, len(set(answer["scheduledPostIds"]))) == (200, 50)


async def test_one_bad_target_refuses_all(client) -> None:
    project, account, container = await ready(client)
    tok = await client.account(project, "tiktok", "tok")
    answer = await publish(client, container, target(account), target(tok))
    assert (answer.status, answer.issues) == (422, {("targets[1].mode", "kind_not_supported")})
    assert (await client.get(f"/v1/projects/{project}/scheduled-posts"))["items"] == []


@pytest.mark.parametrize("what", ["container", "account"])
async def test_what_does_not_exist_is_not_found(client, what: str) -> None:
    _, account, container = await ready(client)
    answer = await (
        publish(client, "cnt_nothing", target(account))
        if what == "container"
        else publish(client, container, target("sa_nobody"))
    )
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


async def test_a_container_that_is_not_completed_conflicts(client, pool) -> None:
    _, account, container = await ready(client)
    await pool.execute("UPDATE containers SET status = 'generating' WHERE id = $1", container)
    for answer in (
        await publish(client, container, target(account)),
        await schedule(client, container, ahead(hours=1), target(account)),
    ):
        assert (answer.status, answer.code) == (409, "CONFLICT")
        assert answer.details["subcode"] == "CONTAINER_NOT_COMPLETED"


async def test_the_lead_of_the_project_is_the_window_to_cancel_in(client) -> None:
    _, account, container = await ready(client, publishLeadSeconds=120)
    before = datetime.now(UTC).replace(microsecond=0)
    answer = await publish(client, container, target(account))
    lead = moment(answer["scheduledFor"]) - before
    assert timedelta(seconds=120) <= lead <= timedelta(seconds=180)


async def test_an_account_in_use_elsewhere_does_not_stand_in_the_way(client) -> None:
    """Two containers to one account at the same time are no duplicate."""
    project, account, container = await ready(client)
    assert (await publish(client, container, target(account))).status == 200
    assert (await publish(client, await client.text(project), target(account))).status == 200


# Ids and duplicates ----------------------------------------------------------------------------------


async def test_a_chosen_id_is_kept(client) -> None:
    _, account, container = await ready(client)
    chosen = "My_own-id" + "x" * 55
    answer = await publish(client, container, target(account, scheduledPostId=chosen))
    assert answer["scheduledPostIds"] == [chosen]
    assert (await read(client, chosen))["containerId"] == container


async def test_a_taken_id_conflicts_and_queues_nothing(client) -> None:
    project, account, container = await ready(client)
    bob = await client.account(project, handle="bob.test")
    await publish(client, container, target(account, scheduledPostId="mine"))
    answer = await publish(
        client, container, target(bob), target(account, scheduledPostId="mine", allowDuplicate=True)
    )
    assert (answer.status, answer.code) == (409, "CONFLICT")
    assert answer.details["subcode"] == "SCHEDULED_POST_ID_TAKEN"
    assert len((await client.get(f"/v1/projects/{project}/scheduled-posts"))["items"]) == 1


async def test_an_id_is_taken_in_its_organisation_alone(client, join) -> None:
    for caller in (client, await join("Somebody else")):
        _, account, container = await ready(caller)
        assert (await publish(caller, container, target(account, scheduledPostId="same"))).status == 200


@pytest.mark.parametrize(
    ("minutes", "status"),
    [(0, 409), (9, 409), (10, 409), (11, 200)],
)
async def test_the_same_post_within_ten_minutes_is_a_duplicate(client, minutes: int, status: int) -> None:
    _, account, container = await ready(client)
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    first = await schedule(client, container, at.isoformat(), target(account))
    for sign in (1, -1):
        answer = await schedule(
            client, container, (at + sign * timedelta(minutes=minutes)).isoformat(), target(account)
        )
        assert answer.status == status
        if status == 409:
            assert answer.details == {
                "subcode": "DUPLICATE_POST",
                "scheduledPostIds": first["scheduledPostIds"],
            }


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("queued", 409),
        ("publishing", 409),
        ("published", 409),
        ("draft_in_inbox", 409),
        ("failed", 200),
        ("canceled", 200),
    ],
)
async def test_only_live_posts_stand_in_the_way(client, pool, status: str, expected: int) -> None:
    _, account, container = await ready(client)
    post = (await publish(client, container, target(account)))["scheduledPostIds"][0]
    await make_status(pool, post, status)
    assert (await publish(client, container, target(account))).status == expected


async def test_a_meant_duplicate_is_queued(client) -> None:
    _, account, container = await ready(client)
    first = await publish(client, container, target(account))
    second = await publish(client, container, target(account, allowDuplicate=True))
    assert (second.status, second["scheduledPostIds"] != first["scheduledPostIds"]) == (200, True)


async def test_another_mode_or_account_is_no_duplicate(client, video) -> None:
    project = await client.project()
    container = (await client.upload(project, video))["id"]
    ann, bob = [await client.account(project, "tiktok", handle) for handle in ("ann", "bob")]
    for wanted in (target(ann), target(bob), target(ann, "draft_to_device")):
        assert (await publish(client, container, wanted)).status == 200


# Schedule --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lead", [{"hours": 5}, {"minutes": -4}, {"days": 399}])
async def test_schedule_echoes_its_time(client, lead: dict[str, float]) -> None:
    at = ahead(**lead)
    _, account, container = await ready(client)
    answer = await schedule(client, container, at, target(account))
    assert answer.status == 200
    assert answer.json == {
        "scheduledPostIds": answer["scheduledPostIds"],
        "gateStatus": "queued",
        "scheduledFor": at,
    }
    post = await read(client, answer["scheduledPostIds"][0])
    assert (post["scheduledFor"], post["status"]) == (at, "queued")


async def test_an_offset_is_taken_and_stored_as_utc(client) -> None:
    _, account, container = await ready(client)
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    answer = await schedule(client, container, f"{day}T23:30:00+05:30", target(account))
    assert answer["scheduledFor"] == f"{day}T18:00:00Z"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (lambda: ahead(minutes=-6), "in_the_past"),
        ("1999-12-31T23:59:59Z", "in_the_past"),
        (lambda: ahead(days=401), "too_far_ahead"),
        (lambda: ahead(days=1)[:-1], "timezone_required"),
        ("tomorrow", "invalid_value"),
        ("", "invalid_value"),
        (1_700_000_000, "wrong_type"),
        (None, "wrong_type"),
    ],
)
async def test_a_wrong_time_is_refused(client, at: object, code: str) -> None:
    _, account, container = await ready(client)
    answer = await schedule(client, container, at() if callable(at) else at, target(account))
    assert (answer.status, answer.issues) == (422, {("scheduledFor", code)})


async def test_a_past_time_names_publish_as_the_remedy(client) -> None:
    _, account, container = await ready(client)
    answer = await schedule(client, container, ahead(hours=-1), target(account))
    assert "/publish" in answer["error"]["message"]


async def test_a_wrong_time_and_wrong_targets_are_named_together(client) -> None:
    _, account, container = await ready(client)
    answer = await schedule(client, container, ahead(hours=-1), target(account, "x"), target(account, "y"))
    assert {path for path, _ in answer.issues} == {"scheduledFor", "targets[0].mode", "targets[1].mode"}


# Validate --------------------------------------------------------------------------------------------


async def validate(client, container: str, *targets: dict, **fields: object):
    return await client.post(f"/v1/content/{container}/validate", {"targets": list(targets), **fields})


async def test_validate_writes_nothing(client, pool) -> None:
    _, account, container = await ready(client)
    before = await row_counts(pool)
    good = await validate(client, container, target(account))
    bad = await validate(client, container, target(account, "x"), scheduledFor=ahead(hours=-1))
    assert await row_counts(pool) == before
    assert (good.status, good.json) == (200, {"valid": True, "issues": [], "gate": "open"})
    assert (bad.status, bad["valid"]) == (200, False)
    assert {(issue["path"], issue["code"]) for issue in bad["issues"]} == {
        ("scheduledFor", "in_the_past"),
        ("targets[0].mode", "invalid_mode"),
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"mode": "reels"},
        {"captionOverride": "x" * 301},
        {"platformOptions": {"x": 1, "langs": 2}},
        {"firstCommentOverride": "x" * 301, "captionOverride": ""},
    ],
)
async def test_validate_names_what_publish_refuses(client, fields: dict) -> None:
    _, account, container = await ready(client)
    wanted = {**target(account), **fields}
    verdict, refusal = await validate(client, container, wanted), await publish(client, container, wanted)
    assert (verdict.status, refusal.status) == (200, 422)
    assert verdict["issues"] == refusal.details["issues"]


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE containers SET status = 'failed' WHERE id = $1",
        "UPDATE projects SET status = 'archived' WHERE id = (SELECT project_id FROM containers WHERE id = $1)",
        "UPDATE social_accounts SET status = 'disconnected'"
        " WHERE project_id = (SELECT project_id FROM containers WHERE id = $1)",
    ],
    ids=["container", "project", "account"],
)
async def test_validate_calls_invalid_what_publish_calls_a_conflict(client, pool, spoil: str) -> None:
    _, account, container = await ready(client)
    await pool.execute(spoil, container)
    assert (await publish(client, container, target(account))).status == 409
    verdict = await validate(client, container, target(account))
    assert (verdict.status, verdict["valid"], len(verdict["issues"])) == (200, False, 1)


@pytest.mark.parametrize(
    ("decision", "gate"), [(None, "pending"), ("approve", "open"), ("reject", "rejected")]
)
async def test_validate_tells_the_gate(client, decision: str | None, gate: str) -> None:
    project = await client.project()
    await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": True})
    account, container = await client.account(project), await client.text(project)
    if decision:
        await client.post(
            f"/v1/content/{container}/{decision}", {"reason": "x"} if gate == "rejected" else None
        )
    assert (await validate(client, container, target(account)))["gate"] == gate
    assert (await client.get(f"/v1/content/{container}"))["pendingSchedule"] is None


async def test_platforms_are_listed_from_what_validates(client) -> None:
    listed = {item["platform"]: item for item in (await client.get("/v1/platforms"))["items"]}
    assert {mode["mode"] for mode in listed["tiktok"]["modes"]} == {"direct_publish", "draft_to_device"}
    [bluesky] = listed["bluesky"]["modes"]
    assert bluesky["caption"]["text"]["limit"] == 300
    _, account, container = await ready(client, "x" * 301)
    assert (await publish(client, container, target(account))).issues == {("targets[0]", "caption_too_long")}


# Lists -----------------------------------------------------------------------------------------------


async def test_posts_are_listed_newest_first_and_filtered(client, pool) -> None:
    project, ann, container = await ready(client)
    tok = await client.account(project, "tiktok", "tok")
    other = await client.text(project)
    path = f"/v1/projects/{project}/scheduled-posts"
    times = {"late": ahead(days=3), "mid": ahead(days=2), "soon": ahead(days=1)}
    for name, at in (("mid", times["mid"]), ("late", times["late"]), ("soon", times["soon"])):
        await schedule(
            client,
            other if name == "soon" else container,
            at,
            target(ann, scheduledPostId=f"{name}-{project}"),
        )
    await make_status(pool, f"late-{project}", "published")
    await make_failed(pool, f"mid-{project}")

    async def names(query: str) -> list[str]:
        return [item["id"].partition("-")[0] for item in (await client.get(path + query))["items"]]

    assert await names("") == ["late", "mid", "soon"]
    assert await names("?status=queued") == ["soon"]
    assert await names("?status=queued&status=failed") == ["mid", "soon"]
    assert await names("?status=published,failed") == ["late", "mid"]
    assert await names("?status=canceled") == []
    assert await names(f"?socialAccountId={ann}") == ["late", "mid", "soon"]
    assert await names(f"?socialAccountId={tok}") == []
    assert await names("?platform=bluesky&status=queued") == ["soon"]
    assert await names("?platform=tiktok") == []
    assert await names(f"?containerId={other}") == ["soon"]
    assert await names(f"?since={times['mid']}") == ["late", "mid"]
    assert await names(f"?until={times['mid']}") == ["mid", "soon"]
    assert await names(f"?since={times['mid']}&until={times['mid']}") == ["mid"]
    first = await client.get(f"{path}?limit=2")
    assert await names(f"?limit=2&cursor={first['nextCursor']}") == ["soon"]
    narrowed = await client.get(f"{path}?limit=2&status=queued&cursor={first['nextCursor']}")
    assert (narrowed.status, narrowed.issues) == (422, {("cursor", "invalid_cursor")})


async def test_posts_of_one_instant_are_all_paged(client) -> None:
    project, account, container = await ready(client)
    made = (await publish(client, container, *[target(account, allowDuplicate=True)] * 5))["scheduledPostIds"]
    seen, cursor = [], ""
    while cursor is not None:
        page = await client.get(
            f"/v1/projects/{project}/scheduled-posts?limit=2{cursor and f'&cursor={cursor}'}"
        )
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
    assert seen == made[::-1]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("status=done", "status"),
        ("status=queued,done", "status"),
        ("since=2026-11-01T00:00:00", "since"),
        ("until=never", "until"),
        ("limit=101", "limit"),
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
    ],
)
async def test_a_wrong_query_is_refused(client, query: str, path: str) -> None:
    answer = await client.get(f"/v1/projects/{await client.project()}/scheduled-posts?{query}")
    assert (answer.status, {at for at, _ in answer.issues}) == (422, {path})


# Moving and canceling --------------------------------------------------------------------------------


async def test_a_queued_post_can_be_moved(client) -> None:
    post = await queued(client)
    at = ahead(days=2)
    answer = await client.post(f"/v1/scheduled-posts/{post}/reschedule", {"scheduledFor": at})
    assert answer.status == 200
    assert answer.json == {
        "id": post,
        "status": "queued",
        "scheduledFor": at,
        "updatedAt": answer["updatedAt"],
    }
    assert (await read(client, post))["scheduledFor"] == at


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (lambda: ahead(seconds=0), "too_soon"),
        (lambda: ahead(hours=-1), "too_soon"),
        (lambda: ahead(days=401), "too_far_ahead"),
        (lambda: ahead(days=1)[:-1], "timezone_required"),
    ],
)
async def test_a_post_is_not_moved_out_of_bounds(client, at: Callable[[], str], code: str) -> None:
    post = await queued(client)
    answer = await client.post(f"/v1/scheduled-posts/{post}/reschedule", {"scheduledFor": at()})
    assert (answer.status, answer.issues) == (422, {("scheduledFor", code)})


@pytest.mark.parametrize("status", ["publishing", "published", "draft_in_inbox", "failed", "canceled"])
async def test_only_a_queued_post_can_be_moved(client, pool, status: str) -> None:
    post = await queued(client)
    await make_status(pool, post, status)
    answer = await client.post(f"/v1/scheduled-posts/{post}/reschedule", {"scheduledFor": ahead(days=2)})
    assert (answer.status, answer.code, answer.details) == (409, "CONFLICT", {"status": status})


async def test_a_queued_post_can_be_canceled_with_a_reason(client, pool) -> None:
    post = await queued(client)
    answer = await client.delete(f"/v1/scheduled-posts/{post}", {"reason": "changed our mind"})
    assert answer.status == 200
    assert answer.json == {"id": post, "status": "canceled", "canceledAt": answer["canceledAt"]}
    shown = await read(client, post)
    assert (shown["status"], shown["canceledAt"]) == ("canceled", answer["canceledAt"])
    event = await pool.fetchrow("SELECT * FROM events WHERE subject_id = $1 AND type = 'post.canceled'", post)
    assert event["data"]["reason"] == "changed our mind"
    assert event["actor"] == f"api_{client.api_key_id}"
    assert event["request_id"] == answer.headers["x-request-id"]


async def test_a_reason_has_a_bound(client) -> None:
    post = await queued(client)
    assert (await client.delete(f"/v1/scheduled-posts/{post}", {"reason": "x" * 1025})).status == 422
    assert (await client.delete(f"/v1/scheduled-posts/{post}", {"reason": "x" * 1024})).status == 200


@pytest.mark.parametrize("status", ["published", "draft_in_inbox", "failed", "canceled"])
async def test_a_terminal_post_cannot_be_canceled(client, pool, status: str) -> None:
    post = await queued(client)
    await make_status(pool, post, status)
    answer = await client.delete(f"/v1/scheduled-posts/{post}")
    assert (answer.status, answer.code, answer.details) == (409, "CONFLICT", {"status": status})


@pytest.mark.parametrize(("committed", "status"), [(False, 200), (True, 409)])
async def test_a_post_on_its_way_stops_unless_the_irreversible_was_sent(
    client, pool, committed: bool, status: int
) -> None:
    post = await queued(client)
    await make_publishing(pool, post, committed=committed)
    assert (await client.delete(f"/v1/scheduled-posts/{post}")).status == status
    assert (await read(client, post))["status"] == ("publishing" if committed else "canceled")


# After a failure -------------------------------------------------------------------------------------


async def test_a_failed_post_says_why(client, pool) -> None:
    post = await queued(client)
    await make_failed(pool, post)
    error = (await read(client, post))["lastError"]
    assert error.keys() == {"code", "message", "platformCode", "retryable", "at"}
    assert (error["code"], error["platformCode"], error["retryable"]) == ("CONTENT_REJECTED", "E42", False)


async def test_a_failed_post_can_be_tried_again(client, pool) -> None:
    post = await queued(client)
    await make_failed(pool, post)
    answer = await client.post(f"/v1/scheduled-posts/{post}/retry")
    assert answer.status == 200
    assert answer.json.keys() == POST_FIELDS
    assert (answer["status"], answer["attempts"]) == ("queued", 0)
    assert (await client.post(f"/v1/scheduled-posts/{post}/retry")).status == 409


@pytest.mark.parametrize("status", ["queued", "publishing", "published", "draft_in_inbox", "canceled"])
async def test_only_a_failed_post_can_be_tried_again(client, pool, status: str) -> None:
    post = await queued(client)
    await make_status(pool, post, status)
    answer = await client.post(f"/v1/scheduled-posts/{post}/retry")
    assert (answer.status, answer.details) == (409, {"status": status})


@pytest.mark.parametrize(
    ("spoil", "code", "subcode"),
    [
        ("project", "CONFLICT", "PROJECT_ARCHIVED"),
        ("container", "CONFLICT", "CONTAINER_DELETED"),
        ("account", "CREDENTIAL_INVALID", None),
    ],
)
async def test_a_failed_post_is_not_tried_again_where_nothing_may_be_published(
    client, pool, spoil: str, code: str, subcode: str | None
) -> None:
    post = await queued(client)
    await make_failed(pool, post)
    shown = await read(client, post)
    path = {
        "project": f"/v1/projects/{shown['projectId']}",
        "container": f"/v1/content/{shown['containerId']}",
        "account": f"/v1/social-accounts/{shown['socialAccountId']}",
    }[spoil]
    assert (await client.delete(path)).status == 200
    answer = await client.post(f"/v1/scheduled-posts/{post}/retry")
    assert (answer.status, answer.code, answer.details.get("subcode")) == (409, code, subcode)
    assert (await read(client, post))["status"] == "failed"


async def test_an_unknown_outcome_is_not_tried_again_blindly(client, pool) -> None:
    post = await queued(client)
    await make_failed(pool, post, unknown=True)
    answer = await client.post(f"/v1/scheduled-posts/{post}/retry")
    assert (answer.status, answer.details["subcode"]) == (409, "OUTCOME_UNKNOWN")


async def test_a_person_who_saw_it_settles_it_as_published(client, pool) -> None:
    post = await queued(client)
    await make_failed(pool, post, unknown=True)
    body = {"outcome": "published", "externalId": "x1", "externalUrl": "https://example.com/x1"}
    answer = await client.post(f"/v1/scheduled-posts/{post}/resolve", body)
    assert answer.status == 200
    assert (answer["status"], answer["externalId"], answer["externalUrl"]) == (
        "published",
        "x1",
        "https://example.com/x1",
    )
    assert (answer["publishedAt"] is not None, answer["lastError"]) == (True, None)
    audited = await pool.fetchval(
        "SELECT data FROM events WHERE subject_id = $1 AND type = 'post.resolved'", post
    )
    assert audited["outcome"] == "published"


async def test_a_person_who_did_not_see_it_opens_the_retry(client, pool) -> None:
    post = await queued(client)
    await make_failed(pool, post, unknown=True)
    answer = await client.post(f"/v1/scheduled-posts/{post}/resolve", {"outcome": "not_published"})
    assert (answer.status, answer["status"]) == (200, "failed")
    assert (await client.post(f"/v1/scheduled-posts/{post}/retry"))["status"] == "queued"


@pytest.mark.parametrize("unknown", [True, False])
async def test_a_known_outcome_is_not_settled(client, pool, unknown: bool) -> None:
    post = await queued(client)
    await make_failed(pool, post, unknown=unknown)
    if unknown:
        await client.post(f"/v1/scheduled-posts/{post}/resolve", {"outcome": "not_published"})
    answer = await client.post(f"/v1/scheduled-posts/{post}/resolve", {"outcome": "published"})
    assert (answer.status, answer.code) == (409, "CONFLICT")


@pytest.mark.parametrize("body", [{}, {"outcome": "maybe"}, {"outcome": "published", "externalId": 7}])
async def test_a_wrong_outcome_is_refused(client, body: dict) -> None:
    assert (await client.post("/v1/scheduled-posts/sp_x/resolve", body)).status == 422


async def test_the_story_tells_every_step(client, pool) -> None:
    post = await queued(client)
    await client.post(f"/v1/scheduled-posts/{post}/reschedule", {"scheduledFor": ahead(days=2)})
    await make_failed(pool, post, unknown=True)
    await client.post(f"/v1/scheduled-posts/{post}/resolve", {"outcome": "not_published"})
    await client.post(f"/v1/scheduled-posts/{post}/retry")
    await client.delete(f"/v1/scheduled-posts/{post}", {"reason": "enough"})
    items = (await client.get(f"/v1/scheduled-posts/{post}/events"))["items"]
    assert [item["type"] for item in items] == ["scheduled", "rescheduled", "resolved", "retried", "canceled"]
    assert all(item.keys() == {"at", "type", "message", "data"} for item in items)
    assert [moment(item["at"]) for item in items] == sorted(moment(item["at"]) for item in items)
    assert "enough" in items[-1]["message"]


async def test_a_key_that_may_only_read_changes_nothing(client, join) -> None:
    post = await queued(client)
    assert "publish:read" in SCOPES
    reader = await join("A reader", "test", ["publish:read"])
    assert (await reader.delete(f"/v1/scheduled-posts/{post}")).code == "FORBIDDEN_SCOPE"

"""When it is not known whether a post is out: repeated only where that is safe, looked up, or left to a person."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from stage import GET_RECORD, PHOTOS, PUT, Stage, until

from layers.connector import Call, Effect, MediaSlice
from layers.publishing import ledger
from layers.publishing.engine import digest


@pytest.mark.parametrize("fault", ["lose_answer", "error_after", "refuse", "unavailable"])
async def test_a_repeatable_commit_is_repeated(stage: Stage, fault: str):
    account = await stage.account()
    post = await stage.text(account)
    await stage.fault(PUT, fault)
    await stage.step(account)
    row = await stage.row(post)
    assert (row["status"], row["holds_lane"]) == ("publishing", True)
    assert row["last_error"]["code"] == "IN_DOUBT"
    assert row["commit_sent_at"] is not None
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1
    assert {"in_doubt", "repeated"} <= set(await stage.story(post))


@pytest.mark.parametrize("fault", ["lose_answer", "error_after", "refuse"])
async def test_a_commit_that_cannot_be_repeated_is_looked_up(stage: Stage, video, fault: str):
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(video, "clip"), account)
    await stage.fault("PUT /video", fault, "tiktok")
    await stage.step(account)
    assert (await stage.row(post))["last_error"]["code"] == "IN_DOUBT"
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1
    assert ("absent" if fault == "refuse" else "found") in await stage.story(post)


async def test_a_doubt_holds_the_lane(stage: Stage):
    account = await stage.account()
    first, second = [await stage.text(account, text) for text in ("one", "two")]
    await stage.fault(PUT, "lose_answer")
    await stage.step(account)
    assert (await stage.row(first))["holds_lane"]
    await stage.pool.execute(
        "UPDATE scheduled_posts SET due_at = now() + interval '1 hour' WHERE id = $1", first
    )
    assert not await stage.step(account)
    assert (await stage.row(second))["status"] == "queued"
    await stage.hurry(first)
    await stage.step(account)
    assert [(await stage.row(post))["status"] for post in (first, second)] == ["published", "published"]
    assert [item["caption"] for item in await stage.on_platform(account)] == ["one", "two"]


@pytest.mark.parametrize("reached", [True, False])
async def test_a_commit_intent_without_a_reply_is_recovered(stage: Stage, reached: bool):
    """A worker wrote the intent and died, before the platform had heard of it or after."""
    account = await stage.account()
    post = await stage.text(account)
    await stage.fault(PUT, "slow", seconds=0.3) if reached else await stage.fault(PUT, "refuse")
    work = asyncio.create_task(stage.step(account))
    await until(lambda: _has_intent(stage, post))
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    entry = await stage.pool.fetchrow("SELECT * FROM post_calls")
    assert entry is not None
    assert (entry["name"], entry["effect"], entry["reply"]) == ("post", "commit", None)
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1
    assert (await stage.story(post)).count("in_doubt") == 1


async def test_a_doubt_that_was_told_of_is_not_told_of_again(stage: Stage):
    """Who comes next finds the commit still unanswered, but no worker vanished."""
    account = await stage.account()
    post = await stage.text(account)
    await stage.fault(PUT, "lose_answer")
    await stage.step(account)
    await stage.pool.execute("UPDATE scheduled_posts SET last_error = NULL")
    assert (await stage.carry(account, post))["status"] == "published"
    assert (await stage.story(post)).count("in_doubt") == 1


async def _has_intent(stage: Stage, post: str) -> bool:
    return (await stage.row(post))["commit_sent_at"] is not None


@pytest.mark.parametrize("trouble", ["throttle", "expire_token", "nobody there"])
async def test_a_repeat_that_is_refused_leaves_the_first_try_in_doubt(stage: Stage, trouble: str):
    """The first commit may be out: whatever becomes of its repeat, the post cannot be called off."""
    account = await stage.account()
    post = await stage.text(account)
    await stage.fault(PUT, "lose_answer")
    await stage.step(account)
    door = stage.engine.credentials
    if trouble == "nobody there":
        stage.engine.credentials = type(door)(
            door.pool, door.vault, door.outbound, door.settings, "http://127.0.0.1:9"
        )
    elif trouble == "expire_token":
        await stage.fault(PUT, "expire_token")
        await stage.fault("Session", "unavailable", times=2)
    else:
        await stage.fault(PUT, "throttle", seconds=1)
    await stage.hurry(post)
    await stage.step(account)
    stage.engine.credentials = door
    row = await stage.row(post)
    assert (row["status"], row["holds_lane"]) == ("publishing", True)
    assert row["commit_sent_at"] is not None
    assert (await stage.client.delete(f"/v1/scheduled-posts/{post}")).status == 409
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


async def test_a_repeat_rejected_for_good_is_looked_up(stage: Stage):
    """The platform took the post, lost the answer, and will not hear of it again: it is public all the same."""
    account = await stage.account()
    post = await stage.text(account)
    await stage.fault(PUT, "lose_answer")
    await stage.step(account)
    await stage.pool.execute(
        """UPDATE sandbox_records SET data = jsonb_set(data, '{cid}', '"changed-by-the-owner"')
        WHERE kind = 'record'"""
    )
    row = await stage.carry(account, post)
    assert row["status"] == "published"
    assert row["external_id"] == (await stage.on_platform(account))[0]["id"]
    assert "found" in await stage.story(post)


async def _unknown(stage: Stage, image) -> tuple[str, str]:
    """Have the answer to photos without a caption lost, which nobody can look up."""
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(image, ""), account)
    await stage.fault(PHOTOS, "lose_answer", "tiktok")
    await stage.carry(account, post)
    return account, post


async def test_an_unknown_outcome_is_never_sent_again(stage: Stage, image):
    account, post = await _unknown(stage, image)
    seen = await stage.seen(post)
    assert (seen["status"], seen["lastError"]["code"]) == ("failed", "OUTCOME_UNKNOWN")
    assert seen["lastError"]["retryable"] is False
    assert (await stage.story(post))[-1] == "outcome_unknown"
    refused = await stage.client.post(f"/v1/scheduled-posts/{post}/retry")
    assert (refused.status, refused.details["subcode"]) == (409, "OUTCOME_UNKNOWN")
    assert not await stage.step(account)
    assert len(await stage.on_platform(account)) == 1


async def test_a_person_settles_an_unknown_outcome_as_published(stage: Stage, image):
    account, post = await _unknown(stage, image)
    body = {"outcome": "published", "externalId": "77"}
    settled = await stage.client.post(f"/v1/scheduled-posts/{post}/resolve", body)
    assert settled.status == 200
    seen = await stage.seen(post)
    assert (seen["status"], seen["externalId"], seen["lastError"]) == ("published", "77", None)
    assert not await stage.step(account)
    assert (await stage.client.post(f"/v1/scheduled-posts/{post}/resolve", body)).status == 409
    assert len(await stage.on_platform(account)) == 1


async def test_a_person_settles_an_unknown_outcome_as_not_published(stage: Stage, image):
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(image, ""), account)
    await stage.fault(PHOTOS, "refuse", "tiktok")
    assert (await stage.carry(account, post))["outcome_unknown"]
    body = {"outcome": "not_published"}
    assert (await stage.client.post(f"/v1/scheduled-posts/{post}/resolve", body)).status == 200
    seen = await stage.seen(post)
    assert (seen["status"], seen["lastError"]["code"]) == ("failed", "NOT_PUBLISHED")
    assert await stage.on_platform(account) == []
    assert (await stage.client.post(f"/v1/scheduled-posts/{post}/retry")).status == 200
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


async def test_an_unknown_outcome_lets_the_next_post_go(stage: Stage, image):
    account, _ = await _unknown(stage, image)
    other = await stage.publish(await stage.upload(image, "told apart"), account)
    assert (await stage.carry(account, other))["status"] == "published"


async def test_photos_are_told_by_their_caption(stage: Stage, image):
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(image, "a day at the sea"), account)
    await stage.fault(PHOTOS, "lose_answer", "tiktok")
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


async def test_a_platform_that_cannot_be_asked_for_a_day_leaves_it_unknown(stage: Stage, video):
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(video, "clip"), account)
    await stage.fault("PUT /video", "lose_answer", "tiktok")
    await stage.fault("status/fetch", "unavailable", "tiktok", times=1000)
    await stage.step(account)
    await stage.hurry(post)
    await stage.step(account)
    assert (await stage.row(post))["last_error"]["code"] == "IN_DOUBT"
    await stage.age(post, hours=25)
    assert (await stage.carry(account, post))["outcome_unknown"]
    assert (await stage.seen(post))["lastError"]["code"] == "OUTCOME_UNKNOWN"


async def test_a_repeat_that_says_something_else_is_not_sent(stage: Stage):
    account = await stage.account()
    post = await stage.text(account, "one")
    await stage.fault(PUT, "lose_answer")
    await stage.step(account)
    await stage.pool.execute("UPDATE scheduled_posts SET caption = 'two', due_at = now()")
    assert (await stage.carry(account, post))["outcome_unknown"]
    assert [item["caption"] for item in await stage.on_platform(account)] == ["one"]


async def test_a_new_round_reads_its_own_status(stage: Stage, image):
    """The platform could not fetch the photos at first: the second round is not judged by the first one's status."""
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(image, "sea"), account)
    own = stage.engine.media_origin
    stage.engine.media_origin = "http://127.0.0.1:9"
    await stage.step(account)
    await asyncio.sleep(0.3)
    stage.engine.media_origin = own
    await stage.pool.execute("UPDATE scheduled_posts SET due_at = now()")
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


async def test_cancel_works_until_the_commit_is_sent(stage: Stage, image):
    account = await stage.account()
    post = await stage.publish(await stage.upload(image), account)
    await stage.fault("uploadBlob", "slow", seconds=0.6)
    work = asyncio.create_task(stage.step(account))
    await until(lambda: _is_publishing(stage, post))
    answer = await stage.client.delete(f"/v1/scheduled-posts/{post}")
    assert (answer.status, answer["status"]) == (200, "canceled")
    await work
    seen = await stage.seen(post)
    assert (seen["status"], seen["lastError"]) == ("canceled", None)
    assert await stage.story(post) == ["scheduled", "canceled"]
    assert await stage.on_platform(account) == []
    nxt = await stage.text(account, "next")
    assert (await stage.carry(account, nxt))["status"] == "published"


async def _is_publishing(stage: Stage, post: str) -> bool:
    return (await stage.row(post))["status"] == "publishing"


async def test_cancel_is_refused_once_the_commit_is_sent(stage: Stage):
    account = await stage.account()
    post = await stage.text(account)
    await stage.fault(PUT, "slow", seconds=0.5)
    work = asyncio.create_task(stage.step(account))
    await until(lambda: _has_intent(stage, post))
    refused = await stage.client.delete(f"/v1/scheduled-posts/{post}")
    assert (refused.status, refused.code) == (409, "CONFLICT")
    await work
    assert (await stage.row(post))["status"] == "published"
    assert (await stage.client.delete(f"/v1/scheduled-posts/{post}")).status == 409
    assert len(await stage.on_platform(account)) == 1


async def test_cancel_and_commit_at_the_same_moment_agree(stage: Stage):
    """Whoever comes first wins: canceled and nothing there, or refused and published."""
    accounts = [await stage.account(f"u{n}.test") for n in range(12)]
    container = await stage.client.text(stage.project, "race")
    posts = [await stage.publish(container, account) for account in accounts]

    async def race(n: int) -> None:
        async def cancel() -> int:
            await asyncio.sleep(n * 0.002)
            return (await stage.client.delete(f"/v1/scheduled-posts/{posts[n]}")).status

        status, _ = await asyncio.gather(cancel(), stage.step(accounts[n]))
        row = await stage.row(posts[n])
        there = len(await stage.on_platform(accounts[n]))
        assert (status, row["status"], there) in [(200, "canceled", 0), (409, "published", 1)]

    for n in range(12):
        await race(n)


async def test_a_commit_does_not_leave_when_the_lease_is_all_but_over(stage: Stage):
    """A process that slept between writing the intent and sending it may have been replaced: it sends nothing."""
    account = await stage.account()
    post = await stage.text(account)
    held = await stage.claim(account)
    assert held.number == (await stage.row(post))["number"]
    connector = stage.engine.connectors["bluesky"]
    call = next(connector.publish(held.post(()), stage.engine.credentials.open(connector, held.account)))
    entry = ledger.Entry(call.name, Effect.COMMIT, held.database_now, digest=digest(call).hex())
    await stage.engine.ledger.save(held, [entry], timedelta(seconds=3), committing=True)
    with pytest.raises(Exception, match="lease ran out"):
        await stage.engine.outbound.send(call, trusted=True, not_after=0.0)
    assert await stage.on_platform(account) == []


async def test_a_first_comment_in_doubt_does_not_double_the_post(stage: Stage):
    account = await stage.account()
    post = await stage.text(account, "post", firstCommentOverride="comment")
    await stage.fault(PUT, "lose_answer", skip=1)
    assert (await stage.carry(account, post))["status"] == "published"
    assert [item["caption"] for item in await stage.on_platform(account)] == ["post", "comment"]
    assert GET_RECORD not in await stage.story(post)


SENT = Call("post", Effect.COMMIT, "POST", "https://a.test/x?y=1", json={"b": 1, "a": [None, "é"]})
SENT_BYTES = Call("post", Effect.COMMIT, "PUT", "https://a.test/x", body=MediaSlice(1, 2, 3))


@pytest.mark.parametrize(
    ("call", "known"),
    [
        (SENT, "4168b899812a5c05ab1c55ac0fd85b208bc54b73"),
        (SENT_BYTES, "643efec658dee9a3963d955481714c34c94495f9"),
    ],
)
def test_an_upgrade_changes_no_digest(call: Call, known: str):
    """A post in flight would otherwise become one whose outcome nobody knows."""
    assert digest(call).hex() == known


def test_a_file_is_part_of_what_is_said():
    file = replace(SENT_BYTES, file_field="file", filename="a.jpg")
    others = [SENT_BYTES, replace(file, file_field="other"), replace(file, filename="b.jpg")]
    assert len({digest(call) for call in (file, *others)}) == 4
    assert digest(file) == digest(replace(file, headers={"Authorization": "Bearer b"}))

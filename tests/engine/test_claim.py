"""Who may work on a post: one worker, one post of an account at a time, in order, and only with the newest fence."""

import asyncio
from datetime import timedelta

import pytest
from stage import GET_RECORD, PUT, Stage, until

from layers.connector import Effect
from layers.publishing.ledger import Entry, Settlement, Superseded


async def test_only_one_of_many_claims_gets_the_account(stage: Stage):
    account = await stage.account()
    for _ in range(3):
        await stage.text(account)
    for _ in range(10):
        claims = await asyncio.gather(
            *(stage.engine.ledger.claim(account, timedelta(seconds=3)) for _ in range(8))
        )
        won = [claim for claim in claims if claim is not None]
        assert len(won) == 1
        await stage.pool.execute(
            "UPDATE scheduled_posts SET due_at = now(), status = 'queued', holds_lane = false"
        )


async def test_posts_of_an_account_go_out_in_the_order_they_were_scheduled_for(stage: Stage):
    account = await stage.account()
    posts = [await stage.text(account, f"number {n}") for n in range(5)]
    for place, post in zip((3, 1, 4, 0, 2), posts, strict=True):
        at = timedelta(minutes=10 - place)
        await stage.pool.execute(
            "UPDATE scheduled_posts SET scheduled_for = now() - $2::interval WHERE id = $1", post, at
        )
    assert not await stage.step(account)
    shown = [item["caption"] for item in await stage.on_platform(account)]
    assert shown == ["number 3", "number 1", "number 4", "number 0", "number 2"]


async def test_a_post_in_hand_keeps_the_account_from_others(stage: Stage):
    account = await stage.account()
    first, second = [await stage.text(account, text) for text in ("one", "two")]
    await stage.claim(account)
    assert not await stage.step(account)
    assert (await stage.row(first))["status"] == "publishing"
    assert (await stage.row(second))["status"] == "queued"


async def test_a_fence_outdated_by_another_claim_writes_nothing(stage: Stage):
    account = await stage.account()
    post = await stage.text(account)
    old = await stage.claim(account)
    await stage.hurry(post)
    new = await stage.claim(account)
    assert new.number == old.number
    assert new.fence > old.fence
    call = Entry("post", Effect.COMMIT, old.database_now)
    with pytest.raises(Superseded):
        await stage.engine.ledger.save(old, [call], timedelta(seconds=3), committing=True)
    with pytest.raises(Superseded):
        await stage.engine.ledger.settle(old, Settlement("published"), [call], [], committed=True)
    await stage.engine.ledger.extend([(old.number, old.fence)], timedelta(hours=1))
    row = await stage.row(post)
    assert row["status"] == "publishing"
    assert row["commit_sent_at"] is None
    assert row["due_at"] - new.database_now < timedelta(minutes=1)
    assert await stage.pool.fetchval("SELECT count(*) FROM post_calls") == 0


async def test_an_attempt_superseded_between_calls_sends_no_commit(stage: Stage, image):
    account = await stage.account()
    post = await stage.publish(await stage.upload(image), account)
    await stage.fault("uploadBlob", "slow", seconds=0.6)
    work = asyncio.create_task(stage.step(account))
    await until(lambda: _is_publishing(stage, post))
    await stage.pool.execute("UPDATE scheduled_posts SET fence = fence + 1 WHERE id = $1", post)
    await work
    row = await stage.row(post)
    assert (row["status"], row["commit_sent_at"]) == ("publishing", None)
    assert await stage.on_platform(account) == []
    assert await stage.story(post) == ["scheduled"]
    await stage.hurry(post)
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


async def _is_publishing(stage: Stage, post: str) -> bool:
    return (await stage.row(post))["status"] == "publishing"


async def test_an_abandoned_claim_is_taken_over_when_its_lease_lapses(stage: Stage):
    account = await stage.account()
    post = await stage.text(account)
    dead = await stage.claim(account)
    assert not await stage.step(account)
    assert (await stage.row(post))["status"] == "publishing"
    row = await stage.carry(account, post)
    assert (row["status"], row["attempts"]) == ("published", 1)
    assert row["published_at"] - dead.database_now >= timedelta(seconds=2.9)
    assert len(await stage.on_platform(account)) == 1


async def test_a_lease_is_renewed_while_the_work_is_slow(stage: Stage):
    account = await stage.account()
    post = await stage.text(account)
    await stage.fault(PUT, "slow", seconds=2.0)
    work = asyncio.create_task(stage.step(account))
    await until(lambda: _is_publishing(stage, post))
    before = (await stage.row(post))["due_at"]
    await asyncio.sleep(1.2)
    await stage.engine.keep_leases()
    assert (await stage.row(post))["due_at"] > before + timedelta(seconds=0.8)
    await work
    assert (await stage.row(post))["status"] == "published"
    assert stage.engine.running == {}


@pytest.mark.parametrize("reached", [True, False])
async def test_a_commit_left_without_an_answer_is_settled_once(stage: Stage, reached: bool, video):
    """The worker dies in the middle of the commit: once after the platform took it, once before."""
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(video, "clip"), account)
    await stage.fault("PUT /video", "slow" if reached else "refuse", "tiktok", seconds=0.3)
    work = asyncio.create_task(stage.step(account))
    await until(lambda: _has_intent(stage, post))
    if reached:
        await until(lambda: _count_is(stage, account, 1))
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    await stage.mend()
    row = await stage.carry(account, post)
    assert row["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


async def _has_intent(stage: Stage, post: str) -> bool:
    return (await stage.row(post))["commit_sent_at"] is not None


async def _count_is(stage: Stage, account: str, count: int) -> bool:
    return len(await stage.on_platform(account)) == count


async def test_an_old_attempt_that_ends_late_does_not_disturb_the_new_one(stage: Stage):
    """The same worker takes a post over from its own sleeping attempt."""
    account = await stage.account()
    post = await stage.text(account)
    await stage.fault(PUT, "slow", seconds=0.6)
    late = asyncio.create_task(stage.step(account))
    await until(lambda: _has_intent(stage, post))
    await stage.hurry(post)
    await stage.mend()
    await stage.fault(PUT, "slow", seconds=1.2)
    new = asyncio.create_task(stage.step(account))
    await asyncio.gather(late, new)
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1
    assert stage.engine.running == {}
    assert GET_RECORD not in await stage.story(post)

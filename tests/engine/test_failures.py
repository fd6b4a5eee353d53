"""What follows when a platform says no: retries, pauses, tokens, refusals, and when it is given up."""

import asyncio
from datetime import timedelta

import pytest
from stage import PUT, Stage


async def events(stage: Stage) -> list[str]:
    """The types of all events of the organisation, in order."""
    rows = await stage.pool.fetch("SELECT type FROM events ORDER BY position")
    return [row["type"] for row in rows]


async def test_unavailable_is_tried_again_later(stage: Stage, video):
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(video, "clip"), account)
    await stage.fault("video/init", "unavailable", "tiktok", times=2)
    waits = []
    for attempt in (1, 2):
        await stage.step(account)
        seen = await stage.seen(post)
        assert (seen["status"], seen["attempts"]) == ("queued", attempt)
        assert seen["lastError"]["code"] == "PLATFORM_UNAVAILABLE"
        assert seen["lastError"]["retryable"] is True
        row = await stage.row(post)
        assert row["next_attempt_at"] == row["due_at"]
        waits.append(row["next_attempt_at"] - row["attempted_at"])
        await stage.hurry(post)
    assert timedelta(milliseconds=60) < waits[0] < waits[1] + timedelta(seconds=1)
    row = await stage.carry(account, post)
    assert (row["status"], row["attempts"], row["next_attempt_at"]) == ("published", 3, None)
    assert (await stage.story(post)).count("retry") == 2
    assert len(await stage.on_platform(account)) == 1


@pytest.mark.parametrize(("platform", "mode"), [("instagram", "feed"), ("tiktok", "direct_publish")])
async def test_media_the_platform_could_not_fetch_are_offered_anew(stage: Stage, image, platform, mode):
    """Three offers failed, since nobody was there to give the image: the next try makes a fourth."""
    account = await stage.account("ivy", platform)
    post = await stage.publish(await stage.upload(image, "picture"), account, mode)
    reachable, stage.engine.media_origin = stage.engine.media_origin, "http://127.0.0.1:9"
    async with asyncio.timeout(20):
        while (await stage.seen(post))["attempts"] == 0 or (await stage.row(post))["last_error"] is None:
            await stage.hurry(post)
            await stage.step(account)
    assert (await stage.seen(post))["lastError"]["code"] == "PLATFORM_UNAVAILABLE"
    stage.engine.media_origin = reachable
    await stage.hurry(post)
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


async def test_a_platform_that_is_silent_after_the_commit_is_asked_less_and_less(stage: Stage, video):
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(video, "clip"), account)
    await stage.fault("status/fetch", "unavailable", "tiktok", times=3)
    waits = []
    for hours in (0, 0.1, 10):
        await stage.age(post, hours=hours)
        await stage.hurry(post)
        await stage.step(account)
        row = await stage.row(post)
        assert (row["status"], row["last_error"]["code"]) == ("publishing", "PLATFORM_UNAVAILABLE")
        waits.append(row["due_at"] - row["attempted_at"])
    assert waits[0] < timedelta(seconds=60) < waits[1] < timedelta(minutes=5)
    assert timedelta(minutes=20) < waits[2] < timedelta(minutes=40)
    await stage.hurry(post)
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


async def test_nobody_at_the_address_is_a_try_that_counts(stage: Stage):
    """The connection is refused, so the commit certainly did not happen: no doubt, just another try."""
    account = await stage.account()
    post = await stage.text(account)
    door, stage.engine.credentials = stage.engine.credentials, _elsewhere(stage)
    await stage.step(account)
    row = await stage.row(post)
    assert (row["status"], row["attempts"], row["commit_sent_at"]) == ("queued", 1, None)
    assert await stage.pool.fetchval("SELECT count(*) FROM post_calls") == 0
    stage.engine.credentials = door
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


def _elsewhere(stage: Stage):
    own = stage.engine.credentials
    return type(own)(own.pool, own.vault, own.outbound, own.settings, "http://127.0.0.1:9")


async def test_throttling_holds_the_whole_account_and_counts_no_try(stage: Stage):
    account, other = await stage.account(), await stage.account("bob.test")
    first, second = [await stage.text(account, text) for text in ("one", "two")]
    free = await stage.text(other)
    await stage.fault(PUT, "throttle", seconds=1)
    await stage.step(account)
    row = await stage.row(first)
    assert (row["status"], row["attempts"], row["commit_sent_at"]) == ("queued", 0, None)
    assert row["next_attempt_at"] is not None
    held = await stage.pool.fetchval("SELECT hold_until FROM social_accounts WHERE id = $1", account)
    assert held == row["next_attempt_at"]
    await stage.step(account)
    assert (await stage.row(second))["status"] == "queued"
    await stage.step(other)
    assert (await stage.row(free))["status"] == "published"
    assert (await stage.carry(account, first))["published_at"] >= held
    assert (await stage.carry(account, second))["status"] == "published"
    assert [item["caption"] for item in await stage.on_platform(account)] == ["one", "two"]
    assert "throttled" in await stage.story(first)


async def test_a_post_is_given_up_a_day_after_it_was_due(stage: Stage):
    account = await stage.account()
    post = await stage.text(account)
    await stage.fault(PUT, "throttle", seconds=0)
    await stage.engine.drain(account, lambda: True)
    await stage.age(post, hours=24, minutes=1)
    await stage.pool.execute("UPDATE social_accounts SET hold_until = NULL")
    door, stage.engine.credentials = stage.engine.credentials, _elsewhere(stage)
    await stage.step(account)
    seen = await stage.seen(post)
    assert seen["status"] == "failed"
    assert seen["lastError"]["code"] == "PLATFORM_UNAVAILABLE"
    assert "day" in seen["lastError"]["message"]
    assert seen["lastError"]["retryable"] is False
    assert (await events(stage))[-1] == "post.failed"
    stage.engine.credentials = door
    assert (await stage.client.post(f"/v1/scheduled-posts/{post}/retry")).status == 200
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


async def test_a_post_first_looked_at_days_late_is_still_carried_out(stage: Stage, video):
    """No worker lived for two days: late posts are dispatched, and their platform gets time to finish."""
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(video, "clip"), account)
    await stage.pool.execute("UPDATE scheduled_posts SET scheduled_for = now() - interval '2 days'")
    await stage.fault("video/init", "unavailable", "tiktok")
    await stage.step(account)
    assert (await stage.row(post))["status"] == "queued"
    assert (await stage.carry(account, post))["status"] == "published"


async def test_a_refused_token_is_refreshed_once(stage: Stage):
    account = await stage.account()
    before = await stage.pool.fetchval("SELECT sealed_secrets FROM social_accounts")
    post = await stage.text(account)
    await stage.fault(PUT, "expire_token")
    await stage.step(account)
    row = await stage.row(post)
    assert (row["status"], row["attempts"]) == ("published", 1)
    assert (await stage.story(post)).count("token_refreshed") == 1
    assert await stage.pool.fetchval("SELECT sealed_secrets FROM social_accounts") != before
    assert len(await stage.on_platform(account)) == 1


async def test_a_token_about_to_end_is_refreshed_before_it_is_used(stage: Stage):
    account = await stage.account()
    await stage.pool.execute("UPDATE social_accounts SET token_expires_at = now() + interval '1 minute'")
    post = await stage.text(account)
    await stage.step(account)
    assert (await stage.row(post))["status"] == "published"
    assert await stage.story(post) == ["scheduled", "token_refreshed", "sent", "published"]
    left = await stage.pool.fetchval("SELECT token_expires_at - now() FROM social_accounts")
    assert left > timedelta(hours=1)


async def _revoke_on_platform(stage: Stage) -> None:
    """Have the platform forget every token, so that only a person can reconnect."""
    await stage.pool.execute("DELETE FROM sandbox_records WHERE kind IN ('access_token', 'refresh_token')")


async def test_a_revoked_account_waits_for_a_person(stage: Stage, video):
    account = await stage.account("tom", "tiktok")
    container = await stage.upload(video, "clip")
    post = await stage.publish(container, account)
    later = await stage.publish(await stage.upload(video, "another"), account)
    await _revoke_on_platform(stage)
    await stage.step(account)
    for waiting in (post, later):
        seen = await stage.seen(waiting)
        assert (seen["status"], seen["lastError"]["code"]) == ("queued", "CREDENTIAL_INVALID")
    shown = await stage.client.get(f"/v1/projects/{stage.project}/social-accounts")
    assert shown["items"][0]["status"] == "reauth_required"
    assert (await events(stage)).count("social_account.needs_reauth") == 1
    told = await stage.pool.fetchval("SELECT data FROM events WHERE type = 'social_account.needs_reauth'")
    assert "no longer accepts the refresh token" in told["reason"]
    assert told["status"] == "reauth_required"
    assert not await stage.step(account)
    assert await stage.account("tom", "tiktok") == account
    assert (await stage.carry(account, post))["status"] == "published"
    assert (await stage.carry(account, later))["status"] == "published"
    assert len(await stage.on_platform(account)) == 2


@pytest.mark.parametrize(
    ("platform", "mode", "media"),
    [
        ("bluesky", "direct_publish", "image"),
        ("instagram", "feed", "image"),
        ("mastodon", "direct_publish", "image"),
        ("tiktok", "direct_publish", "video"),
    ],
)
async def test_permission_taken_back_while_a_post_was_under_way(stage: Stage, request, platform, mode, media):
    account = await stage.account("tom", platform)
    container = await stage.upload(request.getfixturevalue(media), "[fault:revoke_token]")
    post = await stage.publish(container, account, mode)
    async with asyncio.timeout(20):
        while (seen := await stage.seen(post))["lastError"] is None:
            await stage.step(account)
            await stage.hurry(post)
    assert (seen["status"], seen["lastError"]["code"]) == ("queued", "CREDENTIAL_INVALID")
    assert seen["lastError"]["platformCode"], "the platform's own word is missing"
    assert await stage.on_platform(account) == []
    health = await stage.client.get(f"/v1/social-accounts/{account}/health")
    assert (health["status"], health["postsWaiting"]) == ("reauth_required", 1)
    assert await stage.account("tom", platform) == account
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


async def test_nobody_reconnects_for_a_day(stage: Stage, video):
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(video, "clip"), account)
    await _revoke_on_platform(stage)
    await stage.step(account)
    row = await stage.row(post)
    assert row["due_at"] - row["scheduled_for"] == timedelta(hours=24)
    await stage.age(post, hours=24, seconds=1)
    await stage.step(account)
    seen = await stage.seen(post)
    assert (seen["status"], seen["lastError"]["code"]) == ("failed", "CREDENTIAL_INVALID")
    assert await stage.on_platform(account) == []


async def test_a_rejected_post_fails_at_once_and_says_why(stage: Stage, video):
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(video, "buy now [fault:reject]"), account)
    await stage.carry(account, post)
    seen = await stage.seen(post)
    assert (seen["status"], seen["attempts"], seen["nextAttemptAt"]) == ("failed", 1, None)
    error = seen["lastError"]
    assert (error["code"], error["platformCode"]) == ("CONTENT_REJECTED_BY_PLATFORM", "spam_risk_text")
    assert error["retryable"] is False
    assert (await stage.story(post))[-1] == "failed"
    assert (await events(stage))[-1] == "post.failed"
    assert await stage.on_platform(account) == []


async def test_a_refused_creator_fails_before_anything_is_sent(stage: Stage, video):
    account = await stage.account("tom.banned", "tiktok")
    post = await stage.publish(await stage.upload(video, "clip"), account)
    await stage.step(account)
    row = await stage.row(post)
    assert (row["status"], row["commit_sent_at"]) == ("failed", None)
    assert row["last_error"]["platformCode"] == "spam_risk_user_banned_from_posting"


async def test_a_parked_post_does_not_block_the_next_of_its_account(stage: Stage):
    account = await stage.account()
    first = await stage.text(account, "one [fault:unavailable]")
    second = await stage.text(account, "two")
    await stage.pool.execute(
        "UPDATE scheduled_posts SET scheduled_for = now() - interval '1 minute' WHERE id = $1", first
    )
    door, stage.engine.credentials = stage.engine.credentials, _elsewhere(stage)
    await stage.engine.drain(account, _once())
    stage.engine.credentials = door
    assert (await stage.row(first))["status"] == "queued"
    await stage.pool.execute(
        "UPDATE scheduled_posts SET due_at = now() + interval '1 hour' WHERE id = $1", first
    )
    await stage.step(account)
    assert (await stage.row(second))["status"] == "published"
    await stage.hurry(first)
    assert (await stage.carry(account, first))["status"] == "published"


def _once():
    turns = iter([True])
    return lambda: next(turns, False)


async def test_a_disconnected_account_gets_nothing_more(stage: Stage):
    account = await stage.account()
    post = await stage.text(account)
    held = await stage.claim(account)
    answer = await stage.client.delete(f"/v1/social-accounts/{account}")
    assert answer["canceledScheduledPosts"] == 1
    assert (await stage.row(post))["fence"] > held.fence
    assert not await stage.step(account)
    assert (await stage.row(post))["status"] == "canceled"
    assert await stage.on_platform(account) == []


async def test_preparations_older_than_the_platform_keeps_them_are_made_anew(stage: Stage, video):
    """An upload begun an hour ago is gone: it is begun again, and what the commit was built on is kept."""
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(video, "clip"), account)
    await stage.fault("PUT /video", "unavailable", "tiktok")
    await stage.step(account)
    await stage.carry(account, post) if False else None
    number = (await stage.row(post))["number"]
    await stage.pool.execute("DELETE FROM post_calls WHERE effect = 'commit'")
    await stage.pool.execute(
        "UPDATE scheduled_posts SET status = 'queued', holds_lane = false, commit_sent_at = NULL, due_at = now()"
    )
    assert await stage.pool.fetchval("SELECT count(*) FROM post_calls WHERE post_number = $1", number) == 2
    old = await stage.pool.fetchval("SELECT reply FROM post_calls WHERE name = 'init'")
    await stage.age(post, hours=1)
    await stage.fault("status/fetch", "unavailable", "tiktok")
    await stage.step(account)
    assert (await stage.row(post))["status"] == "publishing"
    kept = await stage.pool.fetch("SELECT name, reply FROM post_calls ORDER BY sent_at")
    assert [row["name"] for row in kept] == ["creator info", "init", "chunk 1"]
    assert kept[1]["reply"] != old
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


@pytest.mark.parametrize("comment", [None, "first!"])
async def test_what_goes_out_is_what_was_asked_for(stage: Stage, comment: str | None):
    account = await stage.account()
    target = {"firstCommentOverride": comment} if comment else {}
    post = await stage.text(account, "hello there", **target)
    row = await stage.carry(account, post)
    shown = await stage.on_platform(account)
    assert [item["caption"] for item in shown] == ["hello there", *filter(None, [comment])]
    assert row["external_id"] == shown[0]["id"]

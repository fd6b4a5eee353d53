"""`post.late`: told once of a post that is due and that nobody takes up."""

from stage import Stage

from layers.publishing.late import tell_late


async def told(stage: Stage) -> list[dict]:
    rows = await stage.pool.fetch("SELECT * FROM events WHERE type = 'post.late' ORDER BY position")
    return [dict(row) for row in rows]


async def test_a_late_post_is_told_of_once(stage: Stage):
    account = await stage.account()
    post, punctual = await stage.text(account), await stage.text(account, "other")
    await stage.age(post, minutes=5, seconds=2)
    await stage.age(punctual, minutes=4)
    await tell_late(stage.pool)
    await tell_late(stage.pool)
    [event] = await told(stage)
    shown = await stage.seen(post)
    same = ("containerId", "projectId", "socialAccountId", "platform", "mode", "status", "scheduledFor")
    assert {name: event["data"][name] for name in same} == {name: shown[name] for name in same}
    assert event["data"]["scheduledPostId"] == event["subject_id"] == post
    assert 302 <= event["data"]["secondsAfterDue"] < 360
    assert (await stage.story(post)).count("late") == 1
    await stage.carry(account, post)
    assert (await stage.row(post))["status"] == "published"


async def test_what_waits_for_its_next_try_is_not_late(stage: Stage):
    post = await stage.text(await stage.account())
    await stage.age(post, hours=1)
    await stage.pool.execute("UPDATE scheduled_posts SET due_at = now() + interval '1 minute'")
    await tell_late(stage.pool)
    assert await told(stage) == []

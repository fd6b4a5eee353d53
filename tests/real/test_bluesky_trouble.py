"""A real server behind a bad line, or gone for a while: each post arrives, once."""

from datetime import datetime

import pytest


@pytest.fixture(autouse=True)
def _running(worker):
    """A worker, for every test here."""


@pytest.mark.parametrize("fault", ["lost", "cut"])
@pytest.mark.parametrize("times", [1, 3])
async def test_answer_to_the_post_is_lost(shaky, proxy, fault, times):
    """The server has the post, Layers does not know: it asks by repeating, and nothing is posted twice."""
    proxy.fail(fault, "putRecord", times=times)
    post = await shaky.publish_text("once")
    record = await shaky.only_record(post)
    assert record["text"] == "once"
    assert proxy.count("putRecord", fault) == times
    assert proxy.count("putRecord") == times + 1
    steps = await shaky.steps(post)
    assert steps.index("in_doubt") < steps.index("repeated") < steps.index("published")


async def test_post_never_arrived(shaky, proxy):
    proxy.fail("refused", "putRecord", times=2)
    await shaky.only_record(await shaky.publish_text())
    assert proxy.count("putRecord") == 3


async def test_answers_to_uploads_are_lost(shaky, proxy, pictures):
    """A blob sent twice is one blob: nothing is in doubt before the post itself."""
    proxy.fail("lost", "uploadBlob", times=2)
    up = await shaky.client.upload(shaky.project, *pictures)
    post = await shaky.publish(up["id"])
    record = await shaky.only_record(post)
    assert len(record["embed"]["images"]) == 3
    assert "in_doubt" not in await shaky.steps(post)


async def test_answer_to_the_comment_is_lost(shaky, proxy):
    body = {"kind": "text", "caption": "the post", "firstComment": "the comment"}
    made = await shaky.client.made(f"/v1/projects/{shaky.project}/content", body)
    proxy.fail("lost", "putRecord", after=1, times=2)
    seen = await shaky.done(await shaky.publish(made["id"]))
    records = await shaky.pds.records(shaky.person.did)
    assert [record["text"] for record in records.values()] == ["the post", "the comment"]
    assert seen["externalId"] == next(iter(records))


async def test_half_the_answers_are_lost(shaky, proxy):
    proxy.fail("lost", ".", probability=0.5, seed=7)
    posts = [await shaky.publish_text(f"number {number}") for number in range(4)]
    seen = {(await shaky.done(post))["externalId"] for post in posts}
    records = await shaky.pds.records(shaky.person.did)
    assert set(records) == seen
    assert [record["text"] for record in records.values()] == [f"number {number}" for number in range(4)]
    assert proxy.count("putRecord", "lost") > 0


async def test_server_restarts(channel, pds):
    await channel.done(await channel.publish_text("before"))
    await pds.stop()
    try:
        post = await channel.publish_text("during")
        waiting = await channel.until(post, lambda seen: seen["lastError"] is not None)
        assert waiting["status"] in ("queued", "publishing")
        assert waiting["lastError"]["retryable"]
        parked = await channel.until(post, lambda seen: seen["nextAttemptAt"] is not None)
        due, again = (datetime.fromisoformat(parked[name]) for name in ("scheduledFor", "nextAttemptAt"))
        assert again > due
    finally:
        await pds.start()
    await channel.done(post)
    assert [r["text"] for r in (await pds.records(channel.person.did)).values()] == ["before", "during"]

"""The kill switch of an organisation: its keys are refused, nothing of it goes out, nothing is lost."""

import asyncio
from typing import Any

from aiohttp.test_utils import unused_port
from receiver import receiving
from stage import PUT, Stage, until, working

from layers.access.commands import set_killed
from layers.content.commands import auto_approve_next
from layers.kit.times import utc_now
from layers.publishing.late import tell_late


async def switch(stage: Stage, client: Any, *, killed: bool) -> None:
    """Kill a client's organisation, or revive it."""
    async with stage.pool.acquire() as tx, tx.transaction():
        await set_killed(tx, client.organization_id, killed=killed, actor="cli:ann", now=utc_now())


async def published(stage: Stage, *posts: str) -> bool:
    """Whether all of the posts are."""
    return all([(await stage.row(post))["status"] == "published" for post in posts])


async def test_its_posts_wait_and_go_out_in_order_when_it_is_revived(stage: Stage, join: Any):
    account = await stage.account()
    posts = [await stage.text(account, f"number {n}") for n in range(3)]
    other = await join("Other")
    project = await other.project()
    elsewhere = await other.account(project, "bluesky", "bob.test")
    await switch(stage, stage.client, killed=True)
    refused = await stage.client.get("/v1/whoami")
    assert (refused.status, refused.code, refused.details) == (503, "KILL_SWITCH", {"scope": "organization"})
    async with working(stage.shared):
        for n in range(2):  # the worker looks, and looks again
            sent = await other.publish(await other.text(project, f"other {n}"), elsewhere)
            await other.post_until(sent["scheduledPostIds"][0], "published")
        assert [(await stage.row(post))["attempts"] for post in posts] == [0, 0, 0]
        async with stage.session.get(f"{other.origin}/health/dispatch") as health:
            assert (await health.json())["status"] == "ok"
        await switch(stage, stage.client, killed=False)
        await until(lambda: published(stage, *posts))
    assert [item["caption"] for item in await stage.on_platform(account)] == [f"number {n}" for n in range(3)]
    log = (await stage.client.get("/v1/audit-log?eventType=organization.killed,organization.revived"))[
        "items"
    ]
    assert [(e["eventType"], e["actor"]) for e in log] == [
        ("organization.revived", "cli:ann"),
        ("organization.killed", "cli:ann"),
    ]


async def test_what_is_being_prepared_is_not_sent_any_more(stage: Stage, image: Any):
    """It is killed between upload and commit: the post keeps what it has, and ends when it is revived."""
    account = await stage.account()
    post = await stage.publish(await stage.upload(image), account)
    await stage.fault("uploadBlob", "slow", seconds=0.5)
    work = asyncio.create_task(stage.step(account))
    await until(lambda: _is(stage, post, "publishing"))
    await switch(stage, stage.client, killed=True)
    await work
    row = await stage.row(post)
    assert (row["status"], row["commit_sent_at"]) == ("publishing", None)
    await stage.hurry(post)
    assert not await stage.step(account)
    assert await stage.on_platform(account) == []
    await switch(stage, stage.client, killed=False)
    row = await stage.carry(account, post)
    assert (row["status"], row["attempts"]) == ("published", 1)
    assert len(await stage.on_platform(account)) == 1


async def test_what_was_sent_already_is_settled(stage: Stage):
    account = await stage.account()
    post = await stage.text(account)
    await stage.fault(PUT, "slow", seconds=0.5)
    work = asyncio.create_task(stage.step(account))
    await until(lambda: _is_committed(stage, post))
    await switch(stage, stage.client, killed=True)
    await work
    assert (await stage.row(post))["status"] == "published"


async def _is(stage: Stage, post: str, status: str) -> bool:
    return (await stage.row(post))["status"] == status


async def _is_committed(stage: Stage, post: str) -> bool:
    return (await stage.row(post))["commit_sent_at"] is not None


async def test_timers_do_not_decide_and_nothing_is_late(stage: Stage):
    late = await stage.text(await stage.account())
    policy = {"requiresApproval": True, "autoApproveAfter": "PT1S"}
    await stage.client.patch(f"/v1/projects/{stage.project}/approval-policy", policy)
    await stage.client.text(stage.project)
    await stage.age(late, minutes=6)
    await stage.pool.execute("UPDATE containers SET auto_approve_at = now()")
    await switch(stage, stage.client, killed=True)
    assert not await auto_approve_next(stage.pool, utc_now())
    await tell_late(stage.pool)
    assert (await stage.row(late))["late_at"] is None
    await switch(stage, stage.client, killed=False)
    assert await auto_approve_next(stage.pool, utc_now())
    await tell_late(stage.pool)
    assert (await stage.row(late))["late_at"] is not None


async def test_its_webhooks_wait(stage: Stage, join: Any):
    other = await join("Other")
    async with receiving() as receiver:
        ids = []
        for client in (stage.client, other):
            hook = {"url": receiver.url, "events": ["test.ping"]}
            ids.append((await client.made("/v1/webhook-endpoints", hook))["id"])
        await stage.client.made(f"/v1/webhook-endpoints/{ids[0]}/test", None, 202)
        await switch(stage, stage.client, killed=True)
        await other.made(f"/v1/webhook-endpoints/{ids[1]}/test", None, 202)

        async def heard(count: int) -> bool:
            return len(receiver.heard) == count

        async with working(stage.shared):
            await until(lambda: heard(1))
            assert receiver.heard[0].event["data"]["webhookEndpointId"] == ids[1]
            await switch(stage, stage.client, killed=False)
            await until(lambda: heard(2))
        assert receiver.heard[1].event["data"]["webhookEndpointId"] == ids[0]


async def test_a_consent_on_its_way_comes_to_nothing(stage: Stage):
    back = f"http://127.0.0.1:{unused_port()}/back"
    asked = {"platform": "tiktok", "returnUrl": back}
    begun = await stage.client.made(f"/v1/projects/{stage.project}/social/oauth-url", asked, 200)
    await switch(stage, stage.client, killed=True)
    path = f"/v1/social/oauth/callback/tiktok?state={begun['state']}&code=x"
    assert (await stage.client.get(path, allow_redirects=False)).status == 404
    assert await stage.pool.fetchval("SELECT used_at FROM oauth_states") is None

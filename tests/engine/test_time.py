"""Late workers, long queues, caps, bursts and the clocks of people: order and instants, never speed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from stage import PUT, Stage, until, working

BERLIN = ZoneInfo("Europe/Berlin")
FILL = """
INSERT INTO social_accounts (id, organization_id, project_id, platform, sandbox, external_id, handle, display_name,
    status) SELECT id || '_' || n, organization_id, project_id, platform, sandbox, external_id || n, handle, 'd',
    'connected' FROM social_accounts, generate_series(1, $2) n WHERE id = $1
"""
QUEUE = """
INSERT INTO scheduled_posts (id, organization_id, project_id, container_id, social_account_id, platform, mode, kind,
    status, caption, scheduled_for, due_at)
SELECT a.id || '_post_' || n, p.organization_id, p.project_id, p.container_id, a.id, p.platform, p.mode, p.kind,
    'queued', p.caption, now() - interval '1 hour', now() - interval '1 hour'
FROM scheduled_posts p, social_accounts a, generate_series(1, $2) n WHERE p.id = $1
    AND a.organization_id = p.organization_id AND a.id <> p.social_account_id
"""


async def texts(stage: Stage, account: str, count: int) -> list[str]:
    """Queue so many texts; returns their captions in order."""
    captions = [f"text {n}" for n in range(count)]
    container = await stage.client.text(stage.project, "text")
    for caption in captions:
        await stage.publish(container, account, captionOverride=caption, allowDuplicate=True)
    return captions


async def shown(stage: Stage, account: str) -> list[str]:
    """The captions on the platform, oldest first."""
    return [item["caption"] for item in await stage.on_platform(account)]


async def test_a_worker_started_a_day_late_catches_up_in_order_and_honours_a_cap(stage: Stage):
    account = await stage.account()
    captions = await texts(stage, account, 6)
    await stage.pool.execute(
        "UPDATE scheduled_posts SET scheduled_for = scheduled_for - interval '25 hours',"
        " due_at = due_at - interval '25 hours'"
    )
    await stage.fault(PUT, "throttle", skip=2, seconds=3600)
    await stage.step(account)
    assert await shown(stage, account) == captions[:2]
    assert not await stage.step(account)
    third = await stage.pool.fetchrow("SELECT * FROM scheduled_posts WHERE caption = $1", captions[2])
    assert (third["status"], third["attempts"], third["last_error"]["code"]) == (
        "queued",
        0,
        "PLATFORM_LIMIT",
    )
    await stage.pool.execute("UPDATE social_accounts SET hold_until = now()")
    await stage.pool.execute("UPDATE scheduled_posts SET due_at = now() WHERE due_at IS NOT NULL")
    await stage.step(account)
    assert await shown(stage, account) == captions


async def test_fifty_posts_of_one_account_go_in_order_one_at_a_time(stage: Stage):
    account = await stage.account()
    captions = await texts(stage, account, 50)
    async with working(stage.shared):
        await until(lambda: _are_published(stage, 50), 60)
    assert await shown(stage, account) == captions
    overlapping = await stage.pool.fetchval(
        "SELECT count(*) FROM (SELECT attempted_at < lag(published_at) OVER (ORDER BY number) AS early"
        " FROM scheduled_posts) p WHERE early"
    )
    assert overlapping == 0


async def _are_published(stage: Stage, count: int) -> bool:
    query = "SELECT count(*) FROM scheduled_posts WHERE status = 'published'"
    return await stage.pool.fetchval(query) == count


async def test_ten_posts_are_not_served_after_nine_thousand_of_another(stage: Stage, join: Any, video: Any):
    """Both organisations are an hour late, the large one by a hair more; ten accounts of the small one wait."""
    small = replace(stage, client=await join("Small"))
    small.project = await small.client.project()
    for each, accounts, posts in ((stage, 300, 30), (small, 10, 1)):
        account = await each.account("tom", "instagram")
        first = await each.publish(await each.upload(video, "clip"), account, "draft_to_device")
        await stage.pool.execute(FILL, account, accounts)
        await stage.pool.execute(QUEUE, first, posts)
        await stage.pool.execute(
            "UPDATE scheduled_posts SET status = 'canceled', due_at = NULL WHERE id = $1", first
        )
    done = "SELECT count(*) FROM scheduled_posts WHERE status = 'draft_in_inbox' AND organization_id = $1"

    async def served() -> bool:
        return await stage.pool.fetchval(done, small.client.organization_id) == 10

    shared = replace(stage.shared, settings=replace(stage.shared.settings, worker_lanes=4))
    async with working(shared):
        await until(served, 60)
    passed_by = await stage.pool.fetchval(
        "SELECT count(*) FROM scheduled_posts WHERE organization_id = $1 AND published_at <"
        " (SELECT max(published_at) FROM scheduled_posts WHERE organization_id = $2)",
        *(stage.client.organization_id, small.client.organization_id),
    )
    assert passed_by <= 900


async def test_an_offset_means_its_instant_across_a_change_of_the_clocks(stage: Stage):
    """02:30 comes twice in the night the clocks go back; the offset tells which is meant."""
    account = await stage.account()
    container = await stage.client.text(stage.project, "night")
    night = _clocks_go_back()
    instants = [night + timedelta(hours=hours) for hours in (-1, 0, 1, 24)]
    local = [at.astimezone(BERLIN) for at in instants]
    assert [at.strftime("%H:%M") for at in local] == ["02:30", "02:30", "03:30", "02:30"]
    ids = []
    for at, said in reversed([*zip(instants, local, strict=True)]):
        body = {
            "scheduledFor": said.isoformat(),
            "targets": [{"socialAccountId": account, "mode": "direct_publish"}],
        }
        answer = await stage.client.made(f"/v1/content/{container}/schedule", body, 200)
        assert answer["scheduledFor"] == at.isoformat().replace("+00:00", "Z")
        ids += answer["scheduledPostIds"]
    assert [(await stage.row(post))["due_at"] for post in reversed(ids)] == instants
    await stage.pool.execute("UPDATE scheduled_posts SET due_at = now()")
    claimed = []
    for _ in ids:
        held = await stage.claim(account)
        claimed.append(held.id)
        await stage.pool.execute(
            "UPDATE scheduled_posts SET status = 'failed', due_at = NULL, holds_lane = false WHERE id = $1",
            held.id,
        )
    assert claimed == ids[::-1]


def _clocks_go_back() -> datetime:
    """The second 02:30 of the next night in which Berlin's clocks go back."""
    at = datetime.now(UTC).replace(hour=1, minute=30, second=0, microsecond=0) + timedelta(days=1)
    while at.astimezone(BERLIN).utcoffset() == (at - timedelta(hours=1)).astimezone(BERLIN).utcoffset():
        at += timedelta(days=1)
    return at if at.astimezone(BERLIN).utcoffset() == timedelta(hours=1) else _clocks_from(at)


def _clocks_from(at: datetime) -> datetime:
    """Go on from the spring's change to the autumn's."""
    at += timedelta(days=1)
    while at.astimezone(BERLIN).utcoffset() == timedelta(hours=2):
        at += timedelta(days=1)
    return at

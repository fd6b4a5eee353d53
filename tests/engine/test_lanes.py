"""Workers as they run: lanes side by side, lost wake-ups, broken connections, stopping, sharing, fairness."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

from stage import PATIENCE, Stage, until, working
from structlog.testing import capture_logs

from layers.app import Shared
from layers.db.schema import queue_settings

SLOW = "[fault:slow=0.5]"


async def statuses(stage: Stage) -> dict[str, int]:
    """How many posts there are of each status."""
    rows = await stage.pool.fetch("SELECT status, count(*) AS n FROM scheduled_posts GROUP BY 1")
    return {row["status"]: row["n"] for row in rows}


async def all_published(stage: Stage, count: int, seconds: float = 30) -> None:
    """Wait until so many posts are published, and see that the platform shows each of them once."""

    async def done() -> bool:
        return (await statuses(stage)).get("published") == count

    await until(done, seconds)
    async with stage.session.get(f"{stage.sandbox}/posts.json?limit=1000") as answer:
        shown = (await answer.json())["items"]
    rows = await stage.pool.fetch("SELECT external_id FROM scheduled_posts")
    assert sorted(item["id"] for item in shown) == sorted(row["external_id"] for row in rows)


async def many(stage: Stage, accounts: int, each: int, caption: str = "hello") -> list[str]:
    """Queue `each` posts on each of so many accounts; returns the accounts."""
    made = [await stage.account(f"u{n}.test") for n in range(accounts)]
    for number in range(each):
        container = await stage.client.text(stage.project, f"{caption} {number}")
        targets = [{"socialAccountId": account, "mode": "direct_publish"} for account in made]
        await stage.client.made(f"/v1/content/{container}/publish", {"targets": targets}, 200)
    return made


async def test_accounts_are_served_side_by_side_and_each_in_order(stage: Stage):
    accounts = await many(stage, 8, 3, SLOW)
    async with working(stage.shared):
        await all_published(stage, 24)
    rows = await stage.pool.fetch(
        "SELECT social_account_id AS account, min(attempted_at) AS first, max(published_at) AS last,"
        " array_agg(number ORDER BY published_at) = array_agg(number ORDER BY number) AS ordered,"
        " bool_and(coalesce(attempted_at >= before, true)) AS alone FROM (SELECT *, lag(published_at)"
        " OVER (PARTITION BY social_account_id ORDER BY number) AS before FROM scheduled_posts) p GROUP BY 1"
    )
    assert {row["account"] for row in rows} == set(accounts)
    assert all(row["ordered"] and row["alone"] for row in rows)
    assert max(row["first"] for row in rows) < min(row["last"] for row in rows)


async def test_a_lost_wake_up_heals_itself(stage: Stage):
    """The post comes in by SQL, so nobody is told of it."""
    account = await stage.account()
    post = await stage.text(account, "template")
    await stage.step(account)
    async with working(stage.shared):
        await until(lambda: _worker_lives(stage))
        await asyncio.sleep(0.5)
        await stage.pool.execute(
            """INSERT INTO scheduled_posts (id, organization_id, project_id, container_id, social_account_id, platform,
                mode, kind, status, caption, scheduled_for, due_at)
            SELECT 'by_hand', organization_id, project_id, container_id, social_account_id, platform, mode, kind,
                'queued', 'by hand', now(), now() FROM scheduled_posts WHERE id = $1""",
            post,
        )
        await all_published(stage, 2)
    row = await stage.row("by_hand")
    assert row["attempted_at"] - row["scheduled_for"] < timedelta(seconds=3)


async def _worker_lives(stage: Stage) -> bool:
    return bool(await stage.pool.fetchval("SELECT count(*) FROM workers"))


async def test_what_is_due_later_goes_out_on_time(stage: Stage):
    account = await stage.account()
    post = await stage.text(account)
    await stage.pool.execute(
        "UPDATE scheduled_posts SET due_at = now() + interval '2.5 seconds',"
        " scheduled_for = now() + interval '2.5 seconds'"
    )
    async with working(stage.shared):
        await all_published(stage, 1)
    row = await stage.row(post)
    assert timedelta() <= row["attempted_at"] - row["scheduled_for"] < timedelta(seconds=2)


async def test_a_worker_that_stops_finishes_what_it_is_sending(stage: Stage):
    await many(stage, 3, 4, SLOW)
    async with working(stage.shared) as stop:
        await until(lambda: _any(stage, "publishing"))
        stop.set()
    counts = await statuses(stage)
    assert counts.get("publishing", 0) == 0
    assert counts["published"] >= 1
    assert counts["queued"] >= 1
    assert await stage.pool.fetchval("SELECT count(*) FROM post_calls WHERE reply IS NULL") == 0
    async with working(stage.shared):
        await all_published(stage, 12)


async def _any(stage: Stage, status: str) -> bool:
    return bool((await statuses(stage)).get(status))


async def test_two_workers_share_the_load(stage: Stage):
    with capture_logs() as logs:
        async with AsyncExitStack() as workers:
            for _ in range(2):
                await workers.enter_async_context(working(with_lanes(stage.shared, 6)))
            await until(lambda: _workers_are(stage, 2))
            await many(stage, 24, 2, "[fault:slow=0.3]")
            await all_published(stage, 48)
    shares = [entry["dispatched"] for entry in logs if entry["event"] == "worker stopped"]
    assert len(shares) == 2
    assert sum(shares) == 48
    assert min(shares) >= 6
    assert await stage.pool.fetchval("SELECT max(attempts) FROM scheduled_posts") == 1


def with_lanes(shared: Shared, lanes: int) -> Shared:
    """The same installation whose workers serve so many accounts at a time."""
    return replace(shared, settings=replace(shared.settings, worker_lanes=lanes))


async def _workers_are(stage: Stage, count: int) -> bool:
    return await stage.pool.fetchval("SELECT count(*) FROM workers") == count


async def test_killed_connections_cost_nothing_but_time(stage: Stage):
    """Every connection of the worker is cut again and again while it works, as in a restart of the database."""
    await many(stage, 6, 6, "[fault:slow=0.1]")
    async with working(stage.shared):
        for _ in range(3):
            await until(lambda: _any(stage, "publishing"))
            await stage.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database() AND application_name = 'layers worker'"
            )
            await asyncio.sleep(0.4)
        await all_published(stage, 36, 60)
    assert await stage.pool.fetchval("SELECT count(*) FROM post_calls") == 0


async def _has_arrived(stage: Stage) -> bool:
    """Tell whether the slow call is at the platform: so what the worker wrote before it has been answered."""
    return await stage.pool.fetchval("SELECT EXISTS (SELECT FROM sandbox_records WHERE id LIKE '% slow')")


async def test_others_go_on_while_a_slow_conversation_outlives_its_connections(stage: Stage):
    """The worker takes up new work at once after a cut, and keeps the lease of what it has in hand all the while."""
    slow, quick = await stage.account("slow.test"), await stage.account("quick.test")
    first = await stage.text(slow, "hello [fault:slow=12]")
    async with working(stage.shared, replace(PATIENCE, lease=timedelta(seconds=6))):
        await until(lambda: _has_arrived(stage), 20)
        await asyncio.sleep(0.5)  # the platform's own connection is the worker's, too, and must be at rest
        await stage.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'layers worker'"
        )
        second = await stage.text(quick)

        async def gone() -> bool:
            return (await stage.row(second))["status"] == "published"

        await until(gone, 20)
        assert await _in_hand(stage, first)
        await all_published(stage, 2)
    assert (await stage.row(first))["fence"] == 1  # nobody else had to take it over


async def _in_hand(stage: Stage, post: str) -> bool:
    row = await stage.row(post)
    return row["status"] == "publishing" and row["commit_sent_at"] is not None


async def test_the_queue_is_only_a_hint(stage: Stage):
    """All of its rows vanish again and again in the middle of the work."""
    await many(stage, 6, 6, "[fault:slow=0.1]")
    settings = queue_settings()
    async with working(stage.shared):
        for _ in range(3):
            await until(lambda: _any(stage, "publishing"))
            await stage.pool.execute(f"TRUNCATE {settings.queue_table}")
            await asyncio.sleep(0.3)
        await all_published(stage, 36, 60)


async def test_jobs_for_accounts_without_work_change_nothing(stage: Stage):
    """Doubled and senseless jobs are taken and come to nothing."""
    account = await stage.account()
    await stage.text(account)
    settings = queue_settings()
    async with working(stage.shared):
        await all_published(stage, 1)
        for payload in (account.encode(), account.encode(), b"sa_unknown", None):
            await stage.pool.execute(
                f"INSERT INTO {settings.queue_table} (priority, created, updated, heartbeat, execute_after,"
                " entrypoint, payload, status) VALUES (0, now(), now(), now(), now(), 'lane', $1, 'queued')",
                payload,
            )
        await until(lambda: _queue_is_empty(stage))
        await stage.text(account, "more")
        await all_published(stage, 2)


async def _queue_is_empty(stage: Stage) -> bool:
    return not await stage.pool.fetchval(f"SELECT count(*) FROM {queue_settings().queue_table}")


async def test_a_burst_of_one_organisation_does_not_starve_another(stage: Stage, join: Any):
    """Forty accounts are due and enqueued when another organisation publishes a single post: it need not wait."""
    other = await join("Other")
    project = await other.project()
    account = await other.account(project, "bluesky", "single.test")
    container = await other.text(project)
    await many(stage, 40, 1, "[fault:slow=0.4]")
    async with working(with_lanes(stage.shared, 4)):
        await until(lambda: _any(stage, "published"))
        before = (await statuses(stage))["published"]
        single = (await other.publish(container, account))["scheduledPostIds"][0]
        await other.post_until(single, "published")
        passed_by = (await statuses(stage))["published"] - before
        await all_published(stage, 41)
    assert passed_by <= 16


async def test_a_lane_held_by_a_doubt_is_not_asked_for_in_vain(stage: Stage):
    """While a doubt holds the account for an hour its other posts are due, yet no job is made for them."""
    account = await stage.account()
    doubtful, waiting = [await stage.text(account, text) for text in ("one", "two")]
    await stage.claim(account)
    await stage.pool.execute(
        "UPDATE scheduled_posts SET due_at = now() + interval '1 hour' WHERE id = $1", doubtful
    )
    async with working(stage.shared):
        await until(lambda: _workers_are(stage, 1))
        await asyncio.sleep(1)
        next_job = await stage.pool.fetchval(f"SELECT nextval('{queue_settings().queue_table}_id_seq')")
    assert (await stage.row(waiting))["status"] == "queued"
    assert next_job == 1

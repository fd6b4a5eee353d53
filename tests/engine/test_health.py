"""`GET /health/dispatch`: never green when nobody dispatches, or too late."""

from datetime import timedelta

import pytest
from stage import working

SEEN = "INSERT INTO workers (id, host, pid, seen_at) VALUES ('wrk_x', 'h', 1, now() - $1::interval)"


async def look(stage) -> tuple[int, str, float, int]:
    """Ask; returns the HTTP status, and what it says."""
    answer = await stage.client.get("/health/dispatch")
    return answer.status, answer["status"], answer["lagSeconds"], answer["workers"]


async def test_without_a_worker_it_is_red(stage) -> None:
    assert await look(stage) == (503, "no_worker", 0.0, 0)


async def test_a_worker_that_was_killed_is_missed(stage) -> None:
    await stage.pool.execute(SEEN, timedelta(seconds=16))
    assert await look(stage) == (503, "no_worker", 0.0, 0)


async def test_a_worker_that_stops_is_missed_at_once(stage) -> None:
    async with working(stage.shared):
        account = await stage.account()
        await stage.client.post_until(await stage.text(account), "published")
        assert (await look(stage))[:2] == (200, "ok")
    assert await look(stage) == (503, "no_worker", 0.0, 0)


@pytest.mark.parametrize(
    ("waits", "held", "status"), [(29, False, "ok"), (31, False, "late"), (31, True, "ok")]
)
async def test_a_worker_that_dispatches_nothing_is_late(stage, waits: int, held: bool, status: str) -> None:
    """But an account that must keep still keeps nobody waiting who should not."""
    account = await stage.account()
    post = await stage.text(account)
    await stage.pool.execute(SEEN, timedelta())
    await stage.pool.execute(
        "UPDATE scheduled_posts SET due_at = now() - $2::interval WHERE id = $1",
        post,
        timedelta(seconds=waits),
    )
    if held:
        await stage.pool.execute("UPDATE social_accounts SET hold_until = now() + interval '1 hour'")
    code, said, lag, workers = await look(stage)
    assert (said, workers, code) == (status, 1, 200 if status == "ok" else 503)
    assert lag == 0 if held else waits <= lag < waits + 1

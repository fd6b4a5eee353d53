"""SIGTERM: a worker finishes what it is sending, and leaves to others what would take too long."""

import asyncio
import time

from stage import Stage, until
from test_killed import COMMAND, count, process, sending, shown_once


async def test_what_is_being_sent_is_finished(stage: Stage):
    accounts = [await stage.account(f"u{n}.test") for n in range(4)]
    container = await stage.client.text(stage.project, "hello [fault:slow=2]")
    for account in accounts:
        await stage.publish(container, account)
    async with process(stage.shared, COMMAND) as worker:
        await until(lambda: sending(stage), 30)
        begun = await stage.pool.fetchval("SELECT count(*) FROM scheduled_posts WHERE status = 'publishing'")
        worker.terminate()
        assert await asyncio.wait_for(worker.wait(), 20) == 0
    assert begun >= 1
    assert await count(stage, "publishing") == 0
    assert await count(stage, "published") == begun
    async with process(stage.shared, COMMAND):
        await shown_once(stage, 4)


async def test_what_would_take_too_long_is_left_to_others(stage: Stage):
    account = await stage.account("slow.test")
    post = await stage.text(account, "hello [fault:slow=60]")
    async with process(stage.shared, COMMAND) as worker:
        await until(lambda: sending(stage), 30)
        asked = time.monotonic()
        worker.terminate()
        assert await asyncio.wait_for(worker.wait(), 40) == 0
        assert time.monotonic() - asked < 20
    row = await stage.row(post)
    assert (row["status"], row["holds_lane"]) == ("publishing", True)
    assert row["due_at"] <= await stage.pool.fetchval("SELECT now()")
    async with process(stage.shared, COMMAND):
        await shown_once(stage, 1)

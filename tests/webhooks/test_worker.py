"""Webhooks in workers that are processes of their own: killed in the middle of a request, and told to stop in one."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from receiver import FANNED_OUT, idle, until

from layers.app import Shared

COMMAND = "import sys; from layers.cli import main; sys.argv = ['layers', 'work']; main()"
UNHEARD = "SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'"


@asynccontextmanager
async def process(shared: Shared) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `layers work` until the block ends, then kill it if it still lives."""
    own = {
        "LAYERS_DATABASE_URL": shared.url,
        "LAYERS_DATA_DIR": str(shared.settings.data_dir),
        "LAYERS_ALLOW_PRIVATE_NETWORKS": "true",
        "LAYERS_LOG_LEVEL": "error",
    }
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")} | own
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", COMMAND, env=env)
    try:
        yield worker
    finally:
        if worker.returncode is None:
            worker.kill()
        await worker.wait()


async def test_a_worker_killed_in_a_request_loses_nothing(client, pool, shared, receiver, endpoint) -> None:
    """The event it was sending is heard again under the same id, the ones behind it once, in order."""
    project = await client.project()
    texts = [await client.text(project) for _ in range(5)]
    receiver.gate.clear()
    async with process(shared) as first:
        async with asyncio.timeout(30):
            await receiver.came.wait()
        await until(lambda: pool.fetchval(FANNED_OUT))
        first.kill()
        await first.wait()
    assert await pool.fetchval(UNHEARD) == 5
    receiver.gate.set()
    await pool.execute("UPDATE webhook_deliveries SET due_at = now() WHERE in_hand")
    async with process(shared):
        await idle(pool)
    assert [heard.event["data"]["containerId"] for heard in receiver.heard] == [texts[0], *texts]
    assert receiver.ids[0] == receiver.ids[1]
    assert len(set(receiver.ids)) == 5
    assert await pool.fetchval(UNHEARD) == 0


async def test_a_worker_told_to_stop_leaves_nothing_in_hand(client, pool, shared, receiver, endpoint) -> None:
    """It waits for the answer as long as ever, writes down that none came, and begins no other delivery."""
    project = await client.project()
    receiver.gate.clear()
    async with process(shared) as worker:
        await client.text(project)
        async with asyncio.timeout(30):
            await receiver.came.wait()
        await client.text(project)
        await until(lambda: pool.fetchval(f"SELECT 2 = ({UNHEARD})"))
        worker.terminate()
        assert await asyncio.wait_for(worker.wait(), 20) == 0
    rows = await pool.fetch("SELECT * FROM webhook_deliveries ORDER BY event_position")
    assert [(row["in_hand"], row["attempts"], len(row["tries"])) for row in rows] == [
        (False, 1, 1),
        (False, 0, 0),
    ]
    assert rows[0]["tries"][0]["error"] == "No answer within 10 seconds."
    assert len(receiver.heard) == 1

"""Workers as processes of their own, killed with `kill -9` in the middle of the work: nothing doubled, nothing lost."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stage import Stage, until

from layers.app import Shared

COMMAND = "import sys; from layers.cli import main; sys.argv = ['layers', 'work']; main()"
IMPATIENT = """
import asyncio
from datetime import timedelta
from layers.app import PLATFORM_SETTINGS, share
from layers.publishing.engine import Timing
from layers.settings import Settings
from layers.worker import work

settings = Settings.from_env(platform_names=PLATFORM_SETTINGS)
short = timedelta(milliseconds=200)
patience = Timing(
    lease=timedelta(seconds=3), first_retry=short, first_doubt=short, absence_spacing=short, find_after_at_most=short
)
asyncio.run(work(share(settings, settings.database_url), asyncio.Event(), patience))
"""
"""`layers work`, but not waiting as long as it should before it looks for a post."""


@asynccontextmanager
async def process(shared: Shared, program: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a worker of the installation until the block ends, then kill it if that has not been done."""
    own = {
        "LAYERS_DATABASE_URL": shared.url,
        "LAYERS_DATA_DIR": str(shared.settings.data_dir),
        "LAYERS_PORT": str(shared.settings.port),
        "LAYERS_ALLOW_PRIVATE_NETWORKS": "true",
        "LAYERS_LEASE_SECONDS": "3",
        "LAYERS_LOG_LEVEL": "error",
    }
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")} | own
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", program, env=env)
    try:
        yield worker
    finally:
        if worker.returncode is None:
            worker.kill()
        await worker.wait()


async def count(stage: Stage, status: str) -> int:
    """How many posts have the status."""
    return await stage.pool.fetchval("SELECT count(*) FROM scheduled_posts WHERE status = $1", status)


async def sending(stage: Stage) -> bool:
    """Tell whether a commit is under way right now."""
    return (
        await stage.pool.fetchval("SELECT count(*) FROM post_calls WHERE effect = 'commit' AND reply IS NULL")
        > 0
    )


async def shown_once(stage: Stage, posts: int) -> None:
    """Wait until all posts are published and see that the platforms show each of them once."""

    async def done() -> bool:
        return await count(stage, "published") == posts

    await until(done, 60)
    async with stage.session.get(f"{stage.sandbox}/posts.json?limit=1000") as answer:
        shown = [(item["owner"], item["caption"]) for item in (await answer.json())["items"]]
    assert len(shown) == posts
    assert len(set(shown)) == posts
    assert await stage.pool.fetchval("SELECT max(attempts) FROM scheduled_posts") == 1


async def test_a_worker_killed_again_and_again(stage: Stage):
    accounts = [await stage.account(f"u{n}.test") for n in range(8)]
    for number in range(4):
        container = await stage.client.text(stage.project, f"{number} [fault:slow=0.3]")
        for account in accounts:
            await stage.publish(container, account)
    for _ in range(2):
        async with process(stage.shared, COMMAND) as worker:
            await until(lambda: sending(stage), 30)
            worker.kill()
            await worker.wait()
    async with process(stage.shared, COMMAND):
        await shown_once(stage, 32)


async def test_another_worker_takes_over_uploads_of_a_killed_one(stage: Stage, video):
    accounts = [await stage.account(f"u{n}", "tiktok") for n in range(6)]
    container = await stage.upload(video, "clip [fault:slow=0.5]")
    async with process(stage.shared, IMPATIENT) as first:
        await until(lambda: _alive(stage), 30)
        for account in accounts:
            await stage.publish(container, account)
        await until(lambda: sending(stage), 30)
        async with process(stage.shared, IMPATIENT):
            first.kill()
            await first.wait()
            await shown_once(stage, 6)


async def _alive(stage: Stage) -> bool:
    return await stage.pool.fetchval("SELECT count(*) FROM workers") > 0


async def test_a_stopped_worker_that_wakes_up_late_does_nothing_twice(stage: Stage):
    """A worker frozen in the middle of its work loses its leases; woken up, it can write and send nothing for them."""
    accounts = [await stage.account(f"u{n}.test") for n in range(6)]
    container = await stage.client.text(stage.project, "hello [fault:slow=0.3]")
    async with process(stage.shared, COMMAND) as frozen:
        await until(lambda: _alive(stage), 30)
        for account in accounts:
            await stage.publish(container, account)
        await until(lambda: sending(stage), 30)
        os.kill(frozen.pid, signal.SIGSTOP)
        async with process(stage.shared, COMMAND):
            await shown_once(stage, 6)
            os.kill(frozen.pid, signal.SIGCONT)
            await asyncio.sleep(1)
            await shown_once(stage, 6)

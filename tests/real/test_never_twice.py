"""The promise of the dispatcher against a real server: fifty posts, a bad line, and workers that are killed."""

import asyncio
import os
import random
import signal
import sys

import pytest

SEED = 20261123
ACCOUNTS, EACH = 5, 10


class Worker:
    """`layers work` as a process of its own."""

    def __init__(self, shared, log) -> None:
        self.log, self.process, self.shared = log, None, shared

    async def start(self) -> None:
        """Start it."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")},
            "LAYERS_DATABASE_URL": self.shared.url,
            "LAYERS_DATA_DIR": str(self.shared.settings.data_dir),
            "LAYERS_ALLOW_PRIVATE_NETWORKS": "true",
            "LAYERS_LEASE_SECONDS": "3",
        }
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", "from layers.cli import main; main()", "work"),
                env=environment,
                stdout=log,
                stderr=log,
            )

    async def kill(self) -> None:
        """End it as a power cut would; it must be alive."""
        assert self.process
        assert self.process.returncode is None, self.log.read_text()[-4000:]
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@pytest.fixture
async def killable(shared, tmp_path):
    """A worker process, not yet started."""
    worker = Worker(shared, tmp_path / "worker.log")
    yield worker
    await worker.kill()


async def publish_all(channels, pictures):
    """Publish to every channel, now and then with a picture; returns caption by post id."""
    posts = {}
    for number in range(ACCOUNTS * EACH):
        channel = channels[number % ACCOUNTS]
        caption = f"number {number}"
        if number % 7 == 3:
            container = (await channel.client.upload(channel.project, pictures[0], caption=caption))["id"]
        else:
            container = await channel.client.text(channel.project, caption)
        posts[await channel.publish(container)] = caption
    return posts


async def kill_in_the_middle(proxy, worker, luck):
    """Kill the worker twice: at some moment, and with every post in hand carried out but unanswered."""
    await proxy.until(proxy.count("putRecord") + luck.randint(4, 10), "putRecord")
    await worker.kill()
    await worker.start()
    await proxy.until(proxy.count("putRecord") + luck.randint(4, 10), "putRecord")
    proxy.hold_answers()
    await proxy.until(proxy.count("putRecord") + 1, "putRecord")
    await worker.kill()
    proxy.release_answers()
    await worker.start()


async def test_fifty_posts_a_bad_line_and_two_kills(open_channel, proxy, pds, killable, pictures):
    channels = [await open_channel(service=proxy.origin) for _ in range(ACCOUNTS)]
    posts = await publish_all(channels, pictures)
    luck = random.Random(SEED)
    proxy.fail("lost", ".", probability=0.2, seed=SEED)
    await killable.start()
    await kill_in_the_middle(proxy, killable, luck)

    reader = channels[0]
    seen = {post: await reader.done(post, seconds=120) for post in posts}
    records = {}
    for channel in channels:
        mine = await pds.records(channel.person.did)
        assert len(mine) == EACH
        records |= mine
    assert len(records) == ACCOUNTS * EACH
    assert {records[post["externalId"]]["text"]: post["id"] for post in seen.values()} == {
        caption: post for post, caption in posts.items()
    }
    assert proxy.count("putRecord", "lost") > 0
    assert proxy.count("putRecord") > ACCOUNTS * EACH

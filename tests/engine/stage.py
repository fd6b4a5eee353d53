"""A stage for the engine: the API, a sandbox over HTTP and an engine a test drives step by step."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp

from layers.app import Shared
from layers.db.pool import Pool, open_pool
from layers.loopback import loopback_server
from layers.outbound import Outbound
from layers.platforms import CONNECTORS
from layers.publishing import ledger
from layers.publishing.credentials import Credentials
from layers.publishing.engine import Engine, Timing
from layers.sandbox.app import create_sandbox
from layers.worker import work

PATIENCE = Timing(
    lease=timedelta(seconds=3),
    first_retry=timedelta(milliseconds=100),
    first_doubt=timedelta(milliseconds=100),
    absence_spacing=timedelta(milliseconds=200),
    unknown_after=timedelta(seconds=1),
    find_after_at_most=timedelta(milliseconds=200),
)
TERMINAL = ("published", "draft_in_inbox", "failed", "canceled")
PUT = "POST /xrpc/com.atproto.repo.putRecord"
GET_RECORD = "GET /xrpc/com.atproto.repo.getRecord"
CHUNK = "PUT /video"
PHOTOS = "POST /v2/post/publish/content/init"
ELEVEN = timedelta(minutes=11)


@asynccontextmanager
async def engine_at(shared: Shared, sandbox: str, timing: Timing = PATIENCE) -> AsyncIterator[Engine]:
    """An engine as a worker makes it, with a pool of its own, whose sandbox accounts live at `sandbox`."""
    pool = await open_pool(shared.url, 12, "layers engine tests")
    outbound = Outbound(shared.storage, anywhere=True)
    try:
        yield Engine(
            pool=pool,
            outbound=outbound,
            credentials=Credentials(pool, shared.vault, outbound, shared.settings, sandbox),
            connectors=CONNECTORS,
            signer=shared.signer,
            media_origin=shared.settings.public_origin,
            timing=timing,
        )
    finally:
        await outbound.close()
        await pool.close()


@asynccontextmanager
async def set_up(
    client: Any, pool: Pool, shared: Shared, session: aiohttp.ClientSession
) -> AsyncIterator["Stage"]:
    """The API, the fakes and an engine; nothing runs by itself."""
    async with (
        loopback_server(create_sandbox(pool, processing_seconds=0.0)) as sandbox,
        engine_at(shared, sandbox) as engine,
    ):
        yield Stage(client, pool, shared, sandbox, engine, session, await client.project())


@asynccontextmanager
async def working(shared: Shared, timing: Timing = PATIENCE) -> AsyncIterator[asyncio.Event]:
    """Run a worker in this process while the block runs; gives the event that stops it."""
    stop = asyncio.Event()
    task = asyncio.create_task(work(shared, stop, timing))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


@dataclass
class Stage:
    """What a test of the engine needs at hand. `client` is the API's, `sandbox` the fakes' origin."""

    client: Any
    pool: Pool
    shared: Shared
    sandbox: str
    engine: Engine
    session: aiohttp.ClientSession
    project: str
    owners: dict[str, str] = field(default_factory=dict)

    async def account(self, handle: str = "ann.test", platform: str = "bluesky") -> str:
        """Connect a sandbox account."""
        return await self.client.account(self.project, platform, handle)

    async def text(self, account: str, caption: str = "hello", **target: Any) -> str:
        """Publish a text; returns the post's id."""
        return await self.publish(await self.client.text(self.project, caption), account, **target)

    async def publish(self, container: str, account: str, mode: str = "direct_publish", **target: Any) -> str:
        """Publish a container to one account; returns the post's id."""
        body = {"targets": [{"socialAccountId": account, "mode": mode, **target}]}
        answer = await self.client.made(f"/v1/content/{container}/publish", body, 200)
        return answer["scheduledPostIds"][0]

    async def upload(self, file: Any, caption: str = "") -> str:
        """Upload a container; returns its id."""
        answer = await self.client.upload(self.project, file, caption=caption)
        assert answer.status == 201, answer.raw
        return answer["id"]

    async def step(self, account: str) -> bool:
        """Let the engine carry what is due for the account."""
        return await self.engine.drain(account, lambda: True)

    async def claim(self, account: str) -> ledger.Claim:
        """Take the account's next post as a worker would, and do nothing with it."""
        held = await self.engine.ledger.claim(account, self.engine.timing.lease)
        assert held is not None
        return held

    async def carry(self, account: str, post: str, seconds: float = 20) -> dict[str, Any]:
        """Let the engine work, as soon as anything is due, until the post is terminal."""
        async with asyncio.timeout(seconds):
            while (row := await self.row(post))["status"] not in TERMINAL:
                await self.step(account)
                await asyncio.sleep(0.02)
        return row

    async def row(self, post: str) -> dict[str, Any]:
        """The post as the database has it."""
        row = await self.pool.fetchrow("SELECT * FROM scheduled_posts WHERE id = $1", post)
        assert row is not None
        return dict(row)

    async def seen(self, post: str) -> dict[str, Any]:
        """The post as the API shows it."""
        return (await self.client.get(f"/v1/scheduled-posts/{post}")).json

    async def story(self, post: str) -> list[str]:
        """The types of the steps of a post's story."""
        answer = await self.client.get(f"/v1/scheduled-posts/{post}/events")
        return [step["type"] for step in answer["items"]]

    async def age(self, post: str, **by: float) -> None:
        """Make all that is known of a post older."""
        number = (await self.row(post))["number"]
        shift = timedelta(**by)
        await self.pool.execute(
            "UPDATE scheduled_posts SET scheduled_for = scheduled_for - $2::interval,"
            " frozen_at = frozen_at - $2::interval, due_at = due_at - $2::interval WHERE number = $1",
            *(number, shift),
        )
        await self.pool.execute(
            "UPDATE post_calls SET sent_at = sent_at - $2::interval, absent_at = absent_at - $2::interval,"
            " repeatable_until = repeatable_until - $2::interval WHERE post_number = $1",
            *(number, shift),
        )

    async def hurry(self, post: str) -> None:
        """Make a parked post due now."""
        await self.pool.execute("UPDATE scheduled_posts SET due_at = now() WHERE id = $1", post)

    async def on_platform(self, account: str) -> list[dict[str, Any]]:
        """What the account really shows on its fake platform, oldest first."""
        owner = await self.pool.fetchval("SELECT external_id FROM social_accounts WHERE id = $1", account)
        async with self.session.get(f"{self.sandbox}/posts.json?limit=1000&owner={owner}") as answer:
            items = (await answer.json())["items"]
        return items[::-1]

    async def fault(self, path: str, action: str, platform: str = "bluesky", **how: Any) -> None:
        """Have the sandbox do something nasty to the requests whose `METHOD /path` match."""
        body = {"platform": platform, "path": path, "action": action, **how}
        async with self.session.post(f"{self.sandbox}/control/faults", json=body) as answer:
            assert answer.status == 201, await answer.text()

    async def mend(self) -> None:
        """Remove all faults."""
        async with self.session.delete(f"{self.sandbox}/control/faults") as answer:
            assert answer.status == 204


async def until(condition: Any, seconds: float = 15) -> None:
    """Wait until the awaitable condition holds."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.03)

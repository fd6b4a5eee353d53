"""Somebody's server that receives webhooks, and a clock a test can turn."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, get_args

from aiohttp import web

from layers.app import Shared
from layers.db.pool import Pool, open_pool
from layers.outbound import Outbound
from layers.webhooks import store
from layers.webhooks.dispatch import Deliverer
from layers.webhooks.schemas import EventType

EVERYTHING = [*get_args(EventType)]


@dataclass
class Heard:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The payload."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers `answer` (a status, or what makes a response of a request) and remembers what it heard."""

    origin: str = ""
    answer: int | Callable[[Heard], web.Response] = 200
    heard: list[Heard] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is clear, no answer is given."""
    came: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by every request."""

    @property
    def url(self) -> str:
        """An address to make endpoints with."""
        return f"{self.origin}/hook"

    @property
    def ids(self) -> list[str]:
        """The event ids in the order they were heard."""
        return [heard.headers["webhook-id"] for heard in self.heard]

    @property
    def types(self) -> list[str]:
        """The types in the order they were heard."""
        return [heard.event["type"] for heard in self.heard]

    async def receive(self, request: web.Request) -> web.Response:
        """Take a request."""
        heard = Heard(request.path, {k.lower(): v for k, v in request.headers.items()}, await request.read())
        self.heard.append(heard)
        self.came.set()
        await self.gate.wait()
        return web.Response(status=self.answer) if isinstance(self.answer, int) else self.answer(heard)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on loopback."""
    receiver = Receiver()
    receiver.gate.set()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    receiver.origin = f"http://{host}:{port}"
    try:
        yield receiver
    finally:
        receiver.gate.set()
        await runner.cleanup()


@asynccontextmanager
async def delivering(
    shared: Shared, *, anywhere: bool = True, patience: float = 10
) -> AsyncIterator[Deliverer]:
    """What a worker runs for webhooks, while the block runs."""
    pool = await open_pool(shared.url, 4, "layers webhook tests")
    outbound, stop = Outbound(shared.storage, anywhere=anywhere), asyncio.Event()
    deliverer = Deliverer(pool, outbound, shared.vault, patience)
    running = asyncio.create_task(deliverer.run(stop))
    try:
        yield deliverer
    finally:
        stop.set()
        await asyncio.wait_for(running, 20)
        await outbound.close()
        await pool.close()


async def until(so: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(seconds):
        while True:
            if await so():
                return
            await asyncio.sleep(0.02)


FANNED_OUT = f"SELECT NOT EXISTS (SELECT {store.NEXT})"
IDLE = f"""{FANNED_OUT} AND NOT EXISTS (
    SELECT FROM webhook_deliveries d JOIN webhook_endpoints w ON w.id = d.endpoint_id
    WHERE d.in_hand OR d.due_at <= now() AND w.status = 'active')"""


async def idle(pool: Pool) -> None:
    """Wait until all that is due has been tried."""
    await until(lambda: pool.fetchval(IDLE))


async def to_the_next_try(pool: Pool) -> timedelta:
    """Turn the clock forward to the next try; returns by how much."""
    return await pool.fetchval(
        """WITH next AS (SELECT min(due_at) AS due_at FROM webhook_deliveries), shifted AS (
            UPDATE webhook_deliveries d SET due_at = d.due_at - (next.due_at - now()) FROM next
            WHERE d.due_at IS NOT NULL)
        SELECT due_at - now() FROM next"""
    )


def ours(secret: str, header: str, body: bytes) -> bool:
    """Verify `X-Layers-Signature` by the book."""
    at, *signatures = header.split(",")
    message = at.removeprefix("t=").encode() + b"." + body
    expected = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return f"v1={expected}" in signatures

"""Deliveries from row to receiver: events fanned out, then one lane for each endpoint with something to hear.

A lane hears one event at a time, in the order of events, so a slow or dead endpoint keeps only itself waiting. A worker
that dies loses its lease and another delivers again, under the same event id: an endpoint hears an event at least once.
"""

import asyncio
import random
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import structlog

from layers.db.pool import BUSY, DATABASE_AWAY, Pool
from layers.kit import metrics
from layers.outbound import AnswerLost, NotSent, Outbound
from layers.vault import Vault, VaultError
from layers.webhooks import rules, schemas, signature, store

log = structlog.get_logger("layers.webhooks")
LOOK_EVERY = 0.25
AT_ONCE = 1000
"""Events fanned out in one transaction."""
WIDTH = 500
"""Endpoints one worker tells at the same time. A lane that waits for an answer costs next to nothing."""
PATIENCE = 10.0
"""Seconds a receiver has for its answer."""
LEASE = timedelta(seconds=30)
"""How long a delivery stays in the hand of a silent worker: longer than any try."""
KEPT_BYTES = 2000
KEPT_TRIES = 10


class Deliverer:
    """Tells endpoints what happened."""

    def __init__(self, pool: Pool, outbound: Outbound, vault: Vault, patience: float = PATIENCE) -> None:
        self.pool, self.outbound, self.vault, self.patience = pool, outbound, vault, patience
        self._lanes: dict[str, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then finish what is being sent."""
        while not stop.is_set():
            try:
                await self._look(stop)
            except (*DATABASE_AWAY, *BUSY, asyncpg.ForeignKeyViolationError) as fault:
                # Away, or an endpoint was deleted just now: what was not written is seen again at the next look.
                log.debug("webhooks look again", error=repr(fault))
            except Exception as fault:
                log.error("webhooks broke; looking again", exc_info=fault)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY)
        await asyncio.gather(*self._lanes.values())

    async def _look(self, stop: asyncio.Event) -> None:
        while await store.fan_out(self.pool, AT_ONCE) == AT_ONCE:
            pass
        for endpoint_id in await store.look(self.pool, [*self._lanes], WIDTH - len(self._lanes)):
            self._lanes[endpoint_id] = asyncio.create_task(self._drain(endpoint_id, stop))

    async def _drain(self, endpoint_id: str, stop: asyncio.Event) -> None:
        """Tell an endpoint what it is to hear, one event after another, until nothing is due."""
        try:
            while not stop.is_set() and (claim := await store.claim(self.pool, endpoint_id, LEASE)):
                await self._deliver(claim)
        except (*DATABASE_AWAY, *BUSY) as fault:
            log.debug("webhook lane left to its lease", endpoint=endpoint_id, error=repr(fault))
        except Exception as fault:
            log.error("webhook lane broke", endpoint=endpoint_id, exc_info=fault)
        finally:
            del self._lanes[endpoint_id]

    async def _deliver(self, claim: asyncpg.Record) -> None:
        body = schemas.body_of(schemas.payload_from(claim))
        at = datetime.now(UTC)
        headers, tried = await self._try(claim, body, at)
        done = tried.status is not None and 200 <= tried.status < 300
        again_in = (
            None if done else rules.wait_after(claim["attempts"], claim["event_type"], random.random())  # noqa: S311
        )
        status = "delivered" if done else "pending" if again_in else "failed"
        request = msgspec.to_builtins(schemas.SentRequest(claim["url"], headers))
        tries = [*claim["tries"], msgspec.to_builtins(tried)][-KEPT_TRIES:]
        paused = await store.settle(self.pool, claim, status, again_in, request, tries)
        metrics.WEBHOOKS.labels(status).observe(tried.duration_ms / 1000)
        log.info(
            "webhook",
            post=claim["data"].get("scheduledPostId"),
            endpoint=claim["endpoint_id"],
            event_id=claim["event_id"],
            type=claim["event_type"],
            attempt=claim["attempts"],
            answer=tried.status or tried.error,
            ms=tried.duration_ms,
        )
        if paused:
            log.warning("webhook endpoint paused", endpoint=claim["endpoint_id"], failures=rules.PAUSE_AFTER)

    async def _try(
        self, claim: asyncpg.Record, body: bytes, at: datetime
    ) -> tuple[dict[str, str], schemas.DeliveryTry]:
        """Send a payload; returns the headers it went with and how it ended."""
        headers: dict[str, str] = {}
        started, status, response, error = time.perf_counter(), None, None, None
        try:
            held = self.vault.unseal(claim["sealed_secrets"], claim["endpoint_id"])
            signed = signature.headers(
                signature.valid(held, at), claim["event_id"], int(at.timestamp()), body
            )
            headers = {"Content-Type": "application/json", **signed}
            async with asyncio.timeout(self.patience):
                reply = await self.outbound.notify(claim["url"], body, headers, KEPT_BYTES)
            status, response = reply.status, reply.text.replace("\x00", "\ufffd")
        except VaultError as fault:
            error = f"The secret cannot be read, rotate it: {fault}"
        except TimeoutError:
            error = f"No answer within {self.patience:g} seconds."
        except (NotSent, AnswerLost) as fault:
            error = str(fault)
        milliseconds = round((time.perf_counter() - started) * 1000)
        return headers, schemas.DeliveryTry(at, milliseconds, status, response, error)

"""What requests leave to be written behind them, many in one go: when keys were used, and which access was refused.

It is bounded: what one key is refused for one reason is one event for each time of writing, however often it happened,
and who presents no key that exists leaves a line in the log alone.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from layers import events
from layers.access import store
from layers.db.pool import BUSY, DATABASE_AWAY, Pool
from layers.events import Event
from layers.kit.times import utc_now

log = structlog.get_logger("layers.access")
WRITE_EVERY = 20.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Whose key was refused, and why. `actor` is nobody where the secret was wrong: the key proves nothing then."""

    organization_id: str
    api_key_id: str
    reason: str
    actor: str


@dataclass(slots=True)
class Refused:
    """How often that was, since when, and where."""

    request_id: str
    first_at: datetime
    last_at: datetime
    paths: Counter[str] = field(default_factory=Counter[str])


@dataclass(slots=True)
class Notes:
    """What is to be written."""

    used: dict[str, datetime] = field(default_factory=dict[str, datetime])
    refused: dict[Refusal, Refused] = field(default_factory=dict[Refusal, Refused])

    def note_used(self, api_key_id: str) -> None:
        """Note that a key was let in."""
        self.used[api_key_id] = utc_now()

    def note_refused(self, refusal: Refusal, request_id: str, path: str) -> None:
        """Note that a key was not; `path`: the method and the path as it is declared, with no word of the caller's."""
        log.info("access refused", reason=refusal.reason, api_key=refusal.api_key_id)
        seen = self.refused.setdefault(refusal, Refused(request_id, utc_now(), utc_now()))
        seen.last_at = utc_now()
        seen.paths[path] += 1

    async def write(self, pool: Pool) -> None:
        """Write all of it. If that fails refusals are kept for the next time, times of use are not."""
        used, self.used = self.used, {}
        refused, self.refused = self.refused, {}
        try:
            if refused:
                async with pool.acquire() as tx, tx.transaction():
                    await events.append(tx, *(_event(*item) for item in refused.items()))
            refused.clear()
            if used:
                await store.note_used(pool, used)
        except (*DATABASE_AWAY, *BUSY) as fault:
            log.debug("notes on access not written", error=repr(fault))
        finally:
            for refusal, seen in refused.items():
                if since := self.refused.get(refusal):
                    seen.last_at = since.last_at
                    seen.paths.update(since.paths)
                self.refused[refusal] = seen


def _event(refusal: Refusal, seen: Refused) -> Event:
    data: dict[str, object] = {
        "reason": refusal.reason,
        "count": seen.paths.total(),
        "paths": dict(seen.paths),
        "firstAt": seen.first_at,
        "lastAt": seen.last_at,
    }
    return Event(
        *("access.refused", refusal.organization_id, None, refusal.api_key_id, data, refusal.actor),
        *(refusal.api_key_id, seen.request_id),
    )


@asynccontextmanager
async def writing(pool: Pool, notes: Notes) -> AsyncGenerator[None]:
    """Write notes now and then, and at the end, while the block runs."""

    async def repeat() -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY)
            await notes.write(pool)

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await notes.write(pool)

"""What happened, appended in the transaction of what it reports: the audit log and the source of webhooks.

Events are append-only, and the database sees to it: it lets nobody change or delete one who has not said OPEN before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from layers.db.pool import Connection, Pool
from layers.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `type` is the wire's word ("post.published"), `data` what a webhook will carry."""

    type: str
    organization_id: str
    project_id: str | None
    subject_id: str | None
    data: Mapping[str, object]
    actor: str
    api_key_id: str | None = None
    request_id: str | None = None


async def append(tx: Connection, *events: Event) -> None:
    """Append events, in order."""
    await tx.executemany(
        "INSERT INTO events (id, type, organization_id, project_id, subject_id, data, actor, api_key_id, request_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            (
                *(new_id("evt"), e.type, e.organization_id, e.project_id, e.subject_id),
                *(dict(e.data), e.actor, e.api_key_id, e.request_id),
            )
            for e in events
        ],
    )


OPEN = "SET LOCAL layers.events TO 'open'"
"""Lets the rest of the transaction change and delete events."""
AT_ONCE = 1000

FORGET = """
WITH page AS MATERIALIZED (
    SELECT e.position, e.occurred_at < now() - $1::interval AS is_old,
        (NOT e.fanned_out AND e.position > (SELECT min(from_position) FROM webhook_endpoints)) IS TRUE
            OR EXISTS (SELECT FROM webhook_deliveries d WHERE d.event_position = e.position) AS is_needed
    FROM events e WHERE e.position > $2 ORDER BY e.position LIMIT $3
), gone AS (
    DELETE FROM events e USING page WHERE e.position = page.position AND page.is_old AND NOT page.is_needed
)
SELECT max(position) FROM page WHERE is_old
"""


async def forget_old(pool: Pool, days: int) -> None:
    """Delete events older than so many days, oldest first, a batch at a time; 0: none.

    One that webhooks still need stays: it has deliveries, or is to have them.
    """
    last = 0 if days else None
    while last is not None:
        async with pool.acquire() as tx, tx.transaction():
            await tx.execute(OPEN)
            last = await tx.fetchval(FORGET, timedelta(days=days), last, AT_ONCE)

"""All SQL of webhooks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg

from layers.access.caller import Caller
from layers.access.store import KILLED
from layers.db.columns import assignments, marks, names
from layers.db.pool import Connection, Pool
from layers.events import Event
from layers.kit.ids import new_id
from layers.webhooks.rules import PAUSE_AFTER

ENDPOINT = """w.id, w.url, w.events, w.description, w.project_id, w.status, w.paused_at, w.failures, w.created_at,
    w.updated_at"""
EVENT = "e.id AS event_id, e.type AS event_type, e.occurred_at, e.project_id, e.data"
DELIVERY = f"""d.id, d.endpoint_id, d.status, d.attempts, d.due_at, d.in_hand, d.delivered_at,
    d.created_at, d.request, d.tries, {EVENT}"""
KEPT_FOR = timedelta(days=30)
PATCHABLE = frozenset({"url", "events", "description", "project_id", "status", "sealed_secrets"})


# Endpoints -------------------------------------------------------------------------------------------------------


async def find_project(tx: Connection, caller: Caller, project_id: str) -> bool:
    """Tell whether the caller has such a project, kept from being erased meanwhile."""
    return bool(
        await tx.fetchval(
            "SELECT true FROM projects WHERE id = $1 AND organization_id = $2 AND environment = $3"
            " AND erase_requested_at IS NULL FOR KEY SHARE",
            *(project_id, caller.organization_id, caller.environment),
        )
    )


async def count(tx: Connection, caller: Caller) -> int:
    """Return how many endpoints the caller has; nobody adds one until the transaction ends."""
    await tx.execute("SELECT FROM organizations WHERE id = $1 FOR NO KEY UPDATE", caller.organization_id)
    return await tx.fetchval(
        "SELECT count(*) FROM webhook_endpoints WHERE organization_id = $1 AND environment = $2",
        *(caller.organization_id, caller.environment),
    )


async def insert(tx: Connection, caller: Caller, row: Mapping[str, object]) -> asyncpg.Record:
    """Insert an endpoint; returns it."""
    columns = ["organization_id", "environment", *row]
    made = await tx.fetchrow(
        f"""INSERT INTO webhook_endpoints AS w ({names(columns)}, from_position)
        VALUES ({marks(len(columns))}, (SELECT coalesce(max(position), 0) FROM events)) RETURNING {ENDPOINT}""",
        *(caller.organization_id, caller.environment, *row.values()),
    )
    assert made is not None
    return made


async def find(
    tx: Connection, caller: Caller, endpoint_id: str, *, lock: bool = False
) -> asyncpg.Record | None:
    """Return the caller's endpoint with its sealed secrets, locked against change if asked."""
    return await tx.fetchrow(
        f"SELECT {ENDPOINT}, w.sealed_secrets FROM webhook_endpoints w"
        " WHERE w.id = $1 AND w.organization_id = $2 AND w.environment = $3"
        + (" FOR NO KEY UPDATE" if lock else ""),
        *(endpoint_id, caller.organization_id, caller.environment),
    )


async def page(
    tx: Connection, caller: Caller, after: tuple[datetime, str] | None, limit: int
) -> list[asyncpg.Record]:
    """Return endpoints, newest first, after the given (created_at, id)."""
    at, last_id = after or (None, None)
    return await tx.fetch(
        f"""SELECT {ENDPOINT} FROM webhook_endpoints w WHERE w.organization_id = $1 AND w.environment = $2
        AND ($3::timestamptz IS NULL OR (w.created_at, w.id) < ($3, $4))
        ORDER BY w.created_at DESC, w.id DESC LIMIT $5""",
        *(caller.organization_id, caller.environment, at, last_id, limit),
    )


async def patch(tx: Connection, endpoint_id: str, changes: Mapping[str, object]) -> asyncpg.Record:
    """Set columns; a change of status starts counting failures anew. Returns the endpoint."""
    assert changes.keys() <= PATCHABLE
    sets = assignments(changes, 2)
    if "status" in changes:
        sets += ", failures = 0, paused_at = " + ("now()" if changes["status"] == "paused" else "NULL")
    row = await tx.fetchrow(
        f"UPDATE webhook_endpoints w SET {sets}, updated_at = now() WHERE w.id = $1 RETURNING {ENDPOINT}",
        *(endpoint_id, *changes.values()),
    )
    assert row is not None
    return row


async def delete(tx: Connection, endpoint_id: str) -> None:
    """Delete an endpoint and its deliveries."""
    await tx.execute("DELETE FROM webhook_endpoints WHERE id = $1", endpoint_id)


async def sealed_before(pool: Pool, key: bytes, limit: int) -> list[asyncpg.Record]:
    """Return endpoints whose secrets are sealed with another key than `key`."""
    return await pool.fetch(
        "SELECT id, sealed_secrets FROM webhook_endpoints"
        " WHERE substring(sealed_secrets FROM 1 FOR $1::int) <> $2 LIMIT $3",
        *(len(key), key, limit),
    )


async def seal_anew(pool: Pool, endpoint_id: str, before: bytes, after: bytes) -> None:
    """Put one seal in the place of another, unless the secret was rotated meanwhile."""
    await pool.execute(
        "UPDATE webhook_endpoints SET sealed_secrets = $3 WHERE id = $1 AND sealed_secrets = $2",
        *(endpoint_id, before, after),
    )


# Deliveries ------------------------------------------------------------------------------------------------------


async def insert_ping(tx: Connection, endpoint_id: str, event: Event) -> str:
    """Write an event for one endpoint alone, and its delivery; returns the delivery's id."""
    return await tx.fetchval(
        """WITH event AS (
            INSERT INTO events (id, type, organization_id, project_id, subject_id, data, actor, api_key_id, request_id,
                fanned_out) VALUES ($3, $4, $5, $6, $7, $8, $9, $10, $11, true) RETURNING position
        )
        INSERT INTO webhook_deliveries (id, endpoint_id, event_position) SELECT $1, $2, position FROM event
        RETURNING id""",
        *(new_id("whd"), endpoint_id, new_id("evt"), event.type, event.organization_id, event.project_id),
        *(event.subject_id, dict(event.data), event.actor, event.api_key_id, event.request_id),
    )


async def deliveries(
    tx: Connection, endpoint_id: str, status: str | None, before: str | None, limit: int
) -> list[asyncpg.Record]:
    """Return an endpoint's deliveries, newest first, before the given one."""
    return await tx.fetch(
        f"""SELECT {DELIVERY} FROM webhook_deliveries d JOIN events e ON e.position = d.event_position
        WHERE d.endpoint_id = $1 AND ($2::text IS NULL OR d.status = $2)
            AND ($3::text IS NULL OR d.id < $3)
        ORDER BY d.id DESC LIMIT $4""",
        *(endpoint_id, status, before, limit),
    )


async def find_delivery(
    tx: Connection, caller: Caller, delivery_id: str, *, lock: bool = False
) -> asyncpg.Record | None:
    """Return a delivery to an endpoint of the caller, locked against change if asked."""
    return await tx.fetchrow(
        f"""SELECT {DELIVERY}, w.status AS endpoint_status, d.in_hand AND d.due_at > now() AS being_sent
        FROM webhook_deliveries d JOIN events e ON e.position = d.event_position
            JOIN webhook_endpoints w ON w.id = d.endpoint_id
        WHERE d.id = $1 AND w.organization_id = $2 AND w.environment = $3"""
        + (" FOR UPDATE OF d" if lock else ""),
        *(delivery_id, caller.organization_id, caller.environment),
    )


async def replay(tx: Connection, delivery_id: str) -> None:
    """Make a delivery due now, with all its tries before it."""
    await tx.execute(
        "UPDATE webhook_deliveries SET status = 'pending', due_at = now(), in_hand = false, attempts = 0,"
        " delivered_at = NULL, fence = fence + 1 WHERE id = $1",
        delivery_id,
    )


# Dispatch --------------------------------------------------------------------------------------------------------

NEXT = "FROM events WHERE NOT fanned_out AND position > (SELECT min(from_position) FROM webhook_endpoints)"
"""Without endpoints nothing is fanned out: who uses no webhooks pays nothing for them."""

FRESH = f"""
SELECT e.position, ARRAY(
    SELECT w.id FROM webhook_endpoints w JOIN projects p ON p.id = e.project_id
    WHERE w.organization_id = e.organization_id AND w.environment = p.environment AND e.type = ANY(w.events)
        AND (w.project_id IS NULL OR w.project_id = e.project_id) AND w.from_position < e.position) AS endpoints
FROM (SELECT position, type, organization_id, project_id {NEXT} ORDER BY position LIMIT $1 FOR NO KEY UPDATE) e
ORDER BY e.position
"""
"""Whoever comes second waits for the first one's rows, so that deliveries appear in the order of events."""

FAN_OUT = """
WITH told AS (
    INSERT INTO webhook_deliveries (id, endpoint_id, event_position)
    SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[])
)
UPDATE events SET fanned_out = true WHERE position = ANY($1::bigint[])
"""


async def fan_out(pool: Pool, at_most: int) -> int:
    """Write the deliveries that follow from the next events; returns of how many events."""
    if not await pool.fetchval(f"SELECT EXISTS (SELECT {NEXT})"):
        return 0
    async with pool.acquire() as tx, tx.transaction():
        fresh = await tx.fetch(FRESH, at_most)
        told = [(endpoint, row["position"]) for row in fresh for endpoint in row["endpoints"]]
        ids = sorted(new_id("whd") for _ in told)  # made in one instant, they would be in no order
        endpoints, positions = zip(*told, strict=True) if told else ((), ())
        await tx.execute(FAN_OUT, [row["position"] for row in fresh], ids, endpoints, positions)
        return len(fresh)


LOOK = f"""
WITH RECURSIVE waiting AS ( -- from one endpoint to the next in the index: those with nothing to hear cost nothing
    (SELECT endpoint_id AS id FROM webhook_deliveries WHERE due_at IS NOT NULL
        ORDER BY endpoint_id, event_position LIMIT 1)
    UNION ALL
    SELECT (SELECT endpoint_id FROM webhook_deliveries WHERE due_at IS NOT NULL AND endpoint_id > waiting.id
        ORDER BY endpoint_id, event_position LIMIT 1) FROM waiting WHERE waiting.id IS NOT NULL
)
SELECT w.id FROM waiting JOIN webhook_endpoints w USING (id) CROSS JOIN LATERAL (
    SELECT d.due_at FROM webhook_deliveries d WHERE d.endpoint_id = w.id AND d.due_at <= now()
    ORDER BY d.event_position LIMIT 1) AS next
WHERE w.status = 'active' AND NOT w.id = ANY($1::text[]) AND w.organization_id <> ALL ({KILLED})
    AND NOT EXISTS (SELECT FROM webhook_deliveries h WHERE h.endpoint_id = w.id AND h.in_hand AND h.due_at > now())
ORDER BY w.failures > 0, next.due_at LIMIT $2
"""


async def look(pool: Pool, busy: Sequence[str], at_most: int) -> list[str]:
    """Return endpoints, `busy` ones left out, with something due and nothing in hand; failing ones last."""
    return [row["id"] for row in await pool.fetch(LOOK, busy, at_most)]


CLAIM = f"""
WITH next AS MATERIALIZED (
    SELECT coalesce(
        (SELECT d.id FROM webhook_deliveries d WHERE d.endpoint_id = w.id AND d.in_hand),
        (SELECT d.id FROM webhook_deliveries d WHERE d.endpoint_id = w.id AND d.due_at <= now()
            ORDER BY d.event_position LIMIT 1)) AS id
    FROM webhook_endpoints w WHERE w.id = $1 AND w.status = 'active' AND w.organization_id <> ALL ({KILLED})
), free AS ( -- locked only once chosen: who comes second gets nothing, rather than the event after it
    SELECT d.id FROM webhook_deliveries d JOIN next USING (id) WHERE d.due_at <= now()
    FOR NO KEY UPDATE OF d SKIP LOCKED
), d AS (
    UPDATE webhook_deliveries d SET in_hand = true, due_at = now() + $2, fence = d.fence + 1, attempts = d.attempts + 1
    FROM free WHERE d.id = free.id RETURNING d.*
)
SELECT d.id, d.endpoint_id, d.fence, d.attempts, d.tries, w.url, w.sealed_secrets, {EVENT}
FROM d JOIN events e ON e.position = d.event_position JOIN webhook_endpoints w ON w.id = d.endpoint_id
"""


async def claim(pool: Pool, endpoint_id: str, lease: timedelta) -> asyncpg.Record | None:
    """Take what an active endpoint is to hear next; None if nothing is due, or another worker has it in hand."""
    try:
        return await pool.fetchrow(CLAIM, endpoint_id, lease)
    except asyncpg.UniqueViolationError:
        return None


SETTLE = f"""
WITH endpoint AS MATERIALIZED ( -- first the endpoint, then the delivery, as in deleting it: no deadlock
    SELECT id FROM webhook_endpoints WHERE id = $8 FOR NO KEY UPDATE
), settled AS (
    UPDATE webhook_deliveries d SET status = $3, due_at = now() + $4::interval, in_hand = false, request = $5,
        tries = $6, delivered_at = CASE WHEN $3 = 'delivered' THEN now() END
    FROM endpoint WHERE d.id = $1 AND d.fence = $2 AND d.in_hand RETURNING d.endpoint_id
), counted AS (
    UPDATE webhook_endpoints w SET failures = CASE WHEN $3 = 'delivered' THEN 0 ELSE w.failures + 1 END,
        status = CASE WHEN $3 <> 'delivered' AND w.failures + 1 >= {PAUSE_AFTER} THEN 'paused' ELSE w.status END,
        paused_at = CASE WHEN w.paused_at IS NULL AND $3 <> 'delivered' AND w.failures + 1 >= {PAUSE_AFTER} THEN now()
            ELSE w.paused_at END
    FROM settled WHERE w.id = settled.endpoint_id AND ($3 <> 'delivered' OR w.failures > 0)
    RETURNING w.*, w.status = 'paused' AND w.failures = {PAUSE_AFTER} AS tired
), told AS (
    INSERT INTO events (id, type, organization_id, project_id, actor, subject_id, data)
    SELECT $7, 'webhook_endpoint.paused', organization_id, project_id, 'dispatcher', id,
        jsonb_build_object('url', url, 'failures', failures, 'environment', environment) FROM counted WHERE tired
)
SELECT EXISTS (SELECT FROM counted WHERE tired)
"""


async def settle(
    pool: Pool,
    claim: asyncpg.Record,
    status: str,
    again_in: timedelta | None,
    request: Mapping[str, object],
    tries: Sequence[object],
) -> bool:
    """Write how a try ended; tells whether it was the one that made the endpoint pause."""
    return await pool.fetchval(
        SETTLE,
        *(claim["id"], claim["fence"], status, again_in, dict(request), list(tries), new_id("evt")),
        claim["endpoint_id"],
    )


async def tidy(pool: Pool) -> None:
    """Forget old deliveries."""
    await pool.execute("DELETE FROM webhook_deliveries WHERE created_at < now() - $1::interval", KEPT_FOR)

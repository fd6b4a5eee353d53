"""All SQL of the stream."""

from collections.abc import Collection

import asyncpg

from layers.db.pool import Pool, Queries

EVENT = """e.position, e.id, e.type, e.occurred_at, e.organization_id, e.project_id, e.subject_id, e.data,
    (SELECT p.environment FROM projects p WHERE p.id = e.project_id) AS environment"""
FAMILIES = "('post', 'content', 'social_account')"
IS_TOLD = f"split_part(e.type, '.', 1) IN {FAMILIES} AND e.type <> 'social_account.consent_asked'"
"""That somebody was asked for consent changes nothing."""
ENDS_KEYS = (
    "('api_key.killed', 'api_key.deleted', 'api_key.rotated', 'dashboard.signed_out', 'organization.killed')"
)
LOOKED_BACK = 5000
"""Events of an organisation among which the last one a listener heard is looked for."""

NEXT = f"""
SELECT n.position, e.* FROM (
    SELECT position, organization_id = ANY($2::text[]) AS wanted FROM events WHERE position > $1
    ORDER BY position LIMIT $3
) n LEFT JOIN LATERAL (
    SELECT {EVENT.removeprefix("e.position, ")} FROM events e
    WHERE n.wanted AND e.position = n.position AND ({IS_TOLD} OR e.type IN {ENDS_KEYS})
) e ON true ORDER BY n.position
"""
"""Every position, so that one that is missing is seen; of the organisations asked for, what is told."""

WRITERS = """
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = 'events'::regclass AND mode = 'RowExclusiveLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
"""Who writes events right now: the lock is taken before a position is given out and held until the transaction ends."""

IN_HAND = """
SELECT number, id, fence, status, organization_id, project_id,
    (SELECT p.environment FROM projects p WHERE p.id = project_id) AS environment
FROM scheduled_posts WHERE holds_lane AND organization_id = ANY($1::text[])
"""


async def newest(pool: Pool) -> int:
    """Return the newest position that can be seen."""
    return await pool.fetchval("SELECT coalesce(max(position), 0) FROM events")


async def read_next(
    pool: Pool, after: int, organizations: Collection[str], limit: int
) -> list[asyncpg.Record]:
    """Return what follows a position: `type` None where it is nothing to tell."""
    return await pool.fetch(NEXT, after, list(organizations), limit)


async def writers(pool: Pool) -> frozenset[str]:
    """Return the transactions that may have written events nobody sees yet."""
    return frozenset(row["virtualtransaction"] for row in await pool.fetch(WRITERS))


async def posts_in_hand(pool: Pool, organizations: Collection[str]) -> list[asyncpg.Record]:
    """Return the posts of organisations that workers have in hand."""
    return await pool.fetch(IN_HAND, list(organizations))


async def still_open(pool: Pool, numbers: Collection[int]) -> list[int]:
    """Return those of the posts that have not come to an end."""
    rows = await pool.fetch(
        "SELECT number FROM scheduled_posts WHERE number = ANY($1::bigint[]) AND status IN ('queued', 'publishing')",
        list(numbers),
    )
    return [row["number"] for row in rows]


async def position_of(tx: Queries, organization_id: str, event_id: str) -> int | None:
    """Return where an event is, None if it is unknown or too old."""
    return await tx.fetchval(
        """SELECT position FROM (SELECT position, id FROM events WHERE organization_id = $1
            ORDER BY position DESC LIMIT $3) e WHERE id = $2""",
        *(organization_id, event_id, LOOKED_BACK),
    )


async def newest_id(tx: Queries, organization_id: str, until: int) -> str | None:
    """Return the id of an organisation's newest event up to a position."""
    return await tx.fetchval(
        "SELECT id FROM events WHERE organization_id = $1 AND position <= $2 ORDER BY position DESC LIMIT 1",
        *(organization_id, until),
    )


async def between(
    tx: Queries, organization_id: str, after: int, until: int, limit: int
) -> list[asyncpg.Record]:
    """Return an organisation's events to tell between two positions, the second included."""
    return await tx.fetch(
        f"""SELECT {EVENT} FROM events e WHERE e.organization_id = $1 AND e.position > $2 AND e.position <= $3
            AND {IS_TOLD} ORDER BY e.position LIMIT $4""",
        *(organization_id, after, until, limit),
    )

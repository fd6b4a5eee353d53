"""All SQL of media on its way into containers, and of objects that belong to nothing.

An intake is the work that is left to do for a container that is not completed: its items are fetched by a worker, or
sent by the caller. It goes, with its items and pieces, in the transaction that settles the container.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec

from layers.connector import Media
from layers.content.store import insert_assets
from layers.db.pool import Connection, Pool, Queries
from layers.events import Event

STRAY_FOR = timedelta(hours=6)
"""How long an object may be on its way from the store to a row: longer than any transfer."""
GRACE = timedelta(hours=1)
"""How long after its links have expired an intake can still be finalized."""
AT_ONCE_EACH = 3
"""Containers of one organisation that are fetched at the same time."""


class Item(msgspec.Struct, frozen=True):
    """One file to come. `size_bytes`: as announced; `pieces`: what came to our own address."""

    asset_id: str
    filename: str
    url: str | None = None
    size_bytes: int | None = None
    received_bytes: int = 0
    turn: int = 0


async def insert(
    tx: Connection, origin: Event, container_id: str, items: Sequence[Item], expires_at: datetime | None
) -> None:
    """Write what is left to do: to be fetched now, or to be sent by the caller until `expires_at`."""
    await tx.execute(
        "INSERT INTO intakes (container_id, organization_id, actor, api_key_id, request_id, expires_at, due_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $6::timestamptz IS NULL THEN now() END)",
        *(
            container_id,
            origin.organization_id,
            origin.actor,
            origin.api_key_id,
            origin.request_id,
            expires_at,
        ),
    )
    await tx.executemany(
        "INSERT INTO intake_items (asset_id, container_id, position, filename, url, size_bytes)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [(i.asset_id, container_id, n, i.filename, i.url, i.size_bytes) for n, i in enumerate(items)],
    )


async def items(queries: Queries, container_id: str) -> list[Item]:
    """Return what is to come, in order."""
    rows = await queries.fetch(
        "SELECT asset_id, filename, url, size_bytes, received_bytes, turn FROM intake_items WHERE container_id = $1"
        " ORDER BY position",
        container_id,
    )
    return [msgspec.convert(dict(row), Item) for row in rows]


async def pieces(queries: Queries, asset_id: str) -> list[tuple[str, int]]:
    """Return the (object key, length) of what came to our own address, in order."""
    rows = await queries.fetch(
        "SELECT object_key, length FROM intake_pieces WHERE asset_id = $1 ORDER BY start", asset_id
    )
    return [(row["object_key"], row["length"]) for row in rows]


# Settling ---------------------------------------------------------------------------------------------------------


async def complete(tx: Connection, container_id: str, kind: str, media: Sequence[tuple[Media, str]]) -> None:
    """Give a container its media, which is stored already; the timer of its approval starts now."""
    await tx.execute(
        """UPDATE containers SET status = 'completed', kind = $2, completed_at = now(), updated_at = now(),
            last_error = NULL, auto_approve_at = CASE WHEN approval_status = 'pending' THEN now() +
                (SELECT auto_approve_after FROM projects WHERE id = project_id) END WHERE id = $1""",
        *(container_id, kind),
    )
    await insert_assets(tx, container_id, media)


async def end(tx: Connection, container_id: str, status: str, error: dict[str, object] | None) -> None:
    """End a container that gets no media: `failed` or `canceled`."""
    await tx.execute(
        """UPDATE containers SET status = $2, updated_at = now(), auto_approve_at = NULL,
            last_error = coalesce($3, last_error), failed_at = CASE WHEN $2 = 'failed' THEN now() END WHERE id = $1""",
        *(container_id, status, error),
    )


async def close(tx: Connection, container_id: str, fence: int | None = None) -> asyncpg.Record | None:
    """Take an intake away with all that came for it; returns it, None when it is gone or another worker's."""
    await _lock(tx, container_id)
    gone = await tx.fetchrow(
        """SELECT i.container_id, i.organization_id, i.actor, i.api_key_id, i.request_id, i.expires_at, c.project_id
        FROM intakes i JOIN containers c ON c.id = i.container_id
        WHERE i.container_id = $1 AND ($2::bigint IS NULL OR i.fence = $2) FOR UPDATE OF i""",
        *(container_id, fence),
    )
    if gone is not None:
        await _forget_pieces(tx, container_id)
        await tx.execute(
            """INSERT INTO stray_objects (object_key, delete_after)
            SELECT 'incoming/' || container_id || '/' || asset_id, $2::timestamptz + $3 FROM intake_items
            WHERE container_id = $1 AND $2 IS NOT NULL ON CONFLICT (object_key) DO NOTHING""",
            *(container_id, gone["expires_at"], GRACE),
        )
        await tx.execute("DELETE FROM intakes WHERE container_id = $1", container_id)
    return gone


async def _lock(tx: Connection, container_id: str) -> None:
    """Lock the container before its intake, as requests do, so that nobody waits in a circle."""
    await tx.execute("SELECT FROM containers WHERE id = $1 FOR NO KEY UPDATE", container_id)


async def _forget_pieces(tx: Connection, container_id: str, asset_id: str | None = None) -> None:
    await tx.execute(
        """WITH gone AS (
            DELETE FROM intake_pieces p USING intake_items i WHERE i.asset_id = p.asset_id
                AND i.container_id = $1 AND ($2::text IS NULL OR i.asset_id = $2) RETURNING p.object_key
        )
        INSERT INTO stray_objects (object_key, delete_after) SELECT object_key, now() FROM gone""",
        *(container_id, asset_id),
    )


# Fetching ---------------------------------------------------------------------------------------------------------


async def claim(pool: Pool, lease: timedelta) -> asyncpg.Record | None:
    """Take an intake that is due to be fetched, of an organisation of which not many are in hand."""
    return await pool.fetchrow(
        """WITH busy AS (
            SELECT organization_id FROM intakes WHERE in_hand GROUP BY organization_id HAVING count(*) >= $2
        ), next AS (
            SELECT container_id FROM intakes WHERE due_at <= now()
                AND (in_hand OR organization_id NOT IN (SELECT organization_id FROM busy))
            ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        UPDATE intakes i SET due_at = now() + $1, in_hand = true, fence = fence + 1, attempts = attempts + 1
        FROM next WHERE i.container_id = next.container_id RETURNING i.container_id, i.fence, i.attempts""",
        *(lease, AT_ONCE_EACH),
    )


async def keep(pool: Pool, container_id: str, fence: int, lease: timedelta) -> bool:
    """Make the lease longer; tells whether it is still held."""
    tag = await pool.execute(
        "UPDATE intakes SET due_at = now() + $3 WHERE container_id = $1 AND fence = $2 AND in_hand",
        *(container_id, fence, lease),
    )
    return tag == "UPDATE 1"


async def give_back(
    pool: Pool, container_id: str, fence: int, wait: timedelta, error: dict[str, object] | None
) -> None:
    """Let an intake be tried again after `wait`. Without an `error` the try does not count: nobody failed."""
    async with pool.acquire() as tx, tx.transaction():
        await _lock(tx, container_id)
        await tx.execute(
            """WITH mine AS (
                UPDATE intakes SET due_at = now() + $3, in_hand = false,
                    attempts = attempts - CASE WHEN $4::jsonb IS NULL THEN 1 ELSE 0 END
                WHERE container_id = $1 AND fence = $2 RETURNING container_id
            )
            UPDATE containers c SET last_error = coalesce($4, last_error), updated_at = now() FROM mine
            WHERE c.id = mine.container_id""",
            *(container_id, fence, wait, error),
        )


# Receiving --------------------------------------------------------------------------------------------------------


class Turn(msgspec.Struct, frozen=True):
    """The right of one request to add bytes, until another takes its turn."""

    asset_id: str
    container_id: str
    size_bytes: int
    received_bytes: int
    turn: int


async def find_upload(queries: Queries, asset_id: str) -> Turn | None:
    """Return how far an upload to our own address is; None when it was settled."""
    row = await queries.fetchrow(
        "SELECT asset_id, container_id, size_bytes, received_bytes, turn FROM intake_items"
        " WHERE asset_id = $1 AND url IS NULL",
        asset_id,
    )
    return msgspec.convert(dict(row), Turn) if row else None


async def take_turn(pool: Pool, asset_id: str, start: int | None) -> Turn | None:
    """Let one request add bytes from `start`, None: from the beginning anew. None when that is not where it stands."""
    async with pool.acquire(timeout=10) as tx, tx.transaction():
        row = await tx.fetchrow(
            """UPDATE intake_items SET turn = turn + 1, received_bytes = coalesce($2, 0)
            WHERE asset_id = $1 AND url IS NULL AND ($2::bigint IS NULL OR received_bytes = $2)
            RETURNING asset_id, container_id, size_bytes, received_bytes, turn""",
            *(asset_id, start),
        )
        if row is None:
            return None
        if start is None:
            await _forget_pieces(tx, row["container_id"], asset_id)
        return msgspec.convert(dict(row), Turn)


async def append(pool: Pool, turn: Turn, start: int, length: int, object_key: str) -> bool:
    """Add a piece that is in the store; tells whether the turn still held."""
    tag = await pool.execute(
        """WITH mine AS (
            UPDATE intake_items SET received_bytes = received_bytes + $4
            WHERE asset_id = $1 AND turn = $2 AND received_bytes = $3 RETURNING asset_id
        ), adopted AS (DELETE FROM stray_objects WHERE object_key = $5 AND EXISTS (SELECT FROM mine))
        INSERT INTO intake_pieces (asset_id, start, length, object_key) SELECT asset_id, $3, $4, $5 FROM mine""",
        *(turn.asset_id, turn.turn, start, length, object_key),
    )
    return tag == "INSERT 0 1"


# Strays -----------------------------------------------------------------------------------------------------------


async def note_stray(queries: Queries, object_keys: Sequence[str]) -> None:
    """Remember objects before they are put into the store, so that none is left behind if nobody adopts it."""
    await queries.execute(
        "INSERT INTO stray_objects (object_key, delete_after) SELECT k, now() + $2 FROM unnest($1::text[]) AS k",
        *(list(object_keys), STRAY_FOR),
    )


async def adopt(tx: Connection, object_keys: Sequence[str]) -> bool:
    """Say that rows of this transaction refer to the objects; tells whether all of them are still there."""
    tag = await tx.execute("DELETE FROM stray_objects WHERE object_key = ANY($1::text[])", list(object_keys))
    return tag == f"DELETE {len(object_keys)}"


async def next_abandoned(queries: Queries) -> str | None:
    """Return a container whose links have expired and that was never finalized."""
    return await queries.fetchval(
        "SELECT container_id FROM intakes WHERE expires_at < now() - $1::interval ORDER BY expires_at LIMIT 1",
        GRACE,
    )

"""All SQL of projects."""

from collections.abc import Mapping
from datetime import datetime
from typing import LiteralString

import asyncpg

from layers.db.columns import assignments, identifier, marks, names
from layers.db.pool import Connection

PROJECT = """id, name, timezone, customer_external_id, metadata, publish_lead_seconds, created_at, updated_at,
    archived_at, erased_at, CASE WHEN erased_at IS NOT NULL THEN 'erased' WHEN erase_requested_at IS NOT NULL
    THEN 'erasing' ELSE status END AS status"""
POLICY = """id AS project_id, requires_approval, first_n_posts_blocked, auto_approve_after,
    policy_updated_at AS updated_at"""
PATCHABLE = frozenset(
    {
        *("name", "timezone", "customer_external_id", "metadata", "publish_lead_seconds"),
        *("requires_approval", "first_n_posts_blocked", "auto_approve_after"),
    }
)


async def insert(
    tx: Connection, organization_id: str, environment: str, row: Mapping[str, object]
) -> asyncpg.Record:
    """Insert a project; returns it."""
    columns = ["organization_id", "environment", *row]
    made = await tx.fetchrow(
        f"INSERT INTO projects ({names(columns)}) VALUES ({marks(len(columns))}) RETURNING {PROJECT}",
        *(organization_id, environment, *row.values()),
    )
    assert made is not None
    return made


async def find(
    tx: Connection,
    organization_id: str,
    environment: str,
    project_id: str,
    *,
    columns: LiteralString = PROJECT,
    lock: bool = False,
) -> asyncpg.Record | None:
    """Return `columns` of the caller's project, locked against change if asked."""
    return await tx.fetchrow(
        f"SELECT {columns} FROM projects WHERE id = $1 AND organization_id = $2 AND environment = $3"
        + (" FOR UPDATE" if lock else ""),
        *(project_id, organization_id, environment),
    )


async def page(
    tx: Connection, organization_id: str, environment: str, after: tuple[datetime, str] | None, limit: int
) -> list[asyncpg.Record]:
    """Return projects, newest first, after the given (created_at, id)."""
    at, last_id = after or (None, None)
    return await tx.fetch(
        f"""SELECT {PROJECT} FROM projects WHERE organization_id = $1 AND environment = $2
        AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4))
        ORDER BY created_at DESC, id DESC LIMIT $5""",
        *(organization_id, environment, at, last_id, limit),
    )


async def patch(
    tx: Connection, project_id: str, changes: Mapping[str, object], stamp: str, returning: LiteralString
) -> asyncpg.Record:
    """Set columns and the time in column `stamp`; returns the columns `returning`."""
    assert changes.keys() <= PATCHABLE
    row = await tx.fetchrow(
        f"""UPDATE projects SET {assignments(changes, 2)}, {identifier(stamp)} = now() WHERE id = $1
        RETURNING {returning}""",
        *(project_id, *changes.values()),
    )
    assert row is not None
    return row


async def archive(tx: Connection, project_id: str) -> datetime:
    """Mark a project archived; returns when."""
    return await tx.fetchval(
        "UPDATE projects SET status = 'archived', archived_at = now(), updated_at = now() WHERE id = $1"
        " RETURNING archived_at",
        project_id,
    )


async def canceled_by_archiving(tx: Connection, project_id: str) -> int:
    """Return how many posts the archiving canceled, for the answer to a repeat."""
    data = await tx.fetchval(
        "SELECT data FROM events WHERE subject_id = $1 AND type = 'project.archived' ORDER BY position LIMIT 1",
        project_id,
    )
    return int(data["canceledScheduledPosts"]) if data else 0


async def has_live_posts(tx: Connection, project_id: str) -> bool:
    """Tell whether posts of the project are still on their way."""
    return await tx.fetchval(
        "SELECT EXISTS (SELECT FROM scheduled_posts WHERE project_id = $1 AND status IN ('queued', 'publishing'))",
        project_id,
    )


async def mark_erasing(tx: Connection, project_id: str) -> asyncpg.Record:
    """Have workers erase a project; returns it."""
    row = await tx.fetchrow(
        f"UPDATE projects SET erase_requested_at = now(), updated_at = now() WHERE id = $1 RETURNING {PROJECT}",
        project_id,
    )
    assert row is not None
    return row

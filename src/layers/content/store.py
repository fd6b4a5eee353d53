"""All SQL of containers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import msgspec

from layers.connector import Media
from layers.db.columns import assignments
from layers.db.pool import Connection

CONTAINER = """c.id, c.project_id, c.status, c.kind, c.caption, c.first_comment, c.approval_status, c.created_at,
    c.completed_at, c.failed_at, c.last_error,
    (SELECT coalesce(json_agg(json_build_object('id', a.id, 'kind', a.kind, 'mimeType', a.mime_type,
        'sizeBytes', a.size_bytes, 'sha256', a.sha256, 'objectKey', a.object_key, 'width', a.width,
        'height', a.height, 'durationMs', a.duration_ms, 'frameRate', a.frame_rate, 'codec', a.codec)
        ORDER BY a.position), '[]') FROM assets a WHERE a.container_id = c.id) AS media,
    (SELECT json_build_object('scheduledFor', s.scheduled_for, 'targets', s.targets, 'createdAt', s.created_at)
        FROM pending_schedules s WHERE s.container_id = c.id) AS pending"""


class ProjectFacts(msgspec.Struct, frozen=True):
    """What making or approving a container needs to know of its project."""

    id: str
    status: str
    requires_approval: bool
    first_n_posts_blocked: int | None
    approved_count: int
    auto_approve_after: timedelta | None


async def project(
    tx: Connection, organization_id: str, environment: str, project_id: str, *, lock: bool = False
) -> ProjectFacts | None:
    """Return the caller's project, locked if asked."""
    row = await tx.fetchrow(
        "SELECT id, status, requires_approval, first_n_posts_blocked, approved_count, auto_approve_after"
        " FROM projects WHERE id = $1 AND organization_id = $2 AND environment = $3"
        + (" FOR NO KEY UPDATE" if lock else " FOR KEY SHARE"),
        *(project_id, organization_id, environment),
    )
    return msgspec.convert(dict(row), ProjectFacts) if row else None


@dataclass(frozen=True, slots=True)
class NewContainer:
    """A container to insert."""

    id: str
    organization_id: str
    project_id: str
    kind: str
    caption: str
    first_comment: str | None
    pending: bool
    auto_approve_at: datetime | None
    media: Sequence[tuple[Media, str]] | None
    """Each item with the name of the file it came from; it is stored already. None: it is still to come."""


async def insert(tx: Connection, new: NewContainer) -> None:
    """Insert a container, completed with its assets unless its media is still to come."""
    await tx.execute(
        "INSERT INTO containers (id, organization_id, project_id, kind, status, caption, first_comment,"
        " approval_status, auto_approve_at, completed_at)"
        " VALUES ($1, $2, $3, $4, $9, $5, $6, $7, $8, CASE WHEN $9 = 'completed' THEN now() END)",
        *(new.id, new.organization_id, new.project_id, new.kind, new.caption, new.first_comment),
        *("pending" if new.pending else "not_required", new.auto_approve_at),
        "queued" if new.media is None else "completed",
    )
    if new.media:
        await insert_assets(tx, new.id, new.media)


async def insert_assets(tx: Connection, container_id: str, media: Sequence[tuple[Media, str]]) -> None:
    """Give a container its media, in order."""
    await tx.executemany(
        "INSERT INTO assets (id, container_id, position, kind, object_key, filename, mime_type, size_bytes, sha256,"
        " width, height, duration_ms, frame_rate, codec)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        [
            (
                *(m.id, container_id, place, m.kind, m.object_key, filename, m.mime_type, m.size_bytes),
                *(m.sha256, m.width, m.height, m.duration_ms, m.frame_rate, m.codec),
            )
            for place, (m, filename) in enumerate(media)
        ],
    )


async def find(
    tx: Connection, organization_id: str, environment: str, container_id: str, *, lock: bool = False
) -> asyncpg.Record | None:
    """Return the caller's container with the columns of CONTAINER, locked if asked."""
    return await tx.fetchrow(
        f"""SELECT {CONTAINER} FROM containers c JOIN projects p ON p.id = c.project_id
        WHERE c.id = $1 AND c.organization_id = $2 AND p.environment = $3 AND c.deleted_at IS NULL"""
        + (" FOR NO KEY UPDATE OF c" if lock else ""),
        *(container_id, organization_id, environment),
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of containers is narrowed to."""

    project_id: str
    status: str | None
    approval_status: str | None
    since: datetime | None
    until: datetime | None


async def page(
    tx: Connection, wanted: Filter, after: tuple[datetime, str] | None, limit: int
) -> list[asyncpg.Record]:
    """Return containers, newest first."""
    at, last_id = after or (None, None)
    return await tx.fetch(
        f"""SELECT {CONTAINER} FROM containers c WHERE c.project_id = $1 AND c.deleted_at IS NULL
        AND ($2::text IS NULL OR c.status = $2) AND ($3::text IS NULL OR c.approval_status = $3)
        AND ($4::timestamptz IS NULL OR c.created_at >= $4) AND ($5::timestamptz IS NULL OR c.created_at <= $5)
        AND ($6::timestamptz IS NULL OR (c.created_at, c.id) < ($6, $7))
        ORDER BY c.created_at DESC, c.id DESC LIMIT $8""",
        *(wanted.project_id, wanted.status, wanted.approval_status, wanted.since, wanted.until),
        *(at, last_id, limit),
    )


async def patch(
    tx: Connection, container_id: str, changes: Mapping[str, object], *, pending_again: bool
) -> None:
    """Set caption or first_comment; `pending_again` asks for a new approval."""
    assert changes.keys() <= {"caption", "first_comment"}
    sets = assignments(changes, 3) + (", " if changes else "")
    await tx.execute(
        f"""UPDATE containers SET {sets} updated_at = now(),
        approval_status = CASE WHEN $2 THEN 'pending' ELSE approval_status END,
        approved_at = CASE WHEN $2 THEN NULL ELSE approved_at END,
        auto_approve_at = CASE WHEN $2 THEN now() + (SELECT auto_approve_after FROM projects WHERE id = project_id)
            ELSE auto_approve_at END WHERE id = $1""",
        *(container_id, pending_again, *changes.values()),
    )


async def has_live_posts(tx: Connection, container_id: str) -> bool:
    """Tell whether posts of the container are still on their way."""
    return await tx.fetchval(
        "SELECT EXISTS (SELECT FROM scheduled_posts WHERE container_id = $1 AND status IN ('queued', 'publishing'))",
        container_id,
    )


async def delete(tx: Connection, container_id: str) -> tuple[datetime, list[str]]:
    """Mark a container deleted and drop its assets; returns when, and the object keys now unused."""
    at = await tx.fetchval(
        "UPDATE containers SET deleted_at = now(), updated_at = now() WHERE id = $1 RETURNING deleted_at",
        container_id,
    )
    rows = await tx.fetch("DELETE FROM assets WHERE container_id = $1 RETURNING object_key", container_id)
    return at, [row["object_key"] for row in rows]


async def approve(tx: Connection, container_id: str, by: str, note: str | None) -> datetime:
    """Mark a container approved and count it in its project, once however often; returns when."""
    await tx.execute(
        "UPDATE projects SET approved_count = approved_count + 1"
        " WHERE id = (SELECT project_id FROM containers WHERE id = $1 AND approved_by IS NULL)",
        container_id,
    )
    return await tx.fetchval(
        "UPDATE containers SET approval_status = 'approved', approved_at = now(), approved_by = $2, review_note = $3,"
        " auto_approve_at = NULL, updated_at = now() WHERE id = $1 RETURNING approved_at",
        *(container_id, by, note),
    )


async def reject(tx: Connection, container_id: str, by: str, reason: str) -> datetime:
    """Mark a container rejected; returns when."""
    return await tx.fetchval(
        "UPDATE containers SET approval_status = 'rejected', rejected_at = now(), rejected_by = $2, review_note = $3,"
        " auto_approve_at = NULL, updated_at = now() WHERE id = $1 RETURNING rejected_at",
        *(container_id, by, reason),
    )


async def next_auto_approval(tx: Connection) -> asyncpg.Record | None:
    """Return and lock one container whose approval timer has run out."""
    return await tx.fetchrow(
        """SELECT c.id, c.organization_id, p.environment, o.name AS organization_name
        FROM containers c JOIN projects p ON p.id = c.project_id JOIN organizations o ON o.id = c.organization_id
        WHERE c.approval_status = 'pending' AND c.auto_approve_at <= now() AND c.deleted_at IS NULL
            AND o.killed_at IS NULL
        ORDER BY c.auto_approve_at LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED"""
    )


async def asset_location(connection: Connection, asset_id: str) -> asyncpg.Record | None:
    """Return where an asset's bytes are."""
    return await connection.fetchrow(
        "SELECT object_key, mime_type, size_bytes, sha256, filename FROM assets WHERE id = $1", asset_id
    )

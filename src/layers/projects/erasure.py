"""Erasing a project for good: its rows, tokens and media, and what the audit log says of content.

The request only marks the project. Workers take away what belongs to it a batch at a time, each in a transaction of its
own, so that no table stands still and a crash costs nothing. What stays is the project's id, and in the audit log what
happened, when, by whom and to which ids. Objects to be deleted are written down with the last row that refers to them.
"""

from dataclasses import dataclass
from typing import LiteralString

import structlog

from layers import events
from layers.db.pool import Connection, Pool
from layers.events import Event
from layers.storage import Storage
from layers.strays import delete_strays

log = structlog.get_logger("layers.erasure")
AT_ONCE = 200
EVENTS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Step:
    """Rows of one kind. `find` locks up to $2 of project $1 and gives their ids; each of `drop` then takes ids as $2.

    The lock waits for whoever changes such a row, and after it nobody can: what they wrote about it is seen.
    """

    find: LiteralString
    drop: tuple[LiteralString, ...]


STEPS = (
    Step(
        "SELECT id FROM scheduled_posts WHERE project_id = $1 ORDER BY scheduled_for DESC, number DESC LIMIT $2"
        " FOR UPDATE",
        (
            "DELETE FROM scheduled_posts WHERE id = ANY($2) AND project_id = $1"
            " AND organization_id = (SELECT organization_id FROM projects WHERE id = $1)",
        ),
    ),
    Step(
        "SELECT id FROM containers WHERE project_id = $1 LIMIT $2 FOR UPDATE",
        (
            "INSERT INTO stray_objects (object_key, delete_after, project_id)"
            " SELECT object_key, now(), $1 FROM assets WHERE container_id = ANY($2)"
            " ON CONFLICT (object_key) DO UPDATE SET project_id = excluded.project_id, delete_after = now()",
            "INSERT INTO stray_objects (object_key, delete_after, project_id)"
            " SELECT p.object_key, now(), $1 FROM intake_pieces p JOIN intake_items i USING (asset_id)"
            " WHERE i.container_id = ANY($2)",
            # What is on its way by a link that is still good must not arrive after all else is gone.
            "INSERT INTO stray_objects (object_key, delete_after, project_id)"
            " SELECT 'incoming/' || t.container_id || '/' || t.asset_id, i.expires_at, $1"
            " FROM intake_items t JOIN intakes i USING (container_id)"
            " WHERE container_id = ANY($2) AND i.expires_at IS NOT NULL",
            "DELETE FROM containers WHERE id = ANY($2) AND project_id = $1",
        ),
    ),
    Step(
        "SELECT id FROM oauth_states WHERE project_id = $1 LIMIT $2 FOR UPDATE",
        ("DELETE FROM oauth_states WHERE id = ANY($2) AND project_id = $1",),
    ),
    Step(
        "SELECT id FROM social_accounts WHERE project_id = $1 LIMIT $2 FOR UPDATE",
        ("DELETE FROM social_accounts WHERE id = ANY($2) AND project_id = $1",),
    ),
    Step(
        "SELECT d.id FROM webhook_deliveries d JOIN webhook_endpoints w ON w.id = d.endpoint_id"
        " WHERE w.project_id = $1 LIMIT $2 FOR UPDATE OF d",
        (
            "DELETE FROM webhook_deliveries WHERE id = ANY($2)"
            " AND endpoint_id IN (SELECT id FROM webhook_endpoints WHERE project_id = $1)",
        ),
    ),
    Step(
        "SELECT id FROM webhook_endpoints WHERE project_id = $1 LIMIT $2 FOR UPDATE",
        ("DELETE FROM webhook_endpoints WHERE id = ANY($2) AND project_id = $1",),
    ),
)

OF_THE_ORGANIZATION = "api_key_id = ANY (ARRAY(SELECT id FROM api_keys WHERE organization_id = $1))"
FORGET_ANSWERS_ABOUT = (
    f"DELETE FROM idempotency_records WHERE {OF_THE_ORGANIZATION} AND split_part(path, '/', 4) = ANY($2)"
)
"""Answers kept for repeats of requests whose path names one of $2."""
FORGET_ANSWERS_NAMING = (
    f"DELETE FROM idempotency_records WHERE {OF_THE_ORGANIZATION} AND"
    " (split_part(path, '/', 4) = $2 OR position(convert_to($2, 'UTF8') IN body) > 0)"
)

OWN_ID = "^[a-z_]+_[0-9A-HJKMNP-TV-Z]{26}$"
"""An id made by Layers: one that a caller chose may say anything."""
TIME = r"^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$"
CLOSED = ("platform", "mode", "status", "kind", "outcome", "fields", "events")
"""What events say in words of Layers' own."""

ERASE_EVENTS = """
WITH page AS MATERIALIZED (
    SELECT position, project_id FROM events WHERE organization_id = $2 AND position > $3 ORDER BY position LIMIT $4
), erased AS (
    UPDATE events e SET fanned_out = true, subject_id = CASE WHEN e.subject_id ~ $5 THEN e.subject_id END,
        data = (SELECT coalesce(jsonb_object_agg(said.key, said.value), '{}') FROM jsonb_each(e.data) AS said
            WHERE said.key = ANY($7) OR jsonb_typeof(said.value) IN ('number', 'boolean', 'null')
                OR jsonb_typeof(said.value) = 'string' AND said.value #>> '{}' ~ ANY(ARRAY[$5, $6]))
    FROM page WHERE e.position = page.position AND page.project_id = $1 RETURNING e.position
)
SELECT (SELECT max(position) FROM page) AS last, ARRAY(SELECT position FROM erased) AS erased
"""

LOCK = """
SELECT organization_id, events_erased_to FROM projects
WHERE id = $1 AND erase_requested_at IS NOT NULL AND erased_at IS NULL FOR NO KEY UPDATE SKIP LOCKED
"""


async def erase_projects(pool: Pool, storage: Storage) -> None:
    """Do what there is to do for every project that is to be erased."""
    await delete_strays(pool, storage)
    rows = await pool.fetch(
        "SELECT id FROM projects WHERE erase_requested_at IS NOT NULL AND erased_at IS NULL"
        " ORDER BY erase_requested_at"
    )
    for row in rows:
        while await _advance(pool, row["id"]):
            pass
        await delete_strays(pool, storage)
        await _advance(pool, row["id"])


async def _advance(pool: Pool, project_id: str) -> bool:
    """Take one batch away, or finish; tells whether there may be more to take."""
    async with pool.acquire() as tx, tx.transaction():
        project = await tx.fetchrow(LOCK, project_id)
        if project is None:
            return False
        organization_id = project["organization_id"]
        for step in STEPS:
            if await _drop(tx, step, project_id, organization_id):
                return True
        if await _erase_events(tx, project_id, organization_id, project["events_erased_to"]):
            return True
        if await tx.fetchval("SELECT EXISTS (SELECT FROM stray_objects WHERE project_id = $1)", project_id):
            return False
        await _finish(tx, project_id, organization_id)
    return False


async def _drop(tx: Connection, step: Step, project_id: str, organization_id: str) -> int:
    ids = [row["id"] for row in await tx.fetch(step.find, project_id, AT_ONCE)]
    if ids:
        await tx.execute(FORGET_ANSWERS_ABOUT, organization_id, ids)
        for statement in step.drop:
            await tx.execute(statement, project_id, ids)
    return len(ids)


async def _erase_events(tx: Connection, project_id: str, organization_id: str, after: int) -> bool:
    """Leave of the next events what they are of and when, and take back what webhooks were to say of them."""
    await tx.execute(events.OPEN)
    page = await tx.fetchrow(
        ERASE_EVENTS, project_id, organization_id, after, EVENTS_AT_ONCE, OWN_ID, TIME, CLOSED
    )
    assert page is not None
    if page["last"] is None:
        return False
    await tx.execute("DELETE FROM webhook_deliveries WHERE event_position = ANY($1)", page["erased"])
    await tx.execute("UPDATE projects SET events_erased_to = $2 WHERE id = $1", project_id, page["last"])
    return True


async def _finish(tx: Connection, project_id: str, organization_id: str) -> None:
    await tx.execute(FORGET_ANSWERS_NAMING, organization_id, project_id)
    await tx.execute(
        "UPDATE projects SET name = 'erased', timezone = 'UTC', customer_external_id = NULL, metadata = '{}',"
        " erased_at = now(), updated_at = now() WHERE id = $1",
        project_id,
    )
    await events.append(
        tx, Event("project.erased", organization_id, project_id, project_id, {}, "dispatcher")
    )
    log.info("project erased", project=project_id)

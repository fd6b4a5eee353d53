"""SQL of the request side: load, insert, find, list, change. Every change of status is a compare-and-set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from layers.access.caller import Caller
from layers.access.store import KILLED
from layers.db.pool import Connection
from layers.kit import tracing
from layers.kit.ids import new_id
from layers.publishing.rules import DUPLICATE_WINDOW, PlannedPost, Subject
from layers.publishing.schemas import LastError, PendingSchedule, ScheduledPost, Target

POST = """p.id, p.container_id, p.project_id, p.social_account_id, p.platform, p.mode, p.status, p.caption,
    p.first_comment, p.external_id, p.external_url, p.scheduled_for, p.attempted_at, p.published_at, p.canceled_at,
    p.attempts, p.next_attempt_at, p.last_error, p.created_at, p.updated_at"""

LOAD = """
WITH named AS MATERIALIZED (
    SELECT id, project_id, platform, status, handle, post_defaults, server FROM social_accounts
    WHERE id = ANY($4) AND organization_id = $2
      AND sandbox = ($3 = 'test')
    FOR KEY SHARE
)
SELECT c.id AS container_id, c.project_id, c.kind, c.status, c.approval_status, c.caption, c.first_comment,
    p.status = 'archived' AS archived, p.publish_lead_seconds, p.requires_approval, p.first_n_posts_blocked,
    p.approved_count,
    (SELECT coalesce(json_agg(json_build_object('id', a.id, 'kind', a.kind, 'mimeType', a.mime_type,
        'sizeBytes', a.size_bytes, 'sha256', a.sha256, 'objectKey', a.object_key, 'width', a.width,
        'height', a.height, 'durationMs', a.duration_ms, 'frameRate', a.frame_rate, 'codec', a.codec)
        ORDER BY a.position), '[]') FROM assets a WHERE a.container_id = c.id) AS media,
    (SELECT coalesce(json_agg(named), '[]') FROM named) AS accounts
FROM containers c JOIN projects p ON p.id = c.project_id
WHERE c.id = $1 AND c.organization_id = $2 AND p.environment = $3 AND c.deleted_at IS NULL
FOR NO KEY UPDATE OF c FOR KEY SHARE OF p
"""


async def load(
    tx: Connection, caller: Caller, container_id: str, account_ids: Sequence[str]
) -> Subject | None:
    """Read and lock all a decision about a container needs, in one round trip."""
    row = await tx.fetchrow(LOAD, container_id, caller.organization_id, caller.environment, list(account_ids))
    return msgspec.convert(dict(row), Subject) if row else None


@dataclass(frozen=True, slots=True)
class Inserted:
    """What an insert of posts did: ids in target order, or the live posts that stood in the way (then no ids)."""

    ids: list[str]
    clashes: list[str]


LIVE_NEAR = """s.status IN ('queued', 'publishing', 'published', 'draft_in_inbox')
      AND s.scheduled_for BETWEEN {at}::timestamptz - {window}::interval AND {at}::timestamptz + {window}::interval"""

INSERT = f"""
WITH wanted AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS w(place int, id text, event_id text, account_id text, platform text,
        mode text, caption text, first_comment text, options jsonb, allow_duplicate boolean)
), clash AS (
    SELECT s.id FROM wanted w, LATERAL ( -- OFFSET 0: found by container and account, whatever plan seems good just now
        SELECT p.id, p.status, p.scheduled_for FROM scheduled_posts p
        WHERE p.container_id = $4 AND p.social_account_id = w.account_id AND p.mode = w.mode OFFSET 0) AS s
    WHERE NOT w.allow_duplicate AND {LIVE_NEAR.format(at="$7", window="$10")}
), made AS (
    INSERT INTO scheduled_posts (id, organization_id, project_id, container_id, social_account_id, platform, mode,
        kind, status, caption, first_comment, options, media, scheduled_for, due_at, request_id, trace_parent)
    SELECT w.id, $2, $3, $4, w.account_id, w.platform, w.mode, $5, 'queued', w.caption, w.first_comment, w.options,
        $6, $7, $8::timestamptz, $9::jsonb ->> 'requestId', $9::jsonb ->> 'traceParent'
    FROM wanted w WHERE NOT EXISTS (SELECT FROM clash) ORDER BY w.place
    RETURNING *
), story AS (
    INSERT INTO post_events (post_number, type, message, data)
    SELECT number, 'scheduled', $9::jsonb ->> 'message',
        jsonb_build_object('scheduledFor', $9::jsonb -> 'scheduledFor', 'by', $9::jsonb -> 'actor')
    FROM made
), told AS (
    INSERT INTO events (id, type, organization_id, project_id, api_key_id, request_id, actor, subject_id, data)
    SELECT w.event_id, 'post.scheduled', $2, $3, $9::jsonb ->> 'apiKeyId', $9::jsonb ->> 'requestId',
        $9::jsonb ->> 'actor', m.id,
        jsonb_build_object('scheduledPostId', m.id, 'containerId', $4::text, 'projectId', $3::text, 'socialAccountId',
            m.social_account_id, 'platform', m.platform, 'mode', m.mode, 'status', 'queued', 'scheduledFor',
            $9::jsonb -> 'scheduledFor')
    FROM made m JOIN wanted w ON w.id = m.id ORDER BY w.place
)
SELECT ARRAY(SELECT DISTINCT id FROM clash ORDER BY id) AS clashes, (SELECT count(*) FROM made) AS made
"""


async def insert(
    tx: Connection,
    caller: Caller,
    subject: Subject,
    posts: Sequence[PlannedPost],
    scheduled_for: datetime,
    due_at: datetime,
    *,
    message: str,
) -> Inserted:
    """Insert posts with their story and events unless a live one stands in the way; one round trip.

    Raises asyncpg.UniqueViolationError when a scheduledPostId is taken.
    """
    rows: list[dict[str, object]] = [
        {
            "place": place,
            "id": post.target.scheduled_post_id or new_id("sp"),
            "event_id": new_id("evt"),
            "account_id": post.account.id,
            "platform": post.account.platform,
            "mode": post.target.mode,
            "caption": post.caption,
            "first_comment": post.first_comment,
            "options": post.options,
            "allow_duplicate": post.target.allow_duplicate,
        }
        for place, post in enumerate(posts)
    ]
    context = {
        "message": message,
        "scheduledFor": scheduled_for,
        "actor": caller.actor,
        "apiKeyId": caller.api_key_id or None,
        "requestId": caller.request_id or None,
        "traceParent": tracing.place(),
    }
    found = await tx.fetchrow(
        INSERT,
        rows,
        *(caller.organization_id, subject.project_id, subject.container_id, subject.kind, subject.media),
        *(scheduled_for, due_at, context, DUPLICATE_WINDOW),
    )
    assert found is not None
    ids = [str(row["id"]) for row in rows] if found["made"] else []
    return Inserted(ids, list(found["clashes"]))


async def live_twins(
    tx: Connection, container_id: str, account_ids: Sequence[str], at: datetime
) -> dict[tuple[str, str], list[str]]:
    """Return, by account and mode, the container's live posts that one at that time would duplicate."""
    rows = await tx.fetch(
        f"""SELECT s.social_account_id, s.mode, array_agg(s.id ORDER BY s.id) AS ids FROM (
            SELECT * FROM scheduled_posts WHERE container_id = $1 AND social_account_id = ANY($2) OFFSET 0) AS s
        WHERE {LIVE_NEAR.format(at="$3", window="$4")} GROUP BY 1, 2""",
        *(container_id, list(account_ids), at, DUPLICATE_WINDOW),
    )
    return {(row["social_account_id"], row["mode"]): list(row["ids"]) for row in rows}


async def taken_ids(tx: Connection, caller: Caller, ids: Sequence[str]) -> set[str]:
    """Return which of `ids` posts of the caller's organisation have."""
    rows = await tx.fetch(
        "SELECT id FROM scheduled_posts WHERE organization_id = $1 AND id = ANY($2)",
        *(caller.organization_id, list(ids)),
    )
    return {row["id"] for row in rows}


def post_from(row: asyncpg.Record) -> ScheduledPost:
    """Return the wire object of a row that has the columns of POST (and maybe more)."""
    values: dict[str, Any] = {name: row[name] for name in ScheduledPost.__struct_fields__}
    if values["last_error"] is not None:
        values["last_error"] = msgspec.convert(values["last_error"], LastError)
    return ScheduledPost(**values)


async def owns_project(tx: Connection, caller: Caller, project_id: str) -> bool:
    """Tell whether the caller has a project of that id."""
    return await tx.fetchval(
        "SELECT EXISTS (SELECT FROM projects WHERE id = $1 AND organization_id = $2 AND environment = $3)",
        *(project_id, caller.organization_id, caller.environment),
    )


async def find(tx: Connection, caller: Caller, post_id: str, *, lock: bool = False) -> asyncpg.Record | None:
    """Return the caller's post with `number`, `commit_sent_at` and `outcome_unknown`, locked if asked."""
    return await tx.fetchrow(
        f"""SELECT {POST}, p.number, p.commit_sent_at, p.outcome_unknown FROM scheduled_posts p
        JOIN projects j ON j.id = p.project_id
        WHERE p.id = $1 AND p.organization_id = $2 AND j.environment = $3"""
        + (" FOR NO KEY UPDATE OF p" if lock else ""),
        *(post_id, caller.organization_id, caller.environment),
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of posts is narrowed to; None: not narrowed."""

    project_id: str
    status: tuple[str, ...] | None = None
    social_account_id: str | None = None
    platform: str | None = None
    container_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def page(
    tx: Connection, wanted: Filter, after: tuple[datetime, int] | None, limit: int
) -> list[asyncpg.Record]:
    """Return posts with `number`, newest scheduledFor first."""
    at, number = after or (None, None)
    return await tx.fetch(
        f"""SELECT {POST}, p.number FROM scheduled_posts p WHERE p.project_id = $1
        AND ($2::text[] IS NULL OR p.status = ANY($2)) AND ($3::text IS NULL OR p.social_account_id = $3)
        AND ($4::text IS NULL OR p.platform = $4) AND ($5::text IS NULL OR p.container_id = $5)
        AND ($6::timestamptz IS NULL OR p.scheduled_for >= $6) AND ($7::timestamptz IS NULL OR p.scheduled_for <= $7)
        AND ($8::timestamptz IS NULL OR (p.scheduled_for, p.number) < ($8, $9))
        ORDER BY p.scheduled_for DESC, p.number DESC LIMIT $10""",
        *(wanted.project_id, list(wanted.status) if wanted.status else None, wanted.social_account_id),
        *(wanted.platform, wanted.container_id, wanted.since, wanted.until, at, number, limit),
    )


async def find_anywhere(tx: Connection, post_id: str) -> list[asyncpg.Record]:
    """Return whose posts bear an id, which is unique within an organisation only."""
    return await tx.fetch(
        """SELECT p.organization_id, o.name AS organization_name, j.environment FROM scheduled_posts p
        JOIN projects j ON j.id = p.project_id JOIN organizations o ON o.id = p.organization_id WHERE p.id = $1""",
        post_id,
    )


async def newest(
    tx: Connection, statuses: Sequence[str], project_id: str | None, limit: int
) -> list[asyncpg.Record]:
    """Return posts of the whole installation, newest scheduledFor first."""
    return await tx.fetch(
        f"""SELECT {POST} FROM scheduled_posts p WHERE (cardinality($1::text[]) = 0 OR p.status = ANY($1))
        AND ($2::text IS NULL OR p.project_id = $2) ORDER BY p.scheduled_for DESC, p.number DESC LIMIT $3""",
        *(list(statuses), project_id, limit),
    )


async def story(tx: Connection, number: int) -> list[asyncpg.Record]:
    """Return what happened to a post, in order."""
    return await tx.fetch(
        "SELECT at, type, message, data FROM post_events WHERE post_number = $1 ORDER BY position", number
    )


TOLD = (
    "p.id, p.project_id, p.container_id, p.social_account_id, p.platform, p.mode, p.status, p.scheduled_for"
)


def told_of(row: asyncpg.Record) -> dict[str, object]:
    """Return what every event about a post says of it, of a row with the columns of `TOLD`."""
    return {
        "scheduledPostId": row["id"],
        "projectId": row["project_id"],
        "containerId": row["container_id"],
        "socialAccountId": row["social_account_id"],
        "platform": row["platform"],
        "mode": row["mode"],
        "status": row["status"],
        "scheduledFor": row["scheduled_for"],
    }


async def tell(tx: Connection, number: int, kind: str, message: str, data: dict[str, object]) -> None:
    """Add a step to a post's story."""
    await tx.execute(
        "INSERT INTO post_events (post_number, type, message, data) VALUES ($1, $2, $3, $4)",
        *(number, kind, message, data),
    )


async def lock_number(tx: Connection, number: int) -> None:
    """Let nobody else write about the post until the transaction ends."""
    await tx.execute("SELECT FROM scheduled_posts WHERE number = $1 FOR NO KEY UPDATE", number)


async def find_handoff(tx: Connection, number: int, posted: str) -> asyncpg.Record | None:
    """Return a post handed to a person; `posted` names the story step that says it was posted since."""
    return await tx.fetchrow(
        """SELECT p.id, p.organization_id, p.project_id, p.social_account_id, p.platform, p.mode, p.caption,
        p.first_comment, p.media, a.handle,
        EXISTS (SELECT FROM post_events e WHERE e.post_number = p.number AND e.type = $2) AS posted
        FROM scheduled_posts p JOIN social_accounts a ON a.id = p.social_account_id
        WHERE p.number = $1 AND p.status = 'draft_in_inbox'""",
        *(number, posted),
    )


async def reschedule(tx: Connection, number: int, at: datetime) -> datetime:
    """Move a queued, locked post; returns updated_at. What was fixed at its first try is fixed anew at the next."""
    return await tx.fetchval(
        "UPDATE scheduled_posts SET scheduled_for = $2, due_at = $2, next_attempt_at = NULL, frozen_at = NULL,"
        " fence = fence + 1, updated_at = now() WHERE number = $1 AND status = 'queued' RETURNING updated_at",
        *(number, at),
    )


CANCEL = """UPDATE scheduled_posts p SET status = 'canceled', canceled_at = now(), due_at = NULL, holds_lane = false,
    next_attempt_at = NULL, fence = fence + 1, updated_at = now()
    WHERE {which} AND (status = 'queued' OR status = 'publishing' AND commit_sent_at IS NULL)
    RETURNING p.number, p.canceled_at, {told}"""


async def cancel(tx: Connection, number: int) -> asyncpg.Record | None:
    """Cancel a post if nothing irreversible was sent; None if it is too late."""
    return await tx.fetchrow(CANCEL.format(which="number = $1", told=TOLD), number)


async def cancel_all(
    tx: Connection,
    *,
    project_id: str | None = None,
    account_id: str | None = None,
    organization_id: str | None = None,
) -> list[asyncpg.Record]:
    """Cancel all that can still be canceled of a project, an account or an organisation."""
    column = "project_id" if project_id else "social_account_id" if account_id else "organization_id"
    return await tx.fetch(
        CANCEL.format(which=f"{column} = $1", told=TOLD), project_id or account_id or organization_id
    )


LATE = f"""
WITH late AS (
    SELECT number FROM scheduled_posts WHERE due_at <= now() - $1::interval AND late_at IS NULL AND status = 'queued'
        AND organization_id <> ALL ({KILLED})
    ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE scheduled_posts p SET late_at = now() FROM late WHERE p.number = late.number
RETURNING p.number, p.organization_id, round(extract(epoch FROM now() - p.due_at))::int AS late_by, {TOLD}
"""


async def mark_late(tx: Connection, after: timedelta, at_most: int) -> list[asyncpg.Record]:
    """Mark queued posts that have been due for so long and were not marked before; returns them."""
    return await tx.fetch(LATE, after, at_most)


async def requeue(tx: Connection, number: int) -> asyncpg.Record:
    """Let a failed post start afresh: nothing of the earlier try is reused."""
    await tx.execute("DELETE FROM post_calls WHERE post_number = $1", number)
    row = await tx.fetchrow(
        f"""UPDATE scheduled_posts p SET status = 'queued', due_at = now(), frozen_at = NULL,
        scheduled_for = greatest(scheduled_for, now()), commit_sent_at = NULL, attempts = 0, next_attempt_at = NULL,
        fence = fence + 1, updated_at = now() WHERE number = $1 AND status = 'failed' RETURNING {POST}""",
        number,
    )
    assert row is not None
    return row


async def resolve(
    tx: Connection, number: int, *, published: bool, external_id: str | None, external_url: str | None
) -> asyncpg.Record:
    """Settle an unknown outcome by what a person saw; the journal of a published post is not needed any more."""
    if published:
        await tx.execute("DELETE FROM post_calls WHERE post_number = $1", number)
    row = await tx.fetchrow(
        f"""UPDATE scheduled_posts p SET outcome_unknown = false,
        status = CASE WHEN $2 THEN 'published' ELSE 'failed' END,
        published_at = CASE WHEN $2 THEN now() END, external_id = coalesce($3, external_id),
        external_url = coalesce($4, external_url),
        last_error = CASE WHEN $2 THEN NULL ELSE jsonb_set(last_error, '{{code}}', '"NOT_PUBLISHED"') END,
        fence = fence + 1, updated_at = now()
        WHERE number = $1 AND status = 'failed' AND outcome_unknown RETURNING {POST}""",
        *(number, published, external_id, external_url),
    )
    assert row is not None
    return row


# Kept intents ----------------------------------------------------------------------------------------------------


class Intent(msgspec.Struct, frozen=True):
    """A publish or schedule that waits for approval."""

    id: str
    container_id: str
    scheduled_for: datetime | None
    targets: list[Target]
    created_at: datetime

    def shown(self) -> PendingSchedule:
        """Return it as the wire shows it."""
        return PendingSchedule(self.scheduled_for, self.targets, self.created_at)


async def keep_intent(
    tx: Connection, caller: Caller, container_id: str, targets: Sequence[Target], at: datetime | None
) -> Intent:
    """Keep an intent on a container; an earlier one is replaced and forgotten."""
    await drop_intent(tx, container_id)
    intent_id = new_id("int")
    row = await tx.fetchrow(
        "INSERT INTO pending_schedules (id, container_id, scheduled_for, targets, api_key_id)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING id, container_id, scheduled_for, targets, created_at",
        *(intent_id, container_id, at, list(targets), caller.api_key_id),
    )
    assert row is not None
    return msgspec.convert(dict(row), Intent)


async def find_intent(tx: Connection, container_id: str) -> Intent | None:
    """Return the intent kept on a container."""
    row = await tx.fetchrow(
        "SELECT id, container_id, scheduled_for, targets, created_at FROM pending_schedules WHERE container_id = $1",
        container_id,
    )
    return msgspec.convert(dict(row), Intent) if row else None


async def drop_intent(tx: Connection, container_id: str) -> bool:
    """Drop a kept intent, and with it the remembered 403; tells whether there was one."""
    intent_id = await tx.fetchval(
        "DELETE FROM pending_schedules WHERE container_id = $1 RETURNING id", container_id
    )
    if intent_id:
        await tx.execute("DELETE FROM idempotency_records WHERE intent_id = $1", intent_id)
    return intent_id is not None


async def fulfil_intent(tx: Connection, intent: Intent, status: int, body: bytes) -> None:
    """Remove an intent that became posts; whoever repeats the refused call now hears of them."""
    await tx.execute("DELETE FROM pending_schedules WHERE id = $1", intent.id)
    await tx.execute(
        "UPDATE idempotency_records SET status = $2, body = $3, intent_id = NULL WHERE intent_id = $1",
        *(intent.id, status, body),
    )

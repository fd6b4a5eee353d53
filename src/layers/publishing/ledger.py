"""SQL of the dispatch side: claim, save calls, settle. Every write carries the fence of its claim.

A worker that lost its claim (lease lapsed, post canceled) finds its fence outdated and can write nothing more.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from layers.connector import ContentKind, JournalEntry, Media, Post, Reply
from layers.db.pool import Connection, Pool
from layers.kit.ids import new_id
from layers.publishing.schemas import LastError, PostStatus


class Superseded(Exception):  # noqa: N818
    """Somebody else holds this post now (or it was canceled): stop, and write nothing."""


class Entry(JournalEntry, frozen=True):
    """A journaled call with what only the engine needs: what was sent, and when it was first seen to be absent."""

    digest: str = ""
    absent_at: datetime | None = None
    repeatable_until: datetime | None = None


class StoryStep(msgspec.Struct, frozen=True):
    """One step for people to read."""

    type: str
    message: str
    data: dict[str, object] = {}


class AccountRow(msgspec.Struct, frozen=True):
    """The account of a claimed post, still sealed."""

    id: str
    external_id: str
    handle: str
    service: str | None
    sandbox: bool
    status: str
    sealed_secrets: bytes | None
    token_expires_at: datetime | None
    post_defaults: dict[str, object]
    connected_at: datetime


class Claim(msgspec.Struct, frozen=True):
    """A post this worker may work on, as long as its fence is the newest."""

    number: int
    fence: int
    id: str
    organization_id: str
    project_id: str
    container_id: str
    social_account_id: str
    platform: str
    mode: str
    kind: ContentKind
    caption: str
    first_comment: str | None
    options: dict[str, object]
    media: list[Media]
    scheduled_for: datetime
    frozen_at: datetime
    attempts: int
    last_error: LastError | None
    account: AccountRow
    calls: list[Entry]
    database_now: datetime

    def post(self, media: tuple[Media, ...]) -> Post:
        """Return what connectors see."""
        return Post(
            id=self.id,
            number=self.number,
            mode=self.mode,
            kind=self.kind,
            caption=self.caption,
            first_comment=self.first_comment,
            media=media,
            options=self.options,
            frozen_at=self.frozen_at,
        )


CLAIM = """
WITH first AS MATERIALIZED (
    SELECT p.number FROM scheduled_posts p
    WHERE p.social_account_id = $1 AND p.due_at <= now()
      AND NOT EXISTS (SELECT FROM scheduled_posts o
          WHERE o.social_account_id = $1 AND o.due_at > now() AND o.holds_lane)
      AND NOT EXISTS (SELECT FROM social_accounts h WHERE h.id = $1 AND h.hold_until > now())
    ORDER BY p.holds_lane DESC, p.scheduled_for, p.number LIMIT 1
), next AS ( -- locked only once chosen: who comes second gets nothing, rather than the account's next post
    SELECT p.number FROM scheduled_posts p JOIN first USING (number) WHERE p.due_at <= now()
    FOR NO KEY UPDATE OF p SKIP LOCKED
), claimed AS (
    UPDATE scheduled_posts p SET status = 'publishing', fence = fence + 1,
        attempts = attempts + (status = 'queued')::int, due_at = now() + $2, holds_lane = true,
        frozen_at = coalesce(frozen_at, clock_timestamp()), attempted_at = clock_timestamp(),
        next_attempt_at = NULL, updated_at = now()
    FROM next WHERE p.number = next.number RETURNING p.*
)
SELECT c.number, c.fence, c.id, c.organization_id, c.project_id, c.container_id, c.social_account_id, c.platform,
    c.mode, c.kind, c.caption, c.first_comment, c.options, c.media, c.scheduled_for, c.frozen_at, c.attempts,
    c.last_error, clock_timestamp() AS database_now,
    a.external_id AS "account.external_id", a.handle AS "account.handle", a.service AS "account.service",
    a.sandbox AS "account.sandbox", a.status AS "account.status", a.sealed_secrets AS "account.sealed_secrets",
    a.token_expires_at AS "account.token_expires_at", a.post_defaults AS "account.post_defaults",
    a.id AS "account.id", a.connected_at AS "account.connected_at",
    (SELECT coalesce(json_agg(json_build_object('name', j.name, 'effect', j.effect, 'sent_at', j.sent_at,
        'reply', j.reply, 'digest', encode(j.digest, 'hex'), 'absent_at', j.absent_at,
        'repeatable_until', j.repeatable_until) ORDER BY j.sent_at), '[]')
        FROM post_calls j WHERE j.post_number = c.number) AS calls
FROM claimed c JOIN social_accounts a ON a.id = c.social_account_id
"""


async def claim(pool: Pool, account_id: str, lease: timedelta) -> Claim | None:
    """Take the account's next due post, if no other post of it is in hand or in doubt; one round trip."""
    try:
        row = await pool.fetchrow(CLAIM, account_id, lease)
    except asyncpg.UniqueViolationError:  # another post of the account was taken at this very moment
        return None
    if row is None:
        return None
    values: dict[str, Any] = {}
    account: dict[str, Any] = {}
    for name, value in row.items():
        prefix, _, column = name.rpartition(".")
        (account if prefix else values)[column] = value
    return msgspec.convert({**values, "account": account}, Claim)


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a piece of work on a post ends: terminal (`due_at` None) or parked until `due_at`."""

    status: PostStatus
    due_at: datetime | None = None
    holds_lane: bool = False
    error: LastError | None = None
    external_id: str | None = None
    external_url: str | None = None
    outcome_unknown: bool = False
    uncounted: bool = False
    """The try does not count."""
    hold_account_until: datetime | None = None
    account_needs_reauth: bool = False
    event: str | None = None
    story: tuple[StoryStep, ...] = ()
    data: dict[str, object] = field(default_factory=dict[str, object])


KEEP = """kept AS (
    INSERT INTO post_calls (post_number, name, effect, digest, sent_at, reply, absent_at, repeatable_until)
    SELECT held.number, e.name, e.effect, decode(e.digest, 'hex'), e.sent_at, e.reply, e.absent_at, e.repeatable_until
    FROM held, jsonb_to_recordset({calls}) AS e(name text, effect text, digest text, sent_at timestamptz, reply jsonb,
        absent_at timestamptz, repeatable_until timestamptz)
    ON CONFLICT (post_number, name) DO UPDATE SET digest = excluded.digest, sent_at = excluded.sent_at,
        reply = excluded.reply, absent_at = excluded.absent_at, repeatable_until = excluded.repeatable_until
)"""

SAVE = f"""
WITH held AS (
    UPDATE scheduled_posts SET due_at = now() + $3, updated_at = now(),
        commit_sent_at = CASE WHEN $5 THEN coalesce(commit_sent_at, clock_timestamp()) ELSE commit_sent_at END
    WHERE number = $1 AND fence = $2 AND status = 'publishing' RETURNING number
), {KEEP.format(calls="$4")}
SELECT count(*) FROM held
"""


async def save(
    pool: Pool, held: Claim, calls: list[Entry], lease: timedelta, *, committing: bool = False
) -> None:
    """Write journaled calls and renew the lease; one round trip. Raises Superseded."""
    rows = [_call_row(call) for call in calls]
    if not await pool.fetchval(SAVE, held.number, held.fence, lease, rows, committing):
        raise Superseded


def _call_row(call: Entry) -> dict[str, object]:
    return {
        "name": call.name,
        "effect": call.effect,
        "digest": call.digest,
        "sent_at": call.sent_at,
        "reply": _kept_part(call.reply) if call.reply else None,
        "absent_at": call.absent_at,
        "repeatable_until": call.repeatable_until,
    }


def _kept_part(reply: Reply) -> dict[str, object]:
    """Journal what a flow reads on replay; of the headers only those a flow may steer by."""
    headers = {name: value for name, value in reply.headers.items() if name in ("content-range", "location")}
    return {"status": reply.status, "json": reply.json, "headers": headers}


SETTLE = f"""
WITH unchanged AS MATERIALIZED ( -- locked before the post, as in revoking: no deadlock
    SELECT FROM social_accounts WHERE id = $18 AND connected_at = $19 FOR NO KEY UPDATE
), held AS (
    UPDATE scheduled_posts SET status = $3, due_at = $4, holds_lane = $5,
        next_attempt_at = CASE WHEN $3 IN ('queued', 'publishing') THEN $4::timestamptz END,
        last_error = $6, external_id = coalesce($7, external_id), external_url = coalesce($8, external_url),
        outcome_unknown = $9, attempts = attempts - $10::int,
        published_at = CASE WHEN $3 IN ('published', 'draft_in_inbox') THEN clock_timestamp() END,
        commit_sent_at = CASE WHEN $15 THEN commit_sent_at END, updated_at = now()
    WHERE number = $1 AND fence = $2 AND status = 'publishing'
        AND ($16::timestamptz IS NULL AND NOT $17 OR EXISTS (SELECT FROM unchanged))
    RETURNING number, social_account_id
), {KEEP.format(calls="$11")}, dropped AS (
    DELETE FROM post_calls USING held WHERE post_number = held.number
        AND (name = ANY($12) OR $3 IN ('published', 'draft_in_inbox'))
), story AS (
    INSERT INTO post_events (post_number, type, message, data)
    SELECT held.number, s.type, s.message, s.data
    FROM held, jsonb_to_recordset($13) AS s(type text, message text, data jsonb)
), told AS (
    INSERT INTO events (id, type, organization_id, project_id, actor, subject_id, data)
    SELECT e.id, e.type, e.organization_id, e.project_id, 'dispatcher', e.subject_id, e.data
    FROM held, jsonb_to_recordset($14) AS e(id text, type text, organization_id text, project_id text,
        subject_id text, data jsonb)
), account AS (
    UPDATE social_accounts a SET hold_until = coalesce($16, hold_until),
        status = CASE WHEN $17 AND a.status = 'connected' THEN 'reauth_required' ELSE a.status END
    FROM held WHERE a.id = held.social_account_id AND ($16::timestamptz IS NOT NULL OR $17)
)
SELECT count(*) FROM held
"""


async def settle(
    pool: Pool, held: Claim, end: Settlement, calls: list[Entry], dropped: list[str], *, committed: bool
) -> None:
    """End the work on a claimed post: state, journal, story and events in one statement. Raises Superseded.

    `committed`: a COMMIT was sent that is not known to have been refused. An end that says something of the account is
    superseded, too, by a reconnect since the claim: what was learnt with the old token is old.
    """
    success = end.status in ("published", "draft_in_inbox")
    done = await pool.fetchval(
        SETTLE,
        *(held.number, held.fence, end.status, end.due_at, end.holds_lane, end.error, end.external_id),
        *(end.external_url, end.outcome_unknown, int(end.uncounted)),
        [] if success else [_call_row(call) for call in calls],
        dropped,
        list(end.story),
        _event_rows(held, end),
        *(committed, end.hold_account_until, end.account_needs_reauth),
        *(held.social_account_id, held.account.connected_at),
    )
    if not done:
        raise Superseded


def _event_rows(held: Claim, end: Settlement) -> list[dict[str, object]]:
    rows = [_event_row(held, end.event, held.id, _told(held, end))] if end.event else []
    if end.account_needs_reauth and held.account.status == "connected":
        data: dict[str, object] = {"socialAccountId": held.social_account_id, "platform": held.platform}
        rows.append(_event_row(held, "social_account.needs_reauth", held.social_account_id, data))
    return rows


def _event_row(held: Claim, kind: str, subject: str, data: dict[str, object]) -> dict[str, object]:
    where = {"organization_id": held.organization_id, "project_id": held.project_id}
    return {"id": new_id("evt"), "type": kind, **where, "subject_id": subject, "data": data}


def _told(held: Claim, end: Settlement) -> dict[str, object]:
    return {
        "scheduledPostId": held.id,
        "containerId": held.container_id,
        "projectId": held.project_id,
        "socialAccountId": held.social_account_id,
        "platform": held.platform,
        "mode": held.mode,
        "status": end.status,
        "scheduledFor": held.scheduled_for,
        **end.data,
    }


async def extend(pool: Pool, claims: list[tuple[int, int]], lease: timedelta) -> None:
    """Renew the leases of the given (number, fence) pairs."""
    await pool.execute(
        "UPDATE scheduled_posts p SET due_at = now() + $3 FROM unnest($1::bigint[], $2::bigint[]) AS c(number, fence)"
        " WHERE p.number = c.number AND p.fence = c.fence AND p.status = 'publishing' AND p.holds_lane",
        *([number for number, _ in claims], [fence for _, fence in claims], lease),
    )


@dataclass(frozen=True, slots=True)
class Outlook:
    """What there is to do: accounts with due work and no job yet (`fresh`), and whether others have a job."""

    fresh: list[str]
    turns: list[int]
    """Which turn of its organisation each of `fresh` is: the lower, the sooner a worker should take it."""
    waiting: bool
    more: bool
    next_in: float | None
    """Seconds until the next post comes due; None when none will."""


LOOK = """
WITH due AS (
    SELECT p.social_account_id AS id, p.organization_id, min(p.due_at) AS since
    FROM scheduled_posts p WHERE p.due_at <= now() GROUP BY 1, 2
), open AS (
    SELECT due.id, row_number() OVER (PARTITION BY due.organization_id ORDER BY due.since) AS turn, due.since,
        EXISTS (SELECT FROM {queue} q WHERE q.dedupe_key = due.id AND q.status IN ('queued', 'picked')) AS waiting
    FROM due JOIN social_accounts a ON a.id = due.id WHERE (a.hold_until IS NULL OR a.hold_until <= now())
        AND NOT EXISTS (SELECT FROM scheduled_posts h
            WHERE h.social_account_id = due.id AND h.due_at > now() AND h.holds_lane)
)
SELECT ARRAY(SELECT id FROM open WHERE NOT waiting ORDER BY turn, since, id LIMIT $1) AS fresh,
    ARRAY(SELECT turn FROM open WHERE NOT waiting ORDER BY turn, since, id LIMIT $1) AS turns,
    EXISTS (SELECT FROM open WHERE waiting) AS waiting,
    (SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 FROM scheduled_posts WHERE due_at > now())
        AS next_in
"""


async def look(connection: Connection, queue_table: str, at_most: int) -> Outlook:
    """Return what there is to do. One statement, so that nothing comes due between its parts unseen.

    Organisations take turns, so that one's burst does not push another's single post to the end.
    """
    row = await connection.fetchrow(LOOK.format(queue=queue_table), at_most)
    assert row is not None
    return Outlook(row["fresh"], row["turns"], row["waiting"], len(row["fresh"]) == at_most, row["next_in"])

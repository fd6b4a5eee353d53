"""SQL of the dispatch side: claim, save calls, settle. Every write carries the fence of its claim.

A worker that lost its claim (lease lapsed, post canceled) finds its fence outdated and can write nothing more.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, LiteralString

import asyncpg
import msgspec

from layers.access.store import KILLED
from layers.connector import ContentKind, JournalEntry, Media, Post, Reply
from layers.db.pool import Pool
from layers.kit.ids import new_id
from layers.kit.together import Together
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
    request_id: str | None = None
    trace_parent: str | None = None

    def known_by(self) -> dict[str, str]:
        """Return what every line of the logs about this post carries."""
        return {
            "post": self.id,
            "account": self.social_account_id,
            "organization": self.organization_id,
            "platform": self.platform,
            "request_id": self.request_id or "",
        }

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


CLAIM = f"""
WITH first AS MATERIALIZED (
    SELECT due.number, account.lease FROM unnest($1::text[], $2::interval[]) AS account(id, lease), LATERAL (
        SELECT p.number FROM scheduled_posts p
        WHERE p.social_account_id = account.id AND p.due_at <= now() AND p.organization_id <> ALL ({KILLED})
          AND NOT EXISTS (SELECT FROM scheduled_posts o
              WHERE o.social_account_id = account.id AND o.due_at > now() AND o.holds_lane)
          AND NOT EXISTS (SELECT FROM social_accounts h WHERE h.id = account.id AND h.hold_until > now())
        ORDER BY p.holds_lane DESC, p.scheduled_for, p.number LIMIT 1) AS due
), next AS ( -- locked only once chosen: who comes second gets nothing, rather than the account's next post
    SELECT p.number, first.lease FROM scheduled_posts p JOIN first USING (number) WHERE p.due_at <= now()
    FOR NO KEY UPDATE OF p SKIP LOCKED
), claimed AS (
    UPDATE scheduled_posts p SET status = 'publishing', fence = fence + 1,
        attempts = attempts + (status = 'queued')::int, due_at = now() + next.lease, holds_lane = true,
        frozen_at = coalesce(frozen_at, clock_timestamp()), attempted_at = clock_timestamp(),
        next_attempt_at = NULL, updated_at = now()
    FROM next WHERE p.number = next.number RETURNING p.*
)
SELECT c.number, c.fence, c.id, c.organization_id, c.project_id, c.container_id, c.social_account_id, c.platform,
    c.mode, c.kind, c.caption, c.first_comment, c.options, c.media, c.scheduled_for, c.frozen_at, c.attempts,
    c.last_error, c.request_id, c.trace_parent, clock_timestamp() AS database_now,
    a.external_id AS "account.external_id", a.handle AS "account.handle", a.service AS "account.service",
    a.sandbox AS "account.sandbox", a.status AS "account.status", a.sealed_secrets AS "account.sealed_secrets",
    a.token_expires_at AS "account.token_expires_at",
    a.id AS "account.id", a.connected_at AS "account.connected_at",
    (SELECT coalesce(json_agg(json_build_object('name', j.name, 'effect', j.effect, 'sent_at', j.sent_at,
        'reply', j.reply, 'digest', encode(j.digest, 'hex'), 'absent_at', j.absent_at,
        'repeatable_until', j.repeatable_until) ORDER BY j.sent_at), '[]')
        FROM post_calls j WHERE j.post_number = c.number) AS calls
FROM claimed c JOIN social_accounts a ON a.id = c.social_account_id
"""


def _claim_from(row: asyncpg.Record) -> Claim:
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


HELD = """
WITH wanted AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1) AS w(number bigint, fence bigint, {columns}, calls jsonb)
){before}, free AS MATERIALIZED (
    SELECT p.number FROM wanted w JOIN scheduled_posts p USING (number)
    WHERE p.fence = w.fence AND p.status = 'publishing' {guard} FOR NO KEY UPDATE OF p {patience}
), held AS (
    UPDATE scheduled_posts p SET updated_at = now(), {change}
    FROM free JOIN wanted w USING (number)
    WHERE p.number = free.number AND p.fence = w.fence AND p.status = 'publishing' RETURNING w.*, p.social_account_id
), kept AS (
    INSERT INTO post_calls (post_number, name, effect, digest, sent_at, reply, absent_at, repeatable_until)
    SELECT held.number, e.name, e.effect, decode(e.digest, 'hex'), e.sent_at, e.reply, e.absent_at, e.repeatable_until
    FROM held, jsonb_to_recordset(held.calls) AS e(name text, effect text, digest text, sent_at timestamptz,
        reply jsonb, absent_at timestamptz, repeatable_until timestamptz)
    ON CONFLICT (post_number, name) DO UPDATE SET digest = excluded.digest, sent_at = excluded.sent_at,
        reply = excluded.reply, absent_at = excluded.absent_at, repeatable_until = excluded.repeatable_until
){also}
SELECT number FROM held
"""
"""Writes to posts in hand, each guarded by its fence; returns the numbers of those still held. Several at once never
wait for a row another transaction has locked, so that one post cannot delay others: `patience`."""

SAVE = HELD.format(
    columns="lease interval, committing boolean",
    before="",
    guard=f"AND NOT (w.committing AND p.organization_id = ANY ({KILLED}))",
    patience="{patience}",
    change="""due_at = now() + w.lease, commit_sent_at = CASE WHEN w.committing
        THEN coalesce(p.commit_sent_at, clock_timestamp()) ELSE p.commit_sent_at END""",
    also="",
)

SETTLE = HELD.format(
    columns="""status text, due_at timestamptz, holds_lane boolean, error jsonb, external_id text, external_url text,
        outcome_unknown boolean, uncounted boolean, committed boolean, hold_until timestamptz, needs_reauth boolean,
        account_id text, connected_at timestamptz, dropped text[], story jsonb, events jsonb""",
    before=""", unchanged AS MATERIALIZED ( -- locked before the post, as in revoking: no deadlock
    SELECT a.id FROM wanted w JOIN social_accounts a ON a.id = w.account_id AND a.connected_at = w.connected_at
    WHERE w.hold_until IS NOT NULL OR w.needs_reauth FOR NO KEY UPDATE OF a
)""",
    guard="""AND (w.hold_until IS NULL AND NOT w.needs_reauth
        OR EXISTS (SELECT FROM unchanged WHERE unchanged.id = w.account_id))""",
    patience="{patience}",
    change="""status = w.status, due_at = w.due_at, holds_lane = w.holds_lane,
        next_attempt_at = CASE WHEN w.status IN ('queued', 'publishing') THEN w.due_at END, last_error = w.error,
        external_id = coalesce(w.external_id, p.external_id), external_url = coalesce(w.external_url, p.external_url),
        outcome_unknown = w.outcome_unknown, attempts = p.attempts - w.uncounted::int,
        published_at = CASE WHEN w.status IN ('published', 'draft_in_inbox') THEN clock_timestamp() END,
        commit_sent_at = CASE WHEN w.committed THEN p.commit_sent_at END""",
    also=""", dropped AS (
    DELETE FROM post_calls USING held WHERE post_number = held.number
        AND (name = ANY(held.dropped) OR held.status IN ('published', 'draft_in_inbox'))
), story AS (
    INSERT INTO post_events (post_number, type, message, data)
    SELECT held.number, s.type, s.message, s.data
    FROM held, jsonb_to_recordset(held.story) AS s(type text, message text, data jsonb)
), told AS (
    INSERT INTO events (id, type, organization_id, project_id, actor, subject_id, data)
    SELECT e.id, e.type, e.organization_id, e.project_id, 'dispatcher', e.subject_id, e.data
    FROM held, jsonb_to_recordset(held.events) AS e(id text, type text, organization_id text, project_id text,
        subject_id text, data jsonb)
), account AS (
    UPDATE social_accounts a SET hold_until = greatest(held.hold_until, a.hold_until),
        status = CASE WHEN held.needs_reauth AND a.status = 'connected' THEN 'reauth_required' ELSE a.status END
    FROM held WHERE a.id = held.social_account_id AND (held.hold_until IS NOT NULL OR held.needs_reauth)
)""",
)
SKIP, WAIT = "SKIP LOCKED", ""
TRIES = 3
AT_ONCE = 100
"""Posts one statement claims or writes at most."""


class Ledger:
    """Claims, saves and settles: what lanes ask for at the same time is done in one statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._claims = Together[tuple[str, timedelta], Claim | None](self._claim_all, AT_ONCE)
        self._saves = Together[dict[str, object], bool](lambda rows: self._write_all(SAVE, rows), AT_ONCE)
        self._settlements = Together[dict[str, object], bool](
            lambda rows: self._write_all(SETTLE, rows), AT_ONCE
        )

    async def claim(self, account_id: str, lease: timedelta) -> Claim | None:
        """Take the account's next due post, if no other post of it is in hand or in doubt."""
        return await self._claims.ask((account_id, lease))

    async def _claim_all(self, asked: Sequence[tuple[str, timedelta]]) -> list[Claim | None]:
        try:
            rows = await self._fetch(CLAIM, *zip(*asked, strict=True))
        except asyncpg.UniqueViolationError:  # another post of an account was taken at this very moment
            return [None] if len(asked) == 1 else [(await self._claim_all([one]))[0] for one in asked]
        claims = {row["social_account_id"]: row for row in rows}
        return [_claim_from(claims.pop(account)) if account in claims else None for account, _ in asked]

    async def save(
        self, held: Claim, calls: list[Entry], lease: timedelta, *, committing: bool = False
    ) -> None:
        """Write journaled calls and renew the lease. Raises Superseded."""
        row: dict[str, object] = {
            "lease": lease,
            "committing": committing,
            "calls": [_call_row(call) for call in calls],
        }
        await self._write(self._saves, SAVE, held, row)

    async def settle(
        self, held: Claim, end: Settlement, calls: list[Entry], dropped: list[str], *, committed: bool
    ) -> None:
        """End the work on a claimed post: state, journal, story and events in one statement. Raises Superseded.

        `committed`: a COMMIT was sent that is not known to have been refused. An end that says something of the account
        is superseded, too, by a reconnect since the claim: what was learnt with the old token is old.
        """
        success = end.status in ("published", "draft_in_inbox")
        row: dict[str, object] = {
            "status": end.status,
            "due_at": end.due_at,
            "holds_lane": end.holds_lane,
            "error": end.error,
            "external_id": end.external_id,
            "external_url": end.external_url,
            "outcome_unknown": end.outcome_unknown,
            "uncounted": end.uncounted,
            "committed": committed,
            "hold_until": end.hold_account_until,
            "needs_reauth": end.account_needs_reauth,
            "account_id": held.social_account_id,
            "connected_at": held.account.connected_at,
            "calls": [] if success else [_call_row(call) for call in calls],
            "dropped": dropped,
            "story": end.story,
            "events": _event_rows(held, end),
        }
        touches_account = end.hold_account_until is not None or end.account_needs_reauth
        await self._write(None if touches_account else self._settlements, SETTLE, held, row)

    async def _write(
        self,
        batch: Together[dict[str, object], bool] | None,
        statement: LiteralString,
        held: Claim,
        row: dict[str, object],
    ) -> None:
        """Write with others, or else alone and waiting for whoever has the row locked."""
        row = {"number": held.number, "fence": held.fence, **row}
        if batch is not None and await batch.ask(row):
            return
        if not await self._fetch(statement.format(patience=WAIT), [row]):
            raise Superseded

    async def _write_all(self, statement: LiteralString, rows: Sequence[dict[str, object]]) -> list[bool]:
        done = await self._fetch(statement.format(patience=SKIP), rows)
        held = {row["number"] for row in done}
        return [row["number"] in held for row in rows]

    async def _fetch(self, statement: LiteralString, *values: object) -> list[asyncpg.Record]:
        """Run a statement, again if the database gave it up to end a deadlock."""
        for _ in range(TRIES - 1):
            with suppress(asyncpg.DeadlockDetectedError):
                return await self._pool.fetch(statement, *values)
        return await self._pool.fetch(statement, *values)

    async def told_of(self, held: Claim, kind: str, *, since: datetime) -> bool:
        """Tell whether the post's story has a step of that kind since then."""
        return await self._pool.fetchval(
            "SELECT EXISTS (SELECT FROM post_events WHERE post_number = $1 AND type = $2 AND at >= $3)",
            *(held.number, kind, since),
        )

    async def extend(self, claims: list[tuple[int, int]], lease: timedelta) -> None:
        """Renew the leases of the given (number, fence) pairs."""
        await self._pool.execute(
            "UPDATE scheduled_posts p SET due_at = now() + $3"
            " FROM unnest($1::bigint[], $2::bigint[]) AS c(number, fence)"
            " WHERE p.number = c.number AND p.fence = c.fence AND p.status = 'publishing' AND p.holds_lane",
            *([number for number, _ in claims], [fence for _, fence in claims], lease),
        )

    async def release(self, held: Claim) -> None:
        """Let another worker take the post up at once, wherever this one stopped."""
        await self._pool.execute(
            "UPDATE scheduled_posts SET due_at = now() WHERE number = $1 AND fence = $2 AND status = 'publishing'",
            *(held.number, held.fence),
        )


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


def _event_rows(held: Claim, end: Settlement) -> list[dict[str, object]]:
    rows = [_event_row(held, end.event, held.id, _told(held, end))] if end.event else []
    if end.account_needs_reauth and held.account.status == "connected":
        data: dict[str, object] = {"socialAccountId": held.social_account_id, "platform": held.platform}
        data |= {"reason": end.error.message if end.error else None, "status": "reauth_required"}
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

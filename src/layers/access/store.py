"""All SQL of access."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from layers.access.keys import Environment
from layers.api.transaction import RECORD, SAME_REQUEST
from layers.db.columns import assignments
from layers.db.pool import Connection, Pool, Queries

KEY = """id AS api_key_id, name, environment, 'lp_' || environment || '_' || key_id AS prefix, scopes, rate_limit_tier,
    return_hosts, created_at, expires_at, killed_at, last_used_at,
    CASE WHEN killed_at IS NOT NULL THEN 'killed' WHEN expires_at <= now() THEN 'expired' ELSE 'active' END AS status"""

KILLED = "ARRAY(SELECT id FROM organizations WHERE killed_at IS NOT NULL)"
"""SQL of the organisations for which nothing is to be done: read once in each statement that asks, by an index of its
own, and nearly always empty."""


BEARER = """k.id, k.organization_id, o.name AS organization_name, k.environment, k.secret_hash, k.scopes,
    k.rate_limit_tier, k.return_hosts, k.expires_at, k.killed_at IS NOT NULL AS key_killed,
    o.killed_at IS NOT NULL AS organization_killed,
    k.retired_at IS NOT NULL OR coalesce(k.expires_at <= now(), false) AS retired"""
"""A key with its organisation, whatever the state of both."""


async def find_key(
    pool: Queries, key_id: str, request: tuple[str, str, str] | None = None
) -> asyncpg.Record | None:
    """Return a key as BEARER, or None; for a `request` as `repeatable` gives it with its RECORD, for there is no
    cheaper moment to ask for it."""
    whose = "FROM api_keys k JOIN organizations o ON o.id = k.organization_id"
    if request is None:
        return await pool.fetchrow(f"SELECT {BEARER} {whose} WHERE k.key_id = $1", key_id)
    return await pool.fetchrow(
        f"""SELECT {BEARER}, {RECORD} {whose}
            LEFT JOIN idempotency_records r ON r.api_key_id = k.id AND {SAME_REQUEST} WHERE k.key_id = $1""",
        *(key_id, *request),
    )


async def find_or_make_organization(tx: Connection, new_id: str, name: str) -> str:
    """Return the id of the organisation called `name`, making it under `new_id` if absent."""
    return await tx.fetchval(
        "INSERT INTO organizations (id, name) VALUES ($1, $2)"
        " ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id",
        *(new_id, name),
    )


ORGANIZATION = "id, name, killed_at, created_at"


async def organizations(tx: Connection) -> list[asyncpg.Record]:
    """Return all organisations as ORGANIZATION, by name."""
    return await tx.fetch(f"SELECT {ORGANIZATION} FROM organizations ORDER BY name")


async def lock_organization(tx: Connection, named: str) -> asyncpg.Record | None:
    """Return the organisation with that id, or else that name, as ORGANIZATION; locked."""
    return await tx.fetchrow(
        f"SELECT {ORGANIZATION} FROM organizations WHERE id = $1 OR name = $1 ORDER BY id = $1 DESC LIMIT 1"
        " FOR NO KEY UPDATE",
        named,
    )


async def set_killed(tx: Connection, organization_id: str, at: datetime | None) -> None:
    """Kill an organisation, or revive it."""
    await tx.execute("UPDATE organizations SET killed_at = $2 WHERE id = $1", organization_id, at)


async def insert_key(
    tx: Connection,
    *,
    id: str,  # noqa: A002
    organization_id: str,
    environment: Environment,
    key_id: str,
    secret_hash: bytes,
    name: str,
    scopes: Sequence[str],
    return_hosts: Sequence[str],
    rate_limit_tier: str = "unlimited",
    expires_at: datetime | None = None,
    for_dashboard: bool = False,
) -> asyncpg.Record:
    """Insert a key; returns it as KEY."""
    row = await tx.fetchrow(
        f"""INSERT INTO api_keys (id, organization_id, environment, key_id, secret_hash, name, scopes, return_hosts,
            rate_limit_tier, expires_at, for_dashboard)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING {KEY}""",
        *(id, organization_id, environment, key_id, secret_hash, name, list(scopes), list(return_hosts)),
        *(rate_limit_tier, expires_at, for_dashboard),
    )
    assert row is not None
    return row


async def lock_key(
    tx: Connection, organization_id: str, environment: Environment, key_id: str
) -> asyncpg.Record | None:
    """Return a key that is not retired as KEY with its public `key_id`, locked."""
    return await tx.fetchrow(
        f"""SELECT {KEY}, key_id FROM api_keys WHERE id = $1 AND organization_id = $2 AND environment = $3
        AND retired_at IS NULL FOR NO KEY UPDATE""",
        *(key_id, organization_id, environment),
    )


async def change_key(tx: Connection, key_id: str, changes: Mapping[str, object]) -> asyncpg.Record:
    """Set columns of a key; returns it as KEY."""
    row = await tx.fetchrow(
        f"UPDATE api_keys SET {assignments(changes, 2)} WHERE id = $1 RETURNING {KEY}",
        *(key_id, *changes.values()),
    )
    assert row is not None
    return row


async def page_of_keys(
    tx: Connection,
    organization_id: str,
    environment: Environment,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Return keys that are not retired as KEY, newest first."""
    return await tx.fetch(
        f"""SELECT {KEY} FROM api_keys WHERE organization_id = $1 AND environment = $2 AND retired_at IS NULL
        AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4)) ORDER BY created_at DESC, id DESC LIMIT $5""",
        *(organization_id, environment, *(after or (None, None)), limit),
    )


async def note_used(pool: Pool, used: Mapping[str, datetime]) -> None:
    """Write when keys were last used."""
    await pool.execute(
        "UPDATE api_keys k SET last_used_at = greatest(k.last_used_at, u.at)"
        " FROM unnest($1::text[], $2::timestamptz[]) AS u(id, at) WHERE k.id = u.id",
        *(list(used), list(used.values())),
    )


async def count_request(pool: Pool, api_key_id: str, endpoint_class: str) -> asyncpg.Record:
    """Count a request; returns how many there were this minute (`requests`) and the seconds left of it (`left`)."""
    row = await pool.fetchrow(
        """INSERT INTO request_counts AS c (api_key_id, class, minute, requests)
        VALUES ($1, $2, date_trunc('minute', clock_timestamp()), 1)
        ON CONFLICT (api_key_id, class) DO UPDATE SET minute = excluded.minute,
            requests = CASE WHEN c.minute = excluded.minute THEN c.requests ELSE 0 END + 1
        RETURNING requests, ceil(extract(epoch FROM minute + interval '1 minute' - clock_timestamp()))::int AS left""",
        *(api_key_id, endpoint_class),
    )
    assert row is not None
    return row


# Sessions of the dashboard ---------------------------------------------------------------------------------------


async def insert_link(tx: Connection, token_hash: bytes, api_key_id: str, life: timedelta) -> datetime:
    """Keep a link to sign in by; returns until when it is good."""
    return await tx.fetchval(
        "INSERT INTO dashboard_links (token_hash, api_key_id, expires_at) VALUES ($1, $2, now() + $3::interval)"
        " RETURNING expires_at",
        *(token_hash, api_key_id, life),
    )


async def use_link(tx: Connection, token_hash: bytes) -> asyncpg.Record | None:
    """Use a link up; returns its key as BEARER, None if there is no such link any more."""
    return await tx.fetchrow(
        f"""WITH used AS (
            DELETE FROM dashboard_links WHERE token_hash = $1 AND expires_at > now() RETURNING api_key_id
        )
        SELECT {BEARER} FROM used JOIN api_keys k ON k.id = used.api_key_id
            JOIN organizations o ON o.id = k.organization_id""",
        token_hash,
    )


async def insert_session(tx: Connection, token_hash: bytes, api_key_id: str, secret_hash: bytes) -> datetime:
    """Begin a session that is good as long as the key has this secret; returns its beginning."""
    return await tx.fetchval(
        "INSERT INTO dashboard_sessions (token_hash, api_key_id, secret_hash) VALUES ($1, $2, $3)"
        " RETURNING created_at",
        *(token_hash, api_key_id, secret_hash),
    )


async def find_session(
    pool: Pool, token_hash: bytes, idle: timedelta, longest: timedelta
) -> asyncpg.Record | None:
    """Return the key of a session that has not ended as BEARER, since when there is the session (`created_at`) and
    when it was used (`seen_at`)."""
    row = await pool.fetchrow(
        f"""SELECT {BEARER}, s.created_at, s.seen_at FROM dashboard_sessions s JOIN api_keys k ON k.id = s.api_key_id
            JOIN organizations o ON o.id = k.organization_id
        WHERE s.token_hash = $1 AND s.seen_at > now() - $2::interval AND s.created_at > now() - $3::interval
            AND s.secret_hash = k.secret_hash""",
        *(token_hash, idle, longest),
    )
    return row if row and not (row["retired"] or row["key_killed"] or row["organization_killed"]) else None


async def note_seen(pool: Pool, token_hash: bytes) -> None:
    """Note that a session was used."""
    await pool.execute("UPDATE dashboard_sessions SET seen_at = now() WHERE token_hash = $1", token_hash)


async def end_session(tx: Connection, token_hash: bytes) -> str | None:
    """End a session; returns its key's id, None if there was none."""
    return await tx.fetchval(
        "DELETE FROM dashboard_sessions WHERE token_hash = $1 RETURNING api_key_id", token_hash
    )


async def forget_sessions(tx: Connection, idle: timedelta, longest: timedelta) -> list[asyncpg.Record]:
    """Forget links and sessions that are over, and retire keys that were made for a link and serve nobody any more.

    Returns those keys: `id`, `organization_id`, `name`, `environment`.
    """
    await tx.execute("DELETE FROM dashboard_links WHERE expires_at <= now()")
    await tx.execute(
        """DELETE FROM dashboard_sessions s USING api_keys k WHERE k.id = s.api_key_id
        AND (s.seen_at <= now() - $1::interval OR s.created_at <= now() - $2::interval OR k.retired_at IS NOT NULL
            OR k.killed_at IS NOT NULL OR k.expires_at <= now() OR k.secret_hash <> s.secret_hash)""",
        *(idle, longest),
    )
    return await tx.fetch(
        """UPDATE api_keys k SET retired_at = now() WHERE k.for_dashboard AND k.retired_at IS NULL
            AND NOT EXISTS (SELECT FROM dashboard_links l WHERE l.api_key_id = k.id)
            AND NOT EXISTS (SELECT FROM dashboard_sessions s WHERE s.api_key_id = k.id)
        RETURNING k.id, k.organization_id, k.name, k.environment"""
    )


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the audit log is narrowed to; None: not narrowed."""

    event_types: tuple[str, ...] | None
    project_id: str | None
    api_key_id: str | None
    since: datetime | None
    until: datetime | None


async def page_of_audit(
    tx: Connection,
    organization_id: str,
    environment: Environment,
    wanted: AuditFilter,
    after: int | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Return events of the environment, newest first. What belongs to no project is of the environment of its key."""
    return await tx.fetch(
        """SELECT e.position, e.id, e.type, e.occurred_at, e.request_id, e.organization_id, e.project_id, e.api_key_id,
            e.actor, e.data
        FROM events e LEFT JOIN projects p ON p.id = e.project_id LEFT JOIN api_keys k ON k.id = e.api_key_id
        WHERE e.organization_id = $1
        AND coalesce(p.environment, k.environment, e.data ->> 'environment', $2) = $2
        AND ($3::text[] IS NULL OR e.type = ANY($3)) AND ($4::text IS NULL OR e.project_id = $4)
        AND ($5::text IS NULL OR e.api_key_id = $5) AND ($6::timestamptz IS NULL OR e.occurred_at >= $6)
        AND ($7::timestamptz IS NULL OR e.occurred_at <= $7) AND ($8::bigint IS NULL OR e.position < $8)
        ORDER BY e.position DESC LIMIT $9""",
        *(organization_id, environment, wanted.event_types, wanted.project_id, wanted.api_key_id),
        *(wanted.since, wanted.until, after, limit),
    )

"""All SQL of social accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from layers.access.caller import Caller
from layers.access.store import KILLED
from layers.db.pool import Connection, Pool

ACCOUNT = """a.id AS social_account_id, a.project_id, a.platform, a.handle, a.display_name, a.avatar_url, a.status,
    a.post_defaults, a.connected_at, a.token_expires_at, a.disconnected_reason, a.disconnected_at"""


async def project_status(tx: Connection, caller: Caller, project_id: str) -> str | None:
    """Return the status of the caller's project, kept from being archived meanwhile."""
    return await tx.fetchval(
        "SELECT status FROM projects WHERE id = $1 AND organization_id = $2 AND environment = $3 FOR KEY SHARE",
        *(project_id, caller.organization_id, caller.environment),
    )


async def id_of(tx: Connection, project_id: str, platform: str, external_id: str) -> str | None:
    """Return the id of the account this identity already has in the project, locked."""
    return await tx.fetchval(
        "SELECT id FROM social_accounts WHERE project_id = $1 AND platform = $2 AND external_id = $3"
        " FOR NO KEY UPDATE",
        *(project_id, platform, external_id),
    )


@dataclass(frozen=True, slots=True)
class Connected:
    """An account as it is to be stored; its secrets are sealed."""

    id: str
    organization_id: str
    project_id: str
    platform: str
    sandbox: bool
    external_id: str
    handle: str
    display_name: str
    avatar_url: str | None
    service: str | None
    sealed_secrets: bytes
    token_expires_at: datetime | None
    grant_life: timedelta | None
    server: Mapping[str, object] | None


async def upsert(tx: Connection, new: Connected) -> asyncpg.Record:
    """Insert an account, or connect the same identity again under the id it has."""
    row = await tx.fetchrow(
        f"""INSERT INTO social_accounts AS a (id, organization_id, project_id, platform, sandbox, external_id, handle,
            display_name, avatar_url, service, sealed_secrets, token_expires_at, token_refreshed_at, status,
            grant_expires_at, grant_life, server)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now(), 'connected', now() + $13::interval, $13, $14)
        ON CONFLICT (project_id, platform, external_id) DO UPDATE SET handle = excluded.handle,
            display_name = excluded.display_name, avatar_url = excluded.avatar_url, service = excluded.service,
            sealed_secrets = excluded.sealed_secrets, token_expires_at = excluded.token_expires_at,
            token_refreshed_at = now(), grant_expires_at = excluded.grant_expires_at,
            grant_life = excluded.grant_life, server = excluded.server, refresh_refused_at = NULL,
            unreadable_at = NULL, status = 'connected', connected_at = now(), updated_at = now(),
            disconnected_at = NULL, disconnected_reason = NULL
        RETURNING {ACCOUNT}""",
        *(
            new.id,
            new.organization_id,
            new.project_id,
            new.platform,
            new.sandbox,
            new.external_id,
            new.handle,
        ),
        *(new.display_name, new.avatar_url, new.service, new.sealed_secrets, new.token_expires_at),
        *(new.grant_life, new.server),
    )
    assert row is not None
    return row


async def release_waiting(tx: Connection, account_id: str) -> int:
    """Let the posts that waited for this reconnect go out; returns how many."""
    return await tx.fetchval(
        """WITH released AS (
            UPDATE scheduled_posts SET due_at = greatest(scheduled_for, now()), next_attempt_at = NULL
            WHERE social_account_id = $1 AND status IN ('queued', 'publishing') AND NOT holds_lane
            AND last_error ->> 'code' = 'CREDENTIAL_INVALID' RETURNING number
        ), told AS (
            INSERT INTO post_events (post_number, type, message, data)
            SELECT number, 'reconnected', 'The account was connected again; the post goes on.', '{}' FROM released
        ) SELECT count(*) FROM released""",
        account_id,
    )


async def find(
    tx: Connection, caller: Caller, account_id: str, *, lock: bool = False
) -> asyncpg.Record | None:
    """Return the caller's account, locked if asked."""
    return await tx.fetchrow(
        f"""SELECT {ACCOUNT} FROM social_accounts a JOIN projects p ON p.id = a.project_id
        WHERE a.id = $1 AND a.organization_id = $2 AND p.environment = $3"""
        + (" FOR UPDATE OF a" if lock else ""),
        *(account_id, caller.organization_id, caller.environment),
    )


async def page(
    tx: Connection,
    project_id: str,
    wanted: Mapping[str, str | None],
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Return a project's accounts, newest first."""
    at, last_id = after or (None, None)
    return await tx.fetch(
        f"""SELECT {ACCOUNT} FROM social_accounts a WHERE a.project_id = $1
        AND ($2::text IS NULL OR a.platform = $2) AND ($3::text IS NULL OR a.status = $3)
        AND ($4::timestamptz IS NULL OR (a.connected_at, a.id) < ($4, $5))
        ORDER BY a.connected_at DESC, a.id DESC LIMIT $6""",
        *(project_id, wanted.get("platform"), wanted.get("status"), at, last_id, limit),
    )


async def set_defaults(tx: Connection, account_id: str, defaults: Mapping[str, object]) -> None:
    """Set the options a target may leave out."""
    await tx.execute(
        "UPDATE social_accounts SET post_defaults = $2, updated_at = now() WHERE id = $1",
        *(account_id, dict(defaults)),
    )


@dataclass(frozen=True, slots=True)
class NewState:
    """An authorization in progress; its session is sealed for its own id."""

    id: str
    organization_id: str
    project_id: str
    api_key_id: str
    platform: str
    sandbox: bool
    service: str | None
    account_id: str | None
    return_url: str
    sealed_session: bytes
    expires_at: datetime


async def insert_state(tx: Connection, new: NewState) -> None:
    """Insert an authorization in progress."""
    await tx.execute(
        "INSERT INTO oauth_states (id, organization_id, project_id, api_key_id, platform, sandbox, service, account_id,"
        " return_url, sealed_session, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        *(
            new.id,
            new.organization_id,
            new.project_id,
            new.api_key_id,
            new.platform,
            new.sandbox,
            new.service,
        ),
        *(new.account_id, new.return_url, new.sealed_session, new.expires_at),
    )


async def use_state(tx: Connection, state: str, platform: str) -> asyncpg.Record | None:
    """Mark a state used and return it; None if it is used, expired, of another platform, a killed organisation or
    unknown."""
    return await tx.fetchrow(
        "UPDATE oauth_states SET used_at = now() WHERE id = $1 AND platform = $2 AND used_at IS NULL"
        f" AND expires_at > now() AND organization_id <> ALL ({KILLED}) RETURNING *",
        *(state, platform),
    )


async def is_awaited(pool: Pool, state: str, platform: str) -> bool:
    """Tell whether `use_state` would find this state."""
    return await pool.fetchval(
        "SELECT EXISTS (SELECT FROM oauth_states WHERE id = $1 AND platform = $2 AND used_at IS NULL"
        " AND expires_at > now())",
        *(state, platform),
    )


async def settle_state(
    tx: Connection, state: str, account_ids: list[str], error: Mapping[str, object] | None
) -> None:
    """Write how an authorization ended."""
    await tx.execute(
        "UPDATE oauth_states SET status = $2, social_account_ids = $3, error = $4 WHERE id = $1",
        *(state, "failed" if error else "completed", account_ids, error),
    )


async def find_state(tx: Connection, caller: Caller, state: str) -> asyncpg.Record | None:
    """Return an authorization of this very key."""
    return await tx.fetchrow(
        "SELECT id, status, expires_at, social_account_ids, error FROM oauth_states"
        " WHERE id = $1 AND api_key_id = $2",
        *(state, caller.api_key_id),
    )


async def external_id_of(tx: Connection, account_id: str) -> str | None:
    """Return the platform's name for an account."""
    return await tx.fetchval("SELECT external_id FROM social_accounts WHERE id = $1", account_id)


async def service_of(tx: Connection, account_id: str) -> str | None:
    """Return the server an account lives on, where its platform has many."""
    return await tx.fetchval("SELECT service FROM social_accounts WHERE id = $1", account_id)


async def key_owner(tx: Connection, api_key_id: str, sandbox: bool) -> Caller:
    """Return the caller an authorization was begun by, to write its events under."""
    row = await tx.fetchrow(
        "SELECT k.organization_id, o.name FROM api_keys k JOIN organizations o ON o.id = k.organization_id"
        " WHERE k.id = $1",
        api_key_id,
    )
    assert row is not None
    return Caller(
        organization_id=row["organization_id"],
        organization_name=row["name"],
        environment="test" if sandbox else "live",
        api_key_id=api_key_id,
        scopes=frozenset(),
        rate_limit_tier="",
        return_hosts=(),
        request_id="",
    )


async def health(tx: Connection, account_id: str) -> asyncpg.Record:
    """Return what tells how an account is doing."""
    row = await tx.fetchrow(
        """SELECT a.status, a.platform, a.token_expires_at, a.grant_expires_at, a.grant_life, a.refresh_refused_at,
        a.unreadable_at, a.hold_until, a.sealed_secrets IS NOT NULL AS has_token,
        (SELECT max(published_at) FROM scheduled_posts WHERE social_account_id = a.id) AS last_published_at,
        (SELECT coalesce(json_object_agg(mode, posts), '{}') FROM (SELECT mode, count(*) AS posts FROM scheduled_posts
            WHERE social_account_id = a.id AND published_at > now() - interval '24 hours' GROUP BY mode) AS today)
            AS published_today,
        (SELECT count(*) FROM scheduled_posts WHERE social_account_id = a.id AND status IN ('queued', 'publishing')
            AND last_error ->> 'code' = 'CREDENTIAL_INVALID') AS waiting
        FROM social_accounts a WHERE a.id = $1""",
        account_id,
    )
    assert row is not None
    return row


OPERATED = f"""{ACCOUNT}, a.hold_until, a.organization_id, o.name AS organization_name, p.environment,
    (SELECT count(*) FROM scheduled_posts s WHERE s.social_account_id = a.id AND s.due_at IS NOT NULL) AS waiting
    FROM social_accounts a JOIN projects p ON p.id = a.project_id JOIN organizations o ON o.id = a.organization_id"""


async def find_anywhere(tx: Connection, account_id: str) -> asyncpg.Record | None:
    """Return an account of any organisation, with how many posts wait for it."""
    return await tx.fetchrow(f"SELECT {OPERATED} WHERE a.id = $1", account_id)


async def newest(
    tx: Connection, status: str | None, platform: str | None, organization: str | None, limit: int
) -> list[asyncpg.Record]:
    """Return accounts of the whole installation, the newest first."""
    return await tx.fetch(
        f"""SELECT {OPERATED} WHERE ($1::text IS NULL OR a.status = $1) AND ($2::text IS NULL OR a.platform = $2)
        AND ($3::text IS NULL OR o.name = $3) ORDER BY a.connected_at DESC, a.id DESC LIMIT $4""",
        *(status, platform, organization, limit),
    )


async def hold(tx: Connection, account_id: str, until: datetime) -> None:
    """Let no post of the account be taken up until then."""
    await tx.execute(
        "UPDATE social_accounts SET hold_until = $2, updated_at = now() WHERE id = $1", account_id, until
    )


async def release(tx: Connection, account_id: str) -> int:
    """End a hold, and have parked posts of which nothing is out tried now; returns how many."""
    await tx.execute(
        "UPDATE social_accounts SET hold_until = NULL, updated_at = now() WHERE id = $1", account_id
    )
    done = await tx.execute(
        """UPDATE scheduled_posts SET due_at = greatest(scheduled_for, now()), next_attempt_at = NULL
        WHERE social_account_id = $1 AND status = 'queued' AND next_attempt_at > now()
        AND last_error ->> 'code' IS DISTINCT FROM 'CREDENTIAL_INVALID'""",
        account_id,
    )
    return int(done.rpartition(" ")[2])


async def revoke(tx: Connection, account_id: str, reason: str) -> datetime:
    """Disconnect an account and forget its tokens; returns when."""
    return await tx.fetchval(
        "UPDATE social_accounts SET status = 'disconnected', disconnected_at = now(), disconnected_reason = $2,"
        " sealed_secrets = NULL, token_expires_at = NULL, grant_expires_at = NULL, grant_life = NULL,"
        " refresh_refused_at = NULL, unreadable_at = NULL, hold_until = NULL, updated_at = now() WHERE id = $1"
        " RETURNING disconnected_at",
        *(account_id, reason),
    )


async def canceled_by_revoking(tx: Connection, account_id: str) -> int:
    """Return how many posts the last revoking canceled, for the answer to a repeat."""
    data = await tx.fetchval(
        "SELECT data FROM events WHERE subject_id = $1 AND type = 'social_account.revoked'"
        " ORDER BY position DESC LIMIT 1",
        account_id,
    )
    return int(data["canceledScheduledPosts"]) if data else 0

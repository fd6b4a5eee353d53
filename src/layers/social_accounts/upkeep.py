"""Keeping accounts connected: tokens refreshed before they end, and sealed anew when the secret key changes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import LiteralString

import asyncpg
import msgspec
import structlog

from layers import events
from layers.connector import Failure, Reconnect, Unreadable
from layers.db.pool import Pool
from layers.events import Event
from layers.kit.times import utc_now
from layers.platforms import CONNECTORS
from layers.publishing.credentials import Credentials
from layers.publishing.ledger import AccountRow
from layers.vault import KeyMissing, VaultError

log = structlog.get_logger("layers.accounts")
AT_ONCE = 50
LAST_QUARTER = 0.25
"""A token is refreshed when less than this part of its life is left."""
TRY_AGAIN = timedelta(minutes=10)

DUE = """
SELECT a.id, a.platform, a.organization_id, a.project_id, a.external_id, a.handle, a.service, a.sandbox, a.status,
    a.sealed_secrets, a.token_expires_at, a.connected_at
FROM social_accounts a WHERE a.status = 'connected' AND a.token_expires_at IS NOT NULL
    AND a.token_expires_at - now() < $1::float8 * (a.token_expires_at - coalesce(a.token_refreshed_at, a.connected_at))
    AND (a.refresh_refused_at IS NULL OR a.token_expires_at <= now())
    AND a.updated_at < now() - $2::interval
ORDER BY a.token_expires_at LIMIT $3
"""


async def refresh_ahead(pool: Pool, credentials: Credentials) -> int:
    """Refresh tokens in the last quarter of their life; returns how many were looked at."""
    rows = await pool.fetch(DUE, LAST_QUARTER, TRY_AGAIN, AT_ONCE)
    for row in rows:
        account = msgspec.convert({k: row[k] for k in AccountRow.__struct_fields__}, AccountRow)
        await pool.execute("UPDATE social_accounts SET updated_at = now() WHERE id = $1", account.id)
        try:
            await credentials.refresh(CONNECTORS[row["platform"]], account)
        except Reconnect as refusal:
            await _refused(pool, row, refusal)
        except VaultError as fault:
            await _unreadable(pool, row, fault)
        except (Failure, Unreadable) as fault:
            log.warning("token not refreshed; tried again later", account=account.id, why=str(fault))
        else:
            log.info("token refreshed ahead of time", account=account.id, platform=row["platform"])
    return len(rows)


async def _refused(pool: Pool, row: asyncpg.Record, refusal: Reconnect) -> None:
    """Tell that a person must reconnect. Until the token ends it is good, unless the platform says otherwise."""
    if refusal.revoked or row["token_expires_at"] <= utc_now():
        await _needs_reauth(pool, row, refusal.message)
        return
    told = {"status": "connected", "reconnectBefore": row["token_expires_at"]}
    await _mark(pool, row, "refresh_refused_at = now()", refusal.message, told)
    log.warning("token will not be refreshed", account=row["id"], good_until=row["token_expires_at"])


async def _unreadable(pool: Pool, row: asyncpg.Record, fault: VaultError) -> None:
    """Mark an account whose tokens cannot be opened; without their key only for now, else for good."""
    await pool.execute("UPDATE social_accounts SET unreadable_at = now() WHERE id = $1", row["id"])
    log.error("tokens cannot be read", account=row["id"], why=str(fault))
    if not isinstance(fault, KeyMissing):
        await _needs_reauth(pool, row, "The stored tokens were damaged.")


async def _needs_reauth(pool: Pool, row: asyncpg.Record, why: str) -> None:
    await _mark(pool, row, "status = 'reauth_required'", why, {"status": "reauth_required"})
    log.warning("account must be reconnected", account=row["id"], why=why)


async def _mark(
    pool: Pool, row: asyncpg.Record, change: LiteralString, why: str, told: Mapping[str, object]
) -> None:
    """Change an account and tell of it, unless it was changed or reconnected meanwhile."""
    async with pool.acquire() as tx, tx.transaction():
        marked = await tx.fetchval(
            f"UPDATE social_accounts SET {change}, updated_at = now()"
            " WHERE id = $1 AND status = 'connected' AND sealed_secrets = $2 RETURNING true",
            *(row["id"], row["sealed_secrets"]),
        )
        if marked:
            data = {"socialAccountId": row["id"], "platform": row["platform"], "reason": why, **told}
            where = (row["organization_id"], row["project_id"], row["id"])
            await events.append(tx, Event("social_account.needs_reauth", *where, data, "token_upkeep"))


OLD_SEALS = """
SELECT id, platform, organization_id, project_id, status, sealed_secrets FROM social_accounts
WHERE sealed_secrets IS NOT NULL AND substring(sealed_secrets FROM 1 FOR $1::int) <> $2
    AND (unreadable_at IS NULL OR unreadable_at < now() - $3::interval)
LIMIT $4
"""


async def seal_anew(pool: Pool, credentials: Credentials) -> int:
    """Seal with the newest key what an older one sealed; returns how many. What cannot be opened is passed over."""
    vault = credentials.vault
    key = vault.newest_key_id
    rows = await pool.fetch(OLD_SEALS, len(key), key, TRY_AGAIN, AT_ONCE)
    done = 0
    for row in rows:
        try:
            sealed = vault.seal(vault.unseal(row["sealed_secrets"], row["id"]), row["id"])
        except VaultError as fault:
            await _unreadable(pool, row, fault)
            continue
        await pool.execute(
            "UPDATE social_accounts SET sealed_secrets = $3, unreadable_at = NULL"
            " WHERE id = $1 AND sealed_secrets = $2",
            *(row["id"], row["sealed_secrets"], sealed),
        )
        done += 1
    if done:
        log.info("sealed with the newest key", accounts=done)
    return done

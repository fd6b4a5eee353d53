"""Keeping accounts connected: tokens refreshed before they end, and sealed anew when the secret key changes."""

from datetime import timedelta

import msgspec
import structlog

from layers import events
from layers.connector import Connector, Failure, Reconnect, Unreadable
from layers.db.pool import Pool
from layers.events import Event
from layers.platforms import CONNECTORS
from layers.publishing.credentials import Credentials
from layers.publishing.ledger import AccountRow

log = structlog.get_logger("layers.accounts")
AT_ONCE = 50
LAST_QUARTER = 0.25
"""A token is refreshed when less than this part of its life is left."""
TRY_AGAIN = timedelta(minutes=10)

DUE = """
SELECT a.id, a.platform, a.organization_id, a.project_id, a.external_id, a.handle, a.service, a.sandbox, a.status,
    a.sealed_secrets, a.token_expires_at, a.post_defaults, a.connected_at
FROM social_accounts a WHERE a.status = 'connected' AND a.token_expires_at IS NOT NULL
    AND a.token_expires_at - now() < $1::float8 * (a.token_expires_at - coalesce(a.token_refreshed_at, a.connected_at))
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
            await _needs_reauth(pool, account, CONNECTORS[row["platform"]], refusal)
        except (Failure, Unreadable) as fault:
            log.warning("token not refreshed; tried again later", account=account.id, why=str(fault))
        else:
            log.info("token refreshed ahead of time", account=account.id, platform=row["platform"])
    return len(rows)


async def _needs_reauth(pool: Pool, account: AccountRow, connector: Connector, refusal: Reconnect) -> None:
    """Say that the account must be reconnected, unless it just was."""
    async with pool.acquire() as tx, tx.transaction():
        row = await tx.fetchrow(
            "UPDATE social_accounts SET status = 'reauth_required', updated_at = now()"
            " WHERE id = $1 AND status = 'connected' AND connected_at = $2 RETURNING organization_id, project_id",
            *(account.id, account.connected_at),
        )
        if row is not None:
            platform = connector.limits.platform
            data = {"socialAccountId": account.id, "platform": platform, "reason": refusal.message}
            kind = "social_account.needs_reauth"
            event = Event(kind, row["organization_id"], row["project_id"], account.id, data, "token_upkeep")
            await events.append(tx, event)
    log.warning("account must be reconnected", account=account.id, why=refusal.message)


async def seal_anew(pool: Pool, credentials: Credentials) -> int:
    """Seal with the newest key what an older one sealed; returns how many."""
    vault = credentials.vault
    rows = await pool.fetch(
        "SELECT id, sealed_secrets FROM social_accounts WHERE sealed_secrets IS NOT NULL"
        " AND substring(sealed_secrets FROM 1 FOR $1::int) <> $2 LIMIT $3",
        *(len(vault.newest_key_id), vault.newest_key_id, AT_ONCE),
    )
    for row in rows:
        sealed = vault.seal(vault.unseal(row["sealed_secrets"], row["id"]), row["id"])
        await pool.execute(
            "UPDATE social_accounts SET sealed_secrets = $3 WHERE id = $1 AND sealed_secrets = $2",
            *(row["id"], row["sealed_secrets"], sealed),
        )
    if rows:
        log.info("sealed with the newest key", accounts=len(rows))
    return len(rows)

"""Keeping the secrets of endpoints sealed with the newest key."""

import structlog

from layers.db.pool import Pool
from layers.vault import Vault, VaultError
from layers.webhooks import store

log = structlog.get_logger("layers.webhooks")
AT_ONCE = 50


async def seal_secrets_anew(pool: Pool, vault: Vault) -> None:
    """Seal with the newest key what an older one sealed; what cannot be opened stays as it is."""
    for row in await store.sealed_before(pool, vault.newest_key_id, AT_ONCE):
        try:
            secrets = vault.unseal(row["sealed_secrets"], row["id"])
        except VaultError as fault:
            log.error("secrets of a webhook endpoint cannot be read", endpoint=row["id"], why=str(fault))
        else:
            await store.seal_anew(pool, row["id"], row["sealed_secrets"], vault.seal(secrets, row["id"]))

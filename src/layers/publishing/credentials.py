"""Opening an account's tokens for a conversation, and refreshing them: one refresh at a time per account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from layers.connector import Account, Connector, Reconnect
from layers.db.pool import Connection, Pool
from layers.kit.times import utc_now
from layers.outbound import Outbound
from layers.publishing.ledger import AccountRow
from layers.settings import Settings
from layers.vault import Vault

REFRESH_BEFORE = timedelta(minutes=5)
"""A token with less life left than this is refreshed before it is used."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where an account's platform is, and whether the operator vouches for that address."""

    origin: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """Turns account rows into accounts connectors can speak for."""

    pool: Pool
    vault: Vault
    outbound: Outbound
    settings: Settings
    sandbox_origin: str

    def door(self, connector: Connector, *, sandbox: bool, service: str | None) -> Door:
        """Return where the platform of an account is: sandbox, the operator's override, its own, the platform's."""
        platform = connector.limits.platform
        if sandbox:
            return Door(f"{self.sandbox_origin}/{platform}", trusted=True)
        if override := self.settings.origin_of(platform):
            return Door(override, trusted=True)
        return Door((service or connector.origin).rstrip("/"), trusted=False)

    def open(self, connector: Connector, row: AccountRow) -> Account:
        """Unseal an account."""
        secrets = self.vault.unseal(row.sealed_secrets, row.id) if row.sealed_secrets else {}
        return self._account(connector, row, secrets)

    def _account(self, connector: Connector, row: AccountRow, secrets: Mapping[str, str]) -> Account:
        door = self.door(connector, sandbox=row.sandbox, service=row.service)
        return Account(
            id=row.id,
            external_id=row.external_id,
            handle=row.handle,
            origin=door.origin,
            secrets={**secrets, **self.app_secrets(connector, sandbox=row.sandbox)},
        )

    def app_secrets(self, connector: Connector, *, sandbox: bool) -> dict[str, str]:
        """Return what the operator configured for the platform's app; the sandbox takes any."""
        platform = connector.limits.platform.upper()
        found = {name: self.settings.platforms.get(f"{platform}_{name}", "") for name in connector.settings}
        return {name: value or ("Layers" if sandbox else "") for name, value in found.items()}

    def is_stale(self, row: AccountRow) -> bool:
        """Tell whether the token ends so soon that using it would be a gamble."""
        return row.token_expires_at is not None and row.token_expires_at - utc_now() < REFRESH_BEFORE

    async def refresh(self, connector: Connector, row: AccountRow) -> Account:
        """Return the account with tokens newer than `row`'s: another's refresh if there was one, else our own.

        The new pair is stored before anybody uses it. Raises Failure.
        """
        async with self.pool.acquire() as tx, tx.transaction():
            sealed: bytes | None = await tx.fetchval(
                "SELECT sealed_secrets FROM social_accounts WHERE id = $1 FOR NO KEY UPDATE", row.id
            )
            if sealed is None:
                raise Reconnect("The account was disconnected.")
            if sealed != row.sealed_secrets:
                return self._account(connector, row, self.vault.unseal(sealed, row.id))
            return await self._refresh(tx, connector, row)

    async def _refresh(self, tx: Connection, connector: Connector, row: AccountRow) -> Account:
        door = self.door(connector, sandbox=row.sandbox, service=row.service)
        flow = connector.refresh(self.open(connector, row))
        tokens = await self.outbound.converse(flow, connector.classify, trusted=door.trusted)
        secrets = {k: v for k, v in tokens.secrets.items() if k not in connector.settings}
        expires_at = utc_now() + tokens.expires_in if tokens.expires_in else None
        await tx.execute(
            "UPDATE social_accounts SET sealed_secrets = $2, token_expires_at = $3, token_refreshed_at = now(),"
            " grant_expires_at = coalesce(now() + $4::interval, grant_expires_at),"
            " grant_life = greatest(grant_life, $4),"
            " refresh_refused_at = NULL, unreadable_at = NULL, updated_at = now() WHERE id = $1",
            *(row.id, self.vault.seal(secrets, row.id), expires_at, tokens.grant_expires_in),
        )
        return self._account(connector, row, secrets)

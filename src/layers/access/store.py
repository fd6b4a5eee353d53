"""All SQL of access."""

import asyncpg

from layers.access.keys import Environment
from layers.db.pool import Connection, Pool


async def find_key(pool: Pool, key_id: str) -> asyncpg.Record | None:
    """Return a key with its organisation, whatever its state, or None."""
    return await pool.fetchrow(
        """SELECT k.id, k.organization_id, o.name AS organization_name, k.environment, k.secret_hash, k.scopes,
            k.rate_limit_tier, k.return_hosts, k.killed_at IS NOT NULL AS key_killed,
            o.killed_at IS NOT NULL AS organization_killed,
            k.retired_at IS NOT NULL OR coalesce(k.expires_at <= now(), false) AS retired
        FROM api_keys k JOIN organizations o ON o.id = k.organization_id WHERE k.key_id = $1""",
        key_id,
    )


async def find_or_make_organization(tx: Connection, new_id: str, name: str) -> str:
    """Return the id of the organisation called `name`, making it under `new_id` if absent."""
    return await tx.fetchval(
        "INSERT INTO organizations (id, name) VALUES ($1, $2)"
        " ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id",
        *(new_id, name),
    )


async def insert_key(
    tx: Connection,
    *,
    id: str,  # noqa: A002
    organization_id: str,
    environment: Environment,
    key_id: str,
    secret_hash: bytes,
    name: str,
    scopes: list[str],
    return_hosts: list[str],
) -> None:
    """Insert a key."""
    await tx.execute(
        "INSERT INTO api_keys (id, organization_id, environment, key_id, secret_hash, name, scopes, return_hosts)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(id, organization_id, environment, key_id, secret_hash, name, scopes, return_hosts),
    )

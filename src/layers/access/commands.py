"""Making keys."""

import msgspec

from layers.access import store
from layers.access.keys import Environment, make_key
from layers.db.pool import Pool
from layers.events import Event, append
from layers.kit.ids import new_id


class NewKey(msgspec.Struct, rename="camel", frozen=True):
    """A key just made. `key` is shown this once; only its hash is kept."""

    organization_id: str
    api_key_id: str
    key: str


async def create_first_key(
    pool: Pool, *, organization: str, environment: Environment, scopes: list[str], return_hosts: list[str]
) -> NewKey:
    """Make a key for an organisation, which is made if there is none of that name."""
    shown, key_id, secret_hash = make_key(environment)
    async with pool.acquire() as tx, tx.transaction():
        organization_id = await store.find_or_make_organization(tx, new_id("org"), organization)
        made = NewKey(organization_id, new_id("key"), shown)
        await store.insert_key(
            tx,
            id=made.api_key_id,
            organization_id=organization_id,
            environment=environment,
            key_id=key_id,
            secret_hash=secret_hash,
            name="made at the command line",
            scopes=scopes,
            return_hosts=return_hosts,
        )
        data = {"apiKeyId": made.api_key_id, "environment": environment, "scopes": scopes}
        await append(tx, Event("api_key.created", organization_id, None, made.api_key_id, data, "cli"))
    return made

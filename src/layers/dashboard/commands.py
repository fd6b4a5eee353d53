"""Signing in and out."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv6Address, ip_address

import asyncpg
from litestar.types import Scope

from layers.access import keys, sessions, store
from layers.access.caller import Caller, admit, key_of
from layers.access.keys import ROLES, Environment, Role
from layers.api import errors
from layers.dashboard.schemas import SignIn
from layers.db.pool import Connection, Pool
from layers.events import Event, append
from layers.kit.ids import new_id

WRONG_A_MINUTE = 60
"""Of one address. Tokens are 256 random bits: it bounds the work of refusing, and the noise."""
ADDRESSES = 10_000


@dataclass(frozen=True, slots=True)
class Link:
    """A link to sign in by, just made: its token is shown this once."""

    organization_id: str
    api_key_id: str
    token: str
    expires_at: datetime


async def make_link(
    tx: Connection,
    organization_id: str,
    environment: Environment,
    role: Role,
    return_hosts: list[str],
    actor: str,
) -> Link:
    """Make a link, and the key that its session will speak for: with the role's scopes and no secret anybody knows."""
    _, key_id, secret_hash = keys.make_key(environment)
    row = await store.insert_key(
        tx,
        id=new_id("key"),
        organization_id=organization_id,
        environment=environment,
        key_id=key_id,
        secret_hash=secret_hash,
        name=f"Dashboard, {role}",
        scopes=ROLES[role],
        return_hosts=sorted({host.lower() for host in return_hosts}),
        for_dashboard=True,
    )
    token, token_hash = sessions.make_token()
    until = await store.insert_link(tx, token_hash, row["api_key_id"], sessions.LINK_LIFE)
    data = {"apiKeyId": row["api_key_id"], "environment": environment, "scopes": row["scopes"], "role": role}
    await append(tx, Event("api_key.created", organization_id, None, row["api_key_id"], data, actor))
    return Link(organization_id, row["api_key_id"], token, until)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just begun, and the token of its cookie."""

    caller: Caller
    token: str
    began_at: datetime


async def sign_in(scope: Scope, pool: Pool, wanted: SignIn, before: str | None) -> SignedIn:
    """Begin a session by a key or a link, and end the one the browser had (`before`: its token).

    Raises Unauthenticated or KillSwitch.
    """
    by_key = await key_of(scope, wanted.key) if wanted.key else None
    token, token_hash = sessions.make_token()
    async with pool.acquire(timeout=10) as tx, tx.transaction():
        record = by_key or await _key_of_link(tx, wanted.link or "")
        caller = admit(scope, record)
        if before:
            await store.end_session(tx, sessions.hash_token(before))
        began_at = await store.insert_session(tx, token_hash, caller.api_key_id, record["secret_hash"])
        how: dict[str, object] = {"by": "key" if by_key else "link"}
        await append(tx, caller.event("dashboard.signed_in", None, caller.api_key_id, how))
    return SignedIn(caller, token, began_at)


async def _key_of_link(tx: Connection, token: str) -> asyncpg.Record:
    record = await store.use_link(tx, sessions.hash_token(token))
    if record is None:
        raise errors.Unauthenticated(
            "This link was used already or has expired. Make a new one with `layers dashboard link`.",
            headers={"WWW-Authenticate": 'Bearer realm="layers"'},
        )
    return record


async def sign_out(pool: Pool, caller: Caller, token: str) -> None:
    """End a session."""
    async with pool.acquire(timeout=10) as tx, tx.transaction():
        if await store.end_session(tx, sessions.hash_token(token)):
            await append(tx, caller.event("dashboard.signed_out", None, caller.api_key_id, {}))


async def tidy(pool: Pool) -> None:
    """Forget sessions and links that are over, and retire the keys made for them."""
    async with pool.acquire() as tx, tx.transaction():
        retired = await store.forget_sessions(tx, sessions.IDLE, sessions.LONGEST)
        await append(
            tx,
            *(
                Event(
                    *("api_key.deleted", row["organization_id"], None, row["id"]),
                    {"apiKeyId": row["id"], "name": row["name"], "environment": row["environment"]},
                    "dashboard",
                )
                for row in retired
            ),
        )


@dataclass(slots=True)
class Attempts:
    """Counts failed sign-ins of each address in this process, of the running minute."""

    minute: int = 0
    failed: OrderedDict[str, int] = field(default_factory=OrderedDict[str, int])

    def refuse_many(self, address: str, now: datetime) -> None:
        """Raise RateLimited where an address has failed too often."""
        minute = int(now.timestamp()) // 60
        if minute != self.minute:
            self.minute, self.failed = minute, OrderedDict()
        if self.failed.get(_block(address), 0) >= WRONG_A_MINUTE:
            wait = 60 - int(now.timestamp()) % 60
            raise errors.RateLimited(
                "Too many sign-ins failed from this address.",
                {"endpointClass": "write-light", "limit": WRONG_A_MINUTE},
                headers={"Retry-After": str(wait)},
            )

    def note_failed(self, address: str) -> None:
        """Count a sign-in that failed."""
        block = _block(address)
        self.failed[block] = self.failed.pop(block, 0) + 1
        if len(self.failed) > ADDRESSES:
            self.failed.popitem(last=False)


def _block(address: str) -> str:
    """Return whom an address belongs to: of IPv6 one has 2^64 of them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(int(parsed) >> 64) if isinstance(parsed, IPv6Address) else address

"""Making, changing and ending keys."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from layers.access import keys, store
from layers.access.caller import Caller
from layers.access.keys import EVERYTHING, Environment, make_key, unknown_scopes
from layers.access.limits import ALLOWED
from layers.access.schemas import ApiKey, CreateKey, DeletedKey, ShownKey
from layers.api import errors
from layers.db.pool import Connection, Pool
from layers.events import Event, append
from layers.kit.ids import new_id
from layers.kit.problems import Issue
from layers.kit.times import to_utc


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


async def set_killed(
    tx: Connection, named: str, *, killed: bool, actor: str, now: datetime
) -> asyncpg.Record:
    """Kill the organisation with that id or name, or revive it; returns it. Raises NotFound.

    Killed, its keys are refused from the next request on and nothing more of it goes out: its posts and webhooks wait
    where they are, and go out in order once it is revived. Where it is so already, nothing changes.
    """
    row = await store.lock_organization(tx, named)
    if row is None:
        raise errors.NotFound(f"There is no organisation {named}.")
    if killed != (row["killed_at"] is not None):
        await store.set_killed(tx, row["id"], now if killed else None)
        kind = "organization.killed" if killed else "organization.revived"
        await append(tx, Event(kind, row["id"], None, row["id"], {"name": row["name"]}, actor))
        row = await store.lock_organization(tx, row["id"])
        assert row is not None
    return row


async def create(tx: Connection, caller: Caller, wanted: CreateKey, now: datetime) -> ShownKey:
    """Make a key that may do no more than the caller's. Raises Validation or ForbiddenScope."""
    if issues := _issues(caller, wanted, now):
        raise errors.Validation(issues)
    _refuse_more_than_own(caller, wanted.scopes)
    shown, key_id, secret_hash = make_key(caller.environment)
    row = await store.insert_key(
        tx,
        id=new_id("key"),
        organization_id=caller.organization_id,
        environment=caller.environment,
        key_id=key_id,
        secret_hash=secret_hash,
        name=wanted.name,
        scopes=sorted(set(wanted.scopes)),
        return_hosts=sorted({host.lower() for host in wanted.return_hosts}),
        rate_limit_tier=wanted.rate_limit_tier or caller.rate_limit_tier,
        expires_at=to_utc(wanted.expires_at) if wanted.expires_at else caller.expires_at,
    )
    await _audit(tx, caller, "api_key.created", row, {"scopes": row["scopes"]})
    return ShownKey(ApiKey(**dict(row)), shown)


def _issues(caller: Caller, wanted: CreateKey, now: datetime) -> list[Issue]:
    issues = [
        Issue("scopes", f"{scope} is no scope of Layers.", "unknown_scope")
        for scope in unknown_scopes(wanted.scopes)
    ]
    at = wanted.expires_at
    if at is not None and at.tzinfo is None:
        issues.append(Issue("expiresAt", "Give a time with Z or an offset.", "timezone_required"))
        at = None
    elif at is not None and at <= now:
        issues.append(Issue("expiresAt", "This time has passed.", "in_the_past"))
    return issues + _above_own(caller, wanted.rate_limit_tier, wanted.return_hosts, at or caller.expires_at)


def _above_own(
    caller: Caller, tier: str | None, return_hosts: Sequence[str], expires_at: datetime | None
) -> list[Issue]:
    """Name what a key would have that the caller's has not, its scopes aside."""
    issues: list[Issue] = []
    if tier and ALLOWED[tier] > ALLOWED[caller.rate_limit_tier]:
        words = f"This key's own tier is {caller.rate_limit_tier}; it can give no higher one."
        issues.append(Issue("rateLimitTier", words, "above_own"))
    issues += [
        Issue(f"returnHosts[{n}]", f"{host} is not among this key's own return hosts.", "above_own")
        for n, host in enumerate(return_hosts)
        if host.lower() not in caller.return_hosts
    ]
    if caller.expires_at is not None and (expires_at is None or expires_at > caller.expires_at):
        issues.append(Issue("expiresAt", "This key expires sooner itself.", "above_own"))
    return issues


def _refuse_more_than_own(caller: Caller, scopes: Sequence[str]) -> None:
    for scope in scopes:
        if not (caller.may(scope) if scope != EVERYTHING else EVERYTHING in caller.scopes):
            raise errors.ForbiddenScope(
                f"This key lacks the scope {scope}, so it cannot give it.", {"requiredScope": scope}
            )


async def rotate(tx: Connection, caller: Caller, api_key_id: str) -> ShownKey:
    """Give a key a new secret; the old one is dead with the commit.

    Raises NotFound, or ForbiddenScope or Validation for a key that may do more than the caller's: who has the secret
    has the key.
    """
    row = await _lock(tx, caller, api_key_id)
    _refuse_more_than_own(caller, row["scopes"])
    if issues := _above_own(caller, row["rate_limit_tier"], row["return_hosts"], row["expires_at"]):
        raise errors.Validation(issues)
    shown, secret_hash = keys.make_secret(caller.environment, row["key_id"])
    row = await store.change_key(tx, api_key_id, {"secret_hash": secret_hash})
    await _audit(tx, caller, "api_key.rotated", row, {})
    return ShownKey(ApiKey(**dict(row)), shown)


async def kill(tx: Connection, caller: Caller, api_key_id: str, now: datetime) -> ApiKey:
    """Disable a key: its next request is refused with KILL_SWITCH. Raises NotFound."""
    row = await _lock(tx, caller, api_key_id)
    row = await store.change_key(tx, api_key_id, {"killed_at": row["killed_at"] or now})
    await _audit(tx, caller, "api_key.killed", row, {})
    return ApiKey(**dict(row))


async def delete(tx: Connection, caller: Caller, api_key_id: str, now: datetime) -> DeletedKey:
    """Retire a key for good. Raises NotFound."""
    await _lock(tx, caller, api_key_id)
    row = await store.change_key(tx, api_key_id, {"retired_at": now})
    await _audit(tx, caller, "api_key.deleted", row, {})
    return DeletedKey(api_key_id, now)


async def _lock(tx: Connection, caller: Caller, api_key_id: str) -> asyncpg.Record:
    row = await store.lock_key(tx, caller.organization_id, caller.environment, api_key_id)
    if row is None:
        raise errors.NotFound(f"There is no key {api_key_id}.")
    return row


async def _audit(
    tx: Connection, caller: Caller, kind: str, row: asyncpg.Record, data: dict[str, object]
) -> None:
    told = {"apiKeyId": row["api_key_id"], "name": row["name"], **data}
    await append(tx, caller.event(kind, None, row["api_key_id"], told))

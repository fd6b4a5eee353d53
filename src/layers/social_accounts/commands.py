"""What can be done with social accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from layers import events
from layers.access.caller import Caller
from layers.api import errors
from layers.connector import Connector, Failure, Identity, Limits, Unreadable
from layers.db.pool import Connection, Pool
from layers.kit.ids import new_id
from layers.kit.problems import Issue
from layers.kit.times import utc_now
from layers.platforms import CONNECTORS
from layers.publishing.commands import LIMITS, cancel_all
from layers.publishing.credentials import Credentials
from layers.publishing.options import option_problems
from layers.sandbox.app import sign_up
from layers.social_accounts import schemas, store

REVOKED = "revoked_by_api"


@dataclass(frozen=True, slots=True)
class Connecting:
    """What connecting needs of this process. `sandbox_pages`: where people see the sandbox, None if nowhere."""

    pool: Pool
    credentials: Credentials
    sandbox_pages: str | None


async def connect(
    tx: Connection, caller: Caller, project_id: str, body: schemas.ConnectBody, by: Connecting
) -> asyncpg.Record:
    """Connect an account with a credential the caller has; the platform is asked first whose it is."""
    connector = CONNECTORS.get(body.platform)
    if connector is None:
        raise errors.one_issue("platform", f"Choose one of: {', '.join(CONNECTORS)}.", "unknown_platform")
    await open_project(tx, caller, project_id)
    sandbox = caller.environment == "test"
    identity = await (_sandbox_identity(body, by) if sandbox else _real_identity(connector, body, by))
    service = None if sandbox else body.credential.get("service") or body.credential.get("baseUrl")
    return await store_identity(
        tx, caller, project_id, body.platform, identity, by, service=service, sandbox=sandbox
    )


async def store_identity(
    tx: Connection,
    caller: Caller,
    project_id: str,
    platform: str,
    identity: Identity,
    by: Connecting,
    *,
    service: str | None,
    sandbox: bool,
) -> asyncpg.Record:
    """Store an identity the platform vouched for, under the id it has if it was connected before.

    Posts that waited for the reconnect are released.
    """
    account_id = await store.id_of(tx, project_id, platform, identity.external_id) or new_id("sa")
    expires_in = identity.tokens.expires_in
    row = await store.upsert(
        tx,
        store.Connected(
            id=account_id,
            organization_id=caller.organization_id,
            project_id=project_id,
            platform=platform,
            sandbox=sandbox,
            external_id=identity.external_id,
            handle=identity.handle,
            display_name=identity.display_name,
            avatar_url=identity.avatar_url,
            service=service,
            sealed_secrets=by.credentials.vault.seal(identity.tokens.secrets, account_id),
            token_expires_at=utc_now() + expires_in if expires_in else None,
            grant_life=identity.tokens.grant_expires_in,
            server=identity.server,
        ),
    )
    released = await store.release_waiting(tx, account_id)
    data: dict[str, object] = {
        "socialAccountId": account_id,
        "platform": platform,
        "handle": identity.handle,
        "releasedScheduledPosts": released,
    }
    await events.append(tx, caller.event("social_account.connected", project_id, account_id, data))
    return row


async def open_project(tx: Connection, caller: Caller, project_id: str) -> None:
    status = await store.project_status(tx, caller, project_id)
    if status is None:
        raise errors.NotFound(f"There is no project {project_id}.")
    if status != "active":
        raise errors.Conflict("The project is archived.", {"subcode": "PROJECT_ARCHIVED"})


async def _sandbox_identity(body: schemas.ConnectBody, by: Connecting) -> Identity:
    handle = body.credential.get("handle", "").strip()
    if not handle or len(handle) > 100 or body.credential.keys() != {"handle"}:
        words = 'With a test key the credential is {"handle": "…"} for every platform.'
        raise errors.one_issue("credential", words, "invalid_value")
    return await sign_up(by.pool, body.platform, handle)


async def _real_identity(connector: Connector, body: schemas.ConnectBody, by: Connecting) -> Identity:
    _check_fields(connector, body.credential)
    service = body.credential.get("service") or body.credential.get("baseUrl")
    if service and not service.startswith(("https://", "http://")):
        raise errors.one_issue("credential", "The address must start with https://.", "invalid_value")
    door = by.credentials.door(connector, sandbox=False, service=service)
    try:
        return await by.credentials.outbound.converse(
            connector.connect(body.credential, door.origin), connector.classify, trusted=door.trusted
        )
    except (Failure, Unreadable) as refusal:
        words = f"{connector.limits.title} does not accept this credential: {refusal}"
        raise errors.one_issue("credential", words, "credential_refused") from refusal


def _check_fields(connector: Connector, credential: dict[str, str]) -> None:
    known = connector.credential_fields
    issues = [
        Issue(f"credential.{name}", f"This field is required: {known[name]}.", "required")
        for name in known
        if not credential.get(name)
    ]
    issues += [
        Issue(f"credential.{name}", f"Unknown field; known here: {', '.join(known)}.", "unknown_field")
        for name in sorted(credential.keys() - known.keys())
    ]
    if issues:
        raise errors.Validation(issues)


async def get(tx: Connection, caller: Caller, account_id: str, *, lock: bool = False) -> asyncpg.Record:
    """Return the caller's account. Raises NotFound."""
    row = await store.find(tx, caller, account_id, lock=lock)
    if row is None:
        raise errors.NotFound(f"There is no social account {account_id}.")
    return row


async def set_defaults(
    tx: Connection, caller: Caller, account_id: str, defaults: dict[str, object]
) -> asyncpg.Record:
    """Set the options that targets of this account may leave out; each must be known to one of its modes."""
    row = await get(tx, caller, account_id, lock=True)
    if issues := _default_issues(LIMITS[row["platform"]], defaults):
        raise errors.Validation(issues)
    await store.set_defaults(tx, account_id, defaults)
    data: dict[str, object] = {"socialAccountId": account_id, "fields": sorted(defaults)}
    await events.append(tx, caller.event("social_account.updated", row["project_id"], account_id, data))
    return await get(tx, caller, account_id)


def _default_issues(limits: Limits, defaults: Mapping[str, object]) -> list[Issue]:
    """Name what no mode knows, and what a mode that knows it cannot take."""
    known = {name for mode in limits.modes.values() for name in mode.options}
    found: dict[str, tuple[str, str]] = {}
    for mode in limits.modes.values():
        heard = {name: v for name, v in defaults.items() if name in mode.options or name not in known}
        found = {at: (words, code) for at, words, code in option_problems(mode, heard)} | found
    return [Issue(f"postDefaults.{at}", *why) for at, why in found.items()]


async def revoke(tx: Connection, caller: Caller, account_id: str) -> schemas.RevokedAccount:
    """Disconnect an account and cancel its queued posts; a repeat changes nothing and answers the same."""
    row = await get(tx, caller, account_id, lock=True)
    if row["status"] == "disconnected":
        count = await store.canceled_by_revoking(tx, account_id)
        return _revoked(account_id, row["disconnected_reason"], count, row["disconnected_at"])
    at = await store.revoke(tx, account_id, REVOKED)
    count = await cancel_all(tx, caller, account_id=account_id, reason="account revoked")
    data: dict[str, object] = {
        "socialAccountId": account_id,
        "platform": row["platform"],
        "canceledScheduledPosts": count,
    }
    await events.append(tx, caller.event("social_account.revoked", row["project_id"], account_id, data))
    return _revoked(account_id, REVOKED, count, at)


async def hold(tx: Connection, caller: Caller, account_id: str, until: datetime) -> None:
    """Let no post of an account be taken up until then; what a worker has in hand is finished."""
    row = await get(tx, caller, account_id, lock=True)
    if row["status"] == "disconnected":
        raise errors.Conflict("The account is disconnected.", {"status": row["status"]})
    await store.hold(tx, account_id, until)
    data: dict[str, object] = {"socialAccountId": account_id, "until": until}
    await events.append(tx, caller.event("social_account.held", row["project_id"], account_id, data))


async def release(tx: Connection, caller: Caller, account_id: str) -> int:
    """End a hold, the platform's as well, and try parked posts at once; returns how many."""
    row = await get(tx, caller, account_id, lock=True)
    released = await store.release(tx, account_id)
    data: dict[str, object] = {"socialAccountId": account_id, "releasedScheduledPosts": released}
    await events.append(tx, caller.event("social_account.released", row["project_id"], account_id, data))
    return released


def _revoked(account_id: str, reason: str, count: int, at: datetime) -> schemas.RevokedAccount:
    return schemas.RevokedAccount(account_id, "disconnected", reason, count, at)


LAST_QUARTER = 0.25


def health_from(account_id: str, row: asyncpg.Record, now: datetime) -> schemas.AccountHealth:
    """Return the wire object of a row of `store.health`."""
    limits = LIMITS[row["platform"]]
    left = posts_left(limits, row["published_today"])
    public = [
        left[name] for name, mode in limits.modes.items() if name in left and mode.ends_in == "published"
    ]
    return schemas.AccountHealth(
        social_account_id=account_id,
        status=row["status"],
        token=_token_state(row, now),
        token_expires_at=row["token_expires_at"],
        reconnect_before=_reconnect_before(row),
        last_published_at=row["last_published_at"],
        posts_left_today=max(public, default=None),
        posts_left_today_by_mode=left,
        posts_waiting=row["waiting"],
        hold_until=row["hold_until"],
    )


def posts_left(limits: Limits, today: Mapping[str, int]) -> dict[str, int]:
    """Return how many posts the caps leave for each mode that has one, given those of the last 24 hours by mode."""
    left: dict[str, int] = {}
    for cap in limits.daily_caps:
        rest = max(cap.posts - sum(today.get(mode, 0) for mode in cap.modes), 0)
        left |= {mode: min(rest, left.get(mode, rest)) for mode in cap.modes}
    return left


def _reconnect_before(row: asyncpg.Record) -> datetime | None:
    """Return when the last token ends that comes without a person."""
    return row["token_expires_at"] if row["refresh_refused_at"] else row["grant_expires_at"]


def _token_state(row: asyncpg.Record, now: datetime) -> schemas.TokenState:
    """Say how the tokens are. One that Layers renews by itself in time is nobody's concern, so it is valid."""
    if not row["has_token"]:
        return "missing"
    if row["unreadable_at"]:
        return "unreadable"
    ends = [at for at in (row["token_expires_at"], row["grant_expires_at"]) if at is not None]
    if any(at <= now for at in ends):
        return "expired"
    if row["status"] == "reauth_required":
        return "refused"
    if row["refresh_refused_at"]:
        return "expiring"
    grant_ends, life = row["grant_expires_at"], row["grant_life"]
    if grant_ends is not None and life is not None and grant_ends - now < LAST_QUARTER * life:
        return "expiring"
    return "valid" if ends else "unlimited"

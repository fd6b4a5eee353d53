"""What can be done to webhook endpoints and deliveries."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg
from msgspec import UNSET

from layers import events
from layers.access.caller import Caller
from layers.api import errors
from layers.db.pool import Connection
from layers.kit.ids import new_id
from layers.kit.problems import Issue
from layers.outbound import url_issue
from layers.vault import Vault, VaultError
from layers.webhooks import rules, schemas, signature, store


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms endpoints are made. `anywhere`: private addresses and plain http are allowed."""

    vault: Vault
    anywhere: bool


async def create(
    tx: Connection, caller: Caller, body: schemas.CreateEndpoint, terms: Terms
) -> tuple[asyncpg.Record, str]:
    """Make an endpoint; returns it and its secret."""
    changes = _changes_of(body)
    issues = await _issues(tx, caller, changes, terms)
    if await store.count(tx, caller) >= rules.MAX_ENDPOINTS:
        issues.append(
            Issue("$", f"At most {rules.MAX_ENDPOINTS} endpoints; delete one first.", "too_many_endpoints")
        )
    if issues:
        raise errors.Validation(issues)
    endpoint_id, secret = new_id("whe"), signature.new_secret()
    sealed = terms.vault.seal({signature.NEWEST: secret}, endpoint_id)
    row = await store.insert(tx, caller, {"id": endpoint_id, "sealed_secrets": sealed, **changes})
    await _audit(tx, caller, "created", row, {"events": row["events"]})
    return row, secret


async def patch(
    tx: Connection, caller: Caller, endpoint_id: str, body: schemas.PatchEndpoint, terms: Terms
) -> asyncpg.Record:
    """Change an endpoint; made active again, it hears what waited meanwhile."""
    await get(tx, caller, endpoint_id, lock=True)
    changes = _changes_of(body)
    if not changes:
        raise errors.one_issue("$", f"Give at least one of: {', '.join(_FIELDS)}.", "required")
    if issues := await _issues(tx, caller, changes, terms):
        raise errors.Validation(issues)
    row = await store.patch(tx, endpoint_id, changes)
    await _audit(tx, caller, "updated", row, {"fields": sorted(changes)})
    return row


_FIELDS = ("url", "events", "description", "projectId", "status")


def _changes_of(body: schemas.CreateEndpoint | schemas.PatchEndpoint) -> dict[str, object]:
    given = {name: getattr(body, name) for name in body.__struct_fields__}
    changes = {name: value for name, value in given.items() if value is not UNSET}
    if "events" in changes:
        changes["events"] = list(dict.fromkeys(changes["events"]))
    return changes


async def _issues(tx: Connection, caller: Caller, changes: dict[str, object], terms: Terms) -> list[Issue]:
    """Return what is wrong and no type can say."""
    issues: list[Issue] = []
    url, project_id = changes.get("url"), changes.get("project_id")
    if isinstance(url, str) and (issue := url_issue(url, anywhere=terms.anywhere)):
        issues.append(issue)
    if isinstance(project_id, str) and not await store.find_project(tx, caller, project_id):
        issues.append(Issue("projectId", f"There is no project {project_id}.", "not_found"))
    return issues


async def get(tx: Connection, caller: Caller, endpoint_id: str, *, lock: bool = False) -> asyncpg.Record:
    """Return the caller's endpoint. Raises NotFound."""
    row = await store.find(tx, caller, endpoint_id, lock=lock)
    if row is None:
        raise errors.NotFound(f"There is no webhook endpoint {endpoint_id}.")
    return row


async def delete(tx: Connection, caller: Caller, endpoint_id: str) -> None:
    """Delete an endpoint; what it has not heard yet it will not hear."""
    row = await get(tx, caller, endpoint_id, lock=True)
    await store.delete(tx, endpoint_id)
    await _audit(tx, caller, "deleted", row, {})


async def rotate(
    tx: Connection, caller: Caller, endpoint_id: str, terms: Terms, now: datetime
) -> schemas.RotatedSecret:
    """Give an endpoint a new secret; the one before signs on for a day."""
    row = await get(tx, caller, endpoint_id, lock=True)
    try:
        held = terms.vault.unseal(row["sealed_secrets"], endpoint_id)
    except VaultError:  # its key is gone: a new secret is the remedy
        held = {}
    if len(signature.valid(held, now)) >= rules.MAX_SECRETS:
        raise errors.Conflict(
            f"{rules.MAX_SECRETS} secrets are valid already; wait until one of them ends.",
            {"subcode": "TOO_MANY_SECRETS"},
        )
    secrets = signature.rotated(held, now)
    row = await store.patch(tx, endpoint_id, {"sealed_secrets": terms.vault.seal(secrets, endpoint_id)})
    await _audit(tx, caller, "secret_rotated", row, {})
    return schemas.RotatedSecret(endpoint_id, secrets[signature.NEWEST], now + signature.OVERLAP)


async def ping(tx: Connection, caller: Caller, endpoint_id: str) -> asyncpg.Record:
    """Send an endpoint a `test.ping`; returns its delivery."""
    row = await get(tx, caller, endpoint_id)
    _refuse_paused(row["status"])
    event = caller.event(rules.PING, row["project_id"], endpoint_id, {"webhookEndpointId": endpoint_id})
    return await _delivery(tx, caller, await store.insert_ping(tx, endpoint_id, event))


async def replay(tx: Connection, caller: Caller, delivery_id: str) -> asyncpg.Record:
    """Deliver once more, or at once what waits for its next try; returns the delivery."""
    row = await _delivery(tx, caller, delivery_id, lock=True)
    _refuse_paused(row["endpoint_status"])
    if row["being_sent"]:
        raise errors.Conflict("It is being sent at this moment.", {"subcode": "DELIVERY_IN_HAND"})
    await store.replay(tx, delivery_id)
    data: dict[str, object] = {"webhookEndpointId": row["endpoint_id"], "eventId": row["event_id"]}
    await events.append(tx, caller.event("webhook_delivery.replayed", row["project_id"], delivery_id, data))
    return await _delivery(tx, caller, delivery_id)


async def _delivery(
    tx: Connection, caller: Caller, delivery_id: str, *, lock: bool = False
) -> asyncpg.Record:
    row = await store.find_delivery(tx, caller, delivery_id, lock=lock)
    if row is None:
        raise errors.NotFound(f"There is no webhook delivery {delivery_id}.")
    return row


def _refuse_paused(status: str) -> None:
    if status == "paused":
        raise errors.Conflict(
            'The endpoint is paused; make it active first, with PATCH {"status": "active"}.',
            {"subcode": "ENDPOINT_PAUSED"},
        )


async def _audit(
    tx: Connection, caller: Caller, what: str, row: asyncpg.Record, data: dict[str, object]
) -> None:
    data = {"url": row["url"], **data}
    await events.append(tx, caller.event(f"webhook_endpoint.{what}", row["project_id"], row["id"], data))

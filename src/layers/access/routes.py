"""`GET /v1/whoami`, API keys and the audit log (contract sections 1 and 6)."""

from datetime import datetime
from typing import Annotated

import asyncpg
import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from layers.access import commands, schemas, store
from layers.access.caller import Calling
from layers.api.pages import Cursor, Page, page_of, read_cursor
from layers.api.routes import ANY_KEY, NoBody, operation
from layers.api.times import utc_or_refuse

KEYS = "/v1/api-keys"
KEY = f"{KEYS}/{{api_key_id:str}}"


EventType = Annotated[str, msgspec.Meta(max_length=64)]


@get("/v1/whoami", opt=operation(ANY_KEY), operation_id="apiKeys.whoami")
async def whoami(call: Calling[NoBody]) -> schemas.Whoami:
    """Say whose key this is and what it may do."""
    return schemas.whoami(call.caller)


@get(KEYS, opt=operation("keys:read"), operation_id="apiKeys.list")
async def list_keys(
    call: Calling[NoBody],
    cursor: Cursor = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> Page[schemas.ApiKey]:
    """List the keys of this environment, newest first."""
    caller = call.caller
    query: dict[str, object] = {"of": "keys", "in": caller.organization_id, "env": caller.environment}
    last = read_cursor(cursor, query, (str, str))
    after = (datetime.fromisoformat(str(last[0])), str(last[1])) if last else None
    rows = await store.page_of_keys(call.tx, caller.organization_id, caller.environment, after, limit + 1)
    return page_of(
        rows,
        limit,
        query,
        key=lambda row: (row["created_at"].isoformat(), row["api_key_id"]),
        item=lambda row: schemas.ApiKey(**dict(row)),
    )


@post(KEYS, opt=operation("keys:write", body=schemas.CreateKey, secret=True), operation_id="apiKeys.create")
async def create_key(call: Calling[schemas.CreateKey]) -> schemas.ShownKey:
    """Make a key that may do no more than the one that makes it. The secret is shown this once."""
    return await commands.create(call.tx, call.caller, call.payload, call.now)


@post(
    f"{KEY}/rotate", opt=operation("keys:write", secret=True), status_code=200, operation_id="apiKeys.rotate"
)
async def rotate_key(call: Calling[NoBody], api_key_id: FromPath[str]) -> schemas.ShownKey:
    """Give a key a new secret; the old one is dead at once."""
    return await commands.rotate(call.tx, call.caller, api_key_id)


@post(f"{KEY}/kill", opt=operation("keys:write"), status_code=200, operation_id="apiKeys.kill")
async def kill_key(call: Calling[NoBody], api_key_id: FromPath[str]) -> schemas.ApiKey:
    """Disable a key; its next request is refused."""
    return await commands.kill(call.tx, call.caller, api_key_id, call.now)


@delete(KEY, opt=operation("keys:write"), status_code=200, operation_id="apiKeys.delete")
async def delete_key(call: Calling[NoBody], api_key_id: FromPath[str]) -> schemas.DeletedKey:
    """Retire a key for good."""
    return await commands.delete(call.tx, call.caller, api_key_id, call.now)


@get("/v1/audit-log", opt=operation("audit:read"), operation_id="audit.list")
async def audit_log(
    call: Calling[NoBody],
    event_type: Annotated[list[EventType] | None, QueryParameter(name="eventType")] = None,
    project_id: Annotated[str | None, QueryParameter(name="projectId", max_length=255)] = None,
    api_key_id: Annotated[str | None, QueryParameter(name="apiKeyId", max_length=255)] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    cursor: Cursor = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Page[schemas.AuditEvent]:
    """List what was done in this environment, newest first."""
    caller = call.caller
    wanted = store.AuditFilter(
        tuple(event_type) if event_type else None,
        project_id,
        api_key_id,
        utc_or_refuse(since, "since"),
        utc_or_refuse(until, "until"),
    )
    query = ("audit", caller.organization_id, caller.environment, wanted)
    last = read_cursor(cursor, query, (int,))
    rows = await store.page_of_audit(
        call.tx, caller.organization_id, caller.environment, wanted, int(last[0]) if last else None, limit + 1
    )
    return page_of(rows, limit, query, key=lambda row: (row["position"],), item=_audit_event)


def _audit_event(row: asyncpg.Record) -> schemas.AuditEvent:
    return schemas.AuditEvent(
        event_id=row["id"],
        event_type=row["type"],
        occurred_at=row["occurred_at"],
        request_id=row["request_id"],
        organization_id=row["organization_id"],
        project_id=row["project_id"],
        api_key_id=row["api_key_id"],
        actor=row["actor"],
        data=row["data"],
    )


ROUTES = [whoami, list_keys, create_key, rotate_key, kill_key, delete_key, audit_log]

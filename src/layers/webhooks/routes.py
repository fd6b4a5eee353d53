"""Endpoints of webhooks (contract section 6)."""

from datetime import datetime
from typing import Annotated

import asyncpg
from litestar import delete, get, patch, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import convert

from layers.access.caller import Calling
from layers.api.pages import Cursor, Page, page_of, read_cursor
from layers.api.routes import NoBody, operation
from layers.webhooks import commands, schemas, store

ENDPOINTS = "/v1/webhook-endpoints"
ENDPOINT = f"{ENDPOINTS}/{{endpoint_id:str}}"


def _endpoint(row: asyncpg.Record) -> schemas.WebhookEndpoint:
    return schemas.WebhookEndpoint(**{name: row[name] for name in row.keys() if name != "sealed_secrets"})  # noqa: SIM118 - a Record iterates over its values


def _delivery(row: asyncpg.Record) -> schemas.WebhookDelivery:
    return schemas.WebhookDelivery(
        id=row["id"],
        webhook_endpoint_id=row["endpoint_id"],
        event_id=row["event_id"],
        event_type=row["event_type"],
        status=row["status"],
        attempts=row["attempts"],
        next_attempt_at=None if row["in_hand"] else row["due_at"],
        delivered_at=row["delivered_at"],
        created_at=row["created_at"],
        payload=schemas.payload_from(row),
        request=convert(row["request"], schemas.SentRequest | None),
        tries=convert(row["tries"], list[schemas.DeliveryTry]),
    )


@post(
    ENDPOINTS,
    opt=operation("webhooks:write", body=schemas.CreateEndpoint, secret=True),
    operation_id="webhooks.createEndpoint",
)
async def create(call: Calling[schemas.CreateEndpoint], state: State) -> schemas.WebhookEndpoint:
    """Make an endpoint; its secret is shown this once."""
    row, secret = await commands.create(call.tx, call.caller, call.payload, state["webhook_terms"])
    endpoint = _endpoint(row)
    endpoint.secret = secret
    return endpoint


@get(ENDPOINTS, opt=operation("webhooks:read"), operation_id="webhooks.listEndpoints")
async def listing(
    call: Calling[NoBody],
    cursor: Cursor = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> Page[schemas.WebhookEndpoint]:
    """List endpoints, newest first."""
    query = {
        "of": "webhook-endpoints",
        "in": call.caller.organization_id,
        "env": call.caller.environment,
    }
    last = read_cursor(cursor, query, (str, str))
    after = (datetime.fromisoformat(str(last[0])), str(last[1])) if last else None
    rows = await store.page(call.tx, call.caller, after, limit + 1)
    return page_of(
        rows, limit, query, key=lambda row: (row["created_at"].isoformat(), row["id"]), item=_endpoint
    )


@get(ENDPOINT, opt=operation("webhooks:read"), operation_id="webhooks.getEndpoint")
async def read(call: Calling[NoBody], endpoint_id: FromPath[str]) -> schemas.WebhookEndpoint:
    """Return an endpoint."""
    return _endpoint(await commands.get(call.tx, call.caller, endpoint_id))


@patch(
    ENDPOINT,
    opt=operation("webhooks:write", body=schemas.PatchEndpoint),
    operation_id="webhooks.updateEndpoint",
)
async def change(
    call: Calling[schemas.PatchEndpoint], state: State, endpoint_id: FromPath[str]
) -> schemas.WebhookEndpoint:
    """Change an endpoint, pause it, or make it active again."""
    terms = state["webhook_terms"]
    return _endpoint(await commands.patch(call.tx, call.caller, endpoint_id, call.payload, terms))


@delete(ENDPOINT, opt=operation("webhooks:write"), status_code=200, operation_id="webhooks.deleteEndpoint")
async def remove(call: Calling[NoBody], endpoint_id: FromPath[str]) -> schemas.DeletedEndpoint:
    """Delete an endpoint and its deliveries."""
    await commands.delete(call.tx, call.caller, endpoint_id)
    return schemas.DeletedEndpoint(endpoint_id, deleted=True)


@post(
    f"{ENDPOINT}/rotate-secret",
    opt=operation("webhooks:write", secret=True, subcodes=("TOO_MANY_SECRETS",)),
    status_code=200,
    operation_id="webhooks.rotateSecret",
)
async def rotate(call: Calling[NoBody], state: State, endpoint_id: FromPath[str]) -> schemas.RotatedSecret:
    """Give an endpoint a new secret; the one before signs on for a day."""
    return await commands.rotate(call.tx, call.caller, endpoint_id, state["webhook_terms"], call.now)


@post(
    f"{ENDPOINT}/test",
    opt=operation("webhooks:write", subcodes=("ENDPOINT_PAUSED",)),
    status_code=202,
    operation_id="webhooks.testEndpoint",
)
async def ping(call: Calling[NoBody], endpoint_id: FromPath[str]) -> schemas.WebhookDelivery:
    """Send a `test.ping`, whether or not the endpoint asked for it; it is tried once."""
    return _delivery(await commands.ping(call.tx, call.caller, endpoint_id))


@get(f"{ENDPOINT}/deliveries", opt=operation("webhooks:read"), operation_id="webhooks.listDeliveries")
async def deliveries(
    call: Calling[NoBody],
    endpoint_id: FromPath[str],
    status: FromQuery[schemas.DeliveryStatus | None] = None,
    cursor: Cursor = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> Page[schemas.WebhookDelivery]:
    """List what an endpoint was told or is to be told, newest first; kept for 30 days."""
    await commands.get(call.tx, call.caller, endpoint_id)
    query = {"of": "webhook-deliveries", "in": endpoint_id, "status": status}
    last = read_cursor(cursor, query, (str,))
    before = str(last[0]) if last else None
    rows = await store.deliveries(call.tx, endpoint_id, status, before, limit + 1)
    return page_of(rows, limit, query, key=lambda row: (row["id"],), item=_delivery)


@post(
    "/v1/webhook-deliveries/{delivery_id:str}/replay",
    opt=operation("webhooks:write", subcodes=("ENDPOINT_PAUSED", "DELIVERY_IN_HAND")),
    status_code=202,
    operation_id="webhooks.replayDelivery",
)
async def replay(call: Calling[NoBody], delivery_id: FromPath[str]) -> schemas.WebhookDelivery:
    """Deliver an event once more, under the same event id."""
    return _delivery(await commands.replay(call.tx, call.caller, delivery_id))


ROUTES = [create, listing, read, change, remove, rotate, ping, deliveries, replay]

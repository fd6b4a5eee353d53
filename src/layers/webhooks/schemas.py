"""Wire models of webhooks."""

from datetime import datetime
from typing import Annotated, Literal

import asyncpg
import msgspec
from msgspec import UNSET, Meta, UnsetType

from layers.api.routes import Id, Wire, WireOut

EventType = Literal[
    "post.scheduled",
    "post.published",
    "post.failed",
    "post.canceled",
    "post.draft_ready",
    "post.late",
    "content.completed",
    "content.failed",
    "content.approved",
    "content.rejected",
    "social_account.connected",
    "social_account.needs_reauth",
    "social_account.revoked",
    "test.ping",
]
"""What an endpoint can hear of. All else that happens is for the audit log alone."""
EndpointStatus = Literal["active", "paused"]
DeliveryStatus = Literal["pending", "delivered", "failed"]
Url = Annotated[str, Meta(min_length=1, max_length=2048)]
Events = Annotated[list[EventType], Meta(min_length=1, max_length=100)]
Description = Annotated[str, Meta(max_length=500)]


class CreateEndpoint(Wire):
    """Body of `POST /v1/webhook-endpoints`."""

    url: Url
    events: Events
    description: Description | None = None
    project_id: Id | None = None


class PatchEndpoint(Wire):
    """Body of `PATCH /v1/webhook-endpoints/:id`; what is absent stays."""

    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    description: Description | None | UnsetType = UNSET
    project_id: Id | None | UnsetType = UNSET
    status: EndpointStatus | UnsetType = UNSET


class WebhookEndpoint(WireOut):
    """An endpoint; `failures` counts the tries in a row that failed."""

    id: str
    url: str
    events: list[str]
    description: str | None
    project_id: str | None
    status: EndpointStatus
    paused_at: datetime | None
    failures: int
    created_at: datetime
    updated_at: datetime
    secret: str | UnsetType = UNSET
    """Shown once, in the answer that made it."""


class RotatedSecret(WireOut):
    """Answer of `POST …/rotate-secret`; until then the secret before signs as well."""

    id: str
    secret: str
    previous_secret_valid_until: datetime


class DeletedEndpoint(WireOut):
    """Answer of `DELETE /v1/webhook-endpoints/:id`."""

    id: str
    deleted: bool


class WebhookEvent(WireOut):
    """What an endpoint receives."""

    id: str
    type: str
    created_at: datetime
    data: dict[str, object]


class SentRequest(WireOut):
    """What was sent with the payload at the last try."""

    url: str
    headers: dict[str, str]


class DeliveryTry(WireOut):
    """One try: the answer's status and the beginning of its body, or what went wrong."""

    at: datetime
    duration_ms: int
    status: int | None
    response: str | None
    error: str | None


class WebhookDelivery(WireOut):
    """One event on its way to one endpoint."""

    id: str
    webhook_endpoint_id: str
    event_id: str
    event_type: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime
    payload: WebhookEvent
    request: SentRequest | None
    tries: list[DeliveryTry]


def payload_from(row: asyncpg.Record) -> WebhookEvent:
    """Return what an endpoint receives, of a row with the columns of `store.EVENT`."""
    data = {"projectId": row["project_id"], **row["data"]}
    return WebhookEvent(row["event_id"], row["event_type"], row["occurred_at"], data)


def body_of(payload: WebhookEvent) -> bytes:
    """Return the bytes that are signed and sent, the same at every try."""
    return msgspec.json.encode(payload)

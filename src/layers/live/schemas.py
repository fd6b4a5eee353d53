"""What the stream tells: the events of webhooks, and hints that something changed which no webhook tells of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import asyncpg
import msgspec

from layers.api.routes import WireOut
from layers.webhooks.payloads import DATA, EventData

StreamedType = Literal[
    "post.scheduled",
    "post.published",
    "post.failed",
    "post.canceled",
    "post.draft_ready",
    "post.late",
    "post.updated",
    "content.completed",
    "content.failed",
    "content.approved",
    "content.rejected",
    "content.updated",
    "social_account.connected",
    "social_account.needs_reauth",
    "social_account.revoked",
    "social_account.updated",
]
SCOPES: Mapping[str, str] = {
    "post": "publish:read",
    "content": "content:read",
    "social_account": "social:read",
}
"""The scope without which events of a kind are not told."""
RELOAD = "reload"


class PostUpdatedData(EventData):
    """Something about the post changed that no other event tells: it is being published, is tried again later, has
    another time. Read it anew."""

    scheduled_post_id: str


class ContentUpdatedData(EventData):
    """Something about the container changed that no other event tells: its words, a kept intent; or it was deleted."""

    container_id: str


class SocialAccountUpdatedData(EventData):
    """Something about the account changed that no other event tells."""

    social_account_id: str


class ReloadData(EventData):
    """What happened since `lastEventId` cannot be told: read everything anew. What follows is whole."""

    reason: Literal["unknown_event", "too_many"]


UPDATES: Mapping[str, type[EventData]] = {
    "post.updated": PostUpdatedData,
    "content.updated": ContentUpdatedData,
    "social_account.updated": SocialAccountUpdatedData,
    RELOAD: ReloadData,
}
"""What only the stream tells."""
TOLD = {kind: data for kind, data in DATA.items() if kind.partition(".")[0] in SCOPES} | dict(UPDATES)
"""All it tells."""
SUBJECTS = {"post": "scheduledPostId", "content": "containerId", "social_account": "socialAccountId"}


class Told(WireOut):
    """An event as it is told. `id` null: a hint that cannot be asked for again."""

    id: str | None
    type: str
    created_at: datetime
    data: dict[str, object]


def told_from(row: asyncpg.Record) -> Told:
    """Return how an event is told, of a row with the columns of `store.EVENT`."""
    kind, data = row["type"], {"projectId": row["project_id"]}
    if kind in DATA:
        return Told(row["id"], kind, row["occurred_at"], {**data, **row["data"]})
    family = kind.partition(".")[0]
    return Told(
        row["id"], f"{family}.updated", row["occurred_at"], {**data, SUBJECTS[family]: row["subject_id"]}
    )


def written(told: Told) -> bytes:
    """Return an event as it goes over the line."""
    name = f"id: {told.id}\n" if told.id else ""
    return f"{name}event: {told.type}\ndata: ".encode() + msgspec.json.encode(told) + b"\n\n"

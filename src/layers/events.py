"""What happened, appended in the transaction of what it reports: the audit log and the source of webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass

from layers.db.pool import Connection
from layers.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `type` is the wire's word ("post.published"), `data` what a webhook will carry."""

    type: str
    organization_id: str
    project_id: str | None
    subject_id: str | None
    data: Mapping[str, object]
    actor: str
    api_key_id: str | None = None
    request_id: str | None = None


async def append(tx: Connection, *events: Event) -> None:
    """Append events, in order."""
    await tx.executemany(
        "INSERT INTO events (id, type, organization_id, project_id, subject_id, data, actor, api_key_id, request_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            (
                *(new_id("evt"), e.type, e.organization_id, e.project_id, e.subject_id),
                *(dict(e.data), e.actor, e.api_key_id, e.request_id),
            )
            for e in events
        ],
    )

"""What can be done with containers: make, change, delete, approve, reject."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from layers import events
from layers.access.caller import Caller
from layers.api import errors
from layers.api.multipart import Form
from layers.connector import Media
from layers.content import intakes, schemas, staging, store
from layers.content.staging import Staged
from layers.content.store import ProjectFacts
from layers.db.pool import Connection, Pool
from layers.kit.ids import new_id
from layers.publishing import commands as publishing
from layers.publishing.rules import in_approval_window


async def create_text(
    tx: Connection, caller: Caller, project_id: str, body: schemas.CreateText, now: datetime
) -> str:
    """Make a text container; returns its id."""
    project = await open_project(tx, caller, project_id)
    new = new_container(caller, project, new_id("cnt"), "text", body.caption, body.first_comment, [], now)
    return await _insert(tx, caller, new)


async def create_from_files(
    tx: Connection, caller: Caller, project_id: str, form: Form, staged: Staged, now: datetime
) -> str:
    """Make a container of the files of a form, which are staged; returns its id."""
    project = await open_project(tx, caller, project_id)
    await staging.adopt(tx, staged)
    caption, comment = form.fields.get("caption", ""), form.fields.get("firstComment") or None
    new = new_container(
        caller, project, staged.container_id, staged.kind, caption, comment, staged.media, now
    )
    return await _insert(tx, caller, new)


async def open_project(tx: Connection, caller: Caller, project_id: str) -> ProjectFacts:
    """Return the caller's project, kept from being deleted. Raises NotFound or Conflict."""
    project = await store.project(tx, caller.organization_id, caller.environment, project_id)
    if project is None:
        raise errors.NotFound(f"There is no project {project_id}.")
    if project.status != "active":
        raise errors.Conflict("The project is archived.", {"subcode": "PROJECT_ARCHIVED"})
    return project


def needs_approval(project: ProjectFacts) -> bool:
    """Tell whether a container made now must be approved."""
    return in_approval_window(
        project.requires_approval, project.first_n_posts_blocked, project.approved_count
    )


def new_container(
    caller: Caller,
    project: ProjectFacts,
    container_id: str,
    kind: str,
    caption: str,
    first_comment: str | None,
    media: Sequence[tuple[Media, str]] | None,
    now: datetime,
) -> store.NewContainer:
    """Return a container to insert; `media` None: it is still to come, and the timer of approval starts with it."""
    pending = needs_approval(project)
    timer = project.auto_approve_after if media is not None else None
    return store.NewContainer(
        id=container_id,
        organization_id=caller.organization_id,
        project_id=project.id,
        kind=kind,
        caption=caption,
        first_comment=first_comment,
        pending=pending,
        auto_approve_at=now + timer if pending and timer else None,
        media=media,
    )


async def _insert(tx: Connection, caller: Caller, new: store.NewContainer) -> str:
    await store.insert(tx, new)
    data = told(new.id, new.kind, len(new.media or ()))
    await events.append(tx, caller.event("content.completed", new.project_id, new.id, data))
    return new.id


def told(container_id: str, kind: str, assets: int) -> dict[str, object]:
    """Return what `content.completed` tells."""
    return {"containerId": container_id, "kind": kind, "assets": assets}


async def get(tx: Connection, caller: Caller, container_id: str, *, lock: bool = False) -> asyncpg.Record:
    """Return the caller's container. Raises NotFound."""
    row = await store.find(tx, caller.organization_id, caller.environment, container_id, lock=lock)
    if row is None:
        raise errors.NotFound(f"There is no container {container_id}.")
    return row


async def patch(tx: Connection, caller: Caller, container_id: str, changes: dict[str, object]) -> None:
    """Change what will be said. An approved container must be approved again: approval is of what was seen."""
    if not changes:
        raise errors.one_issue("$", "Give at least one of: caption, firstComment.", "required")
    row = await get(tx, caller, container_id, lock=True)
    if row["kind"] == "text" and changes.get("caption") == "":
        raise errors.one_issue("caption", "A text container needs a caption.", "required")
    changes = {name: value for name, value in changes.items() if value != row[name]}
    project = await store.project(tx, caller.organization_id, caller.environment, row["project_id"])
    again = (
        bool(changes)
        and row["approval_status"] == "approved"
        and project is not None
        and needs_approval(project)
    )
    if changes:
        await store.patch(tx, container_id, changes, pending_again=again)
        data: dict[str, object] = {
            "containerId": container_id,
            "fields": sorted(changes),
            "approvalAgain": again,
        }
        await events.append(tx, caller.event("content.updated", row["project_id"], container_id, data))


async def delete(
    tx: Connection, caller: Caller, container_id: str
) -> tuple[schemas.DeletedContainer, list[str]]:
    """Delete a container none of whose posts is on its way; also returns object keys to remove after the commit."""
    row = await get(tx, caller, container_id, lock=True)
    if await store.has_live_posts(tx, container_id):
        raise errors.Conflict(
            "Posts of this container are on their way. Cancel them first.", {"subcode": "LIVE_POSTS"}
        )
    await publishing.withdraw(tx, container_id)
    await intakes.close(tx, container_id)
    at, keys = await store.delete(tx, container_id)
    await events.append(
        tx, caller.event("content.deleted", row["project_id"], container_id, {"containerId": container_id})
    )
    return schemas.DeletedContainer(container_id, at), keys


async def approve(
    tx: Connection, caller: Caller, container_id: str, note: str | None, now: datetime
) -> schemas.Approved:
    """Approve a container and release the intent kept on it."""
    row = await _pending(tx, caller, container_id)
    at = await store.approve(tx, container_id, caller.actor, note)
    data: dict[str, object] = {"containerId": container_id, "approvedBy": caller.actor, "note": note}
    await events.append(tx, caller.event("content.approved", row["project_id"], container_id, data))
    promotion = await publishing.promote(tx, caller, container_id, now)
    answer = schemas.Approved(container_id, "approved", at, caller.actor)
    if promotion is not None:
        answer.pending_schedule_promotion = promotion
    return answer


async def reject(tx: Connection, caller: Caller, container_id: str, reason: str) -> schemas.Rejected:
    """Reject a container for good; an intent kept on it is dropped."""
    row = await _pending(tx, caller, container_id)
    at = await store.reject(tx, container_id, caller.actor, reason)
    await publishing.withdraw(tx, container_id)
    data: dict[str, object] = {"containerId": container_id, "rejectedBy": caller.actor, "reason": reason}
    await events.append(tx, caller.event("content.rejected", row["project_id"], container_id, data))
    return schemas.Rejected(container_id, "rejected", at, caller.actor, reason)


async def _pending(tx: Connection, caller: Caller, container_id: str) -> asyncpg.Record:
    row = await get(tx, caller, container_id, lock=True)
    if row["status"] != "completed":
        raise errors.Conflict(
            "The container's media is not ready, so there is nothing to judge yet.",
            {"subcode": "CONTAINER_NOT_COMPLETED", "status": row["status"]},
        )
    if row["approval_status"] != "pending":
        raise errors.Conflict(
            f"The container's approval is {row['approval_status']}, not pending.",
            {"approvalStatus": row["approval_status"]},
        )
    return row


async def withdraw(tx: Connection, caller: Caller, container_id: str) -> None:
    """Drop the intent kept on a container. Raises NotFound when there is none."""
    row = await get(tx, caller, container_id, lock=True)
    if not await publishing.withdraw(tx, container_id):
        raise errors.NotFound("No intent is kept on this container.")
    data: dict[str, object] = {"containerId": container_id}
    await events.append(tx, caller.event("content.intent_withdrawn", row["project_id"], container_id, data))


async def auto_approve_next(pool: Pool, now: datetime) -> bool:
    """Approve one container whose timer has run out; tells whether there was one."""
    async with pool.acquire() as tx, tx.transaction():
        row = await store.next_auto_approval(tx)
        if row is None:
            return False
        timer = Caller(
            organization_id=row["organization_id"],
            organization_name=row["organization_name"],
            environment=row["environment"],
            api_key_id="",
            scopes=frozenset(),
            rate_limit_tier="",
            return_hosts=(),
            request_id="",
            actor_name="auto_approval",
        )
        await approve(tx, timer, row["id"], None, now)
        return True

"""What can be done to a project."""

from datetime import timedelta
from typing import LiteralString
from zoneinfo import available_timezones

import asyncpg
import msgspec
from msgspec import UNSET

from layers import events
from layers.access.caller import Caller
from layers.api import errors
from layers.db.pool import Connection
from layers.kit.ids import new_id
from layers.kit.problems import Issue
from layers.kit.times import read_duration
from layers.projects import schemas, store
from layers.publishing.commands import cancel_all

ZONES = available_timezones()
LONGEST_TIMER = timedelta(days=365)


def changes_of(body: msgspec.Struct) -> dict[str, object]:
    """Return the fields a caller gave, by column name."""
    given = {name: getattr(body, name) for name in body.__struct_fields__}
    return {name: value for name, value in given.items() if value is not UNSET}


def check(changes: dict[str, object]) -> None:
    """Raise Validation for what a type cannot say: zones, sizes, durations; those are read in place."""
    issues: list[Issue] = []
    if "timezone" in changes and changes["timezone"] not in ZONES:
        issues.append(Issue("timezone", "Use an IANA name such as Europe/Berlin.", "unknown_timezone"))
    metadata = changes.get("metadata")
    if isinstance(metadata, dict) and schemas.too_large(metadata):  # pyright: ignore[reportUnknownArgumentType]
        issues.append(Issue("metadata", f"At most {schemas.MAX_METADATA_BYTES} bytes of JSON.", "too_large"))
    if isinstance(after := changes.get("auto_approve_after"), str):
        changes["auto_approve_after"], issue = _read_timer(after)
        issues += issue
    if issues:
        raise errors.Validation(issues)


def _read_timer(given: str) -> tuple[timedelta | None, list[Issue]]:
    try:
        after = read_duration(given)
    except OverflowError:
        after = timedelta.max
    if after is None:
        words = "Give an ISO-8601 duration such as PT36H, P2D or P1W."
        return None, [Issue("autoApproveAfter", words, "invalid_value")]
    if not timedelta() < after <= LONGEST_TIMER:
        words = "Use a duration above PT0S and up to P365D."
        return None, [Issue("autoApproveAfter", words, "out_of_range")]
    return after, []


async def create(tx: Connection, caller: Caller, body: schemas.CreateProject) -> asyncpg.Record:
    """Make a project."""
    changes = changes_of(body)
    check(changes)
    row = await store.insert(tx, caller.organization_id, caller.environment, {"id": new_id("prj"), **changes})
    await events.append(tx, caller.event("project.created", row["id"], row["id"], {"name": row["name"]}))
    return row


async def get(
    tx: Connection,
    caller: Caller,
    project_id: str,
    *,
    columns: LiteralString = store.PROJECT,
    lock: bool = False,
) -> asyncpg.Record:
    """Return the caller's project. Raises NotFound."""
    row = await store.find(
        tx, caller.organization_id, caller.environment, project_id, columns=columns, lock=lock
    )
    if row is None:
        raise errors.NotFound(f"There is no project {project_id}.")
    return row


async def patch(
    tx: Connection, caller: Caller, project_id: str, body: schemas.PatchProject
) -> asyncpg.Record:
    """Change a project."""
    changes = _some(body)
    await _live(tx, caller, project_id)
    row = await store.patch(tx, project_id, changes, "updated_at", store.PROJECT)
    await events.append(
        tx, caller.event("project.updated", project_id, project_id, {"fields": sorted(changes)})
    )
    return row


async def patch_policy(
    tx: Connection, caller: Caller, project_id: str, body: schemas.PatchPolicy
) -> asyncpg.Record:
    """Change the approval policy; it rules containers made from now on."""
    changes = _some(body)
    await _live(tx, caller, project_id)
    row = await store.patch(tx, project_id, changes, "policy_updated_at", store.POLICY)
    await events.append(
        tx, caller.event("approval_policy.updated", project_id, project_id, {"fields": sorted(changes)})
    )
    return row


def _some(body: msgspec.Struct) -> dict[str, object]:
    changes = changes_of(body)
    if not changes:
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(body))
        raise errors.one_issue("$", f"Give at least one of: {known}.", "required")
    check(changes)
    return changes


async def _live(tx: Connection, caller: Caller, project_id: str) -> None:
    row = await get(tx, caller, project_id, columns="status", lock=True)
    if row["status"] != "active":
        raise errors.Conflict("The project is archived.", {"subcode": "PROJECT_ARCHIVED"})


async def archive(tx: Connection, caller: Caller, project_id: str) -> schemas.ArchivedProject:
    """Archive a project and cancel its queued posts; a repeat changes nothing and answers the same."""
    row = await get(tx, caller, project_id, lock=True)
    if row["status"] != "active":
        count = await store.canceled_by_archiving(tx, project_id)
        return schemas.ArchivedProject(project_id, row["status"], row["archived_at"], count)
    archived_at = await store.archive(tx, project_id)
    count = await cancel_all(tx, caller, project_id=project_id, reason="project archived")
    await events.append(
        tx, caller.event("project.archived", project_id, project_id, {"canceledScheduledPosts": count})
    )
    return schemas.ArchivedProject(project_id, "archived", archived_at, count)


async def erase(tx: Connection, caller: Caller, project_id: str) -> asyncpg.Record:
    """Have workers erase an archived project for good (`layers.projects.erasure`); a repeat changes nothing.

    Posts that are on their way need their account and media, so they must have ended before.
    """
    row = await get(tx, caller, project_id, lock=True)
    if row["status"] == "active":
        raise errors.Conflict("Archive the project first.", {"subcode": "PROJECT_NOT_ARCHIVED"})
    if row["status"] != "archived":
        return row
    if await store.has_live_posts(tx, project_id):
        words = "Posts of this project are on their way to their platforms. Ask again when they have ended."
        raise errors.Conflict(words, {"subcode": "LIVE_POSTS"})
    row = await store.mark_erasing(tx, project_id)
    await events.append(tx, caller.event("project.erasure_requested", project_id, project_id, {}))
    return row

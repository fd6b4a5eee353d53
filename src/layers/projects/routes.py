"""Endpoints of projects and approval policies (contract sections 3 and 5)."""

from datetime import datetime
from typing import Annotated

import asyncpg
from litestar import delete, get, patch, post
from litestar.params import FromPath, QueryParameter

from layers.access.caller import Calling
from layers.api.pages import Cursor, Page, page_of, read_cursor
from layers.api.routes import NoBody, operation
from layers.projects import commands, schemas, store

PATH = "/v1/projects/{project_id:str}"


def _project(row: asyncpg.Record) -> schemas.Project:
    return schemas.Project(**dict(row))


@post(
    "/v1/projects",
    opt=operation("projects:write", body=schemas.CreateProject),
    operation_id="projects.create",
)
async def create(call: Calling[schemas.CreateProject]) -> schemas.Project:
    """Make a project."""
    return _project(await commands.create(call.tx, call.caller, call.payload))


@get("/v1/projects", opt=operation("projects:read"), operation_id="projects.list")
async def listing(
    call: Calling[NoBody],
    cursor: Cursor = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> Page[schemas.Project]:
    """List projects, newest first."""
    query: dict[str, object] = {
        "of": "projects",
        "in": call.caller.organization_id,
        "env": call.caller.environment,
    }
    last = read_cursor(cursor, query, (str, str))
    after = (datetime.fromisoformat(str(last[0])), str(last[1])) if last else None
    rows = await store.page(call.tx, call.caller.organization_id, call.caller.environment, after, limit + 1)
    return page_of(
        rows, limit, query, key=lambda row: (row["created_at"].isoformat(), row["id"]), item=_project
    )


@get(PATH, opt=operation("projects:read"), operation_id="projects.get")
async def read(call: Calling[NoBody], project_id: FromPath[str]) -> schemas.Project:
    """Return a project."""
    return _project(await commands.get(call.tx, call.caller, project_id))


@patch(
    PATH,
    opt=operation("projects:write", body=schemas.PatchProject, subcodes=("PROJECT_ARCHIVED",)),
    operation_id="projects.update",
)
async def change(call: Calling[schemas.PatchProject], project_id: FromPath[str]) -> schemas.Project:
    """Change a project."""
    return _project(await commands.patch(call.tx, call.caller, project_id, call.payload))


@delete(PATH, opt=operation("projects:write"), status_code=200, operation_id="projects.archive")
async def archive(call: Calling[NoBody], project_id: FromPath[str]) -> schemas.ArchivedProject:
    """Archive a project; its queued posts are canceled."""
    return await commands.archive(call.tx, call.caller, project_id)


@get(f"{PATH}/approval-policy", opt=operation("projects:read"), operation_id="approval.getPolicy")
async def read_policy(call: Calling[NoBody], project_id: FromPath[str]) -> schemas.ApprovalPolicy:
    """Return the approval policy."""
    return schemas.ApprovalPolicy(
        **dict(await commands.get(call.tx, call.caller, project_id, columns=store.POLICY))
    )


@patch(
    f"{PATH}/approval-policy",
    opt=operation("projects:write", body=schemas.PatchPolicy, subcodes=("PROJECT_ARCHIVED",)),
    operation_id="approval.updatePolicy",
)
async def change_policy(
    call: Calling[schemas.PatchPolicy], project_id: FromPath[str]
) -> schemas.ApprovalPolicy:
    """Change the approval policy."""
    return schemas.ApprovalPolicy(
        **dict(await commands.patch_policy(call.tx, call.caller, project_id, call.payload))
    )


ROUTES = [create, listing, read, change, archive, read_policy, change_policy]

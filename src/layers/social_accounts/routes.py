"""Endpoints of social accounts."""

from datetime import datetime
from typing import Annotated, Any

import asyncpg
from litestar import delete, get, patch, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import Scope
from msgspec import UNSET

from layers.access.caller import Calling
from layers.api.errors import NotFound
from layers.api.pages import Page, page_of, read_cursor
from layers.api.routes import NoBody, operation
from layers.publishing.routes import nudge
from layers.social_accounts import commands, schemas, store

ACCOUNT = "/v1/social-accounts/{account_id:str}"
PROJECT = "/v1/projects/{project_id:str}/social-accounts"


def account_from(row: asyncpg.Record) -> schemas.SocialAccount:
    """Return the wire object of a row with the columns of `store.ACCOUNT`."""
    values: dict[str, Any] = dict(row)
    for name in ("disconnected_reason", "disconnected_at"):
        if values[name] is None:
            values[name] = UNSET
    return schemas.SocialAccount(**values)


@post(PROJECT, opt=operation("social:write", body=schemas.ConnectBody))
async def connect(
    call: Calling[schemas.ConnectBody], scope: Scope, project_id: FromPath[str]
) -> schemas.SocialAccount:
    """Connect an account with a credential one already has."""
    row = await commands.connect(
        call.tx, call.caller, project_id, call.payload, scope["litestar_app"].state["connecting"]
    )
    nudge(scope)
    return account_from(row)


@get(PROJECT, opt=operation("social:read"))
async def listing(
    call: Calling[NoBody],
    project_id: FromPath[str],
    platform: FromQuery[str | None] = None,
    status: FromQuery[schemas.AccountStatus | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
) -> Page[schemas.SocialAccount]:
    """List a project's accounts, newest first."""
    if await store.project_status(call.tx, call.caller, project_id) is None:
        raise NotFound(f"There is no project {project_id}.")
    wanted = {"of": "social-accounts", "in": project_id, "platform": platform, "status": status}
    last = read_cursor(cursor, wanted, (str, str))
    after = (datetime.fromisoformat(str(last[0])), str(last[1])) if last else None
    rows = await store.page(call.tx, project_id, wanted, after, limit + 1)
    return page_of(
        rows,
        limit,
        wanted,
        key=lambda row: (row["connected_at"].isoformat(), row["social_account_id"]),
        item=account_from,
    )


@patch(ACCOUNT, opt=operation("social:write", body=schemas.PatchAccount))
async def change(call: Calling[schemas.PatchAccount], account_id: FromPath[str]) -> schemas.SocialAccount:
    """Set the options that targets of this account may leave out."""
    return account_from(
        await commands.set_defaults(call.tx, call.caller, account_id, call.payload.post_defaults)
    )


@delete(ACCOUNT, opt=operation("social:write"), status_code=200)
async def revoke(call: Calling[NoBody], account_id: FromPath[str]) -> schemas.Revoked:
    """Disconnect an account; its queued posts are canceled in the same transaction."""
    return await commands.revoke(call.tx, call.caller, account_id)


ROUTES = [connect, listing, change, revoke]

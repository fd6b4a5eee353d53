"""Endpoints of social accounts."""

from datetime import datetime
from typing import Annotated, Any

import asyncpg
from litestar import Request, delete, get, patch, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect
from litestar.types import Scope
from msgspec import UNSET

from layers.access.caller import Calling
from layers.api.errors import NotFound, ReturnUrlNotAllowed
from layers.api.pages import Cursor, Page, page_of, read_cursor
from layers.api.routes import NoBody, open_page, open_to_all, operation
from layers.publishing.routes import nudge
from layers.social_accounts import commands, oauth, schemas, store

ACCOUNT = "/v1/social-accounts/{account_id:str}"
PROJECT = "/v1/projects/{project_id:str}/social-accounts"


def account_from(row: asyncpg.Record) -> schemas.SocialAccount:
    """Return the wire object of a row with the columns of `store.ACCOUNT`."""
    values: dict[str, Any] = dict(row)
    for name in ("disconnected_reason", "disconnected_at"):
        if values[name] is None:
            values[name] = UNSET
    return schemas.SocialAccount(**values)


@post(
    PROJECT,
    opt=operation("social:write", body=schemas.ConnectBody, subcodes=("PROJECT_ARCHIVED",)),
    operation_id="social.connectAccount",
)
async def connect(
    call: Calling[schemas.ConnectBody], scope: Scope, project_id: FromPath[str]
) -> schemas.SocialAccount:
    """Connect an account with a credential one already has."""
    row = await commands.connect(
        call.tx, call.caller, project_id, call.payload, scope["litestar_app"].state["connecting"]
    )
    nudge(scope)
    return account_from(row)


@get(PROJECT, opt=operation("social:read"), operation_id="social.listAccounts")
async def listing(
    call: Calling[NoBody],
    project_id: FromPath[str],
    platform: Annotated[str | None, QueryParameter(max_length=64)] = None,
    status: FromQuery[schemas.AccountStatus | None] = None,
    cursor: Cursor = None,
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


@patch(ACCOUNT, opt=operation("social:write", body=schemas.PatchAccount), operation_id="social.updateAccount")
async def change(call: Calling[schemas.PatchAccount], account_id: FromPath[str]) -> schemas.SocialAccount:
    """Set the options that targets of this account may leave out."""
    return account_from(
        await commands.set_defaults(call.tx, call.caller, account_id, call.payload.post_defaults)
    )


@delete(ACCOUNT, opt=operation("social:write"), status_code=200, operation_id="social.disconnectAccount")
async def revoke(call: Calling[NoBody], account_id: FromPath[str]) -> schemas.RevokedAccount:
    """Disconnect an account; its queued posts are canceled in the same transaction."""
    return await commands.revoke(call.tx, call.caller, account_id)


@post(
    "/v1/projects/{project_id:str}/social/oauth-url",
    opt=operation(
        "social:write", body=schemas.OAuthBody, errors=(ReturnUrlNotAllowed,), subcodes=("PROJECT_ARCHIVED",)
    ),
    status_code=200,
    operation_id="social.createOauthUrl",
)
async def oauth_url(
    call: Calling[schemas.OAuthBody], scope: Scope, project_id: FromPath[str]
) -> schemas.AuthorizeUrl:
    """Say where a person consents to connect an account."""
    wanted = oauth.Wanted(call.payload.platform, call.payload.return_url, call.payload.service)
    by = scope["litestar_app"].state["connecting"]
    return await oauth.begin(call.tx, call.caller, project_id, wanted, by, call.now)


@post(
    "/v1/projects/{project_id:str}/social/reauth-url",
    opt=operation(
        "social:write", body=schemas.ReauthBody, errors=(ReturnUrlNotAllowed,), subcodes=("PROJECT_ARCHIVED",)
    ),
    status_code=200,
    operation_id="social.createReauthUrl",
)
async def reauth_url(
    call: Calling[schemas.ReauthBody], scope: Scope, project_id: FromPath[str]
) -> schemas.AuthorizeUrl:
    """Say where a person consents to reconnect an account; it keeps its id."""
    by = scope["litestar_app"].state["connecting"]
    return await oauth.begin_again(call.tx, call.caller, project_id, call.payload, by, call.now)


@get(
    f"{oauth.CALLBACK}{{platform:str}}",
    opt=open_page(errors=(NotFound,), media=()),
    status_code=302,
    operation_id="social.oauthCallback",
)
async def callback(request: Request[Any, Any, Any], platform: FromPath[str]) -> Redirect:
    """Take a person back from the platform and send them on to where the caller wanted them."""
    returned = {name: value for name, value in request.query_params.items() if "\x00" not in value}
    where = await oauth.finish(platform, returned, request.app.state["connecting"])
    request.app.state["nudge"]()
    return Redirect(where, status_code=302, headers={"Referrer-Policy": "no-referrer"})


@get(
    f"{oauth.METADATA}{{platform:str}}",
    opt=open_to_all(errors=(NotFound,)),
    operation_id="social.getClientMetadata",
)
async def client_metadata(request: Request[Any, Any, Any], platform: FromPath[str]) -> dict[str, object]:
    """Describe this installation to servers that know apps by the address of such a document."""
    return dict(oauth.client_metadata(platform, request.app.state["public_origin"]))


@get(
    "/v1/social/oauth-status/{state_id:str}",
    opt=operation("social:read", polled=True),
    operation_id="social.getOauthStatus",
)
async def oauth_status(call: Calling[NoBody], state_id: FromPath[str]) -> schemas.OAuthStatus:
    """Say how an authorization of this key stands."""
    row = await store.find_state(call.tx, call.caller, state_id)
    if row is None:
        raise NotFound("This key has begun no such authorization.")
    ids: list[str] = row["social_account_ids"]
    answer = schemas.OAuthStatus(state_id, row["status"], row["expires_at"])
    if ids:
        answer.social_account_id, answer.social_account_ids = ids[0], ids
    if row["status"] == "pending" and row["expires_at"] < call.now:
        answer.status, answer.error = "failed", {"code": "expired", "message": "Nobody came back in time."}
    elif row["error"]:
        answer.error = row["error"]
    return answer


@get(f"{ACCOUNT}/health", opt=operation("social:read"), operation_id="social.getAccountHealth")
async def health(call: Calling[NoBody], account_id: FromPath[str]) -> schemas.AccountHealth:
    """Say how an account is doing."""
    await commands.get(call.tx, call.caller, account_id)
    return commands.health_from(account_id, await store.health(call.tx, account_id), call.now)


ROUTES = [
    connect,
    listing,
    change,
    revoke,
    oauth_url,
    reauth_url,
    callback,
    client_metadata,
    oauth_status,
    health,
]

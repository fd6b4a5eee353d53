"""Endpoints of containers, approval and assets (contract sections 3 and 4)."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, cast

import asyncpg
import msgspec
from litestar import Request, Response, delete, get, patch, post, route
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream
from litestar.types import Scope

from layers.access.caller import Calling
from layers.api.context import after_commit, state_of
from layers.api.errors import Conflict, NotFound, RangeNotSatisfiable, Validation
from layers.api.pages import Cursor, Page, page_of, read_cursor
from layers.api.routes import NoBody, open_to_all, operation
from layers.api.times import utc_or_refuse
from layers.api.transaction import UPLOAD_STATE
from layers.connector import Media, Mode
from layers.content import commands, schemas, store
from layers.content.remade import remade
from layers.kit.times import steady_end, utc_now
from layers.publishing.commands import LIMITS
from layers.publishing.fit import LEFT_OUT, misfits
from layers.publishing.remake import fits_ratio, parse_remake, remake_of
from layers.publishing.routes import nudge
from layers.publishing.schemas import PendingSchedule

CONTENT = "/v1/content/{container_id:str}"
PROJECT = "/v1/projects/{project_id:str}/content"
LINK_LIFE = timedelta(hours=1, minutes=15)
"""How long a link is good at the most; it is good for an hour at least."""
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def container_from(row: asyncpg.Record, scope: Scope) -> schemas.Container:
    """Return the wire object of a row with the columns of `store.CONTAINER`."""
    values: dict[str, Any] = dict(row)
    media = msgspec.convert(values.pop("media"), list[Media])
    pending = values.pop("pending")
    return schemas.Container(
        **values,
        assets=[_asset(item, scope) for item in media],
        pending_schedule=msgspec.convert(pending, PendingSchedule) if pending else None,
        platform_fit=platform_fit(values["kind"], media, values["caption"], values["first_comment"]),
    )


def _asset(item: Media, scope: Scope) -> schemas.Asset:
    state = scope["litestar_app"].state
    url = state["public_origin"] + state["signer"].sign(
        f"/v1/assets/{item.id}", steady_end(utc_now(), LINK_LIFE)
    )
    return schemas.Asset(
        id=item.id,
        kind=item.kind,
        url=url,
        mime_type=item.mime_type,
        width=item.width,
        height=item.height,
        duration_ms=item.duration_ms,
        size_bytes=item.size_bytes,
        sha256=item.sha256,
    )


def platform_fit(
    kind: Any, media: list[Media], caption: str, first_comment: str | None
) -> dict[str, dict[str, schemas.Fit]]:
    """Say for every mode of every platform whether the content fits, and if not, why."""
    fits: dict[str, dict[str, schemas.Fit]] = {}
    for platform, limits in LIMITS.items():
        fits[platform] = {}
        for name, mode in limits.modes.items():
            found = misfits(mode, kind, media, caption, first_comment)
            problems = [m.message for m in found if m.code not in LEFT_OUT]
            fits[platform][name] = schemas.Fit(
                not problems, problems, [] if problems else _changes(mode, media)
            )
    return fits


def _changes(mode: Mode, media: list[Media]) -> list[str]:
    found: list[str] = []
    for index, item in enumerate(media):
        limit = mode.media.get(item.kind)
        if limit is not None and remake_of(limit, item):
            shape = "" if fits_ratio(limit, item) else ", padded with white to an accepted ratio"
            found.append(f"Item {index + 1} is sent as JPEG in sRGB{shape}.")
    return found


@post(
    PROJECT,
    opt=operation("content:write", body=schemas.CreateText, form=True, subcodes=("PROJECT_ARCHIVED",)),
    operation_id="content.create",
)
async def create(
    call: Calling[schemas.CreateText | None], scope: Scope, project_id: FromPath[str]
) -> schemas.Container:
    """Make a container from uploaded files (multipart) or from text (JSON)."""
    if call.payload is None:
        form, storage = state_of(scope)[UPLOAD_STATE], scope["litestar_app"].state["storage"]
        container_id = await commands.create_from_files(
            call.tx, call.caller, project_id, form, storage, call.now
        )
    else:
        container_id = await commands.create_text(call.tx, call.caller, project_id, call.payload, call.now)
    return container_from(await commands.get(call.tx, call.caller, container_id), scope)


@get(PROJECT, opt=operation("content:read"), operation_id="content.list")
async def listing(
    call: Calling[NoBody],
    scope: Scope,
    project_id: FromPath[str],
    status: FromQuery[schemas.ContainerStatus | None] = None,
    approval_status: Annotated[schemas.ApprovalStatus | None, QueryParameter(name="approvalStatus")] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    cursor: Cursor = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 25,
) -> Page[schemas.Container]:
    """List a project's containers, newest first."""
    if await store.project(call.tx, call.caller.organization_id, call.caller.environment, project_id) is None:
        raise NotFound(f"There is no project {project_id}.")
    wanted = store.Filter(
        project_id, status, approval_status, utc_or_refuse(since, "since"), utc_or_refuse(until, "until")
    )
    last = read_cursor(cursor, wanted, (str, str))
    after = (datetime.fromisoformat(str(last[0])), str(last[1])) if last else None
    rows = await store.page(call.tx, wanted, after, limit + 1)
    return page_of(
        rows,
        limit,
        wanted,
        key=lambda row: (row["created_at"].isoformat(), row["id"]),
        item=lambda row: container_from(row, scope),
    )


@get(CONTENT, opt=operation("content:read", polled=True), operation_id="content.get")
async def read(call: Calling[NoBody], scope: Scope, container_id: FromPath[str]) -> schemas.Container:
    """Return a container."""
    return container_from(await commands.get(call.tx, call.caller, container_id), scope)


@patch(CONTENT, opt=operation("content:write", body=schemas.PatchContainer), operation_id="content.update")
async def change(
    call: Calling[schemas.PatchContainer], scope: Scope, container_id: FromPath[str]
) -> schemas.Container:
    """Change caption or first comment; posts already queued keep what they were scheduled with."""
    given = {name: getattr(call.payload, name) for name in call.payload.__struct_fields__}
    changes = {name: value for name, value in given.items() if value is not msgspec.UNSET}
    await commands.patch(call.tx, call.caller, container_id, changes)
    return container_from(await commands.get(call.tx, call.caller, container_id), scope)


@delete(
    CONTENT,
    opt=operation("content:write", subcodes=("LIVE_POSTS",)),
    status_code=200,
    operation_id="content.delete",
)
async def remove(
    call: Calling[NoBody], scope: Scope, container_id: FromPath[str]
) -> schemas.DeletedContainer:
    """Delete a container none of whose posts is on its way."""
    deleted, keys = await commands.delete(call.tx, call.caller, container_id)
    after_commit(scope, lambda: scope["litestar_app"].state["forget_objects"](keys))
    return deleted


@post(
    f"{CONTENT}/approve",
    opt=operation("content:approve", body=schemas.ApproveBody, errors=(Conflict,)),
    status_code=200,
    operation_id="approval.approve",
)
async def approve(
    call: Calling[schemas.ApproveBody], scope: Scope, container_id: FromPath[str]
) -> schemas.Approved:
    """Approve a container; an intent kept on it is released."""
    approved = await commands.approve(call.tx, call.caller, container_id, call.payload.note, call.now)
    nudge(scope)
    return approved


@post(
    f"{CONTENT}/reject",
    opt=operation("content:approve", body=schemas.RejectBody, errors=(Conflict,)),
    status_code=200,
    operation_id="approval.reject",
)
async def reject(call: Calling[schemas.RejectBody], container_id: FromPath[str]) -> schemas.Rejected:
    """Reject a container for good."""
    return await commands.reject(call.tx, call.caller, container_id, call.payload.reason)


@delete(
    f"{CONTENT}/pending-schedule",
    opt=operation("publish:write"),
    status_code=200,
    operation_id="approval.withdrawPendingSchedule",
)
async def withdraw(call: Calling[NoBody], container_id: FromPath[str]) -> schemas.Withdrawn:
    """Withdraw the intent kept on a container that waits for approval."""
    await commands.withdraw(call.tx, call.caller, container_id)
    return schemas.Withdrawn(container_id)


@route(
    "/v1/assets/{asset_id:str}",
    http_method=["GET", "HEAD"],
    opt=open_to_all(
        errors=(NotFound, RangeNotSatisfiable, Validation),
        also={206: "The range that was asked for."},
        media=("image/*", "video/*"),
        tagged=True,
    ),
    operation_id="content.getAsset",
)
async def asset(
    request: Request[Any, Any, Any],
    asset_id: FromPath[str],
    expires: FromQuery[int] = 0,
    signature: Annotated[str, QueryParameter(max_length=255)] = "",
) -> Response[Any]:
    """Return an asset's bytes to whoever holds a signed link; one range at a time."""
    found = await _signed_asset(request.app.state, asset_id, f"/v1/assets/{asset_id}", expires, signature)
    wanted = None if request.method == "HEAD" else request.headers.get("range")  # RFC 9110, 14.2: GET only
    answer = _stream(request.app.state["storage"].stream, found, wanted)
    if request.method == "HEAD":
        return Response(b"", headers=answer.headers, media_type=answer.media_type)
    return answer


@route(
    "/v1/assets/{asset_id:str}/{form:str}",
    http_method=["GET", "HEAD"],
    opt=open_to_all(errors=(NotFound, Validation), media=("image/jpeg",)),
    operation_id="content.getAssetForm",
)
async def remade_asset(
    request: Request[Any, Any, Any],
    asset_id: FromPath[str],
    form: FromPath[str],
    expires: FromQuery[int] = 0,
    signature: Annotated[str, QueryParameter(max_length=255)] = "",
) -> Response[bytes]:
    """Return an image in the form a platform demands, to whoever holds a signed link."""
    state = request.app.state
    found = await _signed_asset(state, asset_id, f"/v1/assets/{asset_id}/{form}", expires, signature)
    remake = parse_remake(form)
    if remake is None:
        raise NotFound(f"There is no form {form}.")
    raw = await state["storage"].read(found["object_key"], 0, found["size_bytes"])
    made = await asyncio.to_thread(remade, raw, remake)
    return Response(made, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


async def _signed_asset(
    state: State, asset_id: str, path: str, expires: int, signature: str
) -> asyncpg.Record:
    if not state["signer"].verify(path, expires, signature, datetime.now(UTC)):
        raise NotFound("This link has expired or was altered. Read the container again for a fresh one.")
    async with state["pool"].acquire(timeout=10) as connection:
        found = await store.asset_location(connection, asset_id)
    if found is None:
        raise NotFound("This asset was deleted.")
    return found


def _stream(stream: Any, found: asyncpg.Record, wanted: str | None) -> Response[Any]:
    size = cast("int", found["size_bytes"])
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "ETag": f'"{found["sha256"]}"',
        "Content-Disposition": "inline",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if wanted and not RANGE.fullmatch(wanted.strip()):
        wanted = None  # other units and lists of ranges may be ignored (RFC 9110, 14.2)
    part = _parse_range(wanted, size)
    if part is None:
        raise RangeNotSatisfiable(
            f"The asset has {size} bytes; ask for some of them.", headers={"Content-Range": f"bytes */{size}"}
        )
    start, end = part
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    headers["Content-Length"] = str(end - start + 1)
    body: AsyncIterator[bytes] = stream(found["object_key"], start, end - start + 1)
    return Stream(body, status_code=206 if wanted else 200, headers=headers, media_type=found["mime_type"])


def _parse_range(wanted: str | None, size: int) -> tuple[int, int] | None:
    """Return the first and last byte wanted; None when the range lies outside."""
    if not wanted:
        return 0, size - 1
    match = RANGE.fullmatch(wanted.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        return (max(size - int(match[2]), 0), size - 1) if int(match[2]) else None
    start, end = int(match[1]), min(int(match[2] or size - 1), size - 1)
    return (start, end) if start <= end else None


ROUTES = [create, listing, read, change, remove, approve, reject, withdraw, asset, remade_asset]

"""Endpoints of containers whose media comes after them (contract section 4, b and c)."""

import re
from typing import Annotated, Any, cast

from litestar import Request, Response, patch, post, put, route
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import Scope

from layers.access.caller import Caller, Calling
from layers.api.context import after_commit, body_of, state_of
from layers.api.errors import Conflict, NotFound, PayloadTooLarge, UploadIncomplete, Validation, one_issue
from layers.api.routes import NoBody, open_to_all, operation
from layers.content import commands, intakes, schemas, uploads
from layers.content.routes import CONTENT, PROJECT, STAGED, check_link, container_from, harbour_of

LINK = "/v1/uploads/{asset_id:str}"
DIGITS = re.compile(r"[0-9]{1,15}")


@post(
    f"{PROJECT}/upload",
    opt=operation("content:write", body=schemas.CreateFetched, subcodes=("PROJECT_ARCHIVED",)),
    status_code=202,
    operation_id="content.createFromUrls",
)
async def create_fetched(
    call: Calling[schemas.CreateFetched], scope: Scope, project_id: FromPath[str]
) -> schemas.Container:
    """Make a container whose media is fetched from addresses."""
    container_id = await uploads.create_fetched(
        call.tx, call.caller, project_id, call.payload, harbour_of(scope), call.now
    )
    return container_from(await commands.get(call.tx, call.caller, container_id), scope)


@post(
    f"{PROJECT}/uploads",
    opt=operation("content:write", body=schemas.CreateUploads, subcodes=("PROJECT_ARCHIVED",)),
    operation_id="content.createUploads",
)
async def create_uploads(
    call: Calling[schemas.CreateUploads], scope: Scope, project_id: FromPath[str]
) -> schemas.Uploads:
    """Make a container and the links its files are to be sent to."""
    return await uploads.create_uploads(
        call.tx, call.caller, project_id, call.payload, harbour_of(scope), call.now
    )


async def stage_uploaded(scope: Scope) -> None:
    """Probe and store what was sent for a container."""
    state = state_of(scope)
    state[STAGED] = await uploads.stage_uploaded(
        scope["litestar_app"].state["pool"],
        harbour_of(scope),
        cast("Caller", state["caller"]),
        scope["path_params"]["container_id"],
    )


@post(
    f"{CONTENT}/finalize-upload",
    opt=operation(
        "content:write", stage=stage_uploaded, errors=(UploadIncomplete,), subcodes=("NO_UPLOAD_AWAITED",)
    ),
    status_code=200,
    operation_id="content.finalizeUpload",
)
async def finalize(call: Calling[NoBody], scope: Scope, container_id: FromPath[str]) -> schemas.Container:
    """Complete a container with what was sent for it."""
    done = await uploads.finalize(call.tx, call.caller, container_id, state_of(scope)[STAGED])
    after_commit(scope, lambda: scope["litestar_app"].state["forget_objects"](done))
    return container_from(await commands.get(call.tx, call.caller, container_id), scope)


STANDING = open_to_all(errors=(NotFound, Validation), media=())
BYTES = open_to_all(
    errors=(NotFound, Validation, Conflict, PayloadTooLarge), subcodes=("UPLOAD_OFFSET",), media=(), raw=True
)


@route(LINK, http_method="HEAD", opt=STANDING, status_code=204, operation_id="content.uploadStanding")
async def standing(
    request: Request[Any, Any, Any],
    asset_id: FromPath[str],
    expires: FromQuery[int] = 0,
    signature: Annotated[str, QueryParameter(max_length=255)] = "",
) -> Response[None]:
    """Tell by headers how many bytes of a file are here."""
    state = request.app.state
    check_link(state, f"/v1/uploads/{asset_id}", expires, signature)
    return _standing(await uploads.progress(state["pool"], asset_id))


@put(LINK, opt=BYTES, status_code=204, request_max_body_size=None, operation_id="content.sendUpload")
async def send(
    request: Request[Any, Any, Any],
    asset_id: FromPath[str],
    expires: FromQuery[int] = 0,
    signature: Annotated[str, QueryParameter(max_length=255)] = "",
) -> Response[None]:
    """Take the bytes of a file."""
    check_link(request.app.state, f"/v1/uploads/{asset_id}", expires, signature)
    return await _receive(request, asset_id, None)


@patch(LINK, opt=BYTES, status_code=204, request_max_body_size=None, operation_id="content.resumeUpload")
async def resume(
    request: Request[Any, Any, Any],
    asset_id: FromPath[str],
    expires: FromQuery[int] = 0,
    signature: Annotated[str, QueryParameter(max_length=255)] = "",
) -> Response[None]:
    """Take more bytes of a file, from the byte that the header Upload-Offset names."""
    check_link(request.app.state, f"/v1/uploads/{asset_id}", expires, signature)
    return await _receive(request, asset_id, _number(request, "Upload-Offset"))


async def _receive(request: Request[Any, Any, Any], asset_id: str, start: int | None) -> Response[None]:
    upload = await uploads.receive(
        request.app.state["pool"],
        harbour_of(request.scope).storage,
        asset_id,
        start,
        _number(request, "Content-Length") if "content-length" in request.headers else None,
        body_of(request.receive),
    )
    return _standing(upload)


def _standing(upload: intakes.Turn) -> Response[None]:
    headers = {
        "Upload-Offset": str(upload.received_bytes),
        "Upload-Length": str(upload.size_bytes),
        "Upload-Complete": "?1" if upload.received_bytes == upload.size_bytes else "?0",
        "Cache-Control": "no-store",
    }
    return Response(None, status_code=204, headers=headers)


def _number(request: Request[Any, Any, Any], header: str) -> int:
    value = request.headers.get(header, "")
    if not DIGITS.fullmatch(value):
        raise one_issue(header, f"Send the header {header} with a number of bytes.", "required")
    return int(value)


ROUTES = [create_fetched, create_uploads, finalize, standing, send, resume]

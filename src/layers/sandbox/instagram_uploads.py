"""rupload.facebook.com: the bytes of videos that Instagram does not fetch, to be resumed where they were cut off.

What is documented and what is assumed is told in `layers.sandbox.instagram`.
"""

import re
from collections.abc import AsyncIterator

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from layers.kit.times import utc_now
from layers.sandbox.fake import Answer, HttpRequest, Injected, Refused, World, respond
from layers.sandbox.instagram_containers import CONTAINERS, LARGEST_VIDEO, LIFETIME, Container
from layers.sandbox.instagram_login import FACEBOOK_START, PUBLISHING, TOKENS, USERS
from layers.sandbox.media import Gauge, Stored
from layers.sandbox.state import Row

NUMBER = re.compile(r"\d{1,12}")
VIDEO_REFUSED = 2207026


def failed(status: int, kind: str, message: str, *, retriable: bool = False) -> Refused:
    """Return a failure in the upload server's shape, to be raised."""
    told = {"retriable": retriable, "type": kind, "message": message}
    return Refused(Answer(status, {"debug_info": told}))


@post("/ig-api-upload/v26.0/{container_id:str}", status_code=200)
async def receive(request: HttpRequest, world: Injected, container_id: FromPath[str]) -> Response[bytes]:
    """Take bytes from where the last ones ended. A body that stops early is kept, unless its caller hung up."""
    words = await _uploader(request, world, container_id)
    row = await _open(world, container_id)
    held = row.value.transferred
    offset, size = _header(request, "offset"), _header(request, "file_size")
    if offset != held:
        raise failed(412, "OffsetInvalidError", "Request starting offset is invalid", retriable=True)
    if row.value.upload_size not in (0, size) or not offset < size <= LARGEST_VIDEO:
        raise failed(400, "ProcessingFailedError", "file_size is not the file's, or too large")
    most = size - offset
    if _header(request, "content-length") > most:
        raise failed(400, "ProcessingFailedError", "The body goes beyond file_size")
    if "flaky" in words and not held:
        most //= 2
    gauge = await _measured(request.stream(), most)
    if gauge.size and not await world.state.swap(CONTAINERS, row, _grown(row.value, gauge.stored(), size)):
        raise failed(412, "OffsetInvalidError", "Request starting offset is invalid", retriable=True)
    if gauge.size < size - offset:
        words_of_it = "Partial request (did not match length of file)"
        raise failed(400, "PartialRequestError", words_of_it, retriable=True)
    return respond(Answer(200, {"success": True, "message": "Upload successful."}))


async def _uploader(request: HttpRequest, world: World, container_id: str) -> list[str]:
    """Return the words in the caller's handle. Raises Refused unless the container is the caller's."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    held = await world.state.get(TOKENS, given) if scheme == "OAuth" else None
    row = await world.state.get(CONTAINERS, container_id)
    allowed = held is not None and given.startswith(FACEBOOK_START) and PUBLISHING in held.value.scopes
    ended = held is not None and held.value.expires_at is not None and held.value.expires_at <= utc_now()
    user = await world.state.get(USERS, held.owner) if held else None
    if user is None or not allowed or ended or (row is not None and row.owner != user.id):
        raise failed(400, "NotAuthorizedError", "User not authorized to perform this request")
    return user.value.words


async def _open(world: World, container_id: str) -> Row[Container]:
    row = await world.state.get(CONTAINERS, container_id)
    if row is None or not row.value.resumable or row.created_at + LIFETIME <= utc_now():
        raise failed(404, "ProcessingFailedError", "There is no such upload")
    if row.value.ready_at is not None:
        raise failed(400, "ProcessingFailedError", "Request processing failed: the upload is complete")
    return row


def _header(request: HttpRequest, name: str) -> int:
    given = request.headers.get(name, "")
    if not NUMBER.fullmatch(given):
        raise failed(400, "ProcessingFailedError", f"The header {name} must be a number of bytes")
    return int(given)


async def _measured(parts: AsyncIterator[bytes], most: int) -> Gauge:
    """Measure the first `most` bytes of a body."""
    gauge = Gauge()
    async for part in parts:
        gauge.feed(part[: most - gauge.size])
    return gauge


def _grown(container: Container, part: Stored, size: int) -> Container:
    """Return the container with one more part; with the last one it is settled."""
    parts = [*container.parts, part]
    grown = msgspec.structs.replace(container, parts=parts, upload_size=size)
    if grown.transferred < size:
        return grown
    whole = Stored(size, part.sha256 if len(parts) == 1 else "", parts[0].mime_type)
    if len(parts) > 1:
        whole.parts = [one.sha256 for one in parts]
    failure = None if whole.mime_type == "video/mp4" else VIDEO_REFUSED
    return msgspec.structs.replace(grown, parts=[], received=[whole], ready_at=utc_now(), failed=failure)


ROUTES: list[HTTPRouteHandler] = [receive]

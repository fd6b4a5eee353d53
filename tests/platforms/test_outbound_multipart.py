"""Does a media slice leave as the file of a form, with its length known and without being held in memory?"""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from aiohttp import web

from layers.connector import Call, Effect, Media, MediaSlice
from layers.outbound import AnswerLost, Outbound

CHUNK = bytes(range(256)) * 256


@dataclass
class Store:
    """A media store with endless bytes, or too few."""

    missing: int = 0

    async def stream(self, key: str, start: int, length: int) -> AsyncIterator[bytes]:
        left = length - self.missing
        while left > 0:
            yield CHUNK[: min(left, len(CHUNK))]
            left -= len(CHUNK)


@dataclass
class Got:
    headers: dict[str, str]
    fields: dict[str, str]
    filename: str | None
    content_type: str | None
    size: int


@asynccontextmanager
async def receiving(got: list[Got]) -> AsyncIterator[str]:
    async def handle(request: web.Request) -> web.Response:
        seen = Got({k.lower(): v for k, v in request.headers.items()}, {}, None, None, 0)
        async for part in await request.multipart():
            if part.filename is None:
                seen.fields[part.name] = (await part.read()).decode()
                continue
            seen.filename, seen.content_type = part.filename, part.headers["Content-Type"]
            seen.fields[part.name] = ""
            while chunk := await part.read_chunk(1 << 16):
                seen.size += len(chunk)
        got.append(seen)
        return web.json_response({})

    application = web.Application(client_max_size=1 << 30)
    application.router.add_post("/", handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def upload(url: str, size: int, **form: str) -> tuple[Call, tuple[Media, ...]]:
    call = Call(
        "upload",
        Effect.PREPARE,
        "POST",
        url,
        form=form or None,
        body=MediaSlice(0, 0, size),
        file_field="file",
        filename="1.png",
    )
    return call, (Media("a", "image", "image/png", size, "00", "k"),)


async def test_fields_then_the_file_with_a_content_length():
    got: list[Got] = []
    outbound = Outbound(Store(), anywhere=True)
    async with receiving(got) as url:
        reply = await outbound.send(*upload(url, 100_001, description='a "cat" ü\n2'))
        await outbound.close()
    assert reply.status == 200
    (seen,) = got
    assert "transfer-encoding" not in seen.headers
    assert int(seen.headers["content-length"]) > 100_001
    assert seen.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert seen.fields == {"description": 'a "cat" ü\n2', "file": ""}
    assert (seen.filename, seen.content_type, seen.size) == ("1.png", "image/png", 100_001)


async def test_large_files_pass_through():
    got: list[Got] = []
    outbound = Outbound(Store(), anywhere=True)
    async with receiving(got) as url:
        tracemalloc.start()
        await outbound.send(*upload(url, 64 << 20))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        await outbound.close()
    assert got[0].size == 64 << 20
    assert peak < 8 << 20


async def test_a_store_that_gives_too_little_is_not_taken_for_sent():
    got: list[Got] = []
    outbound = Outbound(Store(missing=1), anywhere=True)
    async with receiving(got) as url:
        with pytest.raises(AnswerLost, match="write request body"):
            await outbound.send(*upload(url, 100_000))
        await outbound.close()
    assert not got


@pytest.mark.parametrize(("headers", "connections"), [({}, 1), ({"Connection": "close"}, 3)])
async def test_a_connection_of_its_own_is_closed_whatever_the_server_does(headers, connections):
    """A server that promises to keep the connection, like one that hangs up without a word, is not relied on."""
    opened = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    outbound = Outbound(Store(), anywhere=True)
    for _ in range(3):
        reply = await outbound.send(Call("look", Effect.READ, "GET", url, headers=headers))
        assert reply.json == {}
    await outbound.close()
    server.close()
    assert opened == connections

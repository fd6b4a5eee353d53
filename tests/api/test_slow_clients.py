"""Clients that are slow, silent or many take nothing from the others, on raw sockets against the real server."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from rawhttp import Raw, Wire, request

from layers.api.server import MOST_ANSWERED, GuardedProtocol, Patience
from layers.app import create_app
from layers.loopback import loopback_server

JSON = "Content-Type: application/json"
LARGE = 16 * 1024 * 1024
PROJECT = b'{"name": "A", "timezone": "UTC"}'


class Hasty(GuardedProtocol):
    """The server's protocol with its patience shortened."""

    patience = Patience(seconds=0.4, stride=1024, linger=0.4, idle=0.8)


@asynccontextmanager
async def serving(shared, **options) -> AsyncIterator[str]:
    """Serve the API to impatience."""
    async with loopback_server(create_app(shared), lifespan=True, protocol=Hasty, **options) as origin:
        yield origin


@pytest.fixture(scope="module")
async def hasty(shared) -> AsyncIterator[str]:
    """The API with little patience, without a limit of connections."""
    async with serving(shared) as origin:
        yield origin


async def drip(wire: Wire, data: bytes) -> None:
    """Send a byte now and then, for as long as the other side listens."""
    for byte in data:
        if wire.writer.transport.is_closing():
            return
        wire.send(bytes([byte]))
        await asyncio.sleep(0.02)


async def slowly(origin: str, at_once: bytes, in_drops: bytes) -> Raw:
    """Send a part at once, the rest in drops; returns the answer."""
    async with await Wire.to(origin) as wire:
        wire.send(at_once)
        dripping = asyncio.create_task(drip(wire, in_drops))
        answer = await wire.answer()
        assert await wire.ended()
        dripping.cancel()
        return answer


async def test_a_head_in_drops_times_out(hasty: str) -> None:
    answer = await slowly(hasty, b"GET /v1/whoami HTTP/1.1\r\n", b"X-Header: value\r\n" * 1000)
    assert (answer.status, answer.error["code"]) == (408, "REQUEST_TIMEOUT")
    assert answer.named["connection"] == "close"


async def test_a_second_head_in_drops_times_out_too(hasty: str) -> None:
    first = request("GET", "/health/live")
    async with await Wire.to(hasty) as wire:
        wire.send(first)
        assert (await wire.answer()).status == 200
        dripping = asyncio.create_task(drip(wire, first * 1000))
        assert (await wire.answer()).status in (408, 200)
        dripping.cancel()


async def test_a_connection_that_says_nothing_is_ended(hasty: str) -> None:
    async with await Wire.to(hasty) as wire:
        assert await wire.ended()


async def test_a_connection_kept_alive_serves_a_request_after_a_pause(hasty: str) -> None:
    """Longer than a head may take: clients keep their connections, and must not find them closed."""
    async with await Wire.to(hasty) as wire:
        for _ in range(2):
            wire.send(request("GET", "/health/live"))
            assert (await wire.answer()).status == 200
            await asyncio.sleep(0.6)


async def test_a_connection_kept_alive_is_ended_when_idle(hasty: str) -> None:
    """Also one whose answer came before its body was complete, which re-arms no timer of the server's."""
    for body in (b"", b"x" * 10):
        async with await Wire.to(hasty) as wire:
            wire.send(request("POST", "/v1/projects", "Content-Length: 10", body=body))
            assert (await wire.answer()).status == 401
            wire.send(b"x" * (10 - len(body)))
            assert await wire.ended()


@pytest.mark.parametrize("form", [False, True])
async def test_a_body_in_drops_times_out_and_leaves_nothing(hasty: str, client, shared, form: bool) -> None:
    project = await client.project()
    kind = "Content-Type: multipart/form-data; boundary=b" if form else JSON
    begun = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n\r\n' if form else b""
    head = request(
        "POST",
        f"/v1/projects/{project}/content",
        f"Authorization: Bearer {client.key}",
        kind,
        "Content-Length: 100000",
        body=begun,
    )
    answer = await slowly(hasty, head, b" " * 100_000)
    assert (answer.status, answer.error["code"]) == (408, "REQUEST_TIMEOUT")
    assert (await client.get(f"/v1/projects/{project}/content"))["items"] == []
    while list((shared.settings.data_dir / "incoming").iterdir()):  # noqa: ASYNC110 - files tell no one
        await asyncio.sleep(0.01)


async def test_a_body_that_moves_on_may_take_its_time(hasty: str, client) -> None:
    """In all it takes twice the patience; no span of it stands still."""
    body = PROJECT + b" " * 20_000
    head = request(
        "POST", "/v1/projects", f"Authorization: Bearer {client.key}", JSON, f"Content-Length: {len(body)}"
    )
    async with await Wire.to(hasty) as wire:
        wire.send(head)
        for start in range(0, len(body), 1000):
            wire.send(body[start : start + 1000])
            await asyncio.sleep(0.04)
        assert (await wire.answer()).status == 201


async def test_who_is_answered_and_goes_on_sending_is_cut_off(hasty: str) -> None:
    async with await Wire.to(hasty) as wire:
        wire.send(request("POST", "/v1/projects", "Content-Length: 100000000"))
        assert (await wire.answer()).status == 401
        dripping = asyncio.create_task(drip(wire, b" " * 100_000))
        assert await wire.ended()
        dripping.cancel()


async def test_a_client_that_never_reads_is_cut_off(hasty: str, client, video, tmp_path) -> None:
    """It asks for more than all buffers on the way hold."""
    large = tmp_path / "large.mp4"
    large.write_bytes(video.read_bytes() + LARGE.to_bytes(4, "big") + b"free" + bytes(LARGE - 8))
    asset = (await client.upload(await client.project(), large))["assets"][0]
    _, writer = await asyncio.open_connection(sock=await small_socket(hasty), limit=1024)
    writer.transport.pause_reading()
    writer.write(request("GET", asset["url"].removeprefix("http://layers.test")))
    with pytest.raises(ConnectionError):
        await ping(writer)


async def ping(writer: asyncio.StreamWriter) -> None:
    """Send what means nothing between requests, but tells whether the server is still there."""
    async with asyncio.timeout(20):
        while True:
            writer.write(b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)


async def small_socket(origin: str) -> socket.socket:
    """Return a connected socket that holds little."""
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.setblocking(False)
    host, port = origin.removeprefix("http://").split(":")
    await asyncio.get_running_loop().sock_connect(small, (host, int(port)))
    return small


async def test_only_so_many_connections_are_served_and_the_rest_is_told(shared) -> None:
    async with serving(shared, connections=3) as origin:
        held = [await Wire.to(origin) for _ in range(3)]
        for wire in held:
            wire.send(b"GET /health/live HTTP/1.1\r\n")
        async with await Wire.to(origin) as late:
            late.send(request("GET", "/health/live"))
            answer = await late.answer()
            assert (answer.status, answer.error["code"]) == (503, "UNAVAILABLE")
            assert int(answer.named["retry-after"]) > 0
        for wire in held:  # and they are served once they speak, or make room when they do not
            wire.send(b"Host: layers.test\r\n\r\n")
            assert (await wire.answer()).status == 200
        for wire in held:
            assert await wire.ended()
        async with await Wire.to(origin) as again:
            again.send(request("GET", "/health/live"))
            assert (await again.answer()).status == 200


async def test_far_too_many_connections_are_cut_at_once(shared) -> None:
    async with serving(shared, connections=1) as origin:
        wires = [await Wire.to(origin) for _ in range(MOST_ANSWERED + 10)]
        ends = await asyncio.gather(*(wire.ended() for wire in wires))
        assert all(ends)
        async with await Wire.to(origin) as again:
            again.send(request("GET", "/health/live"))
            assert (await again.answer()).status == 200

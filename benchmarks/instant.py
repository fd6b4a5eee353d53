"""A one-call platform that answers at once: what remains is what dispatch itself costs."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from layers.connector import Call, Effect, Failure, Limits, Mode, Published, Reply, Unavailable

PLATFORM = "instant"


class Instant:
    """A connector whose only call commits."""

    limits = Limits(PLATFORM, "Instant", {"direct_publish": Mode({"text": (0, 0)}, {}, {})})
    origin = "http://instant.invalid"
    credential_fields: dict[str, str] = {}
    settings: dict[str, str] = {}
    oauth = None

    def publish(self, post, account):
        """Send one call."""
        yield Call(
            "post",
            Effect.COMMIT,
            "POST",
            f"{account.origin}/post",
            json={"id": post.id, "text": post.caption},
            repeatable=timedelta(days=1),
        )
        return Published(post.id)

    def classify(self, call: Call, reply: Reply) -> Failure | None:
        """Anything but 200 is trouble."""
        return None if reply.status == 200 else Unavailable("not 200")


@dataclass
class Platform:
    """The server: when each call arrived (by this process' clock), and how many in all."""

    origin: str = ""
    arrivals: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def receive(self, path: str, body: bytes, answer: Callable[[bytes], None]) -> None:
        """Take one request and answer it, now or later."""
        self.arrivals.append(time.time())
        self.bodies.append(body)
        self.changed.set()
        answer(b"{}")

    async def until(self, count: int, seconds: float) -> None:
        """Wait for `count` calls."""
        async with asyncio.timeout(seconds):
            while len(self.arrivals) < count:
                self.changed.clear()
                await self.changed.wait()


class _Protocol(asyncio.Protocol):
    """HTTP just enough: keep-alive, Content-Length bodies, always 200."""

    def __init__(self, platform: Platform) -> None:
        self.platform, self.buffer = platform, b""

    def connection_made(self, transport) -> None:
        """Remember whom to answer."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Pass on every complete request."""
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                ),
                0,
            )
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.platform.receive(head.split(b" ", 2)[1].decode(), rest[:length], self._answer)

    def _answer(self, body: bytes) -> None:
        if self.transport.is_closing():  # who asked has died
            return
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)


@asynccontextmanager
async def serve(platform: Platform) -> AsyncGenerator[str]:
    """Serve a platform on loopback; gives its origin."""
    server = await asyncio.get_running_loop().create_server(lambda: _Protocol(platform), "127.0.0.1", 0)
    platform.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield platform.origin
    server.close()


@asynccontextmanager
async def instant_platform() -> AsyncGenerator[Platform]:
    """Serve the one-call platform."""
    platform = Platform()
    async with serve(platform):
        yield platform

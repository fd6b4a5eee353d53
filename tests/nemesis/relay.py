"""Connections passed on byte by byte, to the database or to one of the API processes, and broken on demand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
CHUNK = 64 * 1024


@dataclass
class Relay:
    """Passes each connection on to what `dial` opens; when that fails, the caller's connection is dropped."""

    dial: Callable[[], Awaitable[Ends]]
    port: int = 0
    lost: int = 0
    """How many answers were dropped."""
    _open: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _to_lose: int = 0

    def cut(self) -> int:
        """Break all connections; returns how many ends there were."""
        for writer in self._open:
            writer.transport.abort()
        return len(self._open)

    def lose_answers(self, count: int) -> None:
        """Drop what the other side says next, `count` times, and each time break that connection."""
        self._to_lose = count

    def silence(self) -> None:
        """Pass nothing on in either direction, and break nothing."""
        self._flowing.clear()

    def resume(self) -> None:
        """Pass on again."""
        self._to_lose = 0
        self._flowing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        self._open.add(writer)
        try:
            far_reader, far_writer = await self.dial()
            writers.append(far_writer)
            self._open.add(far_writer)
            there = asyncio.create_task(self._pass(reader, far_writer, answers=False))
            back = asyncio.create_task(self._pass(far_reader, writer, answers=True))
            _, left = await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        except OSError:
            pass
        finally:
            for end in writers:
                self._open.discard(end)
                end.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        try:
            while chunk := await reader.read(CHUNK):
                await self._flowing.wait()
                if answers and self._to_lose:
                    self._to_lose -= 1
                    self.lost += 1
                    writer.transport.abort()
                    return
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass


@asynccontextmanager
async def relaying(dial: Callable[[], Awaitable[Ends]]) -> AsyncIterator[Relay]:
    """Run a relay on loopback while the block runs."""
    relay = Relay(dial)
    relay.resume()
    server = await asyncio.start_server(relay._serve, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        relay.cut()
        relay.resume()

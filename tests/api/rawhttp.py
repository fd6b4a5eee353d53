"""HTTP by hand, for what no client library would send."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any


@dataclass
class Raw:
    """An answer as it came; `status` 0: none came before the connection ended."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def named(self) -> dict[str, str]:
        """The headers by name."""
        return dict(self.headers)

    @property
    def error(self) -> dict[str, Any]:
        """The error of the one shape, checked."""
        value = json.loads(self.body)
        assert value.keys() == {"error"}
        assert value["error"].keys() - {"details"} == {"code", "message", "requestId"}
        assert self.named["content-type"] == "application/json"
        assert self.named["x-ratelimit-endpoint-class"] in ("read-light", "write-light")
        assert value["error"]["requestId"] == self.named["x-request-id"]
        return value["error"]


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, origin: str, **options: Any) -> "Wire":
        """Connect."""
        host, port = origin.removeprefix("http://").split(":")
        return cls(*await asyncio.open_connection(host, int(port), **options))

    async def __aenter__(self) -> "Wire":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()

    def send(self, data: bytes) -> None:
        """Send bytes, unless the other side has gone."""
        if not self.writer.transport.is_closing():
            self.writer.write(data)

    async def answer(self, *, bodiless: bool = False) -> Raw:
        """Read one answer; `bodiless`: to a HEAD, which has no body."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return Raw(0, [], b"")
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        headers = [
            (name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
        ]
        size = 0 if bodiless else int(dict(headers).get("content-length", 0))
        body = await self.reader.readexactly(size)
        return Raw(int(first.split(" ")[1]), headers, body)

    async def ended(self) -> bool:
        """Wait until the server ends the connection; True when nothing more came before."""
        try:
            return await self.reader.read() == b""
        except ConnectionError:
            return True


async def ask(origin: str, data: bytes) -> Raw:
    """Send bytes on a connection of their own; returns the first answer."""
    async with await Wire.to(origin) as wire:
        wire.send(data)
        return await wire.answer(bodiless=data.startswith(b"HEAD "))


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """Return a request as bytes."""
    lines = [f"{method} {target} HTTP/1.1", "Host: layers.test", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

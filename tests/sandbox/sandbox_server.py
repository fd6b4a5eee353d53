"""A sandbox to talk to over HTTP, as a test sees it."""

import asyncio
import io
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import uvicorn
from PIL import Image

from layers.connector import Identity
from layers.db.pool import Pool
from layers.sandbox.app import create_sandbox, sign_up

PROCESSING = 0.3


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    json: object


@dataclass
class Sandbox:
    """One server and a client for it."""

    pool: Pool
    web: aiohttp.ClientSession
    origin: str

    async def call(self, method: str, path: str, **given: object) -> Reply:
        async with self.web.request(method, path if "://" in path else self.origin + path, **given) as answer:
            is_json = answer.content_type == "application/json"
            body = await answer.json() if is_json else await answer.text()
            return Reply(answer.status, {k.lower(): v for k, v in answer.headers.items()}, body)

    async def posts(self, owner: str, **query: str) -> list[dict]:
        return (await self.call("GET", "/posts.json", params={"owner": owner, **query})).json["items"]

    async def fault(self, platform: str, path: str, action: str, **rest: object) -> Reply:
        wanted = {"platform": platform, "path": path, "action": action, **rest}
        return await self.call("POST", "/control/faults", json=wanted)

    async def sign_up(self, platform: str, *words: str) -> Identity:
        return await sign_up(self.pool, platform, ".".join([secrets.token_hex(6), *words]))

    async def age(self, kind: str, key: str, field: str, seconds: float) -> None:
        """Move a time in a stored record into the past."""
        await self.pool.execute(
            "UPDATE sandbox_records SET data = jsonb_set(data, ARRAY[$3], to_jsonb((data ->> $3)::timestamptz"
            " - make_interval(secs => $4))) WHERE kind = $1 AND id = $2",
            kind,
            key,
            field,
            seconds,
        )


def client() -> aiohttp.ClientSession:
    """A client that sends each request once: aiohttp else silently repeats a PUT whose answer is cut off."""
    session = aiohttp.ClientSession()
    session._retry_connection = False
    return session


@asynccontextmanager
async def serving(pool: Pool, **options: object) -> AsyncIterator[str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_sandbox(pool, **options), log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


def picture(kind: str, width: int, height: int, pad: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), secrets.randbits(24)).save(file, kind)
    return file.getvalue() + secrets.token_bytes(pad)

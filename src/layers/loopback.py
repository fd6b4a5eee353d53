"""Serving an ASGI app to this machine alone, for as long as a block runs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from layers.api.server import server_for


@asynccontextmanager
async def loopback_server(
    app: object, port: int = 0, *, host: str = "127.0.0.1", lifespan: bool = False, **options: Any
) -> AsyncGenerator[str]:
    """Serve an ASGI app on loopback, or where `host` says, while the block runs; gives its origin.

    `options` go to `server_for`.
    """
    server = server_for(app, host, port, lifespan=lifespan, finish_within=1, **options)
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            raise RuntimeError(f"port {port} on {host} is not free") from task.exception()
        await asyncio.sleep(0.005)
    try:
        yield f"http://{host}:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task

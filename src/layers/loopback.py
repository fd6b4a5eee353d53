"""Serving an ASGI app to this machine alone, for as long as a block runs."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn


class QuietServer(uvicorn.Server):
    """A uvicorn that leaves signals to its owner."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Take no signal."""
        yield


@asynccontextmanager
async def loopback_server(
    app: object, port: int = 0, *, lifespan: bool = False, host: str = "127.0.0.1"
) -> AsyncGenerator[str]:
    """Serve an ASGI app on loopback, or where `host` says, while the block runs; gives its origin."""
    config = uvicorn.Config(
        app,  # pyright: ignore[reportArgumentType]
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="on" if lifespan else "off",
        timeout_graceful_shutdown=1,
    )
    server = QuietServer(config)
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

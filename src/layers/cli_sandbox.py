"""`layers sandbox`: the fakes of the platforms as a server of their own."""

from typing import Annotated

import typer
import uvicorn

from layers.app import open_bounds
from layers.console import check_schema, database, explained, read_settings, run
from layers.db.pool import open_pool
from layers.sandbox.app import create_sandbox
from layers.terminal import err

sandbox = typer.Typer(help="The built-in fakes of the platforms.", no_args_is_help=True)


@sandbox.callback()
def only_group() -> None:
    """Serve the built-in fakes of the platforms."""


@sandbox.command("serve")
def serve_sandbox(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8790,
    redirect_uri: Annotated[
        list[str] | None,
        typer.Option(
            help="Address that consent may return to; repeatable. Those of this machine always may."
        ),
    ] = None,
) -> None:
    """Serve the fake platforms as a separate server."""
    settings = read_settings()

    async def serve_fakes(url: str) -> None:
        await check_schema(url)
        pool = await open_pool(url, 8, "layers sandbox")
        config = uvicorn.Config(
            create_sandbox(pool, bounds=open_bounds(settings, redirect_uri or [])),
            host="127.0.0.1",
            port=port,
            log_config=None,
            access_log=False,
        )
        err.print(f"Sandbox on http://127.0.0.1:{port} · what was posted: http://127.0.0.1:{port}/posts")
        await uvicorn.Server(config).serve()
        await pool.close()

    with explained(), database(settings) as url:
        run(serve_fakes(url))

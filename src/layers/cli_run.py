"""`layers up`, `serve` and `work`: the processes of an installation."""

import asyncio
import signal
import socket

from layers.api.server import server_for
from layers.app import Shared, create_app, share
from layers.console import check_schema, database, explained, read_settings, run
from layers.dashboard.pages import ROOT, is_built
from layers.db import schema
from layers.kit import tracing
from layers.settings import Settings
from layers.terminal import err, fail
from layers.worker import work


def _stop_on_signals(stop: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


def _listen(settings: Settings) -> socket.socket:
    """Take the port, before anything is started that would have to be ended again."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as why:
        where = f"{settings.host}:{settings.port}"
        fail(
            f"Cannot listen on {where}: {str(why.strerror).partition(' (')[0]}.",
            "Set LAYERS_HOST or LAYERS_PORT.",
        )


async def _serve(shared: Shared, listening: socket.socket, stop: asyncio.Event) -> None:
    settings = shared.settings
    server = server_for(
        create_app(shared),
        settings.host,
        settings.port,
        lifespan=True,
        finish_within=15,
        connections=settings.http_connections,
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    stop.set()
    await serving


async def _both(shared: Shared, listening: socket.socket | None, *, worker: bool) -> None:
    await check_schema(shared.url)
    stop = asyncio.Event()
    _stop_on_signals(stop)
    async with asyncio.TaskGroup() as group:
        if listening is not None:
            group.create_task(_serve(shared, listening, stop))
        if worker:
            group.create_task(work(shared, stop))


def _start(*, api: bool, worker: bool, migrate_first: bool) -> None:
    settings = read_settings()
    listening = _listen(settings) if api else None
    with explained(), database(settings) as url:
        if migrate_first:
            run(schema.migrate(url))
        shared = share(settings, url)
        where = "embedded database" if not settings.database_url else "LAYERS_DATABASE_URL"
        roles = " + ".join(name for name, on in (("API", api), ("worker", worker)) if on)
        err.print(
            f"[bold]Layers[/] {roles} · {settings.public_origin if api else ''} · {where} · {settings.data_dir}",
            highlight=False,
        )
        if api:
            how = "`layers dashboard link` signs you in" if is_built() else "not built: `make dashboard`"
            err.print(f"[bold]Dashboard[/] {settings.public_origin}{ROOT}/ · {how}", highlight=False)
        if settings.otel_endpoint:
            tracing.send_to(settings.otel_endpoint)
        try:
            run(_both(shared, listening, worker=worker))
        finally:
            tracing.switch_off()


def up() -> None:
    """Run API and worker in one process; migrates first; starts the embedded database if none is configured."""
    _start(api=True, worker=True, migrate_first=True)


def serve() -> None:
    """Run the API alone."""
    _start(api=True, worker=False, migrate_first=False)


def work_command() -> None:
    """Run a worker alone; as many as wanted, anywhere."""
    _start(api=False, worker=True, migrate_first=False)

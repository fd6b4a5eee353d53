"""The commands of Layers."""

import asyncio
import json
import signal
import sys
from dataclasses import fields
from typing import Annotated, Any

import msgspec
import typer
import uvicorn
from rich.table import Table

from layers import doctor as checks
from layers.access.commands import create_first_key
from layers.access.keys import EVERYTHING, SCOPES, unknown_scopes
from layers.api.server import server_for
from layers.app import PLATFORM_SETTINGS, Shared, contract, create_app, open_bounds, share
from layers.cli_accounts import accounts
from layers.cli_backup import backup, recover_command, restore
from layers.cli_dashboard import dashboard
from layers.cli_organizations import organizations
from layers.cli_posts import posts
from layers.cli_status import health, status
from layers.console import database, err, explained, fail, out, read_settings, run
from layers.dashboard.pages import ROOT, is_built
from layers.db import embedded, schema
from layers.db.pool import connect, open_pool
from layers.kit import tracing
from layers.kit.logs import set_up_logs
from layers.sandbox.app import create_sandbox
from layers.settings import Settings, SettingsError
from layers.worker import work

app = typer.Typer(
    help="Layers: a content publishing API. Never twice, never lost, always explained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
keys = typer.Typer(help="API keys.", no_args_is_help=True)
sandbox = typer.Typer(help="The built-in fakes of the platforms.", no_args_is_help=True)
app.add_typer(keys, name="keys")
app.add_typer(sandbox, name="sandbox")
app.add_typer(dashboard, name="dashboard")
app.add_typer(posts, name="posts")
app.add_typer(accounts, name="accounts")
app.add_typer(organizations, name="organizations")
app.command()(status)
app.command()(health)
app.command()(backup)
app.command()(restore)
app.command(name="recover")(recover_command)


async def _check_schema(url: str) -> None:
    connection = await connect(url)
    try:
        await schema.check(connection)
    finally:
        await connection.close()


def _stop_on_signals(stop: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


async def _serve(shared: Shared, stop: asyncio.Event) -> None:
    settings = shared.settings
    server = server_for(
        create_app(shared),
        settings.host,
        settings.port,
        lifespan=True,
        finish_within=15,
        connections=settings.http_connections,
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    stop.set()
    try:
        await serving
    except SystemExit:
        fail(f"Cannot listen on {settings.host}:{settings.port}; is something else there? Set LAYERS_PORT.")


async def _both(shared: Shared, *, api: bool, worker: bool) -> None:
    await _check_schema(shared.url)
    stop = asyncio.Event()
    _stop_on_signals(stop)
    async with asyncio.TaskGroup() as group:
        if api:
            group.create_task(_serve(shared, stop))
        if worker:
            group.create_task(work(shared, stop))


def _start(*, api: bool, worker: bool, migrate_first: bool) -> None:
    settings = read_settings()
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
            run(_both(shared, api=api, worker=worker))
        finally:
            tracing.switch_off()


@app.command()
def up() -> None:
    """Run API and worker in one process; migrates first; starts the embedded database if none is configured."""
    _start(api=True, worker=True, migrate_first=True)


@app.command()
def serve() -> None:
    """Run the API alone."""
    _start(api=True, worker=False, migrate_first=False)


@app.command(name="work")
def work_command() -> None:
    """Run a worker alone; as many as wanted, anywhere."""
    _start(api=False, worker=True, migrate_first=False)


@app.command()
def migrate() -> None:
    """Bring the database to this release's schema."""
    settings = read_settings()
    with explained(), database(settings) as url:
        before, after = run(schema.migrate(url))
    out.print(
        f"The schema is at {after}."
        if before == after
        else f"Migrated from {before or 'nothing'} to {after}."
    )


@app.command()
def doctor() -> None:
    """Say what is wrong with this installation, and what to do about it."""
    try:
        settings = Settings.from_env(platform_names=PLATFORM_SETTINGS)
    except SettingsError as why:
        fail("\n  ".join(why.problems))
    set_up_logs("error", as_json=False)
    _print_settings(settings)
    findings: list[checks.Finding] = []
    try:
        with database(settings) as url:
            findings = run(checks.examine(settings, url))
    except embedded.EmbeddedError as why:
        findings = [checks.Finding("database", False, str(why))]
    for finding in findings:
        mark = {True: "[green]✓[/]", False: "[bold red]✗[/]", None: "[yellow]·[/]"}[finding.ok]
        out.print(f"{mark} {finding.what}: {finding.words}", highlight=False, soft_wrap=True)
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)


def _print_settings(settings: Settings) -> None:
    table = Table("setting", "value", "what it is", box=None, pad_edge=False)
    for f in fields(settings):
        if f.name == "platforms":
            continue
        value = str(getattr(settings, f.name))
        shown = "(set)" if value and f.metadata.get("secret") else value or "(unset)"
        table.add_row(f"LAYERS_{f.name.upper()}", shown, str(f.metadata["about"]))
    for name in sorted(PLATFORM_SETTINGS):
        given = settings.platforms.get(name, "")
        shown = (given if name.endswith("_BASE_URL") else "(set)") if given else "(unset)"
        table.add_row(f"LAYERS_{name}", shown, checks.about_platform_setting(name))
    out.print(table)


@app.command()
def openapi() -> None:
    """Print the contract of the HTTP API (OpenAPI 3.1)."""
    sys.stdout.write(contract())


@keys.command("create")
def create_key(
    org: Annotated[str, typer.Option(help="Organisation; made if there is none of that name.")],
    env: Annotated[str, typer.Option(help="live or test")] = "test",
    scope: Annotated[list[str] | None, typer.Option(help="Repeatable; default everything.")] = None,
    return_host: Annotated[
        list[str] | None, typer.Option(help="Host OAuth may return to; repeatable.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a key. It is shown this once."""
    scopes = scope or [EVERYTHING]
    if env not in ("live", "test"):
        fail(f"--env is live or test, not {env}.")
    if unknown := unknown_scopes(scopes):
        fail(f"No such scope: {', '.join(unknown)}. There are: {', '.join(SCOPES)} and *.")
    if not org.strip() or len(org) > 200:
        fail("--org needs 1 to 200 characters.")
    settings = read_settings()

    async def make(url: str) -> Any:
        await schema.migrate(url)
        pool = await open_pool(url, 2, "layers keys")
        try:
            return await create_first_key(
                pool, organization=org.strip(), environment=env, scopes=scopes, return_hosts=return_host or []
            )
        finally:
            await pool.close()

    with explained(), database(settings) as url:
        made = run(make(url))
    if as_json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(made)) + "\n")
    else:
        out.print(f"[bold]{made.key}[/]", highlight=False, soft_wrap=True)
        out.print(
            f"{env} key {made.api_key_id} of {made.organization_id}. Keep it now: it is not shown again."
        )


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
        await _check_schema(url)
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


def main() -> None:
    """Run the command line."""
    app()

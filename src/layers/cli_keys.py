"""`layers keys`: the first key of an organisation."""

from typing import Annotated, Any

import typer

from layers.access.commands import create_first_key
from layers.access.keys import EVERYTHING, SCOPES, unknown_scopes
from layers.console import database, explained, read_settings, run
from layers.db import schema
from layers.db.pool import open_pool
from layers.terminal import AsJson, fail, out, print_json

keys = typer.Typer(help="API keys.", no_args_is_help=True)


@keys.callback()
def only_group() -> None:
    """API keys."""


@keys.command("create")
def create_key(
    org: Annotated[str, typer.Option(help="Organisation; made if there is none of that name.")],
    env: Annotated[str, typer.Option(help="live or test")] = "test",
    scope: Annotated[list[str] | None, typer.Option(help="Repeatable; default everything.")] = None,
    return_host: Annotated[
        list[str] | None, typer.Option(help="Host OAuth may return to; repeatable.")
    ] = None,
    as_json: AsJson = False,
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
        print_json(made)
    else:
        out.print(f"[bold]{made.key}[/]", highlight=False, soft_wrap=True)
        out.print(
            f"{env} key {made.api_key_id} of {made.organization_id}. Keep it now: it is not shown again."
        )

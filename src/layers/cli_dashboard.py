"""`layers dashboard`: letting people in to the web page."""

from typing import Annotated, cast

import typer

from layers.access import store
from layers.access.keys import ROLES, Role
from layers.api.errors import NotFound
from layers.console import on_database, operator_name, read_settings
from layers.dashboard.commands import Link, make_link
from layers.dashboard.pages import ROOT
from layers.db.pool import Connection
from layers.kit.ids import new_id
from layers.kit.times import iso_z
from layers.terminal import AsJson, fail, out, print_json

dashboard = typer.Typer(help="The web page: let people in.", no_args_is_help=True)


@dashboard.callback()
def group() -> None:
    """Let people in to the web page."""


@dashboard.command("link")
def link(
    org: Annotated[
        str,
        typer.Option(help="Organisation; made if there is none of that name. Needed unless there is one."),
    ] = "",
    env: Annotated[str, typer.Option(help="live or test")] = "test",
    role: Annotated[str, typer.Option(help=f"{', '.join(ROLES)}: what the person may do.")] = "owner",
    return_host: Annotated[
        list[str] | None, typer.Option(help="Host OAuth may return to besides the dashboard; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a link that signs one person in, once, within 15 minutes."""
    if env not in ("live", "test"):
        fail(f"--env is live or test, not {env}.")
    if role not in ROLES:
        fail(f"There is no role {role}. There are: {', '.join(ROLES)}.")
    if len(org) > 200:
        fail("--org needs 1 to 200 characters.")
    actor = operator_name()

    async def make(tx: Connection) -> Link:
        organization_id = await _organization(tx, org.strip())
        return await make_link(tx, organization_id, env, cast("Role", role), return_host or [], actor)

    made = on_database(make)
    url = f"{read_settings().public_origin}{ROOT}/sign-in#{made.token}"
    if as_json:
        told = {"organizationId": made.organization_id, "apiKeyId": made.api_key_id}
        print_json({"url": url, "role": role, "environment": env, "expiresAt": made.expires_at, **told})
        return
    out.print(f"[bold]{url}[/]", highlight=False, soft_wrap=True)
    out.print(
        f"Signs one person in to {made.organization_id} ({env}) as {role}, once, until {iso_z(made.expires_at)}."
        f" Its key is {made.api_key_id}: deleting that ends the session.",
        highlight=False,
    )


async def _organization(tx: Connection, named: str) -> str:
    """Return the id of the organisation meant. Raises NotFound where that is not clear."""
    if named:
        return await store.find_or_make_organization(tx, new_id("org"), named)
    found = await store.organizations(tx)
    if len(found) != 1:
        names = ", ".join(row["name"] for row in found[:10])
        raise NotFound(f"Say whose with --org; there {f'are {names}' if found else 'is none yet'}.")
    return found[0]["id"]

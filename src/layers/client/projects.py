"""`layers projects` and `layers accounts`: what a key can publish from, and to."""

from collections.abc import Sequence
from typing import Annotated

import typer
from layers_sdk import Layers, Project

from layers.client.connection import ProfileName, connected
from layers.client.destinations import UnclearError, name_of, project_of
from layers.terminal import AsJson, fail, out, print_json, table_of

projects = typer.Typer(help="Projects: what one publishes from.", no_args_is_help=True)
accounts = typer.Typer(help="Social accounts: whom one publishes to.", no_args_is_help=True)

ProjectName = Annotated[
    str | None, typer.Option("--project", help="Id or name; default all that are active.")
]


@projects.callback()
def _of_projects() -> None:
    """Projects: what one publishes from."""


@accounts.callback()
def _of_accounts() -> None:
    """Social accounts: whom one publishes to."""


def projects_meant(layers: Layers, wanted: str | None) -> Sequence[Project]:
    """Return the project that is named, or all that are active; ends if it is none or several."""
    found = [one for one in layers.projects.list(limit=100) if one.status == "active"]
    try:
        return found if wanted is None else [project_of(found, wanted)]
    except UnclearError as why:
        fail(why.message, f"There is: {', '.join(why.choices) or 'nothing'}.", choices=list(why.choices))


@projects.command("list")
def list_projects(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """List projects, newest first."""
    with connected(profile) as layers:
        found = list(layers.projects.list(limit=100))
    if as_json:
        print_json({"items": [one.raw for one in found]})
        return
    table = table_of("id", "name", "time zone", "status")
    for one in found:
        table.add_row(one.id, one.name, one.timezone, one.status)
    out.print(table, markup=False)


@accounts.command("list")
def list_accounts(project: ProjectName = None, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """List social accounts, as `layers publish --to` takes them."""
    with connected(profile) as layers:
        meant = projects_meant(layers, project)
        found = [(one, account) for one in meant for account in layers.social.list_accounts(one.id)]
    if as_json:
        print_json({"items": [account.raw for _, account in found]})
        return
    table = table_of("--to", "id", "project", "status", whole=(0, 1))
    for one, account in found:
        table.add_row(name_of(account), account.social_account_id, one.name, account.status)
    out.print(table, markup=False)

"""`layers organizations`: the kill switch of a whole organisation, for the operator and without a key."""

from datetime import datetime
from typing import Annotated

import asyncpg
import typer
from rich.table import Table

from layers.access import commands as access
from layers.access import store
from layers.access.caller import Caller
from layers.api.routes import WireOut
from layers.console import on_database, operator_name
from layers.db.pool import Connection
from layers.kit.times import iso_z, utc_now
from layers.publishing.commands import cancel_all
from layers.terminal import AsJson, out, print_json

organizations = typer.Typer(help="Organisations: list, kill, revive.", no_args_is_help=True)

Org = Annotated[str, typer.Argument(metavar="ORG", help="Id (org_…) or name.")]


class Organization(WireOut):
    """An organisation, as it is shown."""

    id: str
    name: str
    killed_at: datetime | None
    created_at: datetime


@organizations.command("list")
def list_organizations(as_json: AsJson = False) -> None:
    """List all organisations."""

    async def read(tx: Connection) -> list[asyncpg.Record]:
        return await store.organizations(tx)

    found = [Organization(**dict(row)) for row in on_database(read)]
    if as_json:
        print_json({"items": found})
        return
    table = Table("id", "name", "status", "since", box=None, pad_edge=False)
    for organization in found:
        status = "killed" if organization.killed_at else "active"
        since = iso_z(organization.killed_at or organization.created_at)
        table.add_row(organization.id, organization.name, status, since)
    out.print(table, markup=False)


@organizations.command("kill")
def kill(org: Org, as_json: AsJson = False) -> None:
    """Refuse every key of an organisation, and hold back its posts and webhooks until it is revived."""
    _set(org, killed=True, as_json=as_json)


@organizations.command("revive")
def revive(
    org: Org,
    cancel_queued: Annotated[
        bool, typer.Option(help="Cancel the posts that waited, rather than let them go out now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let an organisation's keys in again; what was held back goes out, in order."""
    _set(org, killed=False, as_json=as_json, cancel_queued=cancel_queued)


def _set(org: str, *, killed: bool, as_json: bool, cancel_queued: bool = False) -> None:
    actor = operator_name()

    async def change(tx: Connection) -> asyncpg.Record:
        row = await access.set_killed(tx, org, killed=killed, actor=actor, now=utc_now())
        if cancel_queued:
            await cancel_all(
                tx, _operator(row, actor), organization_id=row["id"], reason="the organisation was killed"
            )
        return row

    row = on_database(change)
    if as_json:
        print_json({"organization": Organization(**dict(row))})
    else:
        state = f"killed since {iso_z(row['killed_at'])}" if row["killed_at"] else "active"
        out.print(f"{row['name']} ({row['id']}) is {state}.", highlight=False, markup=False)


def _operator(row: asyncpg.Record, actor: str) -> Caller:
    """Return the operator as a caller of the organisation, of both environments."""
    return Caller(
        organization_id=row["id"],
        organization_name=row["name"],
        environment="live",
        api_key_id="",
        scopes=frozenset(),
        rate_limit_tier="",
        return_hosts=(),
        request_id="",
        actor_name=actor,
    )

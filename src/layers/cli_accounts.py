"""`layers operator accounts`: see how social accounts are, hold them, let them go, disconnect them, without a key."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, get_args

import asyncpg
import msgspec
import typer
from rich.table import Table

from layers.access.caller import Caller
from layers.console import on_database, operator
from layers.db.pool import Connection
from layers.kit.times import iso_z, utc_now
from layers.social_accounts import commands, store
from layers.social_accounts.schemas import AccountHealth, AccountStatus
from layers.terminal import AsJson, fail, out, print_json

accounts = typer.Typer(help="Social accounts: how they are; hold them, let them go.", no_args_is_help=True)
AccountId = Annotated[str, typer.Argument(help="The account's id, sa_….")]
UNTIL_RELEASED = datetime(9999, 1, 1, tzinfo=UTC)
COLUMNS = (
    *("social_account_id", "organization_name", "environment", "project_id", "platform", "handle", "status"),
    *("waiting", "token_expires_at", "hold_until", "connected_at", "disconnected_at", "disconnected_reason"),
)


def _facts(row: asyncpg.Record) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for column in COLUMNS:
        first, *rest = column.split("_")
        facts[first + "".join(part.capitalize() for part in rest)] = row[column]
    return facts


@accounts.command("list")
def list_accounts(
    status: Annotated[str | None, typer.Option(help="connected, reauth_required or disconnected.")] = None,
    platform: Annotated[str | None, typer.Option(help="One platform's.")] = None,
    org: Annotated[str | None, typer.Option(help="One organisation's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List accounts, the newest connection first."""
    if status not in (None, *get_args(AccountStatus)):
        fail(f"No such status: {status}. There are: {', '.join(get_args(AccountStatus))}.")

    async def read(tx: Connection) -> list[dict[str, Any]]:
        return [_facts(row) for row in await store.newest(tx, status, platform, org, limit)]

    found = on_database(read)
    if as_json:
        print_json({"items": found})
        return
    table = Table("id", "status", "platform", "handle", "organisation", box=None, pad_edge=False)
    for name in ("waiting", "token ends", "held until"):
        table.add_column(name)
    for facts in found:
        table.add_row(
            *(
                facts[name]
                for name in ("socialAccountId", "status", "platform", "handle", "organizationName")
            ),
            str(facts["waiting"]),
            _short(facts["tokenExpiresAt"]),
            _held(facts["holdUntil"]),
        )
    out.print(table, markup=False)


@accounts.command("show")
def show_account(account_id: AccountId, as_json: AsJson = False) -> None:
    """Show an account: its tokens, its last success, what waits for it."""

    async def read(tx: Connection) -> tuple[dict[str, Any], AccountHealth]:
        return await _see(tx, account_id)

    _show(*on_database(read), as_json=as_json)


@accounts.command("hold")
def hold_account(
    account_id: AccountId,
    hours: Annotated[float | None, typer.Option(min=0, help="For how long; default until released.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let none of its posts go out; they stay queued. What is being sent is finished."""
    until = UNTIL_RELEASED if hours is None else utc_now() + timedelta(hours=hours)

    async def hold(tx: Connection) -> tuple[dict[str, Any], AccountHealth]:
        await commands.hold(tx, await _caller(tx, account_id), account_id, until)
        return await _see(tx, account_id)

    _show(*on_database(hold), as_json=as_json)


@accounts.command("release")
def release_account(account_id: AccountId, as_json: AsJson = False) -> None:
    """End a hold, also one its platform asked for, and try what is parked at once."""

    async def release(tx: Connection) -> tuple[dict[str, Any], AccountHealth]:
        await commands.release(tx, await _caller(tx, account_id), account_id)
        return await _see(tx, account_id)

    _show(*on_database(release), as_json=as_json)


@accounts.command("disconnect")
def disconnect_account(account_id: AccountId, as_json: AsJson = False) -> None:
    """Forget its tokens and cancel its queued posts."""

    async def disconnect(tx: Connection) -> tuple[dict[str, Any], AccountHealth]:
        await commands.revoke(tx, await _caller(tx, account_id), account_id)
        return await _see(tx, account_id)

    _show(*on_database(disconnect), as_json=as_json)


async def _row(tx: Connection, account_id: str) -> asyncpg.Record:
    row = await store.find_anywhere(tx, account_id)
    if row is None:
        fail(f"There is no social account {account_id}.")
    return row


async def _caller(tx: Connection, account_id: str) -> Caller:
    return operator(dict(await _row(tx, account_id)))


async def _see(tx: Connection, account_id: str) -> tuple[dict[str, Any], AccountHealth]:
    row = await _row(tx, account_id)
    return _facts(row), commands.health_from(account_id, await store.health(tx, account_id), utc_now())


def _show(facts: dict[str, Any], health: AccountHealth, *, as_json: bool) -> None:
    if as_json:
        print_json({"account": facts, "health": health})
        return
    table = Table("", "", box=None, pad_edge=False, show_header=False)
    for name, value in {**msgspec.to_builtins(health), **msgspec.to_builtins(facts)}.items():
        if value not in (None, {}):
            table.add_row(name, _held(facts["holdUntil"]) if name == "holdUntil" else str(value))
    out.print(table, markup=False)


def _short(at: datetime | None) -> str:
    return iso_z(at) if at else ""


def _held(until: datetime | None) -> str:
    if until is None or until <= utc_now():
        return ""
    return "released" if until == UNTIL_RELEASED else iso_z(until)

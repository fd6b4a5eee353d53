"""`layers status`, the installation on one screen, and `layers health`, an exit code for what keeps processes alive."""

import socket
from typing import Annotated, Literal, cast
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import asyncpg
import msgspec
import typer
from rich.table import Table

from layers.console import database, explained, on_database, read_settings, run
from layers.db.pool import DATABASE_AWAY, connect
from layers.monitoring import Picture, take_picture
from layers.publishing.health import ALIVE
from layers.settings import Settings
from layers.terminal import AsJson, fail, out, print_json

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, not listened on
HERE = "SELECT count(*) FROM workers WHERE host = $1 AND seen_at > now() - $2::interval"


def status(as_json: AsJson = False) -> None:
    """Show on one screen how the installation is doing: what is due, late, in doubt, waiting for a person."""

    seen = on_database(take_picture)
    if as_json:
        print_json(msgspec.to_builtins(seen))
        return
    table = Table("", "", "", box=None, pad_edge=False, show_header=False)
    for what, count, words in _lines(seen):
        table.add_row(what, f"[bold]{count}[/]" if words else str(count), words)
    out.print(table, highlight=False)


def _lines(seen: Picture) -> list[tuple[str, int, str]]:
    """Return what there is to see: a name, a number, and what to do about it if anything."""
    due, refused = sum(seen.due.values()), sum(seen.reauth.values())
    oldest = max(seen.oldest_due_seconds.values(), default=0)
    behind = seen.oldest_webhook_seconds or 0

    def told(words: str, *, when: object) -> str:
        return words if when else ""

    return [
        ("workers", seen.workers, told("none is alive: start `layers work`", when=not seen.workers)),
        ("posts due", due, told(f"the oldest for {oldest:.0f} s {_by(seen.due)}", when=due)),
        ("posts in hand", seen.in_hand, ""),
        ("posts in doubt", seen.in_doubt, told("being looked up", when=seen.in_doubt)),
        (
            "posts held",
            seen.held,
            told("their accounts must keep still: `layers operator accounts list`", when=seen.held),
        ),
        ("posts to come", seen.ahead, ""),
        (
            "outcome unknown",
            seen.outcome_unknown,
            told("look on the platform, then `layers operator posts resolve`", when=seen.outcome_unknown),
        ),
        ("to reconnect", refused, told(f"accounts {_by(seen.reauth)}; their posts wait a day", when=refused)),
        (
            "webhooks pending",
            seen.webhooks.get("active", 0),
            told(f"the oldest is {behind:.0f} s late", when=behind > 1),
        ),
        (
            "endpoints paused",
            seen.paused_endpoints,
            told(f"{seen.webhooks.get('paused', 0)} webhooks wait for them", when=seen.paused_endpoints),
        ),
    ]


def _by(counts: dict[str, int]) -> str:
    return f"({', '.join(f'{name} {count}' for name, count in sorted(counts.items()))})"


def health(
    role: Annotated[
        Literal["api", "worker"] | None, typer.Argument(help="Which must live here; default any.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether this machine's API answers or its worker lives; the exit code is 0 or 1."""
    settings = read_settings()
    if role != "worker" and _api_is_ready(settings):
        well, words = "api", "The API is ready."
    elif (role == "worker" or (role is None and settings.database_url)) and _worker_lives(settings):
        # A look must not start an embedded server: who has one runs its worker beside an API, or says `worker`.
        well, words = "worker", "A worker lives."
    else:
        fail("Nothing of Layers is well here." if role is None else f"The {role} is not well.")
    if as_json:
        print_json({"well": well})
    else:
        out.print(words)


def _api_is_ready(settings: Settings) -> bool:
    url = f"http://{ANYWHERE.get(settings.host, settings.host)}:{settings.port}/health/ready"
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=5):
            return True
    except (URLError, OSError):
        return False


def _worker_lives(settings: Settings) -> bool:
    async def ask(url: str) -> bool:
        connection = await connect(url)
        try:
            return bool(await connection.fetchval(HERE, socket.gethostname(), ALIVE))
        except (*DATABASE_AWAY, asyncpg.UndefinedTableError):
            return False
        finally:
            await connection.close()

    with explained(), database(settings) as url:
        return cast("bool", run(ask(url)))

"""`layers backup`, `restore` and `recover`: the database kept, brought back, and what that leaves in doubt."""

from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from layers.console import database, explained, operator_name, read_settings, run
from layers.db import dump, schema
from layers.db.pool import connect, open_pool
from layers.kit.times import iso_z, utc_now
from layers.publishing.recovery import Recovered, WorkersAlive, recover
from layers.terminal import AsJson, fail, out, print_json

File = Annotated[Path, typer.Argument(help="The backup.")]
Until = Annotated[
    str | None,
    typer.Option(help="When the last worker of before stopped, like 2026-04-18T19:18:42Z; default now."),
]


def backup(file: File, as_json: AsJson = False) -> None:
    """Write the database to a new file, while everything goes on. Media and secret keys are kept elsewhere."""
    settings = read_settings()
    with explained(), database(settings) as url:
        _explained(lambda: dump.dump(url, file))
    if as_json:
        print_json({"file": str(file), "sizeBytes": file.stat().st_size})
        return
    out.print(f"{file}: {file.stat().st_size:,} bytes.", highlight=False)
    if not settings.secret_keys:
        words = f"Keep {settings.data_dir / 'secret.key'} as well, in another place: without it no token can be read."
        out.print(words, highlight=False, soft_wrap=True)


def restore(file: File, until: Until = None, as_json: AsJson = False) -> None:
    """Read a backup into an empty database; what may have gone out since is left to a person."""
    at, settings = _moment(until), read_settings()
    with explained(), database(settings) as url:
        if run(_revision(url)) is not None:
            fail("This database is in use. Restore into an empty one.")
        _explained(lambda: dump.load(url, file))
        run(schema.migrate(url))
        _tell(_recover(url, at), as_json=as_json)


def recover_command(until: Until = None, as_json: AsJson = False) -> None:
    """After a restore by other means, or a failover that lost something: leave to a person what may be out already."""
    at, settings = _moment(until), read_settings()
    with explained(), database(settings) as url:
        _tell(_recover(url, at), as_json=as_json)


def _moment(given: str | None) -> datetime:
    if given is None:
        return utc_now()
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        fail(f"--until {given}: write a time like {iso_z(utc_now())}.")
    if at.tzinfo is None:
        fail(f"--until {given} has no zone; end it with Z for UTC.")
    return min(at, utc_now())


async def _revision(url: str) -> str | None:
    connection = await connect(url)
    try:
        return await schema.current_revision(connection)
    finally:
        await connection.close()


def _explained(job: Any) -> None:
    try:
        job()
    except dump.DumpError as why:
        fail(str(why))


def _recover(url: str, until: datetime) -> Coroutine[Any, Any, Recovered]:
    async def work() -> Recovered:
        pool = await open_pool(url, 1, "layers recover")
        try:
            async with pool.acquire() as tx, tx.transaction():
                await schema.check(tx)
                return await recover(tx, until, utc_now(), operator_name())
        finally:
            await pool.close()

    return work()


def _tell(recovering: Coroutine[Any, Any, Recovered], *, as_json: bool) -> None:
    try:
        found: Recovered = run(recovering)
    except WorkersAlive:
        fail("Workers are running. Stop them first: they may be sending what is in doubt.")
    if as_json:
        print_json(
            {"unknown": found.unknown, "timersStopped": found.timers_stopped, "ahead": found.ahead},
        )
        return
    out.print(f"{len(found.unknown)} posts may be out already. Look on their platforms, then for each:")
    out.print(
        "  layers operator posts resolve ID --published | --not-published   (then: layers operator posts retry ID)"
    )
    for post in found.unknown:
        out.print(f"  {post}", highlight=False)
    if found.timers_stopped:
        words = "containers wait for a person: their approval by timer may have come and gone: "
        out.print(f"{len(found.timers_stopped)} {words}{', '.join(found.timers_stopped)}", highlight=False)
    out.print(f"{found.ahead} posts are still to come and go out once a worker runs.")

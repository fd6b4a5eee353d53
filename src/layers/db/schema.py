"""The schema: migrate it, and refuse to run when code and schema disagree."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any, cast

from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.queries import Queries

from layers.db.pool import Connection, connect

VERSIONS = Path(__file__).parent / "migrations" / "versions"
MIGRATION_LOCK = 7_246_001
"""Advisory lock held while migrating, so that many processes may start at once."""

MIGRATIONS = "layers.db.migrations"
TABLES_HELD = 75
"""Exit status of the migrations when others did not let go of the tables (EX_TEMPFAIL)."""


class SchemaMismatch(Exception):  # noqa: N818
    """Code and schema do not fit; the message names both and the remedy."""


def queue_settings() -> DBSettings:
    """Return how PgQueuer is installed. Its rows are hints to look at ours, so they need not survive a crash."""
    return DBSettings(prefix="layers_", durability=Durability.volatile)


def newest_revision() -> str:
    """Return the revision this code was written for, e.g. "0003"."""
    return max(path.stem[:4] for path in VERSIONS.glob("[0-9]*.py"))


async def migrate(url: str) -> tuple[str | None, str]:
    """Bring the database to this code's schema, PgQueuer's tables included. Returns revisions (before, after)."""
    connection = await connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        before = await current_revision(connection)
        if await _refuse_newer(connection, before):
            return before, before or ""
        if before != newest_revision():
            await _run_migrations(url)
        await _install_queue(connection)
        return before, newest_revision()
    finally:
        await connection.close()


async def _run_migrations(url: str) -> None:
    """Run Alembic in a process of its own: it keeps what it is at in globals, and nobody else need load it."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", MIGRATIONS, stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await child.communicate(url.encode())
    if child.returncode == TABLES_HELD:
        raise SchemaMismatch(
            "Long transactions hold the tables to be changed. End them, then run `layers migrate`."
        )
    if child.returncode:
        raise RuntimeError(f"The migration failed:\n{said.decode(errors='replace')}")


async def _install_queue(connection: Connection) -> None:
    queries = Queries.from_asyncpg_connection(cast("Any", connection))
    queries.qbe.settings = queue_settings()
    if await queries.schema_is_installed():
        await queries.upgrade()
    else:
        await queries.install()


async def check(connection: Connection) -> None:
    """Raise SchemaMismatch unless this code runs with the schema: its own, or a newer one that still allows it."""
    found = await current_revision(connection)
    if await _refuse_newer(connection, found):
        return
    if found != newest_revision():
        state = f"at revision {found}" if found else "empty"
        raise SchemaMismatch(
            f"The database is {state}, this Layers needs {newest_revision()}. Run `layers migrate`."
        )


async def _refuse_newer(connection: Connection, found: str | None) -> bool:
    """Tell whether the schema is newer; raise SchemaMismatch if it no longer allows this code.

    So that a cluster can be upgraded machine by machine, a migration only adds, and names in `schema_compatibility`
    the oldest code that runs with it; what older code needs is taken away one release later.
    """
    newest = newest_revision()
    if found is None or found <= newest:
        return False
    if newest < await connection.fetchval("SELECT oldest_code FROM schema_compatibility"):
        raise SchemaMismatch(
            f"The database is at revision {found}, too new for this Layers ({newest}). "
            "Install the newer release, or restore the backup made before the upgrade."
        )
    return True


async def current_revision(connection: Connection) -> str | None:
    """Return the schema's revision, None for a database Layers has never seen."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    return await connection.fetchval("SELECT version_num FROM alembic_version")

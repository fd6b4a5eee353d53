"""What commands of the operator share: settings, and the database they work on."""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from layers.access.caller import Caller
from layers.access.keys import EVERYTHING
from layers.api.errors import Problem
from layers.app import PLATFORM_SETTINGS
from layers.db import embedded, schema
from layers.db.pool import DATABASE_AWAY, Connection, connect, open_pool
from layers.kit.logs import set_up_logs
from layers.kit.tracing import TracingError
from layers.settings import Settings, SettingsError
from layers.storage import StorageError
from layers.terminal import fail
from layers.vault import VaultError

T = TypeVar("T")

try:
    import uvloop

    new_loop = uvloop.new_event_loop
except ImportError:  # not on Windows
    new_loop = asyncio.new_event_loop


def read_settings() -> Settings:
    """Read the environment and set up logs; ends with what is wrong with it."""
    try:
        settings = Settings.from_env(platform_names=PLATFORM_SETTINGS)
    except SettingsError as why:
        fail("\n  ".join(why.problems))
    set_up_logs(settings.log_level, as_json=settings.log_json)
    return settings


@contextmanager
def database(settings: Settings) -> Generator[str]:
    """Give the URL of the database: the configured one, or the embedded one while the block runs."""
    if settings.database_url:
        yield settings.database_url
        return
    settings.open_data_dir()
    with embedded.start(settings.data_dir, fsync=settings.embedded_fsync) as server:
        yield server.url


def run(job: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(job)


EXPLAINED = (
    *(SettingsError, schema.SchemaMismatch, VaultError, StorageError, embedded.EmbeddedError, TracingError),
)
"""What says in words how to mend it."""


@contextmanager
def explained() -> Generator[None]:
    """Turn what an operator can mend into one line with the remedy."""
    try:
        yield
    except EXPLAINED as why:
        fail(str(why))
    except DATABASE_AWAY as why:
        fail(f"The database does not answer ({why!r}). Is LAYERS_DATABASE_URL right?")


async def check_schema(url: str) -> None:
    """Raise SchemaMismatch unless the database is at this release's schema."""
    connection = await connect(url)
    try:
        await schema.check(connection)
    finally:
        await connection.close()


def on_database(job: Callable[[Connection], Awaitable[T]]) -> T:
    """Do `job` in one transaction on the installation's database; a refusal is told, and nothing written."""
    settings = read_settings()

    async def work(url: str) -> T:
        pool = await open_pool(url, 1, "layers command")
        try:
            async with pool.acquire() as tx, tx.transaction():
                await schema.check(tx)
                return await job(tx)
        finally:
            await pool.close()

    with explained(), database(settings) as url:
        try:
            return cast("T", run(work(url)))
        except Problem as refusal:
            fail(refusal.message)


def operator(of: Mapping[str, Any]) -> Caller:
    """Return the operator as a caller of an organisation, of a row that names it and the environment."""
    return Caller(
        organization_id=of["organization_id"],
        organization_name=of["organization_name"],
        environment=of["environment"],
        api_key_id="",
        scopes=frozenset({EVERYTHING}),
        rate_limit_tier="",
        return_hosts=(),
        request_id="",
        actor_name=operator_name(),
    )


def operator_name() -> str:
    """Return who the operator is in the audit log."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user need not have a name
        return f"cli:{os.getuid()}"

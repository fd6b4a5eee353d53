"""What the commands share: settings, the database they work on, and how they speak."""

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich.console import Console

from layers.app import PLATFORM_SETTINGS
from layers.db import embedded, schema
from layers.db.pool import DATABASE_AWAY
from layers.kit.logs import set_up_logs
from layers.settings import Settings, SettingsError
from layers.storage import StorageError
from layers.vault import VaultError

out, err = Console(), Console(stderr=True)

try:
    import uvloop

    new_loop = uvloop.new_event_loop
except ImportError:  # not on Windows
    new_loop = asyncio.new_event_loop


def fail(message: str) -> NoReturn:
    """Say what is wrong and end with 1."""
    err.print(f"[bold red]✗[/] {message}", highlight=False)
    raise typer.Exit(1)


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
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with embedded.start(settings.data_dir, fsync=settings.embedded_fsync) as server:
        yield server.url


def run(job: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(job)


@contextmanager
def explained() -> Generator[None]:
    """Turn what an operator can mend into one line with the remedy."""
    try:
        yield
    except (schema.SchemaMismatch, VaultError, StorageError, embedded.EmbeddedError) as why:
        fail(str(why))
    except DATABASE_AWAY as why:
        fail(f"The database does not answer ({why!r}). Is LAYERS_DATABASE_URL right?")

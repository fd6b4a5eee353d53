"""A database into a file and back, with the programs of the PostgreSQL that comes along."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from layers.db.embedded import binaries
from layers.db.schema import queue_settings

OPTIONS = ("--no-owner", "--no-privileges")


class DumpError(Exception):
    """The backup was not written or not read; the message says why."""


def dump(url: str, file: Path) -> None:
    """Write the database to a new file that only its owner may read. Raises DumpError."""
    passing = [queue_settings().queue_table, queue_settings().queue_table_log, "request_counts", "workers"]
    try:
        file.touch(mode=0o600, exist_ok=False)
    except OSError as why:
        raise DumpError(f"{file} cannot be made: {why}.") from why
    try:
        without = [f"--exclude-table-data={table}" for table in passing]
        _run("pg_dump", url, [*OPTIONS, "--format=custom", *without, f"--file={file}"])
    except BaseException:
        file.unlink()
        raise


def load(url: str, file: Path) -> None:
    """Read a file of `dump` into an empty database, all of it or nothing. Raises DumpError."""
    if not file.is_file():
        raise DumpError(f"There is no file {file}.")
    _run("pg_restore", url, [*OPTIONS, "--single-transaction", "--exit-on-error", str(file)])


def _run(program: str, url: str, arguments: Sequence[str]) -> None:
    password = urlsplit(url).password  # in the environment: others can read arguments
    where = url.replace(f":{password}@", "@", 1) if password else url
    done = subprocess.run(  # noqa: S603 - our own programs, no shell
        [str(binaries() / program), f"--dbname={where}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **({"PGPASSWORD": password} if password else {})},
    )
    if done.returncode:
        raise DumpError(f"{program}: {done.stderr.strip()}")

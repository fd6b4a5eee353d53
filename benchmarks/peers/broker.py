"""A Redis of our own, as a careful user would run it: every write in the append-only file."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from benchmarks.processes import free_port, until_listening


def version() -> str:
    """Return the version of the installed server; leaves with the remedy when there is none."""
    if not shutil.which("redis-server"):
        sys.exit(
            "Celery needs a Redis, and there is no redis-server here. Remedy: apt-get install redis-server"
        )
    return (
        subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True)
        .stdout.split("v=")[1]
        .split()[0]
    )


@asynccontextmanager
async def redis() -> AsyncGenerator[str]:
    """Run it while the block runs; gives its URL."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="layers-redis-") as folder:
        options = {"port": str(port), "bind": "127.0.0.1", "appendonly": "yes", "save": "", "dir": folder}
        command = [
            "redis-server",
            *(word for name, value in options.items() for word in (f"--{name}", value)),
        ]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: ASYNC220
        try:
            await until_listening(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(20)

"""A throw-away installation with many accounts and containers, made by SQL."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.instant import PLATFORM
from benchmarks.processes import until_listening
from layers.access.commands import create_first_key
from layers.app import Shared, share
from layers.db import embedded, schema
from layers.db.pool import Pool, Queries, open_pool
from layers.settings import Settings


@dataclass(frozen=True)
class Ground:
    """What a benchmark stands on."""

    shared: Shared
    pool: Pool
    key: str
    organization_id: str


@asynccontextmanager
async def ground(port: int = 0) -> AsyncGenerator[Ground]:
    """Start an embedded PostgreSQL (durable, as shipped) in a temporary folder, migrated, with a live key."""
    with tempfile.TemporaryDirectory(prefix="layers-bench-") as folder:
        server = await asyncio.to_thread(embedded.start, Path(folder))
        try:
            await schema.migrate(server.url)
            settings = Settings(data_dir=Path(folder), port=port or 8787, allow_private_networks=True)
            pool = await open_pool(server.url, 8, "layers benchmarks")
            made = await create_first_key(
                pool, organization="Bench", environment="live", scopes=["*"], return_hosts=[]
            )
            try:
                yield Ground(share(settings, server.url), pool, made.key, made.organization_id)
            finally:
                await pool.close()
        finally:
            await asyncio.to_thread(server.close)


async def populate(
    pool: Pool, organization_id: str, *, accounts: int, containers: int, platform: str
) -> None:
    """Insert a project, accounts `sa_0`… and text containers `cnt_0`…."""
    await pool.execute(
        "INSERT INTO projects (id, organization_id, environment, name, timezone)"
        " VALUES ('prj_0', $1, 'live', 'Bench', 'UTC')",
        organization_id,
    )
    await pool.execute(
        "INSERT INTO social_accounts (id, organization_id, project_id, platform, sandbox, external_id, handle,"
        " display_name, status) SELECT 'sa_' || n, $1, 'prj_0', $3, false, 'x' || n, 'h' || n, 'h' || n, 'connected'"
        " FROM generate_series(0, $2::int - 1) n",
        *(organization_id, accounts, platform),
    )
    await pool.execute(
        "INSERT INTO containers (id, organization_id, project_id, kind, status, caption, approval_status, completed_at)"
        " SELECT 'cnt_' || n, $1, 'prj_0', 'text', 'completed', 'hello ' || n, 'not_required', now()"
        " FROM generate_series(0, $2::int - 1) n",
        *(organization_id, containers),
    )
    await pool.execute("ANALYZE")


async def schedule(
    database: Queries,
    organization_id: str,
    *,
    accounts: int,
    each: int,
    after_seconds: float,
    batch: str = "0",
) -> None:
    """Insert `each` posts for each of `accounts`, all due at one instant; ids are `sp_BATCH_ACCOUNT_N`."""
    await database.execute(
        """INSERT INTO scheduled_posts (id, organization_id, project_id, container_id, social_account_id, platform,
            mode, kind, status, caption, scheduled_for, due_at)
        SELECT concat_ws('_', 'sp', $6::text, a, n), $1, 'prj_0', 'cnt_0', 'sa_' || a, $5, 'direct_publish', 'text',
            'queued', 'hello', now() + $4::float8 * interval '1 second', now() + $4::float8 * interval '1 second'
        FROM generate_series(0, $2::int - 1) a, generate_series(0, $3::int - 1) n ORDER BY n, a""",
        *(organization_id, accounts, each, after_seconds, PLATFORM, batch),
    )
    await database.execute("ANALYZE scheduled_posts")


def spawn(ground: Ground, command: str, *, port: int = 0, origin: str = "") -> subprocess.Popen[bytes]:
    """Start `serve` on `port`, or `work` against the instant platform at `origin`."""
    more = {"LAYERS_PORT": str(port)} if port else {}
    if origin:
        more[f"LAYERS_{PLATFORM.upper()}_BASE_URL"] = origin
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.launch", command],
        env={
            **os.environ,
            "LAYERS_DATABASE_URL": ground.shared.url,
            "LAYERS_DATA_DIR": str(ground.shared.settings.data_dir),
            "LAYERS_LOG_LEVEL": "error",
            **more,
        },
        stderr=subprocess.DEVNULL,
    )


async def serve_on(ground: Ground, ports: Iterable[int]) -> list[subprocess.Popen[bytes]]:
    """Start an API process on each port and wait until all listen."""
    servers = [spawn(ground, "serve", port=port) for port in ports]
    for port in ports:
        await until_listening(port)
    return servers

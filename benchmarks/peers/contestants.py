"""Who takes part: how each is prepared, started and asked, and how one reads from its database what it has done."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from benchmarks.arrange import Ground, ground, populate
from benchmarks.instant import serve
from benchmarks.load import post_json
from benchmarks.peers.fake import Fake
from benchmarks.peers.with_layers import PLATFORM
from benchmarks.processes import free_port, tree, until_listening
from layers.db.pool import Pool, open_pool

HERE = Path(__file__).parent
BIN = HERE / ".venv" / "bin"
CONCURRENCY = 32
"""Posts a worker carries at the same time; each contestant has one worker process of that many."""
CONTAINERS, ACCOUNTS = 20_000, 1_000
ROWS = ("SELECT count(*) FROM posts", "SELECT count(*) FROM posts WHERE status = 'published'")


@dataclass(frozen=True)
class Contestant:
    """One way of doing the job. No `worker`: it works inside the API process."""

    name: str
    module: str
    worker: list[str]
    packages: tuple[str, ...] = ()
    accepted: str = ROWS[0]
    published: str = ROWS[1]
    about: str = ""


LAYERS = Contestant(
    "Layers",
    "benchmarks.peers.with_layers",
    [sys.executable, "-m", "benchmarks.peers.with_layers", "work"],
    accepted="SELECT count(*) FROM scheduled_posts",
    published="SELECT count(*) FROM scheduled_posts WHERE status = 'published'",
    about="`layers serve` and `layers work`, lease 15 s (the default)",
)
CONTESTANTS = [
    LAYERS,
    Contestant(
        "Celery + Redis",
        "with_celery",
        [
            str(BIN / "celery"),
            *("-A", "with_celery", "worker", "--pool", "threads"),
            *("--concurrency", str(CONCURRENCY), "--loglevel", "WARNING"),
        ],
        ("celery", "kombu", "redis"),
        about="`acks_late`, visibility timeout 60 s (default: an hour), a pool of threads, Redis with `appendonly`",
    ),
    Contestant(
        "Procrastinate",
        "with_procrastinate",
        [
            str(BIN / "procrastinate"),
            *("-a", "with_procrastinate.app", "worker", "--concurrency", str(CONCURRENCY)),
        ],
        ("procrastinate", "psycopg"),
        about="row and job in one transaction; stalled jobs (heartbeat 30 s) rescued every 10 s",
    ),
    Contestant(
        "DBOS",
        "with_dbos",
        [str(BIN / "python"), "with_dbos.py", "work"],
        ("dbos",),
        accepted="SELECT count(*) FROM dbos.workflow_status WHERE name = 'publish'",
        published="SELECT count(*) FROM dbos.workflow_status WHERE name = 'publish' AND status = 'SUCCESS'",
        about="three recorded steps; queue polled every 0.1 s (default: 1 s); recovers when its executor starts again",
    ),
    Contestant(
        "APScheduler",
        "with_apscheduler",
        [],
        ("apscheduler", "sqlalchemy"),
        about="jobs in PostgreSQL; scheduler inside the API process; what is not out is rescheduled at start",
    ),
]


@dataclass
class Stage:
    """A contestant at work on an installation of its own."""

    contestant: Contestant
    fake: Fake
    floor: Ground
    pool: Pool
    env: dict[str, str]
    folder: Path
    port: int
    api: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None
    sent: set[str] = field(default_factory=set)

    def request(self, number: int, at: datetime | None = None, accounts: int = 100) -> bytes:
        """Return the publish request of post `number`, by its contestant's HTTP surface."""
        text, account = f"hello {number}", f"sa_{number % accounts}"
        self.sent.add(text)
        key = {"Idempotency-Key": str(uuid4())}
        if self.contestant is not LAYERS:
            return post_json(
                "/publish", msgspec.json.encode({"account": account, "text": text, "at": at}), key
            )
        body: dict[str, Any] = {
            "targets": [{"socialAccountId": account, "mode": "direct_publish", "allowDuplicate": True}]
        }
        if at:
            body["scheduledFor"] = at
        path = f"/v1/content/cnt_{number % CONTAINERS}/{'schedule' if at else 'publish'}"
        return post_json(
            path, msgspec.json.encode(body), {**key, "Authorization": f"Bearer {self.floor.key}"}
        )

    async def accepted(self) -> int:
        """Count what it has in its database."""
        return await self.pool.fetchval(self.contestant.accepted)

    async def published(self) -> int:
        """Count what it knows to be out."""
        return await self.pool.fetchval(self.contestant.published)

    async def start_api(self, *, dispatching: bool) -> None:
        """Start the API and wait until it listens."""
        self.api = self._spawn_api(dispatching=dispatching)
        listening = asyncio.create_task(until_listening(self.port))
        while not listening.done():
            if self.api.poll() is not None:
                listening.cancel()
                raise RuntimeError(f"the API of {self.contestant.name} ended at its start:\n{self.log()}")
            await asyncio.sleep(0.05)
        await listening

    def _spawn_api(self, *, dispatching: bool) -> subprocess.Popen[bytes]:
        if self.contestant is LAYERS:
            command = [sys.executable, "-m", LAYERS.module, "serve"]
        else:
            target = f"{self.contestant.module}:api"
            command = [str(BIN / "uvicorn"), target, "--port", str(self.port), "--log-level", "warning"]
            command += ["--no-access-log"]
        return self._spawn(command, {} if dispatching else {"PEERS_PAUSED": "yes"})

    def start_worker(self) -> None:
        """Let dispatch begin, or begin again after `kill_worker`."""
        if self.contestant.worker:
            self.worker = self._spawn(self.contestant.worker, {})
        else:
            self._end(self.api)
            self.api = self._spawn_api(dispatching=True)

    def kill_worker(self) -> None:
        """`kill -9` whatever dispatches, children and all."""
        victim = self.worker or self.api
        assert victim is not None
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait()

    def pids(self) -> list[int]:
        """Return all processes of the contestant but the database and the broker."""
        return [pid for one in (self.api, self.worker) if one for pid in tree(one.pid)]

    def stop(self) -> None:
        """End both."""
        self._end(self.worker)
        self._end(self.api)

    def log(self) -> str:
        """Return the end of what they said."""
        return (self.folder / "log").read_text(errors="replace")[-1500:]

    def _spawn(self, command: list[str], more: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=HERE if self.contestant is not LAYERS else HERE.parents[1],
                env={**self.env, **more},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @staticmethod
    def _end(process: subprocess.Popen[bytes] | None) -> None:
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@asynccontextmanager
async def stage(contestant: Contestant, redis: str, *, dispatching: bool) -> AsyncGenerator[Stage]:
    """Put a contestant on a fresh database, its API up; with a worker that has proved itself if `dispatching`."""
    fake = Fake()
    with tempfile.TemporaryDirectory(prefix="layers-peers-") as folder:
        async with ground() as floor, serve(fake) as origin:
            port = free_port()
            url = floor.shared.url
            if contestant is LAYERS:
                where = (floor.pool, floor.organization_id)
                await populate(*where, accounts=ACCOUNTS, containers=CONTAINERS, platform=PLATFORM)
                env = _env_of_layers(floor, origin, port)
            else:
                await floor.pool.execute("CREATE DATABASE peers")
                url = url.replace("/layers?", "/peers?")
                env = _env_of_peers(url, redis, origin)
            pool = await open_pool(url, 2, "layers benchmarks")
            scene = Stage(contestant, fake, floor, pool, env, Path(folder), port)
            try:
                await _begin(scene, dispatching=dispatching)
                yield scene
            finally:
                scene.stop()
                await pool.close()


async def _begin(scene: Stage, *, dispatching: bool) -> None:
    if scene.contestant is not LAYERS:
        command = [str(BIN / "python"), f"{scene.contestant.module}.py"]
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=HERE, env=scene.env, capture_output=True, timeout=60, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{scene.contestant.name} cannot be prepared:\n{done.stderr.decode()[-1500:]}")
    await scene.start_api(dispatching=dispatching)
    if not dispatching:
        return
    if scene.contestant.worker:
        scene.start_worker()
    await _prove(scene)


async def _prove(scene: Stage) -> None:
    """See one post through; it counts for nothing afterwards."""
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
    writer.write(scene.request(CONTAINERS - 1))
    try:
        answer = await reader.readuntil(b"\r\n")
        if b" 200 " not in answer:
            raise RuntimeError(f"{scene.contestant.name} answered {answer.decode()}")
        async with asyncio.timeout(60):
            while not await scene.published():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise RuntimeError(f"{scene.contestant.name} publishes nothing:\n{scene.log()}") from None
    finally:
        writer.close()


def _env_of_layers(floor: Ground, origin: str, port: int) -> dict[str, str]:
    return {
        **os.environ,
        "LAYERS_DATABASE_URL": floor.shared.url,
        "LAYERS_DATA_DIR": str(floor.shared.settings.data_dir),
        "LAYERS_PORT": str(port),
        "LAYERS_LOG_LEVEL": "warning",
        "LAYERS_WORKER_LANES": str(CONCURRENCY),
        f"LAYERS_{PLATFORM.upper()}_BASE_URL": origin,
    }


def _env_of_peers(url: str, redis: str, origin: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(HERE),
        "PEERS_DATABASE_URL": url,
        "PEERS_REDIS_URL": redis,
        "PEERS_PLATFORM": origin,
        "PEERS_CONCURRENCY": str(CONCURRENCY),
    }

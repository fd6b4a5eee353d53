"""What every contestant here is given: settings, the table of posts, the request, and the three calls of the platform.

Each `with_….py` beside this file is an application as its tool's documentation teaches it: the row before the answer,
late acknowledgement or its like, retries, and a look at the row before anything is sent.
"""

import os
import time
import uuid
from datetime import datetime
from functools import cache

import aiohttp
import urllib3
from psycopg_pool import ConnectionPool
from pydantic import BaseModel

DATABASE = os.environ["PEERS_DATABASE_URL"]
REDIS = os.environ.get("PEERS_REDIS_URL", "")
PLATFORM = os.environ["PEERS_PLATFORM"]
CONCURRENCY = int(os.environ["PEERS_CONCURRENCY"])
PAUSED = os.environ.get("PEERS_PAUSED") == "yes"
"""Accept only: for contestants whose scheduler lives inside the API."""
SECONDS = 30
"""Patience for one call."""

SCHEMA = """CREATE TABLE IF NOT EXISTS posts (
    id text PRIMARY KEY,
    idempotency_key text NOT NULL UNIQUE,
    account text NOT NULL,
    text text NOT NULL,
    due_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'queued',
    external_id text
)"""
INSERT = """INSERT INTO posts (id, idempotency_key, account, text, due_at)
    VALUES (%s, %s, %s, %s, coalesce(%s, now())) ON CONFLICT (idempotency_key) DO NOTHING RETURNING id"""
KNOWN = "SELECT id FROM posts WHERE idempotency_key = %s"
FIND = "SELECT text FROM posts WHERE id = %s AND status <> 'published'"
FINISH = "UPDATE posts SET status = 'published', external_id = %s WHERE id = %s"


class Wanted(BaseModel):
    """The body of `POST /publish`; `at` absent means now."""

    account: str
    text: str
    at: datetime | None = None

    def row(self, idempotency_key: str) -> tuple[object, ...]:
        """Return the parameters of INSERT."""
        return (str(uuid.uuid4()), idempotency_key, self.account, self.text, self.at)


@cache
def pool() -> ConnectionPool:
    """Return this process's connections."""
    return ConnectionPool(DATABASE, min_size=1, max_size=16, open=True)


def insert(wanted: Wanted, idempotency_key: str) -> tuple[str, bool]:
    """Make the post durable; returns its id, and whether it is new."""
    row = wanted.row(idempotency_key)
    with pool().connection() as tx:
        if made := tx.execute(INSERT, row).fetchone():
            return made[0], True
        known = tx.execute(KNOWN, (idempotency_key,)).fetchone()
    assert known is not None
    return known[0], False


def find(post_id: str) -> str | None:
    """Return the text of a post that is not out yet."""
    with pool().connection() as tx:
        row = tx.execute(FIND, (post_id,)).fetchone()
    return row[0] if row else None


def finish(post_id: str, external_id: str) -> None:
    """Record that a post is out."""
    with pool().connection() as tx:
        tx.execute(FINISH, (external_id, post_id))


def prepare() -> None:
    """Make the table."""
    with pool().connection() as tx:
        tx.execute(SCHEMA)


# The three calls, for threads and for coroutines -----------------------------------------------------------------

http = urllib3.PoolManager(maxsize=CONCURRENCY, retries=False, timeout=SECONDS)


def call(path: str, **body: str) -> str:
    """Send one call; returns the id it answers. Raises urllib3's HTTPError."""
    answer = http.request("POST", PLATFORM + path, json=body)
    if answer.status != 200:
        raise urllib3.exceptions.HTTPError(f"{path} answered {answer.status}")
    return answer.json()["id"]


def publish(text: str) -> str:
    """Hold the whole conversation; returns the platform's id of the post."""
    upload = call("/init", text=text)
    call("/upload", id=upload)
    return call("/publish", id=upload)


async def call_async(http: aiohttp.ClientSession, path: str, **body: str) -> str:
    """Send one call; returns the id it answers. Raises aiohttp's ClientError."""
    async with http.post(PLATFORM + path, json=body) as answer:
        answer.raise_for_status()
        return (await answer.json())["id"]


async def publish_async(http: aiohttp.ClientSession, text: str) -> str:
    """Hold the whole conversation; returns the platform's id of the post."""
    upload = await call_async(http, "/init", text=text)
    await call_async(http, "/upload", id=upload)
    return await call_async(http, "/publish", id=upload)


def seconds_until(at: datetime | None) -> float:
    """Return how long it is until then; 0 when it is past, or now."""
    return max(0.0, at.timestamp() - time.time()) if at else 0.0

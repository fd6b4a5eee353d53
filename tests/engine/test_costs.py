"""What a request and a post cost the database, counted on the wire and in its own books: never more than is known."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from arrange import target
from stage import Stage, engine_at

from layers.access.caller import Caller
from layers.app import Shared, create_app
from layers.db.pool import Pool, open_pool
from layers.kit.times import utc_now
from layers.loopback import loopback_server
from layers.publishing import commands, rules, store
from layers.publishing.schemas import Target

FEW = 10
PLANNED_AFTER = 7
"""PostgreSQL makes a plan anew for five executions, then keeps one."""
OTHERS = 2000
READ = "SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = 'scheduled_posts'::regclass"
MORE = """
INSERT INTO scheduled_posts (id, organization_id, project_id, container_id, social_account_id, platform, mode, kind,
    status, caption, scheduled_for)
SELECT 'other_' || n, p.organization_id, p.project_id, p.container_id, $2, p.platform, p.mode, p.kind, 'published',
    p.caption, p.scheduled_for FROM scheduled_posts p, generate_series(1, $3) n WHERE p.id = $1
"""


@pytest.mark.parametrize("again", [True, False])
async def test_the_duplicate_guard_reads_nothing_of_other_accounts(
    client: Any, pool: Pool, database_url: str, again: bool
):
    """Not even by a plan that was made when the table was small."""
    await pool.execute("ANALYZE scheduled_posts")
    project = await client.project()
    account = await client.account(project)
    other = await client.account(project, handle="tom.test")
    container = await client.text(project)
    first = (await client.publish(container, account))["scheduledPostIds"][0]
    caller = Caller(
        client.organization_id, "Acme", "test", client.api_key_id, frozenset("*"), "unlimited", (), "req_1"
    )
    own = await open_pool(database_url, 1, "layers costs")
    async with own.acquire() as connection:

        async def insert() -> int:
            trying = connection.transaction()
            await trying.start()
            before = await connection.fetchval(READ)
            subject = await store.load(connection, caller, container, [account])
            assert subject is not None
            wanted = [Target(social_account_id=account, mode="direct_publish", allow_duplicate=again)]
            posts = rules.plan(subject, wanted, commands.limits_of)
            at = utc_now()
            done = await store.insert(connection, caller, subject, posts, at, at, message="m")
            assert done.clashes == ([] if again else [first])
            read = await connection.fetchval(READ) - before
            await trying.rollback()
            return read

        for _ in range(PLANNED_AFTER):
            await insert()
        await pool.execute(MORE, first, other, OTHERS)
        assert await insert() < FEW
    await own.close()


@dataclass
class Line:
    """A line to the database that counts what is asked on it. A question is a simple query, or a Sync after a few
    messages: what the other side must answer before anything else can be asked.
    """

    server: str
    """Its Unix socket."""
    port: int = 0
    questions: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on."""
        far_reader, far_writer = await asyncio.open_unix_connection(self.server)
        back = asyncio.create_task(self._back(far_reader, writer))
        try:
            size = await reader.readexactly(4)  # what opens a connection has no type
            far_writer.write(size + await reader.readexactly(int.from_bytes(size) - 4))
            while True:
                head = await reader.readexactly(5)
                far_writer.write(head + await reader.readexactly(int.from_bytes(head[1:]) - 4))
                self.questions += head[:1] in (b"Q", b"S")
        except asyncio.IncompleteReadError:
            back.cancel()
        finally:
            far_writer.close()
            writer.close()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            writer.write(chunk)
        writer.close()


@asynccontextmanager
async def counted(url: str) -> AsyncIterator[tuple[str, Line]]:
    """Give another way to the database, on which questions are counted."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    line = Line(f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}")
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}?sslmode=disable", line
    server.close()


async def test_a_publish_request_asks_the_database_six_times_and_its_repeat_once(client: Any, shared: Shared):
    """Key and idempotency; begin and lock; load; insert; remember; commit."""
    project = await client.project()
    account = await client.account(project)
    async with counted(shared.url) as (url, line):
        app = create_app(replace(shared, url=url))
        async with loopback_server(app, lifespan=True) as origin:
            caller, asked, repeated = replace(client, origin=origin), list[int](), list[int]()
            for turn in range(8):
                container = await client.text(project, f"text {turn}")
                before = line.questions
                body = {"targets": [target(account)]}
                path = f"/v1/content/{container}/publish"
                assert (await caller.post(path, body, idempotency_key=f"turn-{turn}")).status == 200
                asked.append(line.questions - before)
            for _ in range(8):
                before = line.questions
                assert (await caller.post(path, body, idempotency_key="turn-7")).status == 200
                repeated.append(line.questions - before)
    assert min(asked) == 6, asked  # what follows the answer, a NOTIFY, may be counted too
    assert min(repeated) == 1, repeated


async def test_a_post_asks_the_database_three_times(stage: Stage):
    """Claim; intent; settle."""
    account = await stage.account()
    async with (
        counted(stage.shared.url) as (url, line),
        engine_at(replace(stage.shared, url=url), stage.sandbox) as engine,
    ):
        asked = list[int]()
        for turn in range(8):
            await stage.text(account, f"text {turn}")
            before, turns = line.questions, iter([True])
            await engine.drain(account, lambda turns=turns: next(turns, False))
            asked.append(line.questions - before)
    assert asked[-1] == 3, asked

"""The hot statements on a large table: none may read a table from end to end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from layers import events
from layers.access import store as access
from layers.access.caller import Caller
from layers.api.transaction import AgainError, IdempotentCall, find_response, keep_response
from layers.connector import Effect
from layers.content import store as content
from layers.db.pool import Pool, open_pool
from layers.db.schema import queue_settings
from layers.monitoring import take_picture
from layers.projects import erasure
from layers.publishing import ledger, outlook
from layers.publishing import store as publishing
from layers.publishing.ledger import Ledger
from layers.publishing.rules import AccountFacts, PlannedPost, Subject
from layers.publishing.schemas import Target

POSTS = 50_000
FILL = f"""
INSERT INTO organizations (id, name) SELECT 'org_' || n, 'Org ' || n FROM generate_series(1, 50) n;
INSERT INTO api_keys (id, organization_id, environment, key_id, secret_hash, name, scopes)
    SELECT 'key_' || n, 'org_' || (n % 50 + 1), 'test', 'KEY' || n, '\\x00', 'k', '{{*}}'
    FROM generate_series(1, 2000) n;
INSERT INTO projects (id, organization_id, environment, name, timezone)
    SELECT 'prj_' || n, 'org_' || (n % 50 + 1), 'test', 'P', 'UTC' FROM generate_series(1, 2000) n;
INSERT INTO containers (id, organization_id, project_id, kind, status, approval_status)
    SELECT 'cnt_' || n, 'org_' || (n % 50 + 1), 'prj_' || (n % 2000 + 1), 'text', 'completed', 'not_required'
    FROM generate_series(1, 20000) n;
INSERT INTO assets (id, container_id, position, kind, object_key, filename, mime_type, size_bytes, sha256)
    SELECT 'ast_' || n, 'cnt_' || n, 0, 'image', 'k', 'f', 'image/png', 1, 'x' FROM generate_series(1, 20000) n;
INSERT INTO social_accounts (id, organization_id, project_id, platform, sandbox, external_id, handle, display_name,
    status) SELECT 'sa_' || n, 'org_' || (n % 50 + 1), 'prj_' || (n % 2000 + 1), 'bluesky', true, 'x' || n, 'h', 'd',
    'connected' FROM generate_series(1, 5000) n;
INSERT INTO scheduled_posts (id, organization_id, project_id, container_id, social_account_id, platform, mode, kind,
    status, caption, scheduled_for, due_at, published_at)
    SELECT 'sp_' || n, 'org_' || (n % 50 + 1), 'prj_' || (n % 2000 + 1), 'cnt_' || (n % 20000 + 1),
        'sa_' || (n % 5000 + 1), 'bluesky', 'direct_publish', 'text',
        CASE WHEN n % 5 < 3 THEN 'published' ELSE 'queued' END, 'c', now() + (n - 25100) * interval '1 minute',
        CASE WHEN n % 5 >= 3 THEN now() + greatest(n - 25100, 1) * interval '1 minute' END,
        CASE WHEN n % 5 < 3 THEN now() END
    FROM generate_series(1, {POSTS}) n;
INSERT INTO scheduled_posts (id, organization_id, project_id, container_id, social_account_id, platform, mode, kind,
    status, caption, scheduled_for)
    SELECT 'often_' || n, 'org_4', 'prj_1004', 'cnt_3004', 'sa_' || (n % 50 * 100 + 4), 'bluesky', 'direct_publish',
        'text', 'published', 'c', now() - n * interval '1 hour' FROM generate_series(1, 5000) n;
UPDATE scheduled_posts SET due_at = now() WHERE number IN (25003, 25004, 25008);
INSERT INTO post_calls (post_number, name, effect, digest, sent_at)
    SELECT number, 'post', 'commit', '\\x00', now() FROM scheduled_posts WHERE number % 5 >= 3;
INSERT INTO post_events (post_number, type, message)
    SELECT number, 'scheduled', 'm' FROM scheduled_posts, generate_series(1, 2);
INSERT INTO events (id, type, organization_id, actor, subject_id, data)
    SELECT 'evt_' || n, 'post.scheduled', 'org_' || (n % 50 + 1), 'a', 'sp_' || n, '{{}}'
    FROM generate_series(1, {POSTS}) n;
INSERT INTO idempotency_records (api_key_id, method, path, idempotency_key, fingerprint)
    SELECT 'key_' || (n % 2000), 'POST', '/v1', 'k' || n, '\\x00' FROM generate_series(1, {POSTS}) n;
INSERT INTO pending_schedules (id, container_id, targets, api_key_id)
    SELECT 'int_' || n, 'cnt_' || n, '[]', 'key_1' FROM generate_series(1, 5000) n;
"""
ACCOUNT, POST, NUMBER, CONTAINER, PROJECT = "sa_4", "sp_25003", 25003, "cnt_5004", "prj_1004"
OFTEN = "cnt_3004"
"""A container that has gone out to fifty accounts a hundred times."""
NOW = datetime.now(UTC)
CALLER = Caller("org_4", "Org 4", "test", "key_1", frozenset({"*"}), "unlimited", (), "req_1")


class Explaining:
    """Stands where a connection does; what is asked of it is explained, not answered."""

    def __init__(self, connection: Any) -> None:
        self.connection, self.plans = connection, list[tuple[str, Any]]()

    async def execute(self, query: str, *args: object) -> str:
        """Explain."""
        await self._explain(query, args)
        return "OK 0"

    async def fetch(self, query: str, *args: object) -> list[Any]:
        """Explain."""
        await self._explain(query, args)
        return []

    async def fetchrow(self, query: str, *args: object) -> Any:
        """Explain."""
        await self._explain(query, args)

    async def fetchval(self, query: str, *args: object) -> Any:
        """Explain."""
        await self._explain(query, args)

    async def _explain(self, query: str, args: tuple[object, ...]) -> None:
        trying = self.connection.transaction()
        await trying.start()
        try:
            [row] = await self.connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}", *args)
        finally:
            await trying.rollback()
        self.plans.append((query, row[0][0]["Plan"]))


async def claim(db: Any) -> None:
    """What a worker asks when it is free."""
    await Ledger(db).claim(ACCOUNT, timedelta(seconds=15))


async def find_key(db: Any) -> None:
    """What every request begins with."""
    await access.find_key(db, "KEY77")
    await access.find_key(db, "KEY77", ("POST", "/v1", "k77"))


async def load(db: Any) -> None:
    """What a publish decides by."""
    await publishing.load(db, CALLER, CONTAINER, [ACCOUNT])


async def publish(db: Any) -> None:
    """What a publish writes, where many stand already, and what a dry run asks instead."""
    about = Subject(
        *(OFTEN, PROJECT, "text", "completed", "not_required", "c", None, False, 0, False, None, 0, [], [])
    )
    account = AccountFacts(ACCOUNT, PROJECT, "bluesky", "connected", "h")
    planned = [PlannedPost(Target(ACCOUNT, "direct_publish"), account, "c", None, {})]
    with pytest.raises(AssertionError):  # it is explained, so it has no row
        await publishing.insert(db, CALLER, about, planned, NOW, NOW, message="m")
    await publishing.live_twins(db, OFTEN, [ACCOUNT], NOW)
    await publishing.taken_ids(db, CALLER, [POST])


async def idempotency(db: Any) -> None:
    """What every mutation asks again if it must, and writes last."""
    call = IdempotentCall("key_77", "POST", "/v1", "k77", b"")
    await find_response(db, call)
    with pytest.raises(AgainError):
        await keep_response(db, call, 200, b"{}", None)


async def count_request(db: Any) -> None:
    """What a key with a limit costs."""
    with pytest.raises(AssertionError):
        await access.count_request(db, "key_77", "write-light")


async def late(db: Any) -> None:
    """Posts that have been due for long."""
    await publishing.mark_late(db, timedelta(minutes=10), 100)


async def person(db: Any) -> None:
    """What a person does about a failed post."""
    with pytest.raises(AssertionError):
        await publishing.requeue(db, NUMBER)
    with pytest.raises(AssertionError):
        await publishing.resolve(db, NUMBER, published=True, external_id=None, external_url=None)
    await publishing.find_handoff(db, NUMBER, "posted")


async def lease(db: Any) -> None:
    """Leases of what takes long, and letting go."""
    await Ledger(db).extend([(NUMBER, 0)], timedelta(seconds=15))


async def audit(db: Any) -> None:
    """A page of the audit log."""
    everything = access.AuditFilter(None, None, None, None, None)
    await access.page_of_audit(db, "org_4", "test", everything, None, 51)


async def find_post(db: Any) -> None:
    """One post."""
    await publishing.find(db, CALLER, POST)


async def lock_post(db: Any) -> None:
    """One post, to change it."""
    await publishing.find(db, CALLER, POST, lock=True)


async def list_posts(db: Any) -> None:
    """The first page of a project."""
    await publishing.page(db, publishing.Filter(PROJECT), None, 51)


async def list_on(db: Any) -> None:
    """A later page."""
    await publishing.page(db, publishing.Filter(PROJECT, ("queued",)), (NOW, NUMBER), 51)


async def story(db: Any) -> None:
    """What happened to a post."""
    await publishing.story(db, NUMBER)


async def cancel(db: Any) -> None:
    """Cancel."""
    await publishing.cancel(db, NUMBER)


async def cancel_project(db: Any) -> None:
    """Archive."""
    await publishing.cancel_all(db, project_id=PROJECT)


async def cancel_account(db: Any) -> None:
    """Revoke."""
    await publishing.cancel_all(db, account_id=ACCOUNT)


async def reschedule(db: Any) -> None:
    """Move."""
    await publishing.reschedule(db, NUMBER, NOW)


async def intent(db: Any) -> None:
    """The kept intent of a container."""
    await publishing.find_intent(db, CONTAINER)
    await publishing.drop_intent(db, CONTAINER)


async def container(db: Any) -> None:
    """A container, read and locked, and whether it may go."""
    await content.find(db, "org_4", "test", CONTAINER)
    await content.find(db, "org_4", "test", CONTAINER, lock=True)
    await content.has_live_posts(db, CONTAINER)


async def timers(db: Any) -> None:
    """The next approval by timer, asked every second."""
    await content.next_auto_approval(db)


async def tidy(db: Any) -> None:
    """Forgetting old idempotency records."""
    await db.execute("DELETE FROM idempotency_records WHERE created_at < now() - interval '25 hours'")


async def watch(db: Any) -> None:
    """What a scrape of the metrics asks."""
    with pytest.raises(AssertionError):  # it is explained, so it has no row
        await take_picture(db)


async def forget(db: Any) -> None:
    """Forgetting old events, and looking through those of an organisation for what to erase."""
    await db.connection.execute(events.OPEN.replace("LOCAL", ""))
    await db.fetchval(events.FORGET, timedelta(days=30), 0, 100)
    page = (erasure.OWN_ID, erasure.TIME, erasure.CLOSED)
    await db.fetchrow(erasure.ERASE_EVENTS, PROJECT, "org_4", 0, 100, *page)


HOT = [claim, find_key, load, find_post, lock_post, list_posts, list_on, story, cancel, cancel_project]
HOT += [cancel_account, reschedule, intent, container, timers, tidy, watch, forget, publish, idempotency]
HOT += [count_request, late, person, lease, audit]


@pytest.fixture(scope="module")
async def full(postgres: Any, template: str) -> AsyncIterator[Pool]:
    """A large database."""
    admin = await asyncpg.connect(postgres.url)
    await admin.execute(f"CREATE DATABASE layers_plans TEMPLATE {template} STRATEGY FILE_COPY")
    pool = await open_pool(postgres.url.replace("/layers?", "/layers_plans?"), 2, "layers plans")
    await pool.execute(FILL)
    await pool.execute("VACUUM ANALYZE")
    yield pool
    await asyncio.wait_for(pool.close(), 10)
    await admin.execute("DROP DATABASE layers_plans WITH (FORCE)")
    await admin.close()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def scanned(plan: dict[str, Any]) -> list[str]:
    """The tables a plan reads from end to end, small ones left out."""
    return [
        node["Relation Name"]
        for node in nodes(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] not in SMALL
    ]


SMALL = {"workers", "webhook_endpoints", queue_settings().queue_table}


@pytest.mark.parametrize("ask", HOT, ids=lambda ask: ask.__name__)
async def test_no_table_is_read_from_end_to_end(full: Pool, ask: Any):
    async with full.acquire() as connection:
        explaining = Explaining(connection)
        await ask(explaining)
    assert explaining.plans
    for query, plan in explaining.plans:
        assert scanned(plan) == [], query
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 1500, query


async def test_what_a_worker_writes_reads_only_its_own(full: Pool):
    """Save and settle, on a post really claimed."""
    async with full.acquire() as connection:
        trying = connection.transaction()
        await trying.start()
        held = await Ledger(connection).claim(ACCOUNT, timedelta(seconds=15))  # pyright: ignore[reportArgumentType]
        assert held is not None
        explaining = Explaining(connection)
        call = ledger.Entry("post", Effect.COMMIT, held.database_now)
        end = ledger.Settlement("queued", due_at=NOW, hold_account_until=NOW, event="post.failed")
        for write in (
            Ledger(explaining).save(held, [call], timedelta(seconds=15), committing=True),  # pyright: ignore[reportArgumentType]
            Ledger(explaining).settle(held, end, [call], [], committed=False),  # pyright: ignore[reportArgumentType]
        ):
            with pytest.raises(ledger.Superseded):  # it is explained, so it tells of no row
                await write
        await trying.rollback()
    assert len(explaining.plans) == 3  # what touches no account is tried together with others first
    for query, plan in explaining.plans:
        assert scanned(plan) == [], query


async def test_looking_for_due_work_reads_what_is_due(full: Pool):
    async with full.acquire() as connection:
        explaining = Explaining(connection)
        with pytest.raises(AssertionError):  # it is explained, so it has no row
            await outlook.look(explaining, queue_settings().queue_table, 500)  # pyright: ignore[reportArgumentType]
    [(query, plan)] = explaining.plans
    assert "scheduled_posts" not in scanned(plan), query


async def test_the_check_can_fail(full: Pool):
    async with full.acquire() as connection:
        explaining = Explaining(connection)
        await explaining.fetch("SELECT * FROM scheduled_posts WHERE caption = 'none'")
    assert scanned(explaining.plans[0][1]) == ["scheduled_posts"]

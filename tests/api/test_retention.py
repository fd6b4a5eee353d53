"""The audit log is append-only, the database sees to it; what is too old goes, unless webhooks need it."""

import asyncpg
import pytest
from asyncpg.exceptions import InsufficientPrivilegeError

from layers import events
from layers.events import Event


async def make(pool, organization: str, kind: str, days: int, *, fanned_out: bool = True) -> int:
    """Write an event that is so many days old."""
    return await pool.fetchval(
        "INSERT INTO events (id, type, occurred_at, organization_id, actor, data, fanned_out)"
        " VALUES ('evt_' || $1, $1, now() - make_interval(days => $2), $3, 'test', '{}', $4) RETURNING position",
        *(kind, days, organization, fanned_out),
    )


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events",
        "TRUNCATE events CASCADE",
        "UPDATE events SET data = '{}'",
        "UPDATE events SET actor = 'somebody else', fanned_out = true",
        "UPDATE events SET occurred_at = now()",
        "UPDATE events SET type = 'x', organization_id = 'y'",
    ],
)
async def test_events_cannot_be_changed_or_deleted(client, pool, statement: str) -> None:
    await client.project()
    before = await pool.fetch("SELECT * FROM events ORDER BY position")
    with pytest.raises(InsufficientPrivilegeError, match="append-only"):
        await pool.execute(statement)
    assert await pool.fetch("SELECT * FROM events ORDER BY position") == before


async def test_every_column_but_the_one_of_webhooks_is_final(pool) -> None:
    columns = await pool.fetch(
        "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = 'events'::regclass AND attnum > 0"
        " AND NOT attisdropped"
    )
    final = await pool.fetch(
        "SELECT a.attname::text AS name FROM pg_trigger t JOIN pg_attribute a ON a.attrelid = t.tgrelid"
        " AND a.attnum = ANY(t.tgattr) WHERE t.tgname = 'events_are_final'"
    )
    assert {row["name"] for row in columns} - {row["name"] for row in final} == {"fanned_out"}


async def test_the_leave_to_change_ends_with_the_transaction(pool) -> None:
    async with pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute(events.OPEN)
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await connection.execute("DELETE FROM events")


async def test_what_is_too_old_goes(client, pool, monkeypatch) -> None:
    monkeypatch.setattr(events, "AT_ONCE", 2)
    async with pool.acquire() as tx, tx.transaction():  # what other tests left is young, and came before
        await tx.execute(events.OPEN)
        await tx.execute("DELETE FROM events")
    old = [await make(pool, client.organization_id, f"old{n}", 31 + n) for n in range(5)]
    young = await make(pool, client.organization_id, "young", 29)
    left = "SELECT array_agg(position ORDER BY position) FROM events WHERE type ~ 'old|young'"
    await events.forget_old(pool, 0)
    assert await pool.fetchval(left) == [*old, young]
    await events.forget_old(pool, 30)
    assert await pool.fetchval(left) == [young]


async def test_what_webhooks_need_stays(client, pool) -> None:
    hook = {"url": "https://example.com", "events": ["post.failed"]}
    endpoint = (await client.made("/v1/webhook-endpoints", hook))["id"]
    delivered = await make(pool, client.organization_id, "delivered", 50)
    awaiting = await make(pool, client.organization_id, "awaiting", 50, fanned_out=False)
    gone = await make(pool, client.organization_id, "gone", 50)
    await pool.execute(
        "INSERT INTO webhook_deliveries (id, endpoint_id, event_position) VALUES ('whd_kept', $1, $2)",
        *(endpoint, delivered),
    )
    left = "SELECT array_agg(position ORDER BY position) FROM events WHERE position = ANY($1)"
    await events.forget_old(pool, 30)
    assert await pool.fetchval(left, [delivered, awaiting, gone]) == [delivered, awaiting]
    await client.delete(f"/v1/webhook-endpoints/{endpoint}")
    await events.forget_old(pool, 30)
    assert await pool.fetchval(left, [delivered, awaiting, gone]) is None


async def test_new_events_are_told_as_ever(client, pool) -> None:
    async with pool.acquire() as tx:
        await events.append(tx, Event("x.y", client.organization_id, None, None, {}, "test"))
    [event] = (await client.get("/v1/audit-log?eventType=x.y"))["items"]
    assert event["actor"] == "test"

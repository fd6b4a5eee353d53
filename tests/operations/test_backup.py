"""Backup, disaster, restore: what may have gone out in the time that is lost is not sent again."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from arrange import ahead
from commands import layers, told
from stage import Stage, working

from layers.app import Shared, create_app
from layers.db import dump, embedded, schema
from layers.db.embedded import Embedded
from layers.db.pool import Pool, open_pool
from layers.kit.times import utc_now
from layers.loopback import loopback_server
from layers.publishing.recovery import WorkersAlive, recover

REMEMBERED = ("sandbox_records", "sandbox_blobs")
"""The fakes' memory lies in our database, and a platform does not go back in time."""


@pytest.fixture
async def empty_url(postgres: Embedded) -> AsyncIterator[str]:
    """An empty database, where the restored one will be."""
    admin = await asyncpg.connect(postgres.url)
    await admin.execute("CREATE DATABASE layers_restored")
    yield postgres.url.replace("/layers?", "/layers_restored?")
    await admin.execute("DROP DATABASE layers_restored WITH (FORCE)")
    await admin.close()


def env_of(shared: Shared, url: str) -> dict[str, str]:
    """What a command needs to work on an installation."""
    return {"LAYERS_DATABASE_URL": url, "LAYERS_DATA_DIR": str(shared.settings.data_dir)}


async def keep_the_platforms(before: Pool, after: Pool) -> None:
    """Give the fakes of the restored installation what those of the lost one hold."""
    for table in REMEMBERED:
        rows = await before.fetch(f"SELECT to_jsonb(t) FROM {table} t")
        await after.execute(f"DELETE FROM {table}")
        await after.executemany(
            f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, $1)",
            [tuple(r) for r in rows],
        )


async def test_backup_disaster_restore(stage: Stage, empty_url: str, tmp_path: Path):
    ann, bob, eve = [await stage.account(f"{name}.test") for name in ("ann", "bob", "eve")]
    await stage.text(ann, "before")
    await stage.step(ann)
    sent, unsent = await stage.text(ann, "sent after the backup"), await stage.text(bob, "never sent")
    container = await stage.client.text(stage.project, "to come")
    body = {
        "scheduledFor": ahead(hours=1),
        "targets": [{"socialAccountId": eve, "mode": "direct_publish"}],
    }
    later = (await stage.client.made(f"/v1/content/{container}/schedule", body, 200))["scheduledPostIds"][0]
    old, file = env_of(stage.shared, stage.shared.url), tmp_path / "layers.dump"
    status, _, err = await layers(old, "backup", file)
    assert status == 0, err
    assert file.stat().st_mode & 0o077 == 0

    await stage.step(ann)
    lost = await stage.text(ann, "made and sent after the backup")
    await stage.step(ann)
    last_number = (await stage.row(lost))["number"]
    assert [item["caption"] for item in await stage.on_platform(ann)] == [
        *("before", "sent after the backup", "made and sent after the backup"),
    ]

    found = await told(env_of(stage.shared, empty_url), "restore", file)
    assert found == {"unknown": [sent, unsent], "timersStopped": [], "ahead": 1}
    restored = await open_pool(empty_url, 4, "layers tests")
    await keep_the_platforms(stage.pool, restored)
    try:
        await _goes_on(stage, replace(stage.shared, url=empty_url), restored, sent, unsent, later)
        assert await restored.fetchval("SELECT max(number) FROM scheduled_posts") > last_number
    finally:
        await restored.close()


async def _goes_on(stage: Stage, again: Shared, restored: Pool, sent: str, unsent: str, later: str) -> None:
    """Serve the restored installation, with a worker, and have a person settle what is unknown."""
    async with loopback_server(create_app(again), lifespan=True) as origin, working(again):
        client = replace(stage.client, origin=origin)
        await restored.execute("UPDATE scheduled_posts SET due_at = now() WHERE id = $1", later)
        await client.post_until(later, "published")
        for post in (sent, unsent):
            seen = (await client.get(f"/v1/scheduled-posts/{post}")).json
            assert (seen["status"], seen["lastError"]["code"]) == ("failed", "OUTCOME_UNKNOWN")
            assert "restored from a backup" in seen["lastError"]["message"]
            story = (await client.get(f"/v1/scheduled-posts/{post}/events"))["items"]
            assert story[-1]["type"] == "outcome_unknown"
            assert story[-1]["data"]["restored"] is True
            assert (await client.post(f"/v1/scheduled-posts/{post}/retry")).status == 409
        settle = f"/v1/scheduled-posts/{sent}/resolve"
        assert (await client.post(settle, {"outcome": "published"})).status == 200
        settle = f"/v1/scheduled-posts/{unsent}/resolve"
        assert (await client.post(settle, {"outcome": "not_published"})).status == 200
        assert (await client.post(f"/v1/scheduled-posts/{unsent}/retry")).status == 200
        await client.post_until(unsent, "published")
        account = await restored.fetchrow(
            "SELECT social_account_id AS id FROM scheduled_posts WHERE id = $1", sent
        )
        assert account is not None
        fresh = await client.publish(await client.text(stage.project, "anew"), account["id"])
        await client.post_until(fresh["scheduledPostIds"][0], "published")
    captions = await restored.fetch(
        "SELECT data -> 'value' ->> 'text' AS text FROM sandbox_records WHERE kind = 'record' ORDER BY created_at"
    )
    assert sorted(row["text"] for row in captions) == sorted(
        ["before", "sent after the backup", "made and sent after the backup", "to come", "never sent", "anew"]
    )


async def test_only_what_was_due_before_the_end_is_doubtful(stage: Stage):
    """Nobody sent what came due once the last worker was dead."""
    account = await stage.account()
    early, late = await stage.text(account, "early"), await stage.text(account, "late")
    await stage.pool.execute(
        "UPDATE scheduled_posts SET scheduled_for = now() - interval '2 hours' WHERE id = $1", early
    )
    waiting = await stage.client.text(stage.project, "by timer")
    await stage.pool.execute(
        "UPDATE containers SET approval_status = 'pending', auto_approve_at = now() - interval '2 hours' WHERE id = $1",
        waiting,
    )
    env = env_of(stage.shared, stage.shared.url)
    found = await told(env, "recover", "--until", ahead(hours=-1))
    assert found == {"unknown": [early], "timersStopped": [waiting], "ahead": 1}
    assert await stage.pool.fetchval("SELECT auto_approve_at FROM containers WHERE id = $1", waiting) is None
    await stage.step(account)
    assert [(await stage.row(post))["status"] for post in (early, late)] == ["failed", "published"]
    told_of = await stage.pool.fetch("SELECT subject_id FROM events WHERE type = 'post.failed'")
    assert [row["subject_id"] for row in told_of] == [early]


async def test_with_a_living_worker_nothing_is_recovered(stage: Stage):
    post = await stage.text(await stage.account())
    await stage.pool.execute("INSERT INTO workers (id, host, pid) VALUES ('wrk_1', 'elsewhere', 1)")
    with pytest.raises(WorkersAlive):
        async with stage.pool.acquire() as tx, tx.transaction():
            await recover(tx, utc_now(), utc_now(), "cli:ann")
    assert (await stage.row(post))["status"] == "queued"


async def test_a_database_in_use_is_not_restored_into(stage: Stage, tmp_path: Path):
    (tmp_path / "layers.dump").write_bytes(b"")
    status, _, err = await layers(env_of(stage.shared, stage.shared.url), "restore", tmp_path / "layers.dump")
    assert (status, "empty one" in err) == (1, True)


async def test_the_embedded_database_comes_back(tmp_path: Path):
    """What is broken is said and changes nothing; what is whole is all there after the folder was lost."""
    data, file = tmp_path / "data", tmp_path / "layers.dump"
    with embedded.start(data, fsync=False) as server:
        await schema.migrate(server.url)
        await _on(server.url, "INSERT INTO organizations (id, name) VALUES ('org_1', 'Acme')")
        dump.dump(server.url, file)
        with pytest.raises(dump.DumpError, match="exists"):
            dump.dump(server.url, file)
    shutil.rmtree(data)
    (tmp_path / "broken.dump").write_bytes(file.read_bytes()[:-1000])
    with embedded.start(data, fsync=False) as server:
        with pytest.raises(dump.DumpError, match="pg_restore"):
            dump.load(server.url, tmp_path / "broken.dump")
        assert await _on(server.url, "SELECT to_regclass('organizations')") is None
        dump.load(server.url, file)
        assert await _on(server.url, "SELECT name FROM organizations") == "Acme"


async def _on(url: str, statement: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()

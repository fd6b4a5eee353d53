"""Rolling upgrade: this release works on while the next one changes the schema under it, and steps aside when told."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest
from stage import Stage, until
from test_killed import COMMAND, process, shown_once

import layers
from layers.db import schema
from layers.db.pool import connect

ADDS = """
ALTER TABLE scheduled_posts ADD COLUMN mood text;
ALTER TABLE social_accounts ADD COLUMN mood text NOT NULL DEFAULT 'calm';
CREATE TABLE moods (post_number bigint PRIMARY KEY REFERENCES scheduled_posts);
CREATE INDEX scheduled_posts_mood ON scheduled_posts (mood) WHERE mood IS NOT NULL;
"""
TAKES_AWAY = "UPDATE schema_compatibility SET oldest_code = '9002';\n"
REVISION = '''"""A migration of the next release."""
from layers.db.migrations import run_sql
revision, down_revision = "{revision}", "{before}"
def upgrade() -> None:
    """Run it."""
    run_sql("{revision}_next.sql")
'''
MIGRATE = "import sys; from layers.cli import main; sys.argv = ['layers', 'migrate']; main()"


def next_release(folder: Path, migrations: dict[str, str]) -> Path:
    """A copy of the code with more migrations; returns what to put on PYTHONPATH."""
    shutil.copytree(
        Path(layers.__file__).parent, folder / "layers", ignore=shutil.ignore_patterns("__pycache__")
    )
    before = schema.newest_revision()
    for revision, sql in migrations.items():
        versions = folder / "layers/db/migrations/versions"
        (versions / f"{revision}_next.py").write_text(REVISION.format(revision=revision, before=before))
        (versions / f"{revision}_next.sql").write_text(sql)
        before = revision
    return folder


async def run(url: str, path: Path, program: str) -> tuple[int, str]:
    """Run a program of that release to its end; returns its exit code and what it printed."""
    env = {
        **os.environ,
        "PYTHONPATH": str(path),
        "LAYERS_DATABASE_URL": url,
        "LAYERS_DATA_DIR": str(path / "data"),
    }
    done = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await done.communicate()
    return done.returncode or 0, said.decode()


async def test_this_release_works_on_while_the_next_one_migrates(stage: Stage, tmp_path):
    accounts = [await stage.account(f"u{n}.test") for n in range(3)]

    async def publish(word: str) -> None:
        container = await stage.client.text(stage.project, word)
        for account in accounts:
            await stage.publish(container, account)

    async with process(stage.shared, COMMAND) as old:
        await publish("before")
        migrating = asyncio.create_task(
            run(stage.shared.url, next_release(tmp_path, {"9001": ADDS}), MIGRATE)
        )
        rounds = 0
        while not migrating.done():
            await publish(f"during {rounds}")
            rounds += 1
            await asyncio.sleep(0.1)
        assert (await migrating)[0] == 0, await migrating
        assert await stage.pool.fetchval("SELECT version_num FROM alembic_version") == "9001"
        await publish("after")
        assert old.returncode is None
        await shown_once(stage, (rounds + 2) * len(accounts))
    async with process(stage.shared, COMMAND):  # and is started again, on another machine say
        await publish("restarted")
        await shown_once(stage, (rounds + 3) * len(accounts))
    assert rounds > 0


async def test_this_release_refuses_a_schema_that_no_longer_allows_it(stage: Stage, tmp_path):
    code, said = await run(
        stage.shared.url, next_release(tmp_path, {"9001": ADDS, "9002": TAKES_AWAY}), MIGRATE
    )
    assert code == 0, said
    connection = await connect(stage.shared.url)
    try:
        with pytest.raises(schema.SchemaMismatch, match="Install the newer release"):
            await schema.check(connection)
        with pytest.raises(schema.SchemaMismatch, match="Install the newer release"):
            await schema.migrate(stage.shared.url)
    finally:
        await connection.close()


async def test_a_migration_gives_way_to_a_long_transaction(stage: Stage, tmp_path):
    """It does not stand in the queue for a table for long, since everybody would stand behind it; it comes again."""
    account = await stage.account("busy.test")
    async with stage.pool.acquire() as connection:
        held = connection.transaction()
        await held.start()
        await connection.execute("SELECT FROM scheduled_posts LIMIT 1")
        migrating = asyncio.create_task(
            run(stage.shared.url, next_release(tmp_path, {"9001": ADDS}), MIGRATE)
        )

        async def waiting() -> bool:
            return await stage.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0

        async def gave_way() -> bool:
            return not await waiting()

        await until(waiting, 60)
        await until(gave_way, 20)
        await held.rollback()
    assert (await migrating)[0] == 0
    assert await stage.text(account)


async def test_a_migration_caught_in_a_deadlock_comes_again(stage: Stage, tmp_path):
    """Requests and workers lock tables in another order than a migration does; when the two cross, it is done anew."""
    async with stage.pool.acquire() as connection:
        crossing = connection.transaction()
        await crossing.start()
        await connection.execute(
            "SET LOCAL deadlock_timeout = '20s'"
        )  # so that the migration is the one that ends
        await connection.execute("SELECT FROM social_accounts LIMIT 1")
        migrating = asyncio.create_task(
            run(stage.shared.url, next_release(tmp_path, {"9001": ADDS}), MIGRATE)
        )

        async def waiting() -> bool:
            return await stage.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0

        await until(waiting, 60)
        await connection.execute("SELECT FROM scheduled_posts LIMIT 1")
        await crossing.rollback()
    code, said = await migrating
    assert code == 0, said
    assert await stage.pool.fetchval("SELECT version_num FROM alembic_version") == "9001"

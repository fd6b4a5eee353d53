"""What the operator is told about an installation."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from layers import doctor
from layers.doctor import Finding, examine, guide_to
from layers.kit.times import utc_now
from layers.platforms import CONNECTORS
from layers.settings import Settings


async def test_the_operator_reads_what_each_platforms_app_needs(database_url: str, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        public_url="https://layers.example.com/",
        platforms={"TIKTOK_CLIENT_KEY": "k", "TIKTOK_CLIENT_SECRET": "s", "INSTAGRAM_CLIENT_ID": "i"},
    )
    found = {finding.what: finding for finding in await examine(settings, database_url)}
    assert found["TikTok"].ok
    assert "https://layers.example.com/v1/social/oauth/callback/tiktok" in found["TikTok"].words
    assert found["Instagram"].ok is False, "half an app is no app"
    assert "LAYERS_INSTAGRAM_CLIENT_SECRET" in found["Instagram"].words
    assert "LAYERS_INSTAGRAM_CLIENT_ID" not in found["Instagram"].words
    assert found["Bluesky"].words == "ready"


async def test_without_an_app_the_operator_reads_how_to_get_one(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, public_url="https://layers.example.com")
    [found] = [finding for finding in await examine(settings, database_url) if finding.what == "TikTok"]
    assert found.ok is None
    for said in (
        "LAYERS_TIKTOK_CLIENT_KEY and LAYERS_TIKTOK_CLIENT_SECRET",
        "https://layers.example.com/v1/social/oauth/callback/tiktok",
        "https://layers.example.com/docs/how-to/connect-tiktok-and-instagram",
        "Test keys",
    ):
        assert said in found.words


def test_every_platform_has_a_guide() -> None:
    assert all(guide_to(platform).startswith("how-to/connect-") for platform in CONNECTORS)


def bad(findings: list[Finding]) -> dict[str, str]:
    """What is wrong, and in which words."""
    return {finding.what: finding.words for finding in findings if finding.ok is False}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hush@127.0.0.1:1/layers",
        "postgresql://ann:hush@no-such-host.invalid/layers",
        "postgresql://ann:hu:sh@port/layers",
        "mysql://ann:hush@127.0.0.1/layers",
        "layers",
    ],
)
async def test_a_wrong_address_of_the_database_is_named_and_not_repeated(tmp_path: Path, url: str) -> None:
    [words] = [
        words
        for what, words in bad(await examine(Settings(data_dir=tmp_path), url)).items()
        if what == "database"
    ]
    assert "LAYERS_DATABASE_URL" in words
    assert "hush" not in words


async def test_a_wrong_user_and_a_missing_database_are_named(database_url: str, tmp_path: Path) -> None:
    for wrong in ("/no_such_database?", "/?user=nobody&"):
        url = database_url.replace(
            database_url[database_url.rindex("/") : database_url.index("?") + 1], wrong
        )
        found = bad(await examine(Settings(data_dir=tmp_path), url))
        assert "LAYERS_DATABASE_URL" in found["database"]


async def test_a_schema_of_another_release_is_named(database_url: str, pool, tmp_path: Path) -> None:
    now = await pool.fetchval("SELECT version_num FROM alembic_version")
    oldest = await pool.fetchval("SELECT oldest_code FROM schema_compatibility")
    try:
        for other, remedy in (("0001", "Run `layers migrate`."), ("9999", "Install the newer release")):
            await pool.execute("UPDATE alembic_version SET version_num = $1", other)
            await pool.execute("UPDATE schema_compatibility SET oldest_code = $1", other)
            found = bad(await examine(Settings(data_dir=tmp_path), database_url))
            assert remedy in found["schema"]
            assert "database" not in found
    finally:
        await pool.execute("UPDATE alembic_version SET version_num = $1", now)
        await pool.execute("UPDATE schema_compatibility SET oldest_code = $1", oldest)


async def test_secrets_sealed_with_another_key_are_counted(client, database_url: str, tmp_path: Path) -> None:
    await client.account(await client.project())
    await client.made("/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/", "events": ["test.ping"]})
    wrong = Settings(data_dir=tmp_path, secret_keys=Fernet.generate_key().decode())
    words = bad(await examine(wrong, database_url))["sealed secrets"]
    assert words.startswith("1 social accounts and 1 webhook endpoints hold")
    assert "LAYERS_SECRET_KEYS" in words
    missing = await examine(Settings(data_dir=tmp_path), database_url)
    assert "sealed secrets" in bad(missing)
    assert not (tmp_path / "secret.key").exists()


async def test_the_right_keys_are_nothing_to_speak_of(client, shared, database_url: str) -> None:
    await client.account(await client.project())
    assert "sealed secrets" not in bad(await examine(shared.settings, database_url))


@pytest.mark.parametrize("seconds", [-90, 90])
async def test_a_clock_that_is_wrong_is_named(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    monkeypatch.setattr(doctor, "utc_now", lambda: utc_now() + timedelta(seconds=seconds))
    words = bad(await examine(Settings(data_dir=tmp_path), database_url))["clock"]
    assert words.startswith(f"this machine is 90 s {'ahead of' if seconds > 0 else 'behind'} the database")
    assert "NTP" in words


async def test_what_a_killed_organisation_waits_for_is_not_late(
    client, database_url: str, pool, tmp_path
) -> None:
    project = await client.project()
    account = await client.account(project)
    await client.publish(await client.text(project), account)
    await pool.execute(
        "UPDATE scheduled_posts SET due_at = now() - interval '1 hour' WHERE project_id = $1", project
    )
    settings = Settings(data_dir=tmp_path)
    assert bad(await examine(settings, database_url))["late posts"].endswith("s. Start a worker.")
    await pool.execute("UPDATE organizations SET killed_at = now() WHERE id = $1", client.organization_id)
    assert "late posts" not in bad(await examine(settings, database_url))


async def test_a_folder_nothing_can_be_written_to_is_named(database_url: str, tmp_path: Path) -> None:
    """By the doctor, and by what would run there."""
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "data"
    found = bad(await examine(Settings(data_dir=folder), database_url))
    assert "LAYERS_DATA_DIR" in found["data folder"]
    assert "LAYERS_DATA_DIR" in found["media storage"]
    command = (sys.executable, "-c", "from layers.cli import main; main()")
    environment = {**os.environ, "LAYERS_DATA_DIR": str(folder)}
    for name in ("doctor", "up"):
        running = await asyncio.create_subprocess_exec(
            *command, name, env=environment, stdout=-1, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await running.communicate()
        assert running.returncode == 1
        assert b"LAYERS_DATA_DIR: nothing can be written to" in said.replace(b"\n", b" ")
        assert b"Traceback" not in said


async def test_a_disk_that_is_nearly_full_is_named(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path)
    enough = {finding.what: finding for finding in await examine(settings, database_url)}["room"]
    assert (enough.ok, str(tmp_path) in enough.words) == (True, True)
    monkeypatch.setattr(doctor, "LITTLE_ROOM", 2**60)
    assert "Make room" in bad(await examine(settings, database_url))["room"]

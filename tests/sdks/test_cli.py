"""`layers login`, `publish`, `posts` and the other commands of a caller, against a real server."""

import asyncio
import json
import os
import signal
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import layers, told
from ulid import ULID

ZONE = {"name": "First", "timezone": "Europe/Berlin"}


@pytest.fixture
async def client(join: Any) -> Any:
    """A key of an organisation that nobody else uses."""
    return await join(f"Of {ULID()}")


@pytest.fixture
def env(client: Any, tmp_path: Path) -> dict[str, str]:
    """What a caller has: a key, and a folder for settings of their own."""
    return {
        "LAYERS_API_KEY": client.key,
        "LAYERS_BASE_URL": client.origin,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "no_proxy": "127.0.0.1",
    }


async def refused(env: dict[str, str], status: int, *arguments: str | Path) -> str:
    """Run what must end with this status; returns what it said on stderr."""
    code, _, err = await layers(env, *arguments)
    assert code == status, err
    assert "Traceback" not in err
    return err


async def test_a_key_is_kept_for_its_owner_alone(env: dict[str, str], client: Any):
    bare = {"XDG_CONFIG_HOME": env["XDG_CONFIG_HOME"], "no_proxy": "127.0.0.1"}
    assert "layers login" in await refused(bare, 4, "whoami")
    wrong = client.key[:-1] + ("A" if client.key[-1] != "A" else "B")
    await refused(bare, 4, "login", "--url", client.origin, "--key", wrong)
    file = Path(env["XDG_CONFIG_HOME"]) / "layers" / "profiles.json"
    assert not file.exists()
    assert (await told(bare, "login", "--url", client.origin, "--key", client.key))["environment"] == "test"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert (await told(bare, "whoami"))["apiKeyId"] == client.api_key_id
    elsewhere = await refused({**bare, "LAYERS_BASE_URL": "http://127.0.0.1:9"}, 4, "whoami")
    assert "the stored key is for" in elsewhere
    assert "no profile other" in await refused(bare, 4, "whoami", "--profile", "other")
    file.chmod(0o644)
    assert "chmod 600" in await refused(bare, 4, "whoami")
    file.chmod(0o600)
    assert (await told(bare, "logout"))["url"] == client.origin
    await refused(bare, 4, "whoami")


async def test_words_go_out_once_however_often_it_is_repeated(env: dict[str, str], client: Any, worker: None):
    project = await client.project(**ZONE)
    await client.account(project, "bluesky", "ann.test")
    words = ("publish", "--to", "@ann.test", "--caption", "Hi [there]", "--idempotency-key", "once")
    first = await told(env, *words)
    [post] = first["posts"]
    assert (post["status"], post["caption"]) == ("published", "Hi [there]")
    again = await told(env, *words)
    assert again["scheduledPostIds"] == first["scheduledPostIds"]
    listed = await told(env, "posts", "list", "--status", "published")
    assert [one["id"] for one in listed["items"]] == first["scheduledPostIds"]
    status, out, err = await layers(env, "publish", first["containerId"], "--to", "@ann.test")
    assert (status, "DUPLICATE_POST" in err or "look at that post first" in err) == (1, True), out
    status, out, err = await layers(env, "publish", "--to", "bluesky:@ann.test", "--caption", "again")
    assert status == 0, err
    assert "bluesky:@ann.test · direct_publish" in err
    assert "bluesky:@ann.test: published https://" in out
    status, out, _ = await layers(env, "posts", "show", post["id"])
    assert (status, "Publish was accepted." in out) == (0, True)


async def test_files_are_checked_before_anything_is_published(env: dict[str, str], client: Any, image: Path):
    project = await client.project(**ZONE)
    await client.account(project, "tiktok", "ann")
    await client.account(project, "instagram", "ann")
    both = ("--to", "tiktok:@ann", "--to", "instagram:@ann")
    seen = await told(env, "publish", image, *both, "--caption", "Hi", "--at", "tomorrow 9:00", "--dry-run")
    assert (seen["valid"], [one["mode"] for one in seen["targets"]]) == (True, ["direct_publish", "feed"])
    status, _, err = await layers(env, "publish", image, *both, "--mode", "instagram:reels", "--dry-run")
    assert (status, "instagram:@ann.mode:" in err) == (1, True), err
    assert (await told(env, "content", "list"))["items"] == []
    said = await refused(env, 1, "publish", image, *both, "--mode", "instagram:reels")
    [kept] = (await told(env, "content", "list"))["items"]
    assert f"layers publish {kept['id']} --to" in said
    assert (await told(env, "posts", "list"))["items"] == []
    assert "No such file" in await refused(env, 1, "publish", "none.jpg", "--to", "@ann")
    assert "tiktok:@ann in First" in await refused(env, 1, "publish", image, "--to", "@ann")
    assert "no time" in await refused(env, 1, "publish", image, *both, "--at", "soon")
    queued = await told(env, "publish", kept["id"], "--to", "tiktok:@ann", "--at", "tomorrow 9:00")
    [post] = queued["scheduledPostIds"]
    moved = await told(env, "posts", "reschedule", post, "--at", "2027-01-05 10:00")
    assert moved["scheduledFor"] == "2027-01-05T09:00:00Z"
    assert (await told(env, "posts", "cancel", post))["status"] == "canceled"
    status, out, _ = await layers(env, "posts", "watch", post)
    assert (status, "canceled" in out) == (1, True)
    assert "409" not in await refused(env, 1, "posts", "cancel", post)


async def test_what_waits_for_approval_is_not_done(env: dict[str, str], client: Any):
    project = await client.project(**ZONE)
    await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": True})
    await client.account(project, "bluesky", "ann.test")
    status, out, err = await layers(env, "publish", "--to", "@ann.test", "--caption", "Hi", "--json")
    assert (status, json.loads(out)["error"]["code"]) == (3, "APPROVAL_REQUIRED"), err
    [container] = (await told(env, "content", "list", "--approval", "pending"))["items"]
    approved = await told(env, "content", "approve", container["id"], "--note", "fine")
    posts = approved["pendingSchedulePromotion"]["scheduledPostIds"]
    watched = await told(env, "posts", "watch", *posts)
    assert [post["status"] for post in watched["items"]] == ["published"]
    assert "No post is under way" in await refused(env, 1, "posts", "watch")


async def test_nobody_answers(env: dict[str, str]):
    away = {**env, "LAYERS_BASE_URL": "http://127.0.0.1:9"}
    status, out, err = await layers(away, "publish", "--to", "@ann", "--caption", "Hi", "--json")
    error = json.loads(out)["error"]
    assert (status, error["code"]) == (3, "NETWORK")
    assert f"--idempotency-key {error['idempotencyKey']}" in err


async def test_a_key_that_may_not_is_told_what_it_lacks(env: dict[str, str], join: Any):
    reader = await join("Acme", "test", ["projects:read"])
    said = await refused({**env, "LAYERS_API_KEY": reader.key}, 4, "content", "show", "cnt_none")
    assert "content:read" in said
    assert "FORBIDDEN_SCOPE" in said


async def test_ctrl_c_stops_the_looking_and_not_the_post(env: dict[str, str], client: Any):
    project = await client.project(**ZONE)
    await client.account(project, "bluesky", "ann.test")
    run = "from layers.cli import main; main()"
    bare = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")}
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-c",
            run,
            "publish",
            "--to",
            "@ann.test",
            "--caption",
            "Hi",
            "--at",
            "tomorrow 9:00",
            "--wait",
        ),
        env={**bare, **env},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    said = b""
    while b": queued" not in said:
        said += await asyncio.wait_for(process.stderr.readline(), 30)
    process.send_signal(signal.SIGINT)
    said += await asyncio.wait_for(process.stderr.read(), 30)
    assert await process.wait() == 130
    assert b"the posts go on without you" in said
    assert b"Traceback" not in said
    [post] = (await told(env, "posts", "list"))["items"]
    assert post["status"] == "queued"

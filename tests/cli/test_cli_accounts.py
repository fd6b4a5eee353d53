"""`layers operator accounts`, `layers status` and `layers health` as an operator runs them."""

import getpass
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from commands import layers, told
from stage import Stage, set_up, working

from layers.app import Shared
from layers.db.pool import Pool
from layers.kit.times import utc_now


@pytest.fixture
async def stage(client: Any, pool: Pool, shared: Shared, session: aiohttp.ClientSession):
    """The stage, on a fresh database."""
    async with set_up(client, pool, shared, session) as opened:
        yield opened


def env_of(stage: Stage) -> dict[str, str]:
    """What a command needs to work on the stage's installation."""
    settings = stage.shared.settings
    return {
        "LAYERS_DATABASE_URL": stage.shared.url,
        "LAYERS_DATA_DIR": str(settings.data_dir),
        "LAYERS_PORT": str(settings.port),
    }


async def test_an_account_is_held_and_let_go(stage: Stage):
    account, env = await stage.account("ann.test"), env_of(stage)
    other = await stage.account("bob.test")
    post = await stage.text(account)
    held = await told(env, "operator", "accounts", "hold", account)
    assert held["account"]["waiting"] == 1
    assert held["health"]["holdUntil"].startswith("9999")
    await stage.step(account)
    assert (await stage.row(post))["status"] == "queued"
    await stage.pool.execute(
        """UPDATE scheduled_posts SET due_at = now() + interval '1 hour', next_attempt_at = now() + interval '1 hour',
        last_error = $1""",
        {"code": "PLATFORM_LIMIT", "message": "m", "platformCode": None, "retryable": True, "at": utc_now()},
    )
    status, out, err = await layers(env, "operator", "accounts", "release", account)
    assert (status, account in out) == (0, True), err
    await stage.step(account)
    assert (await stage.row(post))["status"] == "published"
    assert [
        item["socialAccountId"] for item in (await told(env, "operator", "accounts", "list"))["items"]
    ] == [
        other,
        account,
    ]
    seen = await stage.pool.fetch(
        "SELECT type, actor FROM events WHERE subject_id = $1 AND type <> 'social_account.connected'", account
    )
    actor = f"cli:{getpass.getuser()}"
    assert [tuple(row) for row in seen] == [
        ("social_account.held", actor),
        ("social_account.released", actor),
    ]


async def test_an_account_is_disconnected(stage: Stage):
    account, env = await stage.account(), env_of(stage)
    post = await stage.text(account)
    gone = await told(env, "operator", "accounts", "disconnect", account)
    assert (gone["account"]["status"], gone["health"]["token"]) == ("disconnected", "missing")
    assert (await stage.row(post))["status"] == "canceled"
    status, out, err = await layers(env, "operator", "accounts", "hold", account)
    assert (status, out, "disconnected" in err) == (1, "", True)
    status, _, err = await layers(env, "operator", "accounts", "show", "sa_none")
    assert (status, "no social account sa_none" in err) == (1, True)


async def test_the_platforms_pause_does_not_shorten_a_hold(stage: Stage):
    """An operator holds the account while one of its posts is with the platform, which asks for a second."""
    account = await stage.account()
    post = await stage.text(account)
    await stage.fault("POST /xrpc/com.atproto.repo.putRecord", "throttle", seconds=1)
    claim_hold = "UPDATE social_accounts SET hold_until = now() + interval '1 day' WHERE id = $1"
    work = stage.engine.outbound.send

    async def send(*arguments: Any, **options: Any) -> Any:
        await stage.pool.execute(claim_hold, account)
        return await work(*arguments, **options)

    object.__setattr__(stage.engine, "outbound", _Sending(send, stage.engine.outbound))
    await stage.step(account)
    assert (await stage.row(post))["last_error"]["code"] == "PLATFORM_LIMIT"
    assert await stage.pool.fetchval(
        "SELECT hold_until > now() + interval '23 hours' FROM social_accounts WHERE id = $1", account
    )


class _Sending:
    """An outbound door at which something happens before a call leaves."""

    def __init__(self, send: Any, door: Any) -> None:
        self.send, self._door = send, door

    def __getattr__(self, name: str) -> Any:
        return getattr(self._door, name)


async def test_the_installation_on_one_screen(stage: Stage, tmp_path: Path):
    await stage.text(await stage.account())
    env = env_of(stage)
    seen = await told(env, "status")
    assert (seen["due"], seen["workers"]) == ({"bluesky": 1}, 0)
    status, out, err = await layers(env, "status")
    assert status == 0, err
    assert "none is alive" in out
    assert "bluesky 1" in out
    assert (await layers(env, "health", "worker"))[0] == 1
    assert (await layers(env, "health"))[0] == 0  # the API of the stage
    assert (await layers(env, "health", "api"))[0] == 0
    empty = stage.shared.url.replace(urlsplit(stage.shared.url).path, "/postgres")
    status, _, err = await layers({**env, "LAYERS_DATABASE_URL": empty, "LAYERS_PORT": "9"}, "health")
    assert (status, "Nothing of Layers is well here" in err) == (1, True)
    async with working(stage.shared):
        await stage.client.post_until(
            (await stage.pool.fetchval("SELECT id FROM scheduled_posts")), "published"
        )
        row = await stage.pool.fetchrow("SELECT host FROM workers")
        assert row is not None
        assert row["host"] == socket.gethostname()
        assert (await layers(env, "health", "worker"))[0] == 0

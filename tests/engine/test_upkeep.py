"""Tokens are refreshed ahead of their end, and sealed anew when the secret key changes."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet

from layers.social_accounts.upkeep import refresh_ahead, seal_anew
from layers.vault import Vault, VaultError

TOKEN = "POST /v2/oauth/token"


async def aged(stage, account: str, *, lived: str, left: str, touched: str = "1 hour") -> None:
    """Make the account's token so old, and good for so long."""
    await stage.pool.execute(
        "UPDATE social_accounts SET token_refreshed_at = now() - $2::text::interval,"
        " token_expires_at = now() + $3::text::interval, updated_at = now() - $4::text::interval WHERE id = $1",
        *(account, lived, left, touched),
    )


async def row(stage, account: str) -> dict[str, Any]:
    return dict(await stage.pool.fetchrow("SELECT * FROM social_accounts WHERE id = $1", account))


async def told(stage, account: str) -> list[str]:
    rows = await stage.pool.fetch("SELECT type FROM events WHERE subject_id = $1", account)
    return [found["type"] for found in rows if found["type"] != "social_account.connected"]


async def look(stage) -> int:
    return await refresh_ahead(stage.pool, stage.engine.credentials)


async def test_in_the_last_quarter_of_its_life_a_token_is_refreshed(stage) -> None:
    account = await stage.account(platform="tiktok")
    await aged(stage, account, lived="19 hours", left="5 hours")
    before = await row(stage, account)
    assert await look(stage) == 1
    after = await row(stage, account)
    vault = stage.shared.vault
    old, new = (vault.unseal(found["sealed_secrets"], account) for found in (before, after))
    assert old["accessToken"] != new["accessToken"]
    assert old["openId"] == new["openId"]
    assert after["token_expires_at"] > before["token_expires_at"]
    assert after["status"] == "connected"
    assert await look(stage) == 0


@pytest.mark.parametrize(
    ("lived", "left", "due"),
    [
        ("17 hours", "7 hours", 0),
        ("1 hour", "23 hours", 0),
        ("19 hours", "5 hours", 1),
        ("2 days", "-1 day", 1),
    ],
)
async def test_how_much_life_is_too_little(stage, lived: str, left: str, due: int) -> None:
    await aged(stage, await stage.account(platform="tiktok"), lived=lived, left=left)
    assert await look(stage) == due


@pytest.mark.parametrize(
    "change", ["status = 'disconnected'", "status = 'reauth_required'", "token_expires_at = NULL"]
)
async def test_what_needs_no_refresh_is_left_alone(stage, change: str) -> None:
    account = await stage.account(platform="tiktok")
    await aged(stage, account, lived="19 hours", left="5 hours")
    await stage.pool.execute(f"UPDATE social_accounts SET {change}")
    assert await look(stage) == 0


async def test_a_fault_that_passes_is_tried_again_after_ten_minutes(stage) -> None:
    account = await stage.account(platform="tiktok")
    await aged(stage, account, lived="19 hours", left="5 hours")
    await stage.fault(TOKEN, "unavailable", "tiktok")
    assert await look(stage) == 1
    assert (await row(stage, account))["status"] == "connected"
    assert await look(stage) == 0
    await aged(stage, account, lived="19 hours", left="5 hours", touched="11 minutes")
    await stage.mend()
    before = (await row(stage, account))["sealed_secrets"]
    assert await look(stage) == 1
    assert (await row(stage, account))["sealed_secrets"] != before
    assert await told(stage, account) == []


async def test_a_token_that_cannot_be_refreshed_needs_a_person_and_says_so_once(stage) -> None:
    account = await stage.account(platform="tiktok")
    vault = stage.shared.vault
    secrets = vault.unseal((await row(stage, account))["sealed_secrets"], account)
    sealed = vault.seal({**secrets, "refreshToken": "rft.revoked"}, account)
    await stage.pool.execute("UPDATE social_accounts SET sealed_secrets = $2 WHERE id = $1", account, sealed)
    for due in (1, 0):
        await aged(stage, account, lived="19 hours", left="5 hours")
        assert await look(stage) == due
        assert (await row(stage, account))["status"] == "reauth_required"
        assert await told(stage, account) == ["social_account.needs_reauth"]


async def test_one_bad_account_does_not_keep_the_others(stage) -> None:
    bad, good = [await stage.account(handle, "tiktok") for handle in ("bad.test", "good.test")]
    await stage.pool.execute(
        "UPDATE social_accounts SET sealed_secrets = $2 WHERE id = $1",
        *(bad, stage.shared.vault.seal({"accessToken": "x", "refreshToken": "x", "openId": "x"}, bad)),
    )
    await aged(stage, bad, lived="23 hours", left="1 hour")
    await aged(stage, good, lived="19 hours", left="5 hours")
    before = (await row(stage, good))["sealed_secrets"]
    assert await look(stage) == 2
    assert (await row(stage, good))["sealed_secrets"] != before
    assert (await row(stage, bad))["status"] == "reauth_required"


async def test_secrets_are_sealed_anew_with_the_newest_key(stage) -> None:
    accounts = [await stage.account("ann.test", "tiktok"), await stage.account("bob.test", "bluesky")]
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    secrets = {}
    for account in accounts:
        secrets[account] = stage.shared.vault.unseal((await row(stage, account))["sealed_secrets"], account)
        sealed = Vault([old]).seal(secrets[account], account)
        await stage.pool.execute(
            "UPDATE social_accounts SET sealed_secrets = $2 WHERE id = $1", account, sealed
        )
    credentials = replace(stage.engine.credentials, vault=Vault([new, old]))
    assert await seal_anew(stage.pool, credentials) == 2
    assert await seal_anew(stage.pool, credentials) == 0
    for account in accounts:
        sealed = (await row(stage, account))["sealed_secrets"]
        assert Vault([new]).unseal(sealed, account) == secrets[account]
        with pytest.raises(VaultError):
            Vault([old]).unseal(sealed, account)


async def test_what_has_no_secrets_is_not_sealed(stage) -> None:
    account = await stage.account(platform="tiktok")
    await stage.client.delete(f"/v1/social-accounts/{account}")
    credentials = replace(stage.engine.credentials, vault=Vault([Fernet.generate_key().decode()]))
    assert await seal_anew(stage.pool, credentials) == 0

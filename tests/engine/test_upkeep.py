"""Tokens are refreshed ahead of their end, and sealed anew when the secret key changes."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from stage import until

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


async def spoil(stage, account: str) -> None:
    """Put a refresh token the platform does not know in the place of the account's own."""
    vault = stage.shared.vault
    secrets = vault.unseal((await row(stage, account))["sealed_secrets"], account)
    sealed = vault.seal({**secrets, "refreshToken": "rft.revoked"}, account)
    await stage.pool.execute("UPDATE social_accounts SET sealed_secrets = $2 WHERE id = $1", account, sealed)


async def warned(stage, account: str) -> list[dict[str, Any]]:
    """What was told of the account's need of a person."""
    rows = await stage.pool.fetch(
        "SELECT data FROM events WHERE subject_id = $1 AND type = 'social_account.needs_reauth' ORDER BY position",
        account,
    )
    return [found["data"] for found in rows]


async def test_a_refused_refresh_warns_once_and_the_token_is_used_until_it_ends(stage) -> None:
    account = await stage.account(platform="bluesky")
    secrets = stage.shared.vault.unseal((await row(stage, account))["sealed_secrets"], account)
    broken = {**secrets, "refreshJwt": "", "password": "changed"}
    await stage.pool.execute(
        "UPDATE social_accounts SET sealed_secrets = $2 WHERE id = $1",
        *(account, stage.shared.vault.seal(broken, account)),
    )
    await aged(stage, account, lived="100 minutes", left="20 minutes")
    assert await look(stage) == 1
    assert (await row(stage, account))["status"] == "connected"
    [warning] = await warned(stage, account)
    assert warning["status"] == "connected"
    ends = (await row(stage, account))["token_expires_at"]
    assert datetime.fromisoformat(warning["reconnectBefore"]) == ends
    assert (await stage.client.get(f"/v1/social-accounts/{account}/health"))["token"] == "expiring"
    post = await stage.text(account)
    assert (await stage.carry(account, post))["status"] == "published"
    await stage.pool.execute("UPDATE social_accounts SET updated_at = now() - interval '1 hour'")
    assert await look(stage) == 0  # not asked again before the token ends
    await aged(stage, account, lived="2 hours", left="-1 second")
    assert await look(stage) == 1
    assert (await row(stage, account))["status"] == "reauth_required"
    assert [told["status"] for told in await warned(stage, account)] == ["connected", "reauth_required"]
    assert await look(stage) == 0


async def test_a_token_past_its_end_that_cannot_be_refreshed_needs_a_person_and_says_so_once(stage) -> None:
    account = await stage.account(platform="tiktok")
    await spoil(stage, account)
    for due in (1, 0):
        await aged(stage, account, lived="25 hours", left="-1 hour")
        assert await look(stage) == due
        assert (await row(stage, account))["status"] == "reauth_required"
        assert await told(stage, account) == ["social_account.needs_reauth"]


async def test_where_the_platform_says_that_the_grant_is_revoked_the_account_is_lost_at_once(stage) -> None:
    account = await stage.account(platform="instagram")
    secrets = stage.shared.vault.unseal((await row(stage, account))["sealed_secrets"], account)
    sealed = stage.shared.vault.seal({**secrets, "accessToken": "revoked"}, account)
    await stage.pool.execute("UPDATE social_accounts SET sealed_secrets = $2 WHERE id = $1", account, sealed)
    await aged(stage, account, lived="50 days", left="10 days")
    assert await look(stage) == 1
    assert (await row(stage, account))["status"] == "reauth_required"
    [warning] = await warned(stage, account)
    assert warning["status"] == "reauth_required"


async def test_a_refresh_that_works_again_takes_the_warning_back(stage) -> None:
    account = await stage.account(platform="tiktok")
    await aged(stage, account, lived="25 hours", left="-1 hour")
    await stage.pool.execute("UPDATE social_accounts SET refresh_refused_at = now()")
    assert await look(stage) == 1
    assert (await row(stage, account))["refresh_refused_at"] is None


async def test_a_refresh_learns_for_how_long_it_will_work(stage) -> None:
    account = await stage.account(platform="tiktok")
    assert (await row(stage, account))["grant_expires_at"] is None  # a token given by hand may be of any age
    await aged(stage, account, lived="19 hours", left="5 hours")
    assert await look(stage) == 1
    after = await row(stage, account)
    assert after["grant_life"] == timedelta(days=365)
    assert (
        timedelta()
        <= after["grant_expires_at"] - after["token_refreshed_at"] - timedelta(days=365)
        < timedelta(seconds=1)
    )
    await stage.pool.execute("UPDATE social_accounts SET grant_life = '400 days'")
    await aged(stage, account, lived="19 hours", left="5 hours")
    assert await look(stage) == 1
    assert (await row(stage, account))["grant_life"] == timedelta(days=400)  # as when it was given


async def test_a_reconnect_meanwhile_is_not_undone(stage) -> None:
    """What was refused is the token of before."""
    account = await stage.account(platform="tiktok")
    await spoil(stage, account)
    await aged(stage, account, lived="25 hours", left="-1 hour")
    await stage.fault(TOKEN, "slow", "tiktok", seconds=2)
    looking = asyncio.create_task(look(stage))

    async def refreshing() -> bool:
        held = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = $1"
        return await stage.pool.fetchval(held, "idle in transaction") > 0

    await until(refreshing)
    assert await stage.account(platform="tiktok") == account
    await looking
    assert (await row(stage, account))["status"] == "connected"


async def test_one_bad_account_does_not_keep_the_others(stage) -> None:
    bad, altered, good = [await stage.account(name, "tiktok") for name in ("bad", "altered", "good")]
    await spoil(stage, bad)
    sealed = (await row(stage, altered))["sealed_secrets"]
    await stage.pool.execute(
        "UPDATE social_accounts SET sealed_secrets = $2 WHERE id = $1", altered, sealed[:-20]
    )
    await aged(stage, altered, lived="23 hours", left="1 minute")
    await aged(stage, bad, lived="23 hours", left="-1 hour")
    await aged(stage, good, lived="19 hours", left="5 hours")
    before = (await row(stage, good))["sealed_secrets"]
    assert await look(stage) == 3
    assert (await row(stage, good))["sealed_secrets"] != before
    for lost in (bad, altered):
        assert (await row(stage, lost))["status"] == "reauth_required"
        assert len(await warned(stage, lost)) == 1
    assert (await stage.client.get(f"/v1/social-accounts/{altered}/health"))["token"] == "unreadable"


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


async def test_what_cannot_be_opened_does_not_keep_the_others_from_being_sealed(stage) -> None:
    lost, altered, good = [await stage.account(name, "tiktok") for name in ("lost", "altered", "good")]
    gone, old, new = (Fernet.generate_key().decode() for _ in range(3))
    for account, key in ((lost, gone), (altered, old), (good, old)):
        sealed = Vault([key]).seal({"accessToken": "x"}, account)
        await stage.pool.execute(
            "UPDATE social_accounts SET sealed_secrets = $2 WHERE id = $1",
            *(account, sealed[:-20] if account == altered else sealed),
        )
    without = replace(stage.engine.credentials, vault=Vault([new, old]))
    assert await seal_anew(stage.pool, without) == 1
    assert Vault([new]).unseal((await row(stage, good))["sealed_secrets"], good) == {"accessToken": "x"}
    # Damaged tokens are lost; those whose key is missing come back with it.
    assert [(await row(stage, account))["status"] for account in (altered, lost)] == [
        "reauth_required",
        "connected",
    ]
    assert (await stage.client.get(f"/v1/social-accounts/{lost}/health"))["token"] == "unreadable"
    await stage.pool.execute(
        "UPDATE social_accounts SET unreadable_at = now() - interval '11 minutes' WHERE id = $1", lost
    )
    again = replace(without, vault=Vault([new, old, gone]))
    assert await seal_anew(stage.pool, again) == 1
    assert (await row(stage, lost))["unreadable_at"] is None
    assert (await stage.client.get(f"/v1/social-accounts/{lost}/health"))["token"] == "valid"

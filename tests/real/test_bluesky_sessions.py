"""Passwords, tokens and their ends, as a real server plays them."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from pds_server import Refused, outdated


@pytest.fixture(autouse=True)
def _running(worker):
    """A worker, for every test here."""


@dataclass
class Safe:
    """The sealed secrets of a channel's account."""

    pool: object
    vault: object
    account: str

    async def read(self):
        """Open them."""
        query = "SELECT sealed_secrets FROM social_accounts WHERE id = $1"
        return self.vault.unseal(await self.pool.fetchval(query, self.account), self.account)

    async def change(self, **secrets):
        """Replace some."""
        sealed = self.vault.seal({**await self.read(), **secrets}, self.account)
        await self.pool.execute(
            "UPDATE social_accounts SET sealed_secrets = $2 WHERE id = $1", self.account, sealed
        )


@pytest.fixture
def safe_of(pool, shared):
    """Open a channel's safe."""
    return lambda channel: Safe(pool, shared.vault, channel.account)


async def account_status(channel):
    accounts = await channel.client.get(f"/v1/projects/{channel.project}/social-accounts")
    return next(a["status"] for a in accounts["items"] if a["socialAccountId"] == channel.account)


async def test_wrong_password(live, pds):
    person = await pds.sign_up()
    path = f"/v1/projects/{await live.project()}/social-accounts"
    credential = person.credential(pds.origin, "not the password")
    answer = await live.post(path, {"platform": "bluesky", "credential": credential})
    assert answer.status == 422
    assert answer.issues == {("credential", "credential_refused")}
    assert "not the password" not in answer.raw.decode()


async def test_nobody_at_the_address(live, pds, proxy):
    proxy.fail("refused", ".")
    path = f"/v1/projects/{await live.project()}/social-accounts"
    credential = (await pds.sign_up()).credential(proxy.origin)
    answer = await live.post(path, {"platform": "bluesky", "credential": credential})
    assert (answer.status, answer.issues) == (422, {("credential", "credential_refused")})


@pytest.mark.parametrize(
    "spoil",
    [outdated, lambda token: token[:-4] + "AAAA", lambda token: "rubbish"],
    ids=["outdated", "badly signed", "rubbish"],
)
async def test_token_is_renewed(shaky, proxy, safe_of, spoil):
    safe = safe_of(shaky)
    before = await safe.read()
    spoilt = spoil(before["accessJwt"])
    await safe.change(accessJwt=spoilt)
    post = await shaky.publish_text()
    await shaky.only_record(post)
    after = await safe.read()
    assert after["accessJwt"] != spoilt
    assert after["refreshJwt"] != before["refreshJwt"]
    assert "token_refreshed" in await shaky.steps(post)
    assert (proxy.count("refreshSession"), proxy.count("createSession")) == (1, 1)
    await shaky.done(await shaky.publish_text("with the new token"))
    assert proxy.count("refreshSession") == 1


async def test_past_renewal_the_password_opens_a_new_session(shaky, proxy, safe_of):
    await safe_of(shaky).change(accessJwt="rubbish", refreshJwt="rubbish")
    await shaky.only_record(await shaky.publish_text())
    assert (proxy.count("refreshSession"), proxy.count("createSession")) == (1, 2)


async def test_lost_answer_to_a_renewal(shaky, proxy, safe_of):
    safe = safe_of(shaky)
    await safe.change(accessJwt=outdated((await safe.read())["accessJwt"]))
    proxy.fail("lost", "refreshSession", times=1)
    await shaky.only_record(await shaky.publish_text())
    assert await account_status(shaky) == "connected"


async def test_revoked_app_password(open_channel, pds, safe_of):
    ann = await pds.sign_up()
    password = await pds.make_app_password(ann, "layers")
    channel = await open_channel(person=ann, password=password)
    await channel.only_record(await channel.publish_text("before"))

    await pds.revoke_app_password(ann, "layers")
    safe = safe_of(channel)
    await safe.change(accessJwt=outdated((await safe.read())["accessJwt"]))
    post = await channel.publish_text("after")
    waiting = await channel.until(post, lambda seen: seen["lastError"] is not None)
    assert (waiting["status"], waiting["lastError"]["code"]) == ("queued", "CREDENTIAL_INVALID")
    assert await account_status(channel) == "reauth_required"
    assert "reauth_required" in await channel.steps(post)
    assert len(await pds.records(ann.did)) == 1

    credential = ann.credential(pds.origin, await pds.make_app_password(ann, "layers again"))
    path = f"/v1/projects/{channel.project}/social-accounts"
    again = await channel.client.made(path, {"platform": "bluesky", "credential": credential})
    assert again["socialAccountId"] == channel.account
    await channel.done(post)
    assert [r["text"] for r in (await pds.records(ann.did)).values()] == ["before", "after"]


async def test_too_many_logins(channel, pds, safe_of):
    """The server allows thirty logins in five minutes; the thirty-first has to wait, and its post is not lost."""
    body = {"identifier": channel.person.handle, "password": channel.person.password}
    logins = [pds.call("POST", "com.atproto.server.createSession", json=body) for _ in range(31)]
    refused = [e for e in await asyncio.gather(*logins, return_exceptions=True) if isinstance(e, Refused)]
    assert {refusal.status for refusal in refused} == {429}

    await safe_of(channel).change(accessJwt="rubbish", refreshJwt="rubbish")
    post = await channel.publish_text()
    waiting = await channel.until(post, lambda seen: seen["lastError"] is not None)
    error = waiting["lastError"]
    assert (waiting["status"], error["code"], error["retryable"]) == ("queued", "PLATFORM_LIMIT", True)
    assert (error["platformCode"], waiting["attempts"]) == ("RateLimitExceeded", 0)
    pause = datetime.fromisoformat(waiting["nextAttemptAt"]) - datetime.fromisoformat(error["at"])
    assert timedelta(minutes=2) < pause <= timedelta(minutes=5)
    assert await account_status(channel) == "connected"
    assert not await pds.records(channel.person.did)

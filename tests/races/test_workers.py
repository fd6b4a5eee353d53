"""Callers against a worker, each meeting forced in both orders: one of the contract's outcomes, never both."""

from datetime import timedelta
from typing import Any

import pytest
from arrange import ahead
from gate import after, in_order, transaction
from stage import PUT, Stage

from layers.connector import Effect
from layers.db.pool import Connection
from layers.publishing import ledger
from layers.publishing.ledger import Claim, Entry, Ledger, Settlement, StoryStep, Superseded

LEASE = timedelta(seconds=15)


def path(post: str, verb: str = "") -> str:
    """The post's address."""
    return f"/v1/scheduled-posts/{post}{'/' if verb else ''}{verb}"


async def take(tx: Any, account: str) -> Claim:
    """Claim as a worker does, in a transaction of the test's."""
    held = await Ledger(tx).claim(account, LEASE)
    assert held is not None
    return held


async def intend(tx: Any, held: Claim) -> None:
    """Write the intent of a COMMIT as a worker does just before it sends it."""
    call = Entry("post", Effect.COMMIT, held.database_now)
    await Ledger(tx).save(held, [call], LEASE, committing=True)


async def take_and_intend(tx: Any, account: str) -> Claim:
    """Claim and write the intent."""
    held = await take(tx, account)
    await intend(tx, held)
    return held


async def settle(tx: Any, held: Claim, end: Settlement, *, committed: bool = True) -> None:
    """Settle as a worker does."""
    await Ledger(tx).settle(held, end, [], [], committed=committed)


def published() -> Settlement:
    """The end everybody hopes for."""
    told = (StoryStep("published", "Published."),)
    said: dict[str, object] = {"externalId": "x", "externalUrl": None}
    return Settlement("published", external_id="x", event="post.published", data=said, story=told)


@pytest.fixture
async def account(stage: Stage) -> str:
    """An account."""
    return await stage.account()


@pytest.fixture
async def post(stage: Stage, account: str) -> str:
    """A due post of the account."""
    return await stage.text(account)


async def nothing_was_sent(stage: Stage, account: str, held: Claim | None = None) -> None:
    """The platform shows nothing, and a worker that claimed earlier can do nothing more."""
    if held is not None:
        with pytest.raises(Superseded):
            await intend(stage.pool, held)
        with pytest.raises(Superseded):
            await settle(stage.pool, held, published())
    assert not await stage.step(account)
    assert await stage.on_platform(account) == []


# Cancel ---------------------------------------------------------------------------------------------------------


async def test_a_cancel_under_way_is_not_claimed(stage: Stage, account: str, post: str):
    answer, held = await in_order(
        stage, lambda: stage.client.delete(path(post)), lambda: Ledger(stage.pool).claim(account, LEASE)
    )
    assert (answer.status, held) == (200, None)
    assert await stage.story(post) == ["scheduled", "canceled"]
    await nothing_was_sent(stage, account)


async def test_a_cancel_that_meets_a_claim_stops_the_worker(stage: Stage, account: str, post: str):
    held, answer = await after(stage, lambda tx: take(tx, account), lambda: stage.client.delete(path(post)))
    assert (answer.status, answer["status"]) == (200, "canceled")
    await nothing_was_sent(stage, account, held)


async def test_a_cancel_that_meets_an_intent_comes_too_late(stage: Stage, account: str, post: str):
    held, answer = await after(
        stage, lambda tx: take_and_intend(tx, account), lambda: stage.client.delete(path(post))
    )
    assert (answer.status, answer.details["status"]) == (409, "publishing")
    await settle(stage.pool, held, published())
    assert (await stage.row(post))["status"] == "published"


async def test_an_intent_that_meets_a_cancel_is_not_written(stage: Stage, account: str, post: str):
    held = await stage.claim(account)

    async def try_to_intend() -> str:
        try:
            await intend(stage.pool, held)
        except Superseded:
            return "superseded"
        return "written"

    answer, said = await in_order(stage, lambda: stage.client.delete(path(post)), try_to_intend)
    assert (answer.status, said) == (200, "superseded")
    await nothing_was_sent(stage, account, held)


async def test_a_cancel_that_meets_a_settlement_hears_of_it(stage: Stage, account: str, post: str):
    held = await stage.claim(account)
    await intend(stage.pool, held)
    _, answer = await after(
        stage, lambda tx: settle(tx, held, published()), lambda: stage.client.delete(path(post))
    )
    assert (answer.status, answer.details["status"]) == (409, "published")


async def test_a_settlement_that_meets_a_cancel_writes_nothing(stage: Stage, account: str, post: str):
    held = await stage.claim(account)
    end = Settlement("queued", due_at=held.database_now + LEASE)

    async def try_to_settle() -> str:
        try:
            await settle(stage.pool, held, end, committed=False)
        except Superseded:
            return "superseded"
        return "written"

    answer, said = await in_order(stage, lambda: stage.client.delete(path(post)), try_to_settle)
    assert (answer.status, said) == (200, "superseded")
    assert (await stage.row(post))["status"] == "canceled"
    await nothing_was_sent(stage, account, held)


# Reschedule -----------------------------------------------------------------------------------------------------


async def test_a_move_under_way_is_not_claimed(stage: Stage, account: str, post: str):
    body = {"scheduledFor": ahead(hours=1)}
    answer, held = await in_order(
        stage,
        lambda: stage.client.post(path(post, "reschedule"), body),
        lambda: Ledger(stage.pool).claim(account, LEASE),
    )
    assert (answer.status, held) == (200, None)
    assert (await stage.row(post))["status"] == "queued"
    await nothing_was_sent(stage, account)


async def test_a_move_that_meets_a_claim_is_refused(stage: Stage, account: str, post: str):
    body = {"scheduledFor": ahead(hours=1)}
    held, answer = await after(
        stage, lambda tx: take(tx, account), lambda: stage.client.post(path(post, "reschedule"), body)
    )
    assert (answer.status, answer.details["status"]) == (409, "publishing")
    await intend(stage.pool, held)


async def test_a_moved_post_is_fixed_anew(stage: Stage, account: str, post: str):
    """A post tried, moved by days and tried again bears the later time, and links to its media that still live."""
    await stage.fault(PUT, "throttle", seconds=1)
    await stage.step(account)
    first = (await stage.row(post))["frozen_at"]
    await stage.mend()
    body = {"scheduledFor": ahead(days=5)}
    assert (await stage.client.post(path(post, "reschedule"), body)).status == 200
    await stage.pool.execute("UPDATE social_accounts SET hold_until = NULL")
    await stage.hurry(post)
    assert (await stage.claim(account)).frozen_at > first


# The account ----------------------------------------------------------------------------------------------------


def revoking(stage: Stage, account: str) -> Any:
    """Disconnect the account."""
    return lambda: stage.client.delete(f"/v1/social-accounts/{account}")


def connecting(stage: Stage) -> Any:
    """Connect the account again."""
    body = {"platform": "bluesky", "credential": {"handle": "ann.test"}}
    return lambda: stage.client.post(f"/v1/projects/{stage.project}/social-accounts", body)


async def test_an_account_being_revoked_is_not_claimed(stage: Stage, account: str, post: str):
    answer, held = await in_order(
        stage, revoking(stage, account), lambda: Ledger(stage.pool).claim(account, LEASE)
    )
    assert (answer.status, answer["canceledScheduledPosts"], held) == (200, 1, None)
    await nothing_was_sent(stage, account)


async def test_revoking_stops_a_worker_that_has_sent_nothing(stage: Stage, account: str, post: str):
    held, answer = await after(stage, lambda tx: take(tx, account), revoking(stage, account))
    assert (answer.status, answer["canceledScheduledPosts"]) == (200, 1)
    assert (await stage.row(post))["status"] == "canceled"
    await nothing_was_sent(stage, account, held)


async def test_revoking_lets_what_is_sent_complete(stage: Stage, account: str, post: str):
    held, answer = await after(stage, lambda tx: take_and_intend(tx, account), revoking(stage, account))
    assert (answer.status, answer["canceledScheduledPosts"]) == (200, 0)
    await settle(stage.pool, held, published())
    assert (await stage.row(post))["status"] == "published"


async def test_a_doubt_outlives_revoking_and_is_settled_after_a_reconnect(stage: Stage, account: str):
    post = await stage.text(account, "doubt")
    await stage.fault(PUT, "lose_answer")
    await stage.step(account)
    assert (await revoking(stage, account)())["canceledScheduledPosts"] == 0
    await stage.hurry(post)
    await stage.step(account)
    seen = await stage.seen(post)
    assert (seen["status"], seen["lastError"]["code"]) == ("publishing", "CREDENTIAL_INVALID")
    assert (await connecting(stage)()).status == 201
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


async def test_a_doubt_whose_account_stays_revoked_is_left_to_a_person(stage: Stage, account: str):
    post = await stage.text(account, "doubt")
    await stage.fault(PUT, "lose_answer")
    await stage.step(account)
    await revoking(stage, account)()
    await stage.age(post, hours=25)
    await stage.step(account)
    assert (await stage.row(post))["outcome_unknown"]


def trouble(held: Claim, kind: str) -> Settlement:
    """An end that says something of the account, too."""
    until = held.database_now + timedelta(hours=1)
    if kind == "throttled":
        return Settlement("queued", due_at=until, hold_account_until=until, uncounted=True)
    return Settlement("queued", due_at=until, account_needs_reauth=True)


@pytest.mark.parametrize("kind", ["throttled", "reauth"])
async def test_revoking_and_a_settlement_about_the_account_do_not_deadlock(
    stage: Stage, account: str, kind: str
):
    """Revoking holds the account and goes from post to post, just when a worker writes about a post and the account."""
    queued, claimed = [await stage.text(account, text) for text in ("one", "two")]
    put_off = "UPDATE scheduled_posts SET due_at = now() + $2::interval WHERE id = $1"
    await stage.pool.execute(put_off, queued, timedelta(hours=1))
    held = await stage.claim(account)
    await stage.pool.execute(put_off, claimed, timedelta(hours=2))
    answer, said = await in_order(
        stage,
        revoking(stage, account),
        lambda: _said(stage.pool, held, trouble(held, kind)),
        gate=f"SELECT FROM scheduled_posts WHERE id = '{queued}' FOR UPDATE",
    )
    assert (answer.status, answer["canceledScheduledPosts"], said) == (200, 2, "superseded")
    await nothing_was_sent(stage, account, held)


async def _said(pool: Any, held: Claim, end: Settlement) -> str:
    try:
        await settle(pool, held, end, committed=False)
    except Superseded:
        return "superseded"
    return "written"


@pytest.mark.parametrize("kind", ["throttled", "reauth"])
async def test_a_settlement_about_the_account_comes_before_revoking(
    stage: Stage, account: str, post: str, kind: str
):
    held = await stage.claim(account)
    _, answer = await after(
        stage,
        lambda tx: settle(tx, held, trouble(held, kind), committed=False),
        revoking(stage, account),
    )
    assert (answer.status, answer["canceledScheduledPosts"]) == (200, 1)
    assert (await stage.row(post))["status"] == "canceled"


async def test_a_reconnect_is_not_undone_by_a_worker_with_the_old_token(
    stage: Stage, account: str, post: str
):
    held = await stage.claim(account)
    answer, said = await in_order(
        stage, connecting(stage), lambda: _said(stage.pool, held, trouble(held, "reauth"))
    )
    assert (answer.status, answer["status"], said) == (201, "connected", "superseded")
    assert (await stage.client.get(f"/v1/social-accounts/{account}/health"))["status"] == "connected"
    await stage.hurry(post)  # the lease lapses
    assert (await stage.carry(account, post))["status"] == "published"


async def test_a_reconnect_releases_what_a_worker_has_just_parked(stage: Stage, account: str, post: str):
    held = await stage.claim(account)
    error = ledger.LastError("CREDENTIAL_INVALID", "No.", None, True, held.database_now)
    end = Settlement("queued", due_at=held.database_now + LEASE * 99, account_needs_reauth=True, error=error)
    _, answer = await after(stage, lambda tx: settle(tx, held, end, committed=False), connecting(stage))
    assert (answer.status, answer["status"]) == (201, "connected")
    assert (await stage.carry(account, post))["status"] == "published"


async def test_a_refresh_gives_a_revoked_account_no_new_token(stage: Stage, account: str, post: str):
    """The account is revoked between a worker's claim and its refresh: its tokens stay forgotten."""
    held = await take_and_keep(stage, account)
    assert (await revoking(stage, account)()).status == 200
    connector = stage.engine.connectors["bluesky"]
    with pytest.raises(Exception, match="disconnected"):
        await stage.engine.credentials.refresh(connector, held.account)
    query = "SELECT sealed_secrets FROM social_accounts WHERE id = $1"
    assert await stage.pool.fetchval(query, account) is None


async def take_and_keep(stage: Stage, account: str) -> Claim:
    """Claim and write the intent, so that revoking lets the post go on."""
    async with transaction(stage) as tx:
        return await take_and_intend(tx, account)


# Two workers ----------------------------------------------------------------------------------------------------


async def test_of_two_workers_one_gets_the_post_and_none_the_next(stage: Stage, account: str, post: str):
    second = await stage.text(account, "second")

    async def other() -> Any:
        return await Ledger(stage.pool).claim(account, LEASE)

    held, nothing = await after(stage, lambda tx: take(tx, account), other)
    assert (held.id, nothing) == (post, None)
    assert (await stage.row(second))["status"] == "queued"


async def test_a_lapsed_lease_is_taken_once(stage: Stage, account: str, post: str):
    old = await stage.claim(account)
    await stage.hurry(post)

    async def other() -> Any:
        return await Ledger(stage.pool).claim(account, LEASE)

    async def again(tx: Connection) -> Claim:
        return await take(tx, account)

    held, nothing = await after(stage, again, other)
    assert (held.id, held.fence, nothing) == (post, old.fence + 1, None)
    with pytest.raises(Superseded):
        await intend(stage.pool, old)
    await intend(stage.pool, held)

"""`GET /v1/social-accounts/:id/health`: token, posts of the day, posts that wait."""

from dataclasses import replace

import pytest
from arrange import make_failed, moment

from layers.publishing.commands import LIMITS
from layers.social_accounts import commands


async def health(client, account: str):
    return await client.get(f"/v1/social-accounts/{account}/health")


async def published(client, pool, project: str, account: str, caption: str, ago: str) -> str:
    """Leave a post published that long ago."""
    answer = await client.publish(await client.text(project, caption), account)
    post = answer["scheduledPostIds"][0]
    await pool.execute(
        "UPDATE scheduled_posts SET status = 'published', due_at = NULL, external_id = 'x',"
        " published_at = now() - $2::text::interval WHERE id = $1",
        *(post, ago),
    )
    return post


async def test_a_new_account_is_well(client) -> None:
    account = await client.account(await client.project(), "tiktok")
    answer = await health(client, account)
    assert answer.status == 200
    moment(answer["tokenExpiresAt"])
    assert answer.json == {
        "socialAccountId": account,
        "status": "connected",
        "token": "expiring",  # lives a day, and is refreshed without a person
        "tokenExpiresAt": answer["tokenExpiresAt"],
        "lastPublishedAt": None,
        "postsLeftToday": LIMITS["tiktok"].posts_per_day,
        "postsWaiting": 0,
        "holdUntil": None,
    }


@pytest.mark.parametrize(
    ("expires", "state"),
    [
        ("now() + interval '4 days'", "valid"),
        ("now() + interval '73 hours'", "valid"),
        ("now() + interval '71 hours'", "expiring"),
        ("now() + interval '1 minute'", "expiring"),
        ("now() - interval '1 second'", "expired"),
        ("NULL", "unlimited"),
    ],
)
async def test_the_token_by_how_long_it_lives(client, pool, expires: str, state: str) -> None:
    account = await client.account(await client.project(), "tiktok")
    await pool.execute(
        f"UPDATE social_accounts SET token_expires_at = {expires} WHERE id = $1",
        account,
    )
    assert (await health(client, account))["token"] == state


async def test_a_revoked_account_has_no_token(client) -> None:
    account = await client.account(await client.project())
    await client.delete(f"/v1/social-accounts/{account}")
    answer = await health(client, account)
    assert (answer["status"], answer["token"], answer["tokenExpiresAt"]) == ("disconnected", "missing", None)


@pytest.mark.parametrize(("cap", "left"), [(3, 1), (2, 0), (1, 0), (None, None)])
async def test_posts_of_the_last_24_hours_count_against_the_cap(
    client, pool, monkeypatch: pytest.MonkeyPatch, cap: int | None, left: int | None
) -> None:
    project = await client.project()
    account = await client.account(project)
    capped = {"bluesky": replace(LIMITS["bluesky"], posts_per_day=cap)}
    monkeypatch.setattr(commands, "LIMITS", {**LIMITS, **capped})
    await published(client, pool, project, account, "yesterday", "25 hours")
    await published(client, pool, project, account, "last night", "23 hours")
    await published(client, pool, project, account, "now", "1 second")
    assert (await health(client, account))["postsLeftToday"] == left


async def test_when_it_last_published(client, pool) -> None:
    project = await client.project()
    account = await client.account(project)
    await published(client, pool, project, account, "long ago", "30 hours")
    newer = await published(client, pool, project, account, "today", "3 hours")
    at = await pool.fetchval("SELECT published_at FROM scheduled_posts WHERE id = $1", newer)
    assert moment((await health(client, account))["lastPublishedAt"]) == at


async def test_posts_that_wait_for_a_reconnect_are_counted(client, pool) -> None:
    project = await client.project()
    account = await client.account(project)
    posts = []
    for caption in ("waits", "waits too", "is merely late", "failed"):
        answer = await client.publish(await client.text(project, caption), account)
        posts.append(answer["scheduledPostIds"][0])
    for post, code in zip(posts, ("CREDENTIAL_INVALID",) * 2 + ("PLATFORM_UNAVAILABLE",), strict=False):
        error = {"code": code, "message": "x", "retryable": True, "at": "2026-11-01T00:00:00Z"}
        await pool.execute("UPDATE scheduled_posts SET last_error = $2 WHERE id = $1", post, error)
    await make_failed(pool, posts[3])
    assert (await health(client, account))["postsWaiting"] == 2


async def test_an_account_that_keeps_still_says_until_when(client, pool) -> None:
    account = await client.account(await client.project())
    until = await pool.fetchval(
        "UPDATE social_accounts SET hold_until = now() + interval '1 hour' WHERE id = $1 RETURNING hold_until",
        account,
    )
    assert moment((await health(client, account))["holdUntil"]) == until


async def test_others_accounts_do_not_exist(client, join, request) -> None:
    account = await client.account(await client.project())
    assert (await health(await join(f"not {request.node.nodeid}"), account)).status == 404
    assert (await health(await join(request.node.nodeid, "live"), account)).status == 404
    assert (await health(client, "sa_unknown")).status == 404

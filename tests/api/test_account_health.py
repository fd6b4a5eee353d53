"""`GET /v1/social-accounts/:id/health`: token, posts of the day, posts that wait."""

import pytest
from arrange import make_failed, moment, target

from layers.connector import DailyCap, Limits, Source
from layers.social_accounts.commands import posts_left


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
        "token": "valid",  # lives a day, and is refreshed without a person
        "tokenExpiresAt": answer["tokenExpiresAt"],
        "reconnectBefore": None,
        "lastPublishedAt": None,
        "postsLeftToday": 15,
        "postsLeftTodayByMode": {"direct_publish": 15, "draft_to_device": 5},
        "postsWaiting": 0,
        "holdUntil": None,
    }


@pytest.mark.parametrize(
    ("columns", "state", "before"),
    [
        # A token that is renewed without a person is nobody's concern while it lives.
        ("token_expires_at = now() + interval '4 days'", "valid", None),
        ("token_expires_at = now() + interval '1 minute'", "valid", None),
        ("token_expires_at = now() - interval '1 second'", "expired", None),
        ("token_expires_at = NULL", "unlimited", None),
        # What only a person can renew: the last quarter of its life, however long that is.
        ("grant_life = '60 days', grant_expires_at = now() + interval '16 days'", "valid", "grant_expires_at"),
        ("grant_life = '60 days', grant_expires_at = now() + interval '14 days'", "expiring", "grant_expires_at"),
        ("grant_life = '4 hours', grant_expires_at = now() + interval '61 minutes'", "valid", "grant_expires_at"),
        ("grant_life = '4 hours', grant_expires_at = now() + interval '59 minutes'", "expiring", "grant_expires_at"),
        ("grant_life = '60 days', grant_expires_at = now() - interval '1 second'", "expired", "grant_expires_at"),
        ("token_expires_at = NULL, grant_life = '1 day', grant_expires_at = now() + '1 hour'::interval", "expiring",
            "grant_expires_at"),
        # A token that the platform will not renew is good until it ends.
        ("refresh_refused_at = now(), token_expires_at = now() + interval '9 days'", "expiring", "token_expires_at"),
        ("refresh_refused_at = now(), token_expires_at = now() - interval '1 second'", "expired", "token_expires_at"),
        ("status = 'reauth_required', token_expires_at = now() + interval '9 days'", "refused", None),
        ("status = 'reauth_required', token_expires_at = now() - interval '1 second'", "expired", None),
        ("unreadable_at = now()", "unreadable", None),
    ],
)  # fmt: skip
async def test_the_token_by_what_a_person_must_do(
    client, pool, columns: str, state: str, before: str
) -> None:
    account = await client.account(await client.project(), "tiktok")
    await pool.execute(f"UPDATE social_accounts SET {columns} WHERE id = $1", account)
    answer = await health(client, account)
    assert answer["token"] == state
    at = await pool.fetchval(f"SELECT {before or 'NULL'} FROM social_accounts WHERE id = $1", account)
    assert (answer["reconnectBefore"] and moment(answer["reconnectBefore"])) == at


@pytest.mark.parametrize("change", ["reconnect", "revoke"])
async def test_a_reconnect_forgets_what_was_wrong_and_so_does_revoking(client, pool, change: str) -> None:
    project = await client.project()
    account = await client.account(project, "tiktok")
    await pool.execute(
        "UPDATE social_accounts SET refresh_refused_at = now(), unreadable_at = now(), grant_life = '1 day',"
        " grant_expires_at = now(), status = 'reauth_required' WHERE id = $1",
        account,
    )
    if change == "revoke":
        await client.delete(f"/v1/social-accounts/{account}")
    else:
        assert await client.account(project, "tiktok") == account
    answer = await health(client, account)
    assert answer["token"] == ("missing" if change == "revoke" else "valid")
    assert answer["reconnectBefore"] is None


async def test_a_revoked_account_has_no_token(client) -> None:
    account = await client.account(await client.project())
    await client.delete(f"/v1/social-accounts/{account}")
    answer = await health(client, account)
    assert (answer["status"], answer["token"], answer["tokenExpiresAt"]) == ("disconnected", "missing", None)


async def test_posts_of_the_last_24_hours_count_against_the_cap(client, pool, video) -> None:
    project = await client.project()
    account = await client.account(project, "tiktok")
    wanted = [("direct_publish", "23 hours"), ("direct_publish", "1 second"), ("direct_publish", "25 hours")]
    for mode, ago in [*wanted, *[("draft_to_device", "1 hour")] * 6]:
        container = (await client.upload(project, video, caption=ago))["id"]
        body = {"targets": [target(account, mode)]}
        post = (await client.made(f"/v1/content/{container}/publish", body, 200))["scheduledPostIds"][0]
        await pool.execute(
            "UPDATE scheduled_posts SET status = CASE mode WHEN 'direct_publish' THEN 'published' ELSE"
            " 'draft_in_inbox' END, due_at = NULL, published_at = now() - $2::text::interval WHERE id = $1",
            *(post, ago),
        )
    answer = await health(client, account)
    assert answer["postsLeftToday"] == 13
    assert answer["postsLeftTodayByMode"] == {"direct_publish": 13, "draft_to_device": 0}


async def test_where_there_is_no_cap_none_is_told(client) -> None:
    answer = await health(client, await client.account(await client.project(), "bluesky"))
    assert (answer["postsLeftToday"], answer["postsLeftTodayByMode"]) == (None, {})


@pytest.mark.parametrize(
    ("today", "left"),
    [
        ({}, {"a": 3, "b": 2, "c": 2}),
        ({"a": 1}, {"a": 2, "b": 2, "c": 2}),
        ({"a": 2, "b": 1}, {"a": 0, "b": 0, "c": 1}),
        ({"c": 1, "d": 9}, {"a": 3, "b": 1, "c": 1}),
        ({"a": 9}, {"a": 0, "b": 0, "c": 2}),
    ],
)
def test_caps_that_overlap_leave_the_lesser(today: dict[str, int], left: dict[str, int]) -> None:
    source = Source("https://example.com", "2026-11-01")
    caps = (DailyCap(3, ("a", "b"), source), DailyCap(2, ("b", "c"), source))
    assert posts_left(Limits("chirp", "Chirp", {}, caps), today) == left


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

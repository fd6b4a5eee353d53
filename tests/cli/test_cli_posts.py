"""`layers operator posts`: an operator looks at posts and settles them, without a key."""

import getpass
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from arrange import make_failed
from commands import layers
from stage import PUT, Stage, set_up

from layers.app import Shared
from layers.db.pool import Pool


@pytest.fixture
async def stage(
    client: Any, pool: Pool, shared: Shared, session: aiohttp.ClientSession
) -> AsyncIterator[Stage]:
    """The stage, on a fresh database."""
    async with set_up(client, pool, shared, session) as opened:
        yield opened


@pytest.fixture
async def post(stage: Stage) -> str:
    """A post."""
    return await stage.text(await stage.account(), "hello [bold]")


async def command(shared: Shared, *arguments: str) -> tuple[int, str, str]:
    """Run `layers …`; returns its status and what it said."""
    own = {"LAYERS_DATABASE_URL": shared.url, "LAYERS_DATA_DIR": str(shared.settings.data_dir)}
    return await layers(own, *arguments)


async def posts(stage: Stage, *arguments: str) -> tuple[int, str, str]:
    """Run `layers operator posts …`."""
    return await command(stage.shared, "operator", "posts", *arguments)


async def told(stage: Stage, *arguments: str) -> Any:
    """Run `layers operator posts … --json`, which must succeed; returns the JSON."""
    status, out, err = await posts(stage, *arguments, "--json")
    assert status == 0, err
    return json.loads(out)


async def test_a_post_is_shown_as_the_api_shows_it(stage: Stage, post: str):
    said = await told(stage, "show", post)
    assert said["post"] == await stage.seen(post)
    story = await stage.client.get(f"/v1/scheduled-posts/{post}/events")
    assert said["events"] == story["items"]
    status, out, _ = await posts(stage, "show", post)
    assert status == 0
    assert "hello [bold]" in out
    assert "Publish was accepted." in out


async def test_posts_are_listed_newest_first(stage: Stage, post: str):
    other = await stage.text(await stage.account("bob.test"), "other")
    await stage.pool.execute(
        "UPDATE scheduled_posts SET scheduled_for = now() - interval '1 hour' WHERE id = $1", other
    )
    await make_failed(stage.pool, other)
    assert [item["id"] for item in (await told(stage, "list"))["items"]] == [post, other]
    assert [item["id"] for item in (await told(stage, "list", "--status", "failed"))["items"]] == [other]
    assert len((await told(stage, "list", "--limit", "1", "--project", stage.project))["items"]) == 1
    assert (await told(stage, "list", "--project", "prj_none"))["items"] == []
    status, out, _ = await posts(stage, "list")
    assert status == 0
    assert all(word in out for word in (post, "queued", other, "CONTENT_REJECTED", "hello [bold]"))
    status, _, err = await posts(stage, "list", "--status", "lost")
    assert status == 1
    assert "draft_in_inbox" in err


async def test_an_operator_settles_a_post_and_is_named(stage: Stage, post: str):
    await make_failed(stage.pool, post, unknown=True)
    status, _, err = await posts(stage, "retry", post)
    assert (status, "resolve" in err) == (1, True)
    said = await told(
        stage, "resolve", post, "--published", "--url", "https://a.test/1", "--external-id", "1"
    )
    seen = said["post"]
    assert (seen["status"], seen["externalId"], seen["externalUrl"]) == ("published", "1", "https://a.test/1")
    assert seen == await stage.seen(post)
    actor = f"cli:{getpass.getuser()}"
    assert said["events"][-1]["data"]["by"] == actor
    rows = await stage.pool.fetch(
        "SELECT type, actor, api_key_id FROM events WHERE subject_id = $1 ORDER BY position", post
    )
    assert [tuple(row) for row in rows[1:]] == [
        ("post.resolved", actor, None),
        ("post.published", actor, None),
    ]
    status, _, err = await posts(stage, "resolve", post, "--published")
    assert (status, "The outcome of this post is known." in err) == (1, True)


async def test_a_post_that_is_not_there_is_tried_again(stage: Stage, post: str):
    await make_failed(stage.pool, post, unknown=True)
    said = await told(stage, "resolve", post, "--not-published")
    assert (said["post"]["status"], said["post"]["lastError"]["code"]) == ("failed", "NOT_PUBLISHED")
    assert (await told(stage, "retry", post))["post"]["status"] == "queued"
    account = (await stage.row(post))["social_account_id"]
    assert (await stage.carry(account, post))["status"] == "published"
    assert len(await stage.on_platform(account)) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("resolve", "sp_x"), "--published or --not-published"),
        (("resolve", "sp_x", "--not-published", "--url", "https://a.test"), "go with --published"),
        (("resolve", "sp_x", "--published", "--external-id", "x" * 513), "externalId"),
        (("show", "sp_x"), "no post sp_x"),
        (("retry", "sp_x"), "no post sp_x"),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_line(stage: Stage, arguments: tuple[str, ...], words: str):
    status, out, err = await posts(stage, *arguments)
    assert (status, out) == (1, "")
    assert words in err


async def test_an_id_of_two_organisations_must_be_told_apart(stage: Stage, join: Any):
    for client in (stage.client, other := await join("Other")):
        project = await client.project()
        account = await client.account(project)
        body = {
            "targets": [{"socialAccountId": account, "mode": "direct_publish", "scheduledPostId": "mine"}]
        }
        await client.made(f"/v1/content/{await client.text(project)}/publish", body, 200)
    status, _, err = await posts(stage, "show", "mine")
    assert (status, "--org" in err) == (1, True)
    said = await told(stage, "show", "mine", "--org", "Other")
    assert said["post"] == (await other.get("/v1/scheduled-posts/mine")).json


async def test_the_story_shows_the_evidence_of_a_doubt(stage: Stage, video: Any):
    """What was sent and when, and what the platform was asked."""
    account = await stage.account("tom", "tiktok")
    post = await stage.publish(await stage.upload(video, "clip"), account)
    await stage.fault("PUT /video", "lose_answer", "tiktok")
    await stage.step(account)
    doubt = (await told(stage, "show", post))["events"][-1]
    assert (doubt["type"], doubt["data"]["lookups"]) == ("in_doubt", [])
    [sent] = doubt["data"]["unanswered"]
    assert sent["call"].startswith("chunk")
    assert sent["sentAt"] <= doubt["at"]
    await stage.carry(account, post)
    found = next(e for e in (await told(stage, "show", post))["events"] if e["type"] == "found")
    [look] = found["data"]["lookups"]
    assert (look["call"][:6], look["status"]) == ("status", 200)


async def test_an_unknown_outcome_shows_when_it_was_sent(stage: Stage):
    account = await stage.account()
    post = await stage.text(account, "one")
    await stage.fault(PUT, "lose_answer")
    await stage.step(account)
    await stage.pool.execute("UPDATE scheduled_posts SET caption = 'two', due_at = now()")
    await stage.carry(account, post)
    last = (await told(stage, "show", post))["events"][-1]
    assert (last["type"], last["data"]["unanswered"][0]["call"]) == ("outcome_unknown", "post")
    assert (await stage.seen(post))["lastError"]["message"].endswith("…/resolve.")

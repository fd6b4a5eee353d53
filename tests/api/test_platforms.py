"""`GET /v1/platforms` tells all that validates, and what an account may is what its own server said."""

import re
from dataclasses import fields

import pytest
from arrange import target

from layers.connector import DailyCap, Limits, MediaLimit, Mode, Option, TextLimit
from layers.platforms import CONNECTORS
from layers.publishing import catalog

NOT_TOLD = {"source": {"source", "checked"}, "find_after": set[str](), "options": {"options"}}
"""Fields that are told under other names, or are the engine's own."""


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda m: m[1].upper(), name)


@pytest.mark.parametrize(
    ("limits", "shown"),
    [
        (TextLimit, catalog.TextOut),
        (MediaLimit, catalog.MediaOut),
        (Option, catalog.OptionOut),
        (Mode, catalog.ModeOut),
        (DailyCap, catalog.DailyCapOut),
        (Limits, catalog.PlatformOut),
    ],
)
def test_no_limit_is_left_out(limits: type, shown: type) -> None:
    names = {name for field in fields(limits) for name in NOT_TOLD.get(field.name, {field.name})}
    assert names - {"per_link"} <= set(shown.__struct_fields__)


async def listed(client) -> dict[str, dict]:
    return {item["platform"]: item for item in (await client.get("/v1/platforms"))["items"]}


async def test_limits_are_shown_as_they_are(client) -> None:
    shown = await listed(client)
    assert shown.keys() == CONNECTORS.keys()
    for platform, connector in CONNECTORS.items():
        assert shown[platform]["ownLimits"] is (connector.own_limits is not None)
        for said in shown[platform]["modes"]:
            mode = connector.limits.modes[said["mode"]]
            for kind, limit in mode.media.items():
                for name in (
                    "max_bytes",
                    "max_pixels",
                    "side_px",
                    "width_px",
                    "remade_from",
                    "ratio",
                    "codecs",
                ):
                    value = getattr(limit, name)
                    assert said["media"][kind][camel(name)] == (
                        list(value) if isinstance(value, tuple) else value
                    )
            for kind, text in mode.caption.items():
                assert (said["caption"][kind] or {}).get("maxHashtags") == (text and text.max_hashtags)
            for name, option in mode.options.items():
                told = said["options"][name]
                assert (told["mostItems"], told["perItem"]) == (option.most_items, option.per_item)
                assert (told["least"], told["inVideo"]) == (option.least, option.in_video)
                assert (told["pattern"], told["notWith"]) == (option.pattern, option.not_with)
                assert (told["text"] or {}).get("limit") == (option.text and option.text.limit)


async def test_some_limits_by_hand(client) -> None:
    shown = await listed(client)
    reels, feed, draft = shown["instagram"]["modes"]
    assert (reels["caption"]["video"]["maxHashtags"], reels["caption"]["video"]["maxMentions"]) == (30, 20)
    assert reels["media"]["video"]["widthPx"] == [1, 1920]
    assert feed["media"]["image"]["remadeFrom"] == ["image/png", "image/webp", "image/gif"]
    assert feed["options"]["altTexts"]["text"]["limit"] == 1000
    assert draft["handoff"] == "https://www.instagram.com/"
    [cap] = shown["instagram"]["dailyCaps"]
    assert (cap["posts"], cap["modes"]) == (100, ["reels", "feed"])
    assert cap["source"].startswith("https://")
    assert {cap["modes"][0]: cap["posts"] for cap in shown["tiktok"]["dailyCaps"]} == {
        "direct_publish": 15,
        "draft_to_device": 5,
    }
    assert shown["bluesky"]["dailyCaps"] == shown["mastodon"]["dailyCaps"] == []


# Options and defaults at publish ---------------------------------------------------------------------


async def publish(client, container: str, account: str, mode: str, **options: object):
    body = {"targets": [target(account, mode, platformOptions=options)]}
    return await client.post(f"/v1/content/{container}/publish", body)


async def test_options_beyond_their_bounds_are_refused_at_once(client, image) -> None:
    project = await client.project()
    container = (await client.upload(project, image))["id"]
    account = await client.account(project, "instagram")
    answer = await publish(
        client,
        container,
        account,
        "feed",
        collaborators=["a", "b", "c", "d"],
        altTexts=["x" * 1001, "y"],
        coverAt=-1,
    )
    at = "targets[0].platformOptions"
    assert (answer.status, answer.issues) == (
        422,
        {
            (f"{at}.collaborators", "too_many"),
            (f"{at}.altTexts[0]", "out_of_range"),
            (f"{at}.altTexts", "too_many"),
            (f"{at}.coverAt", "out_of_range"),
        },
    )
    assert (await publish(client, container, account, "feed", altTexts=["x" * 1000])).status == 200


async def defaults(client, account: str, **options: object):
    return await client.patch(f"/v1/social-accounts/{account}", {"postDefaults": options})


async def test_defaults_are_frozen_into_the_post(client, pool, video) -> None:
    project = await client.project()
    container = (await client.upload(project, video))["id"]
    account = await client.account(project, "tiktok", "tok")
    await defaults(client, account, privacyLevel="SELF_ONLY", disableDuet=True)
    post = (await publish(client, container, account, "direct_publish", disableDuet=False))[
        "scheduledPostIds"
    ][0]
    await defaults(client, account, privacyLevel="PUBLIC_TO_EVERYONE")
    kept = await pool.fetchval("SELECT options FROM scheduled_posts WHERE id = $1", post)
    assert kept == {"privacyLevel": "SELF_ONLY", "disableDuet": False}
    draft = (await publish(client, container, account, "draft_to_device"))["scheduledPostIds"][0]
    assert await pool.fetchval("SELECT options FROM scheduled_posts WHERE id = $1", draft) == {}


async def test_what_defaults_spoil_is_said_to_be_theirs(client, video) -> None:
    project = await client.project()
    container = (await client.upload(project, video))["id"]
    account = await client.account(project, "tiktok", "tok")
    await defaults(client, account, brandedContent=True)
    answer = await publish(client, container, account, "direct_publish", privacyLevel="SELF_ONLY")
    [issue] = answer.details["issues"]
    assert (issue["path"], issue["code"]) == ("targets[0].platformOptions.brandedContent", "options_conflict")
    assert "postDefaults" in issue["message"]
    assert (
        await publish(
            client, container, account, "direct_publish", privacyLevel="SELF_ONLY", brandedContent=False
        )
    ).status == 200


async def test_defaults_that_exclude_each_other_are_refused(client) -> None:
    account = await client.account(await client.project(), "tiktok", "tok")
    answer = await defaults(client, account, brandedContent=True, privacyLevel="SELF_ONLY", coverAt=-1)
    assert (answer.status, answer.issues) == (
        422,
        {("postDefaults.brandedContent", "options_conflict"), ("postDefaults.coverAt", "out_of_range")},
    )


async def test_an_account_of_a_generous_server_publishes_long_texts(client, worker) -> None:
    project = await client.project()
    usual, wordy = [await client.account(project, "mastodon", name) for name in ("ann", "ann.wordy")]
    long = await client.text(project, "x" * 5000)
    assert (await client.publish(long, usual)).issues == {("targets[0]", "caption_too_long")}
    post = (await client.publish(long, wordy))["scheduledPostIds"][0]
    assert (await client.post_until(post, "published", "failed"))["status"] == "published"
    longer = await client.text(project, "x" * 5001)
    assert (await client.publish(longer, wordy)).issues == {("targets[0]", "caption_too_long")}


async def test_reconnecting_reads_the_server_anew(client, pool) -> None:
    project = await client.project()
    account, container = (
        await client.account(project, "mastodon", "ann.wordy"),
        await client.text(project, "x" * 501),
    )
    await pool.execute("UPDATE social_accounts SET server = NULL WHERE id = $1", account)
    assert (await client.publish(container, account)).status == 422
    assert await client.account(project, "mastodon", "ann.wordy") == account
    assert (await client.publish(container, account)).status == 200


async def test_how_accounts_are_connected_is_told(client) -> None:
    shown = {platform: item["connect"] for platform, item in (await listed(client)).items()}
    assert {platform: said["service"] for platform, said in shown.items()} == {
        "bluesky": "optional",
        "instagram": "one_of",
        "mastodon": "required",
        "tiktok": "none",
    }
    for platform, connector in CONNECTORS.items():
        assert shown[platform]["consent"] is (connector.oauth is not None)
        assert shown[platform]["credential"] == dict(connector.credential_fields)
        assert shown[platform]["services"] == list(connector.doors)

"""Does the Instagram connector hold the conversation its documentation asks for, whatever comes back?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from flows import SENT_AT, assert_resumable, drive, entry
from instagram_words import (
    ACCOUNT,
    HAPPY,
    IMAGE,
    ITEMS,
    LINK,
    ORIGIN,
    PHOTO,
    PUBLIC,
    READY,
    REEL,
    SECOND,
    THREE,
    VIDEO,
    body,
    ok,
    post_of,
    quota,
    refused,
    status,
)
from msgspec.structs import replace as change

from layers.connector import (
    Connector,
    ContentKind,
    Delivered,
    Effect,
    Found,
    JournalEntry,
    Media,
    NotPosted,
    Post,
    Published,
    Reconnect,
    Rejected,
    Reply,
    Throttled,
    Unavailable,
    Unknown,
    Unreadable,
)
from layers.platforms.instagram import CONNECTOR
from layers.platforms.instagram.errors import SUBCODES, container_failure
from layers.publishing.fit import misfits

# Happy ends


def test_a_reel_is_taken_in_then_published() -> None:
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(REEL, ACCOUNT), HAPPY)
    assert (run.end, run.waits) == (PUBLIC, 2)
    assert [call.name for call in run.effective] == ["container", "publish"]
    container, commit = run.effective
    assert (container.effect, container.method) == (Effect.PREPARE, "POST")
    assert container.url == f"{ORIGIN}/v26.0/1784/media"
    assert container.headers == {"Authorization": "Bearer IGA.1"}
    assert container.json == {
        "media_type": "REELS",
        "video_url": "https://m.test/v",
        "share_to_feed": True,
        "caption": "Hello #cats",
    }
    assert (commit.effect, commit.repeatable, commit.handles) == (Effect.COMMIT, None, ())
    assert (commit.url, commit.json) == (f"{ORIGIN}/v26.0/1784/media_publish", {"creation_id": "c1"})
    assert run.call("quota").url == f"{ORIGIN}/v26.0/1784/content_publishing_limit?fields=quota_usage,config"
    assert run.call("container status").url == f"{ORIGIN}/v26.0/c1?fields=status_code,status"
    assert run.call("link").url == f"{ORIGIN}/v26.0/m1?fields=permalink"


def test_an_image_goes_to_the_feed() -> None:
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(PHOTO, ACCOUNT), HAPPY)
    assert run.end == PUBLIC
    assert run.call("container").json == {"image_url": "https://m.test/i", "caption": "Hello #cats"}


def test_a_carousel_waits_for_each_item_before_it_is_put_together() -> None:
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(THREE, ACCOUNT), ITEMS)
    assert run.end == PUBLIC
    assert [call.name for call in run.effective] == ["item 1", "item 2", "item 3", "container", "publish"]
    assert run.call("item 1").json == {"is_carousel_item": True, "image_url": "https://m.test/i"}
    assert run.call("item 2").json == {
        "is_carousel_item": True,
        "media_type": "VIDEO",
        "video_url": "https://m.test/v",
    }
    assert body(run.call("item 3"))["image_url"] == "https://m.test/j"
    assert run.call("container").json == {
        "media_type": "CAROUSEL",
        "children": "i1,i2,i3",
        "caption": "Hello #cats",
    }
    before = run.names[: run.names.index("container")]
    assert {"item 1 status", "item 2 status", "item 3 status"} <= set(before)
    assert run.call("item 2 status").url.endswith("/i2?fields=status_code,status")


def test_the_first_comment_follows_the_post() -> None:
    post = post_of(IMAGE, comment="First!")
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), HAPPY)
    assert run.end == PUBLIC
    comment = run.effective[-1]
    assert (comment.name, comment.effect, comment.repeatable) == ("first comment", Effect.COMMIT, None)
    assert (comment.url, comment.json) == (f"{ORIGIN}/v26.0/m1/comments", {"message": "First!"})


@pytest.mark.parametrize("media", [(VIDEO,), (IMAGE,), (IMAGE, VIDEO)])
def test_a_draft_is_handed_over_without_a_call(media: tuple[Media, ...]) -> None:
    post = post_of(*media, mode="draft_to_device", comment="First!")
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), {})
    assert (run.end, run.calls) == (Delivered("sp_1"), [])


def test_no_two_calls_of_a_run_share_a_name_unless_they_ask_the_same() -> None:
    post = replace(THREE, first_comment="First!")
    run = drive(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), ITEMS)
    assert len({(call.name, call.url) for call in run.calls}) == len(set(run.names))


# Options


def container_of(post: Post) -> Mapping[str, object]:
    return body(drive(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), HAPPY).call("container"))


@pytest.mark.parametrize(
    ("post", "option", "value", "field", "sent"),
    [
        (REEL, "shareToFeed", False, "share_to_feed", False),
        (REEL, "shareToFeed", True, "share_to_feed", True),
        (post_of(VIDEO), "shareToFeed", False, "share_to_feed", True),
        (REEL, "coverAt", 1500, "thumb_offset", 1500),
        (post_of(VIDEO), "coverAt", 0, "thumb_offset", 0),
        (PHOTO, "collaborators", ["@ann", "bob", "cy"], "collaborators", ["ann", "bob", "cy"]),
        (REEL, "collaborators", ["ann"], "collaborators", ["ann"]),
        (PHOTO, "altTexts", ["A cat"], "alt_text", "A cat"),
        (PHOTO, "altTexts", ["a" * 1000], "alt_text", "a" * 1000),
    ],
)
def test_each_option_reaches_its_field(
    post: Post, option: str, value: object, field: str, sent: object
) -> None:
    assert container_of(replace(post, options={option: value}))[field] == sent


def test_what_an_image_cannot_have_is_left_out() -> None:
    options = {"coverAt": 5, "shareToFeed": True, "altTexts": [""], "collaborators": []}
    assert set(container_of(replace(PHOTO, options=options))) == {"image_url", "caption"}
    assert "caption" not in container_of(replace(PHOTO, caption=""))
    assert "alt_text" not in container_of(replace(REEL, options={"altTexts": ["A cat"]}))


def test_alt_texts_go_to_the_images_of_a_carousel_by_position() -> None:
    post = replace(THREE, options={"altTexts": ["", "a film", "a dog"], "collaborators": ["ann"]})
    run = drive(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), ITEMS)
    assert "alt_text" not in body(run.call("item 1"))
    assert "alt_text" not in body(run.call("item 2"))
    assert body(run.call("item 3"))["alt_text"] == "a dog"
    assert "alt_text" not in body(run.call("container"))
    assert body(run.call("container"))["collaborators"] == ["ann"]
    assert "collaborators" not in body(run.call("item 1"))


# Quota


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (quota(100), timedelta(hours=1)),
        (quota(101), timedelta(hours=1)),
        (quota(25, 25, 3600), timedelta(seconds=150)),
        (quota(50, 50, 864_000), timedelta(hours=1)),
    ],
)
def test_a_used_up_quota_holds_the_account_back(answer: Reply, after: timedelta) -> None:
    with pytest.raises(Throttled) as pause:
        drive(CONNECTOR, lambda: CONNECTOR.publish(REEL, ACCOUNT), {"quota": answer})
    assert pause.value.after == after
    assert "posts that Instagram allows" in pause.value.message


@pytest.mark.parametrize("answer", [quota(99), ok(data=[]), ok(data=[{"quota_usage": 400}])])
def test_room_left_or_nothing_said_lets_the_post_go_on(answer: Reply) -> None:
    run = drive(CONNECTOR, lambda: CONNECTOR.publish(REEL, ACCOUNT), {**HAPPY, "quota": answer})
    assert run.end == PUBLIC


def test_a_quota_that_cannot_be_read_is_no_permission() -> None:
    with pytest.raises(Unreadable):
        drive(CONNECTOR, lambda: CONNECTOR.publish(REEL, ACCOUNT), {"quota": ok(data=[{"usage": 1}])})


# Containers that fail

FAILED = "Error: Media upload has failed with error code {}"


@pytest.mark.parametrize(
    "dead",
    [status("EXPIRED"), *(status("ERROR", FAILED.format(n)) for n in (2207003, 2207020, 2207032, 2207053))],
)
def test_a_container_of_no_use_is_made_again(dead: Reply) -> None:
    script = {**HAPPY, **SECOND, "container status": dead, "link": ok(permalink=LINK)}
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(REEL, ACCOUNT), script)
    assert run.end == Published("m2", LINK)
    assert run.effective[-1].json == {"creation_id": "c2"}


def test_a_carousel_begins_anew_with_all_its_items() -> None:
    again = {f"item {n} (round 2)": ok(id=f"j{n}") for n in (1, 2, 3)}
    ready = {f"item {n} status (round 2)": READY for n in (1, 2, 3)}
    script = {**ITEMS, **SECOND, **again, **ready, "item 2 status": status("EXPIRED")}
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(THREE, ACCOUNT), script)
    assert body(run.call("container (round 2)"))["children"] == "j1,j2,j3"
    assert "container" not in run.names


def test_after_three_containers_it_is_tried_later() -> None:
    dead = {name: status("EXPIRED") for name in ("container status", "container status (round 2)")}
    script = {**HAPPY, **SECOND, **dead, "container (round 3)": ok(id="c3")}
    with pytest.raises(Unavailable):
        drive(
            CONNECTOR,
            lambda: CONNECTOR.publish(REEL, ACCOUNT),
            {**script, "container status (round 3)": status("EXPIRED")},
        )


@pytest.mark.parametrize(
    ("text", "code", "platform_code"),
    [
        (FAILED.format(2207026), "MEDIA_INVALID", "2207026"),
        (FAILED.format(2207009), "MEDIA_INVALID", "2207009"),
        (FAILED.format(2207057), "OPTION_INVALID", "2207057"),
        (FAILED.format(2207051), "ACCOUNT_RESTRICTED", "2207051"),
        (FAILED.format(2207999), "PLATFORM_REFUSED", "2207999"),
        ("Error: no idea", "PLATFORM_REFUSED", None),
        ("", "PLATFORM_REFUSED", None),
    ],
)
def test_an_error_no_container_mends_is_final(text: str, code: str, platform_code: str | None) -> None:
    with pytest.raises(Rejected) as refusal:
        drive(
            CONNECTOR,
            lambda: CONNECTOR.publish(REEL, ACCOUNT),
            {**HAPPY, "container status": status("ERROR", text)},
        )
    assert (refusal.value.code, refusal.value.platform_code) == (code, platform_code)


@pytest.mark.parametrize("subcode", sorted(SUBCODES))
def test_a_containers_error_is_final_exactly_where_a_call_would_be_refused(subcode: int) -> None:
    final = SUBCODES[subcode].outcome == "reject"
    assert (container_failure(FAILED.format(subcode)) is not None) is (final or subcode < 1000)


# What may be lost


@pytest.mark.parametrize(
    "answer", [refused(100), refused(190), refused(4), Reply(500), Reply(302), ok(id="m1")]
)
def test_a_post_without_a_link_is_published(answer: Reply) -> None:
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(REEL, ACCOUNT), {**HAPPY, "link": answer})
    assert run.end == Published("m1", None)


@pytest.mark.parametrize(
    "answer", [refused(10, http=403), refused(4), refused(-1), Reply(503), Reply(302), Reply(200)]
)
def test_a_comment_that_fails_leaves_the_post_published_and_is_not_repeated(answer: Reply) -> None:
    post = post_of(IMAGE, comment="First!")
    script = {**HAPPY, "first comment": answer}
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), script)
    assert run.end == PUBLIC
    assert run.names.count("first comment") == 1


# After a lost answer


LOST = [
    entry("quota", Effect.READ, quota(3)),
    entry("container", Effect.PREPARE, ok(id="c1")),
    entry("container status", Effect.READ, READY),
    entry("publish", Effect.COMMIT, None),
]


def listed(number: int, caption: str | None, seconds: int) -> dict[str, object]:
    at = (SENT_AT + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    found: dict[str, object] = {"id": f"m{number}", "timestamp": at, "permalink": LINK}
    return found if caption is None else {**found, "caption": caption}


def test_a_ready_container_was_not_published() -> None:
    run = drive(CONNECTOR, lambda: CONNECTOR.find(REEL, ACCOUNT, LOST), {"outcome": READY})
    assert isinstance(run.end, NotPosted)
    assert not run.end.final
    assert [call.effect for call in run.calls] == [Effect.READ]


@pytest.mark.parametrize("other", ["IN_PROGRESS", "NEW_WORD"])
def test_a_container_in_between_says_nothing(other: str) -> None:
    run = drive(CONNECTOR, lambda: CONNECTOR.find(REEL, ACCOUNT, LOST), {"outcome": status(other)})
    assert isinstance(run.end, Unknown)


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        (ok(data=[listed(5, "Hello  #cats", 3)]), "m5"),
        (ok(data=[listed(4, "Hello #cats", -90), listed(5, "Hello #cats", 3), listed(6, "Else", 9)]), "m5"),
        (ok(data=[listed(5, "Hello #cats", -121)]), "c1"),
        (ok(data=[listed(5, "Hello", 3), listed(6, None, 3)]), "c1"),
        (ok(data=[{"id": "m5", "caption": "Hello #cats", "timestamp": "lately"}]), "c1"),
        (ok(data=[{"id": "m5", "caption": "Hello #cats"}]), "c1"),
        (ok(data=[]), "c1"),
        (ok(), "c1"),
        (refused(190), "c1"),
        (Reply(503), "c1"),
    ],
)
def test_a_published_container_is_a_post_even_where_the_list_does_not_name_it(
    newest: Reply, expected: str
) -> None:
    script = {"outcome": status("PUBLISHED"), "newest posts": newest}
    found = drive(CONNECTOR, lambda: CONNECTOR.find(REEL, ACCOUNT, LOST), script)
    assert isinstance(found.end, Found)
    journal = [*LOST[:-1], entry("publish", Effect.COMMIT, found.end.answer)]
    run = drive(CONNECTOR, lambda: CONNECTOR.publish(REEL, ACCOUNT), HAPPY, journal)
    assert run.end == Published(expected, LINK)
    assert run.effective == []


def test_a_post_without_a_caption_is_found_by_time() -> None:
    script = {
        "outcome": status("PUBLISHED"),
        "newest posts": ok(data=[listed(5, None, 3), listed(6, "Else", 4)]),
    }
    post = replace(REEL, caption="")
    run = drive(CONNECTOR, lambda: CONNECTOR.find(post, ACCOUNT, LOST), script)
    assert run.end == Found(ok(id="m5"))


@pytest.mark.parametrize("ended", [status("EXPIRED"), status("ERROR", FAILED.format(2207032))])
def test_a_container_that_ended_unpublished_makes_room_for_a_new_one(ended: Reply) -> None:
    found = drive(CONNECTOR, lambda: CONNECTOR.find(REEL, ACCOUNT, LOST), {"outcome": ended})
    assert isinstance(found.end, Found)
    journal = [*LOST[:-1], entry("publish", Effect.COMMIT, found.end.answer)]
    script = {**HAPPY, **SECOND}
    run = drive(CONNECTOR, lambda: CONNECTOR.publish(REEL, ACCOUNT), script, journal)
    assert run.end == Published("m2", LINK)
    assert [call.name for call in run.effective] == ["container (round 2)", "publish (round 2)"]


def test_a_container_that_was_refused_while_published_is_final() -> None:
    refusal = status("ERROR", FAILED.format(2207051))
    found = drive(CONNECTOR, lambda: CONNECTOR.find(REEL, ACCOUNT, LOST), {"outcome": refusal})
    assert isinstance(found.end, Found)
    journal = [*LOST[:-1], entry("publish", Effect.COMMIT, found.end.answer)]
    with pytest.raises(Rejected) as end:
        drive(CONNECTOR, lambda: CONNECTOR.publish(REEL, ACCOUNT), HAPPY, journal)
    assert end.value.code == "ACCOUNT_RESTRICTED"


def test_the_container_of_the_round_in_doubt_is_asked_about() -> None:
    journal = [
        *LOST[:-1],
        entry("container (round 2)", Effect.PREPARE, ok(id="c2")),
        entry("publish (round 2)", Effect.COMMIT, None),
    ]
    run = drive(CONNECTOR, lambda: CONNECTOR.find(REEL, ACCOUNT, journal), {"outcome": READY})
    assert run.call("outcome").url == f"{ORIGIN}/v26.0/c2?fields=status_code,status"


@pytest.mark.parametrize("journal", [[], LOST[-1:], LOST[:-1]])
def test_without_a_container_or_a_doubt_nothing_can_be_asked(journal: Sequence[JournalEntry]) -> None:
    run = drive(CONNECTOR, lambda: CONNECTOR.find(REEL, ACCOUNT, journal), {})
    assert (type(run.end), run.calls) == (Unknown, [])


def test_a_dead_token_while_looking_waits_for_a_person() -> None:
    with pytest.raises(Reconnect):
        drive(CONNECTOR, lambda: CONNECTOR.find(REEL, ACCOUNT, LOST), {"outcome": refused(190, 463)})


COMMENTED = post_of(IMAGE, comment="First  comment\nhere")
LOST_COMMENT = [
    *LOST[:-1],
    entry("publish", Effect.COMMIT, ok(id="m1")),
    entry("link", Effect.READ, ok(permalink=LINK)),
    entry("first comment", Effect.COMMIT, None),
]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (ok(data=[{"id": "k1", "text": "First comment here"}]), Found),
        (ok(data=[{"id": "k1", "text": "Else"}, {"id": "k2", "text": "First comment here"}]), Found),
        (ok(data=[]), NotPosted),
        (ok(data=[{"id": "k1", "text": "Else"}], paging={"cursors": {}}), NotPosted),
        (ok(data=[{"id": "k1", "text": "Else"}], paging={"next": "https://x.test"}), Found),
        (ok(), Found),
        (refused(10, http=403), Found),
        (refused(190), Found),
        (Reply(500), Found),
    ],
)
def test_a_lost_comment_is_repeated_only_where_it_is_shown_to_be_missing(
    answer: Reply, expected: type[object]
) -> None:
    run = drive(CONNECTOR, lambda: CONNECTOR.find(COMMENTED, ACCOUNT, LOST_COMMENT), {"comments": answer})
    assert type(run.end) is expected
    assert run.call("comments").url == f"{ORIGIN}/v26.0/m1/comments?fields=id,text,timestamp&limit=50"
    if isinstance(run.end, NotPosted):
        assert not run.end.final
        return
    assert isinstance(run.end, Found)
    journal = [*LOST_COMMENT[:-1], entry("first comment", Effect.COMMIT, run.end.answer)]
    end = drive(CONNECTOR, lambda: CONNECTOR.publish(COMMENTED, ACCOUNT), HAPPY, journal)
    assert (end.end, end.effective) == (PUBLIC, [])


def test_the_container_may_lag_so_absence_is_not_believed_at_once() -> None:
    assert CONNECTOR.limits.find_after == timedelta(seconds=60)


# Tokens

CREDENTIAL = {"accessToken": "IGA.1", "userId": "1784"}
USER = {
    "user_id": "1784",
    "id": "42",
    "username": "maya",
    "name": "Maya",
    "profile_picture_url": "https://a.test",
}
FRESH = ok(access_token="IGA.2", token_type="bearer", expires_in=5_184_000)
DAY = timedelta(days=1)


@pytest.mark.parametrize("user", [ok(**USER), ok(data=[USER]), ok(**{**USER, "user_id": 1784})])
@pytest.mark.parametrize("claimed", ["1784", "42"])
def test_connect_says_whose_the_token_is_and_refreshes_it(user: Reply, claimed: str) -> None:
    script = {"user": user, "refresh": FRESH}
    credential = {**CREDENTIAL, "userId": claimed}
    run = drive(CONNECTOR, lambda: CONNECTOR.connect(credential, ORIGIN), script)
    end = run.end
    assert (end.external_id, end.handle, end.display_name) == ("1784", "maya", "Maya")
    assert end.avatar_url == "https://a.test"
    assert end.tokens.secrets == {"accessToken": "IGA.2", "userId": "1784"}
    assert end.tokens.expires_in == 60 * DAY
    assert run.call("user").headers == {"Authorization": "Bearer IGA.1"}
    assert run.call("user").url == f"{ORIGIN}/v26.0/me?fields=user_id,username,name,profile_picture_url"


def test_a_token_too_young_to_be_refreshed_is_kept() -> None:
    script = {"user": ok(user_id="1784", username="maya"), "refresh": refused(100)}
    run = drive(CONNECTOR, lambda: CONNECTOR.connect(CREDENTIAL, ORIGIN), script)
    assert (run.end.tokens.secrets, run.end.tokens.expires_in) == (CREDENTIAL, 59 * DAY)
    assert (run.end.display_name, run.end.avatar_url) == ("maya", None)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (ok(**{**USER, "user_id": "1785"}), Rejected),
        (refused(190, 463), Reconnect),
        (ok(username="maya"), Unreadable),
    ],
)
def test_connect_refuses_a_token_that_is_dead_or_anothers(answer: Reply, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        drive(CONNECTOR, lambda: CONNECTOR.connect(CREDENTIAL, ORIGIN), {"user": answer})


def test_refresh_keeps_user_and_permissions_and_nothing_of_the_app() -> None:
    secrets = {**ACCOUNT.secrets, "scopes": "a,b", "CLIENT_ID": "ci", "CLIENT_SECRET": "cs"}
    account = replace(ACCOUNT, secrets=secrets)
    run = drive(CONNECTOR, lambda: CONNECTOR.refresh(account), {"refresh": FRESH})
    assert run.end.secrets == {"accessToken": "IGA.2", "userId": "1784", "scopes": "a,b"}
    assert run.end.expires_in == 60 * DAY
    call = run.call("refresh")
    assert call.url == f"{ORIGIN}/refresh_access_token?grant_type=ig_refresh_token&access_token=IGA.1"
    assert call.method == "GET"


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (refused(190, 463), Reconnect),
        (refused(100), Reconnect),
        (refused(10, http=403), Reconnect),
        (refused(4), Throttled),
        (refused(2), Unavailable),
        (Reply(502), Unavailable),
        (ok(access_token="IGA.2"), Unreadable),
    ],
)
def test_a_refresh_refused_needs_a_person_unless_it_passes(answer: Reply, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        drive(CONNECTOR, lambda: CONNECTOR.refresh(ACCOUNT), {"refresh": answer})


@pytest.mark.parametrize(("code", "revoked"), [(190, True), (102, True), (10, False), (100, False)])
def test_a_token_called_bad_is_dead_and_one_not_traded_lives_on(code: int, revoked: bool) -> None:
    with pytest.raises(Reconnect) as refusal:
        drive(CONNECTOR, lambda: CONNECTOR.refresh(ACCOUNT), {"refresh": refused(code)})
    assert refusal.value.revoked is revoked


# Limits


def codes(mode: str, *media: Media, caption: str = "", comment: str | None = None) -> list[str]:
    kind: ContentKind = "carousel" if media[1:] else media[0].kind
    found = misfits(CONNECTOR.limits.modes[mode], kind, media, caption, comment)
    return [misfit.code for misfit in found]


@pytest.mark.parametrize(
    ("mode", "changes", "expected"),
    [
        ("reels", {}, []),
        ("feed", {}, []),
        ("reels", {"mime_type": "video/quicktime", "codec": "hevc"}, []),
        (
            "reels",
            {"mime_type": "video/webm", "codec": "vp9"},
            ["mime_type_not_supported", "codec_not_supported"],
        ),
        ("reels", {"size_bytes": 300_000_000}, []),
        ("reels", {"size_bytes": 300_000_001}, ["file_too_large"]),
        ("reels", {"duration_ms": 3000}, []),
        ("reels", {"duration_ms": 2999}, ["too_short"]),
        ("reels", {"duration_ms": 900_000}, []),
        ("reels", {"duration_ms": 900_001}, ["too_long"]),
        ("reels", {"width": 1920, "height": 3414}, []),
        ("reels", {"width": 1921, "height": 1080}, ["width_too_large"]),
        ("reels", {"frame_rate": 23.0}, []),
        ("reels", {"frame_rate": 61.0}, ["frame_rate_out_of_range"]),
        ("draft_to_device", {"size_bytes": 1_000_000_000, "duration_ms": 100, "codec": "av1"}, []),
        ("draft_to_device", {"size_bytes": 1_000_000_001}, ["file_too_large"]),
    ],
)
def test_videos_at_the_edge(mode: str, changes: Mapping[str, object], expected: list[str]) -> None:
    assert codes(mode, change(VIDEO, **changes)) == expected


@pytest.mark.parametrize(
    ("mode", "changes", "expected"),
    [
        ("feed", {}, []),
        ("feed", {"mime_type": "image/png"}, []),  # remade as JPEG
        ("feed", {"mime_type": "image/webp"}, []),
        ("feed", {"size_bytes": 8_000_000}, []),
        ("feed", {"size_bytes": 8_000_001}, ["file_too_large"]),
        ("feed", {"width": 4000, "height": 5000}, []),
        ("feed", {"width": 799, "height": 1000}, []),
        ("feed", {"width": 1910, "height": 1000}, []),
        ("feed", {"width": 1911, "height": 1000}, []),
        ("reels", {}, ["kind_not_supported"]),
        ("draft_to_device", {"mime_type": "image/png", "size_bytes": 30_000_000, "width": 1}, []),
        ("draft_to_device", {"size_bytes": 30_000_001}, ["file_too_large"]),
    ],
)
def test_images_at_the_edge(mode: str, changes: Mapping[str, object], expected: list[str]) -> None:
    assert codes(mode, change(IMAGE, **changes)) == expected


@pytest.mark.parametrize("mode", ["feed", "draft_to_device"])
def test_a_carousel_holds_ten_items(mode: str) -> None:
    assert codes(mode, *[IMAGE, VIDEO] * 5) == []
    assert codes(mode, *[IMAGE] * 11) == ["too_many_items"]
    assert codes("reels", VIDEO, VIDEO) == ["kind_not_supported"]


@pytest.mark.parametrize(
    ("mode", "caption", "expected"),
    [
        ("feed", "a" * 2200, []),
        ("feed", "a" * 2199 + "😀", ["caption_too_long"]),
        ("reels", "#a " * 30 + "@b " * 20, []),
        ("reels", "#a " * 31, ["too_many_hashtags"]),
        ("feed", "@b " * 21, ["too_many_mentions"]),
        ("draft_to_device", "#a " * 31, []),
        ("draft_to_device", "a" * 2201, ["caption_too_long"]),
    ],
)
def test_captions_at_the_edge(mode: str, caption: str, expected: list[str]) -> None:
    assert codes(mode, VIDEO, caption=caption, comment="a" * 2200) == expected


def test_the_connector_is_complete() -> None:
    connector: Connector = CONNECTOR
    assert connector.limits.platform == "instagram"
    assert set(connector.limits.modes) == {"reels", "feed", "draft_to_device"}
    assert connector.limits.modes["draft_to_device"].ends_in == "draft_in_inbox"
    assert set(connector.credential_fields) == set(CREDENTIAL)
    by_door = [name for names in connector.doors.values() for name in names]
    assert sorted(by_door) == sorted(connector.settings)
    assert next(iter(connector.doors)) == connector.origin
    assert connector.oauth is not None

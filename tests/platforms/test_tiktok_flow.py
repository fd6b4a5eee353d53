"""Does the TikTok connector hold the conversation its documentation asks for, whatever comes back?"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from flows import SENT_AT, assert_resumable, drive, entry
from hypothesis import given
from hypothesis import strategies as st
from tiktok_words import (
    ACCOUNT,
    ALL_IN,
    COMPLETE,
    COMPLETE_PRIVATE,
    CREATOR,
    HAPPY,
    INBOX,
    INIT,
    INIT_2,
    LEVELS,
    MB,
    MIB,
    MORE,
    PROCESSING,
    PUBLIC,
    failed,
    ok,
    photo_post,
    progress,
    refused,
    video_post,
)

from layers.connector import (
    Call,
    Connector,
    Delivered,
    Effect,
    Found,
    MediaSlice,
    NotPosted,
    Post,
    Published,
    Reconnect,
    Rejected,
    Reply,
    Spoiled,
    Throttled,
    Unavailable,
    Unknown,
)
from layers.kit.text import utf16_units
from layers.platforms.tiktok import CONNECTOR
from layers.platforms.tiktok.upload import plan_chunks

# Happy ends


def test_a_video_is_uploaded_in_chunks_and_followed_until_public() -> None:
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(video_post(), ACCOUNT), HAPPY)
    assert run.end == PUBLIC
    assert run.names == ["creator info", "init", "chunk 1", "chunk 2", "status", "status", "status"]
    assert run.waits == 2
    init = run.call("init")
    assert init.url == "http://127.0.0.1:1234/tiktok/v2/post/publish/video/init/"
    assert init.headers["Authorization"] == "Bearer act.1"
    assert init.json == {
        "post_info": {
            "title": "Hello #cats",
            "privacy_level": "PUBLIC_TO_EVERYONE",
            "disable_comment": False,
            "disable_duet": True,
            "disable_stitch": False,
            "brand_content_toggle": False,
            "brand_organic_toggle": False,
            "is_aigc": False,
        },
        "source_info": {
            "source": "FILE_UPLOAD",
            "video_size": 70 * MB,
            "chunk_size": 32 * MB,
            "total_chunk_count": 2,
        },
    }


def test_chunks_go_to_the_upload_url_as_returned_and_only_the_last_commits() -> None:
    run = drive(CONNECTOR, lambda: CONNECTOR.publish(video_post(), ACCOUNT), HAPPY)
    first, last = run.call("chunk 1"), run.call("chunk 2")
    assert first.url == last.url == "https://up.test/video/?upload_id=1&upload_token=t"
    assert (first.effect, last.effect) == (Effect.PREPARE, Effect.COMMIT)
    assert first.headers == {"Content-Type": "video/mp4", "Content-Range": "bytes 0-31999999/70000000"}
    assert last.headers == {"Content-Type": "video/mp4", "Content-Range": "bytes 32000000-69999999/70000000"}
    assert first.body == MediaSlice(0, 0, 32 * MB)
    assert last.body == MediaSlice(0, 32 * MB, 38 * MB)
    assert last.repeatable is None


def test_a_draft_sends_the_bytes_only() -> None:
    script = {"init": INIT, "chunk 1": ALL_IN, "status": [PROCESSING, INBOX]}
    run = assert_resumable(
        CONNECTOR, lambda: CONNECTOR.publish(video_post(MB, "draft_to_device"), ACCOUNT), script
    )
    assert run.end == Delivered("v_pub_file~1")
    assert run.call("init").url.endswith("/v2/post/publish/inbox/video/init/")
    assert run.call("init").json == {
        "source_info": {
            "source": "FILE_UPLOAD",
            "video_size": MB,
            "chunk_size": MB,
            "total_chunk_count": 1,
        }
    }


def test_photos_commit_with_their_first_call() -> None:
    script = {"creator info": CREATOR, "init": ok(publish_id="p_pub_url~1"), "status": COMPLETE}
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(photo_post(), ACCOUNT), script)
    assert run.end == Published(
        "7123456789012345678", f"https://www.tiktok.com/@maya.makes/photo/{PUBLIC.external_id}"
    )
    init = run.call("init")
    assert (init.effect, init.repeatable) == (Effect.COMMIT, None)
    assert init.url.endswith("/v2/post/publish/content/init/")
    assert init.json == {
        "media_type": "PHOTO",
        "post_mode": "DIRECT_POST",
        "post_info": {
            "title": "Hello",
            "description": "Hello\nworld",
            "privacy_level": "PUBLIC_TO_EVERYONE",
            "disable_comment": False,
            "brand_content_toggle": False,
            "brand_organic_toggle": False,
        },
        "source_info": {
            "source": "PULL_FROM_URL",
            "photo_cover_index": 0,
            "photo_images": ["https://m.test/0.jpg", "https://m.test/1.jpg"],
        },
    }


def test_a_photo_draft_asks_nothing_about_the_creator() -> None:
    script = {"init": ok(publish_id="p_pub_url~1"), "status": INBOX}
    post = photo_post(1, "draft_to_device")
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), script)
    assert run.end == Delivered("p_pub_url~1")
    assert run.call("init").json["post_mode"] == "MEDIA_UPLOAD"  # pyright: ignore
    assert run.call("init").json["post_info"] == {"title": "Hello", "description": "Hello\nworld"}  # pyright: ignore


def test_complete_without_an_id_is_success() -> None:
    run = drive(
        CONNECTOR,
        lambda: CONNECTOR.publish(video_post(), ACCOUNT),
        {**HAPPY, "status": COMPLETE_PRIVATE},
    )
    assert run.end == Published("v_pub_file~1", None)


@pytest.mark.parametrize(
    ("caption", "title"),
    [
        ("", ""),
        ("\n  first \nsecond", "first"),
        ("a" * 91, "a" * 90),
        ("a" * 89 + "😀", "a" * 89),
        ("😀" * 46, "😀" * 45),
    ],
)
def test_a_photo_title_is_the_first_line_cut_at_90_units(caption: str, title: str) -> None:
    script = {"creator info": CREATOR, "init": ok(publish_id="p"), "status": COMPLETE}
    run = drive(CONNECTOR, lambda: CONNECTOR.publish(photo_post(caption=caption), ACCOUNT), script)
    sent = run.call("init").json["post_info"]["title"]  # pyright: ignore
    assert sent == title
    assert utf16_units(title) <= 90


# Options


def info_of(post: Post, creator: Reply = CREATOR) -> dict[str, object]:
    run = drive(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), {**HAPPY, "creator info": creator})
    return run.call("init").json["post_info"]  # pyright: ignore


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("privacyLevel", "SELF_ONLY", "privacy_level"),
        ("disableComment", True, "disable_comment"),
        ("disableDuet", True, "disable_duet"),
        ("disableStitch", True, "disable_stitch"),
        ("brandOrganic", True, "brand_organic_toggle"),
        ("brandedContent", True, "brand_content_toggle"),
        ("aiGenerated", True, "is_aigc"),
        ("coverAt", 1500, "video_cover_timestamp_ms"),
        ("coverAt", 0, "video_cover_timestamp_ms"),
    ],
)
def test_each_option_reaches_its_field(option: str, value: object, field: str) -> None:
    assert info_of(video_post(options={option: value}))[field] == value


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["SELF_ONLY", "MUTUAL_FOLLOW_FRIENDS", "PUBLIC_TO_EVERYONE"], "PUBLIC_TO_EVERYONE"),
        (["SELF_ONLY", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR"], "FOLLOWER_OF_CREATOR"),
        (["SELF_ONLY", "MUTUAL_FOLLOW_FRIENDS"], "MUTUAL_FOLLOW_FRIENDS"),
        (["SELF_ONLY", "FOLLOWER_OF_CREATOR"], "FOLLOWER_OF_CREATOR"),
        (["SELF_ONLY"], "SELF_ONLY"),
    ],
)
def test_without_a_wish_the_most_open_level_is_taken(offered: list[str], chosen: str) -> None:
    assert info_of(video_post(), creator=ok(privacy_level_options=offered))["privacy_level"] == chosen


@pytest.mark.parametrize(("wanted", "offered"), [("FOLLOWER_OF_CREATOR", LEVELS), (None, ["NEW_LEVEL"])])
def test_a_level_not_offered_is_refused_before_anything_is_sent(
    wanted: str | None, offered: list[str]
) -> None:
    options = {"privacyLevel": wanted} if wanted else {}
    with pytest.raises(Rejected) as refusal:
        info_of(video_post(options=options), creator=ok(privacy_level_options=offered))
    assert refusal.value.code == "OPTION_INVALID"
    assert offered[0] in refusal.value.message


@pytest.mark.parametrize("offered", [["SELF_ONLY"], []])
def test_branded_content_is_never_made_private_nor_more_open_than_offered(offered: list[str]) -> None:
    post = video_post(options={"brandedContent": True})
    with pytest.raises(Rejected, match="brandedContent") as refusal:
        info_of(post, creator=ok(privacy_level_options=offered))
    assert refusal.value.code == "OPTION_INVALID"
    friends = ok(privacy_level_options=["SELF_ONLY", "MUTUAL_FOLLOW_FRIENDS"])
    assert info_of(post, creator=friends)["privacy_level"] == "MUTUAL_FOLLOW_FRIENDS"


def test_a_wish_that_is_offered_stands_however_open_the_account_is() -> None:
    for level in LEVELS:
        assert info_of(video_post(options={"privacyLevel": level}))["privacy_level"] == level


@pytest.mark.parametrize("kind", ["video", "photos"])
def test_an_unaudited_app_is_told_what_it_may(kind: str) -> None:
    """The level wanted, or the open one taken, is never narrowed in silence."""
    refused = Reply(403, json={"error": {"code": "unaudited_client_can_only_post_to_private_accounts"}})
    post = video_post() if kind == "video" else photo_post(1)
    with pytest.raises(Rejected, match="SELF_ONLY") as refusal:
        drive(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), {**HAPPY, "init": refused})
    assert refusal.value.code == "APP_MISCONFIGURED"


@pytest.mark.parametrize(("seconds", "fine"), [(15, True), (14, False)])
def test_the_creators_own_duration_limit_counts(seconds: int, fine: bool) -> None:
    creator = ok(privacy_level_options=LEVELS, max_video_post_duration_sec=seconds)
    if fine:
        assert info_of(video_post(), creator=creator)
        return
    with pytest.raises(Rejected) as refusal:
        info_of(video_post(), creator=creator)
    assert refusal.value.code == "MEDIA_INVALID"


# Chunks


@pytest.mark.parametrize(
    ("size", "count"),
    [
        (1, 1),
        (5 * MB - 1, 1),
        (5 * MIB - 1, 1),
        (5 * MB, 1),
        (64 * MB, 1),
        (64 * MB + 1, 2),
        (64 * MIB, 2),
        (64 * MIB + 1, 2),
        (128 * MB, 4),
        (1000 * MB, 31),
        (1024 * MIB, 33),
        (4096 * MIB, 134),
    ],
)
def test_chunk_plan_table(size: int, count: int) -> None:
    assert plan_chunks(size).count == count
    assert_documented_rules(size)


@given(st.integers(min_value=1, max_value=4096 * MIB))
def test_every_chunk_plan_keeps_the_documented_rules(size: int) -> None:
    assert_documented_rules(size)


def assert_documented_rules(size: int) -> None:
    plan = plan_chunks(size)
    bounds = [plan.bounds(index) for index in range(plan.count)]
    lengths = [end - start for start, end in bounds]
    assert plan.count == size // plan.chunk_size
    assert 1 <= plan.count <= 1000
    assert bounds[0][0] == 0
    assert bounds[-1][1] == size
    assert all(one[1] == two[0] for one, two in pairwise(bounds))
    assert lengths[-1] <= 128 * MB
    assert all(length == plan.chunk_size for length in lengths[:-1])
    if size < 5 * MIB or plan.count == 1:
        assert plan.chunk_size == size <= 64 * MB
    else:
        assert 5 * MIB <= plan.chunk_size <= 64 * MB


@given(st.integers(min_value=64 * MB + 1, max_value=4096 * MIB), st.data())
def test_progress_counts_whole_chunks_in_either_reading(size: int, data: st.DataObject) -> None:
    plan = plan_chunks(size)
    held = data.draw(st.integers(min_value=0, max_value=plan.count - 1))
    end = plan.bounds(held - 1)[1] if held else 0
    assert plan.chunks_in(end) == held
    assert plan.chunks_in(end - 1) == held
    assert plan.chunks_in(size) == plan.chunks_in(size - 1) == plan.count


# Uploads that do not go straight


@pytest.mark.parametrize("number", [64 * MB, 64 * MB - 1])
def test_after_416_it_goes_on_where_the_platform_is(number: int) -> None:
    script = {**HAPPY, "chunk 1": progress(416, number, 100 * MB), "chunk 3": ALL_IN, "status": COMPLETE}
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(video_post(100 * MB), ACCOUNT), script)
    assert run.end == PUBLIC
    assert run.names == ["creator info", "init", "chunk 1", "chunk 3", "status"]


def test_a_platform_that_fell_behind_gets_the_chunk_again_under_a_new_name() -> None:
    script = {
        **HAPPY,
        "chunk 1": MORE,
        "chunk 2": progress(416, 0, 70 * MB),
        "chunk 1, send 2": progress(206, 32 * MB, 70 * MB),
        "chunk 2, send 2": ALL_IN,
        "status": COMPLETE,
    }
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(video_post(), ACCOUNT), script)
    assert run.end == PUBLIC
    assert run.names[2:] == ["chunk 1", "chunk 2", "chunk 1, send 2", "chunk 2, send 2", "status"]
    assert run.call("chunk 2, send 2").effect is Effect.COMMIT


def test_a_repeated_last_chunk_that_was_already_in_is_followed() -> None:
    script = {**HAPPY, "chunk 2": progress(416, 70 * MB, 70 * MB)}
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(video_post(), ACCOUNT), script)
    assert run.end == PUBLIC


WAITING = ok(status="PROCESSING_UPLOAD", uploaded_bytes=0)


def by_publish_id(answers: dict[str, Reply]) -> Callable[[Call], Reply]:
    return lambda call: answers[call.json["publish_id"]]  # pyright: ignore


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("lost", ["chunk 1", "chunk 2"])
@pytest.mark.parametrize("old", [WAITING, failed("internal"), refused("invalid_publish_id", 400)])
def test_an_expired_upload_begins_again_under_new_names(status: int, lost: str, old: Reply) -> None:
    script = {
        **HAPPY,
        lost: Reply(status),
        "status": by_publish_id({"v_pub_file~1": old, "v_pub_file~2": COMPLETE}),
        "init 2": INIT_2,
        "chunk 1 of upload 2": MORE,
        "chunk 2 of upload 2": ALL_IN,
    }
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(video_post(), ACCOUNT), script)
    assert run.end == PUBLIC
    assert run.names[-4:] == ["init 2", "chunk 1 of upload 2", "chunk 2 of upload 2", "status 2"]
    assert run.call("chunk 1 of upload 2").url.startswith("https://up.test/video/?upload_id=2")


def test_a_last_chunk_refused_but_processed_all_the_same_is_not_sent_twice() -> None:
    moving = [ok(status="PROCESSING_DOWNLOAD"), COMPLETE]
    script = {**HAPPY, "chunk 2": Reply(404), "status": moving}
    run = drive(CONNECTOR, lambda: CONNECTOR.publish(video_post(), ACCOUNT), script)
    assert run.end == PUBLIC
    assert "init 2" not in run.names


def test_three_lost_uploads_are_enough_for_one_try() -> None:
    gone = Reply(403)
    script = {
        **HAPPY,
        "chunk 1": gone,
        "init 2": INIT_2,
        "chunk 1 of upload 2": gone,
        "init 3": INIT_2,
        "chunk 1 of upload 3": gone,
        "status": WAITING,
    }
    with pytest.raises(Spoiled):
        drive(CONNECTOR, lambda: CONNECTOR.publish(video_post(), ACCOUNT), script)


def test_an_upload_that_does_not_move_is_given_up() -> None:
    stuck = progress(416, 0, 70 * MB)
    again = {f"chunk 1, send {send}": stuck for send in range(2, 9)}
    second = {"init 2": INIT_2, "chunk 1 of upload 2": MORE, "chunk 2 of upload 2": ALL_IN}
    status = by_publish_id({"v_pub_file~1": WAITING, "v_pub_file~2": COMPLETE})
    script = {**HAPPY, **again, **second, "chunk 1": stuck, "status": status}
    run = drive(CONNECTOR, lambda: CONNECTOR.publish(video_post(), ACCOUNT), script)
    assert run.end == PUBLIC
    assert sum("send" in name for name in run.names) == 4


@pytest.mark.parametrize(
    ("status", "failure"), [(400, Rejected), (401, Reconnect), (429, Throttled), (500, Unavailable)]
)
def test_other_answers_to_a_chunk_are_classified_by_status(status: int, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        drive(
            CONNECTOR,
            lambda: CONNECTOR.publish(video_post(), ACCOUNT),
            {**HAPPY, "chunk 1": Reply(status)},
        )


# Ends that are failures


@pytest.mark.parametrize(
    "reason", ["internal", "video_pull_failed", "auth_removed", "spam_risk_too_many_posts"]
)
def test_a_failure_that_left_nothing_public_begins_a_new_round(reason: str) -> None:
    status = by_publish_id({"v_pub_file~1": failed(reason), "v_pub_file~2": COMPLETE})
    second = {"init 2": INIT_2, "chunk 1 of upload 2": MORE, "chunk 2 of upload 2": ALL_IN}
    script = {**HAPPY, **second, "status": status}
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(video_post(), ACCOUNT), script)
    assert run.end == PUBLIC


def test_photos_that_could_not_be_pulled_are_asked_for_again() -> None:
    status = by_publish_id({"p~1": failed("photo_pull_failed"), "p~2": COMPLETE})
    script = {
        "creator info": CREATOR,
        "init": ok(publish_id="p~1"),
        "init 2": ok(publish_id="p~2"),
        "status": status,
    }
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(photo_post(), ACCOUNT), script)
    assert [call.name for call in run.calls if call.effect is Effect.COMMIT] == ["init", "init 2"]


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("file_format_check_failed", "MEDIA_INVALID"),
        ("duration_check_failed", "MEDIA_INVALID"),
        ("frame_rate_check_failed", "MEDIA_INVALID"),
        ("picture_size_check_failed", "MEDIA_INVALID"),
        ("spam_risk_text", "CONTENT_REJECTED_BY_PLATFORM"),
        ("spam_risk", "CONTENT_REJECTED_BY_PLATFORM"),
        ("spam_risk_user_banned_from_posting", "ACCOUNT_RESTRICTED"),
        ("publish_cancelled", "PLATFORM_REFUSED"),
        ("never_heard_of", "PLATFORM_REFUSED"),
    ],
)
def test_a_failure_no_retry_mends_is_final(reason: str, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        drive(
            CONNECTOR,
            lambda: CONNECTOR.publish(video_post(), ACCOUNT),
            {**HAPPY, "status": failed(reason)},
        )
    assert (refusal.value.code, refusal.value.platform_code) == (code, reason)


# After a lost answer


UPLOADED = [
    entry("init", Effect.PREPARE, INIT, 0),
    entry("chunk 1", Effect.PREPARE, MORE, 1),
    entry("chunk 2", Effect.COMMIT, None, 2),
]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (ok(status="PROCESSING_UPLOAD", uploaded_bytes=32 * MB), NotPosted),
        (ok(status="PROCESSING_UPLOAD", uploaded_bytes=70 * MB), Found),
        (ok(status="PROCESSING_UPLOAD"), Unknown),
        (ok(status="PROCESSING_DOWNLOAD"), Found),
        (COMPLETE, Found),
        (INBOX, Found),
        (failed("internal"), Found),
    ],
)
def test_the_status_settles_a_lost_last_chunk(status: Reply, expected: type[object]) -> None:
    run = drive(CONNECTOR, lambda: CONNECTOR.find(video_post(), ACCOUNT, UPLOADED), {"status": status})
    assert type(run.end) is expected
    assert [call.effect for call in run.calls] == [Effect.READ]
    if isinstance(run.end, NotPosted):
        assert run.end.final


def test_what_was_found_takes_the_flow_to_its_end() -> None:
    found = drive(CONNECTOR, lambda: CONNECTOR.find(video_post(), ACCOUNT, UPLOADED), {"status": COMPLETE})
    assert isinstance(found.end, Found)
    journal = [
        entry("creator info", Effect.PREPARE, CREATOR, 0),
        *UPLOADED[:2],
        entry("chunk 2", Effect.COMMIT, found.end.answer, 2),
    ]
    begin = lambda: CONNECTOR.publish(video_post(), ACCOUNT)  # noqa: E731
    run = drive(CONNECTOR, begin, {"status": COMPLETE}, journal)
    assert (run.end, run.names) == (PUBLIC, ["status"])


def test_the_newest_upload_is_asked_about() -> None:
    journal = [*UPLOADED[:2], entry("init 2", Effect.PREPARE, INIT_2, 3)]
    journal.append(entry("chunk 2 of upload 2", Effect.COMMIT, None, 4))
    run = drive(CONNECTOR, lambda: CONNECTOR.find(video_post(), ACCOUNT, journal), {"status": COMPLETE})
    assert run.call("status").json == {"publish_id": "v_pub_file~2"}


def test_without_an_upload_nothing_can_be_asked() -> None:
    run = drive(CONNECTOR, lambda: CONNECTOR.find(video_post(), ACCOUNT, []), {})
    assert isinstance(run.end, Unknown)
    assert run.calls == []


LOST_PHOTOS = [entry("init", Effect.COMMIT, None, 0)]
NOW = int(SENT_AT.timestamp())


def listed(*videos: dict[str, object]) -> Reply:
    return ok(videos=list(videos), cursor=0, has_more=False)


def test_photos_are_found_by_caption_and_time_and_published_under_their_id() -> None:
    script = {
        "list": listed(
            {"id": "9", "title": "", "video_description": "Hello  world", "create_time": NOW + 60},
            {"id": "8", "title": "", "video_description": "Hello world", "create_time": NOW + 5},
            {"id": "7", "title": "", "video_description": "Hello world", "create_time": NOW - 121},
            {"id": "6", "title": "", "video_description": "Else", "create_time": NOW + 6},
        )
    }
    found = drive(CONNECTOR, lambda: CONNECTOR.find(photo_post(), ACCOUNT, LOST_PHOTOS), script)
    assert isinstance(found.end, Found)
    journal = [
        entry("creator info", Effect.PREPARE, CREATOR, -1),
        entry("init", Effect.COMMIT, found.end.answer, 0),
    ]
    run = drive(CONNECTOR, lambda: CONNECTOR.publish(photo_post(), ACCOUNT), {}, journal)
    assert run.end == Published("8", "https://www.tiktok.com/@maya.makes/photo/8")


@pytest.mark.parametrize("answer", [listed(), refused("scope_not_authorized", 401)])
def test_absence_of_photos_proves_nothing(answer: Reply) -> None:
    begin = lambda: CONNECTOR.find(photo_post(), ACCOUNT, LOST_PHOTOS)  # noqa: E731
    assert isinstance(drive(CONNECTOR, begin, {"list": answer}).end, Unknown)


@pytest.mark.parametrize("post", [photo_post(mode="draft_to_device"), photo_post(caption="  ")])
def test_drafts_and_bare_photos_cannot_be_looked_for(post: Post) -> None:
    run = drive(CONNECTOR, lambda: CONNECTOR.find(post, ACCOUNT, LOST_PHOTOS), {})
    assert isinstance(run.end, Unknown)


def test_a_dead_token_while_looking_is_no_missing_scope() -> None:
    with pytest.raises(Reconnect):
        drive(
            CONNECTOR,
            lambda: CONNECTOR.find(photo_post(), ACCOUNT, LOST_PHOTOS),
            {"list": refused("access_token_invalid", 401)},
        )


# Tokens

CREDENTIAL = {"accessToken": "act.1", "refreshToken": "rft.1", "openId": "open-1"}
USER = {"open_id": "open-1", "display_name": "Maya", "avatar_url": "https://a.test/1", "username": "maya"}


def test_connect_says_whose_the_token_is() -> None:
    run = drive(CONNECTOR, lambda: CONNECTOR.connect(CREDENTIAL, "https://t.test"), {"user": ok(user=USER)})
    assert (run.end.external_id, run.end.handle, run.end.display_name) == ("open-1", "maya", "Maya")
    assert run.end.tokens.secrets == CREDENTIAL
    call = run.call("user")
    assert (call.method, call.headers) == ("GET", {"Authorization": "Bearer act.1"})
    assert call.url == "https://t.test/v2/user/info/?fields=open_id,display_name,avatar_url,username"


def test_connect_without_the_profile_scope_goes_by_display_name() -> None:
    bare = {name: USER[name] for name in ("open_id", "display_name")}
    script = {"user": [refused("scope_not_authorized", 401), ok(user=bare)]}
    run = drive(CONNECTOR, lambda: CONNECTOR.connect(CREDENTIAL, "https://t.test"), script)
    assert run.end.handle == "Maya"
    assert run.calls[1].url.endswith("fields=open_id,display_name,avatar_url")


@pytest.mark.parametrize(
    ("answer", "failure"),
    [(ok(user={**USER, "open_id": "open-2"}), Rejected), (refused("access_token_invalid", 401), Reconnect)],
)
def test_connect_refuses_a_token_that_is_dead_or_anothers(answer: Reply, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        drive(CONNECTOR, lambda: CONNECTOR.connect(CREDENTIAL, "https://t.test"), {"user": answer})


APP = replace(ACCOUNT, secrets={**ACCOUNT.secrets, "CLIENT_KEY": "ck", "CLIENT_SECRET": "cs"})


def test_refresh_keeps_the_new_refresh_token_and_not_the_apps_secrets() -> None:
    grant = {"access_token": "act.2", "refresh_token": "rft.2", "expires_in": 86400, "open_id": "open-1"}
    run = drive(CONNECTOR, lambda: CONNECTOR.refresh(APP), {"refresh": Reply(200, json=grant)})
    assert run.end.secrets == {"accessToken": "act.2", "refreshToken": "rft.2", "openId": "open-1"}
    assert run.end.expires_in == timedelta(days=1)
    assert run.call("refresh").url.endswith("/tiktok/v2/oauth/token/")
    assert run.call("refresh").form == {
        "client_key": "ck",
        "client_secret": "cs",
        "grant_type": "refresh_token",
        "refresh_token": "rft.1",
    }


@pytest.mark.parametrize(
    ("said", "life"), [({"refresh_expires_in": 31_536_000}, timedelta(days=365)), ({}, None)]
)
def test_refresh_learns_how_long_the_next_one_works(said: dict[str, int], life: timedelta | None) -> None:
    grant = {"access_token": "act.2", "refresh_token": "rft.2", "expires_in": 86400, **said}
    run = drive(CONNECTOR, lambda: CONNECTOR.refresh(APP), {"refresh": Reply(200, json=grant)})
    assert run.end.grant_expires_in == life


@pytest.mark.parametrize(
    ("status", "error", "revoked"),
    [(200, "invalid_grant", False), (400, "invalid_grant", False), (401, "auth_removed", True)],
)
def test_a_refresh_token_refused_needs_a_person(status: int, error: str, revoked: bool) -> None:
    """The access token lives on, unless the creator took the permission back."""
    answer = Reply(status, json={"error": error, "error_description": "expired", "log_id": "1"})
    with pytest.raises(Reconnect) as refusal:
        drive(CONNECTOR, lambda: CONNECTOR.refresh(APP), {"refresh": answer})
    assert refusal.value.revoked is revoked


def test_refresh_without_an_app_says_what_is_missing() -> None:
    with pytest.raises(Rejected) as refusal:
        drive(CONNECTOR, lambda: CONNECTOR.refresh(ACCOUNT), {})
    assert refusal.value.code == "APP_MISCONFIGURED"


def test_the_connector_is_complete() -> None:
    connector: Connector = CONNECTOR
    assert connector.limits.platform == "tiktok"
    assert connector.limits.modes["direct_publish"].kinds["carousel"] == (2, 35)
    assert connector.limits.modes["draft_to_device"].ends_in == "draft_in_inbox"
    assert set(connector.credential_fields) == set(CREDENTIAL)

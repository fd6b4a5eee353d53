"""Does the Bluesky connector put one and the same record, however often and from wherever it begins?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from flows import COMMITTING, assert_means, assert_resumable, drive, entry
from hypothesis import given
from hypothesis import strategies as st

from layers.connector import (
    Account,
    Connector,
    Effect,
    Found,
    Media,
    MediaSlice,
    NotPosted,
    Post,
    Published,
    Reconnect,
    Rejected,
    Reply,
    Throttled,
    Unavailable,
    Unreadable,
)
from layers.platforms.bluesky import CONNECTOR
from layers.platforms.bluesky.errors import ERRORS
from layers.platforms.bluesky.facets import build_facets, find_spans
from layers.platforms.bluesky.record import BASE32, comment_key, post_key, tid

DID = "did:plc:abc"
ACCOUNT = Account(
    "sa_1",
    DID,
    "alice.test",
    "http://localhost:2583",
    {
        "service": "http://localhost:2583",
        "identifier": "alice.test",
        "password": "pw",
        "did": DID,
        "accessJwt": "acc",
        "refreshJwt": "ref",
    },
)
FROZEN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
TEXT = Post("sp_1", 7, "direct_publish", "text", "hello", None, (), {}, FROZEN)


def refused(status: int, name: str) -> Reply:
    return Reply(status, json={"error": name, "message": "no"})


def blob(number: int) -> dict[str, object]:
    return {"$type": "blob", "ref": {"$link": f"cid{number}"}, "mimeType": "image/png", "size": 10}


def put(number: int) -> Reply:
    return Reply(200, json={"uri": f"at://{DID}/app.bsky.feed.post/{number}", "cid": f"bafy{number}"})


def image(number: int) -> Media:
    return Media(f"ast_{number}", "image", "image/png", 10 + number, "00", "k", width=4, height=3)


def record_of(post: Post, script: dict[str, Reply] | None = None) -> dict[str, object]:
    run = drive(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), {"post": put(1), **(script or {})})
    return run.call("post").json["record"]  # pyright: ignore


URL = f"https://bsky.app/profile/{DID}/post/{post_key(TEXT)}"
END = Published(f"at://{DID}/app.bsky.feed.post/1", URL)


# Happy ends


def test_a_text_is_one_put_at_a_key_of_its_own() -> None:
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(TEXT, ACCOUNT), {"post": put(1)})
    assert run.end == END
    (call,) = run.calls
    assert (call.effect, call.repeatable) == (Effect.COMMIT, timedelta(days=3650))
    assert call.url == "http://localhost:2583/xrpc/com.atproto.repo.putRecord"
    assert call.headers == {"Authorization": "Bearer acc"}
    assert call.json == {
        "repo": DID,
        "collection": "app.bsky.feed.post",
        "rkey": post_key(TEXT),
        "swapRecord": None,
        "record": {
            "$type": "app.bsky.feed.post",
            "text": "hello",
            "createdAt": "2026-01-02T03:04:05.678Z",
        },
    }
    assert b'"swapRecord":null' in msgspec.json.encode(call.json)


def test_images_are_uploaded_first_and_embedded_in_order() -> None:
    post = replace(
        TEXT, kind="carousel", media=(image(0), image(1)), options={"altTexts": ["a cat"], "langs": ["en"]}
    )
    script = {f"blob {number}": Reply(200, json={"blob": blob(number)}) for number in (0, 1)}
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), {**script, "post": put(1)})
    assert run.names == ["blob 0", "blob 1", "post"]
    upload = run.call("blob 1")
    assert (upload.effect, upload.body) == (Effect.PREPARE, MediaSlice(1, 0, 11))
    assert upload.headers == {"Authorization": "Bearer acc", "Content-Type": "image/png"}
    assert run.call("post").json["record"]["langs"] == ["en"]  # pyright: ignore
    assert run.call("post").json["record"]["embed"] == {  # pyright: ignore
        "$type": "app.bsky.embed.images",
        "images": [
            {"alt": "a cat", "image": blob(0), "aspectRatio": {"width": 4, "height": 3}},
            {"alt": "", "image": blob(1), "aspectRatio": {"width": 4, "height": 3}},
        ],
    }


def test_an_image_of_unknown_size_has_no_aspect_ratio() -> None:
    bare = Media("ast_1", "image", "image/png", 10, "00", "k")
    post = replace(TEXT, kind="image", media=(bare,))
    embed = record_of(post, {"blob 0": Reply(200, json={"blob": blob(0)})})["embed"]
    assert embed["images"] == [{"alt": "", "image": blob(0)}]  # pyright: ignore


def test_an_upload_without_a_blob_is_unreadable() -> None:
    post = replace(TEXT, kind="image", media=(image(0),))
    with pytest.raises(Unreadable):
        record_of(post, {"blob 0": Reply(200, json={})})


def test_mentions_are_resolved_once_and_journaled() -> None:
    post = replace(TEXT, caption="@bob.test @Bob.test @gone.test", first_comment="thanks @bob.test")
    script = {
        "resolve bob.test": Reply(200, json={"did": "did:plc:bob"}),
        "resolve gone.test": refused(400, "HandleNotFound"),
        "post": put(1),
        "first comment": put(2),
    }
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), script)
    assert run.names == ["resolve bob.test", "resolve gone.test", "post", "first comment"]
    assert run.call("resolve bob.test").effect is Effect.PREPARE
    facets = run.call("post").json["record"]["facets"]  # pyright: ignore
    assert [facet["features"][0]["did"] for facet in facets] == ["did:plc:bob", "did:plc:bob"]  # pyright: ignore


# The first comment


def test_the_first_comment_replies_to_the_post() -> None:
    post = replace(TEXT, first_comment="more #cats")
    script = {"post": put(1), "first comment": put(2)}
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), script)
    assert run.end == END
    call = run.call("first comment")
    root = {"uri": f"at://{DID}/app.bsky.feed.post/1", "cid": "bafy1"}
    assert (call.effect, call.repeatable) == (Effect.COMMIT, timedelta(days=3650))
    assert call.json["rkey"] == comment_key(post) != post_key(post)  # pyright: ignore
    assert call.json["record"]["reply"] == {"root": root, "parent": root}  # pyright: ignore
    assert call.json["record"]["createdAt"] == "2026-01-02T03:04:05.679Z"  # pyright: ignore
    assert len(call.json["record"]["facets"]) == 1  # pyright: ignore


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 502, 503])
def test_a_comment_that_fails_leaves_the_post_published(status: int) -> None:
    post = replace(TEXT, first_comment="more")
    script = {"post": put(1), "first comment": refused(status, "InvalidRequest")}
    assert assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), script).end == END


# Record keys

NUMBERS = st.integers(min_value=1, max_value=2**40)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC)
)


def test_a_known_record_key() -> None:
    assert tid(datetime(1970, 1, 1, tzinfo=UTC), 0) == "2222222222222"
    assert tid(datetime(1970, 1, 1, tzinfo=UTC), 1025) == "2222222222223"
    assert tid(datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC), 31) == "2222222222" + "32z"


@given(MOMENTS, NUMBERS)
def test_record_keys_have_the_shape_of_a_tid(moment: datetime, number: int) -> None:
    key = tid(moment, number)
    assert len(key) == 13
    assert set(key) <= set(BASE32)
    assert key[0] in "234567abcdefghij"


@given(MOMENTS, MOMENTS, NUMBERS, NUMBERS)
def test_record_keys_sort_by_time(one: datetime, two: datetime, number: int, other: int) -> None:
    if one != two:
        assert (tid(one, number) < tid(two, other)) == (one < two)


@given(NUMBERS, st.integers(min_value=1, max_value=1023))
def test_posts_frozen_in_the_same_instant_share_no_key(number: int, distance: int) -> None:
    one, two = replace(TEXT, number=number), replace(TEXT, number=number + distance)
    assert len({post_key(one), comment_key(one), post_key(two), comment_key(two)}) == 4


def test_the_same_post_is_the_same_call() -> None:
    post = replace(TEXT, caption="see https://a.test #x", first_comment="y")
    script = {"post": put(1), "first comment": put(2)}
    one, two = (drive(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), script) for _ in range(2))
    assert one.calls == two.calls


# Facets


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nothing here", []),
        ("https://a.test", [("link", 0, 14, "https://a.test")]),
        ("😀 https://a.test/ü.", [("link", 5, 22, "https://a.test/ü")]),
        ("👨‍👩‍👧 #cats", [("tag", 19, 24, "cats")]),
        ("(https://a.test/x)", [("link", 1, 17, "https://a.test/x")]),
        ("https://a.test/x_(y)", [("link", 0, 20, "https://a.test/x_(y)")]),
        ("xhttps://a.test", []),
        ("a#b", []),
        ("#1 #12 #", []),
        ("#1st, #été!", [("tag", 0, 4, "1st"), ("tag", 6, 12, "été")]),
        ("＃日本", [("tag", 0, 9, "日本")]),
        ("#️⃣", []),
        ("#" + "x" * 64, [("tag", 0, 65, "x" * 64)]),
        ("#" + "x" * 65, []),
        ("😀@bob.test", []),
        ("😀 @bob.test, hi", [("mention", 5, 14, "bob.test")]),
        ("@Bob.Test.", [("mention", 0, 9, "bob.test")]),
        ("me@bob.test @bob @-x.test", []),
        ("https://a.test/#frag", [("link", 0, 20, "https://a.test/#frag")]),
        ("é\n#a\n#b", [("tag", 3, 5, "a"), ("tag", 6, 8, "b")]),
    ],
)
def test_spans_are_located_by_utf8_byte(text: str, found: list[tuple[str, int, int, str]]) -> None:
    spans = find_spans(text)
    assert [(span.kind, span.start, span.end, span.value) for span in spans] == found


PIECES = ["😀", "é", " ", "\n", "#tag", "@bob.test", "https://a.test/ü", "(", ")", ".", "a", "👨‍👩‍👧"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_every_span_cuts_whole_characters_and_none_overlap(text: str) -> None:
    raw, end = text.encode(), 0
    for span in find_spans(text):
        piece = raw[span.start : span.end].decode()
        assert span.start >= end
        assert piece.lstrip("#@").lower() == span.value.lower()
        end = span.end


def test_features_by_kind() -> None:
    facets = build_facets("https://a.test @bob.test @x.test #t", {"bob.test": "did:plc:bob"})
    assert [facet["features"] for facet in facets] == [
        [{"$type": "app.bsky.richtext.facet#link", "uri": "https://a.test"}],
        [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:bob"}],
        [{"$type": "app.bsky.richtext.facet#tag", "tag": "t"}],
    ]
    assert facets[0]["index"] == {"byteStart": 0, "byteEnd": 14}


# Errors

MAPPING: Sequence[tuple[int, str, type[Exception], str]] = [
    (401, "AuthMissing", Reconnect, "CREDENTIAL_INVALID"),
    (401, "AuthenticationRequired", Reconnect, "CREDENTIAL_INVALID"),
    (401, "AuthFactorTokenRequired", Reconnect, "CREDENTIAL_INVALID"),
    (400, "InvalidToken", Reconnect, "CREDENTIAL_INVALID"),
    (400, "ExpiredToken", Reconnect, "CREDENTIAL_INVALID"),
    (401, "AccountTakedown", Rejected, "ACCOUNT_RESTRICTED"),
    (401, "AccountSuspended", Rejected, "ACCOUNT_RESTRICTED"),
    (401, "AccountDeactivated", Rejected, "ACCOUNT_RESTRICTED"),
    (429, "RateLimitExceeded", Throttled, "PLATFORM_LIMIT"),
    (400, "BlobTooLarge", Rejected, "MEDIA_INVALID"),
    (400, "InvalidMimeType", Rejected, "MEDIA_INVALID"),
    (400, "BlobNotFound", Rejected, "MEDIA_INVALID"),
    (400, "InvalidSwap", Rejected, "PLATFORM_REFUSED"),
    (500, "InternalServerError", Unavailable, "PLATFORM_UNAVAILABLE"),
    (502, "UpstreamFailure", Unavailable, "PLATFORM_UNAVAILABLE"),
    (401, "use_dpop_nonce", Unavailable, "PLATFORM_UNAVAILABLE"),
    (504, "UpstreamTimeout", Unavailable, "PLATFORM_UNAVAILABLE"),
    (502, "NotEnoughResources", Unavailable, "PLATFORM_UNAVAILABLE"),
]


@pytest.mark.parametrize(("status", "name", "failure", "word"), MAPPING)
def test_each_row_of_the_error_table(status: int, name: str, failure: type[Exception], word: str) -> None:
    assert_means(CONNECTOR.classify(COMMITTING, refused(status, name)), failure, word, name)


def test_no_row_of_the_error_table_is_untested() -> None:
    assert {row[1] for row in MAPPING} == set(ERRORS)


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (refused(400, "InvalidRequest"), Rejected),
        (Reply(401), Reconnect),
        (Reply(413), Rejected),
        (Reply(429), Throttled),
        (Reply(503, text="<html>"), Unavailable),
    ],
)
def test_other_errors_are_read_by_their_status(reply: Reply, failure: type[Exception]) -> None:
    assert type(CONNECTOR.classify(COMMITTING, reply)) is failure


@pytest.mark.parametrize(
    ("headers", "seconds"), [({}, 60), ({"retry-after": "9"}, 9), ({"ratelimit-reset": "1795000000"}, 60)]
)
def test_how_long_a_throttled_account_rests(headers: dict[str, str], seconds: int) -> None:
    found = CONNECTOR.classify(COMMITTING, Reply(429, headers=headers, json={"error": "RateLimitExceeded"}))
    assert isinstance(found, Throttled)
    assert found.after == timedelta(seconds=seconds)


def test_success_is_no_failure() -> None:
    assert CONNECTOR.classify(COMMITTING, put(1)) is None


# After a lost answer


@pytest.mark.parametrize(("name", "key"), [("post", post_key(TEXT)), ("first comment", comment_key(TEXT))])
def test_the_record_whose_put_was_lost_is_looked_up(name: str, key: str) -> None:
    journal = [entry(name, Effect.COMMIT)]
    begin = lambda: CONNECTOR.find(TEXT, ACCOUNT, journal)  # noqa: E731
    run = drive(CONNECTOR, begin, {"record": put(1)})
    assert run.end == Found(put(1))
    assert run.call("record").effect is Effect.READ
    assert run.call("record").url.endswith(f"?repo={DID}&collection=app.bsky.feed.post&rkey={key}")
    absent = drive(CONNECTOR, begin, {"record": refused(400, "RecordNotFound")}).end
    assert isinstance(absent, NotPosted)
    assert absent.final


def test_a_lookup_refused_for_another_reason_says_nothing_about_the_post() -> None:
    journal = [entry("post", Effect.COMMIT)]
    with pytest.raises(Reconnect):
        drive(
            CONNECTOR,
            lambda: CONNECTOR.find(TEXT, ACCOUNT, journal),
            {"record": refused(400, "ExpiredToken")},
        )


# Sessions

SESSION = Reply(
    200, json={"did": DID, "handle": "alice.test", "accessJwt": "acc2", "refreshJwt": "ref2", "active": True}
)
CREDENTIAL = {"service": "http://localhost:2583", "identifier": "alice.test", "password": "pw"}
FRESH = {**ACCOUNT.secrets, "accessJwt": "acc2", "refreshJwt": "ref2"}


def test_connect_opens_a_session() -> None:
    begin = lambda: CONNECTOR.connect(CREDENTIAL, "http://other.test")  # noqa: E731
    run = drive(CONNECTOR, begin, {"session": SESSION})
    assert (run.end.external_id, run.end.handle) == (DID, "alice.test")
    assert run.end.tokens.secrets == FRESH
    assert run.end.tokens.expires_in == timedelta(hours=2)
    assert run.call("session").url == "http://other.test/xrpc/com.atproto.server.createSession"
    assert run.call("session").json == {"identifier": "alice.test", "password": "pw"}


def test_connect_with_a_wrong_password_is_a_reconnect() -> None:
    answer = refused(401, "AuthenticationRequired")
    with pytest.raises(Reconnect):
        drive(CONNECTOR, lambda: CONNECTOR.connect(CREDENTIAL, "http://o.test"), {"session": answer})


def test_refresh_renews_the_session() -> None:
    run = drive(CONNECTOR, lambda: CONNECTOR.refresh(ACCOUNT), {"refresh": SESSION})
    assert run.end.secrets == FRESH
    assert run.names == ["refresh"]
    assert run.calls[0].headers == {"Authorization": "Bearer ref"}


@pytest.mark.parametrize("answer", [refused(400, "ExpiredToken"), refused(401, "AuthMissing")])
def test_refresh_falls_back_on_the_password(answer: Reply) -> None:
    run = drive(CONNECTOR, lambda: CONNECTOR.refresh(ACCOUNT), {"refresh": answer, "session": SESSION})
    assert run.end.secrets == FRESH
    assert run.names == ["refresh", "session"]


def test_when_the_password_is_refused_too_a_person_is_needed() -> None:
    script = {"refresh": refused(400, "ExpiredToken"), "session": refused(401, "AuthenticationRequired")}
    with pytest.raises(Reconnect):
        drive(CONNECTOR, lambda: CONNECTOR.refresh(ACCOUNT), script)


def test_the_connector_is_complete() -> None:
    connector: Connector = CONNECTOR
    assert connector.limits.platform == "bluesky"
    assert set(connector.credential_fields) == set(CREDENTIAL)

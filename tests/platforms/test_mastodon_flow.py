"""Does the Mastodon connector make each status once, on servers that keep keys and on servers that do not?"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flows import COMMITTING, assert_resumable, drive, entry

from layers.connector import (
    Account,
    Call,
    Effect,
    Found,
    Grant,
    JournalEntry,
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
    Unknown,
    Unreadable,
)
from layers.platforms.mastodon import CONNECTOR
from layers.platforms.mastodon.calls import idempotency_key
from layers.platforms.mastodon.plain import plain_text, resembles, says

ORIGIN = "https://social.test"
ACCOUNT = Account(
    "sa_1", "42@social.test", "ann@social.test", ORIGIN, {"baseUrl": ORIGIN, "accessToken": "tok"}
)
FROZEN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
TEXT = Post("sp_1", 7, "direct_publish", "text", "hello", None, (), {}, FROZEN)
SNAC = "4.0.0 (not true; really snac/2.75)"
DAY = "2026-11-23T"


def instance(version: str = "4.5.2", **configuration: object) -> Reply:
    return Reply(200, json={"version": version, "domain": "social.test", "configuration": configuration})


def status(number: int = 1, text: str = "hello", at: str = "12:00:01Z", **more: object) -> dict[str, object]:
    made = {"id": str(number), "url": f"{ORIGIN}/@ann/{number}", "created_at": DAY + at}
    return {**made, "content": f"<p>{text}</p>", "media_attachments": [], **more}


def listed(*statuses: dict[str, object]) -> Reply:
    return Reply(200, json=list(statuses))


SCRIPT: dict[str, Reply] = {
    "instance": instance(),
    "newest before": listed(),
    "post": Reply(200, json=status()),
    "first comment": Reply(200, json=status(2)),
}
END = Published("1", f"{ORIGIN}/@ann/1")


def image(number: int = 0, **more: object) -> Media:
    return Media(f"ast_{number}", "image", "image/png", 10 + number, "00", "k", **more)  # pyright: ignore


def video(**more: object) -> Media:
    return Media("ast_9", "video", "video/mp4", 1000, "00", "k", **more)  # pyright: ignore


def run(post: Post, script: Mapping[str, object] | None = None, account: Account = ACCOUNT):
    return assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(post, account), {**SCRIPT, **(script or {})})  # pyright: ignore


def said(post: Post, script: Mapping[str, object] | None = None, name: str = "post") -> dict[str, object]:
    return run(post, script).call(name).json  # pyright: ignore


# Publishing


def test_a_text_is_one_commit_with_a_key() -> None:
    done = run(TEXT)
    assert (done.end, done.names) == (END, ["instance", "newest before", "post"])
    call = done.call("post")
    assert (call.effect, call.method, call.url) == (Effect.COMMIT, "POST", f"{ORIGIN}/api/v1/statuses")
    assert call.json == {"status": "hello"}
    assert call.headers == {
        "Authorization": "Bearer tok",
        "Connection": "close",
        "Idempotency-Key": idempotency_key(TEXT, "post"),
    }
    assert all(step.headers["Connection"] == "close" for step in done.calls)


def test_keys_are_stable_and_tell_posts_apart() -> None:
    posts = [
        TEXT,
        replace(TEXT, number=8),
        replace(TEXT, id="sp_2"),
        replace(TEXT, frozen_at=FROZEN + timedelta(1)),
    ]
    keys = {idempotency_key(post, name) for post in posts for name in ("post", "first comment")}
    assert len(keys) == 8
    assert idempotency_key(TEXT, "post") == idempotency_key(replace(TEXT, caption="changed"), "post")


@pytest.mark.parametrize(
    ("version", "repeats"),
    [
        ("4.5.2", True),
        ("4.4.0-alpha.3+glitch", True),
        ("3.5.19+hometown-1.1.1", True),
        ("2.7.2 (compatible; Pleroma 2.9.1)", True),
        ("2.7.2 (compatible; Akkoma 3.15.2-0-g1234)", True),
        (SNAC, False),
        ("0.19.1+git-5f2c0b4", False),
        ("3.5.3 (compatible; Pixelfed 0.12.5)", False),
        ("4.2.1 (compatible; Misskey 2025.2.0)", False),
        ("2.8.0 (compatible; Friendica 2024.12)", False),
        ("takahe/0.11.0", False),
        ("", False),
    ],
)
def test_only_software_that_answers_repeats_is_repeated(version: str, repeats: bool) -> None:
    call = run(TEXT, {"instance": instance(version)}).call("post")
    assert call.repeatable == (timedelta(minutes=50) if repeats else None)


def test_servers_with_the_first_version_only() -> None:
    first = Reply(200, json={"version": SNAC, "uri": "social.test", "max_toot_chars": 3})
    script = {"instance": Reply(404, text="<h1>404</h1>"), "instance v1": first}
    done = run(replace(TEXT, caption="abc"), script)
    assert done.names == ["instance", "instance v1", "newest before", "post"]
    with pytest.raises(Rejected, match="shorten it by 2"):
        run(TEXT, script)


def test_media_are_uploaded_as_files_with_their_descriptions() -> None:
    post = replace(TEXT, kind="carousel", media=(image(0), image(1)), options={"altTexts": ["a cat"]})
    script = {f"medium {n}": Reply(200, json={"id": f"m{n}", "url": "u"}) for n in (0, 1)}
    done = run(post, script)
    assert done.names == ["instance", "medium 0", "medium 1", "newest before", "post"]
    upload = done.call("medium 0")
    assert (upload.effect, upload.url) == (Effect.PREPARE, f"{ORIGIN}/api/v2/media")
    assert (upload.body, upload.file_field, upload.filename) == (MediaSlice(0, 0, 10), "file", "1.png")
    assert upload.form == {"description": "a cat"}
    assert (done.call("medium 1").form, done.call("medium 1").filename) == (None, "2.png")
    assert done.call("post").json == {"status": "hello", "media_ids": ["m0", "m1"]}


def test_a_video_is_waited_for() -> None:
    script = {
        "medium 0": Reply(202, json={"id": "m0", "url": None}),
        "medium 0 ready": [Reply(206), Reply(206), Reply(200, json={"id": "m0"})],
    }
    post = replace(TEXT, kind="video", media=(video(),))
    done = drive(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), {**SCRIPT, **script})
    assert (done.end, done.waits) == (END, 2)
    assert done.names.count("medium 0") == done.names.count("post") == 1
    assert done.call("post").json == {"status": "hello", "media_ids": ["m0"]}


def test_options_go_where_they_belong() -> None:
    options = {"visibility": "unlisted", "sensitive": True, "spoilerText": "cw", "language": "de"}
    post = replace(TEXT, first_comment="more", options=options)
    assert said(post) == {
        "status": "hello",
        "visibility": "unlisted",
        "sensitive": True,
        "spoiler_text": "cw",
        "language": "de",
    }
    assert said(post, name="first comment") == {
        "status": "more",
        "in_reply_to_id": "1",
        "visibility": "unlisted",
        "language": "de",
    }


@pytest.mark.parametrize("code", [400, 401, 403, 404, 422, 500, 503])
def test_a_refused_comment_leaves_the_post_published(code: int) -> None:
    done = run(replace(TEXT, first_comment="more"), {"first comment": Reply(code, json={"error": "no"})})
    assert done.end == END
    assert done.call("first comment").headers["Idempotency-Key"] == idempotency_key(TEXT, "first comment")


def test_an_answer_without_an_id_is_unreadable() -> None:
    """GoToSocial says only that it has handled the request before."""
    with pytest.raises(Unreadable):
        run(TEXT, {"post": Reply(200, json={"status": "request already handled"})})


def test_a_token_that_may_not_read_still_posts() -> None:
    assert (
        run(TEXT, {"newest before": Reply(403, json={"error": "outside the authorized scopes"})}).end == END
    )


# What the server does not take is said before anything is uploaded

ATTACHMENTS = {
    "supported_mime_types": ["image/png", "video/mp4"],
    "image_size_limit": 100,
    "image_matrix_limit": 50,
    "video_size_limit": 2000,
    "video_frame_rate_limit": 60,
    "description_limit": 5,
}


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"caption": "x" * 21}, "CONTENT_REJECTED_BY_PLATFORM", "has 21 characters, this server allows 20"),
        ({"first_comment": "x" * 22}, "CONTENT_REJECTED_BY_PLATFORM", "first comment has 22"),
        ({"caption": "x" * 18, "options": {"spoilerText": "abc"}}, "CONTENT_REJECTED_BY_PLATFORM", "by 1"),
        ({"caption": "https://a.test/ a"}, "CONTENT_REJECTED_BY_PLATFORM", "has 32"),
        ({"media": (Media("a", "image", "image/webp", 1, "", ""),)}, "MEDIA_INVALID", "image/webp"),
        ({"media": (Media("a", "image", "image/png", 101, "", ""),)}, "MEDIA_INVALID", "101 bytes"),
        ({"media": (Media("a", "image", "image/png", 1, "", "", 10, 6),)}, "MEDIA_INVALID", "60 pixels"),
        (
            {"media": (Media("a", "video", "video/mp4", 1, "", "", frame_rate=90),)},
            "MEDIA_INVALID",
            "90 frames",
        ),
        ({"media": (image(0), image(1), image(2))}, "MEDIA_INVALID", "allows 2"),
        ({"media": (image(0), video())}, "MEDIA_INVALID", "only media item"),
        ({"media": (image(),), "options": {"altTexts": ["a long one"]}}, "OPTION_INVALID", "item 1 has 10"),
    ],
)
def test_what_the_server_does_not_take(change: dict[str, object], code: str, words: str) -> None:
    statuses = {"max_characters": 20, "max_media_attachments": 2, "characters_reserved_per_url": 30}
    script = {"instance": instance(statuses=statuses, media_attachments=ATTACHMENTS)}
    with pytest.raises(Rejected, match=words) as refusal:
        run(replace(TEXT, **change), script)  # pyright: ignore
    assert refusal.value.code == code


def test_an_odd_instance_keeps_the_defaults() -> None:
    odd = {"instance": instance(statuses={"max_characters": "many"})}
    assert run(TEXT, odd).call("post").repeatable == timedelta(minutes=50)
    with pytest.raises(Rejected, match="allows 500"):
        run(replace(TEXT, caption="x" * 501), odd)


# In doubt


def journal(version: str = SNAC, newest: Reply | None = None, comment: bool = False) -> list[JournalEntry]:
    entries = [entry("instance", Effect.PREPARE, instance(version))]
    if newest is not None:
        entries.append(entry("newest before", Effect.READ, newest))
    entries.append(entry("post", Effect.COMMIT, Reply(200, json=status(5)) if comment else None))
    return [*entries, entry("first comment", Effect.COMMIT, None)] if comment else entries


def look(
    *pages: Reply, post: Post = TEXT, entries: list[JournalEntry] | None = None, **script: Reply
) -> Found | NotPosted | Unknown:
    pages_by_name = {f"statuses {number}": page for number, page in enumerate(pages, 1)}
    known = journal(newest=listed()) if entries is None else entries
    done = drive(CONNECTOR, lambda: CONNECTOR.find(post, ACCOUNT, known), {**pages_by_name, **script})
    assert all(call.effect is Effect.READ for call in done.calls)
    return done.end


PREFERENCES = {"preferences": Reply(200, json={"source": {"privacy": "public"}})}


def found_id(outcome: object) -> object:
    assert isinstance(outcome, Found)
    return outcome.answer.value("id")


def test_the_status_is_found_and_answers_for_the_post() -> None:
    outcome = look(listed(status(9, "other"), status(8)), listed())
    assert isinstance(outcome, Found)
    known = journal(newest=listed())
    known[-1] = entry("post", Effect.COMMIT, outcome.answer)
    done = drive(CONNECTOR, lambda: CONNECTOR.publish(TEXT, ACCOUNT), {**SCRIPT, "post": Reply(500)}, known)
    assert done.end == Published("8", f"{ORIGIN}/@ann/8")


def test_of_several_the_oldest_counts() -> None:
    assert found_id(look(listed(status(9), status(8)), listed())) == "8"


def test_what_was_there_before_the_commit_does_not_count() -> None:
    """The same words, seconds earlier and by a clock that is an hour ahead: only the order tells."""
    known = journal(newest=listed(status(4, at="13:00:00Z")))
    before = status(4, at="13:00:00Z")
    assert isinstance(look(listed(before), listed(), entries=known, **PREFERENCES), NotPosted)
    assert found_id(look(listed(status(8, at="13:00:05Z"), before), entries=known)) == "8"


def test_the_newest_before_may_have_been_deleted() -> None:
    known = journal(newest=listed(status(4, at="12:00:00Z")))
    older = status(3, at="11:00:00Z")
    assert isinstance(look(listed(status(9, "different"), older), entries=known, **PREFERENCES), NotPosted)


def test_without_the_newest_before_two_minutes_count() -> None:
    known = journal(newest=Reply(403))
    inside, outside = status(8, at="11:58:30Z"), status(7, at="11:57:30Z")
    assert found_id(look(listed(inside), listed(), entries=known)) == "8"
    assert isinstance(look(listed(outside), entries=known, **PREFERENCES), NotPosted)
    assert isinstance(look(listed(outside), entries=journal(), **PREFERENCES), NotPosted)


@pytest.mark.parametrize(
    "other",
    [
        status(8, "quite another text"),
        status(8, reblog={"id": "3"}),
        status(8, in_reply_to_id="3"),
        status(8, media_attachments=[{}]),
    ],
)
def test_other_statuses_are_not_ours(other: dict[str, object]) -> None:
    outcome = look(listed(other), listed(), **PREFERENCES)
    assert isinstance(outcome, NotPosted)
    assert not outcome.final


def test_almost_the_same_words_are_for_a_person_to_judge() -> None:
    post = replace(TEXT, caption="Read [our notes](https://a.test/notes) on the release of today")
    changed = status(8, "Read our notes on the release of today")
    assert isinstance(look(listed(changed), listed(), post=post), Unknown)


@pytest.mark.parametrize("visibility", ["private", "direct"])
def test_absence_proves_nothing_where_the_list_is_not_whole(visibility: str) -> None:
    post = replace(TEXT, options={"visibility": visibility})
    assert isinstance(look(listed(), post=post), Unknown)
    mastodon = journal("4.5.2", newest=listed())
    assert isinstance(look(listed(), post=post, entries=mastodon), NotPosted)


def test_the_accounts_own_preference_decides_who_sees_it() -> None:
    private = Reply(200, json={"source": {"privacy": "private"}})
    assert isinstance(look(listed(), preferences=private), Unknown)
    assert isinstance(look(listed(), **PREFERENCES), NotPosted)


def test_the_list_is_read_on_as_far_as_needed() -> None:
    first = listed(*(status(100 - n, f"n {n}") for n in range(40)))
    second = listed(status(40), status(4))
    assert found_id(look(first, second, entries=journal(newest=listed(status(4))))) == "40"
    endless = [listed(*(status(1000 - 40 * p - n, f"{p} {n}") for n in range(40))) for p in range(5)]
    assert isinstance(look(*endless), Unknown)


def test_a_server_that_does_not_page_is_not_read_for_ever() -> None:
    same = listed(status(9, "another"))
    assert isinstance(look(same, same, **PREFERENCES), NotPosted)


def test_a_list_that_cannot_be_read() -> None:
    with pytest.raises(Unreadable):
        look(Reply(200, json={"not": "a list"}))
    with pytest.raises(Unreadable):
        look(listed(status(8, at="soon")), entries=journal())


COMMENTED = replace(TEXT, first_comment="more")


def test_the_comment_is_looked_for_below_its_post() -> None:
    known = journal(newest=listed(), comment=True)
    reply = status(8, "more", in_reply_to_id="5")
    stray = status(9, "more")
    assert found_id(look(listed(stray, reply), listed(), post=COMMENTED, entries=known)) == "8"
    outcome = look(listed(stray), listed(), post=COMMENTED, entries=known, **PREFERENCES)
    assert isinstance(outcome, NotPosted)


def test_a_comment_nobody_can_be_sure_of_is_given_up() -> None:
    post = replace(COMMENTED, options={"visibility": "private"})
    known = journal(newest=listed(), comment=True)
    outcome = look(listed(), post=post, entries=known)
    assert isinstance(outcome, Found)
    known[-1] = entry("first comment", Effect.COMMIT, outcome.answer)
    done = drive(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), SCRIPT, known)
    assert (done.end, done.names) == (Published("5", f"{ORIGIN}/@ann/5"), ["newest before"])


# The same words in HTML

MASTODON_HTML = (
    '<p>Hi <span class="h-card"><a href="https://b.test/@bob" class="u-url mention">@<span>bob</span></a></span> &amp;'
    ' all:<br />see <a href="https://example.test/a/very/long/path/indeed?b=1&amp;c=2"><span class="invisible">https://'
    '</span><span class="ellipsis">example.test/a/very/long/path/</span><span class="invisible">indeed?b=1&amp;c=2'
    '</span></a></p><p><a href="https://s.test/tags/Tag" class="mention hashtag">#<span>Tag</span></a> é 👍</p>'
)
SOURCE = "Hi @bob@b.test & all:\nsee https://example.test/a/very/long/path/indeed?b=1&c=2\n\n#Tag e\u0301 👍"


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ({"content": MASTODON_HTML}, SOURCE),
        ({"content": "<p>one</p><p>two</p>"}, "one\n\ntwo"),
        ({"content": "a <i>bold</i> <code>move</code>"}, "a *bold* `move`"),
        ({"content": 'say <b> & "q"<br>', "text": 'say <b> & "q"'}, 'say <b> & "q"'),
        ({"content": "changed", "pleroma": {"content": {"text/plain": "as sent"}}}, "as sent"),
        ({"content": ""}, ""),
        ({"content": "<p>&lt;3 it’s 5 &gt; 4</p>"}, "<3 it’s 5 > 4"),
    ],
)
def test_the_same_words(shown: dict[str, object], text: str) -> None:
    assert says(shown, text)
    assert resembles(shown, text)


@pytest.mark.parametrize("text", ["Part 1 of 2", "Part 2 of 3", "", "👍", "part 2 of 2"])
def test_other_words(text: str) -> None:
    assert not says({"content": "<p>Part 2 of 2</p>"}, text)


def test_plain_text_of_html() -> None:
    assert plain_text("<p>a<br>b</p><p>c &amp; d</p>") == "a\nb\nc & d"


# Errors


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (Reply(401, json={"error": "The access token is invalid"}), Reconnect, "CREDENTIAL_INVALID"),
        (Reply(401, text="<h1>401</h1>"), Reconnect, "CREDENTIAL_INVALID"),
        (
            Reply(403, json={"error": "This action is outside the authorized scopes"}),
            Reconnect,
            "CREDENTIAL_INVALID",
        ),
        (Reply(403, json={"error": "Your login is currently disabled"}), Rejected, "ACCOUNT_RESTRICTED"),
        (Reply(403, json={"error": "This action is not allowed"}), Rejected, "PLATFORM_REFUSED"),
        (Reply(404, json={"error": "Record not found"}), Rejected, "PLATFORM_REFUSED"),
        (Reply(409, json={"error": "request already under way"}), Unavailable, "PLATFORM_UNAVAILABLE"),
        (Reply(413, text="<html>"), Rejected, "MEDIA_INVALID"),
        (
            Reply(422, json={"error": "Validation failed: File content type is invalid, File is invalid"}),
            Rejected,
            "MEDIA_INVALID",
        ),
        (
            Reply(422, json={"error": "Validation failed: Text character limit of 500 exceeded"}),
            Rejected,
            "CONTENT_REJECTED_BY_PLATFORM",
        ),
        (
            Reply(422, json={"error": "Cannot attach files that have not finished processing. Try again!"}),
            Unavailable,
            "PLATFORM_UNAVAILABLE",
        ),
        (Reply(429, json={"error": "Too many requests"}), Throttled, "PLATFORM_LIMIT"),
        (Reply(500, text="oops"), Unavailable, "PLATFORM_UNAVAILABLE"),
        (Reply(503), Unavailable, "PLATFORM_UNAVAILABLE"),
        (Reply(301, {"location": "https://new.test/"}), Rejected, "APP_MISCONFIGURED"),
    ],
)
def test_errors(reply: Reply, kind: type, code: str) -> None:
    failure = CONNECTOR.classify(COMMITTING, reply)
    assert type(failure) is kind
    assert failure is not None
    assert failure.code == code


def test_a_medium_refused_in_another_language() -> None:
    reply = Reply(422, json={"error": "Überprüfung fehlgeschlagen"})
    failure = CONNECTOR.classify(Call("medium 0", Effect.PREPARE, "POST", ORIGIN), reply)
    assert failure is not None
    assert (failure.code, "Überprüfung" in failure.message) == ("MEDIA_INVALID", True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"x-ratelimit-reset": "2026-11-23T12:01:30.5Z", "date": "Mon, 23 Nov 2026 12:00:00 GMT"}, 90.5),
        ({"x-ratelimit-reset": "2026-11-23T11:00:00Z", "date": "Mon, 23 Nov 2026 12:00:00 GMT"}, 1),
        ({"x-ratelimit-reset": "2030-11-23T11:00:00Z", "date": "Mon, 23 Nov 2026 12:00:00 GMT"}, 86400),
        ({"x-ratelimit-reset": "soon", "date": "Mon, 23 Nov 2026 12:00:00 GMT"}, 300),
        ({"x-ratelimit-reset": "2026-11-23T12:01:30Z"}, 300),
        ({}, 300),
    ],
)
def test_how_long_to_keep_still(headers: dict[str, str], seconds: float) -> None:
    failure = CONNECTOR.classify(COMMITTING, Reply(429, headers))
    assert isinstance(failure, Throttled)
    assert failure.after == timedelta(seconds=seconds)


# Accounts

ME = Reply(200, json={"id": "42", "username": "ann", "display_name": "Ann", "avatar": f"{ORIGIN}/a.png"})
CREDENTIAL = {"baseUrl": ORIGIN + "/", "accessToken": "tok"}


def connect(credential: dict[str, str] = CREDENTIAL, **script: Reply):
    known = {"account": ME, "instance": instance(), **{k.replace("_", " "): v for k, v in script.items()}}
    return drive(CONNECTOR, lambda: CONNECTOR.connect(credential, ORIGIN), known)


def test_an_account_is_named_with_its_server() -> None:
    who = connect().end
    assert (who.external_id, who.handle, who.display_name) == ("42@social.test", "ann@social.test", "Ann")
    assert (who.avatar_url, who.tokens.secrets, who.tokens.expires_in) == (
        f"{ORIGIN}/a.png",
        CREDENTIAL,
        None,
    )


@pytest.mark.parametrize(
    ("said_by_server", "domain"),
    [
        ({"domain": "people.test"}, "people.test"),
        ({"uri": "people.test"}, "people.test"),
        ({"uri": "https://people.test/"}, "people.test"),
        ({}, "social.test"),
    ],
)
def test_the_domain_is_the_servers_own_word(said_by_server: dict[str, str], domain: str) -> None:
    assert connect(instance=Reply(200, json=said_by_server)).end.handle == f"ann@{domain}"


def test_credentials_that_are_no_good() -> None:
    for reply in (Reply(401, json={"error": "The access token is invalid"}), Reply(422, text="")):
        with pytest.raises(Reconnect):
            connect(account=reply)
    with pytest.raises(Rejected, match="no server"):
        connect(account=Reply(404, text="nginx"))
    with pytest.raises(Rejected, match="alone"):
        connect({"baseUrl": "https://social.test/@ann", "accessToken": "tok"})


def test_tokens_cannot_be_refreshed() -> None:
    with pytest.raises(Reconnect, match="revoked"):
        drive(CONNECTOR, lambda: CONNECTOR.refresh(ACCOUNT), {})


# Consent

GRANT = Grant("https://layers.test/callback", "st&ate", "verifier", {}, ORIGIN)
APP = Reply(200, json={"client_id": "c", "client_secret": "s"})


def begin(**script: Reply):
    assert CONNECTOR.oauth is not None
    oauth = CONNECTOR.oauth
    known = {name.replace("_", " "): reply for name, reply in script.items()}
    return drive(CONNECTOR, lambda: oauth.begin(GRANT, ORIGIN), known)


def test_consent_begins_with_a_registration_and_a_challenge() -> None:
    done = begin(app=APP)
    assert done.call("app").form == {
        "client_name": "Layers",
        "redirect_uris": "https://layers.test/callback",
        "scopes": "profile read:statuses write:statuses write:media",
    }
    parts = urlsplit(done.end.url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"verifier").digest()).decode().rstrip("=")
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{ORIGIN}/oauth/authorize"
    assert query == {
        "response_type": "code",
        "client_id": "c",
        "redirect_uri": "https://layers.test/callback",
        "scope": "profile read:statuses write:statuses write:media",
        "state": "st&ate",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    assert done.end.session == {"clientId": "c", "clientSecret": "s", "scope": query["scope"]}


def test_older_servers_do_not_know_profile() -> None:
    done = begin(app=Reply(422, json={"error": "Validation failed: Scopes"}), app_with_older_scopes=APP)
    assert done.end.session["scope"] == "read:accounts read:statuses write:statuses write:media"
    with pytest.raises(Rejected):
        begin(app=Reply(422), app_with_older_scopes=Reply(422))


def exchange(returned: dict[str, str], token: Reply):
    assert CONNECTOR.oauth is not None
    oauth = CONNECTOR.oauth
    session = begin(app=APP).end.session
    known = {"token": token, "account": ME, "instance": instance()}
    return drive(CONNECTOR, lambda: oauth.exchange(GRANT, session, returned, ORIGIN), known)


def test_the_code_becomes_an_account() -> None:
    done = exchange({"code": "k"}, Reply(200, json={"access_token": "tok", "scope": "profile read write"}))
    assert done.call("token").form == {
        "grant_type": "authorization_code",
        "code": "k",
        "client_id": "c",
        "client_secret": "s",
        "redirect_uri": "https://layers.test/callback",
        "code_verifier": "verifier",
        "scope": "profile read:statuses write:statuses write:media",
    }
    (who,) = done.end
    assert who.external_id == "42@social.test"
    assert who.tokens.secrets == {
        "baseUrl": ORIGIN,
        "accessToken": "tok",
        "clientId": "c",
        "clientSecret": "s",
    }
    assert done.call("account").headers == {"Authorization": "Bearer tok", "Connection": "close"}


@pytest.mark.parametrize(
    ("returned", "token", "code"),
    [
        ({"error": "access_denied"}, Reply(500), "OAUTH_DENIED"),
        ({"error": "server_error"}, Reply(500), "OAUTH_FAILED"),
        ({}, Reply(500), "OAUTH_FAILED"),
        ({"code": "k"}, Reply(400, json={"error": "invalid_grant"}), "OAUTH_FAILED"),
        ({"code": "k"}, Reply(200, json={"access_token": "t", "scope": "profile read"}), "OAUTH_SCOPES"),
    ],
)
def test_consent_that_fails(returned: dict[str, str], token: Reply, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        exchange(returned, token)
    assert refusal.value.code == code

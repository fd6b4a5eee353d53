"""Does an Instagram account connected through Facebook get its videos pushed, and is consent told as it was given?"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import aiohttp
import pytest
from flows import SENT_AT, Answer, Run, assert_resumable, drive
from msgspec.structs import replace as change

from layers.connector import (
    Account,
    Call,
    ContentKind,
    Effect,
    Found,
    Grant,
    Identity,
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
)
from layers.platforms.instagram import CONNECTOR
from layers.samples import make_video

FACEBOOK = "https://graph.facebook.com"
SECRETS = {"accessToken": "EAA.1", "userId": "1784", "pageId": "11"}
ACCOUNT = Account("sa_1", "1784", "maya", FACEBOOK, SECRETS)
MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
VIDEO = Media(
    "ast_v", "video", "video/mp4", 1000, "00", "k", 1080, 1920, 15_000, 30.0, "h264", "https://m.test/v"
)
IMAGE = Media("ast_i", "image", "image/jpeg", 1000, "00", "k", 1080, 1350, url="https://m.test/i")


def post_of(*media: Media, mode: str = "feed", comment: str | None = None, **options: object) -> Post:
    kind: ContentKind = "carousel" if media[1:] else media[0].kind
    return Post("sp_1", 7, mode, kind, "Hello", comment, media, options, MOMENT)


REEL = post_of(VIDEO, mode="reels")


def ok(**fields: object) -> Reply:
    return Reply(200, json=fields)


def held(count: object) -> Reply:
    return ok(
        id="c1", video_status={"uploading_phase": {"status": "in_progress", "bytes_transferred": count}}
    )


def failed(status: int, kind: str, *, retriable: bool = False) -> Reply:
    return Reply(
        status, json={"debug_info": {"retriable": retriable, "type": kind, "message": "it went wrong"}}
    )


READY = ok(status_code="FINISHED", status="Finished", id="c1")
DONE = ok(success=True, message="Upload successful.")
HAPPY: Mapping[str, Answer] = {
    "quota": ok(data=[{"quota_usage": 3}]),
    "container": ok(id="c1", uri="https://evil.test/c1"),
    "offset of upload": held(0),
    "upload": DONE,
    "container status": [ok(status_code="IN_PROGRESS"), READY],
    "publish": ok(id="m1"),
    "link": ok(id="m1", permalink="https://www.instagram.com/reel/Abc/"),
    "first comment": ok(id="k1"),
}
PUBLIC = Published("m1", "https://www.instagram.com/reel/Abc/")
CALL = Call("upload", Effect.PREPARE, "POST", "https://rupload.facebook.com/x")


def published(post: Post, script: Mapping[str, Answer], account: Account = ACCOUNT) -> Run[object]:
    return drive(CONNECTOR, lambda: CONNECTOR.publish(post, account), script)


# Publishing


def test_a_reel_is_pushed_and_then_published() -> None:
    run = assert_resumable(
        CONNECTOR, lambda: CONNECTOR.publish(replace(REEL, first_comment="First!"), ACCOUNT), HAPPY
    )
    assert run.end == PUBLIC
    assert [(c.name, c.effect) for c in run.effective] == [
        ("container", Effect.PREPARE),
        ("upload", Effect.PREPARE),
        ("publish", Effect.COMMIT),
        ("first comment", Effect.COMMIT),
    ]
    assert run.call("container").json == {
        "media_type": "REELS",
        "upload_type": "resumable",
        "share_to_feed": True,
        "caption": "Hello",
    }
    upload = run.call("upload")
    assert (upload.method, upload.url) == ("POST", "https://rupload.facebook.com/ig-api-upload/v26.0/c1")
    assert upload.headers == {
        "Authorization": "OAuth EAA.1",
        "Content-Type": "application/octet-stream",
        "offset": "0",
        "file_size": "1000",
    }
    assert upload.body == MediaSlice(0, 0, 1000)
    assert run.call("offset of upload").url == f"{FACEBOOK}/v26.0/c1?fields=video_status"
    rest = [call for call in run.calls if call.name != "upload"]
    assert {f"{(u := urlsplit(call.url)).scheme}://{u.netloc}" for call in rest} == {FACEBOOK}
    assert {call.headers["Authorization"] for call in rest} == {"Bearer EAA.1"}


@pytest.mark.parametrize("origin", ["https://graph.instagram.com", FACEBOOK])
def test_the_door_is_told_by_the_account_and_not_by_its_origin(origin: str) -> None:
    run = published(REEL, HAPPY, replace(ACCOUNT, origin=origin))
    assert run.call("container").url == f"{FACEBOOK}/v26.0/1784/media"
    other = {name: ACCOUNT.secrets[name] for name in ("accessToken", "userId")}
    run = published(REEL, HAPPY, replace(ACCOUNT, origin="https://graph.instagram.com", secrets=other))
    assert run.call("container").url == "https://graph.instagram.com/v26.0/1784/media"
    assert "upload" not in run.names
    body = run.call("container").json
    assert isinstance(body, Mapping)
    assert body["video_url"] == "https://m.test/v"


def test_one_origin_may_stand_for_all_hosts() -> None:
    run = published(REEL, HAPPY, replace(ACCOUNT, origin="http://127.0.0.1:1/fake"))
    assert all(call.url.startswith("http://127.0.0.1:1/fake/") for call in run.calls)
    assert run.call("upload").url == "http://127.0.0.1:1/fake/ig-api-upload/v26.0/c1"


def test_options_of_a_reel_go_along() -> None:
    run = published(post_of(VIDEO, mode="reels", coverAt=1500, shareToFeed=False), HAPPY)
    body = run.call("container").json
    assert isinstance(body, Mapping)
    assert (body["thumb_offset"], body["share_to_feed"]) == (1500, False)


def test_images_are_still_fetched() -> None:
    run = published(post_of(IMAGE), HAPPY)
    assert run.call("container").json == {"image_url": "https://m.test/i", "caption": "Hello"}
    assert "upload" not in run.names
    assert run.call("container").url == f"{FACEBOOK}/v26.0/1784/media"


def test_of_a_carousel_the_videos_are_pushed() -> None:
    script = {
        **HAPPY,
        **{f"item {n}": ok(id=f"i{n}") for n in (1, 2, 3)},
        **{f"item {n} status": READY for n in (1, 2, 3)},
        **{f"item {n} upload": DONE for n in (2, 3)},
        **{f"offset of item {n} upload": held(0) for n in (2, 3)},
    }
    post = post_of(IMAGE, VIDEO, change(VIDEO, size_bytes=70))
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(post, ACCOUNT), script)
    assert run.end == PUBLIC
    assert [call.name for call in run.effective] == [
        *("item 1", "item 2", "item 2 upload", "item 3", "item 3 upload"),
        *("container", "publish"),
    ]
    assert run.call("item 1").json == {"is_carousel_item": True, "image_url": "https://m.test/i"}
    assert run.call("item 2").json == {
        "is_carousel_item": True,
        "media_type": "VIDEO",
        "upload_type": "resumable",
    }
    assert run.call("item 3 upload").url.endswith("/i3")
    assert run.call("item 3 upload").body == MediaSlice(2, 0, 70)
    assert len({(call.name, call.url) for call in run.calls}) == len(set(run.names))


# Resuming


def test_an_upload_goes_on_from_the_byte_that_meta_holds() -> None:
    run = published(REEL, {**HAPPY, "offset of upload": held(400)})
    upload = run.call("upload")
    assert (upload.headers["offset"], upload.headers["file_size"]) == ("400", "1000")
    assert upload.body == MediaSlice(0, 400, 600)


def test_what_is_there_is_not_sent_again() -> None:
    run = published(REEL, {**HAPPY, "offset of upload": held(1000)})
    assert run.end == PUBLIC
    assert "upload" not in run.names


@pytest.mark.parametrize("said", [ok(id="c1"), held(None), held("much")])
def test_where_nothing_is_said_it_begins_with_the_first_byte(said: Reply) -> None:
    assert published(REEL, {**HAPPY, "offset of upload": said}).call("upload").headers["offset"] == "0"


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (failed(412, "OffsetInvalidError", retriable=True), Unavailable),
        (failed(412, "OffsetInvalidError"), Unavailable),
        (failed(400, "PartialRequestError"), Unavailable),
        (failed(400, "ProcessingFailedError", retriable=True), Unavailable),
        (failed(503, "ServiceUnavailable"), Unavailable),
        (failed(429, "Busy"), Throttled),
        (failed(400, "NotAuthorizedError"), Reconnect),
        (failed(401, "What"), Reconnect),
        (Reply(502, text="<html>"), Unavailable),
        (Reply(400, json={"error": {"code": 190, "message": "no"}}), Reconnect),
        (Reply(400, json={"error": {"code": 4, "message": "no"}}), Throttled),
    ],
)
def test_what_a_failed_upload_means(reply: Reply, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        published(REEL, {**HAPPY, "upload": reply})
    assert isinstance(CONNECTOR.classify(CALL, reply), failure)


AGAIN: Mapping[str, Answer] = {
    f"{name} (round {number})": reply
    for number in (2, 3)
    for name, reply in {
        "container": ok(id=f"c{number}"),
        "offset of upload": held(0),
        "upload": DONE,
        "container status": READY,
        "publish": ok(id="m1"),
    }.items()
}
USELESS = [failed(400, "ProcessingFailedError"), Reply(404), failed(410, "Gone"), ok(success=False), ok()]


@pytest.mark.parametrize("reply", USELESS)
def test_a_container_that_takes_no_bytes_is_made_again(reply: Reply) -> None:
    script = {**HAPPY, **AGAIN, "upload": reply}
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(REEL, ACCOUNT), script)
    assert run.end == PUBLIC
    assert run.call("publish (round 2)").json == {"creation_id": "c2"}
    assert "publish" not in run.names


def test_an_item_that_takes_no_bytes_begins_the_carousel_anew() -> None:
    script = {
        **HAPPY,
        **AGAIN,
        **{f"item {n}{r}": ok(id=f"i{n}") for n in (1, 2) for r in ("", " (round 2)")},
        **{f"item {n} status{r}": READY for n in (1, 2) for r in ("", " (round 2)")},
        **{f"offset of item 2 upload{r}": held(0) for r in ("", " (round 2)")},
        "item 2 upload": failed(400, "ProcessingFailedError"),
        "item 2 upload (round 2)": DONE,
    }
    run = assert_resumable(CONNECTOR, lambda: CONNECTOR.publish(post_of(IMAGE, VIDEO), ACCOUNT), script)
    assert run.end == PUBLIC
    assert run.names.count("container (round 2)") == 1


def test_bytes_that_no_container_takes_are_refused_in_metas_words() -> None:
    refusals = dict.fromkeys(
        ("upload", "upload (round 2)", "upload (round 3)"), failed(400, "ProcessingFailedError")
    )
    with pytest.raises(Rejected) as refusal:
        published(REEL, {**HAPPY, **AGAIN, **refusals})
    assert (refusal.value.code, refusal.value.platform_code) == ("PLATFORM_REFUSED", "ProcessingFailedError")
    assert "it went wrong" in refusal.value.message


async def test_an_upload_that_stops_half_way_is_finished_and_posted_once(
    client, worker, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    project = await client.project()
    clip = make_video(tmp_path / "clip.mp4", seconds=4)
    content = await client.upload(project, clip, caption="pushed")
    account = await client.account(project, "instagram", "ann.facebook.flaky")
    answer = await client.publish(content["id"], account, mode="reels")
    assert answer.status == 200, answer.raw
    post = await client.post_until(answer["scheduledPostIds"][0], "published", "failed", seconds=60)
    assert post["status"] == "published", post
    async with session.get(f"{client.origin}/sandbox/posts.json?platform=instagram") as reply:
        [item] = (await reply.json())["items"]
    assert item["id"] == post["externalId"]
    [medium] = item["media"]
    size = clip.stat().st_size
    whole = clip.read_bytes()
    assert medium["sizeBytes"] == size
    halves = whole[: size // 2], whole[size // 2 :]
    assert medium["parts"] == [hashlib.sha256(half).hexdigest() for half in halves]
    story = (await client.get(f"/v1/scheduled-posts/{post['id']}/events"))["items"]
    assert [step["data"]["code"] for step in story if step["type"] == "retry"] == ["PLATFORM_UNAVAILABLE"]


# After a lost answer


def journal(*entries: tuple[str, Effect, Reply | None]) -> list[JournalEntry]:
    return [JournalEntry(name, effect, SENT_AT, reply) for name, effect, reply in entries]


@pytest.mark.parametrize(
    ("code", "end"),
    [("PUBLISHED", Found(ok(id="m1"))), ("FINISHED", NotPosted("the container is ready and not published"))],
)
def test_a_lost_answer_is_looked_up_through_the_same_door(code: str, end: object) -> None:
    made = journal(
        ("container", Effect.PREPARE, ok(id="c1")),
        ("upload", Effect.PREPARE, DONE),
        ("publish", Effect.COMMIT, None),
    )
    newest = ok(data=[{"id": "m1", "caption": "Hello", "timestamp": "2026-11-23T12:00:03+0000"}])
    script = {"outcome": ok(status_code=code), "newest posts": newest}
    run = drive(CONNECTOR, lambda: CONNECTOR.find(REEL, ACCOUNT, made), script)
    assert run.end == end
    assert all(call.url.startswith(f"{FACEBOOK}/v26.0/") for call in run.calls)


def test_a_pages_token_is_not_refreshed() -> None:
    with pytest.raises(Reconnect):
        drive(CONNECTOR, lambda: CONNECTOR.refresh(ACCOUNT), {})


# Consent

APP = {"FACEBOOK_CLIENT_ID": "fi", "FACEBOOK_CLIENT_SECRET": "f&s"}
GRANT = Grant("https://layers.test/v1/social/oauth/callback/x", "st&te", "verifier", APP, FACEBOOK)
NEEDED = ["instagram_basic", "instagram_content_publish", "pages_show_list", "pages_read_engagement"]
SCOPES = [*NEEDED, "business_management", "instagram_manage_comments"]


def granting(*scopes: str) -> Reply:
    lines = [
        {"permission": scope, "status": "granted" if scope in scopes else "declined"} for scope in SCOPES
    ]
    return ok(data=lines)


def page(number: int, account: str | None = None, token: str | None = "EAA") -> dict[str, object]:
    found: dict[str, object] = {"id": f"11{number}", "name": f"Page {number}"}
    found |= {"access_token": f"{token}.{number}"} if token else {}
    return found | ({"instagram_business_account": {"id": account}} if account else {})


def profile(account: str, handle: str, **more: object) -> Reply:
    return ok(id=account, username=handle, **more)


LOGIN: Mapping[str, Answer] = {
    "short token": ok(access_token="EAA.short", token_type="bearer", expires_in=5000),
    "long token": ok(access_token="EAA.long", token_type="bearer"),
    "permissions": granting(*SCOPES),
    "pages": ok(data=[page(1, "1784")]),
    "account 1": profile("1784", "maya", name="Maya", profile_picture_url="https://p.test/m"),
}
RETURNED = {"code": "c0de", "state": "st&te"}


def exchange(
    script: Mapping[str, Answer], returned: Mapping[str, str] = RETURNED, origin: str = FACEBOOK
) -> Run[list[Identity]]:
    assert CONNECTOR.oauth is not None
    consent = CONNECTOR.oauth
    return drive(CONNECTOR, lambda: consent.exchange(GRANT, {}, returned, origin), script)


def refusal_of(script: Mapping[str, Answer], returned: Mapping[str, str] = RETURNED) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        exchange(script, returned)
    return refusal.value


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (FACEBOOK, "https://www.facebook.com"),
        ("http://127.0.0.1:1/fake", "http://127.0.0.1:1/fake"),
    ],
)
def test_the_person_consents_on_facebook(origin: str, host: str) -> None:
    assert CONNECTOR.oauth is not None
    consent = CONNECTOR.oauth
    run = drive(CONNECTOR, lambda: consent.begin(GRANT, origin), {})
    address, _, query = run.end.url.partition("?")
    assert (run.calls, address) == ([], f"{host}/v26.0/dialog/oauth")
    assert dict(parse_qsl(query, strict_parsing=True)) == {
        "client_id": "fi",
        "redirect_uri": GRANT.redirect_uri,
        "response_type": "code",
        "scope": ",".join(SCOPES),
        "state": "st&te",
    }


@pytest.mark.parametrize("missing", list(APP))
def test_without_the_app_nobody_is_sent_anywhere(missing: str) -> None:
    assert CONNECTOR.oauth is not None
    consent = CONNECTOR.oauth
    instagrams = {"CLIENT_ID": "ci", "CLIENT_SECRET": "cs"}
    grant = replace(GRANT, app={**instagrams, **APP, missing: ""})
    with pytest.raises(Rejected) as refusal:
        drive(CONNECTOR, lambda: consent.begin(grant, FACEBOOK), {})
    assert refusal.value.code == "APP_MISCONFIGURED"


def test_a_code_becomes_a_pages_token_that_does_not_end() -> None:
    run = exchange(LOGIN, {"code": "c0de#_=_"})
    [account] = run.end
    assert (account.external_id, account.handle) == ("1784", "maya")
    assert (account.display_name, account.avatar_url) == ("Maya", "https://p.test/m")
    assert account.tokens.expires_in is None
    secrets = {"accessToken": "EAA.1", "userId": "1784", "pageId": "111", "scopes": ",".join(SCOPES)}
    assert account.tokens.secrets == secrets
    assert all(call.effect is not Effect.COMMIT for call in run.calls)
    assert all(call.url.startswith(f"{FACEBOOK}/v26.0/") for call in run.calls)
    queries = [parse_qs(urlsplit(call.url).query) for call in run.calls[:2]]
    assert queries[0] == {
        "client_id": ["fi"],
        "client_secret": ["f&s"],
        "redirect_uri": [GRANT.redirect_uri],
        "code": ["c0de"],
    }
    assert queries[1] == {
        "client_id": ["fi"],
        "client_secret": ["f&s"],
        "grant_type": ["fb_exchange_token"],
        "fb_exchange_token": ["EAA.short"],
    }
    shown = [call.headers["Authorization"] for call in run.calls[2:]]
    assert shown == ["Bearer EAA.long", "Bearer EAA.long", "Bearer EAA.1"]


def test_one_consent_may_bring_several_accounts() -> None:
    pages = [page(1, "1784"), page(2), page(3, "1785", token=None), page(4, "1786"), page(5, "1787")]
    left_out = Reply(403, json={"error": {"code": 10, "message": "no"}})
    script = {**LOGIN, "pages": ok(data=pages), "account 2": left_out, "account 3": profile("1787", "tim")}
    accounts = exchange(script).end
    assert [(a.handle, a.tokens.secrets["accessToken"]) for a in accounts] == [
        ("maya", "EAA.1"),
        ("tim", "EAA.5"),
    ]


def test_pages_are_read_to_the_end_of_the_list() -> None:
    first = ok(data=[page(1, "1784")], paging={"cursors": {"after": "a&b"}, "next": "https://evil.test/"})
    last = ok(data=[page(2, "1785")], paging={"cursors": {"after": "zz"}})
    script = {**LOGIN, "pages": first, "pages 2": last, "account 2": profile("1785", "tim")}
    run = exchange(script)
    assert [account.handle for account in run.end] == ["maya", "tim"]
    assert parse_qs(urlsplit(run.call("pages 2").url).query)["after"] == ["a&b"]
    assert "pages 3" not in run.names
    assert not any("evil" in call.url for call in run.calls)


@pytest.mark.parametrize(
    "script",
    [
        {"pages": ok(data=[])},
        {"pages": ok(data=[page(1), page(2, "1784", token=None)])},
        {"account 1": Reply(400, json={"error": {"code": 100, "message": "no"}})},
    ],
    ids=["no page", "none linked", "none readable"],
)
def test_a_person_without_a_linked_account_is_told_what_to_do(script: Mapping[str, Answer]) -> None:
    refusal = refusal_of({**LOGIN, **script})
    assert refusal.code == "OAUTH_NO_ACCOUNT"
    assert "link it to a Page" in refusal.message


@pytest.mark.parametrize("missing", NEEDED)
def test_what_posting_needs_must_be_granted(missing: str) -> None:
    granted = [scope for scope in SCOPES if scope != missing]
    refusal = refusal_of({**LOGIN, "permissions": granting(*granted)})
    assert refusal.code == "OAUTH_SCOPES"
    assert f"{missing} is missing" in refusal.message


def test_what_posting_can_do_without_need_not_be_granted() -> None:
    [account] = exchange({**LOGIN, "permissions": granting(*NEEDED)}).end
    assert account.tokens.secrets["scopes"] == ",".join(NEEDED)


def test_a_person_who_says_no_is_told_so_and_nothing_is_asked() -> None:
    denied = {"error": "access_denied", "error_code": "200", "error_description": "Permissions error"}
    refusal = refusal_of({}, denied)
    assert (refusal.code, refusal.platform_code) == ("OAUTH_DENIED", "access_denied")


@pytest.mark.parametrize("call", ["short token", "long token", "permissions", "pages"])
@pytest.mark.parametrize("status", [400, 401, 403])
def test_what_facebook_refuses_is_told_in_its_words(call: str, status: int) -> None:
    refusal = refusal_of({**LOGIN, call: Reply(status, json={"error": {"code": 100, "message": "bad code"}})})
    assert refusal.code == "OAUTH_FAILED"
    assert "bad code" in refusal.message


def test_each_run_names_its_calls_apart() -> None:
    pages: Sequence[object] = [page(1, "1784"), page(2, "1785")]
    run = exchange({**LOGIN, "pages": ok(data=pages), "account 2": profile("1785", "tim")})
    assert len(set(run.names)) == len(run.names)

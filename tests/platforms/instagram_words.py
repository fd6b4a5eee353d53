"""What Instagram says and is asked in tests: an account, posts, and the answers to a conversation that goes well."""

from collections.abc import Mapping
from datetime import UTC, datetime

from flows import Answer
from msgspec.structs import replace as change

from layers.connector import (
    Account,
    Call,
    ContentKind,
    Media,
    Post,
    Published,
    Reply,
)

ORIGIN = "http://127.0.0.1:1234/instagram"
ACCOUNT = Account("sa_1", "1784", "maya", ORIGIN, {"accessToken": "IGA.1", "userId": "1784"})
MOMENT = datetime(2026, 11, 23, tzinfo=UTC)
VIDEO = Media(
    "ast_v", "video", "video/mp4", 1000, "00", "k", 1080, 1920, 15_000, 30.0, "h264", "https://m.test/v"
)
IMAGE = Media("ast_i", "image", "image/jpeg", 1000, "00", "k", 1080, 1350, url="https://m.test/i")


def post_of(
    *media: Media,
    mode: str = "feed",
    caption: str = "Hello #cats",
    comment: str | None = None,
    options: Mapping[str, object] | None = None,
) -> Post:
    kind: ContentKind = "carousel" if media[1:] else media[0].kind
    return Post("sp_1", 7, mode, kind, caption, comment, media, options or {}, MOMENT)


REEL = post_of(VIDEO, mode="reels")
PHOTO = post_of(IMAGE)
THREE = post_of(IMAGE, VIDEO, change(IMAGE, url="https://m.test/j"))


def ok(**fields: object) -> Reply:
    return Reply(200, json=fields)


def status(code: str, text: str = "") -> Reply:
    return ok(status_code=code, status=text, id="c1")


def refused(code: int, subcode: int | None = None, http: int = 400, **more: object) -> Reply:
    error: dict[str, object] = {"code": code, "message": "no", "type": "OAuthException", **more}
    return Reply(http, json={"error": error if subcode is None else {**error, "error_subcode": subcode}})


def quota(used: int, total: int = 100, seconds: int = 86_400) -> Reply:
    return ok(data=[{"quota_usage": used, "config": {"quota_total": total, "quota_duration": seconds}}])


READY = status("FINISHED", "Finished: Media has been uploaded and it is ready to be published.")
BUSY = status("IN_PROGRESS")
LINK = "https://www.instagram.com/p/Abc/"
HAPPY: Mapping[str, Answer] = {
    "quota": quota(3),
    "container": ok(id="c1"),
    "container status": [BUSY, BUSY, READY],
    "publish": ok(id="m1"),
    "link": ok(id="m1", permalink=LINK),
    "first comment": ok(id="k1"),
}
ITEMS: Mapping[str, Answer] = {
    **HAPPY,
    **{f"item {n}": ok(id=f"i{n}") for n in (1, 2, 3)},
    "item 1 status": READY,
    "item 2 status": [BUSY, READY],
    "item 3 status": READY,
}
SECOND: Mapping[str, Answer] = {
    "container (round 2)": ok(id="c2"),
    "container status (round 2)": READY,
    "publish (round 2)": ok(id="m2"),
}
PUBLIC = Published("m1", LINK)


def body(call: Call) -> Mapping[str, object]:
    assert isinstance(call.json, Mapping)
    return call.json

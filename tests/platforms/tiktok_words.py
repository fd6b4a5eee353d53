"""What TikTok says and is asked in tests: an account, posts, and the answers to a conversation that goes well."""

from collections.abc import Mapping
from datetime import UTC, datetime

from layers.connector import (
    Account,
    Media,
    Post,
    Published,
    Reply,
)

MB = 1_000_000
MIB = 1024 * 1024
ACCOUNT = Account(
    "sa_1",
    "open-1",
    "maya",
    "http://127.0.0.1:1234/tiktok",
    {"accessToken": "act.1", "refreshToken": "rft.1", "openId": "open-1"},
)
LEVELS = ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]


def ok(**data: object) -> Reply:
    return Reply(200, json={"data": data, "error": {"code": "ok", "message": "", "log_id": "1"}})


def refused(code: str, status: int = 200) -> Reply:
    return Reply(status, json={"data": {}, "error": {"code": code, "message": "no", "log_id": "1"}})


def progress(status: int, number: int, size: int) -> Reply:
    return Reply(status, headers={"content-range": f"bytes 0-{number}/{size}"})


def video(size: int) -> Media:
    return Media("ast_1", "video", "video/mp4", size, "00", "k", duration_ms=15_000)


def photo(number: int) -> Media:
    return Media(f"ast_{number}", "image", "image/jpeg", 100, "00", "k", url=f"https://m.test/{number}.jpg")


def video_post(
    size: int = 70 * MB, mode: str = "direct_publish", options: Mapping[str, object] | None = None
) -> Post:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    return Post("sp_1", 7, mode, "video", "Hello #cats", None, (video(size),), options or {}, moment)


def photo_post(count: int = 2, mode: str = "direct_publish", caption: str = "Hello\nworld") -> Post:
    kind = "image" if count == 1 else "carousel"
    media = tuple(photo(number) for number in range(count))
    return Post("sp_2", 8, mode, kind, caption, None, media, {}, datetime(2026, 11, 23, tzinfo=UTC))


CREATOR = ok(
    creator_username="maya.makes",
    privacy_level_options=LEVELS,
    comment_disabled=False,
    duet_disabled=True,
    stitch_disabled=False,
    max_video_post_duration_sec=600,
)
INIT = ok(publish_id="v_pub_file~1", upload_url="https://up.test/video/?upload_id=1&upload_token=t")
INIT_2 = ok(publish_id="v_pub_file~2", upload_url="https://up.test/video/?upload_id=2&upload_token=t")
MORE = Reply(206)
ALL_IN = Reply(201)
PROCESSING = ok(status="PROCESSING_UPLOAD", uploaded_bytes=70 * MB)
COMPLETE = ok(status="PUBLISH_COMPLETE", publicaly_available_post_id=[7123456789012345678])
COMPLETE_PRIVATE = ok(status="PUBLISH_COMPLETE", publicaly_available_post_id=[])
INBOX = ok(status="SEND_TO_USER_INBOX")
PUBLIC = Published("7123456789012345678", "https://www.tiktok.com/@maya.makes/video/7123456789012345678")
HAPPY = {
    "creator info": CREATOR,
    "init": INIT,
    "chunk 1": MORE,
    "chunk 2": ALL_IN,
    "status": [PROCESSING, PROCESSING, COMPLETE],
}


def failed(reason: str) -> Reply:
    return ok(status="FAILED", fail_reason=reason)

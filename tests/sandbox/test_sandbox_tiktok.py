"""The TikTok fake against its documentation: every rule, over HTTP."""

import asyncio
import hashlib
import secrets

import aiohttp
import pytest
from aiohttp import web
from sandbox_server import PROCESSING, picture, serving

from layers.sandbox.tiktok import chunk_fault

MIB = 1024 * 1024
HEAD = b"\0\0\0\x18ftypmp42"


def video(size: int) -> bytes:
    return (HEAD + secrets.token_bytes(min(size, 64))).ljust(size, b"v")[:size]


class Creator:
    def __init__(self, sandbox, who) -> None:
        self.sandbox, self.who, self.open_id = sandbox, who, who.external_id
        self.headers = {"authorization": f"Bearer {who.tokens.secrets['accessToken']}"}

    async def call(self, path: str, body: object, method: str = "POST", **more):
        return await self.sandbox.call(method, f"/tiktok/v2/{path}", json=body, headers=self.headers, **more)

    async def init(self, size=1000, chunk=None, count=1, *, source=None, **info):
        plan = {
            "source": "FILE_UPLOAD",
            "video_size": size,
            "chunk_size": chunk or size,
            "total_chunk_count": count,
        }
        given = {"title": "hello", "privacy_level": "PUBLIC_TO_EVERYONE"} | info
        return await self.call(
            "post/publish/video/init/", {"post_info": given, "source_info": source or plan}
        )

    async def inbox(self, source=None, **more):
        plan = {"source": "FILE_UPLOAD", "video_size": 1000, "chunk_size": 1000, "total_chunk_count": 1}
        return await self.call("post/publish/inbox/video/init/", {"source_info": source or plan, **more})

    async def photos(self, *urls, mode="DIRECT_POST", source=None, **info):
        given = {"title": "t", "description": "d", "privacy_level": "PUBLIC_TO_EVERYONE"} | info
        given = {name: value for name, value in given.items() if value is not None}
        pulled = {"source": "PULL_FROM_URL", "photo_images": list(urls)} | (source or {})
        body = {"post_info": given, "source_info": pulled, "post_mode": mode, "media_type": "PHOTO"}
        return await self.call("post/publish/content/init/", body)

    async def put(self, url, part: bytes, first: int, total: int, **headers):
        given = {
            "content-type": "video/mp4",
            "content-range": f"bytes {first}-{first + len(part) - 1}/{total}",
        }
        return await self.sandbox.call("PUT", url, data=part, headers=given | headers)

    async def status(self, publish_id):
        return await self.call("post/publish/status/fetch/", {"publish_id": publish_id})

    async def settled(self, publish_id):
        for _ in range(25):
            data = (await self.status(publish_id)).json["data"]
            if not data["status"].startswith("PROCESSING"):
                return data
            await asyncio.sleep(0.1)
        raise AssertionError("it never settled")

    async def posts(self):
        return await self.sandbox.posts(self.open_id)

    async def publish(self, content=None, **info):
        content = content or video(1000)
        made = (await self.init(len(content), **info)).json["data"]
        return made["publish_id"], await self.put(made["upload_url"], content, 0, len(content))


@pytest.fixture
async def creator(sandbox) -> Creator:
    return Creator(sandbox, await sandbox.sign_up("tiktok"))


def error(reply) -> tuple[int, str]:
    assert set(reply.json["error"]) == {"code", "message", "log_id"}
    return reply.status, reply.json["error"]["code"]


@pytest.fixture
async def shelf():
    """A web server with files; counts fetches."""
    files: dict[str, bytes] = {}
    fetched: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        fetched.append(name)
        if name == "moved":
            raise web.HTTPFound("/a.jpg")
        if name == "slow":
            await asyncio.sleep(1)
        return web.Response(body=files[name]) if name in files else web.Response(status=404)

    app = web.Application()
    app.router.add_get("/{name}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", files, fetched
    await runner.cleanup()


# Login -------------------------------------------------------------------------------------------


async def test_tokens_last_a_day_and_refresh_tokens_rotate(sandbox, creator):
    secret = creator.who.tokens.secrets
    assert set(secret) == {"accessToken", "refreshToken", "openId"}
    assert creator.who.tokens.expires_in.total_seconds() == 86400
    form = {"client_key": "k", "client_secret": "s", "grant_type": "refresh_token"}
    form["refresh_token"] = secret["refreshToken"]
    path = "/tiktok/v2/oauth/token/"
    fresh = await sandbox.call("POST", path, data=form)
    assert fresh.status == 200
    assert (fresh.json["expires_in"], fresh.json["open_id"]) == (86400, creator.open_id)
    assert fresh.json["refresh_token"] != secret["refreshToken"]
    replay = await sandbox.call("POST", path, data=form)
    assert (replay.status, replay.json["error"]) == (400, "invalid_grant")
    creator.headers = {"authorization": f"Bearer {fresh.json['access_token']}"}
    assert error(await creator.call("post/publish/creator_info/query/", {})) == (200, "ok")
    for missing in ("client_key", "client_secret"):
        refused = await sandbox.call("POST", path, data=form | {missing: ""})
        assert (refused.status, refused.json["error"]) == (401, "invalid_client")
    refused = await sandbox.call("POST", path, data=form | {"grant_type": "password"})
    assert refused.json["error"] == "unsupported_grant_type"


async def test_two_refreshes_at_once_have_one_winner(sandbox, creator):
    form = {"client_key": "k", "client_secret": "s", "grant_type": "refresh_token"}
    form["refresh_token"] = creator.who.tokens.secrets["refreshToken"]
    calls = (sandbox.call("POST", "/tiktok/v2/oauth/token/", data=form) for _ in range(5))
    assert sorted(reply.status for reply in await asyncio.gather(*calls)) == [200, 400, 400, 400, 400]


async def test_bad_missing_and_expired_tokens(sandbox, creator):
    await sandbox.age("access_token", creator.who.tokens.secrets["accessToken"], "expires_at", 86401)
    assert error(await creator.init()) == (401, "access_token_invalid")
    for headers in ({}, {"authorization": "Bearer nonsense"}):
        creator.headers = headers
        assert error(await creator.init()) == (401, "access_token_invalid")


async def test_user_info_gives_the_fields_asked_for(creator):
    found = await creator.call("user/info/?fields=open_id,display_name", None, "GET")
    assert found.json["data"]["user"] == {"open_id": creator.open_id, "display_name": creator.who.handle}
    assert error(await creator.call("user/info/", None, "GET")) == (400, "invalid_params")
    assert error(await creator.call("user/info/?fields=shoe_size", None, "GET")) == (400, "invalid_params")


# What a creator may do ---------------------------------------------------------------------------


async def test_privacy_must_be_among_the_creators_options(sandbox, creator):
    info = (await creator.call("post/publish/creator_info/query/", {})).json["data"]
    assert info["privacy_level_options"] == ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
    assert (info["creator_username"], info["comment_disabled"]) == (creator.who.handle, False)
    assert error(await creator.init(privacy_level="FOLLOWER_OF_CREATOR")) == (
        403,
        "privacy_level_option_mismatch",
    )
    private = Creator(sandbox, await sandbox.sign_up("tiktok", "private"))
    assert error(await private.init()) == (403, "privacy_level_option_mismatch")
    assert error(await private.init(privacy_level="FOLLOWER_OF_CREATOR")) == (200, "ok")


async def test_what_the_creator_turned_off_stays_off(sandbox):
    shy = Creator(sandbox, await sandbox.sign_up("tiktok", "nocomment", "noduet"))
    info = (await shy.call("post/publish/creator_info/query/", {})).json["data"]
    assert (info["comment_disabled"], info["duet_disabled"], info["stitch_disabled"]) == (True, True, False)
    await shy.publish(disable_comment=False, disable_duet=False, disable_stitch=False)
    (post,) = await shy.posts()
    wanted = ("disableComment", "disableDuet", "disableStitch")
    assert [post["options"][name] for name in wanted] == [True, True, False]


@pytest.mark.parametrize(
    ("handle", "level", "status"),
    [
        ("ann.unaudited", "PUBLIC_TO_EVERYONE", 403),
        ("ann.unaudited", "SELF_ONLY", 403),
        ("ann.unaudited.private", "FOLLOWER_OF_CREATOR", 403),
        ("ann.unaudited.private", "SELF_ONLY", 200),
    ],
)
async def test_an_app_that_was_not_audited_posts_to_private_accounts_for_themselves(
    sandbox, handle, level, status
):
    creator = Creator(sandbox, await sandbox.sign_up("tiktok", handle))
    reply = await creator.init(privacy_level=level)
    code = "ok" if status == 200 else "unaudited_client_can_only_post_to_private_accounts"
    assert error(reply) == (status, code)


async def test_a_banned_creator_is_told_with_200_by_creator_info(sandbox):
    banned = Creator(sandbox, await sandbox.sign_up("tiktok", "banned"))
    code = "spam_risk_user_banned_from_posting"
    assert error(await banned.call("post/publish/creator_info/query/", {})) == (200, code)
    assert error(await banned.init()) == (403, code)


@pytest.mark.parametrize(
    ("path", "limit"), [("creator_info/query/", 20), ("video/init/", 6), ("status/fetch/", 30)]
)
async def test_calls_are_limited_by_the_minute_and_token(sandbox, creator, path, limit):
    replies = [await creator.call(f"post/publish/{path}", {}) for _ in range(limit + 1)]
    assert 429 not in {reply.status for reply in replies[:limit]}
    assert error(replies[limit]) == (429, "rate_limit_exceeded")
    assert 0 < int(replies[limit].headers["retry-after"]) <= 60
    other = Creator(sandbox, await sandbox.sign_up("tiktok"))
    assert (await other.call(f"post/publish/{path}", {})).status != 429


async def forget_rate(creator):
    await creator.sandbox.pool.execute("DELETE FROM sandbox_records WHERE kind = 'window'")


async def test_fifteen_direct_posts_a_day(creator):
    for n in range(15):
        if n % 6 == 0:
            await forget_rate(creator)
        assert (await creator.publish())[1].status == 201
    await forget_rate(creator)
    assert error(await creator.init()) == (403, "spam_risk_too_many_posts")
    told = await creator.call("post/publish/creator_info/query/", {})
    assert error(told) == (200, "spam_risk_too_many_posts")
    assert error(await creator.inbox()) == (200, "ok")
    past = "UPDATE sandbox_records SET created_at = created_at - interval '1 day' WHERE owner = $1"
    await creator.sandbox.pool.execute(past, creator.open_id)
    assert error(await creator.init()) == (200, "ok")


async def test_five_pending_drafts(creator):
    for _ in range(5):
        made = (await creator.inbox()).json["data"]
        assert made["publish_id"].startswith("v_inbox_file~")
    assert error(await creator.inbox()) == (403, "spam_risk_too_many_pending_share")


# Inits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "info",
    [{"title": "x" * 2201}, {"title": "😀" * 1101}, {"unknown": 1}, {"disable_duet": "no"}, {"title": "a\0"}],
)
async def test_bad_post_info(creator, info):
    assert error(await creator.init(**info)) == (400, "invalid_params")


async def test_titles_up_to_2200_utf16_units(creator):
    assert error(await creator.init(title="😀" * 1100)) == (200, "ok")


async def test_bodies_are_strict_json(sandbox, creator):
    path = "/tiktok/v2/post/publish/video/init/"
    plain = await sandbox.call(
        "POST", path, data=b"{}", headers=creator.headers | {"content-type": "text/plain"}
    )
    broken = await sandbox.call(
        "POST", path, data=b"{", headers=creator.headers | {"content-type": "application/json"}
    )
    assert error(plain) == error(broken) == (400, "invalid_params")
    assert error(await creator.inbox(post_info={"title": "x"})) == (400, "invalid_params")


@pytest.mark.parametrize(
    ("size", "chunk", "count", "good"),
    [
        (50_000_123, 10_000_000, 5, True),
        (50_000_123, 10_000_000, 6, False),
        (1000, 1000, 1, True),
        (1000, 500, 2, False),
        (5 * MIB - 1, 5 * MIB - 1, 1, True),
        (10 * MIB, 5 * MIB - 1, 2, False),
        (10 * MIB, 5 * MIB, 2, True),
        (64 * MIB, 64 * MIB, 1, True),
        (64 * MIB + 1, 64 * MIB, 1, False),
        (64 * MIB + 1, 32 * MIB, 2, True),
        (200 * MIB, 65 * MIB, 3, False),
        (191 * MIB, 64 * MIB, 2, True),
        (5005 * MIB, 5 * MIB, 1001, False),
        (4 * 1024 * MIB, 64 * MIB, 64, True),
        (4 * 1024 * MIB + 1, 64 * MIB, 64, False),
        (10, 20, 0, False),
        (0, 0, 0, False),
    ],
)
async def test_chunk_plans(creator, size, chunk, count, good):
    reply = await creator.init(size, chunk, count)
    assert error(reply) == ((200, "ok") if good else (400, "invalid_params"))
    assert (chunk_fault(size, chunk, count) is None) == good


# Uploading ---------------------------------------------------------------------------------------


async def test_a_post_begins_with_its_last_chunk_and_shows_its_id_late(sandbox, creator):
    content = video(11 * MIB)
    made = (await creator.init(len(content), 5 * MIB, 2)).json["data"]
    assert made["publish_id"].startswith("v_pub_file~v2-1.")
    assert made["upload_url"].startswith(f"{sandbox.origin}/tiktok/video/?upload_id=")
    first, last = content[: 5 * MIB], content[5 * MIB :]
    begun = await creator.put(made["upload_url"], first, 0, len(content))
    assert (begun.status, begun.headers["content-range"]) == (206, f"bytes 0-{5 * MIB}/{11 * MIB}")
    data = (await creator.status(made["publish_id"])).json["data"]
    assert (data["status"], data["uploaded_bytes"]) == ("PROCESSING_UPLOAD", 5 * MIB)
    assert await creator.posts() == []
    done = await creator.put(made["upload_url"], last, 5 * MIB, len(content))
    assert (done.status, done.headers["content-range"]) == (201, f"bytes 0-{11 * MIB}/{11 * MIB}")
    assert (await creator.status(made["publish_id"])).json["data"]["status"] == "PROCESSING_UPLOAD"
    assert [post["state"] for post in await creator.posts()] == ["processing"]
    data = await creator.settled(made["publish_id"])
    assert (data["status"], data["publicaly_available_post_id"]) == ("PUBLISH_COMPLETE", [])
    await asyncio.sleep(PROCESSING)
    (number,) = (await creator.status(made["publish_id"])).json["data"]["publicaly_available_post_id"]
    (post,) = await creator.posts()
    assert (post["id"], post["state"], post["mode"]) == (str(number), "public", "direct_publish")
    parts = [hashlib.sha256(part).hexdigest() for part in (first, last)]
    assert post["media"] == [
        {"kind": "video", "sizeBytes": 11 * MIB, "sha256": None, "parts": parts, "kept": False}
    ]
    listed = await creator.call("video/list/?fields=id,title", {})
    assert listed.json["data"]["videos"] == [{"id": str(number), "title": "hello"}]


async def test_self_only_posts_never_get_an_id(creator):
    content = video(1000)
    publish_id, done = await creator.publish(content, privacy_level="SELF_ONLY")
    assert done.status == 201
    await creator.settled(publish_id)
    await asyncio.sleep(PROCESSING)
    data = (await creator.status(publish_id)).json["data"]
    assert (data["status"], data["publicaly_available_post_id"]) == ("PUBLISH_COMPLETE", [])
    (post,) = await creator.posts()
    assert (post["id"], post["state"]) == (publish_id, "private")
    assert post["media"][0]["sha256"] == hashlib.sha256(content).hexdigest()
    assert (await creator.call("video/list/?fields=id", {})).json["data"]["videos"] == []


async def test_chunks_are_strictly_sequential(creator):
    total = 10 * MIB
    content = video(total)
    half = 5 * MIB
    url = (await creator.init(total, half, 2)).json["data"]["upload_url"]
    early = await creator.put(url, content[half:], half, total)
    assert (early.status, early.headers["content-range"]) == (416, f"bytes 0-0/{total}")
    assert (await creator.put(url, content[:half], 0, total)).status == 206
    again = await creator.put(url, content[:half], 0, total)
    assert (again.status, again.headers["content-range"]) == (416, f"bytes 0-{half}/{total}")
    replies = await asyncio.gather(*(creator.put(url, content[half:], half, total) for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [201, 416, 416, 416]
    assert (await creator.put(url, content[half:], half, total)).status == 416
    assert len(await creator.posts()) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"content-range": "bytes 0-999"},
        {"content-range": "0-999/1000"},
        {"content-range": "bytes 0-998/1000"},
        {"content-range": "bytes 0-999/1001"},
        {"content-range": "bytes 0-1000/1000"},
        {"content-type": "application/octet-stream"},
        {"content-type": "image/jpeg"},
    ],
)
async def test_bad_chunk_headers(creator, headers):
    url = (await creator.init()).json["data"]["upload_url"]
    assert (await creator.put(url, video(1000), 0, 1000, **headers)).status == 400
    assert (await creator.put(url, video(1000), 0, 1000)).status == 201


async def test_a_chunk_of_another_size_than_planned(creator):
    url = (await creator.init(10 * MIB, 5 * MIB, 2)).json["data"]["upload_url"]
    assert (await creator.put(url, video(6 * MIB), 0, 10 * MIB)).status == 400


async def test_upload_urls_are_secret_and_expire(creator):
    made = (await creator.init()).json["data"]
    wrong = made["upload_url"][:-1] + "x"
    assert (await creator.put(wrong, video(1000), 0, 1000)).status == 404
    past = "UPDATE sandbox_records SET created_at = created_at - interval '1 hour' WHERE id = $1"
    await creator.sandbox.pool.execute(past, made["publish_id"])
    assert (await creator.put(made["upload_url"], video(1000), 0, 1000)).status == 403


async def test_what_is_no_video_fails(creator):
    publish_id, done = await creator.publish(b"x" * 1000)
    assert done.status == 201
    data = await creator.settled(publish_id)
    assert (data["status"], data["fail_reason"]) == ("FAILED", "file_format_check_failed")
    assert await creator.posts() == []


async def test_drafts_end_in_the_inbox(creator):
    made = (await creator.inbox()).json["data"]
    assert (await creator.put(made["upload_url"], video(1000), 0, 1000)).status == 201
    assert (await creator.settled(made["publish_id"]))["status"] == "SEND_TO_USER_INBOX"
    (post,) = await creator.posts()
    assert (post["mode"], post["state"], post["caption"]) == ("draft_to_device", "inbox", "")


async def test_status_of_unknown_and_foreign_posts(sandbox, creator):
    assert error(await creator.status("v_pub_file~v2-1.1")) == (400, "invalid_publish_id")
    publish_id, _ = await creator.publish()
    other = Creator(sandbox, await sandbox.sign_up("tiktok"))
    code = "token_not_authorized_for_specified_publish_id"
    assert error(await other.status(publish_id)) == (400, code)


# Pulling -----------------------------------------------------------------------------------------


async def test_photos_are_pulled_and_become_one_post(creator, shelf):
    at, files, fetched = shelf
    files |= {"a.jpg": picture("JPEG", 1080, 1920), "b.webp": picture("WEBP", 20, 30)}
    made = await creator.photos(f"{at}a.jpg", f"{at}b.webp", source={"photo_cover_index": 1})
    assert error(made) == (200, "ok")
    publish_id = made.json["data"]["publish_id"]
    assert publish_id.startswith("p_pub_url~v2.")
    assert list(made.json["data"]) == ["publish_id"]
    assert (await creator.settled(publish_id))["status"] == "PUBLISH_COMPLETE"
    (post,) = await creator.posts()
    assert fetched == ["a.jpg", "b.webp"]
    hashes = [hashlib.sha256(files[name]).hexdigest() for name in ("a.jpg", "b.webp")]
    assert [medium["sha256"] for medium in post["media"]] == hashes
    assert (post["caption"], post["options"]["photoCoverIndex"]) == ("t\nd", 1)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.jpg", "photo_pull_failed"),
        ("moved", "photo_pull_failed"),
        ("p.png", "file_format_check_failed"),
        ("fake.jpg", "file_format_check_failed"),
        ("wide.jpg", "picture_size_check_failed"),
        ("heavy.jpg", "picture_size_check_failed"),
    ],
)
async def test_photos_that_cannot_be_taken(creator, shelf, name, reason):
    at, files, _ = shelf
    files |= {
        "a.jpg": picture("JPEG", 8, 8),
        "p.png": picture("PNG", 8, 8),
        "fake.jpg": b"\xff\xd8\xff nothing",
    }
    files |= {"wide.jpg": picture("JPEG", 1921, 100), "heavy.jpg": picture("JPEG", 8, 8, pad=20 * MIB)}
    publish_id = (await creator.photos(f"{at}{name}")).json["data"]["publish_id"]
    data = await creator.settled(publish_id)
    assert (data["status"], data["fail_reason"]) == ("FAILED", reason)
    assert await creator.posts() == []


@pytest.mark.parametrize(
    "given",
    [
        {"title": "x" * 91},
        {"description": "x" * 4001},
        {"privacy_level": None},
        {"disable_duet": True},
        {"source": {"photo_images": []}},
        {"source": {"photo_images": ["http://127.0.0.1:1/x"] * 36}},
        {"source": {"photo_images": ["file:///etc/passwd"]}},
        {"source": {"photo_cover_index": 1}},
        {"source": {"source": "FILE_UPLOAD"}},
        {"mode": "LATER"},
    ],
)
async def test_bad_photo_inits(creator, given):
    assert error(await creator.photos("http://127.0.0.1:1/x", **given)) == (400, "invalid_params")


async def test_photo_drafts_need_no_privacy(creator, shelf):
    at, files, _ = shelf
    files["a.jpg"] = picture("JPEG", 8, 8)
    made = await creator.photos(f"{at}a.jpg", mode="MEDIA_UPLOAD", privacy_level=None)
    publish_id = made.json["data"]["publish_id"]
    assert publish_id.startswith("p_inbox_url~v2.")
    assert (await creator.settled(publish_id))["status"] == "SEND_TO_USER_INBOX"


async def test_videos_are_pulled_too(creator, shelf):
    at, files, _ = shelf
    files["v.mp4"] = video(300_000)
    made = await creator.init(source={"source": "PULL_FROM_URL", "video_url": f"{at}v.mp4"})
    assert made.json["data"]["publish_id"].startswith("v_pub_url~v2-1.")
    data = await creator.settled(made.json["data"]["publish_id"])
    assert (data["status"], data["downloaded_bytes"]) == ("PUBLISH_COMPLETE", 300_000)
    gone = await creator.init(source={"source": "PULL_FROM_URL", "video_url": f"{at}no.mp4"})
    data = await creator.settled(gone.json["data"]["publish_id"])
    assert (data["status"], data["fail_reason"]) == ("FAILED", "video_pull_failed")


async def test_a_pull_outlives_its_server(pool, sandbox, creator, shelf):
    at, files, fetched = shelf
    files["slow"] = picture("JPEG", 8, 8)
    async with serving(pool, processing_seconds=PROCESSING) as doomed:
        elsewhere = Creator(sandbox, creator.who)
        elsewhere.sandbox = type(sandbox)(pool, sandbox.web, doomed)
        publish_id = (await elsewhere.photos(f"{at}slow")).json["data"]["publish_id"]
        while not fetched:  # noqa: ASYNC110 - another server's doing
            await asyncio.sleep(0.01)
    assert (await creator.status(publish_id)).json["data"]["status"] == "PROCESSING_DOWNLOAD"
    await sandbox.age("share", publish_id, "pulling_until", 60)
    async with serving(pool, processing_seconds=PROCESSING):
        data = await creator.settled(publish_id)
    assert data["status"] == "PUBLISH_COMPLETE"
    assert len(await creator.posts()) == 1


async def test_only_unfinished_pulls_can_be_cancelled(creator, shelf):
    at, files, _ = shelf
    files["slow"] = picture("JPEG", 8, 8)
    pulled = (await creator.photos(f"{at}slow")).json["data"]["publish_id"]
    assert error(await creator.call("post/publish/cancel/", {"publish_id": pulled})) == (200, "ok")
    data = await creator.settled(pulled)
    assert (data["status"], data["fail_reason"]) == ("FAILED", "publish_cancelled")
    await asyncio.sleep(1)
    assert await creator.posts() == []
    publish_id, _ = await creator.publish()
    refused = await creator.call("post/publish/cancel/", {"publish_id": publish_id})
    assert error(refused) == (400, "publish_not_cancellable")


# Faults ------------------------------------------------------------------------------------------


async def test_the_last_chunks_answer_is_lost_and_the_post_is_there_once(sandbox, creator):
    made = (await creator.init(title="[fault:lose_answer]")).json["data"]
    with pytest.raises(aiohttp.ClientError):
        await creator.put(made["upload_url"], video(1000), 0, 1000)
    assert (await creator.put(made["upload_url"], video(1000), 0, 1000)).status == 416
    assert (await creator.settled(made["publish_id"]))["status"] == "PUBLISH_COMPLETE"
    assert len(await creator.posts()) == 1


async def test_words_strike_once_even_after_another_init(creator):
    made = (await creator.init(title="[fault:throttle]")).json["data"]
    assert error(await creator.put(made["upload_url"], video(1000), 0, 1000)) == (429, "rate_limit_exceeded")
    assert await creator.posts() == []
    assert (await creator.publish(title="[fault:throttle]"))[1].status == 201


async def test_a_photo_init_with_a_lost_answer_publishes(creator, shelf):
    at, files, fetched = shelf
    files["a.jpg"] = picture("JPEG", 8, 8)
    with pytest.raises(aiohttp.ClientError):
        await creator.photos(f"{at}a.jpg", title="[fault:lose_answer]")
    await asyncio.sleep(PROCESSING + 0.2)
    assert [post["state"] for post in await creator.posts()] == ["public"]
    assert fetched == ["a.jpg"]


async def test_moderation_ends_in_failure(creator):
    publish_id, done = await creator.publish(title="[fault:reject]")
    assert done.status == 201
    data = await creator.settled(publish_id)
    assert (data["status"], data["fail_reason"]) == ("FAILED", "spam_risk_text")
    assert await creator.posts() == []


async def test_faults_by_request_in_tiktoks_words(sandbox, creator):
    line = "POST /v2/post/publish/video/init/$"
    for action in ("throttle", "expire_token", "unavailable", "error_after"):
        await sandbox.fault("tiktok", line, action, seconds=12)
    throttled = await creator.init()
    assert error(throttled) == (429, "rate_limit_exceeded")
    assert throttled.headers["retry-after"] == "12"
    assert error(await creator.init()) == (401, "access_token_invalid")
    assert error(await creator.init()) == (503, "internal_error")
    assert error(await creator.init()) == (500, "internal_error")
    assert error(await creator.init()) == (200, "ok")
    await sandbox.fault("tiktok", "PUT /video/", "refuse")
    with pytest.raises(aiohttp.ClientError):
        await creator.publish()
    assert await creator.posts() == []

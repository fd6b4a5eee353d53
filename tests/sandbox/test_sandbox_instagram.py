"""The Instagram fake against its documentation: every rule, over HTTP."""

import asyncio
import json
import secrets

import aiohttp
import pytest
from aiohttp import web
from sandbox_server import PROCESSING, picture, serving

MIB = 1024 * 1024
HEAD = b"\0\0\0\x18ftypmp42"
ALL_OK = (200, None, None)


def video(size: int = 1000) -> bytes:
    return (HEAD + secrets.token_bytes(min(size, 64))).ljust(size, b"v")[:size]


class Pro:
    """A professional account."""

    def __init__(self, sandbox, who) -> None:
        self.sandbox, self.who, self.id = sandbox, who, who.external_id
        self.token = who.tokens.secrets["accessToken"]

    async def get(self, path: str, **query):
        query = {"access_token": self.token} | query
        return await self.sandbox.call("GET", f"/instagram/v26.0/{path}", params=query)

    async def post(self, path: str, **form):
        form = {"access_token": self.token} | form
        return await self.sandbox.call("POST", f"/instagram/v26.0/{path}", data=form)

    async def make(self, **form):
        return await self.post(f"{self.id}/media", **form)

    async def publish(self, creation_id: str):
        return await self.post(f"{self.id}/media_publish", creation_id=creation_id)

    async def status(self, creation_id: str) -> tuple[str, str]:
        found = (await self.get(creation_id, fields="status_code,status")).json
        return found["status_code"], found["status"]

    async def settled(self, creation_id: str) -> tuple[str, str]:
        for _ in range(60):
            found = await self.status(creation_id)
            if found[0] != "IN_PROGRESS":
                return found
            await asyncio.sleep(0.05)
        raise AssertionError("it never settled")

    async def finished(self, **form) -> str:
        made = await self.make(**form)
        assert made.status == 200, made.json
        assert (await self.settled(made.json["id"]))[0] == "FINISHED"
        return made.json["id"]

    async def media(self, **query):
        return (await self.get(f"{self.id}/media", **query)).json["data"]

    async def posts(self):
        return await self.sandbox.posts(self.id)


@pytest.fixture
async def pro(sandbox) -> Pro:
    return Pro(sandbox, await sandbox.sign_up("instagram"))


def error(reply) -> tuple[int, int | None, int | None]:
    if reply.status == 200:
        return ALL_OK
    found = reply.json["error"]
    assert {"message", "type", "code", "is_transient", "fbtrace_id"} <= set(found)
    return reply.status, found["code"], found.get("error_subcode")


@pytest.fixture
async def shelf():
    """A web server with files; tells what was fetched."""
    files: dict[str, bytes] = {"a.jpg": picture("JPEG", 400, 400), "v.mp4": video()}
    fetched: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        fetched.append(name)
        if name == "moved.jpg":
            raise web.HTTPFound("/a.jpg")
        if name == "slow.jpg":
            await asyncio.sleep(0.5)
        return web.Response(body=files[name]) if name in files else web.Response(status=404)

    app = web.Application()
    app.router.add_get("/{name}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", files, fetched
    await runner.cleanup()


# Who is calling ----------------------------------------------------------------------------------


async def test_an_account_is_known_by_two_ids_and_me(pro):
    assert set(pro.who.tokens.secrets) == {"accessToken", "userId"}
    assert pro.who.tokens.secrets["userId"] == pro.id
    assert pro.who.tokens.expires_in.days == 60
    me = (await pro.get("me", fields="user_id,username,name,profile_picture_url,account_type")).json
    assert (me["user_id"], me["username"], me["account_type"]) == (pro.id, pro.who.handle, "MEDIA_CREATOR")
    assert me["id"] != pro.id
    for name in (pro.id, me["id"]):
        assert (await pro.get(name)).json == {"id": me["id"]}
    assert error(await pro.get("me", fields="shoe_size")) == (400, 100, None)
    assert error(await pro.get("17841000000000000")) == (400, 100, 33)
    plain = await pro.sandbox.call("GET", "/instagram/me", params={"access_token": pro.token})
    assert plain.json == {"id": me["id"]}


async def test_wrapped_accounts_answer_as_the_documentation_shows(sandbox):
    wrapped = Pro(sandbox, await sandbox.sign_up("instagram", "wrapped"))
    found = (await wrapped.get("me", fields="user_id,username")).json
    assert [one["user_id"] for one in found["data"]] == [wrapped.id]


async def test_tokens_come_in_the_query_the_body_or_a_header(sandbox, pro):
    path = "/instagram/v26.0/me"
    header = {"authorization": f"Bearer {pro.token}"}
    assert (await sandbox.call("GET", path, headers=header)).status == 200
    body = {"image_url": "ftp://x", "access_token": pro.token}
    for given in ({"json": body}, {"data": body}, {"params": body}):
        reply = await sandbox.call("POST", f"/instagram/v26.0/{pro.id}/media", **given)
        assert error(reply) == (400, 9004, 2207052)


async def test_tokens_missing_bad_and_expired(sandbox, pro):
    assert error(await sandbox.call("GET", "/instagram/v26.0/me")) == (400, 104, None)
    assert error(await pro.get("me", access_token="nonsense")) == (400, 190, None)
    await sandbox.age("access_token", pro.token, "expires_at", 60 * 86400 + 1)
    assert error(await pro.get("me")) == (400, 190, 463)
    assert error(await pro.make(image_url="http://127.0.0.1:1/a.jpg")) == (400, 190, 463)


async def test_long_tokens_are_refreshed_from_their_second_day_on(sandbox, pro):
    young = await pro.get("refresh_access_token", grant_type="ig_refresh_token")
    assert error(young) == (400, 100, None)
    await sandbox.age("access_token", pro.token, "issued_at", 86401)
    assert error(await pro.get("refresh_access_token", grant_type="other")) == (400, 100, None)
    path = "/instagram/refresh_access_token"
    query = {"grant_type": "ig_refresh_token", "access_token": pro.token}
    fresh = (await sandbox.call("GET", path, params=query)).json
    assert (fresh["token_type"], fresh["expires_in"]) == ("bearer", 60 * 86400)
    assert fresh["access_token"] != pro.token
    for token in (pro.token, fresh["access_token"]):
        assert (await pro.get("me", access_token=token)).status == 200
    await sandbox.age("access_token", pro.token, "expires_at", 60 * 86400)
    assert error(await pro.get("refresh_access_token", grant_type="ig_refresh_token")) == (400, 190, 463)


async def test_another_accounts_things_do_not_exist(sandbox, pro, shelf):
    at, _, _ = shelf
    other = Pro(sandbox, await sandbox.sign_up("instagram"))
    container = await pro.finished(image_url=f"{at}a.jpg", is_carousel_item="true")
    assert error(await other.get(container, fields="status_code")) == (400, 100, 33)
    assert error(await other.get(f"{pro.id}/media")) == (400, 100, 33)
    assert error(await other.publish(container)) == (400, 24, 2207006)
    again = await other.make(media_type="CAROUSEL", children=f"{container},{container[:-1]}")
    assert error(again) == (400, 100, 33)


# Making containers -------------------------------------------------------------------------------


async def test_an_image_is_fetched_finished_and_published(pro, shelf):
    at, _, fetched = shelf
    made = await pro.make(image_url=f"{at}a.jpg", caption="hello #tag", alt_text="grey")
    assert list(made.json) == ["id"]
    container = made.json["id"]
    code, words = await pro.status(container)
    assert (code, words.startswith("In Progress")) == ("IN_PROGRESS", True)
    assert error(await pro.publish(container)) == (400, 9007, 2207027)
    assert (await pro.settled(container))[0] == "FINISHED"
    assert await pro.posts() == []
    assert await pro.media() == []
    done = await pro.publish(container)
    assert list(done.json) == ["id"]
    assert done.json["id"] != container
    assert (await pro.status(container))[0] == "PUBLISHED"
    assert fetched == ["a.jpg"]
    fields = "permalink,media_product_type,timestamp,caption,media_type"
    post = (await pro.get(done.json["id"], fields=fields)).json
    assert (post["id"], post["caption"]) == (done.json["id"], "hello #tag")
    assert (post["media_product_type"], post["media_type"]) == ("FEED", "IMAGE")
    assert post["permalink"].startswith("https://www.instagram.com/p/")
    assert post["timestamp"].endswith("+0000")
    (item,) = await pro.posts()
    assert (item["id"], item["mode"], item["state"]) == (done.json["id"], "feed", "public")
    assert (item["media"][0]["kept"], item["options"]["altText"]) == (True, "grey")
    assert (await pro.get(container)).json == {"id": container}


async def test_a_reel_keeps_its_options(pro, shelf):
    at, _, fetched = shelf
    container = await pro.finished(
        media_type="REELS",
        video_url=f"{at}v.mp4",
        cover_url=f"{at}a.jpg",
        share_to_feed="true",
        collaborators='["ann","bo"]',
        thumb_offset="1500",
        is_ai_generated="true",
    )
    media_id = (await pro.publish(container)).json["id"]
    assert sorted(fetched) == ["a.jpg", "v.mp4"]
    post = (await pro.get(media_id, fields="media_product_type,permalink,caption")).json
    assert post["media_product_type"] == "REELS"
    assert "caption" not in post
    assert "/reel/" in post["permalink"]
    (item,) = await pro.posts()
    assert (item["mode"], [medium["kind"] for medium in item["media"]]) == ("reels", ["video"])
    wanted = {"shareToFeed": True, "collaborators": ["ann", "bo"], "thumbOffset": 1500, "isAiGenerated": True}
    assert wanted.items() <= item["options"].items()


async def test_a_carousel_waits_for_its_children(pro, shelf):
    at, files, _ = shelf
    files["b.jpg"] = picture("JPEG", 400, 500)
    first = (await pro.make(image_url=f"{at}a.jpg", is_carousel_item="true")).json["id"]
    last = (await pro.make(media_type="VIDEO", video_url=f"{at}v.mp4", is_carousel_item="true")).json["id"]
    middle = (await pro.make(image_url=f"{at}b.jpg", is_carousel_item="true", alt_text="x")).json["id"]
    children = f"{first},{middle},{last}"
    assert error(await pro.make(media_type="CAROUSEL", children=children)) == (400, 9007, 2207027)
    await asyncio.gather(*(pro.settled(one) for one in (first, middle, last)))
    assert error(await pro.publish(first)) == (400, 100, None)
    parent = await pro.finished(media_type="CAROUSEL", children=children, caption="three")
    media_id = (await pro.publish(parent)).json["id"]
    assert (await pro.get(media_id, fields="media_type")).json["media_type"] == "CAROUSEL_ALBUM"
    (item,) = await pro.posts()
    assert [medium["kind"] for medium in item["media"]] == ["image", "image", "video"]
    assert (item["caption"], item["mode"]) == ("three", "feed")


PICTURES = {
    "missing.jpg": (None, 2207052),
    "moved.jpg": (None, 2207052),
    "p.png": (picture("PNG", 400, 400), 2207005),
    "fake.jpg": (b"\xff\xd8\xff nothing", 2207005),
    "heavy.jpg": (picture("JPEG", 400, 400, pad=8 * MIB), 2207004),
    "tall.jpg": (picture("JPEG", 399, 499), 2207009),
    "wide.jpg": (picture("JPEG", 383, 200), 2207009),
    "portrait.jpg": (picture("JPEG", 400, 500), None),
    "landscape.jpg": (picture("JPEG", 382, 200), None),
    "tiny.jpg": (picture("JPEG", 40, 40), None),
    "huge.jpg": (picture("JPEG", 3000, 3000), None),
}


async def test_what_an_image_must_be(pro, shelf):
    at, files, _ = shelf
    files |= {name: content for name, (content, _) in PICTURES.items() if content is not None}
    made = [(await pro.make(image_url=at + name)).json["id"] for name in PICTURES]
    settled = await asyncio.gather(*map(pro.settled, made))
    words = "Error: Media upload has failed with error code"
    expected = [None if code is None else ("ERROR", f"{words} {code}") for _, code in PICTURES.values()]
    found = [None if code == "FINISHED" else (code, text) for code, text in settled]
    assert dict(zip(PICTURES, found, strict=True)) == dict(zip(PICTURES, expected, strict=True))
    assert error(await pro.publish(made[0])) == (400, 9007, 2207027)
    assert await pro.posts() == []


async def test_nobody_listening_is_a_failed_fetch(pro):
    container = (await pro.make(image_url="http://127.0.0.1:9/a.jpg")).json["id"]
    assert (await pro.settled(container))[1].endswith("2207052")


@pytest.mark.parametrize(("name", "subcode"), [("a.jpg", "2207026"), ("v.webm", "2207026")])
async def test_what_is_no_mp4_is_no_reel(pro, shelf, name, subcode):
    at, files, _ = shelf
    files["v.webm"] = b"\x1a\x45\xdf\xa3 and so on"
    container = (await pro.make(media_type="REELS", video_url=f"{at}{name}")).json["id"]
    code, words = await pro.settled(container)
    assert (code, words[-7:]) == ("ERROR", subcode)


async def test_a_cover_must_be_a_jpeg_of_any_ratio(pro, shelf):
    at, files, _ = shelf
    files |= {"tall.jpg": picture("JPEG", 100, 900), "p.png": picture("PNG", 400, 400)}
    reel = {"media_type": "REELS", "video_url": f"{at}v.mp4"}
    await pro.finished(**reel, cover_url=f"{at}tall.jpg")
    bad = (await pro.make(**reel, cover_url=f"{at}p.png")).json["id"]
    assert (await pro.settled(bad))[1].endswith("2207005")


IMAGE = {"image_url": "http://127.0.0.1:9/a.jpg"}
REEL = {"media_type": "REELS", "video_url": "http://127.0.0.1:9/v.mp4"}
ITEM = {"is_carousel_item": "true"}


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({}, (100, None)),
        (IMAGE | {"shoe_size": "43"}, (100, None)),
        (IMAGE | {"media_type": "IMAGE"}, None),
        (IMAGE | {"media_type": "STORIES"}, (100, 2207023)),
        (IMAGE | {"share_to_feed": "true"}, (100, None)),
        (IMAGE | {"thumb_offset": "5"}, (100, None)),
        (IMAGE | {"alt_text": "x" * 1000}, None),
        (IMAGE | {"alt_text": "x" * 1001}, (100, None)),
        (IMAGE | {"collaborators": "a,b,c"}, None),
        (IMAGE | {"collaborators": "a,b,c,d"}, (100, None)),
        (IMAGE | {"collaborators": "[a"}, (100, None)),
        (IMAGE | {"caption": "a\0b"}, (100, None)),
        (IMAGE | {"image_url": "http://127.0.0.1:9/ä.jpg"}, (9004, 2207052)),
        (IMAGE | ITEM | {"caption": "x"}, (100, None)),
        (IMAGE | ITEM | {"collaborators": "a"}, (100, None)),
        (IMAGE | ITEM | {"alt_text": "a"}, None),
        (IMAGE | REEL, (100, None)),
        (REEL | {"alt_text": "x"}, (100, None)),
        (REEL | {"share_to_feed": "perhaps"}, (100, None)),
        (REEL | {"thumb_offset": "-1"}, (1, 2207057)),
        (REEL | {"media_type": "VIDEO"}, (100, 2207067)),
        (REEL | {"media_type": "IMAGE"}, (100, 2207023)),
        (REEL | ITEM, (100, 2207023)),
        (REEL | ITEM | {"media_type": "VIDEO"}, None),
        ({"media_type": "REELS"}, (100, None)),
        ({"video_url": REEL["video_url"]}, (100, 2207023)),
        ({"media_type": "CAROUSEL"}, (100, 2207028)),
        ({"media_type": "CAROUSEL", "children": "1"}, (100, 2207028)),
        ({"media_type": "CAROUSEL", "children": "1,1"}, (100, 2207028)),
        ({"media_type": "CAROUSEL", "children": ",".join(map(str, range(11)))}, (100, 2207028)),
        ({"media_type": "CAROUSEL", "children": "1,2"}, (100, 33)),
        ({"media_type": "CAROUSEL", "children": "1,2"} | IMAGE, (100, None)),
    ],
)
async def test_what_may_be_asked_for(pro, form, refusal):
    expected = ALL_OK if refusal is None else (400, *refusal)
    assert error(await pro.make(**form)) == expected


@pytest.mark.parametrize(
    ("caption", "good"),
    [
        ("x" * 2200, True),
        ("x" * 2201, False),
        ("😀" * 2200, True),
        ("#a " * 30, True),
        ("#a " * 31, False),
        ("@a " * 20, True),
        ("@a " * 21, False),
        ("# a @ b " * 40, True),
    ],
)
async def test_captions(pro, caption, good):
    assert error(await pro.make(**IMAGE, caption=caption)) == (ALL_OK if good else (400, 36004, 2207010))


async def test_children_may_come_as_json_and_must_be_items(pro, shelf):
    at, _, _ = shelf
    form = {"image_url": f"{at}a.jpg"}
    three = (pro.finished(**form), pro.finished(**form, **ITEM), pro.finished(**form, **ITEM))
    plain, *items = await asyncio.gather(*three)
    await pro.finished(media_type="CAROUSEL", children=json.dumps(items))
    refused = await pro.make(media_type="CAROUSEL", children=f"{items[0]},{plain}")
    assert error(refused) == (400, 100, None)


async def test_a_fetch_outlives_its_server(pool, sandbox, pro, shelf):
    at, files, fetched = shelf
    files["slow.jpg"] = picture("JPEG", 400, 400)
    async with serving(pool, processing_seconds=PROCESSING) as doomed:
        elsewhere = Pro(type(sandbox)(pool, sandbox.web, doomed), pro.who)
        container = (await elsewhere.make(image_url=f"{at}slow.jpg")).json["id"]
        while not fetched:  # noqa: ASYNC110 - another server's doing
            await asyncio.sleep(0.01)
    assert (await pro.status(container))[0] == "IN_PROGRESS"
    await sandbox.age("container", container, "fetching_until", 60)
    assert (await pro.settled(container))[0] == "FINISHED"
    assert fetched == ["slow.jpg", "slow.jpg"]


async def test_containers_expire_after_a_day_unless_published(sandbox, pro, shelf):
    at, _, _ = shelf
    old, done = await asyncio.gather(*(pro.finished(image_url=f"{at}a.jpg") for _ in range(2)))
    assert (await pro.publish(done)).status == 200
    await sandbox.pool.execute(
        "UPDATE sandbox_records SET created_at = created_at - interval '1 day' WHERE id = ANY($1)",
        [old, done],
    )
    assert (await pro.status(old))[0] == "EXPIRED"
    assert (await pro.status(done))[0] == "PUBLISHED"
    assert error(await pro.publish(old)) == (400, -2, 2207020)
    assert len(await pro.posts()) == 1


# Publishing --------------------------------------------------------------------------------------


async def test_a_container_is_published_at_most_once(pro, second, shelf):
    at, _, _ = shelf
    container = await pro.finished(image_url=f"{at}a.jpg", caption="once")
    elsewhere = Pro(second, pro.who)
    replies = await asyncio.gather(*((pro, elsewhere)[n % 2].publish(container) for n in range(8)))
    assert sorted(reply.status for reply in replies) == [200] + [400] * 7
    assert {error(reply) for reply in replies} == {ALL_OK, (400, 24, 2207006)}
    assert error(await pro.publish(container)) == (400, 24, 2207006)
    (won,) = [reply.json["id"] for reply in replies if reply.status == 200]
    assert [post["id"] for post in await pro.posts()] == [won]
    assert [post["id"] for post in await pro.media()] == [won]


async def test_unknown_containers_cannot_be_published(pro):
    assert error(await pro.publish("17900000000000000")) == (400, 24, 2207006)
    assert error(await pro.post(f"{pro.id}/media_publish")) == (400, 24, 2207006)


async def test_a_hundred_posts_a_day(sandbox, pro, shelf):
    at, _, _ = shelf
    container, other = await asyncio.gather(*(pro.finished(image_url=f"{at}a.jpg") for _ in range(2)))
    first = (await pro.publish(other)).json["id"]
    await sandbox.pool.execute(
        "INSERT INTO sandbox_records (platform, kind, id, owner, data) SELECT platform, kind, id || n, owner,"
        " jsonb_set(data, '{media_id}', to_jsonb('m' || n)) FROM sandbox_records, generate_series(1, 99) n"
        " WHERE kind = 'container' AND data ->> 'media_id' = $1",
        first,
    )
    limit = f"{pro.id}/content_publishing_limit"
    (told,) = (await pro.get(limit, fields="quota_usage,config")).json["data"]
    assert told == {"quota_usage": 100, "config": {"quota_total": 100, "quota_duration": 86400}}
    assert (await pro.get(limit)).json["data"] == [{"quota_usage": 100}]
    assert error(await pro.publish(container)) == (400, 9, 2207042)
    await sandbox.pool.execute(
        "UPDATE sandbox_records SET data = jsonb_set(data, '{published_at}', to_jsonb(now() - interval '25 h'))"
        " WHERE kind = 'container' AND data ->> 'media_id' = 'm1' AND owner = $1",
        pro.id,
    )
    assert error(await pro.publish(container)) == ALL_OK


async def test_four_hundred_containers_a_day(sandbox, pro):
    assert error(await pro.make(**IMAGE)) == ALL_OK
    await sandbox.pool.execute(
        "INSERT INTO sandbox_records (platform, kind, id, owner, data) SELECT platform, kind, id || n, owner, data"
        " FROM sandbox_records, generate_series(1, 399) n WHERE kind = 'container' AND owner = $1",
        pro.id,
    )
    assert error(await pro.make(**IMAGE)) == (400, 4, None)


async def test_media_are_listed_newest_first_in_pages(pro, shelf):
    at, _, _ = shelf
    ready = await asyncio.gather(*(pro.finished(image_url=f"{at}a.jpg", caption=f"n{n}") for n in range(3)))
    ids = [(await pro.publish(container)).json["id"] for container in ready]
    page = (await pro.get(f"{pro.id}/media", fields="id,caption,timestamp,permalink", limit="2")).json
    assert [(post["id"], post["caption"]) for post in page["data"]] == [(ids[2], "n2"), (ids[1], "n1")]
    rest = await pro.media(after=page["paging"]["cursors"]["after"])
    assert rest == [{"id": ids[0]}]
    assert error(await pro.get(f"{pro.id}/media", limit="0")) == (400, 100, None)
    assert error(await pro.get(f"{pro.id}/media", limit="x")) == (400, 100, None)


async def test_a_restricted_account_cannot_post(sandbox, shelf):
    at, _, _ = shelf
    banned = Pro(sandbox, await sandbox.sign_up("instagram", "restricted"))
    container = await banned.finished(image_url=f"{at}a.jpg")
    assert error(await banned.publish(container)) == (400, 25, 2207050)


async def test_comments_stand_under_the_post(sandbox, pro, shelf):
    at, _, _ = shelf
    media_id = (await pro.publish(await pro.finished(image_url=f"{at}a.jpg", caption="x"))).json["id"]
    first = await pro.post(f"{media_id}/comments", message="<i>first</i>")
    assert list(first.json) == ["id"]
    await pro.post(f"{media_id}/comments", message="second")
    found = (await pro.get(f"{media_id}/comments", fields="id,text,username")).json["data"]
    assert [comment["text"] for comment in found] == ["second", "<i>first</i>"]
    assert found[1] == {"id": first.json["id"], "text": "<i>first</i>", "username": pro.who.handle}
    assert error(await pro.post(f"{media_id}/comments", message=" ")) == (400, 100, None)
    assert error(await pro.post("18000000000000000/comments", message="x")) == (400, 100, 33)
    other = Pro(sandbox, await sandbox.sign_up("instagram"))
    assert error(await other.post(f"{media_id}/comments", message="x")) == (400, 100, 33)
    (item,) = await pro.posts()
    assert item["comments"] == ["<i>first</i>", "second"]
    page = (await sandbox.call("GET", "/posts", params={"owner": pro.id})).json
    assert "&lt;i&gt;first" in page
    assert "<i>" not in page


# Faults ------------------------------------------------------------------------------------------


async def test_a_lost_answer_leaves_one_post_that_can_be_found(pro, shelf):
    at, _, _ = shelf
    container = await pro.finished(image_url=f"{at}a.jpg", caption="[fault:lose_answer]")
    with pytest.raises(aiohttp.ClientError):
        await pro.publish(container)
    assert (await pro.status(container))[0] == "PUBLISHED"
    (found,) = await pro.media(fields="caption,permalink", limit="10")
    assert found["caption"] == "[fault:lose_answer]"
    assert error(await pro.publish(container)) == (400, 24, 2207006)
    assert len(await pro.posts()) == 1


async def test_words_strike_when_it_would_be_published_and_once(pro, shelf):
    at, _, _ = shelf
    form = {"image_url": f"{at}a.jpg", "caption": "[fault:throttle=9]"}
    container = (await pro.make(**form)).json["id"]
    assert error(await pro.publish(container)) == (400, 9007, 2207027)
    await pro.settled(container)
    throttled = await pro.publish(container)
    assert (error(throttled), throttled.headers["retry-after"]) == ((429, 4, None), "9")
    assert "x-app-usage" in throttled.headers
    assert (await pro.status(container))[0] == "FINISHED"
    assert error(await pro.publish(container)) == ALL_OK
    assert error(await pro.publish(await pro.finished(**form))) == ALL_OK


async def test_moderation_refuses_for_good(pro, shelf):
    at, _, _ = shelf
    container = await pro.finished(image_url=f"{at}a.jpg", caption="[fault:reject]")
    for _ in range(2):
        assert error(await pro.publish(container)) == (400, 4, 2207051)
    assert await pro.posts() == []


async def test_faults_by_request_in_instagrams_words(sandbox, pro, shelf):
    at, _, _ = shelf
    container = await pro.finished(image_url=f"{at}a.jpg")
    for action in ("throttle", "expire_token", "unavailable", "error_after"):
        await sandbox.fault("instagram", r"POST /v26\.0/\d+/media_publish$", action)
    assert error(await pro.publish(container)) == (429, 4, None)
    assert error(await pro.publish(container)) == (400, 190, 463)
    assert error(await pro.publish(container)) == (503, 2, None)
    assert await pro.posts() == []
    assert error(await pro.publish(container)) == (500, -1, 2207001)
    assert len(await pro.posts()) == 1
    await sandbox.fault("instagram", "POST .*/media$", "refuse")
    with pytest.raises(aiohttp.ClientError):
        await pro.make(**IMAGE)

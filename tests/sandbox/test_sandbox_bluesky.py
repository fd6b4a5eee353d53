"""The Bluesky fake against what was measured on a real server."""

import asyncio
import base64
import hashlib
import json

import pytest
from sandbox_server import picture

from layers.connector import Identity
from layers.sandbox.app import sign_up
from layers.sandbox.bluesky_lexicon import new_tid

POST = "app.bsky.feed.post"
NOW = "2026-01-02T03:04:05.000Z"


class Person:
    def __init__(self, sandbox, who: Identity) -> None:
        self.sandbox, self.who, self.did = sandbox, who, who.external_id
        self.headers = {"authorization": f"Bearer {who.tokens.secrets['accessJwt']}"}

    async def call(self, name: str, headers=None, **body):
        method = f"/bluesky/xrpc/com.atproto.{name}"
        return await self.sandbox.call("POST", method, json=body, headers=headers or self.headers)

    async def put(self, text="hello", rkey=None, *, record=None, **more):
        value = {"$type": POST, "text": text, "createdAt": NOW, **(record or {})}
        rkey = rkey or new_tid()
        more = {"swapRecord": None} | more
        return await self.call(
            "repo.putRecord", repo=self.did, collection=POST, rkey=rkey, record=value, **more
        )

    async def create(self, text="hello", **more):
        value = {"$type": POST, "text": text, "createdAt": NOW}
        return await self.call("repo.createRecord", repo=self.did, collection=POST, record=value, **more)

    async def upload(self, content: bytes, mime: str = "application/octet-stream"):
        path = "/bluesky/xrpc/com.atproto.repo.uploadBlob"
        headers = {**self.headers, "content-type": mime}
        return await self.sandbox.call("POST", path, data=content, headers=headers)

    async def get(self, name: str, **query):
        path = f"/bluesky/xrpc/com.atproto.{name}"
        return await self.sandbox.call("GET", path, params=query, headers=self.headers)

    async def posts(self):
        return await self.sandbox.posts(self.did)


@pytest.fixture
async def person(sandbox) -> Person:
    return Person(sandbox, await sandbox.sign_up("bluesky"))


def error(reply) -> tuple[int, str]:
    return reply.status, reply.json["error"]


def images(*blobs, **more):
    return {
        "embed": {
            "$type": "app.bsky.embed.images",
            "images": [{"alt": "x", "image": b, **more} for b in blobs],
        }
    }


async def test_sessions_live_two_hours_and_rotate(sandbox, person):
    secret = person.who.tokens.secrets
    assert secret["service"] == ""
    assert person.who.tokens.expires_in.total_seconds() == 7200
    login = {"identifier": secret["identifier"], "password": secret["password"]}
    made = await person.call("server.createSession", **login)
    assert made.status == 200
    assert made.json["did"] == person.did
    assert made.json["didDoc"]["service"][0]["serviceEndpoint"] == f"{sandbox.origin}/bluesky"
    claims = made.json["accessJwt"].split(".")[1]
    times = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert times["exp"] - times["iat"] == 7200
    assert error(await person.call("server.createSession", **(login | {"password": "no"}))) == (
        401,
        "AuthenticationRequired",
    )
    refresh = {"authorization": f"Bearer {made.json['refreshJwt']}"}
    path = "/bluesky/xrpc/com.atproto.server.refreshSession"
    pairs = await asyncio.gather(*(sandbox.call("POST", path, headers=refresh) for _ in range(6)))
    assert {reply.status for reply in pairs} == {200}
    assert len({(r.json["accessJwt"], r.json["refreshJwt"]) for r in pairs}) == 1
    assert pairs[0].json["refreshJwt"] != made.json["refreshJwt"]
    await sandbox.age("refresh_token", made.json["refreshJwt"], "used_at", 7201)
    assert error(await sandbox.call("POST", path, headers=refresh)) == (400, "ExpiredToken")
    fresh = {"authorization": f"Bearer {pairs[0].json['accessJwt']}"}
    seen = await sandbox.call("GET", "/bluesky/xrpc/com.atproto.server.getSession", headers=fresh)
    assert (seen.status, seen.json["handle"]) == (200, person.who.handle)


async def test_tokens_missing_bad_expired_and_of_the_wrong_kind(sandbox, person):
    path = "/bluesky/xrpc/com.atproto.server.getSession"
    assert error(await sandbox.call("GET", path)) == (401, "AuthMissing")
    assert error(await sandbox.call("GET", path, headers={"authorization": "Bearer x.y.z"})) == (
        400,
        "InvalidToken",
    )
    secret = person.who.tokens.secrets
    wrong = {"authorization": f"Bearer {secret['refreshJwt']}"}
    assert error(await sandbox.call("GET", path, headers=wrong)) == (400, "InvalidToken")
    await sandbox.age("access_token", secret["accessJwt"], "expires_at", 7201)
    assert error(await person.put()) == (400, "ExpiredToken")
    assert await person.posts() == []


async def test_sign_up_finds_the_same_user_again(sandbox, person):
    assert (await sandbox.sign_up("bluesky")).external_id != person.did
    same = await sign_up(sandbox.pool, "bluesky", person.who.handle)
    assert same.external_id == person.did
    assert same.tokens.secrets["password"] == person.who.tokens.secrets["password"]
    with pytest.raises(KeyError, match="bluesky"):
        await sign_up(sandbox.pool, "nowhere", "x")


async def test_identical_put_is_done_once_and_a_different_one_refused(person):
    rkey = new_tid()
    first = await person.put("hello", rkey)
    assert first.status == 200
    assert first.json["uri"] == f"at://{person.did}/{POST}/{rkey}"
    assert first.json["commit"]["cid"].startswith("bafyrei")
    again = await person.put("hello", rkey)
    assert again.status == 200
    assert "commit" not in again.json
    assert (again.json["uri"], again.json["cid"]) == (first.json["uri"], first.json["cid"])
    assert error(await person.put("other", rkey)) == (400, "InvalidSwap")
    assert error(await person.put("other", rkey, swapRecord="bafyreiwrong")) == (400, "InvalidSwap")
    changed = await person.put("other", rkey, swapRecord=first.json["cid"])
    assert (changed.status, "commit" in changed.json) == (200, True)
    posts = await person.posts()
    assert [post["caption"] for post in posts] == ["other"]


async def test_put_without_swap_record_overwrites(person):
    rkey = new_tid()
    await person.put("one", rkey)
    value = {"$type": POST, "text": "two", "createdAt": NOW}
    done = await person.call("repo.putRecord", repo=person.did, collection=POST, rkey=rkey, record=value)
    assert "commit" in done.json
    assert [post["caption"] for post in await person.posts()] == ["two"]


async def test_twelve_puts_at_once_commit_once(person):
    rkey = new_tid()
    replies = await asyncio.gather(*(person.put("race", rkey) for _ in range(12)))
    assert {reply.status for reply in replies} == {200}
    assert sum("commit" in reply.json for reply in replies) == 1
    assert len(await person.posts()) == 1


async def test_twelve_different_puts_at_once_leave_one(person):
    rkey = new_tid()
    replies = await asyncio.gather(*(person.put(f"race {n}", rkey) for n in range(12)))
    assert sorted(reply.status for reply in replies) == [200] + [400] * 11
    assert len(await person.posts()) == 1


async def test_create_with_a_taken_key_is_500_and_without_key_makes_two(person):
    rkey = new_tid()
    assert (await person.create(rkey=rkey)).status == 200
    assert error(await person.create(rkey=rkey)) == (500, "InternalServerError")
    first, second = await person.create("twin"), await person.create("twin")
    assert first.json["uri"] != second.json["uri"]
    assert len(await person.posts()) == 3


@pytest.mark.parametrize("rkey", ["self", "3n2ypd6lge77", "3n2ypd6lge77ww", "zn2ypd6lge77w", "3n2ypd6lge71w"])
async def test_post_keys_must_be_tids(person, rkey):
    assert error(await person.put("x", rkey)) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("e" * 300, 200),
        ("e" * 301, 400),
        ("👨‍👩‍👧‍👦" * 120, 200),
        ("👨‍👩‍👧‍👦" * 121, 400),
        ("a\u0000b", 400),
    ],
)
async def test_text_is_at_most_300_graphemes_and_3000_bytes(person, text, status):
    assert len("👨‍👩‍👧‍👦".encode()) == 25
    assert (await person.put(text)).status == status


@pytest.mark.parametrize(
    "record",
    [
        {"$type": "app.bsky.feed.like"},
        {"$type": None},
        {"createdAt": "2026-01-02 03:04:05Z"},
        {"createdAt": "2026-01-02T03:04:05"},
        {"createdAt": "2026-13-02T03:04:05Z"},
        {"createdAt": None},
        {"text": 7},
        {"langs": ["en", "de", "fr", "it"]},
        {"langs": ["not a language"]},
        {"reply": {"root": {"uri": "at://x", "cid": "y"}}},
        {"embed": {"images": []}},
        {"embed": {"$type": "app.bsky.embed.external", "external": {"uri": "https://a.example"}}},
    ],
)
async def test_records_must_fit_the_lexicon(person, record):
    assert error(await person.put(record=record)) == (400, "InvalidRequest")
    assert await person.posts() == []


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [(3, 8, 200), (0, 9, 400), (5, 5, 400), (-1, 3, 400), (2, 5, 400), (1, 3, 200)],
)
async def test_facets_lie_within_the_text_in_bytes(person, start, end, status):
    feature = {"$type": "app.bsky.richtext.facet#link", "uri": "https://a.example"}
    facet = {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}
    assert len("xé hola".encode()) == 8
    assert (await person.put("xé hola", record={"facets": [facet]})).status == status


async def test_a_facet_feature_must_be_whole(person):
    facet = {
        "index": {"byteStart": 0, "byteEnd": 1},
        "features": [{"$type": "app.bsky.richtext.facet#mention"}],
    }
    assert (await person.put("x", record={"facets": [facet]})).status == 400


async def test_blobs_are_named_by_their_content(person):
    content = picture("PNG", 8, 8)
    first, second = await person.upload(content, "image/jpeg"), await person.upload(content, "image/jpeg")
    blob = first.json["blob"]
    assert blob == second.json["blob"]
    link = blob["ref"]["$link"]
    raw = base64.b32decode(link[1:].upper() + "=" * (-len(link[1:]) % 8))
    assert raw == b"\x01\x55\x12\x20" + hashlib.sha256(content).digest()
    assert (blob["mimeType"], blob["size"]) == ("image/png", len(content))
    assert (await person.put(record=images(blob))).status == 200
    (post,) = await person.posts()
    assert post["media"][0]["sha256"] == hashlib.sha256(content).hexdigest()
    shown = await person.sandbox.web.get(f"{person.sandbox.origin}/blobs/{post['media'][0]['sha256']}")
    assert (shown.content_type, await shown.read()) == ("image/png", content)


async def test_pictures_count_size_kind_and_presence(person):
    blob = (await person.upload(picture("JPEG", 8, 8))).json["blob"]
    assert (await person.put(record=images(*[blob] * 4))).status == 200
    assert error(await person.put(record=images(*[blob] * 5))) == (400, "InvalidRequest")
    unknown = blob | {"ref": {"$link": "bafkrei" + "a" * 52}}
    assert error(await person.put(record=images(unknown))) == (400, "BlobNotFound")
    assert error(await person.put(record=images(blob | {"mimeType": "image/png"}))) == (
        400,
        "InvalidMimeType",
    )
    assert error(await person.put(record=images(blob | {"size": 1}))) == (400, "InvalidSize")
    large = (await person.upload(picture("PNG", 8, 8, pad=2_000_000))).json["blob"]
    assert error(await person.put(record=images(large))) == (400, "BlobTooLarge")
    text = (await person.upload(b"words", "text/plain")).json["blob"]
    assert error(await person.put(record=images(text))) == (400, "InvalidMimeType")
    no_alt = {"embed": {"$type": "app.bsky.embed.images", "images": [{"image": blob}]}}
    assert error(await person.put(record=no_alt)) == (400, "InvalidRequest")
    assert len(await person.posts()) == 1


async def test_another_persons_blob_and_repository_are_out_of_reach(sandbox, person):
    other = Person(sandbox, await sandbox.sign_up("bluesky"))
    blob = (await other.upload(picture("JPEG", 8, 8))).json["blob"]
    assert error(await person.put(record=images(blob))) == (400, "BlobNotFound")
    person.did = other.did
    assert error(await person.put()) == (401, "AuthenticationRequired")


async def test_video_is_remembered_by_hash_only(person):
    content = b"\0\0\0\x18ftypmp42" + b"v" * 3_000_000
    blob = (await person.upload(content, "video/mp4")).json["blob"]
    embed = {"embed": {"$type": "app.bsky.embed.video", "video": blob}}
    assert (await person.put(record=embed)).status == 200
    (post,) = await person.posts()
    digest = hashlib.sha256(content).hexdigest()
    expected = {"kind": "video", "sizeBytes": len(content), "sha256": digest, "parts": [], "kept": False}
    assert post["media"] == [expected]
    assert await person.sandbox.pool.fetchval("SELECT count(*) FROM sandbox_blobs WHERE id = $1", digest) == 0


async def test_records_are_read_listed_and_deleted(person):
    keys = []
    for n in range(3):
        keys.append(new_tid())
        await person.put(f"post {n}", keys[-1])
        await asyncio.sleep(0.001)
    where = {"repo": person.did, "collection": POST}
    found = await person.get("repo.getRecord", **where, rkey=keys[0])
    assert found.json["value"] == {"$type": POST, "text": "post 0", "createdAt": NOW}
    assert error(await person.get("repo.getRecord", **where, rkey=new_tid())) == (400, "RecordNotFound")
    page = await person.get("repo.listRecords", repo=person.who.handle, collection=POST, limit=2)
    assert [r["value"]["text"] for r in page.json["records"]] == ["post 2", "post 1"]
    rest = await person.get("repo.listRecords", **where, cursor=page.json["cursor"])
    assert [r["value"]["text"] for r in rest.json["records"]] == ["post 0"]
    upwards = await person.get("repo.listRecords", **where, reverse="true")
    assert [r["value"]["text"] for r in upwards.json["records"]] == ["post 0", "post 1", "post 2"]
    for has_commit in (True, False):
        gone = await person.call("repo.deleteRecord", **where, rkey=keys[0])
        assert (gone.status, "commit" in gone.json) == (200, has_commit)
    assert len(await person.posts()) == 2


async def test_handles_resolve_and_health(sandbox, person):
    assert (await person.get("identity.resolveHandle", handle=person.who.handle)).json == {"did": person.did}
    assert (await person.get("identity.resolveHandle", handle="nobody.test")).status == 400
    assert (await sandbox.call("GET", "/bluesky/xrpc/_health")).json == {"version": "0.5.35"}


async def test_moderation_refuses_for_good(person):
    for _ in range(2):
        assert error(await person.put("[fault:reject] bad")) == (400, "InvalidRecord")
    assert await person.posts() == []

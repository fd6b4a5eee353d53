"""What Layers publishes, read back from a real server."""

import hashlib

import pytest
from pds_server import Refused

FAMILY, FLAG, ACCENT = "👩‍👩‍👧‍👦", "🇩🇪", "e\u0301"
"""One grapheme each, of seven, two and two code points."""


@pytest.fixture(autouse=True)
def _running(worker):
    """A worker, for every test here."""


async def test_text(channel):
    post = await channel.publish_text("Grüße aus Köln 👋")
    record = await channel.only_record(post)
    assert record["$type"] == "app.bsky.feed.post"
    assert record["text"] == "Grüße aus Köln 👋"
    assert not record.keys() & {"facets", "embed", "reply"}
    seen = await channel.done(post)
    key = seen["externalId"].rsplit("/", 1)[1]
    assert seen["externalUrl"] == f"https://bsky.app/profile/{channel.person.did}/post/{key}"
    assert (seen["attempts"], seen["lastError"]) == (1, None)


async def test_image(channel, pictures):
    up = await channel.client.upload(channel.project, pictures[0], caption="look")
    record = await channel.only_record(await channel.publish(up["id"]))
    (image,) = record["embed"]["images"]
    assert (record["text"], record["embed"]["$type"]) == ("look", "app.bsky.embed.images")
    assert (image["aspectRatio"], image["image"]["mimeType"]) == ({"width": 640, "height": 480}, "image/jpeg")
    stored = await channel.pds.blob(channel.person.did, image["image"]["ref"]["$link"])
    assert hashlib.sha256(stored).digest() == hashlib.sha256(pictures[0].read_bytes()).digest()


async def test_carousel(channel, pictures):
    up = await channel.client.upload(channel.project, *pictures, caption="three")
    options = {"altTexts": ["first", "second"], "langs": ["de", "en"]}
    target = {"socialAccountId": channel.account, "mode": "direct_publish", "platformOptions": options}
    answer = await channel.client.post(f"/v1/content/{up['id']}/publish", {"targets": [target]})
    assert answer.status == 200, answer.raw
    record = await channel.only_record(answer["scheduledPostIds"][0])
    images = record["embed"]["images"]
    assert [image["alt"] for image in images] == ["first", "second", ""]
    assert [image["aspectRatio"]["width"] for image in images] == [640, 320, 500]
    assert [image["image"]["mimeType"] for image in images] == ["image/jpeg", "image/png", "image/webp"]
    assert [image["image"]["size"] for image in images] == [file.stat().st_size for file in pictures]
    assert record["langs"] == ["de", "en"]


async def test_facets(channel):
    bob = await channel.pds.sign_up("bob")
    caption = (
        f"{FAMILY} Größe: https://example.com/ä?x=1&y=ö, (siehe https://layers.test/b) https://layers.test/a_(b)."
        f" Danke @{bob.handle}! {FLAG} @nobody.test #日本語 #Café! #1 mail@{bob.handle}"
    )
    record = await channel.only_record(await channel.publish_text(caption))
    raw = record["text"].encode()
    assert record["text"] == caption
    cut = [
        (raw[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode(), *f["features"])
        for f in record["facets"]
    ]
    kind = "app.bsky.richtext.facet#"
    assert cut == [
        ("https://example.com/ä?x=1&y=ö", {"$type": kind + "link", "uri": "https://example.com/ä?x=1&y=ö"}),
        ("https://layers.test/b", {"$type": kind + "link", "uri": "https://layers.test/b"}),
        ("https://layers.test/a_(b)", {"$type": kind + "link", "uri": "https://layers.test/a_(b)"}),
        (f"@{bob.handle}", {"$type": kind + "mention", "did": bob.did}),
        ("#日本語", {"$type": kind + "tag", "tag": "日本語"}),
        ("#Café", {"$type": kind + "tag", "tag": "Café"}),
    ]


async def test_first_comment(channel):
    body = {"kind": "text", "caption": "the post", "firstComment": "the comment #tag"}
    made = await channel.client.made(f"/v1/projects/{channel.project}/content", body)
    seen = await channel.done(await channel.publish(made["id"]))
    records = await channel.pds.records(channel.person.did)
    (uri, first), (_, comment) = records.items()
    assert (uri, first["text"], comment["text"]) == (seen["externalId"], "the post", "the comment #tag")
    assert comment["reply"]["root"] == comment["reply"]["parent"]
    assert comment["reply"]["root"]["uri"] == uri
    assert comment["createdAt"] > first["createdAt"]
    assert comment["facets"][0]["features"][0]["tag"] == "tag"


@pytest.mark.parametrize(
    "text", [FLAG * 100 + ACCENT * 200, FAMILY * 100 + "a" * 200], ids=["flags", "families"]
)
async def test_longest_text(channel, text):
    record = await channel.only_record(await channel.publish_text(text))
    assert record["text"] == text


async def test_too_long_for_both(channel):
    text = FLAG * 100 + ACCENT * 201
    container = await channel.client.text(channel.project, text)
    answer = await channel.client.publish(container, channel.account)
    assert answer.status == 422
    assert [path for path, _ in answer.issues] == ["targets[0]"]
    stamp = "2026-01-02T03:04:05.000Z"
    record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": stamp}
    body = {"repo": channel.person.did, "collection": "app.bsky.feed.post", "record": record}
    with pytest.raises(Refused, match="300"):
        await channel.pds.call("POST", "com.atproto.repo.createRecord", channel.person.token, json=body)
    assert not await channel.pds.records(channel.person.did)


async def test_one_key_one_post(channel):
    container = await channel.client.text(channel.project)
    posts = [await channel.publish(container, idempotency_key="0f1e2d3c") for _ in range(2)]
    assert posts[0] == posts[1]
    await channel.only_record(posts[0])


async def test_burst_in_order(channel):
    posts = [await channel.publish_text(f"number {number}") for number in range(8)]
    seen = [await channel.done(post) for post in posts]
    records = await channel.pds.records(channel.person.did)
    assert list(records) == [post["externalId"] for post in seen]
    assert [record["text"] for record in records.values()] == [f"number {number}" for number in range(8)]

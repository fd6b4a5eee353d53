"""The hand-off page: a post handed to a person by link, and their word that it is out."""

import asyncio
import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ATTACK = """</textarea><script>alert("x")</script>'"&amp;<img src=x onerror=alert(1)>"""


@pytest.fixture
async def handed(client, worker, pool, image: Path):
    """A post handed over: (post, path and query of its page)."""
    project = await client.project()
    account = await client.account(project, "instagram", "ann.test")
    uploaded = await client.upload(project, image, caption=ATTACK, firstComment="<b>first</b>")
    assert uploaded.status == 201, uploaded.raw
    answer = await client.publish(uploaded["id"], account, mode="draft_to_device")
    assert answer.status == 200, answer.raw
    post_id = answer["scheduledPostIds"][0]
    post = await client.post_until(post_id, "draft_in_inbox", "failed")
    assert post["status"] == "draft_in_inbox", post
    data = await pool.fetchval(
        "SELECT data FROM events WHERE subject_id = $1 AND type = 'post.draft_ready'", post_id
    )
    parts = urlsplit(data["handoffUrl"])
    return post_id, data, f"{parts.path}?{parts.query}"


@pytest.fixture
def photo(image: Path) -> bytes:
    """The bytes of the photo that is handed over."""
    return image.read_bytes()


async def anonymous(client, method: str, path: str):
    """Ask as the person with the link does: without a key."""
    return await client.call(method, path, headers={"Authorization": ""})


async def kinds(pool, post: str) -> list[str]:
    rows = await pool.fetch("SELECT type FROM events WHERE subject_id = $1 ORDER BY position", post)
    return [row["type"] for row in rows]


async def story(client, post: str) -> list[str]:
    return [step["type"] for step in (await client.get(f"/v1/scheduled-posts/{post}/events"))["items"]]


async def test_the_event_carries_all_a_person_needs(handed, client, photo: bytes) -> None:
    post, data, _ = handed
    assert data["handoffUrl"].startswith("http://layers.test/handoff/")
    assert (data["caption"], data["firstComment"]) == (ATTACK, "<b>first</b>")
    [medium] = data["media"]
    assert medium["mimeType"] == "image/jpeg"
    parts = urlsplit(medium["url"])
    assert (await anonymous(client, "GET", f"{parts.path}?{parts.query}")).raw == photo
    assert (await story(client, post))[-1] == "delivered"


async def test_the_page_is_shown_to_who_has_the_link(handed, client) -> None:
    answer = await anonymous(client, "GET", handed[2])
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_no_word_of_the_post_becomes_markup(handed, client) -> None:
    page = (await anonymous(client, "GET", handed[2])).raw.decode()
    assert len(re.findall("<script", page)) == 1
    assert "onerror=alert" not in re.sub(r"<textarea.*?</textarea>", "", page, flags=re.DOTALL)
    texts = re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert [unescape(text) for text in texts] == [ATTACK, "<b>first</b>"]


async def test_the_media_of_the_page_can_be_saved(handed, client, photo: bytes) -> None:
    page = (await anonymous(client, "GET", handed[2])).raw.decode()
    [shown] = re.findall(r'<img src="([^"]+)"', page)
    [(saved, name)] = re.findall(r'<a href="([^"]+)" download="([^"]+)"', page)
    assert (shown, name) == (saved, "1.jpeg")
    assert (await anonymous(client, "GET", unescape(saved))).raw == photo


async def test_altered_and_expired_links_are_none(handed, client) -> None:
    _, _, link = handed
    path, _, query = link.partition("?")
    signature = query.partition("signature=")[2]
    altered = "A" if signature[0] != "A" else "B"
    others = [
        path,
        link.replace(signature, altered + signature[1:]),
        link.replace("expires=", "expires=1"),
        f"{path}1?{query}",
        f"{path}?expires=1&signature={signature}",
        f"{path}?expires=x&signature={signature}",
    ]
    for other in others:
        for method in ("GET", "POST"):
            assert (await anonymous(client, method, other)).status in (404, 422), other
    assert "posted_by_hand" not in await story(client, handed[0])


async def test_a_person_with_a_dead_link_reads_what_to_do(handed, client, shared) -> None:
    path, _, query = handed[2].partition("?")
    ended = shared.signer.sign(path, datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    for link, words in ((ended, "02 January 2026, 03:04 UTC"), (f"{path}?{query[:-1]}", "cut short")):
        headers = {"Authorization": "", "Accept": "text/html"}
        answer = await client.call("GET", link, headers=headers)
        assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        page = answer.raw.decode()
        assert words in page
        assert "Ask whoever sent it for a fresh one" in page
        told = await anonymous(client, "GET", link)
        assert (told.status, told.code) == (404, "NOT_FOUND")


async def test_whoever_reads_the_post_gets_a_fresh_link(handed, client, pool) -> None:
    post = handed[0]
    await pool.execute("UPDATE scheduled_posts SET external_url = 'http://old.test' WHERE id = $1", post)
    read = await client.get(f"/v1/scheduled-posts/{post}")
    [listed] = (await client.get(f"/v1/projects/{read['projectId']}/scheduled-posts"))["items"]
    for url in (read["externalUrl"], listed["externalUrl"]):
        parts = urlsplit(url)
        assert parts.netloc == "layers.test"
        assert (await anonymous(client, "GET", f"{parts.path}?{parts.query}")).status == 200
        left = int(parts.query.split("expires=")[1].partition("&")[0]) - datetime.now(UTC).timestamp()
        assert 6.9 < left / 86400 <= 7


async def test_saying_that_it_is_posted_counts_once(handed, client, pool) -> None:
    post, _, link = handed
    page = (await anonymous(client, "GET", link)).raw.decode()
    [action] = re.findall(r'<form method="post" action="([^"]+)"', page)
    where = link.partition("?")[0] + unescape(action)
    answers = await asyncio.gather(*(anonymous(client, "POST", where) for _ in range(4)))
    assert [answer.status for answer in answers] == [200] * 4
    assert (await story(client, post)).count("posted_by_hand") == 1
    assert (await kinds(pool, post)).count("post.posted_by_hand") == 1
    after = (await anonymous(client, "GET", link)).raw.decode()
    assert "<form" not in after
    assert "Noted as posted" in after


async def test_a_post_that_was_not_handed_over_has_no_page(handed, client, pool) -> None:
    post, _, link = handed
    await pool.execute("UPDATE scheduled_posts SET status = 'failed' WHERE id = $1", post)
    assert (await anonymous(client, "GET", link)).status == 404
    assert (await anonymous(client, "POST", link)).status == 404

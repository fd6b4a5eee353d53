"""Faults on demand, the shared state of two servers, and what people see."""

import asyncio
import time

import aiohttp
import pytest
from sandbox_server import picture
from test_sandbox_bluesky import Person, error

from layers.sandbox.app import sign_up
from layers.sandbox.bluesky_lexicon import new_tid

PUT = r"POST /xrpc/com\.atproto\.repo\.putRecord$"


@pytest.fixture
async def person(sandbox) -> Person:
    return Person(sandbox, await sandbox.sign_up("bluesky"))


async def test_a_lost_answer_is_executed_and_cut_without_a_status_line(sandbox, person):
    await sandbox.fault("bluesky", PUT, "lose_answer")
    rkey = new_tid()
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await person.put("lost", rkey)
    assert len(await person.posts()) == 1
    again = await person.put("lost", rkey)
    assert (again.status, "commit" in again.json) == (200, False)


async def test_the_cut_sends_no_byte(sandbox, person):
    await sandbox.fault("bluesky", "_health", "lose_answer")
    host, port = sandbox.origin.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /bluesky/xrpc/_health HTTP/1.1\r\nHost: x\r\n\r\n")
    try:
        received = await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        received = b""
    assert received == b""
    writer.close()


async def test_refuse_cuts_without_executing(sandbox, person):
    await sandbox.fault("bluesky", PUT, "refuse")
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await person.put()
    assert await person.posts() == []


async def test_error_after_executes_and_answers_500(sandbox, person):
    await sandbox.fault("bluesky", PUT, "error_after")
    assert error(await person.put()) == (500, "InternalServerError")
    assert len(await person.posts()) == 1


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("throttle", (429, "RateLimitExceeded")),
        ("expire_token", (400, "ExpiredToken")),
        ("unavailable", (503, "UpstreamFailure")),
    ],
)
async def test_answers_instead_of_execution(sandbox, person, action, expected):
    await sandbox.fault("bluesky", PUT, action, seconds=7)
    reply = await person.put()
    assert error(reply) == expected
    assert reply.headers.get("retry-after") == ("7" if action == "throttle" else None)
    assert await person.posts() == []
    assert (await person.put()).status == 200


async def test_slow_waits_and_then_executes(sandbox, person):
    await sandbox.fault("bluesky", PUT, "slow", seconds=0.3)
    began = time.monotonic()
    assert (await person.put()).status == 200
    assert 0.3 <= time.monotonic() - began < 2


async def test_skip_and_times_are_counted_across_servers(sandbox, second, person):
    await sandbox.fault("bluesky", PUT, "unavailable", skip=2, times=3)
    elsewhere = Person(second, person.who)
    assert [(await person.put()).status for _ in range(3)] == [200, 200, 503]
    replies = await asyncio.gather(*((person, elsewhere)[n % 2].put() for n in range(10)))
    assert sorted(reply.status for reply in replies) == [200] * 8 + [503] * 2
    (fault,) = (await sandbox.call("GET", "/control/faults")).json["items"]
    assert (fault["seen"], fault["skip"], fault["times"]) == (5, 2, 3)
    assert (await sandbox.call("DELETE", "/control/faults")).status == 204
    assert (await sandbox.call("GET", "/control/faults")).json == {"items": []}


async def test_a_fault_set_elsewhere_strikes_from_the_moment_it_is_answered(sandbox, second, person):
    elsewhere = Person(second, person.who)
    assert (await elsewhere.put()).status == 200
    await sandbox.fault("bluesky", PUT, "unavailable")
    assert (await elsewhere.put()).status == 503


@pytest.mark.parametrize(
    "bad", [{"platform": "x"}, {"action": "explode"}, {"path": "("}, {"times": 0}, {"skip": -1}, {"more": 1}]
)
async def test_bad_faults_are_refused(sandbox, bad):
    given = {"platform": "bluesky", "path": "x", "action": "slow"} | bad
    assert (await sandbox.call("POST", "/control/faults", json=given)).status == 400


async def test_magic_words_strike_once_per_post(sandbox, person):
    rkey = new_tid()
    words = "[fault:throttle=9] [fault:unavailable] [fault:error_after] [fault:lose_answer] [fault:nonsense]"
    throttled = await person.put(words, rkey)
    assert (throttled.status, throttled.headers["retry-after"]) == (429, "9")
    assert (await person.put(words, rkey)).status == 503
    assert await person.posts() == []
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await person.put(words, rkey)
    assert len(await person.posts()) == 1
    assert "commit" not in (await person.put(words, rkey)).json
    assert (await person.put(words)).status == 429


async def test_a_revoked_account_must_consent_again(sandbox, person):
    rkey = new_tid()
    assert error(await person.put("[fault:revoke_token]", rkey)) == (400, "ExpiredToken")
    assert error(await person.put("[fault:revoke_token]", rkey)) == (400, "InvalidToken")
    again = Person(sandbox, await sign_up(sandbox.pool, "bluesky", person.who.handle))
    assert again.did == person.did
    assert (await again.put("[fault:revoke_token]", rkey)).status == 200
    await sandbox.fault("bluesky", PUT, "revoke_token")
    assert error(await again.put()) == (400, "ExpiredToken")
    assert error(await again.put()) == (400, "InvalidToken")


async def test_magic_words_in_a_post_without_a_key(sandbox, person):
    assert (await person.create("[fault:error_after] a")).status == 500
    assert (await person.create("[fault:error_after] a")).status == 200
    assert (await person.create("[fault:slow=0.2] a")).status == 200
    assert len(await person.posts()) == 3


async def test_the_page_shows_posts_escaped_and_newest_first(sandbox, person):
    blob = (await person.upload(picture("PNG", 8, 8))).json["blob"]
    embed = {"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": blob}]}
    await person.put("first <b>&", record={"embed": embed})
    await person.put("second")
    page = await sandbox.call("GET", "/posts", params={"owner": person.did})
    assert page.status == 200
    assert "first &lt;b&gt;&amp;" in page.json
    assert page.json.index("second") < page.json.index("first &lt;")
    assert page.json.count("<img") == 1
    assert [p["caption"] for p in await sandbox.posts(person.did, limit="1")] == ["second"]
    assert await sandbox.posts(person.did, platform="tiktok") == []


async def test_state_survives_the_server(pool, sandbox, second, person):
    await person.put("kept")
    assert [p["caption"] for p in await second.posts(person.did)] == ["kept"]
    assert "commit" in (await Person(second, person.who).put("there")).json
    assert len(await sandbox.posts(person.did)) == 2

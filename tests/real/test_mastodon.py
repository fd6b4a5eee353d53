"""Posting to a real server that would post twice: only looking first keeps each post single."""

import secrets
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from lossy import LossyProxy, lossy
from snac import CALLBACK, Person, Snac, install

from layers.connector import Grant, Reconnect
from layers.outbound import Outbound
from layers.platforms import CONNECTORS

MAKE = r"^/api/v1/statuses$"


@pytest.fixture(scope="session")
async def snac(tmp_path_factory):
    """One server for the whole run."""
    server = Snac(install(), tmp_path_factory.mktemp("snac") / "data")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def line(snac):
    """A line to the server that can be made bad."""
    async with lossy(snac.origin) as proxy:
        yield proxy


@dataclass
class Channel:
    """A user of the server, connected over the line to a project of her own."""

    client: Any
    snac: Snac
    line: LossyProxy
    person: Person
    project: str
    account: str

    async def publish(self, container: str, **target: Any) -> str:
        targets = [{"socialAccountId": self.account, "mode": "direct_publish", **target}]
        answer = await self.client.post(f"/v1/content/{container}/publish", {"targets": targets})
        assert answer.status == 200, answer.raw
        return answer["scheduledPostIds"][0]

    async def say(self, caption: str, first_comment: str | None = None, **target: Any) -> str:
        body = {"kind": "text", "caption": caption} | (
            {"firstComment": first_comment} if first_comment else {}
        )
        made = await self.client.made(f"/v1/projects/{self.project}/content", body)
        return await self.publish(made["id"], **target)

    async def done(self, post: str) -> dict[str, Any]:
        seen = await self.client.post_until(post, "published", "failed", seconds=60)
        assert seen["status"] == "published", seen["lastError"]
        return seen

    async def statuses(self) -> list[dict[str, Any]]:
        return await self.snac.statuses(self.person)

    async def only_status(self, post: str) -> dict[str, Any]:
        seen = await self.done(post)
        (status,) = await self.statuses()
        assert (seen["externalId"], seen["externalUrl"]) == (status["id"], status["url"])
        return status

    async def steps(self, post: str) -> list[str]:
        story = await self.client.get(f"/v1/scheduled-posts/{post}/events")
        return [step["type"] for step in story["items"]]


@pytest.fixture
async def ann(join, worker, snac, line):
    """A connected user, and a worker that carries her posts."""
    client, person = await join(environment="live"), await snac.sign_up()
    project = await client.project()
    credential = {"baseUrl": line.origin, "accessToken": person.token}
    body = {"platform": "mastodon", "credential": credential}
    made = await client.made(f"/v1/projects/{project}/social-accounts", body)
    assert made["handle"] == f"{person.name}@127.0.0.1:{snac.port}"
    return Channel(client, snac, line, person, project, made["socialAccountId"])


# Posting


async def test_text_pictures_video_and_comment(ann, pictures, video):
    """Each kind of content arrives as it was given, in the order it was published."""
    caption = "hello <b> & 'all' https://example.test/a?b=1&c=2 *bold* #tag @someone\n\npara ü 👍"
    posts = [await ann.say(caption, platformOptions={"visibility": "public", "spoilerText": "cw"})]
    for files, alts in ((pictures[:1], ["a cat ü"]), (pictures, ["a", "b", "c"]), ([video], ["it moves"])):
        made = await ann.client.upload(ann.project, *files, caption=" and ".join(alts))
        posts.append(await ann.publish(made["id"], platformOptions={"altTexts": alts}))
    posts.append(await ann.say("the post", "the comment"))
    seen = [await ann.done(post) for post in posts]
    *ours, reply = await ann.statuses()
    assert [(post["externalId"], post["externalUrl"]) for post in seen] == [(s["id"], s["url"]) for s in ours]
    text, one, three, moving, root = ours
    assert (text["text"], text["spoiler_text"], text["visibility"]) == (caption, "cw", "public")
    assert [m["description"] for m in one["media_attachments"]] == ["a cat ü"]
    assert [m["description"] for m in three["media_attachments"]] == ["a", "b", "c"]
    assert [m["type"] for m in moving["media_attachments"]] == ["video"]
    assert (reply["in_reply_to_id"], reply["text"]) == (root["id"], "the comment")
    async with aiohttp.ClientSession() as web:
        for medium, file in zip(three["media_attachments"], pictures, strict=True):
            async with web.get(medium["url"]) as answer:
                assert await answer.read() == file.read_bytes()


# A bad line


@pytest.mark.parametrize("fault", ["lost", "cut"])
async def test_answer_to_the_post_is_lost(ann, fault, pictures):
    ann.line.fail(fault, MAKE, times=1)
    post = await ann.say("once & <only> https://example.test/x?a=1&b=2 *once*\n\n#once")
    await ann.only_status(post)
    assert ann.line.count(MAKE) == 1
    assert [step for step in await ann.steps(post) if step in ("found", "repeated")] == ["found"]
    ann.line.fail(fault, MAKE, times=1)
    made = await ann.client.upload(ann.project, *pictures[:2])
    silent = await ann.done(await ann.publish(made["id"]))
    first, second = await ann.statuses()
    assert (second["id"], len(second["media_attachments"])) == (silent["externalId"], 2)
    assert first["id"] != second["id"]


async def test_post_never_arrived(ann):
    ann.line.fail("refused", MAKE, times=1)
    await ann.only_status(await ann.say("at last"))
    assert ann.line.count(MAKE) == 2


@pytest.mark.parametrize("fault", ["lost", "refused"])
async def test_the_same_words_said_by_hand_before(ann, fault):
    """What the person posted a moment ago is not taken for what Layers posted."""
    by_hand = await ann.snac.call(ann.person, "POST", "/api/v1/statuses", json={"status": "good morning"})
    ann.line.fail(fault, MAKE, times=1)
    seen = await ann.done(await ann.say("good morning"))
    assert [s["id"] for s in await ann.statuses()] == [by_hand["id"], seen["externalId"]]


async def test_answer_to_the_comment_is_lost(ann):
    ann.line.fail("lost", MAKE, after=1, times=1)
    seen = await ann.done(await ann.say("the post", "the comment"))
    root, reply = await ann.statuses()
    assert (seen["externalId"], root["text"], reply["text"]) == (root["id"], "the post", "the comment")


async def test_a_lost_private_post_is_left_to_a_person(ann):
    """The server does not list it, so nobody can tell by machine, and nothing is sent twice."""
    ann.line.fail("lost", MAKE, times=1)
    post = await ann.say("for followers", platformOptions={"visibility": "private"})
    seen = await ann.client.post_until(post, "published", "failed")
    assert (seen["status"], seen["lastError"]["code"]) == ("failed", "OUTCOME_UNKNOWN")
    assert ann.line.count(MAKE) == 1


async def test_many_answers_are_lost(ann):
    ann.line.fail("lost", ".", probability=0.3, seed=11)
    posts = [await ann.say(f"number {n}") for n in range(4)]
    ids = [(await ann.done(post))["externalId"] for post in posts]
    seen = {status["id"]: status["text"] for status in await ann.statuses()}
    assert [seen[one] for one in ids] == [f"number {n}" for n in range(4)]
    assert len(seen) == 4
    assert ann.line.count(MAKE, "lost") > 0


# Consent


async def test_consent_from_registration_to_an_account(snac):
    connector, person = CONNECTORS["mastodon"], await snac.sign_up()
    assert connector.oauth is not None
    grant = Grant(CALLBACK, secrets.token_urlsafe(16), secrets.token_urlsafe(48), {}, snac.origin)
    outbound = Outbound(None, anywhere=True)
    try:
        begun = await outbound.converse(
            connector.oauth.begin(grant, snac.origin), connector.classify, trusted=False
        )
        async with aiohttp.ClientSession() as web, web.get(begun.url) as page:
            assert page.status == 200
            assert begun.session["clientId"] in await page.text()
        returned = await snac.consent(person, begun.session["clientId"], CALLBACK, grant.state)
        assert returned["state"] == grant.state
        flow = connector.oauth.exchange(grant, begun.session, returned, snac.origin)
        (who,) = await outbound.converse(flow, connector.classify, trusted=False)
        assert who.external_id == f"{person.id}@127.0.0.1:{snac.port}"
        assert who.tokens.secrets["accessToken"] != person.token
        person.token = who.tokens.secrets["accessToken"]
        assert (await snac.call(person, "GET", "/api/v1/accounts/verify_credentials"))["id"] == person.id
        wrong = {"baseUrl": snac.origin, "accessToken": "wrong"}
        with pytest.raises(Reconnect):
            await outbound.converse(connector.connect(wrong, snac.origin), connector.classify, trusted=False)
    finally:
        await outbound.close()

"""The stream of events: whole, in order, resumable, for those who may hear it, and gone when they may no longer."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from arrange import ahead, make_publishing

from layers.api.server import GuardedProtocol
from layers.app import create_app
from layers.events import Event, append
from layers.live import follower, routes
from layers.loopback import loopback_server

STREAM = "/v1/events/stream"


@dataclass
class Heard:
    """What came over one connection."""

    answer: object
    events: list[dict] = field(default_factory=list)
    comments: int = 0
    last_id: str = ""
    retry: str = ""
    over: bool = False
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def read(self) -> None:
        """Take in what comes, as the HTML standard says it."""
        block: dict[str, str] = {}
        async for raw in self.answer.content:
            line = raw.decode().rstrip("\n")
            name, _, value = line.partition(": ")
            if line and not name.startswith(":"):
                block[name] = value
                continue
            async with self._changed:
                self.comments += line == ":"
                self.retry = block.get("retry", self.retry)
                self.last_id = block.get("id", self.last_id)
                if "data" in block:
                    told = json.loads(block["data"])
                    assert block["event"] == told["type"]
                    assert block.get("id") == told["id"]
                    self.events.append(told)
                block = {}
                self._changed.notify_all()
        async with self._changed:
            self.over = True
            self._changed.notify_all()

    async def until(self, wanted, seconds: float = 10) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(wanted)

    async def of(self, kind: str, count: int = 1) -> list[dict]:
        """Return the first events of a kind once there are so many."""
        await self.until(lambda: len(self.kinds(kind)) >= count)
        return self.kinds(kind)[:count]

    def kinds(self, kind: str) -> list[dict]:
        return [event for event in self.events if event["type"] == kind]


@asynccontextmanager
async def listening(client, query: str = "", **headers: str) -> AsyncIterator[Heard]:
    """Listen while the block runs; it begins once the stream has."""
    headers = {"Authorization": f"Bearer {client.key}"} | {k.replace("_", "-"): v for k, v in headers.items()}
    async with client.session.get(client.origin + STREAM + query, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        heard = Heard(answer)
        task = asyncio.create_task(heard.read())
        try:
            await heard.until(lambda: heard.last_id)
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def tell(pool, client, number: int, project: str, kind: str = "content.updated") -> None:
    """Write an event in a transaction of its own."""
    async with pool.acquire() as tx, tx.transaction():
        await append(tx, Event(kind, client.organization_id, project, f"cnt_{number}", {}, "test"))


async def test_what_happens_is_told_at_once_as_webhooks_are_told(client) -> None:
    project = await client.project()
    account = await client.account(project)
    async with listening(client) as heard:
        assert heard.answer.headers["Content-Type"].startswith("text/event-stream")
        assert heard.answer.headers["Cache-Control"] == "no-store"
        assert heard.retry == "2000"
        container = await client.text(project, "live")
        (completed,) = await heard.of("content.completed")
        assert completed["data"] == {
            "projectId": project,
            "containerId": container,
            "kind": "text",
            "assets": 0,
        }
        post = (await client.publish(container, account))["scheduledPostIds"][0]
        before = asyncio.get_running_loop().time()
        (scheduled,) = await heard.of("post.scheduled")
        assert asyncio.get_running_loop().time() - before < 3  # a comment comes after 15
        assert scheduled["data"]["scheduledPostId"] == post
        assert scheduled["data"]["status"] == "queued"
        assert scheduled["createdAt"].endswith("Z")
        audit = (await client.get(f"/v1/audit-log?eventType=post.scheduled&projectId={project}"))["items"]
        assert [event["eventId"] for event in audit] == [scheduled["id"]]


async def test_what_no_webhook_tells_is_a_hint(client, pool) -> None:
    project = await client.project()
    account = await client.account(project)
    container = await client.text(project)
    body = {
        "scheduledFor": ahead(hours=1),
        "targets": [{"socialAccountId": account, "mode": "direct_publish"}],
    }
    post = (await client.post(f"/v1/content/{container}/schedule", body))["scheduledPostIds"][0]
    async with listening(client) as heard:
        await client.post(f"/v1/scheduled-posts/{post}/reschedule", {"scheduledFor": ahead(hours=2)})
        (hint,) = await heard.of("post.updated")
        assert (hint["data"], hint["id"][:4]) == ({"projectId": project, "scheduledPostId": post}, "evt_")
        await make_publishing(pool, post, committed=False)
        hint = (await heard.of("post.updated", 2))[1]
        assert (hint["data"]["scheduledPostId"], hint["id"]) == (post, None)
        await pool.execute(
            "UPDATE scheduled_posts SET status = 'queued', holds_lane = false WHERE id = $1", post
        )
        assert (await heard.of("post.updated", 3))[2]["data"]["scheduledPostId"] == post
        await client.patch(f"/v1/content/{container}", {"caption": "new"})
        assert (await heard.of("content.updated"))[0]["data"] == {
            "projectId": project,
            "containerId": container,
        }
        await client.patch(f"/v1/social-accounts/{account}", {"postDefaults": {}})
        assert (await heard.of("social_account.updated"))[0]["data"]["socialAccountId"] == account
        await client.delete(f"/v1/scheduled-posts/{post}")


async def test_only_ones_own_and_only_what_the_scopes_allow(client, join, request) -> None:
    organization = request.node.nodeid
    live = await join(organization, "live")
    approver = await join(organization, "test", ["content:read", "content:approve"])
    stranger = await join("Strangers")
    project, other = await client.project(), await client.project()
    account = await client.account(project)
    async with (
        listening(client) as all_of_it,
        listening(live) as elsewhere,
        listening(approver) as content,
        listening(stranger) as nothing,
        listening(client, f"?projectId={other}") as of_other,
        listening(client, "?types=post.canceled,content.completed&types=post.scheduled") as of_types,
    ):
        post = (await client.publish(await client.text(project), account))["scheduledPostIds"][0]
        await client.delete(f"/v1/scheduled-posts/{post}")
        await client.text(other)
        await all_of_it.of("content.completed", 2)
        await content.of("content.completed", 2)
        assert {event["type"] for event in content.events} == {"content.completed"}
        await of_other.of("content.completed")
        assert [event["data"]["projectId"] for event in of_other.events] == [other]
        await of_types.of("content.completed", 2)
        assert [event["type"] for event in of_types.events] == [
            *("content.completed", "post.scheduled", "post.canceled", "content.completed")
        ]
        assert elsewhere.events == nothing.events == []


async def test_a_key_that_may_hear_nothing_is_refused(join, request) -> None:
    deaf = await join(request.node.nodeid, "test", ["audit:read", "projects:read"])
    answer = await deaf.get(STREAM)
    assert (answer.status, answer.code) == (403, "FORBIDDEN_SCOPE")


async def test_a_wrong_question_is_refused_before_the_stream(client) -> None:
    assert ("types", "invalid_value") in {
        (path.partition("[")[0], code)
        for path, code in (await client.get(f"{STREAM}?types=post.lost")).issues
    }
    assert (await client.get(f"{STREAM}?kinds=x")).issues == {("kinds", "unknown_parameter")}
    assert (await client.get(STREAM, headers={"Authorization": ""})).status == 401


@pytest.mark.parametrize("by_header", [True, False])
async def test_who_comes_back_hears_all_that_was_missed_and_nothing_twice(
    client, pool, by_header: bool
) -> None:
    project = await client.project()
    async with listening(client) as heard:
        await tell(pool, client, 0, project)
        await heard.of("content.updated")
        last = heard.last_id
    for number in range(1, 6):
        await tell(pool, client, number, project)
    options = {"Last_Event_ID": last} if by_header else {}
    async with listening(client, "" if by_header else f"?lastEventId={last}", **options) as heard:
        await tell(pool, client, 6, project)
        events = await heard.of("content.updated", 6)
        assert [event["data"]["containerId"] for event in events] == [f"cnt_{n}" for n in range(1, 7)]


async def test_who_heard_nothing_yet_comes_back_to_where_it_was(client, pool) -> None:
    project = await client.project()
    async with listening(client) as heard:
        last = heard.last_id
        assert last.startswith("evt_")
    await tell(pool, client, 1, project)
    async with listening(client, Last_Event_ID=last) as heard:
        assert (await heard.of("content.updated"))[0]["data"]["containerId"] == "cnt_1"


async def test_what_cannot_be_told_any_more_is_said(client, pool, monkeypatch) -> None:
    project = await client.project()
    await tell(pool, client, 0, project)
    async with listening(client, Last_Event_ID="evt_unknown") as heard:
        assert heard.events[0]["type"] == "reload"
        assert heard.events[0]["data"] == {"projectId": None, "reason": "unknown_event"}
        await tell(pool, client, 1, project)
        await heard.until(lambda: heard.events[-1]["data"].get("containerId") == "cnt_1")
        last = heard.last_id
    monkeypatch.setattr(routes, "MOST_REPLAYED", 1)
    await tell(pool, client, 2, project)
    async with listening(client, Last_Event_ID=last) as heard:
        assert [event["data"]["containerId"] for event in await heard.of("content.updated")] == ["cnt_2"]
    await tell(pool, client, 3, project)
    await asyncio.sleep(3 * follower.LOOK_EVERY)  # until nobody follows any more
    async with listening(client, Last_Event_ID=last) as heard:
        assert heard.events[0]["data"]["reason"] == "too_many"


async def test_an_event_that_becomes_visible_late_is_told_in_its_place(client, pool) -> None:
    """Positions are given out before the commit; a rolled-back one is never filled."""
    project = await client.project()
    async with listening(client) as heard, pool.acquire() as slow, pool.acquire() as lost:
        first, second = slow.transaction(), lost.transaction()
        await first.start()
        await append(slow, Event("content.updated", client.organization_id, project, "cnt_1", {}, "test"))
        await second.start()
        await append(lost, Event("content.updated", client.organization_id, project, "cnt_2", {}, "test"))
        await tell(pool, client, 3, project)
        await second.rollback()
        await tell(pool, client, 4, project)
        await asyncio.sleep(3 * follower.LOOK_EVERY)
        assert heard.events == []
        await first.commit()
        events = await heard.of("content.updated", 3)
        assert [event["data"]["containerId"] for event in events] == ["cnt_1", "cnt_3", "cnt_4"]


async def test_nothing_is_lost_or_told_twice_under_load_by_two_processes(client, pool, shared) -> None:
    """Many writers at once, some of whom give up; one listener at each of two APIs comes and goes."""
    project, told = await client.project(), set[int]()

    async def write(number: int) -> None:
        async with pool.acquire() as tx:
            transaction = tx.transaction()
            await transaction.start()
            event = Event("content.updated", client.organization_id, project, f"cnt_{number}", {}, "test")
            await append(tx, event)
            await asyncio.sleep(number % 7 / 200)
            if number % 5 == 0:
                await transaction.rollback()
                return
            await transaction.commit()
            told.add(number)

    async with loopback_server(create_app(shared), lifespan=True) as second:
        other = type(client)(second, client.session, client.key)
        heard, order = list[str](), list[str]()
        async with listening(client, "?types=content.updated") as steady:
            last = steady.last_id
            writing = asyncio.create_task(_all(write, 300))
            while not writing.done() or len(heard) < len(told):
                turn = (client, other)[len(order) % 2]
                async with listening(turn, "?types=content.updated", Last_Event_ID=last) as now:
                    await asyncio.sleep(0.25)
                    heard += [event["data"]["containerId"] for event in now.events]
                    last = now.last_id
                    order.append(last)
            await steady.until(lambda: len(steady.events) >= len(told))
        assert len(heard) == len(set(heard)) == len(told)
        assert heard == [event["data"]["containerId"] for event in steady.events]
        assert set(heard) == {f"cnt_{number}" for number in told}


async def _all(write, count: int) -> None:
    gate = asyncio.Semaphore(6)

    async def one(number: int) -> None:
        async with gate:
            await write(number)

    await asyncio.gather(*(one(number) for number in range(count)))


@pytest.mark.parametrize("end", ["kill", "rotate", "DELETE"])
async def test_a_key_that_is_no_good_any_more_hears_nothing_more(client, join, request, end: str) -> None:
    doomed = await join(request.node.nodeid)
    async with listening(doomed) as heard, listening(client) as other:
        path = f"/v1/api-keys/{doomed.api_key_id}"
        await (client.delete(path) if end == "DELETE" else client.post(f"{path}/{end}"))
        await heard.until(lambda: heard.over, 2)
        assert not other.over


async def test_a_key_that_expires_is_seen_to_when_nothing_happens(client, pool, monkeypatch) -> None:
    monkeypatch.setattr(routes, "KEEP_ALIVE", 0.1)
    async with listening(client) as heard:
        await heard.until(lambda: heard.comments > 2)
        await pool.execute("UPDATE api_keys SET expires_at = now() WHERE id = $1", client.api_key_id)
        await heard.until(lambda: heard.over, 2)


async def test_it_holds_no_connection_and_costs_nothing_when_nobody_listens(client, shared) -> None:
    app = create_app(shared)
    async with loopback_server(app, lifespan=True) as origin:
        state = app.otherwise.app.app.otherwise.state
        here = type(client)(origin, client.session, client.key)
        async with listening(here):
            assert state["follower"].of_key(client.api_key_id) == 1
        await asyncio.sleep(3 * follower.LOOK_EVERY)
        assert not state["follower"].listeners
        assert not state["follower"]._wanted.is_set()
        async with asyncio.TaskGroup() as group:  # more than there are connections to the database
            streams = [listening(here) for _ in range(shared.settings.database_connections + 2)]
            for one in streams:
                group.create_task(one.__aenter__())
        assert (await here.get("/v1/whoami")).status == 200
        for one in streams:
            await one.__aexit__(None, None, None)


async def test_a_key_has_so_many_streams_and_no_more(client, monkeypatch) -> None:
    monkeypatch.setattr(routes, "MOST_PER_KEY", 1)
    async with listening(client):
        refused = await client.get(STREAM)
        assert (refused.status, refused.code, refused.headers["retry-after"]) == (429, "RATE_LIMITED", "5")


async def test_who_reads_too_slowly_is_cut_off_and_others_are_not(client, monkeypatch) -> None:
    monkeypatch.setattr(follower, "MOST_WAITING", 2)
    one = follower.Listener(None, None, None)
    told = follower.Told(None, "post.updated", follower.utc_now(), {})
    for _ in range(5):
        one.tell(told)
    waiting = [one.queue.get_nowait() for _ in range(one.queue.qsize())]
    assert waiting[-1] is None or None in waiting


async def test_a_server_that_stops_ends_its_streams_first(client, shared) -> None:
    server = loopback_server(create_app(shared), lifespan=True, protocol=GuardedProtocol)
    origin = await server.__aenter__()
    here = type(client)(origin, client.session, client.key)
    async with listening(here) as heard:
        began = asyncio.get_running_loop().time()
        stopping = asyncio.create_task(server.__aexit__(None, None, None))
        await heard.until(lambda: heard.over, 5)
        await stopping
        assert timedelta(seconds=asyncio.get_running_loop().time() - began) < timedelta(
            seconds=3
        )  # who did not hear of it is waited for for 20


async def test_what_can_be_no_event_is_no_place_to_go_on_from(client) -> None:
    refused = await client.get("/v1/events/stream", headers={"Last-Event-ID": "x" * 256})
    assert (refused.status, refused.issues) == (422, {("Last-Event-ID", "invalid_value")})

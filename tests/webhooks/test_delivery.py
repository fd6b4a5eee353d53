"""From event to receiver: what is heard, in which order, how often, and what becomes of it when nobody answers."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from receiver import EVERYTHING, FANNED_OUT, delivering, idle, receiving, to_the_next_try, until

from layers import events
from layers.events import Event
from layers.webhooks import store
from layers.webhooks.dispatch import LEASE
from layers.webhooks.rules import PAUSE_AFTER, WAITS, wait_after


async def deliveries(client, endpoint: dict, query: str = "") -> list[dict[str, Any]]:
    """The endpoint's deliveries, oldest event first."""
    answer = await client.get(f"/v1/webhook-endpoints/{endpoint['id']}/deliveries?limit=100{query}")
    return answer["items"][::-1]


async def seen(client, endpoint: dict) -> dict[str, Any]:
    return (await client.get(f"/v1/webhook-endpoints/{endpoint['id']}")).json


async def test_a_published_post_is_heard_of(client, receiver, endpoint, worker) -> None:
    """The whole way, with a real worker: what the payload says is what the API says."""
    project = await client.project()
    account = await client.account(project)
    container = await client.text(project)
    [post_id] = (await client.publish(container, account))["scheduledPostIds"]
    post = await client.post_until(post_id, "published")
    async with asyncio.timeout(20):
        while "post.published" not in receiver.types:
            receiver.came.clear()
            await receiver.came.wait()
    assert receiver.types == [
        "social_account.connected",
        "content.completed",
        "post.scheduled",
        "post.published",
    ]
    told = receiver.heard[-1].event
    assert told.keys() == {"id", "type", "createdAt", "data"}
    assert told["id"].startswith("evt_")
    assert told["createdAt"].endswith("Z")
    same = ("projectId", "containerId", "socialAccountId", "platform", "mode", "status", "scheduledFor")
    assert {name: told["data"][name] for name in same} == {name: post[name] for name in same}
    assert told["data"]["scheduledPostId"] == post_id
    assert told["data"]["externalUrl"] == post["externalUrl"]


async def test_every_event_says_what_it_is_about(client, pool, receiver, endpoint, deliverer) -> None:
    project = await client.project()
    account, container = await client.account(project), await client.text(project)
    [post_id] = (await client.publish(container, account))["scheduledPostIds"]
    await client.delete(f"/v1/scheduled-posts/{post_id}", {"reason": "typo"})
    post = (await client.get(f"/v1/scheduled-posts/{post_id}")).json
    await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": True})
    for verb, body in (("approve", {"note": "fine"}), ("reject", {"reason": "dull"})):
        await client.post(f"/v1/content/{await client.text(project)}/{verb}", body)
    await idle(pool)
    assert all(heard.event["data"]["projectId"] == project for heard in receiver.heard)
    told = {heard.event["type"]: heard.event["data"] for heard in receiver.heard}
    assert told.keys() == {
        *("social_account.connected", "content.completed", "content.approved", "content.rejected"),
        *("post.scheduled", "post.canceled"),
    }
    about = ("projectId", "containerId", "socialAccountId", "platform", "mode", "status", "scheduledFor")
    assert {name: told["post.canceled"][name] for name in about} == {name: post[name] for name in about}
    assert (told["post.canceled"]["scheduledPostId"], told["post.canceled"]["reason"]) == (post_id, "typo")
    assert told["post.scheduled"].keys() <= told["post.canceled"].keys()
    assert told["social_account.connected"]["socialAccountId"] == account
    assert (told["content.approved"]["note"], told["content.rejected"]["reason"]) == ("fine", "dull")


async def test_a_delivery_shows_request_and_response(client, pool, receiver, endpoint, deliverer) -> None:
    receiver.answer = lambda heard: web.Response(status=201, text="thank\x00 you")
    await client.text(await client.project())
    await idle(pool)
    [delivery] = await deliveries(client, endpoint)
    [heard] = receiver.heard
    assert delivery["webhookEndpointId"] == endpoint["id"]
    assert (delivery["status"], delivery["attempts"], delivery["nextAttemptAt"]) == ("delivered", 1, None)
    assert delivery["payload"] == heard.event
    assert (delivery["eventId"], delivery["eventType"]) == (heard.event["id"], heard.event["type"])
    assert delivery["request"]["url"] == receiver.url
    sent = {name.lower(): value for name, value in delivery["request"]["headers"].items()}
    assert sent.items() <= heard.headers.items()
    assert heard.headers["content-type"] == "application/json"
    [tried] = delivery["tries"]
    assert (tried["status"], tried["response"], tried["error"]) == (201, "thank\ufffd you", None)
    assert tried["durationMs"] >= 0


# Who hears what --------------------------------------------------------------------------------------


async def test_an_endpoint_hears_what_it_asked_for(client, join, pool, receiver, deliverer) -> None:
    """Its types, its project if it named one, its environment, and nothing from before its time."""
    mine, other = await client.project(), await client.project()
    await client.text(mine, "too early")

    async def make(who, path: str, **body: Any) -> None:
        await who.made("/v1/webhook-endpoints", {"url": receiver.origin + path, **body})

    await make(client, "/all", events=EVERYTHING)
    await make(client, "/mine", events=EVERYTHING, projectId=mine)
    await make(client, "/accounts", events=["social_account.connected", "social_account.revoked"])
    await make(await join("Acme", "live"), "/live", events=EVERYTHING)
    await make(await join("Other Inc"), "/stranger", events=EVERYTHING)
    await client.patch(f"/v1/projects/{mine}", {"name": "of no interest"})
    texts = {"mine": await client.text(mine), "other": await client.text(other)}
    account = await client.account(other)
    await client.delete(f"/v1/social-accounts/{account}")
    await idle(pool)
    heard = {
        path: [h.event for h in receiver.heard if h.path == path] for path in {h.path for h in receiver.heard}
    }
    assert heard.keys() == {"/all", "/mine", "/accounts"}
    accounts = ["social_account.connected", "social_account.revoked"]
    assert [e["type"] for e in heard["/all"]] == ["content.completed"] * 2 + accounts
    assert [e["data"]["containerId"] for e in heard["/all"][:2]] == [*texts.values()]
    assert [e["data"]["containerId"] for e in heard["/mine"]] == [texts["mine"]]
    assert [e["type"] for e in heard["/accounts"]] == accounts
    both = {e["type"]: e["id"] for e in heard["/all"]}
    assert [both[e["type"]] for e in heard["/accounts"]] == [e["id"] for e in heard["/accounts"]]


async def test_an_event_committed_late_is_not_lost(client, pool, receiver, endpoint, deliverer) -> None:
    """A lower position may become visible after a higher one."""
    project = await client.project()

    def event(word: str) -> Event:
        return Event(
            "content.completed",
            client.organization_id,
            project,
            None,
            {"containerId": word, "kind": "text", "assets": 0},
            "test",
        )

    async with pool.acquire() as slow, slow.transaction():
        await events.append(slow, event("slow"))
        async with pool.acquire() as quick, quick.transaction():
            await events.append(quick, event("quick"))
        async with asyncio.timeout(10):
            await receiver.came.wait()
        assert [heard.event["data"]["containerId"] for heard in receiver.heard] == ["quick"]
    await idle(pool)
    assert [heard.event["data"]["containerId"] for heard in receiver.heard] == ["quick", "slow"]


async def test_without_endpoints_no_event_is_touched(client, pool, receiver, deliverer) -> None:
    """And the first endpoint hears what comes after it, not what has piled up."""
    project = await client.project()
    early = [await client.text(project) for _ in range(3)]
    assert await store.fan_out(pool, 100) == 0
    await client.made("/v1/webhook-endpoints", {"url": receiver.url, "events": EVERYTHING})
    late = await client.text(project)
    await idle(pool)
    assert [heard.event["data"]["containerId"] for heard in receiver.heard] == [late]
    untouched = "SELECT count(*) FROM events WHERE NOT fanned_out AND type = 'content.completed'"
    assert await pool.fetchval(untouched) == len(early)


async def test_workers_share_the_endpoints(client, pool, shared, receiver, endpoint, deliverer) -> None:
    """With three of them, each event is still heard once, in order."""
    async with delivering(shared), delivering(shared):
        project = await client.project()
        texts = [await client.text(project) for _ in range(40)]
        await idle(pool)
    assert [heard.event["data"]["containerId"] for heard in receiver.heard] == texts
    assert len(set(receiver.ids)) == 40


# When it goes wrong ----------------------------------------------------------------------------------


async def test_an_hour_of_failure_is_survived(client, pool, receiver, endpoint, deliverer) -> None:
    """Three events, a receiver that fails for an hour (simulated): each is heard, with order and ids right."""
    project = await client.project()
    receiver.answer = 503
    texts = [await client.text(project) for _ in range(2)]
    await idle(pool)
    texts.append(await client.text(project))
    await idle(pool)
    elapsed = timedelta()
    while elapsed < timedelta(hours=1):
        assert [d["status"] for d in await deliveries(client, endpoint)] == ["pending"] * 3
        elapsed += await to_the_next_try(pool)
        receiver.answer = 503 if elapsed < timedelta(hours=1) else 200
        await idle(pool)
    while (await deliveries(client, endpoint, "&status=pending")) != []:
        elapsed += await to_the_next_try(pool)
        await idle(pool)
    assert timedelta(hours=1) < elapsed < timedelta(hours=1.5)
    done = await deliveries(client, endpoint)
    assert [d["payload"]["data"]["containerId"] for d in done] == texts
    assert [(d["status"], d["attempts"]) for d in done] == [("delivered", 6)] * 3
    for delivery in done:
        tries = [heard for heard in receiver.heard if heard.headers["webhook-id"] == delivery["eventId"]]
        assert len(tries) == 6
        assert len({heard.body for heard in tries}) == 1
        assert {heard.headers["x-layers-event-id"] for heard in tries} == {delivery["eventId"]}
        assert [t["status"] for t in delivery["tries"]] == [503] * 5 + [200]
    assert receiver.ids[:3] == [d["eventId"] for d in done]
    assert (await seen(client, endpoint))["failures"] == 0


async def test_after_eight_tries_it_is_given_up(client, pool, receiver, endpoint, deliverer) -> None:
    receiver.answer = 500
    await client.text(await client.project())
    await idle(pool)
    waited = []
    while (await deliveries(client, endpoint))[0]["status"] == "pending":
        waited.append((await to_the_next_try(pool)).total_seconds())
        await idle(pool)
    [delivery] = await deliveries(client, endpoint)
    assert (delivery["status"], delivery["attempts"], delivery["nextAttemptAt"]) == ("failed", 8, None)
    assert len(receiver.heard) == 8
    # Between a try and the turning of the clock some real time passes.
    assert all(wait - 10 < seen <= wait * 1.05 for seen, wait in zip(waited, WAITS, strict=True)), waited


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_waits_are_those_of_the_contract(chance: float) -> None:
    waits = [wait_after(attempt, "post.published", chance) for attempt in range(1, 9)]
    expected = [30, 60, 300, 900, 3600, 21_600, 86_400]
    assert waits == [*(timedelta(seconds=s * (1 + 0.05 * chance)) for s in expected), None]
    assert wait_after(1, "test.ping", chance) is None


async def test_a_tired_endpoint_is_paused_and_loses_nothing(
    client, join, pool, receiver, endpoint, deliverer
) -> None:
    receiver.answer = 500
    project = await client.project()
    texts = [await client.text(project) for _ in range(PAUSE_AFTER + 5)]
    await idle(pool)
    paused = await seen(client, endpoint)
    assert (paused["status"], paused["failures"]) == ("paused", PAUSE_AFTER)
    assert paused["pausedAt"] is not None
    assert len(receiver.heard) == PAUSE_AFTER
    audited = await pool.fetch("SELECT * FROM events WHERE type = 'webhook_endpoint.paused'")
    assert [(row["subject_id"], row["actor"]) for row in audited] == [(endpoint["id"], "dispatcher")]
    live = await join("Acme", "live")
    logs = [
        (await who.get("/v1/audit-log?eventType=webhook_endpoint.paused"))["items"] for who in (client, live)
    ]
    assert [len(log) for log in logs] == [1, 0]
    receiver.answer, receiver.heard = 200, []
    texts.append(await client.text(project))
    await until(lambda: pool.fetchval(FANNED_OUT))
    await pool.execute("UPDATE webhook_deliveries SET due_at = now() WHERE due_at IS NOT NULL")
    assert len(await deliveries(client, endpoint, "&status=pending")) == len(texts)
    resumed = await client.patch(f"/v1/webhook-endpoints/{endpoint['id']}", {"status": "active"})
    assert (resumed["status"], resumed["pausedAt"], resumed["failures"]) == ("active", None, 0)
    await idle(pool)
    assert [heard.event["data"]["containerId"] for heard in receiver.heard] == texts


async def test_one_success_ends_the_row_of_failures(client, pool, receiver, endpoint, deliverer) -> None:
    project = await client.project()
    for answer, failures in ((500, 1), (500, 2), (200, 0), (404, 1)):
        receiver.answer = answer
        await client.text(project)
        await idle(pool)
        assert (await seen(client, endpoint))["failures"] == failures


async def test_a_failing_event_does_not_stop_those_behind_it(
    client, pool, receiver, endpoint, deliverer
) -> None:
    project = await client.project()
    bad = await client.text(project, "bad")
    receiver.answer = lambda h: web.Response(status=500 if h.event["data"]["containerId"] == bad else 200)
    good = [await client.text(project) for _ in range(3)]
    await idle(pool)
    assert [heard.event["data"]["containerId"] for heard in receiver.heard] == [bad, *good]
    assert [d["status"] for d in await deliveries(client, endpoint)] == ["pending"] + ["delivered"] * 3


async def test_a_silent_endpoint_delays_nobody_else(client, pool, receiver, deliverer) -> None:
    """Thirty endpoints that never answer, and one that does: it hears everything while they are still waiting."""
    async with receiving() as dead:
        dead.gate.clear()
        for n in range(30):
            body = {"url": f"{dead.url}/{n}", "events": EVERYTHING}
            quiet = await client.made("/v1/webhook-endpoints", body)
        await client.made("/v1/webhook-endpoints", {"url": receiver.url, "events": EVERYTHING})
        project = await client.project()
        texts = [await client.text(project) for _ in range(5)]

        async def all_heard() -> bool:
            return len(receiver.heard) == 5 and len(dead.heard) == 30

        await until(all_heard)
        assert [heard.event["data"]["containerId"] for heard in receiver.heard] == texts
        assert [d["attempts"] for d in await deliveries(client, quiet)] == [1, 0, 0, 0, 0]
        dead.gate.set()
        await idle(pool)


async def test_an_answer_that_does_not_come_is_a_failure(client, pool, shared, receiver, endpoint) -> None:
    receiver.gate.clear()
    async with delivering(shared, patience=0.3):
        await client.text(await client.project())
        await receiver.came.wait()
        await idle(pool)
    [delivery] = await deliveries(client, endpoint)
    [tried] = delivery["tries"]
    assert (delivery["status"], tried["status"]) == ("pending", None)
    assert tried["error"] == "No answer within 0.3 seconds."


async def test_a_closed_port_is_a_failure(client, pool, port, deliverer) -> None:
    body = {"url": f"http://127.0.0.1:{port}/", "events": EVERYTHING}
    endpoint = await client.made("/v1/webhook-endpoints", body)
    await client.text(await client.project())
    await idle(pool)
    [delivery] = await deliveries(client, endpoint)
    assert delivery["status"] == "pending"
    assert "Connect" in delivery["tries"][0]["error"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_is_followed(client, pool, receiver, endpoint, deliverer, status: int) -> None:
    receiver.answer = lambda h: web.Response(
        status=status if h.path == "/hook" else 200, headers={"Location": f"{receiver.origin}/elsewhere"}
    )
    await client.text(await client.project())
    await idle(pool)
    assert [heard.path for heard in receiver.heard] == ["/hook"]
    [delivery] = await deliveries(client, endpoint)
    assert (delivery["status"], delivery["tries"][0]["status"]) == ("pending", status)


async def test_of_a_long_answer_only_the_beginning_is_kept(
    client, pool, receiver, endpoint, deliverer
) -> None:
    receiver.answer = lambda heard: web.Response(text="é" * 5_000_000)
    await client.text(await client.project())
    await idle(pool)
    [delivery] = await deliveries(client, endpoint)
    assert delivery["status"] == "delivered"
    assert delivery["tries"][0]["response"] == "é" * 1000


async def test_a_dead_workers_delivery_is_taken_over(client, pool, shared, receiver, endpoint) -> None:
    """And when it comes back to life, it can write nothing any more."""
    project = await client.project()
    first, second = await client.text(project), await client.text(project)
    await store.fan_out(pool, 100)
    held = await store.claim(pool, endpoint["id"], LEASE)
    assert held is not None
    assert held["data"]["containerId"] == first
    assert await store.claim(pool, endpoint["id"], LEASE) is None
    await pool.execute("UPDATE webhook_deliveries SET due_at = now() WHERE in_hand")
    async with delivering(shared):
        await idle(pool)
    assert [heard.event["data"]["containerId"] for heard in receiver.heard] == [first, second]
    await store.settle(pool, held, "failed", None, {}, [])
    assert [(d["status"], d["attempts"]) for d in await deliveries(client, endpoint)] == [
        ("delivered", 2),
        ("delivered", 1),
    ]


async def test_without_its_secret_nothing_is_sent(client, pool, receiver, endpoint, deliverer) -> None:
    await pool.execute("UPDATE webhook_endpoints SET sealed_secrets = 'deadbeef:x'")
    await client.text(await client.project())
    await idle(pool)
    [delivery] = await deliveries(client, endpoint)
    assert (delivery["status"], receiver.heard) == ("pending", [])
    assert "rotate" in delivery["tries"][0]["error"]
    await client.post(f"/v1/webhook-endpoints/{endpoint['id']}/rotate-secret")
    await client.post(f"/v1/webhook-deliveries/{delivery['id']}/replay")
    await idle(pool)
    assert len(receiver.heard) == 1


async def test_an_endpoint_deleted_meanwhile_holds_up_nobody(
    client, pool, receiver, endpoint, deliverer
) -> None:
    """Its row is locked by the deletion when events are fanned out; the others hear them a moment later."""
    other = await client.made("/v1/webhook-endpoints", {"url": f"{receiver.url}2", "events": EVERYTHING})
    project = await client.project()
    async with pool.acquire() as tx, tx.transaction():
        await store.delete(tx, endpoint["id"])
        await client.text(project)
        await until(lambda: pool.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))
    await idle(pool)
    assert [heard.path for heard in receiver.heard] == ["/hook2"]
    assert [d["status"] for d in await deliveries(client, other)] == ["delivered"]


async def test_old_deliveries_are_forgotten(client, pool, receiver, endpoint, deliverer) -> None:
    project = await client.project()
    await client.text(project)
    await idle(pool)
    await pool.execute("UPDATE webhook_deliveries SET created_at = now() - interval '31 days'")
    await client.text(project)
    await idle(pool)
    await store.tidy(pool)
    assert len(await deliveries(client, endpoint)) == 1


# By hand ---------------------------------------------------------------------------------------------


async def test_a_ping_is_heard_by_its_endpoint_alone(client, pool, receiver, endpoint, deliverer) -> None:
    body = {"url": f"{receiver.origin}/other", "events": ["post.failed"]}
    other = await client.made("/v1/webhook-endpoints", body)
    answer = await client.post(f"/v1/webhook-endpoints/{other['id']}/test")
    assert (answer.status, answer["eventType"], answer["status"]) == (202, "test.ping", "pending")
    await idle(pool)
    [heard] = receiver.heard
    assert (heard.path, heard.event["type"]) == ("/other", "test.ping")
    assert heard.event["data"] == {"webhookEndpointId": other["id"], "projectId": None}
    assert heard.event == answer["payload"]


async def test_a_ping_is_tried_once(client, pool, receiver, endpoint, deliverer) -> None:
    receiver.answer = 500
    await client.post(f"/v1/webhook-endpoints/{endpoint['id']}/test")
    await idle(pool)
    [delivery] = await deliveries(client, endpoint)
    assert (delivery["status"], delivery["attempts"]) == ("failed", 1)


async def test_a_replay_carries_the_same_event(client, pool, receiver, endpoint, deliverer) -> None:
    await client.text(await client.project())
    await idle(pool)
    [delivery] = await deliveries(client, endpoint)
    answer = await client.post(f"/v1/webhook-deliveries/{delivery['id']}/replay")
    assert (answer.status, answer["id"], answer["status"]) == (202, delivery["id"], "pending")
    await idle(pool)
    first, second = receiver.heard
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    [again] = await deliveries(client, endpoint)
    assert (again["status"], len(again["tries"])) == ("delivered", 2)


async def test_a_replay_does_not_wait_for_the_next_try(client, pool, receiver, endpoint, deliverer) -> None:
    receiver.answer = 500
    await client.text(await client.project())
    await idle(pool)
    receiver.answer = 200
    [delivery] = await deliveries(client, endpoint, "&status=pending")
    await client.post(f"/v1/webhook-deliveries/{delivery['id']}/replay")
    await idle(pool)
    assert [d["status"] for d in await deliveries(client, endpoint)] == ["delivered"]


async def test_what_is_being_sent_or_paused_is_not_replayed(
    client, pool, receiver, endpoint, deliverer
) -> None:
    receiver.gate.clear()
    await client.text(await client.project())
    await receiver.came.wait()
    [delivery] = await deliveries(client, endpoint)
    assert (delivery["status"], delivery["nextAttemptAt"]) == ("pending", None)
    path = f"/v1/webhook-deliveries/{delivery['id']}/replay"
    in_hand = await client.post(path)
    assert (in_hand.status, in_hand.details) == (409, {"subcode": "DELIVERY_IN_HAND"})
    receiver.gate.set()
    await idle(pool)
    await client.patch(f"/v1/webhook-endpoints/{endpoint['id']}", {"status": "paused"})
    for refused in (
        await client.post(path),
        await client.post(f"/v1/webhook-endpoints/{endpoint['id']}/test"),
    ):
        assert (refused.status, refused.details) == (409, {"subcode": "ENDPOINT_PAUSED"})
    assert len(receiver.heard) == 1


async def test_a_deleted_endpoint_hears_no_more(client, pool, receiver, endpoint, deliverer) -> None:
    receiver.answer = 500
    project = await client.project()
    await client.text(project)
    await idle(pool)
    await client.delete(f"/v1/webhook-endpoints/{endpoint['id']}")
    await client.text(project)
    await idle(pool)
    assert len(receiver.heard) == 1
    assert await pool.fetchval("SELECT count(*) FROM webhook_deliveries") == 0

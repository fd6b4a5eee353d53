"""`GET /metrics`: whether posts are late, failing or piling up, for whoever may know, and at no cost to speak of."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from arrange import make_failed
from prometheus_client.parser import text_string_to_metric_families
from stage import PUT, Stage

from layers.app import Shared
from layers.db.pool import Pool
from layers.kit.metrics import call_word
from layers.monitoring import Monitor, may_read, serving_metrics
from layers.settings import Settings

ROOT = Path(__file__).parents[2]
RULES = ROOT / "examples/prometheus-rules.yaml"
METRIC, ENDING = re.compile(r"layers_\w+"), re.compile(r"_(total|count|sum|bucket)$")


class Seen:
    """What a scrape showed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.values = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def __call__(self, name: str, **labels: str) -> float:
        """Return a value; what was never counted is 0."""
        return self.values.get((f"layers_{name}", frozenset(labels.items())), 0)


async def scrape(stage: Stage) -> Seen:
    """Read the metrics as of now, not as of a few seconds ago."""
    return Seen((await Monitor(stage.pool).exposition()).decode())


async def test_a_post_is_counted_from_due_to_published(stage: Stage):
    account = await stage.account()
    await stage.text(account)
    before = await scrape(stage)
    assert before("posts_due", platform="bluesky") == 1
    assert before("posts_oldest_due_seconds", platform="bluesky") >= 0
    await stage.step(account)
    after = await scrape(stage)

    def grown(name: str, **labels: str) -> float:
        return after(name, **labels) - before(name, **labels)

    assert after("posts_due", platform="bluesky") == 0
    assert grown("post_settlements_total", platform="bluesky", status="published", code="") == 1
    assert grown("post_start_delay_seconds_count", platform="bluesky") == 1
    assert grown("claims_total") == 1
    put = {"platform": "bluesky", "call": "post", "outcome": "2xx"}
    assert grown("platform_call_seconds_count", **put) == 1


async def test_trouble_shows(stage: Stage):
    account, other = await stage.account(), await stage.account("bob.test")
    await stage.text(account)
    await stage.fault(PUT, "lose_answer")
    before = await scrape(stage)
    await stage.step(account)
    await stage.pool.execute("UPDATE scheduled_posts SET due_at = now() + interval '1 hour' WHERE holds_lane")
    await make_failed(stage.pool, await stage.text(other), unknown=True)
    canceled = await stage.text(other, "never mind")
    assert (await stage.client.delete(f"/v1/scheduled-posts/{canceled}")).status == 200
    await stage.pool.execute("UPDATE social_accounts SET status = 'reauth_required' WHERE id = $1", other)
    held = await stage.account("eve.test")
    await stage.text(held)
    await stage.pool.execute(
        "UPDATE social_accounts SET hold_until = now() + interval '1 hour' WHERE id = $1", held
    )
    seen = await scrape(stage)
    for name in ("in_doubt", "in_hand", "outcome_unknown", "held"):
        assert seen(f"posts_{name}") == 1, name
    assert seen("posts_due", platform="bluesky") == 0
    assert seen("posts_ahead") == 1
    assert seen("accounts_reauth_required", platform="bluesky") == 1
    lost = {"platform": "bluesky", "call": "post", "outcome": "answer_lost"}
    assert seen("platform_call_seconds_count", **lost) - before("platform_call_seconds_count", **lost) == 1
    parked = {"platform": "bluesky", "status": "publishing", "code": "IN_DOUBT"}
    assert seen("post_settlements_total", **parked) - before("post_settlements_total", **parked) == 1
    gone = {"platform": "bluesky"}
    assert seen("posts_canceled_total", **gone) - before("posts_canceled_total", **gone) == 1


async def test_webhooks_that_pile_up_show(stage: Stage):
    body = {"url": "https://receiver.test/hook", "events": ["test.ping"]}
    for _ in range(2):
        endpoint = await stage.client.made("/v1/webhook-endpoints", body)
        answer = await stage.client.post(f"/v1/webhook-endpoints/{endpoint['id']}/test")
        assert answer.status < 300, answer.raw
    await stage.client.patch(f"/v1/webhook-endpoints/{endpoint['id']}", {"status": "paused"})
    await stage.pool.execute("UPDATE webhook_deliveries SET due_at = now() - interval '1 minute'")
    seen = await scrape(stage)
    assert [seen("webhooks_pending", endpoint=status) for status in ("active", "paused")] == [1, 1]
    assert seen("webhooks_oldest_due_seconds") >= 60
    assert seen("webhook_endpoints_paused") == 1


async def test_labels_hold_no_ids_and_no_paths(stage: Stage):
    account = await stage.account()
    post = await stage.text(account)
    await stage.seen(post)
    assert (await stage.client.get("/v1/secret-path/of-mine")).status == 404
    answer = await stage.client.get("/metrics")
    assert answer.status == 200
    seen = Seen(answer.raw.decode())
    read = {"method": "GET", "status": "2xx", "route": "/v1/scheduled-posts/{post_id}"}
    assert seen("request_seconds_count", **read) >= 1
    assert seen("request_seconds_count", method="GET", status="4xx", route="none") >= 1
    for word in (post, account, stage.project, "secret-path", stage.client.organization_id):
        assert word not in seen.text
    assert (
        seen("database_connections", pool="layers api", state="limit")
        == stage.shared.settings.database_connections
    )


@pytest.mark.parametrize(
    ("name", "word"),
    [("chunk 3", "chunk"), ("resolve ann.bsky.test", "resolve"), ("first comment", "first comment")],
)
def test_calls_of_one_kind_are_counted_together(name: str, word: str):
    assert call_word(name) == word


async def test_however_often_it_is_scraped_the_database_is_asked_now_and_then(pool: Pool):
    monitor = Monitor(pool)
    first = await monitor.picture()
    assert first is not None
    assert await monitor.picture() is first
    monitor._fresh_until = 0  # pyright: ignore[reportPrivateUsage]
    assert await monitor.picture() is not first


async def test_without_the_database_the_rest_is_told(database_url: str, pool: Pool):
    await pool.close()
    seen = Seen((await Monitor(pool).exposition()).decode())
    assert seen.values[("layers_database_up", frozenset())] == 0
    assert "layers_posts_due" not in seen.text
    assert "layers_build_info" in seen.text


@pytest.mark.parametrize(
    ("settings", "client", "headers", "allowed"),
    [
        ({}, "127.0.0.1", {}, True),
        ({}, "::1", {}, True),
        ({}, "10.0.0.7", {}, False),
        ({}, "127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, False),
        ({}, "127.0.0.1", {"authorization": "Bearer "}, True),
        ({}, "10.0.0.7", {"authorization": "Bearer "}, False),
        ({"public_url": "https://l.test"}, "127.0.0.1", {}, False),
        ({"public_url": "https://l.test"}, "127.0.0.1", {"authorization": "Bearer "}, False),
        ({"metrics_token": "t"}, "10.0.0.7", {"authorization": "Bearer t"}, True),
        ({"metrics_token": "t"}, "10.0.0.7", {"authorization": "Bearer u"}, False),
        ({"metrics_token": "t"}, "10.0.0.7", {}, False),
        (
            {"metrics_token": "t", "public_url": "https://l.test"},
            "127.0.0.1",
            {"authorization": "Bearer t"},
            True,
        ),
        ({"metrics_token": "t", "public_url": "https://l.test"}, "127.0.0.1", {}, False),
    ],
)
def test_who_may_read(settings: dict[str, str], client: str, headers: dict[str, str], allowed: bool):
    scope: Any = {
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": (client, 4711),
    }
    assert may_read(Settings(**settings), scope) is allowed  # pyright: ignore[reportArgumentType]


async def test_who_may_not_read_is_told_what_to_send(client: Any):
    refused = await client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
    assert "LAYERS_METRICS_TOKEN" in refused.json["error"]["message"]
    assert "layers_" not in refused.raw.decode()


async def test_a_worker_alone_shows_its_own(
    shared: Shared, pool: Pool, port: int, session: aiohttp.ClientSession
):
    settings = replace(shared.settings, metrics_port=port, public_url="https://l.test", metrics_token="t0ken")
    async with serving_metrics(settings, pool) as origin:
        for path, headers, status in (
            ("/health/live", {}, 200),
            ("/metrics", {}, 401),
            ("/metrics", {"Authorization": "Bearer t0ken"}, 200),
            ("/", {}, 404),
        ):
            async with session.get(f"{origin}{path}", headers=headers) as answer:
                text = await answer.text()
                assert answer.status == status
                assert ("layers_workers" in text) is (status == 200 and path == "/metrics")


async def test_every_alert_asks_for_what_is_shown(stage: Stage):
    seen = await scrape(stage)
    known = {family.name for family in text_string_to_metric_families(seen.text)}
    groups = yaml.safe_load(RULES.read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in alerts}) == len(alerts) > 8
    for rule in alerts:
        assert {"alert", "expr", "for", "labels", "annotations"} == rule.keys()
        asked = set(METRIC.findall(rule["expr"]))
        assert asked, rule
        assert {ENDING.sub("", name) for name in asked} <= known, rule["alert"]

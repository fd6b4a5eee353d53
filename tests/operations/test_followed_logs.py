"""One post's life, read from the logs of API and workers by its id alone."""

import json
from typing import Any

import pytest
import structlog
from stage import PUT, Stage, until, working

from layers.api import envelope
from layers.kit.logs import SECRET
from layers.publishing import engine
from layers.webhooks import dispatch


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is logged from now on, as the JSON that would be written, however logs were set up before."""
    seen: list[dict[str, Any]] = []

    def keep(_: object, level: str, event: dict[str, Any]) -> dict[str, Any]:
        seen.append(json.loads(json.dumps({**event, "level": level}, default=str)))
        raise structlog.DropEvent

    log = structlog.wrap_logger(
        structlog.PrintLogger(),
        processors=[structlog.contextvars.merge_contextvars, keep],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    )
    for module in (envelope, engine, dispatch):
        monkeypatch.setattr(module, "log", log)
    return seen


async def test_a_posts_life_is_found_by_its_id(stage: Stage, lines: list[dict[str, Any]]):
    """Published, its answer lost, repeated, told to a webhook: each line says whose it is."""
    account = await stage.account()
    await stage.fault(PUT, "lose_answer")
    post = await stage.text(account, "hello")
    await stage.step(account)
    await stage.carry(account, post)
    await stage.seen(post)
    await until(lambda: _written(lines, "request", f"/v1/scheduled-posts/{post}"))  # after the answer
    life = [line for line in lines if post in json.dumps(line)]
    asked, doubt, *_, done, read = life
    assert (asked["event"], asked["posts"], asked["status"]) == ("request", [post], 200)
    assert (doubt["event"], doubt["status"], doubt["error"]) == ("settled", "publishing", "IN_DOUBT")
    assert doubt["steps"] == ["in_doubt"]
    assert (done["status"], done["steps"][0], done["steps"][-1]) == ("published", "repeated", "published")
    assert (read["event"], read["path"]) == ("request", f"/v1/scheduled-posts/{post}")
    for line in life[1:-1]:
        assert line["post"] == post
        assert line["account"] == account
        assert line["organization"] == stage.client.organization_id
        assert line["platform"] == "bluesky"
        assert line["request_id"] == asked["request_id"]
    assert not any(SECRET.search(json.dumps(line)) for line in lines)


async def test_a_webhook_names_its_post(stage: Stage, lines: list[dict[str, Any]]):
    body = {"url": "http://127.0.0.1:9/hook", "events": ["post.published"]}
    await stage.client.made("/v1/webhook-endpoints", body)
    post = await stage.text(await stage.account())
    async with working(stage.shared):
        await stage.client.post_until(post, "published")
        await until(lambda: _written(lines, "webhook"))
    [told] = [line for line in lines if line["event"] == "webhook"][:1]
    assert told["post"] == post


async def _written(lines: list[dict[str, Any]], event: str, path: str | None = None) -> bool:
    return any(line["event"] == event and line.get("path", "") in (path, "") for line in lines)

"""`layers mcp`: a model looks, makes content and publishes, and nothing goes out that was not previewed."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from layers_sdk import AsyncLayers, Whoami
from mcp import Client as Model
from mcp import StdioServerParameters, stdio_client
from ulid import ULID

from layers.client.mcp import OFFERS, offered, server_of
from layers.client.previews import Planned, UnconfirmedError, check_confirmation, confirmation_of, key_of
from layers.client.tools import Tools
from layers.samples import make_image

COMMAND = "import sys; from layers.cli import main; sys.argv = ['layers', 'mcp', *sys.argv[1:]]; main()"
NOW = datetime(2026, 4, 18, 12, tzinfo=UTC)


@pytest.fixture
async def client(join: Any) -> Any:
    """A key of an organisation that nobody else uses."""
    return await join(f"Of {ULID()}")


async def ask(model: Model, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool that must succeed; returns what it said."""
    answer = await model.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    assert answer.structured_content is not None
    return answer.structured_content


async def refused(model: Model, tool: str, **arguments: Any) -> str:
    """Call a tool that must refuse; returns its words."""
    answer = await model.call_tool(tool, arguments)
    assert answer.is_error, answer.structured_content
    return answer.content[0].text  # type: ignore[union-attr]


@asynccontextmanager
async def over_stdio(client: Any, *arguments: str) -> AsyncIterator[Model]:
    """The command in a process of its own, and the client of MCP's own SDK on its pipes."""
    env = {"LAYERS_API_KEY": client.key, "LAYERS_BASE_URL": client.origin, "no_proxy": "127.0.0.1"}
    there = StdioServerParameters(command=sys.executable, args=["-c", COMMAND, *arguments], env=env)
    async with Model(stdio_client(there)) as model:
        yield model


@asynccontextmanager
async def in_process(client: Any, *, read_only: bool = False) -> AsyncIterator[Model]:
    """The same server, without a process."""
    async with AsyncLayers(client.key, base_url=client.origin) as layers:
        who = await layers.api_keys.whoami()
        tools = Tools(layers, who, folder=None, read_only=read_only)
        async with Model(server_of(tools, who, offered(who, read_only=read_only, has_folder=False))) as model:
            yield model


async def test_a_model_publishes_what_it_previewed_and_nothing_else(client: Any, tmp_path: Path):
    project = await client.project()
    await client.account(project, "bluesky", "ann.test")
    await client.account(project, "bluesky", "bob.test")
    folder, outside = tmp_path / "files", tmp_path / "secret.jpg"
    folder.mkdir()
    make_image(folder / "photo.jpg")
    make_image(outside)
    (folder / "link.jpg").symlink_to(outside)
    ann = [{"account": "bluesky:@ann.test", "mode": "direct_publish"}]
    bob = [{"account": "bluesky:@bob.test", "mode": "direct_publish"}]
    async with over_stdio(client, "--files", str(folder)) as model:
        assert "nothing is public" in (model.instructions or "")
        assert {tool.name for tool in (await model.list_tools()).tools} == {one.name for one in OFFERS}
        assert [one["name"] for one in (await ask(model, "list_files"))["items"]] == ["photo.jpg"]
        for name in ("link.jpg", "../secret.jpg", str(outside), "no\0ne"):
            assert "There is no file" in await refused(
                model, "upload_files", project_id=project, files=[name]
            )
        [first, again] = [
            await ask(model, "upload_files", project_id=project, files=["photo.jpg"], caption="Hi")
            for _ in range(2)
        ]
        content = first["id"]
        assert again["id"] == content

        seen = await ask(model, "preview_publish", container_id=content, targets=ann)
        assert seen["valid"]
        assert "now, in the sandbox, to bluesky:@ann.test (direct_publish)" in seen["whatHappens"]
        agreed = {"container_id": content, "confirmation": seen["confirmation"]}
        assert "not of this content" in await refused(model, "publish_now", targets=bob, **agreed)
        later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        assert "not of this content" in await refused(
            model, "schedule", targets=ann, scheduled_for=later, **agreed
        )
        await client.patch(f"/v1/content/{content}", {"caption": "Something else"})
        assert "not of this content" in await refused(model, "publish_now", targets=ann, **agreed)
        assert (await ask(model, "list_posts", project_id=project))["items"] == []

        seen = await ask(model, "preview_publish", container_id=content, targets=ann)
        agreed["confirmation"] = seen["confirmation"]
        once = await ask(model, "publish_now", targets=ann, **agreed)
        assert await ask(model, "publish_now", targets=ann, **agreed) | {"posts": 0} == once | {"posts": 0}
        [post] = once["scheduledPostIds"]
        told = await ask(model, "get_post", post_id=post, wait_seconds=30)
        assert (told["post"]["status"], told["story"][0]["message"]) == ("published", "Publish was accepted.")
        assert len((await ask(model, "list_posts", project_id=project))["items"]) == 1
        twice = await ask(model, "preview_publish", container_id=content, targets=ann)
        assert ([one["code"] for one in twice["issues"]], "confirmation" in twice) == (
            ["duplicate_post"],
            False,
        )
        assert "There is: bluesky:@" in await refused(
            model, "preview_publish", container_id=content, targets=[{"account": "@eve", "mode": "x"}]
        )


async def test_a_planned_post_is_moved_and_canceled_as_it_was_read(client: Any):
    project = await client.project()
    await client.account(project, "bluesky", "ann.test")
    targets = [{"account": "bluesky:@ann.test", "mode": "direct_publish"}]
    first, second, third = (
        (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0).isoformat() for days in (1, 2, 3)
    )
    async with in_process(client) as model:
        content = (await ask(model, "create_text", project_id=project, caption="Hi"))["id"]
        assert (await ask(model, "create_text", project_id=project, caption="Hi"))["id"] == content
        plan = {"container_id": content, "targets": targets, "scheduled_for": first}
        confirmation = (await ask(model, "preview_publish", **plan))["confirmation"]
        [post] = (await ask(model, "schedule", **plan, confirmation=confirmation))["scheduledPostIds"]
        move = {"post_id": post, "current_scheduled_for": first, "scheduled_for": second}
        await ask(model, "reschedule_post", **move)
        assert "Read it again" in await refused(model, "reschedule_post", **move)
        back = {"post_id": post, "current_scheduled_for": second, "scheduled_for": first}
        await ask(model, "reschedule_post", **back)
        moved = await ask(model, "reschedule_post", **move | {"scheduled_for": third})
        assert datetime.fromisoformat(moved["scheduledFor"]) == datetime.fromisoformat(third)
        canceled = await ask(model, "cancel_post", post_id=post)
        assert await ask(model, "cancel_post", post_id=post) == canceled
        await client.delete(f"/v1/content/{content}")
        anew = await ask(model, "create_text", project_id=project, caption="Hi")
        assert anew["id"] != content
        said = await refused(model, "get_post", post_id="sp_none")
        assert "NOT_FOUND" in said
        assert "Is the id right" in said


async def test_approval_is_of_what_was_read(client: Any):
    project = await client.project()
    await client.patch(f"/v1/projects/{project}/approval-policy", {"requiresApproval": True})
    account = await client.account(project, "bluesky", "ann.test")
    content, other = await client.text(project), await client.text(project, "other")
    async with in_process(client) as model:
        waiting = await ask(model, "list_content", project_id=project, waiting_for_approval=True)
        assert {one["id"] for one in waiting["items"]} == {content, other}
        version = (await ask(model, "get_content", container_id=content))["version"]
        await client.publish(content, account)  # is kept until somebody approves
        stale = await refused(model, "approve_content", container_id=content, version=version)
        assert "not what was read" in stale
        version = (await ask(model, "get_content", container_id=content))["version"]
        done = await ask(model, "approve_content", container_id=content, version=version)
        [post] = done["pendingSchedulePromotion"]["scheduledPostIds"]
        assert (await ask(model, "get_post", post_id=post, wait_seconds=30))["post"]["status"] == "published"
        version = (await ask(model, "get_content", container_id=other))["version"]
        gone = await ask(model, "reject_content", container_id=other, version=version, reason="no")
        assert gone["approvalStatus"] == "rejected"


async def test_who_may_only_look_is_offered_nothing_else(client: Any):
    project = await client.project()
    await client.account(project, "bluesky", "ann.test")
    content = await client.text(project)
    async with in_process(client, read_only=True) as model:
        tools = (await model.list_tools()).tools
        assert len(tools) > 5
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
        targets = [{"account": "bluesky:@ann.test", "mode": "direct_publish"}]
        seen = await ask(model, "preview_publish", container_id=content, targets=targets)
        assert (seen["valid"], "confirmation" in seen) == (True, False)
        args = {"container_id": content, "targets": targets, "confirmation": "1-x"}
        assert "nknown tool" in await refused(model, "publish_now", **args)


def test_tools_are_offered_by_what_the_key_may():
    def names(*scopes: str) -> set[str]:
        return {one.name for one in offered(Whoami({"scopes": scopes}), read_only=False, has_folder=False)}

    assert names() == {"whoami"}
    assert names("content:read") == {"whoami", "list_content", "get_content"}
    assert names("*") == {one.name for one in OFFERS if not one.needs_folder}


def test_every_tool_says_what_it_does_to_the_world():
    for one in OFFERS:
        assert getattr(Tools, one.name).__doc__
        assert one.hints.read_only_hint or one.hints.idempotent_hint
    loud = {one.name for one in OFFERS if one.hints.destructive_hint and one.hints.open_world_hint}
    assert loud == {"publish_now", "schedule", "reschedule_post", "retry_post", "approve_content"}


def test_a_confirmation_is_of_one_plan_and_one_process_and_ends():
    plan = Planned("cnt_1", "c", [{"socialAccountId": "sa_1", "mode": "m"}], None)
    given, until = confirmation_of(b"secret", plan, NOW)
    check_confirmation(b"secret", plan, given, until)
    with pytest.raises(UnconfirmedError, match="too old"):
        check_confirmation(b"secret", plan, given, until + timedelta(seconds=1))
    longer = f"{int(until.timestamp()) + 900}-{given.partition('-')[2]}"
    other = Planned("cnt_1", "c", [{"socialAccountId": "sa_1", "mode": "m"}], NOW)
    for secret, planned, said in (
        (b"other", plan, given),
        (b"secret", other, given),
        (b"secret", plan, longer),
        (b"secret", plan, "é-é"),
        (b"secret", plan, ""),
    ):
        with pytest.raises(UnconfirmedError, match="not of this"):
            check_confirmation(secret, planned, said, NOW)
    assert key_of("publish", plan.canonical()) == key_of("publish", plan.canonical())
    assert key_of("publish", plan.canonical()) != key_of("publish", other.canonical())


def test_who_lacks_the_extra_is_told():
    code = f"import sys; sys.modules['mcp'] = None; {COMMAND}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'layers[mcp]'" in done.stderr
    assert "Traceback" not in done.stderr

"""What a type checker knows of the Python SDK; read by `make check`, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from datetime import datetime
from typing import assert_type

from layers_sdk import (
    AsyncLayers,
    AsyncPages,
    ConflictError,
    Container,
    Event,
    Issue,
    LastError,
    Layers,
    Pages,
    PostStatus,
    Queued,
    ScheduledPost,
    Target,
    ValidationError,
    webhooks,
)


def blocking(layers: Layers, error: ValidationError, conflict: ConflictError) -> None:
    """The blocking client."""
    target: Target = {"socialAccountId": "sa_1", "mode": "direct_publish"}
    queued = layers.publishing.publish_now(
        container_id="cnt_1",
        targets=[
            target,
            {"socialAccountId": "sa_2", "mode": "reels", "platformOptions": {"shareToFeed": True}},
        ],
        idempotency_key="key",
    )
    assert_type(queued, Queued)
    assert_type(queued.scheduled_post_ids, list[str])
    assert_type(queued.scheduled_for, datetime)
    post = layers.publishing.wait_until_done(queued.scheduled_post_ids[0])
    assert_type(post.status, PostStatus)
    assert_type(post.last_error, LastError | None)
    assert_type(layers.publishing.list_scheduled_posts("prj_1", status="failed"), Pages[ScheduledPost])
    assert_type([*layers.content.list("prj_1", approval_status="pending")], list[Container])
    assert_type(error.issues, list[Issue])
    assert_type(conflict.subcode, str | None)
    assert_type(webhooks.verify(b"", {}, ""), Event)
    layers.publishing.publish_now("cnt_1", targets=[{"mode": "reels"}])  # pyright: ignore[reportArgumentType]
    layers.publishing.publish_now("cnt_1", targets=[{**target, "captoin": "x"}])  # pyright: ignore[reportArgumentType]
    layers.publishing.publish_now("cnt_1")  # pyright: ignore[reportCallIssue]
    layers.projects.update("prj_1", name=None)  # pyright: ignore[reportArgumentType]
    layers.projects.update("prj_1", customer_external_id=None)


async def asynchronous(layers: AsyncLayers) -> None:
    """The asynchronous one."""
    assert_type(await layers.publishing.get_scheduled_post("sp_1"), ScheduledPost)
    assert_type(layers.content.list("prj_1"), AsyncPages[Container])
    assert_type([one.caption async for one in layers.content.list("prj_1")], list[str])
    assert_type(layers.webhooks.verify(b"", {}, ""), Event)

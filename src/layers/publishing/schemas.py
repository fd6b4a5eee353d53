"""Wire models of publishing (contract section 2)."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from layers.api.routes import Id, Wire, WireOut, Word
from layers.kit.problems import Issue

PostStatus = Literal["queued", "publishing", "published", "draft_in_inbox", "failed", "canceled"]
ScheduledPostId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,64}$(?!\n)",
        extra_json_schema={"pattern": "^[A-Za-z0-9_-]{1,64}$", "maxLength": 64},
    ),
]
Caption = Annotated[str, Meta(max_length=100_000)]
When = Annotated[datetime, Meta(tz=True)]
Reason = Annotated[str, Meta(max_length=1024)]


class Target(Wire):
    """Where a container goes, and how."""

    social_account_id: Id
    mode: Word
    scheduled_post_id: ScheduledPostId | None = None
    caption_override: Caption | None = None
    first_comment_override: Caption | None = None
    platform_options: Annotated[dict[str, object], Meta(max_length=50)] = {}
    allow_duplicate: bool = False


Targets = Annotated[list[Target], Meta(min_length=1, max_length=50)]


class PublishBody(Wire):
    """Body of `POST /v1/content/:containerId/publish`."""

    targets: Targets


class ScheduleBody(Wire):
    """Body of `POST /v1/content/:containerId/schedule`."""

    scheduled_for: When
    targets: Targets


class ValidateBody(Wire):
    """Body of `POST /v1/content/:containerId/validate`: publish's or schedule's."""

    targets: Targets
    scheduled_for: When | None = None


class RescheduleBody(Wire):
    """Body of `POST /v1/scheduled-posts/:id/reschedule`."""

    scheduled_for: When


class CancelBody(Wire):
    """Optional body of `DELETE /v1/scheduled-posts/:id`."""

    reason: Reason | None = None


class RetryBody(Wire):
    """Optional body of `POST /v1/scheduled-posts/:id/retry`."""

    allow_duplicate: bool = False


class ResolveBody(Wire):
    """Body of `POST /v1/scheduled-posts/:id/resolve`: what a person saw on the platform."""

    outcome: Literal["published", "not_published"]
    external_id: Annotated[str, Meta(max_length=512)] | None = None
    external_url: Annotated[str, Meta(max_length=2048)] | None = None


class Queued(WireOut):
    """Answer of publish and schedule."""

    scheduled_post_ids: list[str]
    gate_status: Literal["queued", "blocked_on_approval"]
    scheduled_for: datetime


class Verdict(WireOut):
    """Answer of validate."""

    valid: bool
    issues: list[Issue]
    gate: Literal["open", "pending", "rejected"]


class LastError(WireOut):
    """Why the last try did not succeed, and whether Layers goes on trying."""

    code: str
    message: str
    platform_code: str | None
    retryable: bool
    at: datetime


class ScheduledPost(WireOut):
    """A post on its way to one account."""

    id: str
    container_id: str
    project_id: str
    social_account_id: str
    platform: str
    mode: str
    status: PostStatus
    caption: str
    first_comment: str | None
    external_id: str | None
    external_url: str | None
    scheduled_for: datetime
    attempted_at: datetime | None
    published_at: datetime | None
    canceled_at: datetime | None
    attempts: int
    next_attempt_at: datetime | None
    last_error: LastError | None
    created_at: datetime
    updated_at: datetime


class Rescheduled(WireOut):
    """Answer of reschedule."""

    id: str
    status: PostStatus
    scheduled_for: datetime
    updated_at: datetime


class Canceled(WireOut):
    """Answer of cancel."""

    id: str
    status: PostStatus
    canceled_at: datetime


class StoryEvent(WireOut):
    """One step of what happened to a post."""

    at: datetime
    type: str
    message: str
    data: dict[str, object]


class Story(WireOut):
    """Answer of `GET /v1/scheduled-posts/:id/events`."""

    items: list[StoryEvent]


class PendingSchedule(WireOut):
    """The intent kept on a container that waits for approval. `scheduledFor` null: as soon as it is approved."""

    scheduled_for: datetime | None
    targets: list[Target]
    created_at: datetime


class Promotion(WireOut, omit_defaults=True):
    """What became of a kept intent when its container was approved."""

    status: Literal["ok", "failed"]
    scheduled_post_ids: list[str] | UnsetType = UNSET
    error: dict[str, object] | UnsetType = UNSET

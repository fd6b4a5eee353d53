"""What Layers answers and tells. Made from `openapi.json` by `sdks/generate.py`."""

from datetime import datetime
from typing import Any, Literal, Optional, Union

from layers_sdk.inputs import (
    AccountStatus,
    ApprovalStatus,
    ContainerStatus,
    DeliveryStatus,
    PostStatus,
    RateLimitTier,
    Target,
)
from layers_sdk.model import Model


class Whoami(Model):
    """What the presented key is."""

    organization_id: str
    organization_name: str
    environment: str
    scopes: list[str]
    rate_limit_tier: str
    api_key_id: str


class ApiKey(Model):
    """A key, without its secret."""

    api_key_id: str
    name: str
    environment: str
    prefix: str
    """How the key begins, to recognise it by."""
    scopes: list[str]
    rate_limit_tier: RateLimitTier
    return_hosts: list[str]
    status: Literal["active", "expired", "killed"]
    created_at: datetime
    expires_at: Optional[datetime]
    killed_at: Optional[datetime]
    last_used_at: Optional[datetime]


class ShownKey(Model):
    """A key with its secret, which is shown this once."""

    api_key: ApiKey
    key: str


class DeletedKey(Model):
    """A key that is no more."""

    api_key_id: str
    deleted_at: datetime


class AuditEvent(Model):
    """One line of the audit log."""

    event_id: str
    event_type: str
    occurred_at: datetime
    request_id: Optional[str]
    organization_id: str
    project_id: Optional[str]
    api_key_id: Optional[str]
    actor: str
    data: dict[str, Any]


class Connecting(Model):
    """How an account is connected.

    `consent`: by `oauth-url`, whose `service` is the account's server (`required`, `optional`) or the way
    that consent goes (`one_of`, from `services`). `credential`: the fields of a credential one may connect
    with, and what each is.
    """

    consent: bool
    service: Literal["none", "one_of", "optional", "required"]
    services: list[str]
    credential: dict[str, str]


class DailyCap(Model):
    """Posts an account may make in any 24 hours, in all of `modes` together."""

    posts: int
    modes: list[str]
    source: str
    checked: str


class TextLimits(Model):
    """How long a text may be."""

    limit: int
    unit: str
    max_bytes: Optional[int]
    required: bool
    max_hashtags: Optional[int]
    max_mentions: Optional[int]
    source: str
    checked: str


class MediaLimits(Model):
    """What a media item must be. `remade_from`: other types that Layers turns into JPEG."""

    mime_types: list[str]
    remade_from: list[str]
    max_bytes: int
    seconds: Optional[list[float]]
    side_px: Optional[list[int]]
    width_px: Optional[list[int]]
    max_pixels: Optional[int]
    ratio: Optional[list[float]]
    frame_rate: Optional[list[float]]
    codecs: Optional[list[str]]
    source: str
    checked: str


class PlatformOption(Model):
    """One field of `platformOptions`.

    `per_item`: one text for each media item. `in_video`: milliseconds within the video. `text`: bounds each
    text. `in_caption`: the unit in which the text counts as part of the caption. `not_with`: values of other
    options that exclude it.
    """

    type: str
    about: str
    choices: Optional[list[str]]
    least: Optional[int]
    in_video: bool
    most_items: Optional[int]
    per_item: bool
    text: Optional[TextLimits]
    pattern: Optional[str]
    in_caption: Optional[str]
    not_with: dict[str, str]
    source: str
    checked: str


class PlatformMode(Model):
    """One mode. `kinds`: least and most items of each kind of content. `handoff`: a person posts it there by
    hand.
    """

    mode: str
    about: str
    ends_in: str
    handoff: Optional[str]
    kinds: dict[str, list[int]]
    carousel_of: list[str]
    caption: dict[str, Optional[TextLimits]]
    first_comment: Optional[TextLimits]
    media: dict[str, MediaLimits]
    options: dict[str, PlatformOption]


class Platform(Model):
    """One platform. `own_limits`: servers may set others; an account's own hold then."""

    platform: str
    title: str
    own_limits: bool
    connect: Connecting
    daily_caps: list[DailyCap]
    modes: list[PlatformMode]


class PlatformList(Model):
    """Every platform."""

    items: list[Platform]


class Project(Model):
    """A project."""

    id: str
    name: str
    timezone: str
    customer_external_id: Optional[str]
    metadata: dict[str, Any]
    publish_lead_seconds: int
    status: Literal["active", "archived", "erased", "erasing"]
    created_at: datetime
    updated_at: datetime
    archived_at: Optional[datetime]
    erased_at: Optional[datetime]


class ArchivedProject(Model):
    """Answer of `DELETE /v1/projects/:id`."""

    id: str
    status: str
    archived_at: datetime
    canceled_scheduled_posts: int


class ApprovalPolicy(Model):
    """A project's approval policy."""

    project_id: str
    requires_approval: bool
    first_n_posts_blocked: Optional[int]
    auto_approve_after: Optional[str]
    updated_at: datetime


class Asset(Model):
    """One media item. `url` is signed and expires."""

    id: str
    kind: str
    url: str
    mime_type: str
    width: Optional[int]
    height: Optional[int]
    duration_ms: Optional[int]
    size_bytes: int
    sha256: str


class PendingSchedule(Model):
    """The intent kept on a container that waits for approval. `scheduled_for` null: as soon as it is approved."""

    scheduled_for: Optional[datetime]
    targets: list[Target]
    created_at: datetime


class Fit(Model):
    """Whether a container fits one mode of one platform, and if not, why."""

    fits: bool
    problems: list[str]
    changes: list[str]
    """What Layers changes on the way out because the platform demands it."""


class Container(Model):
    """A container."""

    id: str
    project_id: str
    status: ContainerStatus
    kind: str
    caption: str
    first_comment: Optional[str]
    assets: list[Asset]
    approval_status: ApprovalStatus
    pending_schedule: Optional[PendingSchedule]
    platform_fit: dict[str, dict[str, Fit]]
    created_at: datetime
    completed_at: Optional[datetime]
    failed_at: Optional[datetime]
    last_error: Optional[dict[str, Any]]


class DeletedContainer(Model):
    """Answer of `DELETE /v1/content/:id`."""

    id: str
    deleted_at: datetime


class Promotion(Model):
    """What became of a kept intent when its container was approved."""

    status: Literal["failed", "ok"]
    scheduled_post_ids: Optional[list[str]]
    error: Optional[dict[str, Any]]


class Approved(Model):
    """Answer of approve."""

    id: str
    approval_status: ApprovalStatus
    approved_at: datetime
    approved_by: str
    pending_schedule_promotion: Optional[Promotion]


class Rejected(Model):
    """Answer of reject."""

    id: str
    approval_status: ApprovalStatus
    rejected_at: datetime
    rejected_by: str
    reason: str


class Withdrawn(Model):
    """Answer of `DELETE /v1/content/:id/pending-schedule`."""

    id: str
    pending_schedule: Optional[None]


class Upload(Model):
    """Where and how one file is sent. `resumable_url` is always our own and takes HEAD and PATCH as well."""

    asset_id: str
    upload_url: str
    method: str
    headers: dict[str, str]
    expires_at: datetime
    resumable_url: str


class Uploads(Model):
    """Answer of `POST /v1/projects/:projectId/content/uploads`."""

    container_id: str
    uploads: list[Upload]


class SocialAccount(Model):
    """A connected account."""

    social_account_id: str
    project_id: str
    platform: str
    handle: str
    display_name: str
    avatar_url: Optional[str]
    status: AccountStatus
    post_defaults: dict[str, Any]
    connected_at: datetime
    token_expires_at: Optional[datetime]
    disconnected_reason: Optional[str]
    disconnected_at: Optional[datetime]


class RevokedAccount(Model):
    """Answer of `DELETE /v1/social-accounts/:id`."""

    social_account_id: str
    status: AccountStatus
    disconnected_reason: str
    canceled_scheduled_posts: int
    disconnected_at: datetime


class AuthorizeUrl(Model):
    """Answer of oauth-url and reauth-url."""

    authorize_url: str
    state: str
    expires_at: datetime


class OAuthStatus(Model):
    """Answer of `GET /v1/social/oauth-status/:state`."""

    state: str
    status: Literal["completed", "failed", "pending"]
    expires_at: datetime
    social_account_id: Optional[str]
    social_account_ids: Optional[list[str]]
    error: Optional[dict[str, Any]]


class AccountHealth(Model):
    """Answer of `GET /v1/social-accounts/:id/health`.

    `reconnect_before`: by then a person must have reconnected the account; until then Layers renews tokens by
    itself. `posts_left_today` is of the modes that publish, `posts_left_today_by_mode` of each with a cap;
    null: there is none.
    """

    social_account_id: str
    status: AccountStatus
    token: Literal["expired", "expiring", "missing", "refused", "unlimited", "unreadable", "valid"]
    token_expires_at: Optional[datetime]
    reconnect_before: Optional[datetime]
    last_published_at: Optional[datetime]
    posts_left_today: Optional[int]
    posts_left_today_by_mode: dict[str, int]
    posts_waiting: int
    hold_until: Optional[datetime]


class Queued(Model):
    """Answer of publish and schedule."""

    scheduled_post_ids: list[str]
    gate_status: Literal["blocked_on_approval", "queued"]
    scheduled_for: datetime


class Issue(Model):
    """One fault: where (`targets[0].mode`), in words, and a stable code."""

    path: str
    message: str
    code: str


class Verdict(Model):
    """Answer of validate."""

    valid: bool
    issues: list[Issue]
    gate: Literal["open", "pending", "rejected"]


class LastError(Model):
    """Why the last try did not succeed, and whether Layers goes on trying."""

    code: str
    message: str
    platform_code: Optional[str]
    retryable: bool
    at: datetime


class ScheduledPost(Model):
    """A post on its way to one account."""

    id: str
    container_id: str
    project_id: str
    social_account_id: str
    platform: str
    mode: str
    status: PostStatus
    caption: str
    first_comment: Optional[str]
    external_id: Optional[str]
    external_url: Optional[str]
    scheduled_for: datetime
    attempted_at: Optional[datetime]
    published_at: Optional[datetime]
    canceled_at: Optional[datetime]
    attempts: int
    next_attempt_at: Optional[datetime]
    last_error: Optional[LastError]
    created_at: datetime
    updated_at: datetime


class Canceled(Model):
    """Answer of cancel."""

    id: str
    status: PostStatus
    canceled_at: datetime


class StoryEvent(Model):
    """One step of what happened to a post."""

    at: datetime
    type: str
    message: str
    data: dict[str, Any]


class Story(Model):
    """Answer of `GET /v1/scheduled-posts/:id/events`."""

    items: list[StoryEvent]


class Rescheduled(Model):
    """Answer of reschedule."""

    id: str
    status: PostStatus
    scheduled_for: datetime
    updated_at: datetime


class WebhookEndpoint(Model):
    """An endpoint; `failures` counts the tries in a row that failed."""

    id: str
    url: str
    events: list[str]
    description: Optional[str]
    project_id: Optional[str]
    status: Literal["active", "paused"]
    paused_at: Optional[datetime]
    failures: int
    created_at: datetime
    updated_at: datetime
    secret: Optional[str]
    """Shown once, in the answer that made it."""


class DeletedEndpoint(Model):
    """Answer of `DELETE /v1/webhook-endpoints/:id`."""

    id: str
    deleted: bool


class RotatedSecret(Model):
    """Answer of `POST …/rotate-secret`; until then the secret before signs as well."""

    id: str
    secret: str
    previous_secret_valid_until: datetime


class WebhookEvent(Model):
    """What an endpoint receives."""

    id: str
    type: str
    created_at: datetime
    data: dict[str, Any]


class SentRequest(Model):
    """What was sent with the payload at the last try."""

    url: str
    headers: dict[str, str]


class DeliveryTry(Model):
    """One try: the answer's status and the beginning of its body, or what went wrong."""

    at: datetime
    duration_ms: int
    status: Optional[int]
    response: Optional[str]
    error: Optional[str]


class WebhookDelivery(Model):
    """One event on its way to one endpoint."""

    id: str
    webhook_endpoint_id: str
    event_id: str
    event_type: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at: Optional[datetime]
    delivered_at: Optional[datetime]
    created_at: datetime
    payload: WebhookEvent
    request: Optional[SentRequest]
    tries: list[DeliveryTry]


class PostEventData(Model):
    """The post as it is now."""

    project_id: Optional[str]
    scheduled_post_id: str
    container_id: str
    social_account_id: str
    platform: str
    mode: str
    status: PostStatus
    scheduled_for: datetime


class PostScheduledEvent(Model):
    """The event `post.scheduled`."""

    id: str
    """The same at every try."""
    type: Literal["post.scheduled"]
    created_at: datetime
    data: PostEventData


class PostPublishedData(Model):
    """The post is public."""

    project_id: Optional[str]
    scheduled_post_id: str
    container_id: str
    social_account_id: str
    platform: str
    mode: str
    status: PostStatus
    scheduled_for: datetime
    external_id: Optional[str]
    external_url: Optional[str]


class PostPublishedEvent(Model):
    """The event `post.published`."""

    id: str
    """The same at every try."""
    type: Literal["post.published"]
    created_at: datetime
    data: PostPublishedData


class PostFailedData(Model):
    """The post will not be tried again by itself."""

    project_id: Optional[str]
    scheduled_post_id: str
    container_id: str
    social_account_id: str
    platform: str
    mode: str
    status: PostStatus
    scheduled_for: datetime
    error: LastError


class PostFailedEvent(Model):
    """The event `post.failed`."""

    id: str
    """The same at every try."""
    type: Literal["post.failed"]
    created_at: datetime
    data: PostFailedData


class PostCanceledData(Model):
    """The post was withdrawn before anything irreversible was sent."""

    project_id: Optional[str]
    scheduled_post_id: str
    container_id: str
    social_account_id: str
    platform: str
    mode: str
    status: PostStatus
    scheduled_for: datetime
    reason: Optional[str]
    by: str
    """Who: `api_key_…`."""


class PostCanceledEvent(Model):
    """The event `post.canceled`."""

    id: str
    """The same at every try."""
    type: Literal["post.canceled"]
    created_at: datetime
    data: PostCanceledData


class HandoffMedia(Model):
    """A media item to save. `url` is signed and expires."""

    url: str
    mime_type: str


class PostDraftReadyData(Model):
    """A person has to finish the post: in the platform's inbox (`external_id`), or at `handoff_url`."""

    project_id: Optional[str]
    scheduled_post_id: str
    container_id: str
    social_account_id: str
    platform: str
    mode: str
    status: PostStatus
    scheduled_for: datetime
    external_id: Optional[str]
    handoff_url: Optional[str]
    caption: Optional[str]
    first_comment: Optional[str]
    media: Optional[list[HandoffMedia]]


class PostDraftReadyEvent(Model):
    """The event `post.draft_ready`."""

    id: str
    """The same at every try."""
    type: Literal["post.draft_ready"]
    created_at: datetime
    data: PostDraftReadyData


class PostLateData(Model):
    """The post has been due for five minutes and still waits for its turn; it goes out all the same."""

    project_id: Optional[str]
    scheduled_post_id: str
    container_id: str
    social_account_id: str
    platform: str
    mode: str
    status: PostStatus
    scheduled_for: datetime
    seconds_after_due: float


class PostLateEvent(Model):
    """The event `post.late`."""

    id: str
    """The same at every try."""
    type: Literal["post.late"]
    created_at: datetime
    data: PostLateData


class ContentCompletedData(Model):
    """The container can be published."""

    project_id: Optional[str]
    container_id: str
    kind: str
    assets: int
    """How many media items it has."""


class ContentCompletedEvent(Model):
    """The event `content.completed`."""

    id: str
    """The same at every try."""
    type: Literal["content.completed"]
    created_at: datetime
    data: ContentCompletedData


class ContentFailedData(Model):
    """The container came to nothing."""

    project_id: Optional[str]
    container_id: str
    error: dict[str, Any]


class ContentFailedEvent(Model):
    """The event `content.failed`."""

    id: str
    """The same at every try."""
    type: Literal["content.failed"]
    created_at: datetime
    data: ContentFailedData


class ContentApprovedData(Model):
    """Somebody, or the project's timer, approved the container."""

    project_id: Optional[str]
    container_id: str
    approved_by: str
    note: Optional[str]


class ContentApprovedEvent(Model):
    """The event `content.approved`."""

    id: str
    """The same at every try."""
    type: Literal["content.approved"]
    created_at: datetime
    data: ContentApprovedData


class ContentRejectedData(Model):
    """Somebody rejected the container."""

    project_id: Optional[str]
    container_id: str
    rejected_by: str
    reason: str


class ContentRejectedEvent(Model):
    """The event `content.rejected`."""

    id: str
    """The same at every try."""
    type: Literal["content.rejected"]
    created_at: datetime
    data: ContentRejectedData


class AccountConnectedData(Model):
    """The account was connected, or connected again."""

    project_id: Optional[str]
    social_account_id: str
    platform: str
    handle: str
    released_scheduled_posts: int
    """Posts that waited for the reconnect and go out now."""


class SocialAccountConnectedEvent(Model):
    """The event `social_account.connected`."""

    id: str
    """The same at every try."""
    type: Literal["social_account.connected"]
    created_at: datetime
    data: AccountConnectedData


class AccountNeedsReauthData(Model):
    """A person must reconnect the account: now (`reauth_required`), or by `reconnect_before` (still
    `connected`).
    """

    project_id: Optional[str]
    social_account_id: str
    platform: str
    reason: Optional[str]
    status: str
    reconnect_before: Optional[datetime]


class SocialAccountNeedsReauthEvent(Model):
    """The event `social_account.needs_reauth`."""

    id: str
    """The same at every try."""
    type: Literal["social_account.needs_reauth"]
    created_at: datetime
    data: AccountNeedsReauthData


class AccountRevokedData(Model):
    """The account was disconnected."""

    project_id: Optional[str]
    social_account_id: str
    platform: str
    canceled_scheduled_posts: int


class SocialAccountRevokedEvent(Model):
    """The event `social_account.revoked`."""

    id: str
    """The same at every try."""
    type: Literal["social_account.revoked"]
    created_at: datetime
    data: AccountRevokedData


class PingData(Model):
    """A test, sent by `POST /v1/webhook-endpoints/:id/test`."""

    project_id: Optional[str]
    webhook_endpoint_id: str


class TestPingEvent(Model):
    """The event `test.ping`."""

    id: str
    """The same at every try."""
    type: Literal["test.ping"]
    created_at: datetime
    data: PingData


class PostUpdatedData(Model):
    """Something about the post changed that no other event tells: it is being published, is tried again later,
    has

    another time. Read it anew.
    """

    project_id: Optional[str]
    scheduled_post_id: str


class PostUpdatedEvent(Model):
    """The event `post.updated`."""

    id: Optional[str]
    """Null for a hint that cannot be asked for again."""
    type: Literal["post.updated"]
    created_at: datetime
    data: PostUpdatedData


class ContentUpdatedData(Model):
    """Something about the container changed that no other event tells: its words, a kept intent; or it was
    deleted.
    """

    project_id: Optional[str]
    container_id: str


class ContentUpdatedEvent(Model):
    """The event `content.updated`."""

    id: Optional[str]
    """Null for a hint that cannot be asked for again."""
    type: Literal["content.updated"]
    created_at: datetime
    data: ContentUpdatedData


class SocialAccountUpdatedData(Model):
    """Something about the account changed that no other event tells."""

    project_id: Optional[str]
    social_account_id: str


class SocialAccountUpdatedEvent(Model):
    """The event `social_account.updated`."""

    id: Optional[str]
    """Null for a hint that cannot be asked for again."""
    type: Literal["social_account.updated"]
    created_at: datetime
    data: SocialAccountUpdatedData


class ReloadData(Model):
    """What happened since `lastEventId` cannot be told: read everything anew. What follows is whole."""

    project_id: Optional[str]
    reason: Literal["too_many", "unknown_event"]


class ReloadEvent(Model):
    """The event `reload`."""

    id: Optional[str]
    """Null for a hint that cannot be asked for again."""
    type: Literal["reload"]
    created_at: datetime
    data: ReloadData


Event = Union[
    PostScheduledEvent,
    PostPublishedEvent,
    PostFailedEvent,
    PostCanceledEvent,
    PostDraftReadyEvent,
    PostLateEvent,
    ContentCompletedEvent,
    ContentFailedEvent,
    ContentApprovedEvent,
    ContentRejectedEvent,
    SocialAccountConnectedEvent,
    SocialAccountNeedsReauthEvent,
    SocialAccountRevokedEvent,
    TestPingEvent,
    WebhookEvent,
]


StreamEvent = Union[
    PostScheduledEvent,
    PostPublishedEvent,
    PostFailedEvent,
    PostCanceledEvent,
    PostDraftReadyEvent,
    PostLateEvent,
    ContentCompletedEvent,
    ContentFailedEvent,
    ContentApprovedEvent,
    ContentRejectedEvent,
    SocialAccountConnectedEvent,
    SocialAccountNeedsReauthEvent,
    SocialAccountRevokedEvent,
    PostUpdatedEvent,
    ContentUpdatedEvent,
    SocialAccountUpdatedEvent,
    ReloadEvent,
    WebhookEvent,
]


EVENTS: dict[str, type[Event]] = {
    "post.scheduled": PostScheduledEvent,
    "post.published": PostPublishedEvent,
    "post.failed": PostFailedEvent,
    "post.canceled": PostCanceledEvent,
    "post.draft_ready": PostDraftReadyEvent,
    "post.late": PostLateEvent,
    "content.completed": ContentCompletedEvent,
    "content.failed": ContentFailedEvent,
    "content.approved": ContentApprovedEvent,
    "content.rejected": ContentRejectedEvent,
    "social_account.connected": SocialAccountConnectedEvent,
    "social_account.needs_reauth": SocialAccountNeedsReauthEvent,
    "social_account.revoked": SocialAccountRevokedEvent,
    "test.ping": TestPingEvent,
}
"""The class of each type of event."""


STREAMED: dict[str, type[StreamEvent]] = {
    "post.scheduled": PostScheduledEvent,
    "post.published": PostPublishedEvent,
    "post.failed": PostFailedEvent,
    "post.canceled": PostCanceledEvent,
    "post.draft_ready": PostDraftReadyEvent,
    "post.late": PostLateEvent,
    "content.completed": ContentCompletedEvent,
    "content.failed": ContentFailedEvent,
    "content.approved": ContentApprovedEvent,
    "content.rejected": ContentRejectedEvent,
    "social_account.connected": SocialAccountConnectedEvent,
    "social_account.needs_reauth": SocialAccountNeedsReauthEvent,
    "social_account.revoked": SocialAccountRevokedEvent,
    "post.updated": PostUpdatedEvent,
    "content.updated": ContentUpdatedEvent,
    "social_account.updated": SocialAccountUpdatedEvent,
    "reload": ReloadEvent,
}
"""And of each that the stream tells."""


__all__ = [
    "AccountConnectedData",
    "AccountHealth",
    "AccountNeedsReauthData",
    "AccountRevokedData",
    "ApiKey",
    "ApprovalPolicy",
    "Approved",
    "ArchivedProject",
    "Asset",
    "AuditEvent",
    "AuthorizeUrl",
    "Canceled",
    "Connecting",
    "Container",
    "ContentApprovedData",
    "ContentApprovedEvent",
    "ContentCompletedData",
    "ContentCompletedEvent",
    "ContentFailedData",
    "ContentFailedEvent",
    "ContentRejectedData",
    "ContentRejectedEvent",
    "ContentUpdatedData",
    "ContentUpdatedEvent",
    "DailyCap",
    "DeletedContainer",
    "DeletedEndpoint",
    "DeletedKey",
    "DeliveryTry",
    "Event",
    "Fit",
    "HandoffMedia",
    "Issue",
    "LastError",
    "MediaLimits",
    "OAuthStatus",
    "PendingSchedule",
    "PingData",
    "Platform",
    "PlatformList",
    "PlatformMode",
    "PlatformOption",
    "PostCanceledData",
    "PostCanceledEvent",
    "PostDraftReadyData",
    "PostDraftReadyEvent",
    "PostEventData",
    "PostFailedData",
    "PostFailedEvent",
    "PostLateData",
    "PostLateEvent",
    "PostPublishedData",
    "PostPublishedEvent",
    "PostScheduledEvent",
    "PostUpdatedData",
    "PostUpdatedEvent",
    "Project",
    "Promotion",
    "Queued",
    "Rejected",
    "ReloadData",
    "ReloadEvent",
    "Rescheduled",
    "RevokedAccount",
    "RotatedSecret",
    "ScheduledPost",
    "SentRequest",
    "ShownKey",
    "SocialAccount",
    "SocialAccountConnectedEvent",
    "SocialAccountNeedsReauthEvent",
    "SocialAccountRevokedEvent",
    "SocialAccountUpdatedData",
    "SocialAccountUpdatedEvent",
    "Story",
    "StoryEvent",
    "StreamEvent",
    "TestPingEvent",
    "TextLimits",
    "Upload",
    "Uploads",
    "Verdict",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "Whoami",
    "Withdrawn",
]

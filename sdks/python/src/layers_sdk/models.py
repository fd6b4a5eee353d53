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
    """The organisation's id."""
    organization_name: str
    """The organisation's name."""
    environment: str
    """`test` or `live`."""
    scopes: list[str]
    """What the key may do; `*`: everything."""
    rate_limit_tier: str
    """`standard`, `pilot`, `partner` or `unlimited`: how much it may ask a minute."""
    api_key_id: str
    """The key's id."""


class ApiKey(Model):
    """A key, without its secret."""

    api_key_id: str
    """The key's id."""
    name: str
    """A name for people."""
    environment: str
    """`test` or `live`."""
    prefix: str
    """How the key begins, to recognise it by."""
    scopes: list[str]
    """What the key may do; `*`: everything."""
    rate_limit_tier: RateLimitTier
    """`standard`, `pilot`, `partner` or `unlimited`: how much it may ask a minute."""
    return_hosts: list[str]
    """Hosts to which people may be sent back after a consent."""
    status: Literal["active", "expired", "killed"]
    """`active`, `expired` or `killed`."""
    created_at: datetime
    """When it was made."""
    expires_at: Optional[datetime]
    """Until when it is good; null: it does not end."""
    killed_at: Optional[datetime]
    """When it was killed; null: it was not."""
    last_used_at: Optional[datetime]
    """When it was last used, to the minute or so; null: never."""


class ShownKey(Model):
    """A key with its secret, which is shown this once."""

    api_key: ApiKey
    """The key, without its secret."""
    key: str
    """The whole key. Shown this once; Layers keeps a hash."""


class DeletedKey(Model):
    """A key that is no more."""

    api_key_id: str
    """The key's id."""
    deleted_at: datetime
    """When it was deleted."""


class AuditEvent(Model):
    """One line of the audit log."""

    event_id: str
    """The event's id."""
    event_type: str
    """What it tells of."""
    occurred_at: datetime
    """When it happened."""
    request_id: Optional[str]
    """The request it came from, as in `X-Request-Id`; null where a timer or a worker acted."""
    organization_id: str
    """The organisation's id."""
    project_id: Optional[str]
    """The project it happened in; null: in none."""
    api_key_id: Optional[str]
    """The key that did it; null: none did."""
    actor: str
    """Who did it: `api_key_…`, a worker or a timer."""
    data: dict[str, Any]
    """What there is to say of it; the keys depend on the type."""


class Connecting(Model):
    """How an account is connected.

    `consent`: by `oauth-url`, whose `service` is the account's server (`required`, `optional`) or the way
    that consent goes (`one_of`, from `services`). `credential`: the fields of a credential one may connect
    with, and what each is.
    """

    consent: bool
    """Whether a person can connect an account by consent."""
    service: Literal["none", "one_of", "optional", "required"]
    """The account's server where a platform has many, or the door where it has several."""
    services: list[str]
    """What `service` of a consent may be; none named: it is not needed."""
    credential: dict[str, str]
    """What the platform gave you, by name; which names it takes is on the platforms' page. With a test key:
    `{"handle": "…"}`.
    """


class DailyCap(Model):
    """Posts an account may make in any 24 hours, in all of `modes` together."""

    posts: int
    """At most so many."""
    modes: list[str]
    """The modes that count together."""
    source: str
    """Where the limit was read."""
    checked: str
    """When it was read."""


class TextLimits(Model):
    """How long a text may be."""

    limit: int
    """At most so many, counted in `unit`."""
    unit: str
    """What is counted."""
    max_bytes: Optional[int]
    """At most so many bytes."""
    required: bool
    """Whether it must be there."""
    max_hashtags: Optional[int]
    """At most so many hashtags."""
    max_mentions: Optional[int]
    """At most so many mentions."""
    source: str
    """Where the limit was read."""
    checked: str
    """When it was read."""


class MediaLimits(Model):
    """What a media item must be. `remade_from`: other types that Layers turns into JPEG."""

    mime_types: list[str]
    """The types it takes."""
    remade_from: list[str]
    """Types that Layers turns into one it takes."""
    max_bytes: int
    """At most so many bytes."""
    seconds: Optional[list[float]]
    """From and to, in seconds."""
    side_px: Optional[list[int]]
    """From and to, in pixels, of each side."""
    width_px: Optional[list[int]]
    """From and to, in pixels."""
    max_pixels: Optional[int]
    """At most so many pixels in all."""
    ratio: Optional[list[float]]
    """From and to: width by height."""
    frame_rate: Optional[list[float]]
    """From and to, in frames a second."""
    codecs: Optional[list[str]]
    """The codecs it takes; none named: any."""
    source: str
    """Where the limit was read."""
    checked: str
    """When it was read."""


class PlatformOption(Model):
    """One field of `platformOptions`.

    `per_item`: one text for each media item. `in_video`: milliseconds within the video. `text`: bounds each
    text. `in_caption`: the unit in which the text counts as part of the caption. `not_with`: values of other
    options that exclude it.
    """

    type: str
    """The JSON type."""
    about: str
    """What it is, for people."""
    choices: Optional[list[str]]
    """The values allowed; null: any of the type."""
    least: Optional[int]
    """The smallest number; null: none."""
    in_video: bool
    """Whether it is a moment within the video."""
    most_items: Optional[int]
    """At most so many items."""
    per_item: bool
    """Whether there may be one for each media item."""
    text: Optional[TextLimits]
    """The limits of its text."""
    pattern: Optional[str]
    """The pattern it must match."""
    in_caption: Optional[str]
    """How its characters count within the caption; null: they do not."""
    not_with: dict[str, str]
    """Options and values it excludes."""
    source: str
    """Where the limit was read."""
    checked: str
    """When it was read."""


class PlatformMode(Model):
    """One mode. `kinds`: least and most items of each kind of content. `handoff`: a person posts it there by
    hand.
    """

    mode: str
    """How the platform takes it, such as `direct_publish`."""
    about: str
    """What it is, for people."""
    ends_in: str
    """How a post of this mode ends when all is well."""
    handoff: Optional[str]
    """Where a person posts it by hand, as the platform has no inbox; null: nobody has to."""
    kinds: dict[str, list[int]]
    """The kinds of container it takes, each with the least and the most media items."""
    carousel_of: list[str]
    """Of which kinds a carousel may be."""
    caption: dict[str, Optional[TextLimits]]
    """The caption's limits by kind of container; null: it has none."""
    first_comment: Optional[TextLimits]
    """The first comment's limits; null: it has none."""
    media: dict[str, MediaLimits]
    """The limits of each kind of item."""
    options: dict[str, PlatformOption]
    """What `platformOptions` may hold, by name."""


class Platform(Model):
    """One platform. `own_limits`: servers may set others; an account's own hold then."""

    platform: str
    """The platform's name, as `GET /v1/platforms` lists it."""
    title: str
    """The platform's name for people."""
    own_limits: bool
    """Whether servers of this platform set limits of their own, which then hold for their accounts."""
    connect: Connecting
    daily_caps: list[DailyCap]
    """How many posts an account may make in 24 hours."""
    modes: list[PlatformMode]
    """The ways it takes posts."""


class PlatformList(Model):
    """Every platform."""

    items: list[Platform]
    """What was found, in order."""


class Project(Model):
    """A project."""

    id: str
    """Its id."""
    name: str
    """A name for people."""
    timezone: str
    """An IANA name, such as `Europe/Berlin`."""
    customer_external_id: Optional[str]
    """Your own id of the customer; null: none."""
    metadata: dict[str, Any]
    """What you keep with it."""
    publish_lead_seconds: int
    """How many seconds publish waits, as a window to cancel in: 0–300."""
    status: Literal["active", "archived", "erased", "erasing"]
    """`active`, `archived`, `erasing` or `erased`."""
    created_at: datetime
    """When it was made."""
    updated_at: datetime
    """When it last changed."""
    archived_at: Optional[datetime]
    """When it was archived; null: it is not."""
    erased_at: Optional[datetime]
    """When everything in it was gone; null: it is not."""


class ArchivedProject(Model):
    """Answer of `DELETE /v1/projects/:id`."""

    id: str
    """Its id."""
    status: str
    """How it stands."""
    archived_at: datetime
    """When it was archived; null: it is not."""
    canceled_scheduled_posts: int
    """How many queued posts were canceled with it."""


class ApprovalPolicy(Model):
    """A project's approval policy."""

    project_id: str
    """The project's id."""
    requires_approval: bool
    """Whether new containers wait for approval."""
    first_n_posts_blocked: Optional[int]
    """After so many approved containers new ones are free; 0 or null: all wait."""
    auto_approve_after: Optional[str]
    """After this time a waiting container is approved by itself, such as `PT36H`; null: never."""
    updated_at: datetime
    """When it last changed."""


class Asset(Model):
    """One media item. `url` is signed and expires."""

    id: str
    """Its id."""
    kind: str
    """`video` or `image`."""
    url: str
    """A signed link to the bytes, good for at least an hour."""
    mime_type: str
    """What it is by its bytes, whatever it was called."""
    width: Optional[int]
    """In pixels; null: not known."""
    height: Optional[int]
    """In pixels; null: not known."""
    duration_ms: Optional[int]
    """How long it lasts, in milliseconds; null: it does not."""
    size_bytes: int
    """How many bytes it has."""
    sha256: str
    """The SHA-256 of the bytes, in hex."""


class PendingSchedule(Model):
    """The intent kept on a container that waits for approval. `scheduled_for` null: as soon as it is approved."""

    scheduled_for: Optional[datetime]
    """When the posts are to go out; null: as soon as the container is approved."""
    targets: list[Target]
    """Where the container goes: 1–50. All are checked before anything is written; one that is wrong refuses all."""
    created_at: datetime
    """When it was made."""


class Fit(Model):
    """Whether a container fits one mode of one platform, and if not, why."""

    fits: bool
    """Whether it fits."""
    problems: list[str]
    """Why it does not fit, one sentence each."""
    changes: list[str]
    """What Layers changes on the way out because the platform demands it."""


class Container(Model):
    """A container."""

    id: str
    """Its id."""
    project_id: str
    """The project's id."""
    status: ContainerStatus
    """How it stands."""
    kind: str
    """`video`, `image`, `carousel` or `text`."""
    caption: str
    """The text that goes with it."""
    first_comment: Optional[str]
    """The first comment below the post; null: none."""
    assets: list[Asset]
    """The media, in order."""
    approval_status: ApprovalStatus
    """`not_required`, `pending`, `approved` or `rejected`."""
    pending_schedule: Optional[PendingSchedule]
    """The intent that waits for approval; null: none does."""
    platform_fit: dict[str, dict[str, Fit]]
    """By platform and mode: whether the container fits, and why not."""
    created_at: datetime
    """When it was made."""
    completed_at: Optional[datetime]
    """When its media was ready; null before."""
    failed_at: Optional[datetime]
    """When it failed; null: it did not."""
    last_error: Optional[dict[str, Any]]
    """Why its media could not be had, with `code`, `message` and `retryable`; null: nothing went wrong."""


class DeletedContainer(Model):
    """Answer of `DELETE /v1/content/:id`."""

    id: str
    """Its id."""
    deleted_at: datetime
    """When it was deleted."""


class Promotion(Model):
    """What became of a kept intent when its container was approved."""

    status: Literal["failed", "ok"]
    """`ok`: the posts are queued. `failed`: they could not be; the approval stands and the intent is kept."""
    scheduled_post_ids: Optional[list[str]]
    """The posts, in the order of the targets."""
    error: Optional[dict[str, Any]]
    """Why not, like an error of publish."""


class Approved(Model):
    """Answer of approve."""

    id: str
    """Its id."""
    approval_status: ApprovalStatus
    """`not_required`, `pending`, `approved` or `rejected`."""
    approved_at: datetime
    """When it was approved."""
    approved_by: str
    """Who approved it: `api_key_…`, or the timer."""
    pending_schedule_promotion: Optional[Promotion]
    """What became of the intent that waited. Absent: none did."""


class Rejected(Model):
    """Answer of reject."""

    id: str
    """Its id."""
    approval_status: ApprovalStatus
    """`not_required`, `pending`, `approved` or `rejected`."""
    rejected_at: datetime
    """When it was rejected."""
    rejected_by: str
    """Who rejected it: `api_key_…`."""
    reason: str
    """Why, as it was given."""


class Withdrawn(Model):
    """Answer of `DELETE /v1/content/:id/pending-schedule`."""

    id: str
    """Its id."""
    pending_schedule: Optional[None]
    """null: there is none any more."""


class Upload(Model):
    """Where and how one file is sent. `resumable_url` is always our own and takes HEAD and PATCH as well."""

    asset_id: str
    """The asset's id."""
    upload_url: str
    """Send the bytes here, once. Whoever holds the link may send this one file; no key is needed."""
    method: str
    """The method to send them with."""
    headers: dict[str, str]
    """The headers to send with them."""
    expires_at: datetime
    """Until when it is good; null: it does not end."""
    resumable_url: str
    """Always at Layers itself: takes the bytes in pieces, and tells how many there are."""


class Uploads(Model):
    """Answer of `POST /v1/projects/:projectId/content/uploads`."""

    container_id: str
    """The container's id."""
    uploads: list[Upload]
    """Where each file is sent, in the order given."""


class SocialAccount(Model):
    """A connected account."""

    social_account_id: str
    """The account's id."""
    project_id: str
    """The project's id."""
    platform: str
    """The platform's name, as `GET /v1/platforms` lists it."""
    handle: str
    """What the account is called on its platform."""
    display_name: str
    """The name people see."""
    avatar_url: Optional[str]
    """Its picture; null: none is known."""
    status: AccountStatus
    """`connected`, `reauth_required` (a person must consent again) or `disconnected`."""
    post_defaults: dict[str, Any]
    """Options that posts of this account have unless their target says otherwise."""
    connected_at: datetime
    """When it was last connected."""
    token_expires_at: Optional[datetime]
    """Until when the token is good; null: without end, or not known. Layers renews it before."""
    disconnected_reason: Optional[str]
    """Why it was disconnected. Absent: it is not."""
    disconnected_at: Optional[datetime]
    """When it was disconnected. Absent: it is not."""


class RevokedAccount(Model):
    """Answer of `DELETE /v1/social-accounts/:id`."""

    social_account_id: str
    """The account's id."""
    status: AccountStatus
    """How it stands."""
    disconnected_reason: str
    """Why it was disconnected. Absent: it is not."""
    canceled_scheduled_posts: int
    """How many queued posts were canceled with it."""
    disconnected_at: datetime
    """When it was disconnected. Absent: it is not."""


class AuthorizeUrl(Model):
    """Answer of oauth-url and reauth-url."""

    authorize_url: str
    """Send the person here, within ten minutes."""
    state: str
    """Names this consent; ask for it with `GET /v1/social/oauth-status/:state`."""
    expires_at: datetime
    """Until when the person must have consented."""


class OAuthStatus(Model):
    """Answer of `GET /v1/social/oauth-status/:state`."""

    state: str
    """Names this consent; ask for it with `GET /v1/social/oauth-status/:state`."""
    status: Literal["completed", "failed", "pending"]
    """How it stands."""
    expires_at: datetime
    """Until when the person must have consented."""
    social_account_id: Optional[str]
    """The account's id."""
    social_account_ids: Optional[list[str]]
    """All accounts that came of one consent."""
    error: Optional[dict[str, Any]]
    """Why it came to nothing, with `code` and `message`."""


class AccountHealth(Model):
    """Answer of `GET /v1/social-accounts/:id/health`.

    `reconnect_before`: by then a person must have reconnected the account; until then Layers renews tokens by
    itself. `posts_left_today` is of the modes that publish, `posts_left_today_by_mode` of each with a cap;
    null: there is none.
    """

    social_account_id: str
    """The account's id."""
    status: AccountStatus
    """How it stands."""
    token: Literal["expired", "expiring", "missing", "refused", "unlimited", "unreadable", "valid"]
    """How the token stands: `valid`, `expiring`, `expired`, `refused`, `unreadable`, `missing` or `unlimited`."""
    token_expires_at: Optional[datetime]
    """Until when the token is good; null: without end, or not known. Layers renews it before."""
    reconnect_before: Optional[datetime]
    """By then a person must have reconnected the account; null: Layers renews it by itself."""
    last_published_at: Optional[datetime]
    """When a post of it last came out; null: never."""
    posts_left_today: Optional[int]
    """How many posts the platform still takes today; null: it has no cap."""
    posts_left_today_by_mode: dict[str, int]
    """The same for each mode with a cap."""
    posts_waiting: int
    """How many posts wait for this account."""
    hold_until: Optional[datetime]
    """Until when the account keeps still, at the platform's wish; null: it does not."""


class Queued(Model):
    """Answer of publish and schedule."""

    scheduled_post_ids: list[str]
    """The posts, in the order of the targets."""
    gate_status: Literal["blocked_on_approval", "queued"]
    """`queued`: the posts are on their way. `blocked_on_approval`: the intent is kept until the container is
    approved.
    """
    scheduled_for: datetime
    """When the posts go out. Of publish: now, and the project's `publishLeadSeconds`."""


class Issue(Model):
    """One fault: where (`targets[0].mode`), in words, and a stable code."""

    path: str
    """Which field, such as `targets[0].mode`."""
    message: str
    """What is wrong or what happened, for people."""
    code: str
    """What it is, for programs; stable."""


class Verdict(Model):
    """Answer of validate."""

    valid: bool
    """Whether publish or schedule would take it."""
    issues: list[Issue]
    """Everything that is wrong, as `details.issues` of a `VALIDATION`."""
    gate: Literal["open", "pending", "rejected"]
    """What approval says: `open`, `pending` (the intent would be kept) or `rejected`."""


class LastError(Model):
    """Why the last try did not succeed, and whether Layers goes on trying."""

    code: str
    """What it is, for programs; stable."""
    message: str
    """What is wrong or what happened, for people."""
    platform_code: Optional[str]
    """The platform's own word for it; null: it gave none."""
    retryable: bool
    """Whether Layers goes on trying by itself."""
    at: datetime
    """When."""


class ScheduledPost(Model):
    """A post on its way to one account."""

    id: str
    """Its id."""
    container_id: str
    """The container's id."""
    project_id: str
    """The project's id."""
    social_account_id: str
    """The account's id."""
    platform: str
    """The platform's name, as `GET /v1/platforms` lists it."""
    mode: str
    """How the platform takes it, such as `direct_publish`."""
    status: PostStatus
    """How it stands."""
    caption: str
    """The text that goes with it."""
    first_comment: Optional[str]
    """The first comment below the post; null: none."""
    external_id: Optional[str]
    """The platform's id of the post; null while it has none."""
    external_url: Optional[str]
    """Where the post can be seen; null while it is nowhere, or where the platform names no address."""
    scheduled_for: datetime
    """When it is to go out."""
    attempted_at: Optional[datetime]
    """When the last try began; null before the first."""
    published_at: Optional[datetime]
    """When it was public or in the inbox; null before."""
    canceled_at: Optional[datetime]
    """When it was canceled; null: it was not."""
    attempts: int
    """How often it was tried."""
    next_attempt_at: Optional[datetime]
    """When it is tried next; null: at its time, or no more."""
    last_error: Optional[LastError]
    """Why the last try did not succeed; null: there was none, or it did."""
    created_at: datetime
    """When it was made."""
    updated_at: datetime
    """When it last changed."""


class Canceled(Model):
    """Answer of cancel."""

    id: str
    """Its id."""
    status: PostStatus
    """How it stands."""
    canceled_at: datetime
    """When it was canceled; null: it was not."""


class StoryEvent(Model):
    """One step of what happened to a post."""

    at: datetime
    """When."""
    type: str
    """What happened."""
    message: str
    """What is wrong or what happened, for people."""
    data: dict[str, Any]
    """What there is to say of it; the keys depend on the type."""


class Story(Model):
    """Answer of `GET /v1/scheduled-posts/:id/events`."""

    items: list[StoryEvent]
    """What was found, in order."""


class Rescheduled(Model):
    """Answer of reschedule."""

    id: str
    """Its id."""
    status: PostStatus
    """How it stands."""
    scheduled_for: datetime
    """When it is to go out."""
    updated_at: datetime
    """When it last changed."""


class WebhookEndpoint(Model):
    """An endpoint; `failures` counts the tries in a row that failed."""

    id: str
    """Its id."""
    url: str
    """Its address."""
    events: list[str]
    """What it listens for."""
    description: Optional[str]
    """A remark for people."""
    project_id: Optional[str]
    """Only what happens in this project; null: in all."""
    status: Literal["active", "paused"]
    """`active` or `paused`."""
    paused_at: Optional[datetime]
    """When it was paused; null: it is not."""
    failures: int
    """How many tries in a row have failed; at 20 it is paused."""
    created_at: datetime
    """When it was made."""
    updated_at: datetime
    """When it last changed."""
    secret: Optional[str]
    """Shown once, in the answer that made it."""


class DeletedEndpoint(Model):
    """Answer of `DELETE /v1/webhook-endpoints/:id`."""

    id: str
    """Its id."""
    deleted: bool
    """`true`."""


class RotatedSecret(Model):
    """Answer of `POST …/rotate-secret`; until then the secret before signs as well."""

    id: str
    """Its id."""
    secret: str
    """What its requests are signed with. Shown this once."""
    previous_secret_valid_until: datetime
    """Until then requests are signed with the secret before as well."""


class WebhookEvent(Model):
    """What an endpoint receives."""

    id: str
    """Its id."""
    type: str
    """What happened."""
    created_at: datetime
    """When it was made."""
    data: dict[str, Any]
    """What there is to say of it; the keys depend on the type."""


class SentRequest(Model):
    """What was sent with the payload at the last try."""

    url: str
    """Where it was sent."""
    headers: dict[str, str]
    """The headers it was sent with."""


class DeliveryTry(Model):
    """One try: the answer's status and the beginning of its body, or what went wrong."""

    at: datetime
    """When."""
    duration_ms: int
    """How long the answer took, in milliseconds."""
    status: Optional[int]
    """The answer's status; null: there was none."""
    response: Optional[str]
    """How the answer begins; null: there was none."""
    error: Optional[str]
    """What went wrong before there was an answer; null: nothing."""


class WebhookDelivery(Model):
    """One event on its way to one endpoint."""

    id: str
    """Its id."""
    webhook_endpoint_id: str
    """The endpoint's id."""
    event_id: str
    """The event's id."""
    event_type: str
    """What it tells of."""
    status: DeliveryStatus
    """`pending`, `delivered` or `failed`."""
    attempts: int
    """How often it was tried."""
    next_attempt_at: Optional[datetime]
    """When it is tried next; null: at its time, or no more."""
    delivered_at: Optional[datetime]
    """When it was answered with 2xx; null: not yet."""
    created_at: datetime
    """When it was made."""
    payload: WebhookEvent
    """What is sent."""
    request: Optional[SentRequest]
    """The last try's request; null before the first."""
    tries: list[DeliveryTry]
    """The last ten tries, the newest last."""


class PostEventData(Model):
    """The post as it is now."""

    project_id: Optional[str]
    """The project's id."""
    scheduled_post_id: str
    """The scheduled post's id."""
    container_id: str
    """The container's id."""
    social_account_id: str
    """The account's id."""
    platform: str
    """The platform's name, as `GET /v1/platforms` lists it."""
    mode: str
    """How the platform takes it, such as `direct_publish`."""
    status: PostStatus
    """How it stands."""
    scheduled_for: datetime
    """When it is to go out."""


class PostScheduledEvent(Model):
    """The event `post.scheduled`."""

    id: str
    """The same at every try."""
    type: Literal["post.scheduled"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: PostEventData


class PostPublishedData(Model):
    """The post is public."""

    project_id: Optional[str]
    """The project's id."""
    scheduled_post_id: str
    """The scheduled post's id."""
    container_id: str
    """The container's id."""
    social_account_id: str
    """The account's id."""
    platform: str
    """The platform's name, as `GET /v1/platforms` lists it."""
    mode: str
    """How the platform takes it, such as `direct_publish`."""
    status: PostStatus
    """How it stands."""
    scheduled_for: datetime
    """When it is to go out."""
    external_id: Optional[str]
    """The platform's id of the post; null while it has none."""
    external_url: Optional[str]
    """Where the post can be seen; null while it is nowhere, or where the platform names no address."""


class PostPublishedEvent(Model):
    """The event `post.published`."""

    id: str
    """The same at every try."""
    type: Literal["post.published"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: PostPublishedData


class PostFailedData(Model):
    """The post will not be tried again by itself."""

    project_id: Optional[str]
    """The project's id."""
    scheduled_post_id: str
    """The scheduled post's id."""
    container_id: str
    """The container's id."""
    social_account_id: str
    """The account's id."""
    platform: str
    """The platform's name, as `GET /v1/platforms` lists it."""
    mode: str
    """How the platform takes it, such as `direct_publish`."""
    status: PostStatus
    """How it stands."""
    scheduled_for: datetime
    """When it is to go out."""
    error: LastError
    """Why it failed."""


class PostFailedEvent(Model):
    """The event `post.failed`."""

    id: str
    """The same at every try."""
    type: Literal["post.failed"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: PostFailedData


class PostCanceledData(Model):
    """The post was withdrawn before anything irreversible was sent."""

    project_id: Optional[str]
    """The project's id."""
    scheduled_post_id: str
    """The scheduled post's id."""
    container_id: str
    """The container's id."""
    social_account_id: str
    """The account's id."""
    platform: str
    """The platform's name, as `GET /v1/platforms` lists it."""
    mode: str
    """How the platform takes it, such as `direct_publish`."""
    status: PostStatus
    """How it stands."""
    scheduled_for: datetime
    """When it is to go out."""
    reason: Optional[str]
    """Why, as it was given; null: nobody said."""
    by: str
    """Who: `api_key_…`."""


class PostCanceledEvent(Model):
    """The event `post.canceled`."""

    id: str
    """The same at every try."""
    type: Literal["post.canceled"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: PostCanceledData


class HandoffMedia(Model):
    """A media item to save. `url` is signed and expires."""

    url: str
    """A signed link to the bytes, to save them."""
    mime_type: str
    """What it is by its bytes, whatever it was called."""


class PostDraftReadyData(Model):
    """A person has to finish the post: in the platform's inbox (`external_id`), or at `handoff_url`."""

    project_id: Optional[str]
    """The project's id."""
    scheduled_post_id: str
    """The scheduled post's id."""
    container_id: str
    """The container's id."""
    social_account_id: str
    """The account's id."""
    platform: str
    """The platform's name, as `GET /v1/platforms` lists it."""
    mode: str
    """How the platform takes it, such as `direct_publish`."""
    status: PostStatus
    """How it stands."""
    scheduled_for: datetime
    """When it is to go out."""
    external_id: Optional[str]
    """The platform's id of the post; null while it has none."""
    handoff_url: Optional[str]
    """A signed link for the person who posts by hand; absent where the platform has an inbox."""
    caption: Optional[str]
    """The text that goes with it."""
    first_comment: Optional[str]
    """The first comment below the post; null: none."""
    media: Optional[list[HandoffMedia]]
    """The media to post, in order."""


class PostDraftReadyEvent(Model):
    """The event `post.draft_ready`."""

    id: str
    """The same at every try."""
    type: Literal["post.draft_ready"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: PostDraftReadyData


class PostLateData(Model):
    """The post has been due for five minutes and still waits for its turn; it goes out all the same."""

    project_id: Optional[str]
    """The project's id."""
    scheduled_post_id: str
    """The scheduled post's id."""
    container_id: str
    """The container's id."""
    social_account_id: str
    """The account's id."""
    platform: str
    """The platform's name, as `GET /v1/platforms` lists it."""
    mode: str
    """How the platform takes it, such as `direct_publish`."""
    status: PostStatus
    """How it stands."""
    scheduled_for: datetime
    """When it is to go out."""
    seconds_after_due: float
    """How long the post has been due."""


class PostLateEvent(Model):
    """The event `post.late`."""

    id: str
    """The same at every try."""
    type: Literal["post.late"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: PostLateData


class ContentCompletedData(Model):
    """The container can be published."""

    project_id: Optional[str]
    """The project's id."""
    container_id: str
    """The container's id."""
    kind: str
    """`video`, `image`, `carousel` or `text`."""
    assets: int
    """How many media items it has."""


class ContentCompletedEvent(Model):
    """The event `content.completed`."""

    id: str
    """The same at every try."""
    type: Literal["content.completed"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: ContentCompletedData


class ContentFailedData(Model):
    """The container came to nothing."""

    project_id: Optional[str]
    """The project's id."""
    container_id: str
    """The container's id."""
    error: dict[str, Any]
    """Why it failed."""


class ContentFailedEvent(Model):
    """The event `content.failed`."""

    id: str
    """The same at every try."""
    type: Literal["content.failed"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: ContentFailedData


class ContentApprovedData(Model):
    """Somebody, or the project's timer, approved the container."""

    project_id: Optional[str]
    """The project's id."""
    container_id: str
    """The container's id."""
    approved_by: str
    """Who approved it: `api_key_…`, or the timer."""
    note: Optional[str]
    """The remark on the decision; null: none."""


class ContentApprovedEvent(Model):
    """The event `content.approved`."""

    id: str
    """The same at every try."""
    type: Literal["content.approved"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: ContentApprovedData


class ContentRejectedData(Model):
    """Somebody rejected the container."""

    project_id: Optional[str]
    """The project's id."""
    container_id: str
    """The container's id."""
    rejected_by: str
    """Who rejected it: `api_key_…`."""
    reason: str
    """Why, as it was given."""


class ContentRejectedEvent(Model):
    """The event `content.rejected`."""

    id: str
    """The same at every try."""
    type: Literal["content.rejected"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: ContentRejectedData


class AccountConnectedData(Model):
    """The account was connected, or connected again."""

    project_id: Optional[str]
    """The project's id."""
    social_account_id: str
    """The account's id."""
    platform: str
    """The platform's name, as `GET /v1/platforms` lists it."""
    handle: str
    """What the account is called on its platform."""
    released_scheduled_posts: int
    """Posts that waited for the reconnect and go out now."""


class SocialAccountConnectedEvent(Model):
    """The event `social_account.connected`."""

    id: str
    """The same at every try."""
    type: Literal["social_account.connected"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: AccountConnectedData


class AccountNeedsReauthData(Model):
    """A person must reconnect the account: now (`reauth_required`), or by `reconnect_before` (still
    `connected`).
    """

    project_id: Optional[str]
    """The project's id."""
    social_account_id: str
    """The account's id."""
    platform: str
    """The platform's name, as `GET /v1/platforms` lists it."""
    reason: Optional[str]
    """Why the account must be reconnected."""
    status: str
    """How it stands."""
    reconnect_before: Optional[datetime]
    """By then a person must have reconnected the account; null: Layers renews it by itself."""


class SocialAccountNeedsReauthEvent(Model):
    """The event `social_account.needs_reauth`."""

    id: str
    """The same at every try."""
    type: Literal["social_account.needs_reauth"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: AccountNeedsReauthData


class AccountRevokedData(Model):
    """The account was disconnected."""

    project_id: Optional[str]
    """The project's id."""
    social_account_id: str
    """The account's id."""
    platform: str
    """The platform's name, as `GET /v1/platforms` lists it."""
    canceled_scheduled_posts: int
    """How many queued posts were canceled with it."""


class SocialAccountRevokedEvent(Model):
    """The event `social_account.revoked`."""

    id: str
    """The same at every try."""
    type: Literal["social_account.revoked"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: AccountRevokedData


class PingData(Model):
    """A test, sent by `POST /v1/webhook-endpoints/:id/test`."""

    project_id: Optional[str]
    """The project's id."""
    webhook_endpoint_id: str
    """The endpoint's id."""


class TestPingEvent(Model):
    """The event `test.ping`."""

    id: str
    """The same at every try."""
    type: Literal["test.ping"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: PingData


class PostUpdatedData(Model):
    """Something about the post changed that no other event tells: it is being published, is tried again later,
    has

    another time. Read it anew.
    """

    project_id: Optional[str]
    """The project's id."""
    scheduled_post_id: str
    """The scheduled post's id."""


class PostUpdatedEvent(Model):
    """The event `post.updated`."""

    id: Optional[str]
    """Null for a hint that cannot be asked for again."""
    type: Literal["post.updated"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: PostUpdatedData


class ContentUpdatedData(Model):
    """Something about the container changed that no other event tells: its words, a kept intent; or it was
    deleted.
    """

    project_id: Optional[str]
    """The project's id."""
    container_id: str
    """The container's id."""


class ContentUpdatedEvent(Model):
    """The event `content.updated`."""

    id: Optional[str]
    """Null for a hint that cannot be asked for again."""
    type: Literal["content.updated"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: ContentUpdatedData


class SocialAccountUpdatedData(Model):
    """Something about the account changed that no other event tells."""

    project_id: Optional[str]
    """The project's id."""
    social_account_id: str
    """The account's id."""


class SocialAccountUpdatedEvent(Model):
    """The event `social_account.updated`."""

    id: Optional[str]
    """Null for a hint that cannot be asked for again."""
    type: Literal["social_account.updated"]
    """What happened."""
    created_at: datetime
    """When it happened."""
    data: SocialAccountUpdatedData


class ReloadData(Model):
    """What happened since `lastEventId` cannot be told: read everything anew. What follows is whole."""

    project_id: Optional[str]
    """The project's id."""
    reason: Literal["too_many", "unknown_event"]
    """Why, in your words. Kept in the audit log."""


class ReloadEvent(Model):
    """The event `reload`."""

    id: Optional[str]
    """Null for a hint that cannot be asked for again."""
    type: Literal["reload"]
    """What happened."""
    created_at: datetime
    """When it happened."""
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

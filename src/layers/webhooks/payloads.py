"""What each event carries in `data`: described here for the contract; a test holds every event to it."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import UNSET, UnsetType

from layers.api.routes import WireOut
from layers.publishing.schemas import LastError, PostStatus


class EventData(WireOut, omit_defaults=True):
    """What every event says."""

    project_id: str | None


class PostEventData(EventData):
    """The post as it is now."""

    scheduled_post_id: str
    container_id: str
    social_account_id: str
    platform: str
    mode: str
    status: PostStatus
    scheduled_for: datetime


class PostPublishedData(PostEventData):
    """The post is public."""

    external_id: str | None
    external_url: str | None


class PostFailedData(PostEventData):
    """The post will not be tried again by itself."""

    error: LastError


class PostCanceledData(PostEventData):
    """The post was withdrawn before anything irreversible was sent."""

    reason: str | None
    by: str
    """Who: `api_key_…`."""


class HandoffMedia(WireOut):
    """A media item to save. `url` is signed and expires."""

    url: str
    mime_type: str


class PostDraftReadyData(PostEventData):
    """A person has to finish the post: in the platform's inbox (`externalId`), or at `handoffUrl`."""

    external_id: str | UnsetType = UNSET
    handoff_url: str | UnsetType = UNSET
    caption: str | UnsetType = UNSET
    first_comment: str | None | UnsetType = UNSET
    media: list[HandoffMedia] | UnsetType = UNSET


class PostLateData(PostEventData):
    """The post has been due for five minutes and still waits for its turn; it goes out all the same."""

    seconds_after_due: float


class ContentEventData(EventData):
    """What happened to a container."""

    container_id: str


class ContentCompletedData(ContentEventData):
    """The container can be published."""

    kind: str
    assets: int
    """How many media items it has."""


class ContentFailedData(ContentEventData):
    """The container came to nothing."""

    error: dict[str, object]


class ContentApprovedData(ContentEventData):
    """Somebody, or the project's timer, approved the container."""

    approved_by: str
    note: str | None


class ContentRejectedData(ContentEventData):
    """Somebody rejected the container."""

    rejected_by: str
    reason: str


class AccountEventData(EventData):
    """What happened to a social account."""

    social_account_id: str
    platform: str


class AccountConnectedData(AccountEventData):
    """The account was connected, or connected again."""

    handle: str
    released_scheduled_posts: int
    """Posts that waited for the reconnect and go out now."""


class AccountNeedsReauthData(AccountEventData):
    """A person must reconnect the account: now (`reauth_required`), or by `reconnectBefore` (still `connected`)."""

    reason: str | None
    status: str
    reconnect_before: datetime | UnsetType = UNSET


class AccountRevokedData(AccountEventData):
    """The account was disconnected."""

    canceled_scheduled_posts: int


class PingData(EventData):
    """A test, sent by `POST /v1/webhook-endpoints/:id/test`."""

    webhook_endpoint_id: str


DATA: Mapping[str, type[EventData]] = {
    "post.scheduled": PostEventData,
    "post.published": PostPublishedData,
    "post.failed": PostFailedData,
    "post.canceled": PostCanceledData,
    "post.draft_ready": PostDraftReadyData,
    "post.late": PostLateData,
    "content.completed": ContentCompletedData,
    "content.failed": ContentFailedData,
    "content.approved": ContentApprovedData,
    "content.rejected": ContentRejectedData,
    "social_account.connected": AccountConnectedData,
    "social_account.needs_reauth": AccountNeedsReauthData,
    "social_account.revoked": AccountRevokedData,
    "test.ping": PingData,
}

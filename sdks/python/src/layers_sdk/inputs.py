"""What callers write: dicts with the names on the wire. Made from `openapi.json` by `sdks/generate.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union

if TYPE_CHECKING:
    from typing_extensions import NotRequired


AccountStatus = Literal["connected", "disconnected", "reauth_required"]
ApprovalStatus = Literal["approved", "not_required", "pending", "rejected"]
ContainerStatus = Literal["canceled", "completed", "failed", "generating", "queued"]
DeliveryStatus = Literal["delivered", "failed", "pending"]
EventType = Literal[
    "content.approved",
    "content.completed",
    "content.failed",
    "content.rejected",
    "post.canceled",
    "post.draft_ready",
    "post.failed",
    "post.late",
    "post.published",
    "post.scheduled",
    "social_account.connected",
    "social_account.needs_reauth",
    "social_account.revoked",
    "test.ping",
]
PostStatus = Literal["canceled", "draft_in_inbox", "failed", "published", "publishing", "queued"]
RateLimitTier = Literal["partner", "pilot", "standard", "unlimited"]


Time = Union[datetime, str]
"""A time with an offset, or text of that kind: `2026-04-18T19:18:42Z`."""


class MediaUrl(TypedDict):
    """Where one item is fetched from."""

    url: str


class FileToSend(TypedDict):
    """One file a caller is going to send."""

    filename: str
    contentType: str
    sizeBytes: int


class Target(TypedDict):
    """Where a container goes, and how."""

    socialAccountId: str
    mode: str
    scheduledPostId: NotRequired[str | None]
    captionOverride: NotRequired[str | None]
    firstCommentOverride: NotRequired[str | None]
    platformOptions: NotRequired[Mapping[str, Any]]
    allowDuplicate: NotRequired[bool]


__all__ = [
    "AccountStatus",
    "ApprovalStatus",
    "ContainerStatus",
    "DeliveryStatus",
    "EventType",
    "FileToSend",
    "MediaUrl",
    "PostStatus",
    "RateLimitTier",
    "Target",
    "Time",
]

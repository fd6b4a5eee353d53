"""Wire models of containers and approval (contract sections 3 and 4)."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from layers.api.routes import Wire, WireOut
from layers.publishing.schemas import PendingSchedule, Promotion

Caption = Annotated[str, Meta(max_length=100_000)]
Note = Annotated[str, Meta(max_length=1024)]
GivenReason = Annotated[str, Meta(min_length=1, max_length=1024)]
ContainerStatus = Literal["queued", "generating", "completed", "failed", "canceled"]
ApprovalStatus = Literal["not_required", "pending", "approved", "rejected"]


class CreateText(Wire):
    """JSON body of `POST /v1/projects/:projectId/content`."""

    kind: Literal["text"]
    caption: Annotated[str, Meta(min_length=1, max_length=100_000)]
    first_comment: Caption | None = None


class MediaUrl(Wire):
    """Where one item is fetched from."""

    url: Annotated[str, Meta(min_length=1, max_length=2048)]


class CreateFetched(Wire):
    """Body of `POST /v1/projects/:projectId/content/upload`."""

    media: Annotated[list[MediaUrl], Meta(min_length=1, max_length=10)]
    caption: Caption = ""
    first_comment: Caption | None = None


class FileToSend(Wire):
    """One file a caller is going to send."""

    filename: Annotated[str, Meta(min_length=1, max_length=1024)]
    content_type: Annotated[str, Meta(min_length=1, max_length=255)]
    size_bytes: Annotated[int, Meta(ge=1)]


class CreateUploads(Wire):
    """Body of `POST /v1/projects/:projectId/content/uploads`."""

    files: Annotated[list[FileToSend], Meta(min_length=1, max_length=10)]
    caption: Caption = ""
    first_comment: Caption | None = None


class Upload(WireOut):
    """Where and how one file is sent. `resumableUrl` is always our own and takes HEAD and PATCH as well."""

    asset_id: str
    upload_url: str
    method: str
    headers: dict[str, str]
    expires_at: datetime
    resumable_url: str


class Uploads(WireOut):
    """Answer of `POST /v1/projects/:projectId/content/uploads`."""

    container_id: str
    uploads: list[Upload]


class PatchContainer(Wire):
    """Body of `PATCH /v1/content/:id`; what is absent stays."""

    caption: Caption | UnsetType = UNSET
    first_comment: Caption | None | UnsetType = UNSET


class ApproveBody(Wire):
    """Optional body of approve."""

    note: Note | None = None


class RejectBody(Wire):
    """Body of reject."""

    reason: GivenReason


class Asset(WireOut):
    """One media item. `url` is signed and expires."""

    id: str
    kind: str
    url: str
    mime_type: str
    width: int | None
    height: int | None
    duration_ms: int | None
    size_bytes: int
    sha256: str


class Fit(WireOut):
    """Whether a container fits one mode of one platform, and if not, why."""

    fits: bool
    problems: list[str]
    changes: list[str]
    """What Layers changes on the way out because the platform demands it."""


class Container(WireOut):
    """A container."""

    id: str
    project_id: str
    status: ContainerStatus
    kind: str
    caption: str
    first_comment: str | None
    assets: list[Asset]
    approval_status: ApprovalStatus
    pending_schedule: PendingSchedule | None
    platform_fit: dict[str, dict[str, Fit]]
    created_at: datetime
    completed_at: datetime | None
    failed_at: datetime | None
    last_error: dict[str, object] | None


class DeletedContainer(WireOut):
    """Answer of `DELETE /v1/content/:id`."""

    id: str
    deleted_at: datetime


class Approved(WireOut, omit_defaults=True):
    """Answer of approve."""

    id: str
    approval_status: ApprovalStatus
    approved_at: datetime
    approved_by: str
    pending_schedule_promotion: Promotion | UnsetType = UNSET


class Rejected(WireOut):
    """Answer of reject."""

    id: str
    approval_status: ApprovalStatus
    rejected_at: datetime
    rejected_by: str
    reason: str


class Withdrawn(WireOut):
    """Answer of `DELETE /v1/content/:id/pending-schedule`."""

    id: str
    pending_schedule: None = None

"""Wire models of projects."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from layers.api.routes import Wire, WireOut

Name = Annotated[str, Meta(min_length=1, max_length=200)]
ExternalId = Annotated[str, Meta(max_length=255)]
LeadSeconds = Annotated[int, Meta(ge=0, le=300)]
FirstN = Annotated[int, Meta(ge=0, le=50)]
MAX_METADATA_BYTES = 8 * 1024
Timezone = Annotated[
    str, Meta(max_length=64, description="An IANA name, such as `Europe/Berlin`.", examples=["Europe/Berlin"])
]
Metadata = Annotated[
    dict[str, object],
    Meta(
        description="Whatever you want to keep with it, up to 8 KB.", extra_json_schema={"x-max-bytes": 8192}
    ),
]
Duration = Annotated[
    str, Meta(max_length=64, description="An ISO-8601 duration, up to `P365D`.", examples=["PT36H", "P2D"])
]


class CreateProject(Wire):
    """Body of `POST /v1/projects`."""

    name: Name
    timezone: Timezone
    customer_external_id: ExternalId | None = None
    metadata: Metadata = {}
    publish_lead_seconds: LeadSeconds = 0


class PatchProject(Wire):
    """Body of `PATCH /v1/projects/:id`; what is absent stays."""

    name: Name | UnsetType = UNSET
    timezone: Timezone | UnsetType = UNSET
    customer_external_id: ExternalId | None | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET
    publish_lead_seconds: LeadSeconds | UnsetType = UNSET


class PatchPolicy(Wire):
    """Body of `PATCH …/approval-policy`; at least one field. `autoApproveAfter`: an ISO-8601 duration."""

    requires_approval: bool | UnsetType = UNSET
    first_n_posts_blocked: FirstN | None | UnsetType = UNSET
    auto_approve_after: Duration | None | UnsetType = UNSET


class Project(WireOut):
    """A project."""

    id: str
    name: str
    timezone: str
    customer_external_id: str | None
    metadata: dict[str, object]
    publish_lead_seconds: int
    status: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class ApprovalPolicy(WireOut):
    """A project's approval policy."""

    project_id: str
    requires_approval: bool
    first_n_posts_blocked: int | None
    auto_approve_after: timedelta | None
    updated_at: datetime


class ArchivedProject(WireOut):
    """Answer of `DELETE /v1/projects/:id`."""

    id: str
    status: str
    archived_at: datetime
    canceled_scheduled_posts: int


def too_large(metadata: dict[str, object]) -> bool:
    """Tell whether metadata exceeds what a project may carry."""
    return len(msgspec.json.encode(metadata)) > MAX_METADATA_BYTES

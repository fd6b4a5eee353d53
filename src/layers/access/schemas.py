"""Wire models of API keys and the audit log."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from layers.access.caller import Caller
from layers.api.routes import Wire, WireOut, Word

Tier = Literal["standard", "pilot", "partner", "unlimited"]
KeyStatus = Literal["active", "expired", "killed"]


class Whoami(WireOut):
    """What the presented key is."""

    organization_id: str
    organization_name: str
    environment: str
    scopes: list[str]
    rate_limit_tier: str
    api_key_id: str


def whoami(caller: Caller) -> Whoami:
    """Return what a caller is."""
    return Whoami(
        caller.organization_id,
        caller.organization_name,
        caller.environment,
        sorted(caller.scopes),
        caller.rate_limit_tier,
        caller.api_key_id,
    )


class CreateKey(Wire):
    """Body of `POST /v1/api-keys`."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    scopes: Annotated[list[Word], Meta(min_length=1, max_length=50)]
    rate_limit_tier: Tier | None = None
    return_hosts: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=253)]], Meta(max_length=50)
    ] = []
    expires_at: datetime | None = None


class ApiKey(WireOut):
    """A key, without its secret."""

    api_key_id: str
    name: str
    environment: str
    prefix: str
    """How the key begins, to recognise it by."""
    scopes: list[str]
    rate_limit_tier: Tier
    return_hosts: list[str]
    status: KeyStatus
    created_at: datetime
    expires_at: datetime | None
    killed_at: datetime | None
    last_used_at: datetime | None


class ShownKey(WireOut):
    """A key with its secret, which is shown this once."""

    api_key: ApiKey
    key: str


class DeletedKey(WireOut):
    """A key that is no more."""

    api_key_id: str
    deleted_at: datetime


class AuditEvent(WireOut):
    """One line of the audit log."""

    event_id: str
    event_type: str
    occurred_at: datetime
    request_id: str | None
    organization_id: str
    project_id: str | None
    api_key_id: str | None
    actor: str
    data: dict[str, object]

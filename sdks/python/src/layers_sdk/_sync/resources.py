"""The calls. Made from `openapi.json` by `sdks/generate.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from layers_sdk._protocol import NOT_GIVEN, NotGiven, segment
from layers_sdk._sync.by_hand import Resource, Uploading, Verifying, Waiting
from layers_sdk._sync.pages import Pages
from layers_sdk.inputs import (
    AccountStatus,
    ApprovalStatus,
    ContainerStatus,
    DeliveryStatus,
    EventType,
    FileToSend,
    MediaUrl,
    PostStatus,
    RateLimitTier,
    Target,
    Time,
)
from layers_sdk.models import (
    AccountHealth,
    ApiKey,
    ApprovalPolicy,
    Approved,
    ArchivedProject,
    AuditEvent,
    AuthorizeUrl,
    Canceled,
    Container,
    DeletedContainer,
    DeletedEndpoint,
    DeletedKey,
    OAuthStatus,
    PlatformList,
    Project,
    Queued,
    Rejected,
    Rescheduled,
    RevokedAccount,
    RotatedSecret,
    ScheduledPost,
    ShownKey,
    SocialAccount,
    Story,
    Uploads,
    Verdict,
    WebhookDelivery,
    WebhookEndpoint,
    Whoami,
    Withdrawn,
)


class ApiKeys(Resource):
    """Keys, their scopes and limits."""

    def whoami(self) -> Whoami:
        """Say whose key this is and what it may do."""
        return self._line.call(Whoami, "GET", "/v1/whoami")

    def list(self, *, cursor: str | None = None, limit: int | None = None) -> Pages[ApiKey]:
        """List the keys of this environment, newest first.

        `cursor`: go on where a page ended, with its `next_cursor`. `limit`: how many to fetch at a time.

        Scope: `keys:read`.
        """
        return Pages(self._line, ApiKey, "/v1/api-keys", {"cursor": cursor, "limit": limit})

    def create(
        self,
        *,
        name: str,
        scopes: Sequence[str],
        rate_limit_tier: RateLimitTier | None = None,
        return_hosts: Sequence[str] | None = None,
        expires_at: Time | None = None,
        idempotency_key: str | None = None,
    ) -> ShownKey:
        """Make a key that may do no more than the one that makes it. The secret is shown this once.

        Scope: `keys:write`. Raises `ForbiddenOriginError`.
        """
        return self._line.call(
            ShownKey,
            "POST",
            "/v1/api-keys",
            body={
                "name": name,
                "scopes": scopes,
                "rateLimitTier": rate_limit_tier,
                "returnHosts": return_hosts,
                "expiresAt": expires_at,
            },
            idempotency_key=idempotency_key,
        )

    def rotate(self, api_key_id: str, *, idempotency_key: str | None = None) -> ShownKey:
        """Give a key a new secret; the old one is dead at once.

        Scope: `keys:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            ShownKey, "POST", f"/v1/api-keys/{segment(api_key_id)}/rotate", idempotency_key=idempotency_key
        )

    def kill(self, api_key_id: str, *, idempotency_key: str | None = None) -> ApiKey:
        """Disable a key; its next request is refused.

        Scope: `keys:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            ApiKey, "POST", f"/v1/api-keys/{segment(api_key_id)}/kill", idempotency_key=idempotency_key
        )

    def delete(self, api_key_id: str, *, idempotency_key: str | None = None) -> DeletedKey:
        """Retire a key for good.

        Scope: `keys:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            DeletedKey, "DELETE", f"/v1/api-keys/{segment(api_key_id)}", idempotency_key=idempotency_key
        )


class Audit(Resource):
    """What was done, by whom."""

    def list(
        self,
        *,
        event_type: str | Sequence[str] | None = None,
        project_id: str | None = None,
        api_key_id: str | None = None,
        since: Time | None = None,
        until: Time | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Pages[AuditEvent]:
        """List what was done in this environment, newest first.

        `event_type`: only events of this type. Several may be given, repeated or parted by commas. `since`: not
        before this time; with `Z` or an offset. `until`: not after this time; with `Z` or an offset. `cursor`: go
        on where a page ended, with its `next_cursor`. `limit`: how many to fetch at a time.

        Scope: `audit:read`.
        """
        return Pages(
            self._line,
            AuditEvent,
            "/v1/audit-log",
            {
                "eventType": event_type,
                "projectId": project_id,
                "apiKeyId": api_key_id,
                "since": since,
                "until": until,
                "cursor": cursor,
                "limit": limit,
            },
        )


class Platforms(Resource):
    """What each platform takes; the data that validates."""

    def list(self) -> PlatformList:
        """List platforms, modes, media and text limits and options."""
        return self._line.call(PlatformList, "GET", "/v1/platforms")


class Projects(Resource):
    """A project holds the content and the accounts of one of your customers."""

    def create(
        self,
        *,
        name: str,
        timezone: str,
        customer_external_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        publish_lead_seconds: int | None = None,
        idempotency_key: str | None = None,
    ) -> Project:
        """Make a project.

        Scope: `projects:write`. Raises `ForbiddenOriginError`.
        """
        return self._line.call(
            Project,
            "POST",
            "/v1/projects",
            body={
                "name": name,
                "timezone": timezone,
                "customerExternalId": customer_external_id,
                "metadata": metadata,
                "publishLeadSeconds": publish_lead_seconds,
            },
            idempotency_key=idempotency_key,
        )

    def list(self, *, cursor: str | None = None, limit: int | None = None) -> Pages[Project]:
        """List projects, newest first.

        `cursor`: go on where a page ended, with its `next_cursor`. `limit`: how many to fetch at a time.

        Scope: `projects:read`.
        """
        return Pages(self._line, Project, "/v1/projects", {"cursor": cursor, "limit": limit})

    def get(self, project_id: str) -> Project:
        """Return a project.

        Scope: `projects:read`. Raises `NotFoundError`.
        """
        return self._line.call(Project, "GET", f"/v1/projects/{segment(project_id)}")

    def update(
        self,
        project_id: str,
        *,
        name: str | NotGiven = NOT_GIVEN,
        timezone: str | NotGiven = NOT_GIVEN,
        customer_external_id: str | None | NotGiven = NOT_GIVEN,
        metadata: Mapping[str, Any] | NotGiven = NOT_GIVEN,
        publish_lead_seconds: int | NotGiven = NOT_GIVEN,
        idempotency_key: str | None = None,
    ) -> Project:
        """Change a project.

        Scope: `projects:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`PROJECT_ARCHIVED`).
        """
        return self._line.call(
            Project,
            "PATCH",
            f"/v1/projects/{segment(project_id)}",
            body={
                "name": name,
                "timezone": timezone,
                "customerExternalId": customer_external_id,
                "metadata": metadata,
                "publishLeadSeconds": publish_lead_seconds,
            },
            idempotency_key=idempotency_key,
        )

    def archive(self, project_id: str, *, idempotency_key: str | None = None) -> ArchivedProject:
        """Archive a project; its queued posts are canceled.

        Scope: `projects:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            ArchivedProject, "DELETE", f"/v1/projects/{segment(project_id)}", idempotency_key=idempotency_key
        )

    def erase(self, project_id: str, *, idempotency_key: str | None = None) -> Project:
        """Erase an archived project for good, with all that was made in it; `status` tells how far it is.

        Scope: `projects:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError` (`LIVE_POSTS`,
        `PROJECT_NOT_ARCHIVED`).
        """
        return self._line.call(
            Project, "POST", f"/v1/projects/{segment(project_id)}/erase", idempotency_key=idempotency_key
        )


class Approval(Resource):
    """Who lets a container out."""

    def get_policy(self, project_id: str) -> ApprovalPolicy:
        """Return the approval policy.

        Scope: `projects:read`. Raises `NotFoundError`.
        """
        return self._line.call(ApprovalPolicy, "GET", f"/v1/projects/{segment(project_id)}/approval-policy")

    def update_policy(
        self,
        project_id: str,
        *,
        requires_approval: bool | NotGiven = NOT_GIVEN,
        first_n_posts_blocked: int | None | NotGiven = NOT_GIVEN,
        auto_approve_after: str | None | NotGiven = NOT_GIVEN,
        idempotency_key: str | None = None,
    ) -> ApprovalPolicy:
        """Change the approval policy.

        Scope: `projects:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`PROJECT_ARCHIVED`).
        """
        return self._line.call(
            ApprovalPolicy,
            "PATCH",
            f"/v1/projects/{segment(project_id)}/approval-policy",
            body={
                "requiresApproval": requires_approval,
                "firstNPostsBlocked": first_n_posts_blocked,
                "autoApproveAfter": auto_approve_after,
            },
            idempotency_key=idempotency_key,
        )

    def approve(
        self, container_id: str, *, note: str | None = None, idempotency_key: str | None = None
    ) -> Approved:
        """Approve a container; an intent kept on it is released.

        Scope: `content:approve`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`CONTAINER_NOT_COMPLETED`).
        """
        return self._line.call(
            Approved,
            "POST",
            f"/v1/content/{segment(container_id)}/approve",
            body={"note": note},
            idempotency_key=idempotency_key,
        )

    def reject(self, container_id: str, *, reason: str, idempotency_key: str | None = None) -> Rejected:
        """Reject a container for good.

        Scope: `content:approve`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`CONTAINER_NOT_COMPLETED`).
        """
        return self._line.call(
            Rejected,
            "POST",
            f"/v1/content/{segment(container_id)}/reject",
            body={"reason": reason},
            idempotency_key=idempotency_key,
        )

    def withdraw_pending_schedule(
        self, container_id: str, *, idempotency_key: str | None = None
    ) -> Withdrawn:
        """Withdraw the intent kept on a container that waits for approval.

        Scope: `publish:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            Withdrawn,
            "DELETE",
            f"/v1/content/{segment(container_id)}/pending-schedule",
            idempotency_key=idempotency_key,
        )


class Content(Uploading):
    """Containers: media and words, made once and published to many accounts."""

    def create_text(
        self,
        project_id: str,
        *,
        caption: str,
        first_comment: str | None = None,
        idempotency_key: str | None = None,
    ) -> Container:
        """Make a container from uploaded files (multipart) or from text (JSON).

        Scope: `content:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`PROJECT_ARCHIVED`).
        """
        return self._line.call(
            Container,
            "POST",
            f"/v1/projects/{segment(project_id)}/content",
            body={"kind": "text", "caption": caption, "firstComment": first_comment},
            idempotency_key=idempotency_key,
        )

    def list(
        self,
        project_id: str,
        *,
        status: ContainerStatus | None = None,
        approval_status: ApprovalStatus | None = None,
        since: Time | None = None,
        until: Time | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Pages[Container]:
        """List a project's containers, newest first.

        `status`: only those with this status. `approval_status`: only containers with this approval. `since`: not
        before this time; with `Z` or an offset. `until`: not after this time; with `Z` or an offset. `cursor`: go
        on where a page ended, with its `next_cursor`. `limit`: how many to fetch at a time.

        Scope: `content:read`. Raises `NotFoundError`.
        """
        return Pages(
            self._line,
            Container,
            f"/v1/projects/{segment(project_id)}/content",
            {
                "status": status,
                "approvalStatus": approval_status,
                "since": since,
                "until": until,
                "cursor": cursor,
                "limit": limit,
            },
        )

    def get(self, container_id: str) -> Container:
        """Return a container.

        Scope: `content:read`. Raises `NotFoundError`.
        """
        return self._line.call(Container, "GET", f"/v1/content/{segment(container_id)}")

    def update(
        self,
        container_id: str,
        *,
        caption: str | NotGiven = NOT_GIVEN,
        first_comment: str | None | NotGiven = NOT_GIVEN,
        idempotency_key: str | None = None,
    ) -> Container:
        """Change caption or first comment; posts already queued keep what they were scheduled with.

        Scope: `content:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            Container,
            "PATCH",
            f"/v1/content/{segment(container_id)}",
            body={"caption": caption, "firstComment": first_comment},
            idempotency_key=idempotency_key,
        )

    def delete(self, container_id: str, *, idempotency_key: str | None = None) -> DeletedContainer:
        """Delete a container none of whose posts is on its way.

        Scope: `content:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError` (`LIVE_POSTS`).
        """
        return self._line.call(
            DeletedContainer,
            "DELETE",
            f"/v1/content/{segment(container_id)}",
            idempotency_key=idempotency_key,
        )

    def create_from_urls(
        self,
        project_id: str,
        *,
        media: Sequence[MediaUrl],
        caption: str | None = None,
        first_comment: str | None = None,
        idempotency_key: str | None = None,
    ) -> Container:
        """Make a container whose media is fetched from addresses.

        Scope: `content:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`PROJECT_ARCHIVED`).
        """
        return self._line.call(
            Container,
            "POST",
            f"/v1/projects/{segment(project_id)}/content/upload",
            body={"media": media, "caption": caption, "firstComment": first_comment},
            idempotency_key=idempotency_key,
        )

    def create_uploads(
        self,
        project_id: str,
        *,
        files: Sequence[FileToSend],
        caption: str | None = None,
        first_comment: str | None = None,
        idempotency_key: str | None = None,
    ) -> Uploads:
        """Make a container and the links its files are to be sent to.

        Scope: `content:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`PROJECT_ARCHIVED`).
        """
        return self._line.call(
            Uploads,
            "POST",
            f"/v1/projects/{segment(project_id)}/content/uploads",
            body={"files": files, "caption": caption, "firstComment": first_comment},
            idempotency_key=idempotency_key,
        )

    def finalize_upload(self, container_id: str, *, idempotency_key: str | None = None) -> Container:
        """Complete a container with what was sent for it.

        Scope: `content:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`NO_UPLOAD_AWAITED`), `UploadIncompleteError`.
        """
        return self._line.call(
            Container,
            "POST",
            f"/v1/content/{segment(container_id)}/finalize-upload",
            idempotency_key=idempotency_key,
        )


class Social(Resource):
    """Accounts on platforms: connect them, look after them."""

    def connect_account(
        self,
        project_id: str,
        *,
        platform: str,
        credential: Mapping[str, str],
        idempotency_key: str | None = None,
    ) -> SocialAccount:
        """Connect an account with a credential one already has.

        Scope: `social:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`PROJECT_ARCHIVED`).
        """
        return self._line.call(
            SocialAccount,
            "POST",
            f"/v1/projects/{segment(project_id)}/social-accounts",
            body={"platform": platform, "credential": credential},
            idempotency_key=idempotency_key,
        )

    def list_accounts(
        self,
        project_id: str,
        *,
        platform: str | None = None,
        status: AccountStatus | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Pages[SocialAccount]:
        """List a project's accounts, newest first.

        `platform`: a platform's name, as `GET /v1/platforms` lists it. `status`: only those with this status.
        `cursor`: go on where a page ended, with its `next_cursor`. `limit`: how many to fetch at a time.

        Scope: `social:read`. Raises `NotFoundError`.
        """
        return Pages(
            self._line,
            SocialAccount,
            f"/v1/projects/{segment(project_id)}/social-accounts",
            {"platform": platform, "status": status, "cursor": cursor, "limit": limit},
        )

    def update_account(
        self, account_id: str, *, post_defaults: Mapping[str, Any], idempotency_key: str | None = None
    ) -> SocialAccount:
        """Set the options that targets of this account may leave out.

        Scope: `social:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            SocialAccount,
            "PATCH",
            f"/v1/social-accounts/{segment(account_id)}",
            body={"postDefaults": post_defaults},
            idempotency_key=idempotency_key,
        )

    def disconnect_account(self, account_id: str, *, idempotency_key: str | None = None) -> RevokedAccount:
        """Disconnect an account; its queued posts are canceled in the same transaction.

        Scope: `social:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            RevokedAccount,
            "DELETE",
            f"/v1/social-accounts/{segment(account_id)}",
            idempotency_key=idempotency_key,
        )

    def create_oauth_url(
        self,
        project_id: str,
        *,
        platform: str,
        return_url: str,
        service: str | None = None,
        idempotency_key: str | None = None,
    ) -> AuthorizeUrl:
        """Say where a person consents to connect an account.

        Scope: `social:write`. Raises `ForbiddenOriginError`, `ReturnUrlNotAllowedError`, `NotFoundError`,
        `ConflictError` (`PROJECT_ARCHIVED`).
        """
        return self._line.call(
            AuthorizeUrl,
            "POST",
            f"/v1/projects/{segment(project_id)}/social/oauth-url",
            body={"platform": platform, "returnUrl": return_url, "service": service},
            idempotency_key=idempotency_key,
        )

    def create_reauth_url(
        self, project_id: str, *, social_account_id: str, return_url: str, idempotency_key: str | None = None
    ) -> AuthorizeUrl:
        """Say where a person consents to reconnect an account; it keeps its id.

        Scope: `social:write`. Raises `ForbiddenOriginError`, `ReturnUrlNotAllowedError`, `NotFoundError`,
        `ConflictError` (`PROJECT_ARCHIVED`).
        """
        return self._line.call(
            AuthorizeUrl,
            "POST",
            f"/v1/projects/{segment(project_id)}/social/reauth-url",
            body={"socialAccountId": social_account_id, "returnUrl": return_url},
            idempotency_key=idempotency_key,
        )

    def get_oauth_status(self, state_id: str) -> OAuthStatus:
        """Say how an authorization of this key stands.

        Scope: `social:read`. Raises `NotFoundError`.
        """
        return self._line.call(OAuthStatus, "GET", f"/v1/social/oauth-status/{segment(state_id)}")

    def get_account_health(self, account_id: str) -> AccountHealth:
        """Say how an account is doing.

        Scope: `social:read`. Raises `NotFoundError`.
        """
        return self._line.call(AccountHealth, "GET", f"/v1/social-accounts/{segment(account_id)}/health")


class Publishing(Waiting):
    """Publish now or at a time, and follow each post to its end."""

    def publish_now(
        self, container_id: str, *, targets: Sequence[Target], idempotency_key: str | None = None
    ) -> Queued:
        """Publish a container immediately: schedule, with `scheduledFor` set to now.

        Scope: `publish:write`. Raises `ApprovalRequiredError`, `ForbiddenOriginError`, `NotFoundError`,
        `ConflictError` (`CONTAINER_NOT_COMPLETED`, `DUPLICATE_POST`, `PROJECT_ARCHIVED`,
        `SCHEDULED_POST_ID_TAKEN`), `ContentRejectedError`, `CredentialInvalidError`.
        """
        return self._line.call(
            Queued,
            "POST",
            f"/v1/content/{segment(container_id)}/publish",
            body={"targets": targets},
            idempotency_key=idempotency_key,
        )

    def schedule(
        self,
        container_id: str,
        *,
        scheduled_for: Time,
        targets: Sequence[Target],
        idempotency_key: str | None = None,
    ) -> Queued:
        """Publish a container at a time; 202 while it waits for approval.

        Scope: `publish:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`CONTAINER_NOT_COMPLETED`, `DUPLICATE_POST`, `PROJECT_ARCHIVED`, `SCHEDULED_POST_ID_TAKEN`),
        `ContentRejectedError`, `CredentialInvalidError`.
        """
        return self._line.call(
            Queued,
            "POST",
            f"/v1/content/{segment(container_id)}/schedule",
            body={"scheduledFor": scheduled_for, "targets": targets},
            idempotency_key=idempotency_key,
        )

    def validate(
        self,
        container_id: str,
        *,
        targets: Sequence[Target],
        scheduled_for: Time | None = None,
        idempotency_key: str | None = None,
    ) -> Verdict:
        """Say what publish or schedule would say; nothing is written.

        Scope: `publish:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            Verdict,
            "POST",
            f"/v1/content/{segment(container_id)}/validate",
            body={"targets": targets, "scheduledFor": scheduled_for},
            idempotency_key=idempotency_key,
        )

    def get_scheduled_post(self, post_id: str) -> ScheduledPost:
        """Return a scheduled post.

        Scope: `publish:read`. Raises `NotFoundError`.
        """
        return self._line.call(ScheduledPost, "GET", f"/v1/scheduled-posts/{segment(post_id)}")

    def cancel(
        self, post_id: str, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> Canceled:
        """Cancel a post unless something irreversible was sent.

        Scope: `publish:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            Canceled,
            "DELETE",
            f"/v1/scheduled-posts/{segment(post_id)}",
            body={"reason": reason},
            idempotency_key=idempotency_key,
        )

    def get_scheduled_post_events(self, post_id: str) -> Story:
        """Return what happened to a post, step by step.

        Scope: `publish:read`. Raises `NotFoundError`.
        """
        return self._line.call(Story, "GET", f"/v1/scheduled-posts/{segment(post_id)}/events")

    def list_scheduled_posts(
        self,
        project_id: str,
        *,
        status: PostStatus | Sequence[PostStatus] | None = None,
        social_account_id: str | None = None,
        platform: str | None = None,
        container_id: str | None = None,
        since: Time | None = None,
        until: Time | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Pages[ScheduledPost]:
        """List a project's posts, newest scheduledFor first.

        `status`: only those with this status. Several may be given, repeated or parted by commas.
        `social_account_id`: only posts of this account. `platform`: a platform's name, as `GET /v1/platforms`
        lists it. `since`: not before this time; with `Z` or an offset. `until`: not after this time; with `Z` or
        an offset. `cursor`: go on where a page ended, with its `next_cursor`. `limit`: how many to fetch at a
        time.

        Scope: `publish:read`. Raises `NotFoundError`.
        """
        return Pages(
            self._line,
            ScheduledPost,
            f"/v1/projects/{segment(project_id)}/scheduled-posts",
            {
                "status": status,
                "socialAccountId": social_account_id,
                "platform": platform,
                "containerId": container_id,
                "since": since,
                "until": until,
                "cursor": cursor,
                "limit": limit,
            },
        )

    def reschedule(
        self, post_id: str, *, scheduled_for: Time, idempotency_key: str | None = None
    ) -> Rescheduled:
        """Move a queued post.

        Scope: `publish:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            Rescheduled,
            "POST",
            f"/v1/scheduled-posts/{segment(post_id)}/reschedule",
            body={"scheduledFor": scheduled_for},
            idempotency_key=idempotency_key,
        )

    def retry(
        self, post_id: str, *, allow_duplicate: bool | None = None, idempotency_key: str | None = None
    ) -> ScheduledPost:
        """Try a failed post again.

        Scope: `publish:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`CONTAINER_DELETED`, `CONTAINER_NOT_COMPLETED`, `DUPLICATE_POST`, `OUTCOME_UNKNOWN`, `PROJECT_ARCHIVED`),
        `ContentRejectedError`, `CredentialInvalidError`.
        """
        return self._line.call(
            ScheduledPost,
            "POST",
            f"/v1/scheduled-posts/{segment(post_id)}/retry",
            body={"allowDuplicate": allow_duplicate},
            idempotency_key=idempotency_key,
        )

    def resolve(
        self,
        post_id: str,
        *,
        outcome: Literal["not_published", "published"],
        external_id: str | None = None,
        external_url: str | None = None,
        idempotency_key: str | None = None,
    ) -> ScheduledPost:
        """Settle an unknown outcome by what a person saw on the platform.

        Scope: `publish:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            ScheduledPost,
            "POST",
            f"/v1/scheduled-posts/{segment(post_id)}/resolve",
            body={"outcome": outcome, "externalId": external_id, "externalUrl": external_url},
            idempotency_key=idempotency_key,
        )


class Webhooks(Verifying):
    """Be told instead of asking."""

    def create_endpoint(
        self,
        *,
        url: str,
        events: Sequence[EventType],
        description: str | None = None,
        project_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> WebhookEndpoint:
        """Make an endpoint; its secret is shown this once.

        Scope: `webhooks:write`. Raises `ForbiddenOriginError`.
        """
        return self._line.call(
            WebhookEndpoint,
            "POST",
            "/v1/webhook-endpoints",
            body={"url": url, "events": events, "description": description, "projectId": project_id},
            idempotency_key=idempotency_key,
        )

    def list_endpoints(
        self, *, cursor: str | None = None, limit: int | None = None
    ) -> Pages[WebhookEndpoint]:
        """List endpoints, newest first.

        `cursor`: go on where a page ended, with its `next_cursor`. `limit`: how many to fetch at a time.

        Scope: `webhooks:read`.
        """
        return Pages(self._line, WebhookEndpoint, "/v1/webhook-endpoints", {"cursor": cursor, "limit": limit})

    def get_endpoint(self, endpoint_id: str) -> WebhookEndpoint:
        """Return an endpoint.

        Scope: `webhooks:read`. Raises `NotFoundError`.
        """
        return self._line.call(WebhookEndpoint, "GET", f"/v1/webhook-endpoints/{segment(endpoint_id)}")

    def update_endpoint(
        self,
        endpoint_id: str,
        *,
        url: str | NotGiven = NOT_GIVEN,
        events: Sequence[EventType] | NotGiven = NOT_GIVEN,
        description: str | None | NotGiven = NOT_GIVEN,
        project_id: str | None | NotGiven = NOT_GIVEN,
        status: Literal["active", "paused"] | NotGiven = NOT_GIVEN,
        idempotency_key: str | None = None,
    ) -> WebhookEndpoint:
        """Change an endpoint, pause it, or make it active again.

        Scope: `webhooks:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            WebhookEndpoint,
            "PATCH",
            f"/v1/webhook-endpoints/{segment(endpoint_id)}",
            body={
                "url": url,
                "events": events,
                "description": description,
                "projectId": project_id,
                "status": status,
            },
            idempotency_key=idempotency_key,
        )

    def delete_endpoint(self, endpoint_id: str, *, idempotency_key: str | None = None) -> DeletedEndpoint:
        """Delete an endpoint and its deliveries.

        Scope: `webhooks:write`. Raises `ForbiddenOriginError`, `NotFoundError`.
        """
        return self._line.call(
            DeletedEndpoint,
            "DELETE",
            f"/v1/webhook-endpoints/{segment(endpoint_id)}",
            idempotency_key=idempotency_key,
        )

    def rotate_secret(self, endpoint_id: str, *, idempotency_key: str | None = None) -> RotatedSecret:
        """Give an endpoint a new secret; the one before signs on for a day.

        Scope: `webhooks:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`TOO_MANY_SECRETS`).
        """
        return self._line.call(
            RotatedSecret,
            "POST",
            f"/v1/webhook-endpoints/{segment(endpoint_id)}/rotate-secret",
            idempotency_key=idempotency_key,
        )

    def test_endpoint(self, endpoint_id: str, *, idempotency_key: str | None = None) -> WebhookDelivery:
        """Send a `test.ping`, whether or not the endpoint asked for it; it is tried once.

        Scope: `webhooks:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`ENDPOINT_PAUSED`).
        """
        return self._line.call(
            WebhookDelivery,
            "POST",
            f"/v1/webhook-endpoints/{segment(endpoint_id)}/test",
            idempotency_key=idempotency_key,
        )

    def list_deliveries(
        self,
        endpoint_id: str,
        *,
        status: DeliveryStatus | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Pages[WebhookDelivery]:
        """List what an endpoint was told or is to be told, newest first; kept for 30 days.

        `status`: only those with this status. `cursor`: go on where a page ended, with its `next_cursor`.
        `limit`: how many to fetch at a time.

        Scope: `webhooks:read`. Raises `NotFoundError`.
        """
        return Pages(
            self._line,
            WebhookDelivery,
            f"/v1/webhook-endpoints/{segment(endpoint_id)}/deliveries",
            {"status": status, "cursor": cursor, "limit": limit},
        )

    def replay_delivery(self, delivery_id: str, *, idempotency_key: str | None = None) -> WebhookDelivery:
        """Deliver an event once more, under the same event id.

        Scope: `webhooks:write`. Raises `ForbiddenOriginError`, `NotFoundError`, `ConflictError`
        (`DELIVERY_IN_HAND`, `ENDPOINT_PAUSED`).
        """
        return self._line.call(
            WebhookDelivery,
            "POST",
            f"/v1/webhook-deliveries/{segment(delivery_id)}/replay",
            idempotency_key=idempotency_key,
        )

"""An example of everything, the same story on every page: Acme publishes a video for Maya's Bakery.

What a route gives as its example holds. Elsewhere one is made from the schema, with the values below by the name of a
field, or by schema and field where a name means several things.
"""

from collections.abc import Mapping
from typing import Any

from generator.contract import Json, Operation, followed

PROJECT = "prj_01HXZK1J2M3N4PQR5STU6VWXY8"
CONTAINER = "cnt_01HXZM3K4N5P6QRS7TUV8WXYZ9"
ACCOUNT = "sa_01HXZ9P2M4N5KLM6TUV7WXYZ9A"
POST = "sp_01HXZP5K6M7P8QRS9TUVAWXYZB"
ENDPOINT = "whe_01HXZQ6M7P8R9STUVAWXYZBCD1"
KEY = "key_01HX9Y6K7EJ4T2AAPV3C5M8D9F"
NOW = "2026-04-18T19:18:42Z"
LATER = "2026-04-20T07:00:00Z"
LINK = (
    "https://layers.example.com/v1/assets/ast_01HXZM3K4N5P6QRS7TUV8WXYZA?expires=1776545922&signature=p7Qd…"
)
SECRET = "whsec_kJ8sU2dQ9xV4mN7bR1tY5wZ3cF6hL0pA"  # noqa: S105
TARGET = {"socialAccountId": ACCOUNT, "mode": "direct_publish"}
FIT = {"fits": True, "problems": [], "changes": []}

VALUES: Mapping[str, Any] = {
    "id": POST,
    "projectId": PROJECT,
    "containerId": CONTAINER,
    "accountId": ACCOUNT,
    "postId": POST,
    "socialAccountId": ACCOUNT,
    "scheduledPostId": POST,
    "apiKeyId": KEY,
    "webhookEndpointId": ENDPOINT,
    "endpointId": ENDPOINT,
    "deliveryId": "whd_01HXZR7N8Q9STUVWAXYZBCDE12",
    "assetId": "ast_01HXZM3K4N5P6QRS7TUV8WXYZA",
    "eventId": "evt_01HXZS8P9R0TUVWXBYZACDEF23",
    "organizationId": "org_01HX9Y6K7EJ4T2AAPV3C5M8D9E",
    "requestId": "req_01HXZP5K6M7P8QRS9TUVAWXYZC",
    "organizationName": "Acme",
    "environment": "live",
    "Project.id": PROJECT,
    "ArchivedProject.id": PROJECT,
    "Container.id": CONTAINER,
    "DeletedContainer.id": CONTAINER,
    "Approved.id": CONTAINER,
    "Rejected.id": CONTAINER,
    "Withdrawn.id": CONTAINER,
    "WebhookEndpoint.id": ENDPOINT,
    "RotatedSecret.id": ENDPOINT,
    "DeletedEndpoint.id": ENDPOINT,
    "WebhookDelivery.id": "whd_01HXZR7N8Q9STUVWAXYZBCDE12",
    "Asset.id": "ast_01HXZM3K4N5P6QRS7TUV8WXYZA",
    "WebhookEvent.id": "evt_01HXZS8P9R0TUVWXBYZACDEF23",
    "event.id": "evt_01HXZS8P9R0TUVWXBYZACDEF23",
    "name": "Maya's Bakery",
    "CreateKey.name": "Scheduler",
    "ApiKey.name": "Scheduler",
    "timezone": "Europe/Berlin",
    "customerExternalId": "customer-4711",
    "metadata": {"plan": "pro"},
    "publishLeadSeconds": 30,
    "Project.status": "active",
    "ArchivedProject.status": "archived",
    "createdAt": "2026-04-18T19:02:11Z",
    "updatedAt": NOW,
    "archivedAt": None,
    "ArchivedProject.archivedAt": NOW,
    "erasedAt": None,
    "completedAt": "2026-04-18T19:02:14Z",
    "failedAt": None,
    "canceledAt": None,
    "Canceled.canceledAt": NOW,
    "attemptedAt": "2026-04-18T19:18:42Z",
    "publishedAt": "2026-04-18T19:18:46Z",
    "scheduledFor": NOW,
    "since": "2026-04-01T00:00:00Z",
    "until": "2026-05-01T00:00:00Z",
    "at": NOW,
    "occurredAt": NOW,
    "deletedAt": NOW,
    "expiresAt": "2026-04-19T19:02:11Z",
    "CreateKey.expiresAt": "2027-01-01T00:00:00Z",
    "ApiKey.expiresAt": "2027-01-01T00:00:00Z",
    "killedAt": None,
    "lastUsedAt": NOW,
    "connectedAt": "2026-03-02T08:14:09Z",
    "tokenExpiresAt": "2026-04-19T08:14:09Z",
    "nextAttemptAt": None,
    "deliveredAt": "2026-04-18T19:18:47Z",
    "reconnectBefore": "2027-03-02T08:14:09Z",
    "lastPublishedAt": "2026-04-18T19:18:46Z",
    "holdUntil": None,
    "pausedAt": None,
    "approvedAt": NOW,
    "rejectedAt": NOW,
    "disconnectedAt": NOW,
    "previousSecretValidUntil": "2026-04-19T19:18:42Z",
    "oldestDueAt": None,
    "lastDispatchAt": NOW,
    "RescheduleBody.scheduledFor": LATER,
    "ScheduleBody.scheduledFor": LATER,
    "ValidateBody.scheduledFor": LATER,
    "Rescheduled.scheduledFor": LATER,
    "PendingSchedule.scheduledFor": LATER,
    "platform": "tiktok",
    "mode": "direct_publish",
    "targets": [TARGET],
    "scheduledPostIds": [POST],
    "status": "published",
    "ScheduledPost.status": "published",
    "Rescheduled.status": "queued",
    "Canceled.status": "canceled",
    "PostScheduledEvent.data.status": "queued",
    "issues": [],
    "gate": "open",
    "valid": True,
    "reason": "The price is wrong.",
    "CancelBody.reason": "Wrong video.",
    "note": "Good to go.",
    "gateStatus": "queued",
    "allowDuplicate": False,
    "caption": "Fresh from the oven: our sourdough 🥖 #bakery",
    "firstComment": "Order by 8 in the evening.",
    "captionOverride": "Sourdough, fresh from the oven 🥖",
    "firstCommentOverride": "Order by 8.",
    "platformOptions": {},
    "externalId": "7359021884416204075",
    "externalUrl": "https://www.tiktok.com/@mayas.bakery/video/7359021884416204075",
    "attempts": 1,
    "lastError": None,
    "platformCode": None,
    "retryable": False,
    "outcome": "published",
    "LastError.code": "PLATFORM_REFUSED",
    "LastError.message": "TikTok: this video was removed.",
    "LastError.platformCode": "spam_risk",
    "Issue.path": "targets[0].mode",
    "Issue.message": "TikTok has no mode reels; it has direct_publish, draft_to_device.",
    "Issue.code": "invalid_mode",
    "StoryEvent.type": "published",
    "StoryEvent.message": "The post is public.",
    "StoryEvent.data": {"externalId": "7359021884416204075"},
    "kind": "video",
    "CreateText.kind": "text",
    "approvalStatus": "approved",
    "Container.approvalStatus": "not_required",
    "Rejected.approvalStatus": "rejected",
    "Container.status": "completed",
    "pendingSchedule": None,
    "platformFit": {"tiktok": {"direct_publish": FIT, "draft_to_device": FIT}},
    "approvedBy": f"api_{KEY}",
    "rejectedBy": f"api_{KEY}",
    "by": f"api_{KEY}",
    "actor": f"api_{KEY}",
    "pendingSchedulePromotion": {"status": "ok", "scheduledPostIds": [POST]},
    "url": LINK,
    "mimeType": "video/mp4",
    "width": 1080,
    "height": 1920,
    "durationMs": 14200,
    "sizeBytes": 8421377,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "MediaUrl.url": "https://cdn.example.com/sourdough.mp4",
    "filename": "sourdough.mp4",
    "contentType": "video/mp4",
    "method": "PUT",
    "headers": {"Content-Type": "video/mp4"},
    "uploadUrl": "https://layers.example.com/v1/uploads/ast_01HXZM3K4N5P6QRS7TUV8WXYZA?expires=1776625331&signature=b81S…",
    "resumableUrl": "https://layers.example.com/v1/uploads/ast_01HXZM3K4N5P6QRS7TUV8WXYZA?expires=1776625331&signature=b81S…",
    "requiresApproval": True,
    "firstNPostsBlocked": 5,
    "autoApproveAfter": "PT36H",
    "canceledScheduledPosts": 2,
    "credential": {
        "accessToken": "act.…",
        "refreshToken": "rft.…",
        "openId": "723f24d7-e717-40f8-a2b6-cb8464cd23b4",
    },
    "handle": "mayas.bakery",
    "displayName": "Maya's Bakery",
    "avatarUrl": "https://p16.tiktokcdn.example/maya.jpeg",
    "postDefaults": {"disableDuet": True},
    "SocialAccount.status": "connected",
    "AccountHealth.status": "connected",
    "RevokedAccount.status": "disconnected",
    "disconnectedReason": "user_request",
    "returnUrl": "https://app.acme.example/connected",
    "OAuthBody.service": None,
    "authorizeUrl": "https://www.tiktok.com/v2/auth/authorize/?client_key=aw…&state=st_…",
    "state": "st_01HXZT9Q0S1UVWXYCZABDEFG34",
    "stateId": "st_01HXZT9Q0S1UVWXYCZABDEFG34",
    "OAuthStatus.status": "completed",
    "socialAccountIds": [ACCOUNT],
    "token": "valid",
    "postsLeftToday": 12,
    "postsLeftTodayByMode": {"direct_publish": 12},
    "postsWaiting": 3,
    "CreateEndpoint.url": "https://acme.example/hooks/layers",
    "WebhookEndpoint.url": "https://acme.example/hooks/layers",
    "PatchEndpoint.url": "https://acme.example/hooks/layers",
    "SentRequest.url": "https://acme.example/hooks/layers",
    "events": ["post.published", "post.failed"],
    "description": "Production",
    "CreateEndpoint.projectId": PROJECT,
    "WebhookEndpoint.status": "active",
    "PatchEndpoint.status": "active",
    "failures": 0,
    "secret": SECRET,
    "deleted": True,
    "WebhookDelivery.status": "delivered",
    "eventType": "post.published",
    "DeliveryTry.status": 204,
    "DeliveryTry.durationMs": 83,
    "response": "",
    "DeliveryTry.error": None,
    "SentRequest.headers": {"X-Layers-Event-Id": "evt_01HXZS8P9R0TUVWXBYZACDEF23"},
    "WebhookEvent.type": "post.published",
    "WebhookEvent.data": {"scheduledPostId": POST, "status": "published"},
    "handoffUrl": "https://layers.example.com/handoff/4211?expires=1776799122&signature=Zk0x…",
    "secondsAfterDue": 300.4,
    "ContentCompletedData.assets": 1,
    "scopes": ["content:read", "publish:read", "publish:write"],
    "rateLimitTier": "unlimited",
    "CreateKey.rateLimitTier": "standard",
    "returnHosts": ["app.acme.example"],
    "ApiKey.status": "active",
    "prefix": "lp_live_K7Q2M4X9R3T5W8ZA",
    "key": "lp_live_K7Q2M4X9R3T5W8ZA_4QZpN…",
    "AuditEvent.data": {"scheduledPostIds": [POST]},
    "AuditEvent.eventType": "post.scheduled",
    "Dispatch.status": "ok",
    "lagSeconds": 0.0,
    "workers": 2,
    "limit": 50,
    "cursor": "WyI0ZjU…",
    "expires": "1776545922",
    "signature": "p7Qd…",
    "number": "4211",
    "form": "jpeg",
    "ContentFailedData.error": {
        "code": "MEDIA_UNREACHABLE",
        "message": "cdn.example.com answered 404.",
        "retryable": False,
    },
    "OAuthStatus.error": None,
    "AccountNeedsReauthData.reason": "The platform takes the token no more.",
    "AccountNeedsReauthData.status": "reauth_required",
    "PostCanceledData.reason": "Wrong video.",
    "Promotion.error": None,
    "nextCursor": None,
    "about": "Public on the profile at once.",
    "endsIn": "published",
    "handoff": None,
    "unit": "utf16",
    "kinds": {"video": [1, 1]},
    "inVideo": False,
    "perItem": False,
    "OptionOut.type": "boolean",
    "least": None,
    "carouselOf": [],
    "title": "TikTok",
    "ownLimits": False,
    "checked": "2026-04-02",
    "source": "https://developers.tiktok.com/doc/content-posting-api",
    "ContentRejectedData.reason": "The price is wrong.",
    "X-Layers-Signature": "t=1776539922,v1=5c8b…",
}
STATUSES = {
    "PostScheduledEvent": "queued",
    "PostFailedEvent": "failed",
    "PostCanceledEvent": "canceled",
    "PostDraftReadyEvent": "draft_in_inbox",
    "PostLateEvent": "queued",
    "SocialAccountNeedsReauthEvent": "reauth_required",
}
"""What stands in `data.status` of an event."""
LEFT_OUT = frozenset(
    {
        "SocialAccount.disconnectedReason",
        "SocialAccount.disconnectedAt",
        "OAuthStatus.error",
        "Promotion.error",
        "WebhookEndpoint.secret",
    }
)
"""Optional fields that an example is better without."""
REQUESTS: Mapping[str, Any] = {
    "publishing.validate": {"targets": [TARGET]},
    "publishing.retry": None,
    "publishing.cancel": {"reason": "Wrong video."},
    "publishing.resolve": {"outcome": "published", "externalId": VALUES["externalId"]},
    "projects.create": {
        "name": "Maya's Bakery",
        "timezone": "Europe/Berlin",
        "customerExternalId": "customer-4711",
    },
    "projects.update": {"publishLeadSeconds": 30},
    "content.create": {"kind": "text", "caption": VALUES["caption"]},
    "content.update": {"caption": VALUES["caption"]},
    "content.createFromUrls": {"media": [{"url": VALUES["MediaUrl.url"]}], "caption": VALUES["caption"]},
    "content.createUploads": {
        "files": [{"filename": "sourdough.mp4", "contentType": "video/mp4", "sizeBytes": 8421377}],
        "caption": VALUES["caption"],
    },
    "social.createOauthUrl": {"platform": "tiktok", "returnUrl": VALUES["returnUrl"]},
    "webhooks.createEndpoint": {"url": VALUES["CreateEndpoint.url"], "events": VALUES["events"]},
    "webhooks.updateEndpoint": {"status": "active"},
    "apiKeys.create": {"name": "Scheduler", "scopes": VALUES["scopes"]},
}
"""Bodies that say less than all they could."""


def request(operation: Operation) -> Any:
    """Return an example of an operation's body; None if it takes none, or is best called without."""
    if operation.body is None:
        return None
    given = operation.says["requestBody"]["content"]["application/json"].get("example")
    return (
        given or REQUESTS.get(operation.id, of(operation.body))
        if operation.id not in REQUESTS
        else REQUESTS[operation.id]
    )


def response(operation: Operation, schema: Json, given: Any) -> Any:
    """Return an example of an answer."""
    if given is not None:
        return given
    made = of(schema)
    if operation.id == "webhooks.createEndpoint":
        made["secret"] = SECRET
    if operation.id in {"publishing.retry"}:
        made |= {"status": "queued", "externalId": None, "externalUrl": None, "publishedAt": None}
    return made


def of(schema: Json, field: str = "", owner: str = "") -> Any:
    """Return an example of a schema; `field` is where it stands in the schema `owner`."""
    for name in (f"{owner}.{field}", field):
        if field and name in VALUES and _fits(VALUES[name], schema):
            return VALUES[name]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _object(followed(schema), name.removesuffix("Page"))
    if "anyOf" in schema:
        return of(next(one for one in schema["anyOf"] if one.get("type") != "null"), field, owner)
    if "const" in schema or "enum" in schema:
        return schema.get("const") or schema["enum"][0]
    return _plain(schema, owner)


def _plain(schema: Json, owner: str) -> Any:
    match schema.get("type"):
        case "array":
            inner = schema.get("items", {})
            return [of(inner, "", owner)] if schema.get("minItems") or "$ref" in inner else []
        case "object":
            return _object(schema, owner)
        case "string":
            return NOW if schema.get("format") == "date-time" else "…"
        case "integer" | "number":
            return schema.get("minimum", 1)
        case kind:
            return True if kind == "boolean" else None


def _fits(value: Any, schema: Json) -> bool:
    """Tell whether a value is of the schema's type and choice."""
    schema = schema if "$ref" not in schema else {"type": "object"}
    if "anyOf" in schema:
        return any(_fits(value, one) for one in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return value in schema.get("enum", [schema.get("const")])
    kinds = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "array": list,
        "object": dict,
    }
    kind = schema.get("type")
    return kind is None or (value is None if kind == "null" else isinstance(value, kinds[kind]))


def _object(schema: Json, name: str) -> Any:
    made = {
        field: of(inner, field, name)
        for field, inner in schema.get("properties", {}).items()
        if not {field, f"{name}.{field}"} & LEFT_OUT
    }
    if name in STATUSES:
        made["data"]["status"] = STATUSES[name]
    return made

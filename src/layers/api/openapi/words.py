"""What the OpenAPI document says in words: tags, parameters, headers, the introduction."""

from collections.abc import Mapping

TAGS: Mapping[str, str] = {
    "projects": "A project holds the content and the accounts of one of your customers.",
    "content": "Containers: media and words, made once and published to many accounts.",
    "approval": "Who lets a container out.",
    "publishing": "Publish now or at a time, and follow each post to its end.",
    "social": "Accounts on platforms: connect them, look after them.",
    "platforms": "What each platform takes; the data that validates.",
    "webhooks": "Be told instead of asking.",
    "events": "What happens, as it happens.",
    "apiKeys": "Keys, their scopes and limits.",
    "audit": "What was done, by whom.",
    "health": "Whether this installation works.",
    "handoff": "Pages for the person who posts by hand where a platform has no drafts.",
    "dashboard": "Signing in to the web page. While a session lasts its cookie takes the place of `Authorization` in "
    "the page's calls, whose changes need the header `X-Layers-Session: 1` besides.",
    "meta": "This document.",
}
ABOUT: Mapping[str, str] = {
    "apiKeyId": "The key's id.",
    "approvalStatus": "Only containers with this approval.",
    "assetId": "The asset's id.",
    "containerId": "The container's id.",
    "cursor": "`nextCursor` of the page before, as it was given, with the same query.",
    "deliveryId": "The delivery's id.",
    "endpointId": "The webhook endpoint's id.",
    "eventType": "Only events of this type.",
    "expires": "Until when the link is good, in seconds since 1970.",
    "form": "The form a platform demands.",
    "lastEventId": "As `Last-Event-ID`, for clients that set no headers.",
    "limit": "How many items at most.",
    "number": "The post's number.",
    "platform": "A platform's name, as `GET /v1/platforms` lists it.",
    "postId": "The scheduled post's id.",
    "projectId": "The project's id.",
    "signature": "What makes the link good.",
    "since": "Not before this time; with `Z` or an offset.",
    "socialAccountId": "Only posts of this account.",
    "accountId": "The social account's id.",
    "stateId": "The `state` that oauth-url or reauth-url gave.",
    "status": "Only those with this status.",
    "types": "Only events of these types.",
    "until": "Not after this time; with `Z` or an offset.",
}
"""What parameters mean."""
EXAMPLES: Mapping[str, str] = {
    "containerId": "cnt_01HXZM3K4N5P6QRS7TUV8WXYZ9",
    "accountId": "sa_01HXZ9P2M4N5KLM6TUV7WXYZ9A",
    "postId": "sp_01HXZP5K6M7P8QRS9TUVAWXYZB",
    "projectId": "prj_01HXZK1J2M3N4PQR5STU6VWXY8",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same body replays the first answer for 24 hours, with "
    "`Idempotent-Replayed: true`; with another body it is `IDEMPOTENCY_CONFLICT`. A UUID is best. Without it, a retry "
    "after a lost answer does the work again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    "example": "3a7b2f11-9e4c-4a12-9d8a-b5c7e2f0a111",
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of an earlier answer: nothing new is 304, without a body.",
    "schema": {"type": "string"},
}
LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The `id` of the last event that was heard: all after it is told. Browsers send it themselves.",
    "schema": {"type": "string", "maxLength": 255},
}
TEXT = {"type": "string"}
HEADERS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "X-Request-Id": ("Names this request in the logs and in the audit log.", {**TEXT, "pattern": "^req_"}),
    "X-RateLimit-Endpoint-Class": (
        "Which of a key's limits this request counts for.",
        {"enum": ["read-light", "write-light"]},
    ),
    "RateLimit-Policy": (
        "The key's limit: requests (`q`) in seconds (`w`). Absent where there is none.",
        TEXT,
    ),
    "RateLimit": ("What is left of it: requests (`r`) in the next seconds (`t`).", TEXT),
    "Idempotent-Replayed": ("`true`: this is the first answer once more.", {"const": "true"}),
    "Retry-After": ("Seconds to wait before coming again.", {**TEXT, "pattern": "^[0-9]+$"}),
    "ETag": ("Changes when the answer does; send it back as `If-None-Match`.", TEXT),
    "Cache-Control": ("`private, no-cache`: keep it, but ask each time.", TEXT),
    "Location": ("Where to go on.", {**TEXT, "format": "uri-reference"}),
    "WWW-Authenticate": ("How to authenticate.", TEXT),
}
INTRODUCTION = """
Layers publishes content to social platforms: never twice, never lost, always explained.

**Keys.** Send `Authorization: Bearer lp_…` (or `X-Api-Key: lp_…`). A `test` key sees only test projects, whose posts go
to the built-in sandbox; a `live` key sees only live ones. What a key may do is its scopes (`x-required-scope`).

**Errors** have one shape, whatever the path: `{"error": {"code", "message", "requestId", "details"?}}`. `code` is
stable and for programs, `message` is for people. A thing of another organisation, or of the other environment, does
not exist: 404. A path or method there is none of is 404 `NOT_FOUND` or 405 `METHOD_NOT_ALLOWED`.

**Retries.** Give every POST, PATCH and DELETE an `Idempotency-Key` and send it again with the same key after a lost
answer, 429 or 5xx.

**Lists** answer `{"items": […], "nextCursor": …}`; give `nextCursor` back as `cursor` until it is null. Values of a
parameter that takes several may be repeated (`status=queued&status=failed`) or parted by commas
(`status=queued,failed`). A parameter that does not exist is refused, not ignored.

**Polling** is cheap where an answer carries an `ETag`: send it as `If-None-Match`. Webhooks are cheaper.

Times are ISO-8601 in UTC with `Z`; those you send may carry another offset. Clients must tolerate fields they do not
know.
"""

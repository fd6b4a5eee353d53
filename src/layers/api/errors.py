"""The closed tree of errors a caller can see. Each carries its own answer: code, status, details."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from layers.kit.problems import MOST_ISSUES, MOST_SAID, Issue, shortened

TEXT: Mapping[str, object] = {"type": "string"}
SUBCODES: Mapping[str, str] = {
    "CONTAINER_DELETED": "The container was deleted meanwhile; make another one.",
    "CONTAINER_NOT_COMPLETED": "The container's media is not ready; `details.status` tells its state.",
    "DELIVERY_IN_HAND": "The webhook is being sent at this very moment; look again when it has been answered.",
    "DUPLICATE_POST": "The same container goes to the same account in the same mode within ten minutes of another "
    "live post (`details.scheduledPostIds`). Say `allowDuplicate: true` to mean it: in the target, or in the body of "
    "`…/retry`.",
    "ENDPOINT_PAUSED": 'The webhook endpoint is paused; make it active first, with `PATCH {"status": "active"}`.',
    "IDEMPOTENCY_IN_FLIGHT": "A request with this Idempotency-Key is still running. Wait `Retry-After` and repeat.",
    "LIVE_POSTS": "The container cannot be deleted, or the archived project erased, while posts of it are queued or "
    "being published.",
    "NO_UPLOAD_AWAITED": "The container is fetched, failed or was given up; there is no upload to finalize.",
    "OUTCOME_UNKNOWN": "Nobody knows yet whether this post is on its platform. Look there, then `…/resolve`.",
    "PROJECT_ARCHIVED": "The project takes nothing new.",
    "PROJECT_NOT_ARCHIVED": "Only an archived project can be erased; archive it with `DELETE`.",
    "SCHEDULED_POST_ID_TAKEN": "Another post of the organisation has this `scheduledPostId`.",
    "TOO_MANY_SECRETS": "Five secrets of the webhook endpoint are valid already; wait until one of them ends.",
    "UPLOAD_OFFSET": "The upload stands at another byte, or a newer request took over; go on from "
    "`details.uploadOffset`.",
}
"""Every `details.subcode` of a Conflict, and what it means."""


class Problem(Exception):  # noqa: N818
    """A refusal or fault on its way to the caller. Raise a subclass; the envelope writes it."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    tells: ClassVar[Mapping[str, object]] = {}
    """JSON Schemas of what `details` always holds."""
    may_tell: ClassVar[Mapping[str, object]] = {}
    """And of what it may hold besides."""

    def __init__(
        self,
        message: str,
        details: Mapping[str, object] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        commits: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.headers = headers or {}
        self.commits = commits
        """True when the refusal itself changed something, so its transaction must stand and be remembered."""


class MalformedRequest(Problem):
    """What was sent is not HTTP, or hides where a request ends; the connection is closed."""

    code, status = "MALFORMED_REQUEST", 400


class Unauthenticated(Problem):
    """No, malformed, unknown or retired key."""

    code, status = "UNAUTHENTICATED", 401


class ForbiddenScope(Problem):
    """The key lacks the scope named in `details.requiredScope`."""

    code, status = "FORBIDDEN_SCOPE", 403
    tells = {"requiredScope": TEXT}


class ForbiddenOrigin(Problem):
    """A change was asked for with a browser's session, and not by the dashboard of this installation."""

    code, status = "FORBIDDEN_ORIGIN", 403


class ApprovalRequired(Problem):
    """The container waits for approval; `details.pendingSchedule` shows the intent that was kept."""

    code, status = "APPROVAL_REQUIRED", 403
    tells = {
        "containerId": TEXT,
        "approvalStatus": {"type": "string", "const": "pending"},
        "pendingSchedule": {"$ref": "#/components/schemas/PendingSchedule"},
    }


class ReturnUrlNotAllowed(Problem):
    """The host of an OAuth return address is not on the key's list."""

    code, status = "RETURN_URL_NOT_ALLOWED", 403
    tells = {"returnHosts": {"type": "array", "items": TEXT}}


class NotFound(Problem):
    """No such thing for this caller."""

    code, status = "NOT_FOUND", 404


class MethodNotAllowed(Problem):
    """The path exists, the method does not."""

    code, status = "METHOD_NOT_ALLOWED", 405


class RequestTimeout(Problem):
    """The request arrived too slowly; the connection is closed."""

    code, status = "REQUEST_TIMEOUT", 408


class Conflict(Problem):
    """The thing is in a state that forbids this; `details.subcode` tells which where a call has several."""

    code, status = "CONFLICT", 409
    may_tell = {
        "subcode": TEXT,
        "status": TEXT,
        "approvalStatus": TEXT,
        "scheduledPostIds": {"type": "array", "items": TEXT},
    }


class IdempotencyConflict(Problem):
    """The Idempotency-Key was used before with another body."""

    code, status = "IDEMPOTENCY_CONFLICT", 409


class ContentRejected(Problem):
    """A person rejected the container."""

    code, status = "CONTENT_REJECTED", 409


class CredentialInvalid(Problem):
    """The target account is disconnected or must be reconnected."""

    code, status = "CREDENTIAL_INVALID", 409
    tells = {"socialAccountId": TEXT, "status": {"enum": ["reauth_required", "disconnected"]}}


class UploadIncomplete(Problem):
    """Not all bytes have arrived; `details.assets` names what is missing."""

    code, status = "UPLOAD_INCOMPLETE", 409
    tells: ClassVar = {"assets": {"type": "array", "items": {"type": "object"}}}


class PayloadTooLarge(Problem):
    """More bytes than allowed."""

    code, status = "PAYLOAD_TOO_LARGE", 413


class UriTooLong(Problem):
    """Path and query are longer than any address of the API."""

    code, status = "URI_TOO_LONG", 414


class UnsupportedMediaType(Problem):
    """A Content-Type or Content-Encoding the route does not take."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415


class RangeNotSatisfiable(Problem):
    """The range asked for lies outside; `Content-Range` tells the size."""

    code, status = "RANGE_NOT_SATISFIABLE", 416


class Validation(Problem):
    """The input is wrong; `details.issues` lists every fault at once, up to a thousand."""

    code, status = "VALIDATION", 422
    tells = {"issues": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Issue"}}}

    def __init__(self, issues: Sequence[Issue], message: str | None = None) -> None:
        told = [
            Issue(shortened(issue.path, MOST_SAID), shortened(issue.message, MOST_SAID), issue.code)
            for issue in issues[:MOST_ISSUES]
        ]
        words = message or f"{told[0].path}: {told[0].message}"
        if message is None and len(issues) > 1:
            words += f" (and {len(issues) - 1} more)"
        super().__init__(words, {"issues": told})
        self.issues = told


class RateLimited(Problem):
    """Too many requests; see Retry-After."""

    code, status = "RATE_LIMITED", 429
    tells = {"endpointClass": {"enum": ["read-light", "write-light"]}, "limit": {"type": "integer"}}


class HeadersTooLarge(Problem):
    """Too many headers, or too long ones."""

    code, status = "HEADERS_TOO_LARGE", 431


class KillSwitch(Problem):
    """The key or its organisation was disabled."""

    code, status = "KILL_SWITCH", 503
    tells = {"scope": {"enum": ["key", "organization"]}}


class Internal(Problem):
    """A bug of ours; the message never leaks internals."""

    code, status = "INTERNAL", 500


class Unavailable(Problem):
    """The database or the media store is away, or the disk is full; nothing is known to have happened, so repeat
    with the same Idempotency-Key."""

    code, status = "UNAVAILABLE", 503


def body_of(problem: Problem, request_id: str) -> dict[str, object]:
    """Return the one shape of an error on the wire."""
    error: dict[str, object] = {"code": problem.code, "message": problem.message, "requestId": request_id}
    if problem.details is not None:
        error["details"] = problem.details
    return {"error": error}


def one_issue(path: str, message: str, code: str) -> Validation:
    """Return a Validation problem with a single issue."""
    return Validation([Issue(path, message, code)])

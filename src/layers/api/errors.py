"""The closed tree of errors a caller can see. Each carries its own answer: code, status, details."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from layers.kit.problems import Issue


class Problem(Exception):  # noqa: N818
    """A refusal or fault on its way to the caller. Raise a subclass; the envelope writes it."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500

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


class ApprovalRequired(Problem):
    """The container waits for approval; `details.pendingSchedule` shows the intent that was kept."""

    code, status = "APPROVAL_REQUIRED", 403


class ReturnUrlNotAllowed(Problem):
    """The host of an OAuth return address is not on the key's list."""

    code, status = "RETURN_URL_NOT_ALLOWED", 403


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


class IdempotencyConflict(Problem):
    """The Idempotency-Key was used before with another body."""

    code, status = "IDEMPOTENCY_CONFLICT", 409


class ContentRejected(Problem):
    """A person rejected the container."""

    code, status = "CONTENT_REJECTED", 409


class CredentialInvalid(Problem):
    """The target account is disconnected or must be reconnected."""

    code, status = "CREDENTIAL_INVALID", 409


class UploadIncomplete(Problem):
    """Not all bytes have arrived; `details.assets` names what is missing."""

    code, status = "UPLOAD_INCOMPLETE", 409


class PayloadTooLarge(Problem):
    """More bytes than allowed."""

    code, status = "PAYLOAD_TOO_LARGE", 413


class UriTooLong(Problem):
    """Path and query are longer than any address of the API."""

    code, status = "URI_TOO_LONG", 414


class UnsupportedMediaType(Problem):
    """A Content-Type or Content-Encoding the route does not take."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415


class Validation(Problem):
    """The input is wrong; `details.issues` lists every fault at once."""

    code, status = "VALIDATION", 422

    def __init__(self, issues: Sequence[Issue], message: str | None = None) -> None:
        words = message or f"{issues[0].path}: {issues[0].message}"
        if message is None and len(issues) > 1:
            words += f" (and {len(issues) - 1} more)"
        super().__init__(words, {"issues": list(issues)})
        self.issues = list(issues)


class RateLimited(Problem):
    """Too many requests; see Retry-After."""

    code, status = "RATE_LIMITED", 429


class HeadersTooLarge(Problem):
    """Too many headers, or too long ones."""

    code, status = "HEADERS_TOO_LARGE", 431


class KillSwitch(Problem):
    """The key or its organisation was disabled."""

    code, status = "KILL_SWITCH", 503


class Internal(Problem):
    """A bug of ours; the message never leaks internals."""

    code, status = "INTERNAL", 500


class Unavailable(Problem):
    """The database is away; nothing is known to have happened, so repeat with the same Idempotency-Key."""

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

"""A class for each code Layers refuses with. Made from `openapi.json` by `sdks/generate.py`."""

from typing import Any, Literal, Optional

from layers_sdk.errors import ApiError
from layers_sdk.models import Issue, PendingSchedule


class ApprovalRequiredError(ApiError):
    """The container waits for approval; `details.pendingSchedule` shows the intent that was kept."""

    code = "APPROVAL_REQUIRED"
    container_id: str
    approval_status: Literal["pending"]
    pending_schedule: PendingSchedule


class ConflictError(ApiError):
    """The thing is in a state that forbids this; `details.subcode` tells which where a call has several."""

    code = "CONFLICT"
    subcode: Optional[str]
    approval_status: Optional[str]
    scheduled_post_ids: Optional[list[str]]


class ContentRejectedError(ApiError):
    """A person rejected the container."""

    code = "CONTENT_REJECTED"


class CredentialInvalidError(ApiError):
    """The target account is disconnected or must be reconnected."""

    code = "CREDENTIAL_INVALID"
    social_account_id: str


class ForbiddenOriginError(ApiError):
    """A change was asked for with a browser's session, and not by the dashboard of this installation."""

    code = "FORBIDDEN_ORIGIN"


class ForbiddenScopeError(ApiError):
    """The key lacks the scope named in `details.requiredScope`."""

    code = "FORBIDDEN_SCOPE"
    required_scope: str


class HeadersTooLargeError(ApiError):
    """Too many headers, or too long ones."""

    code = "HEADERS_TOO_LARGE"


class IdempotencyConflictError(ApiError):
    """The Idempotency-Key was used before with another body."""

    code = "IDEMPOTENCY_CONFLICT"


class InternalError(ApiError):
    """A bug of ours; the message never leaks internals."""

    code = "INTERNAL"


class KillSwitchError(ApiError):
    """The key or its organisation was disabled."""

    code = "KILL_SWITCH"
    scope: Literal["key", "organization"]


class MalformedRequestError(ApiError):
    """What was sent is not HTTP, or hides where a request ends; the connection is closed."""

    code = "MALFORMED_REQUEST"


class MethodNotAllowedError(ApiError):
    """The path exists, the method does not."""

    code = "METHOD_NOT_ALLOWED"


class NotFoundError(ApiError):
    """No such thing for this caller."""

    code = "NOT_FOUND"


class PayloadTooLargeError(ApiError):
    """More bytes than allowed."""

    code = "PAYLOAD_TOO_LARGE"


class RangeNotSatisfiableError(ApiError):
    """The range asked for lies outside; `Content-Range` tells the size."""

    code = "RANGE_NOT_SATISFIABLE"


class RateLimitedError(ApiError):
    """Too many requests; see Retry-After."""

    code = "RATE_LIMITED"
    endpoint_class: Literal["read-light", "write-light"]
    limit: int


class RequestTimeoutError(ApiError):
    """The request arrived too slowly; the connection is closed."""

    code = "REQUEST_TIMEOUT"


class ReturnUrlNotAllowedError(ApiError):
    """The host of an OAuth return address is not on the key's list."""

    code = "RETURN_URL_NOT_ALLOWED"
    return_hosts: list[str]


class UnauthenticatedError(ApiError):
    """No, malformed, unknown or retired key."""

    code = "UNAUTHENTICATED"


class UnavailableError(ApiError):
    """The database or the media store is away, or the disk is full; nothing is known to have happened, so repeat

    with the same Idempotency-Key.
    """

    code = "UNAVAILABLE"


class UnsupportedMediaTypeError(ApiError):
    """A Content-Type or Content-Encoding the route does not take."""

    code = "UNSUPPORTED_MEDIA_TYPE"


class UploadIncompleteError(ApiError):
    """Not all bytes have arrived; `details.assets` names what is missing."""

    code = "UPLOAD_INCOMPLETE"
    assets: list[dict[str, Any]]


class UriTooLongError(ApiError):
    """Path and query are longer than any address of the API."""

    code = "URI_TOO_LONG"


class ValidationError(ApiError):
    """The input is wrong; `details.issues` lists every fault at once, up to a thousand."""

    code = "VALIDATION"
    issues: list[Issue]


BY_CODE: dict[str, type[ApiError]] = {
    "APPROVAL_REQUIRED": ApprovalRequiredError,
    "CONFLICT": ConflictError,
    "CONTENT_REJECTED": ContentRejectedError,
    "CREDENTIAL_INVALID": CredentialInvalidError,
    "FORBIDDEN_ORIGIN": ForbiddenOriginError,
    "FORBIDDEN_SCOPE": ForbiddenScopeError,
    "HEADERS_TOO_LARGE": HeadersTooLargeError,
    "IDEMPOTENCY_CONFLICT": IdempotencyConflictError,
    "INTERNAL": InternalError,
    "KILL_SWITCH": KillSwitchError,
    "MALFORMED_REQUEST": MalformedRequestError,
    "METHOD_NOT_ALLOWED": MethodNotAllowedError,
    "NOT_FOUND": NotFoundError,
    "PAYLOAD_TOO_LARGE": PayloadTooLargeError,
    "RANGE_NOT_SATISFIABLE": RangeNotSatisfiableError,
    "RATE_LIMITED": RateLimitedError,
    "REQUEST_TIMEOUT": RequestTimeoutError,
    "RETURN_URL_NOT_ALLOWED": ReturnUrlNotAllowedError,
    "UNAUTHENTICATED": UnauthenticatedError,
    "UNAVAILABLE": UnavailableError,
    "UNSUPPORTED_MEDIA_TYPE": UnsupportedMediaTypeError,
    "UPLOAD_INCOMPLETE": UploadIncompleteError,
    "URI_TOO_LONG": UriTooLongError,
    "VALIDATION": ValidationError,
}


__all__ = [
    "ApprovalRequiredError",
    "ConflictError",
    "ContentRejectedError",
    "CredentialInvalidError",
    "ForbiddenOriginError",
    "ForbiddenScopeError",
    "HeadersTooLargeError",
    "IdempotencyConflictError",
    "InternalError",
    "KillSwitchError",
    "MalformedRequestError",
    "MethodNotAllowedError",
    "NotFoundError",
    "PayloadTooLargeError",
    "RangeNotSatisfiableError",
    "RateLimitedError",
    "RequestTimeoutError",
    "ReturnUrlNotAllowedError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnsupportedMediaTypeError",
    "UploadIncompleteError",
    "UriTooLongError",
    "ValidationError",
]

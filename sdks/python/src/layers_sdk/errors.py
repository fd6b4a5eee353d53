"""Everything this package raises.

    LayersError
    ├── ApiError                      Layers said no; a class for each code is in `refusals`
    ├── NetworkError                  nobody answered, or the line broke
    │   └── AnswerTimeoutError        nobody answered in time
    ├── UnexpectedAnswerError         something answered that is not Layers
    ├── WaitTimeoutError              a post was not done in time
    └── WebhookSignatureError         a webhook is not genuine, or too old

Not for arguments that can never be right, as a time without an offset: those are ValueError.
"""

from collections.abc import Mapping
from typing import Any, Optional

from layers_sdk.model import fill
from layers_sdk.models import ScheduledPost


class LayersError(Exception):
    """What all errors have in common."""

    code: str = "LAYERS"
    """Stable, for programs."""
    message: str
    """For people."""
    status: Optional[int]
    """The HTTP status, if there was an answer."""
    request_id: Optional[str]
    """Names the request in the logs of the server."""
    details: Mapping[str, Any]
    """What else there is to know, by the names on the wire."""
    retry_after: Optional[float]
    """Seconds the server asked to wait."""
    idempotency_key: Optional[str]
    """The key the request carried: repeat the call with it, and it is done once."""

    def __init__(
        self,
        message: str,
        *,
        status: Optional[int] = None,
        request_id: Optional[str] = None,
        details: Optional[Mapping[str, Any]] = None,
        retry_after: Optional[float] = None,
        idempotency_key: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.request_id = request_id
        self.details = details or {}
        self.retry_after = retry_after
        self.idempotency_key = idempotency_key

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" ({self.request_id})" if self.request_id else "")


class ApiError(LayersError):
    """Layers refused or failed. Its subclasses are one for each code; a code newer than this package is this."""

    def __init__(self, message: str, *, code: Optional[str] = None, **known: Any) -> None:
        super().__init__(message, **known)
        if code is not None:
            self.code = code
        if type(self) is not ApiError:
            fill(self, self.details)


class NetworkError(LayersError):
    """There was no connection, or it broke before the answer was whole: the request may have been carried out."""

    code = "NETWORK"


class AnswerTimeoutError(NetworkError):
    """No answer came in time: the request may have been carried out."""

    code = "ANSWER_TIMEOUT"


class UnexpectedAnswerError(LayersError):
    """Something answered that is not Layers: a proxy, a login page. `status` is what it said."""

    code = "UNEXPECTED_ANSWER"


class WaitTimeoutError(LayersError):
    """The post was not done in time. It goes on all the same; `post` is what it was last."""

    code = "WAIT_TIMEOUT"
    post: ScheduledPost

    def __init__(self, message: str, post: ScheduledPost) -> None:
        super().__init__(message)
        self.post = post

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.post)


class WebhookSignatureError(LayersError):
    """The webhook does not come from Layers, was changed on its way, or is too old."""

    code = "WEBHOOK_SIGNATURE"


__all__ = [
    "AnswerTimeoutError",
    "ApiError",
    "LayersError",
    "NetworkError",
    "UnexpectedAnswerError",
    "WaitTimeoutError",
    "WebhookSignatureError",
]

"""What went wrong in words, and what a person can do about it: for the command line and for models alike."""

from collections.abc import Mapping

from layers_sdk import LayersError, NetworkError, ValidationError

from layers.terminal import FAILED, NO_KEY, NOT_YET

REMEDIES: Mapping[str, str] = {
    "UNAUTHENTICATED": "Use a key that is in force; `layers login` stores one.",
    "FORBIDDEN_SCOPE": "Use a key that has this scope.",
    "KILL_SWITCH": "Whoever runs the installation can let it in again.",
    "NOT_FOUND": "Is the id right, and of this key's organisation and environment? `layers whoami` says which.",
    "APPROVAL_REQUIRED": "The wish is kept: the posts go out once somebody approves the content.",
    "CONTENT_REJECTED": "Make new content; a rejection is for good.",
    "CREDENTIAL_INVALID": "Connect the account again.",
    "IDEMPOTENCY_CONFLICT": "Repeat exactly what was asked for first, or use another key.",
    "RETURN_URL_NOT_ALLOWED": "Use a key whose return hosts have this one.",
    "RATE_LIMITED": "Come again in a moment.",
    "VALIDATION": "Mend each of these, then come again.",
    "PAYLOAD_TOO_LARGE": "Send less.",
    "UPLOAD_INCOMPLETE": "Send the rest of the bytes.",
    "UNSUPPORTED_MEDIA_TYPE": "Send mp4, mov, jpeg, png, webp or gif.",
    "UNAVAILABLE": "Come again in a moment; with the same idempotency key nothing is done twice.",
    "REQUEST_TIMEOUT": "The line is slow; come again.",
    "INTERNAL": "This is a fault of Layers: tell whoever runs the installation the request id.",
    "NETWORK": "Does the installation run, and is the address right?",
    "ANSWER_TIMEOUT": "The installation is slow; look before you ask for it again.",
    "UNEXPECTED_ANSWER": "Is the address right? Something else answers there.",
    "DUPLICATE_POST": "The same content is on its way to this account or there already; look at that post first.",
    "CONTAINER_NOT_COMPLETED": "Wait until the content is completed.",
    "CONTAINER_DELETED": "Make the content again.",
    "LIVE_POSTS": "Cancel its posts, or wait until they are done.",
    "OUTCOME_UNKNOWN": "Look on the platform whether it is there, then resolve the post.",
    "PROJECT_ARCHIVED": "Use another project.",
    "SCHEDULED_POST_ID_TAKEN": "Choose another id.",
    "IDEMPOTENCY_IN_FLIGHT": "The same request is still being worked on; come again in a moment.",
}
"""By subcode where there is one, else by code."""


def remedy_of(error: LayersError) -> str:
    """Return what to do about it; empty if nothing is known."""
    return REMEDIES.get(str(error.details.get("subcode", "")), "") or REMEDIES.get(error.code, "")


def words_of(error: LayersError) -> str:
    """Return what went wrong, every issue in a line of its own."""
    lines = [error.message.rstrip()]
    if isinstance(error, ValidationError):
        lines += [f"{issue.path}: {issue.message}" for issue in error.issues or ()]
    if error.request_id:
        lines[0] += f" ({error.code}, {error.request_id})"
    return "\n  ".join(lines)


def exit_code_of(error: LayersError) -> int:
    """Return the exit code of a command that ends so."""
    if error.code in {"UNAUTHENTICATED", "FORBIDDEN_SCOPE", "KILL_SWITCH"}:
        return NO_KEY
    unknown = isinstance(error, NetworkError) or error.code in {"UNAVAILABLE", "RATE_LIMITED", "WAIT_TIMEOUT"}
    return NOT_YET if unknown or error.code == "APPROVAL_REQUIRED" else FAILED

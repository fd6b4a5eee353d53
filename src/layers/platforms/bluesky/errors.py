"""What an atproto server's errors mean: one table, one interpreter.

Failures carry `{"error", "message"}` and never come with 2xx. A bad or expired token is a 400, not a 401.
Source: https://docs.bsky.app/docs/api, and a PDS 0.5.35 asked; checked 2026-11-23.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from layers.connector import Call, Failure, Reconnect, Rejected, Reply, Throttled, Unavailable

DEFAULT_PAUSE = timedelta(seconds=60)
"""Without `retry-after`. `ratelimit-reset` is a point in time, which a flow without a clock cannot use."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """How an error is to be treated; `code` is Layers' word and empty where the treatment implies it."""

    outcome: Literal["reject", "reconnect", "throttle", "outage"]
    words: str
    code: str = ""


_TOKEN = Meaning("reconnect", "The server no longer accepts the session; reconnect the account.")
_TAKEN_DOWN = Meaning("reject", "Moderators took the account down; appeal in the app.", "ACCOUNT_RESTRICTED")
_OUTAGE = Meaning("outage", "The server has a fault; it will be tried again.")
_PAUSE = Meaning("throttle", "The server asks for fewer calls; the account pauses.")

ERRORS: Mapping[str, Meaning] = {
    "AuthMissing": _TOKEN,
    "AuthenticationRequired": Meaning(
        "reconnect", "Identifier or app password is wrong; make a new app password."
    ),
    "AuthFactorTokenRequired": Meaning(
        "reconnect", "The account's own password needs a code; use an app password."
    ),
    "InvalidToken": _TOKEN,
    "ExpiredToken": _TOKEN,
    "AccountTakedown": _TAKEN_DOWN,
    "AccountSuspended": _TAKEN_DOWN,
    "AccountDeactivated": Meaning(
        "reject", "The account is deactivated; activate it in the app.", "ACCOUNT_RESTRICTED"
    ),
    "RateLimitExceeded": _PAUSE,
    "BlobTooLarge": Meaning(
        "reject", "An image is larger than the server takes; make it smaller.", "MEDIA_INVALID"
    ),
    "InvalidMimeType": Meaning(
        "reject", "The server does not take this type of image; use JPEG.", "MEDIA_INVALID"
    ),
    "BlobNotFound": Meaning(
        "reject",
        "The server has dropped the image before it was used; publish the post again.",
        "MEDIA_INVALID",
    ),
    "InvalidSwap": Meaning(
        "reject", "Another record lies where this post belongs; look at the account.", "PLATFORM_REFUSED"
    ),
    "use_dpop_nonce": _OUTAGE,
    "InternalServerError": _OUTAGE,
    "UpstreamFailure": _OUTAGE,
    "UpstreamTimeout": _OUTAGE,
    "NotEnoughResources": _OUTAGE,
}
"""Errors not listed are read by their status: 401, 413, 429, 5xx, else PLATFORM_REFUSED in its own words."""

STATUSES: Mapping[int, Meaning] = {401: _TOKEN, 413: ERRORS["BlobTooLarge"], 429: _PAUSE}


def classify(call: Call, reply: Reply) -> Failure | None:
    """Say what a reply means as a failure; the meaning does not depend on the call."""
    if reply.status < 300:
        return None
    name = error_name(reply)
    meaning = ERRORS.get(name or "") or STATUSES.get(reply.status) or _by_class(reply, name)
    match meaning.outcome:
        case "reject":
            return Rejected(meaning.code, meaning.words, name)
        case "reconnect":
            return Reconnect(meaning.words, name)
        case "throttle":
            return Throttled(meaning.words, _retry_after(reply), name)
        case "outage":
            return Unavailable(meaning.words, name)


def error_name(reply: Reply) -> str | None:
    """Return the lexicon's name of the error, None when the body carries none."""
    name = reply.value("error")
    return name if isinstance(name, str) else None


def _by_class(reply: Reply, name: str | None) -> Meaning:
    if reply.status >= 500:
        return _OUTAGE
    said = reply.value("message") or reply.text[:200] or "no reason given"
    return Meaning("reject", f"The server refused this ({name or reply.status}): {said}", "PLATFORM_REFUSED")


def _retry_after(reply: Reply) -> timedelta:
    seconds = reply.headers.get("retry-after", "")
    return timedelta(seconds=int(seconds)) if seconds.isdecimal() else DEFAULT_PAUSE

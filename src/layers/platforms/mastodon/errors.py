"""What a server's errors mean: one table by status, one by Mastodon's words.

Failures carry `{"error"}` in the server's language or nothing at all; snac answers in HTML.
Source: https://docs.joinmastodon.org/entities/Error/ and the methods' pages, a snac 2.75 asked, checked 2026-11-23; the
words of 403 are remembered from Mastodon's source.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from layers.connector import Call, Failure, Reconnect, Rejected, Reply, Throttled, Unavailable

DEFAULT_PAUSE = timedelta(minutes=5)
"""The window most of Mastodon's limits count in."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """How an error is to be treated; `code` is Layers' word and empty where the treatment implies it."""

    outcome: Literal["reject", "reconnect", "throttle", "outage"]
    words: str
    code: str = ""


_RESTRICTED = Meaning(
    "reject", "The account is not active; look into it on the server.", "ACCOUNT_RESTRICTED"
)
_MEDIA = Meaning(
    "reject", "The server cannot use this media; convert it, or make it smaller.", "MEDIA_INVALID"
)
_OUTAGE = Meaning("outage", "The server has a fault; it will be tried again.")

WORDS: Mapping[str, Meaning] = {
    "outside the authorized scopes": Meaning(
        "reconnect", "The access token lacks a scope; reconnect the account and allow all that is asked for."
    ),
    "login is currently disabled": _RESTRICTED,
    "account is suspended": _RESTRICTED,
    "confirmed e-mail address": _RESTRICTED,
    "pending approval": _RESTRICTED,
    "have not finished processing": Meaning("outage", "The media are not ready yet."),
    "file content type is invalid": _MEDIA,
    "file is invalid": _MEDIA,
    "file file size must be": _MEDIA,
    "are not supported": _MEDIA,
    "character limit": Meaning(
        "reject", "The text is longer than the server allows; shorten it.", "CONTENT_REJECTED_BY_PLATFORM"
    ),
}
"""By words within the error, in lower case; an error in another language is read by its status."""

STATUSES: Mapping[int, Meaning] = {
    401: Meaning("reconnect", "The server no longer accepts the access token; reconnect the account."),
    409: Meaning("outage", "The server is still busy with the same request."),
    413: _MEDIA,
    415: _MEDIA,
    429: Meaning("throttle", "The server asks for fewer calls; the account pauses."),
}
"""Statuses not listed: 3xx and 5xx by their class, else PLATFORM_REFUSED in the server's words."""


def classify(call: Call, reply: Reply) -> Failure | None:
    """Say what a reply means as a failure."""
    if reply.status < 300:
        return None
    said = error_words(reply)
    meaning = _by_words(said) or STATUSES.get(reply.status) or _by_class(call, reply, said)
    platform_code = str(reply.status)
    match meaning.outcome:
        case "reject":
            return Rejected(meaning.code, meaning.words, platform_code)
        case "reconnect":
            return Reconnect(meaning.words, platform_code)
        case "throttle":
            return Throttled(meaning.words, pause(reply.headers), platform_code)
        case "outage":
            return Unavailable(meaning.words, platform_code)


def error_words(reply: Reply) -> str:
    """Return what the server says went wrong, at most 200 characters, "" when it says nothing."""
    parts = [reply.value("error"), reply.value("error_description")]
    return ": ".join(part for part in parts if isinstance(part, str))[:200]


def pause(headers: Mapping[str, str]) -> timedelta:
    """Return how long to keep still: Retry-After, or X-RateLimit-Reset, a moment, against the server's own Date."""
    seconds = headers.get("retry-after", "")
    if seconds.isdecimal():
        return timedelta(seconds=int(seconds))
    try:
        reset = datetime.fromisoformat(headers["x-ratelimit-reset"])
        left = reset - parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        return DEFAULT_PAUSE
    return min(max(left, timedelta(seconds=1)), timedelta(hours=24))


def _by_words(said: str) -> Meaning | None:
    lower = said.lower()
    return next((meaning for words, meaning in WORDS.items() if words in lower), None)


def _by_class(call: Call, reply: Reply, said: str) -> Meaning:
    if reply.status >= 500:
        return _OUTAGE
    if reply.status < 400:
        where = reply.headers.get("location", "elsewhere")
        return Meaning("reject", f"The server sends calls on to {where}; connect that.", "APP_MISCONFIGURED")
    if reply.status == 422 and call.name.startswith("medium"):
        return Meaning(
            "reject", f"The server cannot use this media: {said or 'no reason given'}.", _MEDIA.code
        )
    words = f"The server refused this ({reply.status}): {said or reply.text[:200] or 'no reason given'}"
    return Meaning("reject", words, "PLATFORM_REFUSED")

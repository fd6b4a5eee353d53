"""What Instagram's errors mean: one table by subcode, one by code, one interpreter.

Failures carry `{"error": {"code", "error_subcode", "is_transient", "message", "error_user_msg"}}`. A container that
failed only says its subcode, within the text of its `status`. Uploads fail with `{"debug_info": {"retriable", "type",
"message"}}`.
Source: https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes,
checked 2026-11-23.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import msgspec

from layers.connector import Call, Effect, Failure, Reconnect, Rejected, Reply, Throttled, Unavailable

DEFAULT_PAUSE = timedelta(minutes=10)
QUOTA_PAUSE = timedelta(hours=1)
"""The cap counts a sliding day, so a slot may come free at any time within it."""

SUBCODE = re.compile(r"\b2207\d{3}\b")


@dataclass(frozen=True, slots=True)
class Meaning:
    """How an error is to be treated; `code` is Layers' word and empty where the treatment implies it.

    Three pass by themselves: after `outage` the call may have been carried out nevertheless, after `not_yet` it
    certainly was not, and `gone` wants a new container, if the old one did not become a post.
    """

    outcome: Literal["reject", "reconnect", "throttle", "outage", "not_yet", "gone"]
    words: str
    code: str = ""
    after: timedelta = DEFAULT_PAUSE


def _media(words: str) -> Meaning:
    return Meaning("reject", words, "MEDIA_INVALID")


def _reconnect(words: str) -> Meaning:
    return Meaning("reconnect", words)


def _restricted(words: str) -> Meaning:
    return Meaning("reject", words, "ACCOUNT_RESTRICTED")


_OUTAGE = Meaning("outage", "Instagram has an internal fault; it will be tried again.")
_NOT_READY = Meaning("not_yet", "Instagram is still taking the media in; it will be tried again.")
_NOT_FETCHED = Meaning("not_yet", "Instagram could not fetch the media; it will be tried again.")
_GONE = Meaning("gone", "Instagram has dropped the prepared media; it will be prepared anew.")
_TOKEN = _reconnect("Instagram no longer accepts the access token; reconnect the account.")
_PERMISSION = _reconnect("The account granted too little; reconnect it and allow posting.")
_PAUSE = Meaning("throttle", "Instagram asks for fewer calls; the account pauses.")
_TOO_LARGE = _media("The image is larger than Instagram takes; make it 8 MB or less.")
_FORMAT = _media("Instagram cannot read the image; use JPEG.")
_ASPECT = _media("The image is too tall or too wide for Instagram; crop it to between 4:5 and 1.91:1.")
_VIDEO = _media("Instagram cannot read the video; use MP4 or MOV with H.264 or HEVC and AAC.")
_CAPTION = Meaning(
    "reject",
    "The caption is too long or has too many hashtags or mentions; shorten it.",
    "CONTENT_REJECTED_BY_PLATFORM",
)
_INACTIVE = _restricted("Instagram has restricted the account; the person must see to it in the app.")

SUBCODES: Mapping[int, Meaning] = {
    458: _reconnect("The person removed the app on Instagram; reconnect the account."),
    459: _reconnect("Instagram wants the person to log in there first; then reconnect the account."),
    460: _reconnect("The password was changed; reconnect the account."),
    463: _reconnect("The access token has expired; reconnect the account."),
    467: _TOKEN,
    2207001: _OUTAGE,
    2207003: _NOT_FETCHED,
    2207004: _TOO_LARGE,
    2207005: _FORMAT,
    2207006: _GONE,
    2207008: _GONE,
    2207009: _ASPECT,
    2207010: _CAPTION,
    2207020: _GONE,
    2207023: _media("Instagram does not know this type of media; use JPEG, MP4 or MOV."),
    2207026: _VIDEO,
    2207027: _NOT_READY,
    2207028: _media("Instagram does not take these items as a carousel; use 2 to 10 images and videos."),
    2207032: _GONE,
    2207042: Meaning(
        "throttle",
        "The account has reached Instagram's daily number of posts; it is tried later.",
        "",
        QUOTA_PAUSE,
    ),
    2207050: _INACTIVE,
    2207051: _restricted("Instagram takes the post for automated or abusive and blocks it; see the app."),
    2207052: _NOT_FETCHED,
    2207053: _GONE,
    2207057: Meaning("reject", "coverAt lies outside the video; choose an earlier moment.", "OPTION_INVALID"),
}

CODES: Mapping[int, Meaning] = {
    -2: _OUTAGE,
    -1: _OUTAGE,
    1: _OUTAGE,
    2: _OUTAGE,
    4: _PAUSE,
    10: _PERMISSION,
    17: _PAUSE,
    24: _GONE,
    25: _INACTIVE,
    32: _PAUSE,
    102: _TOKEN,
    190: _TOKEN,
    200: _PERMISSION,
    352: _VIDEO,
    368: _restricted("Instagram blocks the account for a while; see the notice in the app."),
    613: _PAUSE,
    9007: _NOT_READY,
    36000: _TOO_LARGE,
    36001: _FORMAT,
    36003: _ASPECT,
    36004: _CAPTION,
}
"""Where the subcode says nothing. Codes in neither table: `is_transient`, then the status (401, 429, 5xx), else
PLATFORM_REFUSED with Instagram's own words."""

_CUT_OFF = Meaning("not_yet", "The upload was cut off; it will go on where it stopped.")

UPLOADS: Mapping[str, Meaning] = {
    "NotAuthorizedError": _TOKEN,
    "OffsetInvalidError": _CUT_OFF,
    "PartialRequestError": _CUT_OFF,
}
"""By the `type` of an upload's failure."""

STATUSES: Mapping[int, Meaning] = {401: _TOKEN, 429: _PAUSE}


def classify(call: Call, reply: Reply) -> Failure | None:
    """Say what a reply means. On a COMMIT what may have happened nevertheless is none: the flow cannot read it."""
    code, subcode = _number(reply, "code"), _number(reply, "error_subcode")
    if code is None and reply.status < 300:
        return None
    if code is None and reply.value("debug_info") is not None:
        return _upload_failure(reply)
    meaning = _meaning(reply, code, subcode)
    if call.effect is Effect.COMMIT and meaning.outcome in ("outage", "gone"):
        return None
    return _fail(meaning, _spelled(code, subcode), reply)


def container_failure(status: str) -> Rejected | None:
    """Say what a container's `status` means that is at ERROR; None: a new container may do."""
    found = SUBCODE.search(status)
    if found is None:
        words = f"Instagram could not take the media in: {status[:200] or 'no reason given'}"
        return Rejected("PLATFORM_REFUSED", words)
    meaning = SUBCODES.get(int(found[0]))
    if meaning is None:
        return Rejected(
            "PLATFORM_REFUSED", f"Instagram could not take the media in: {status[:200]}", found[0]
        )
    return Rejected(meaning.code, meaning.words, found[0]) if meaning.outcome == "reject" else None


def _upload_failure(reply: Reply) -> Failure | None:
    """None: this container takes the bytes no more, which the flow sees to."""
    kind = str(reply.value("debug_info", "type") or "")
    transient = _CUT_OFF if reply.value("debug_info", "retriable") is True else None
    outage = _OUTAGE if reply.status >= 500 else None
    meaning = UPLOADS.get(kind) or transient or STATUSES.get(reply.status) or outage
    return _fail(meaning, kind or None, reply) if meaning else None


def _meaning(reply: Reply, code: int | None, subcode: int | None) -> Meaning:
    by_subcode = SUBCODES.get(subcode) if subcode is not None else None
    by_code = CODES.get(code) if code is not None else None
    transient = _OUTAGE if reply.value("error", "is_transient") is True else None
    return by_subcode or by_code or transient or STATUSES.get(reply.status) or _by_class(reply, code)


def _by_class(reply: Reply, code: int | None) -> Meaning:
    if reply.status >= 500:
        return _OUTAGE
    said = reply.value("error", "error_user_msg") or reply.value("error", "message") or reply.text[:200]
    words = f"Instagram refused this ({code or reply.status}): {said or 'no reason given'}"
    return Meaning("reject", words, "PLATFORM_REFUSED")


def _fail(meaning: Meaning, code: str | None, reply: Reply) -> Failure:
    match meaning.outcome:
        case "reject":
            return Rejected(meaning.code, meaning.words, code)
        case "reconnect":
            return Reconnect(meaning.words, code)
        case "throttle":
            return Throttled(meaning.words, _regained_after(reply) or meaning.after, code)
        case "outage" | "not_yet" | "gone":
            return Unavailable(meaning.words, code)


def _number(reply: Reply, name: str) -> int | None:
    value = reply.value("error", name)
    return value if isinstance(value, int) else None


def _spelled(code: int | None, subcode: int | None) -> str | None:
    said = [str(part) for part in (code, subcode) if part is not None]
    return "/".join(said) or None


class _Usage(msgspec.Struct):
    """One limit of one account; the estimate is in minutes and 0 while there is room."""

    estimated_time_to_regain_access: int = 0


def _regained_after(reply: Reply) -> timedelta | None:
    """Read the longest pause out of `X-Business-Use-Case-Usage`: limits by account.

    Source: https://developers.facebook.com/docs/graph-api/overview/rate-limiting, remembered rather than read.
    """
    if (seconds := reply.headers.get("retry-after", "")).isdecimal():
        return timedelta(seconds=int(seconds))
    try:
        usage = msgspec.json.decode(
            reply.headers.get("x-business-use-case-usage", "{}"), type=dict[str, list[_Usage]]
        )
    except msgspec.DecodeError:
        return None
    minutes = [limit.estimated_time_to_regain_access for limits in usage.values() for limit in limits]
    return timedelta(minutes=longest) if (longest := max(minutes, default=0)) > 0 else None

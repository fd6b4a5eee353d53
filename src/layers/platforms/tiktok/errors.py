"""What TikTok's error codes mean: one table, one interpreter.

API calls answer `{"error": {"code", "message"}}` and may fail with HTTP 200; the token endpoint answers
`{"error", "error_description"}`; the upload host answers by status alone.
Source: https://developers.tiktok.com/doc/tiktok-api-v2-error-handling, checked 2026-11-23.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from layers.connector import Call, Effect, Failure, Reconnect, Rejected, Reply, Throttled, Unavailable

DEFAULT_PAUSE = timedelta(seconds=60)
QUOTA_PAUSE = timedelta(hours=1)
"""The caps count a sliding day, so a slot may come free at any time within it."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """How a code is to be treated; `code` is Layers' word and empty where the treatment implies it."""

    outcome: Literal["reject", "reconnect", "throttle", "outage"]
    words: str
    code: str = ""
    after: timedelta = DEFAULT_PAUSE
    revoked: bool = False


def _reject(code: str, words: str) -> Meaning:
    return Meaning("reject", words, code)


def _reconnect(words: str, *, revoked: bool = False) -> Meaning:
    return Meaning("reconnect", words, revoked=revoked)


def _quota(words: str) -> Meaning:
    return Meaning("throttle", words, after=QUOTA_PAUSE)


_INVALID_PARAM = _reject(
    "PLATFORM_REFUSED", "TikTok finds a field of the request invalid; check the options."
)
_SCOPE = _reconnect("The account granted too little; reconnect it and allow posting.")
_OUTAGE = Meaning("outage", "TikTok has an internal fault; it will be tried again.")
_PULL = Meaning("outage", "TikTok could not fetch the media; it will be tried again.")
_TEXT = _reject(
    "CONTENT_REJECTED_BY_PLATFORM", "TikTok takes the text for spam or unsafe; change the caption."
)

ERRORS: Mapping[str, Meaning] = {
    "internal": _OUTAGE,
    "internal_error": _OUTAGE,
    "video_pull_failed": _PULL,
    "photo_pull_failed": _PULL,
    "rate_limit_exceeded": Meaning("throttle", "TikTok asks for fewer calls; the account pauses."),
    "spam_risk_too_many_posts": _quota(
        "The creator has reached TikTok's daily number of posts; it is tried later."
    ),
    "spam_risk_too_many_pending_share": _quota(
        "Too many drafts wait in the inbox; finish or discard some on TikTok."
    ),
    "reached_active_user_cap": _quota("The app has reached TikTok's daily number of posting creators."),
    "access_token_invalid": _reconnect(
        "TikTok no longer accepts the access token; reconnect the account.", revoked=True
    ),
    "invalid_grant": _reconnect("TikTok no longer accepts the refresh token; reconnect the account."),
    "auth_removed": _reconnect(
        "The creator withdrew the permission on TikTok; reconnect the account.", revoked=True
    ),
    "scope_not_authorized": _SCOPE,
    "scope_permission_missed": _SCOPE,
    "file_format_check_failed": _reject(
        "MEDIA_INVALID", "TikTok cannot read the format; use MP4, MOV or WebM, JPEG or WebP."
    ),
    "duration_check_failed": _reject(
        "MEDIA_INVALID", "The video is too short or too long for this creator; recut it."
    ),
    "frame_rate_check_failed": _reject(
        "MEDIA_INVALID", "The frame rate is outside 23 to 60 per second; re-encode it."
    ),
    "picture_size_check_failed": _reject(
        "MEDIA_INVALID", "The picture size is not one TikTok takes; resize it."
    ),
    "spam_risk_text": _TEXT,
    "spam_risk": _reject(
        "CONTENT_REJECTED_BY_PLATFORM", "TikTok takes the post for spam; change it before trying again."
    ),
    "spam_risk_user_banned_from_posting": _reject(
        "ACCOUNT_RESTRICTED", "TikTok has banned the creator from posting; see the notice in the TikTok app."
    ),
    "privacy_level_option_mismatch": _reject(
        "OPTION_INVALID", "The creator does not offer this privacyLevel; choose another or leave it out."
    ),
    "unaudited_client_can_only_post_to_private_accounts": _reject(
        "APP_MISCONFIGURED",
        "Until TikTok has audited your app it posts with privacyLevel SELF_ONLY to private accounts only; have the "
        "creator make the account private and say SELF_ONLY, or apply for the audit.",
    ),
    "url_ownership_unverified": _reject(
        "APP_MISCONFIGURED",
        "TikTok fetches photos only from a verified domain; verify the media links' domain there.",
    ),
    "invalid_client": _reject(
        "APP_MISCONFIGURED", "TikTok does not know the client key and secret; check the settings."
    ),
    "app_version_check_failed": _reject(
        "ACCOUNT_RESTRICTED", "The creator's TikTok app is too old; update it."
    ),
    "publish_cancelled": _reject(
        "PLATFORM_REFUSED", "The post was cancelled on TikTok's side; publish it again."
    ),
    "invalid_param": _INVALID_PARAM,
    "invalid_params": _INVALID_PARAM,
}
"""Codes not listed are read by their status: 401, 429, 5xx, else PLATFORM_REFUSED with TikTok's own words."""

STATUSES: Mapping[int, Meaning] = {
    401: ERRORS["access_token_invalid"],
    429: ERRORS["rate_limit_exceeded"],
}


def error_code(reply: Reply) -> str | None:
    """Return TikTok's code in either of its two shapes; None when all is well or nothing is said."""
    code = reply.value("error", "code") or reply.value("error")
    return code if isinstance(code, str) and code != "ok" else None


def classify(call: Call, reply: Reply) -> Failure | None:
    """Say what a reply means. An internal error with 2xx on a COMMIT is none: the flow cannot read it."""
    code = error_code(reply)
    if code is None and reply.status < 300:
        return None
    meaning = ERRORS.get(code or "") or STATUSES.get(reply.status) or _by_class(reply, code)
    if call.effect is Effect.COMMIT and reply.status < 300 and meaning.outcome == "outage":
        return None
    return fail(meaning, code, reply)


def fail(meaning: Meaning, code: str | None, reply: Reply) -> Failure:
    """Build the failure a meaning stands for; a Retry-After in seconds outweighs the table's pause."""
    match meaning.outcome:
        case "reject":
            return Rejected(meaning.code, meaning.words, code)
        case "reconnect":
            return Reconnect(meaning.words, code, revoked=meaning.revoked)
        case "throttle":
            return Throttled(meaning.words, _retry_after(reply) or meaning.after, code)
        case "outage":
            return Unavailable(meaning.words, code)


def _by_class(reply: Reply, code: str | None) -> Meaning:
    if reply.status >= 500:
        return _OUTAGE
    said = reply.value("error", "message") or reply.value("error_description") or reply.text[:200]
    return _reject(
        "PLATFORM_REFUSED", f"TikTok refused this ({code or reply.status}): {said or 'no reason given'}"
    )


def _retry_after(reply: Reply) -> timedelta | None:
    seconds = reply.headers.get("retry-after", "")
    return timedelta(seconds=int(seconds)) if seconds.isdecimal() else None

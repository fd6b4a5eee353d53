"""Is every error that TikTok documents, and any that it does not, understood for what it means?"""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from flows import COMMITTING, PREPARING, assert_means, drive
from tiktok_words import ACCOUNT, CREATOR, photo_post, refused

from layers.connector import (
    Reconnect,
    Rejected,
    Reply,
    Throttled,
    Unavailable,
    Unreadable,
)
from layers.platforms.tiktok import CONNECTOR
from layers.platforms.tiktok.errors import ERRORS

MAPPING: Sequence[tuple[int, str, type[Exception], str]] = [
    (200, "internal", Unavailable, "PLATFORM_UNAVAILABLE"),
    (500, "internal_error", Unavailable, "PLATFORM_UNAVAILABLE"),
    (200, "video_pull_failed", Unavailable, "PLATFORM_UNAVAILABLE"),
    (200, "photo_pull_failed", Unavailable, "PLATFORM_UNAVAILABLE"),
    (429, "rate_limit_exceeded", Throttled, "PLATFORM_LIMIT"),
    (200, "spam_risk_too_many_posts", Throttled, "PLATFORM_LIMIT"),
    (403, "spam_risk_too_many_pending_share", Throttled, "PLATFORM_LIMIT"),
    (200, "reached_active_user_cap", Throttled, "PLATFORM_LIMIT"),
    (401, "access_token_invalid", Reconnect, "CREDENTIAL_INVALID"),
    (401, "scope_not_authorized", Reconnect, "CREDENTIAL_INVALID"),
    (401, "scope_permission_missed", Reconnect, "CREDENTIAL_INVALID"),
    (400, "auth_removed", Reconnect, "CREDENTIAL_INVALID"),
    (400, "invalid_grant", Reconnect, "CREDENTIAL_INVALID"),
    (400, "file_format_check_failed", Rejected, "MEDIA_INVALID"),
    (400, "duration_check_failed", Rejected, "MEDIA_INVALID"),
    (400, "frame_rate_check_failed", Rejected, "MEDIA_INVALID"),
    (400, "picture_size_check_failed", Rejected, "MEDIA_INVALID"),
    (403, "spam_risk_text", Rejected, "CONTENT_REJECTED_BY_PLATFORM"),
    (403, "spam_risk", Rejected, "CONTENT_REJECTED_BY_PLATFORM"),
    (200, "spam_risk_user_banned_from_posting", Rejected, "ACCOUNT_RESTRICTED"),
    (400, "app_version_check_failed", Rejected, "ACCOUNT_RESTRICTED"),
    (403, "privacy_level_option_mismatch", Rejected, "OPTION_INVALID"),
    (403, "unaudited_client_can_only_post_to_private_accounts", Rejected, "APP_MISCONFIGURED"),
    (403, "url_ownership_unverified", Rejected, "APP_MISCONFIGURED"),
    (401, "invalid_client", Rejected, "APP_MISCONFIGURED"),
    (400, "publish_cancelled", Rejected, "PLATFORM_REFUSED"),
    (400, "invalid_param", Rejected, "PLATFORM_REFUSED"),
    (400, "invalid_params", Rejected, "PLATFORM_REFUSED"),
]


@pytest.mark.parametrize(("status", "code", "failure", "word"), MAPPING)
def test_each_row_of_the_error_table(status: int, code: str, failure: type[Exception], word: str) -> None:
    assert_means(CONNECTOR.classify(PREPARING, refused(code, status)), failure, word, code)


def test_no_row_of_the_error_table_is_untested() -> None:
    assert {row[1] for row in MAPPING} == set(ERRORS)


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (refused("brand_new", 400), Rejected),
        (refused("brand_new", 200), Rejected),
        (refused("brand_new", 401), Reconnect),
        (refused("brand_new", 429), Throttled),
        (refused("brand_new", 503), Unavailable),
        (Reply(502, text="<html>"), Unavailable),
        (Reply(404, text="nothing"), Rejected),
    ],
)
def test_an_unknown_error_is_read_by_its_status(reply: Reply, failure: type[Exception]) -> None:
    assert type(CONNECTOR.classify(PREPARING, reply)) is failure


def test_success_is_no_failure() -> None:
    assert CONNECTOR.classify(PREPARING, CREATOR) is None
    assert CONNECTOR.classify(PREPARING, Reply(201)) is None


@pytest.mark.parametrize(
    ("code", "headers", "pause"),
    [
        ("rate_limit_exceeded", {}, timedelta(seconds=60)),
        ("rate_limit_exceeded", {"retry-after": "17"}, timedelta(seconds=17)),
        ("rate_limit_exceeded", {"retry-after": "Mon, 23 Nov 2026 20:00:00 GMT"}, timedelta(seconds=60)),
        ("spam_risk_too_many_posts", {}, timedelta(hours=1)),
    ],
)
def test_how_long_a_throttled_account_rests(code: str, headers: dict[str, str], pause: timedelta) -> None:
    reply = Reply(429, headers=headers, json={"error": {"code": code}})
    found = CONNECTOR.classify(PREPARING, reply)
    assert isinstance(found, Throttled)
    assert found.after == pause


def test_an_internal_error_with_200_on_a_commit_is_in_doubt_not_refused() -> None:
    assert CONNECTOR.classify(COMMITTING, refused("internal_error")) is None
    assert CONNECTOR.classify(COMMITTING, refused("spam_risk_text")) is not None
    with pytest.raises(Unreadable):
        drive(
            CONNECTOR,
            lambda: CONNECTOR.publish(photo_post(), ACCOUNT),
            {"creator info": CREATOR, "init": refused("internal_error")},
        )

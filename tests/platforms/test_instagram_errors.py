"""Is every error that Instagram documents, and any that it does not, understood for what it means?"""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from flows import COMMITTING, PREPARING, assert_means, drive
from instagram_words import ACCOUNT, HAPPY, REEL, ok, refused
from msgspec.structs import replace as change

from layers.connector import (
    Reconnect,
    Rejected,
    Reply,
    Throttled,
    Unavailable,
    Unreadable,
)
from layers.platforms.instagram import CONNECTOR
from layers.platforms.instagram.errors import CODES, SUBCODES

R, U, C, T = Rejected, Unavailable, Reconnect, Throttled
Row = tuple[int, int | None, type[Exception], str]
MAPPING: Sequence[Row] = [
    (-1, 2207001, U, "PLATFORM_UNAVAILABLE"),
    (-2, 2207003, U, "PLATFORM_UNAVAILABLE"),
    (-2, 2207020, U, "PLATFORM_UNAVAILABLE"),
    (-1, 2207032, U, "PLATFORM_UNAVAILABLE"),
    (-1, 2207053, U, "PLATFORM_UNAVAILABLE"),
    (-1, None, U, "PLATFORM_UNAVAILABLE"),
    (-2, None, U, "PLATFORM_UNAVAILABLE"),
    (1, None, U, "PLATFORM_UNAVAILABLE"),
    (2, None, U, "PLATFORM_UNAVAILABLE"),
    (24, 2207006, U, "PLATFORM_UNAVAILABLE"),
    (24, 2207008, U, "PLATFORM_UNAVAILABLE"),
    (24, None, U, "PLATFORM_UNAVAILABLE"),
    (9007, 2207027, U, "PLATFORM_UNAVAILABLE"),
    (9007, None, U, "PLATFORM_UNAVAILABLE"),
    (9004, 2207052, U, "PLATFORM_UNAVAILABLE"),
    (4, None, T, "PLATFORM_LIMIT"),
    (17, None, T, "PLATFORM_LIMIT"),
    (32, None, T, "PLATFORM_LIMIT"),
    (613, None, T, "PLATFORM_LIMIT"),
    (9, 2207042, T, "PLATFORM_LIMIT"),
    (10, None, C, "CREDENTIAL_INVALID"),
    (102, None, C, "CREDENTIAL_INVALID"),
    (190, None, C, "CREDENTIAL_INVALID"),
    (190, 458, C, "CREDENTIAL_INVALID"),
    (190, 459, C, "CREDENTIAL_INVALID"),
    (190, 460, C, "CREDENTIAL_INVALID"),
    (190, 463, C, "CREDENTIAL_INVALID"),
    (190, 467, C, "CREDENTIAL_INVALID"),
    (200, None, C, "CREDENTIAL_INVALID"),
    (36000, 2207004, R, "MEDIA_INVALID"),
    (36000, None, R, "MEDIA_INVALID"),
    (36001, 2207005, R, "MEDIA_INVALID"),
    (36001, None, R, "MEDIA_INVALID"),
    (36003, 2207009, R, "MEDIA_INVALID"),
    (36003, None, R, "MEDIA_INVALID"),
    (352, 2207026, R, "MEDIA_INVALID"),
    (352, None, R, "MEDIA_INVALID"),
    (100, 2207023, R, "MEDIA_INVALID"),
    (100, 2207028, R, "MEDIA_INVALID"),
    (36004, 2207010, R, "CONTENT_REJECTED_BY_PLATFORM"),
    (36004, None, R, "CONTENT_REJECTED_BY_PLATFORM"),
    (100, 2207057, R, "OPTION_INVALID"),
    (4, 2207051, R, "ACCOUNT_RESTRICTED"),
    (25, 2207050, R, "ACCOUNT_RESTRICTED"),
    (25, None, R, "ACCOUNT_RESTRICTED"),
    (368, None, R, "ACCOUNT_RESTRICTED"),
]


@pytest.mark.parametrize(("code", "subcode", "failure", "word"), MAPPING)
def test_each_row_of_the_error_tables(
    code: int, subcode: int | None, failure: type[Exception], word: str
) -> None:
    found = CONNECTOR.classify(PREPARING, refused(code, subcode))
    assert_means(found, failure, word, f"{code}/{subcode}" if subcode else str(code))


def test_no_row_of_the_error_tables_is_untested() -> None:
    assert {row[1] for row in MAPPING} - {None} == set(SUBCODES)
    assert {row[0] for row in MAPPING if row[1] is None} == set(CODES)


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (refused(99999), Rejected),
        (refused(99999, http=401), Reconnect),
        (refused(99999, http=429), Throttled),
        (refused(99999, http=500), Unavailable),
        (refused(99999, is_transient=True), Unavailable),
        (refused(36003, is_transient=True), Rejected),
        (refused(100, 99, http=200), Rejected),
        (Reply(502, text="<html>"), Unavailable),
        (Reply(404, text="nothing"), Rejected),
        (Reply(302), Rejected),
    ],
)
def test_an_unknown_error_is_read_by_its_hints(reply: Reply, failure: type[Exception]) -> None:
    assert type(CONNECTOR.classify(PREPARING, reply)) is failure


def test_a_refusal_nobody_knows_is_told_in_instagrams_words() -> None:
    found = CONNECTOR.classify(PREPARING, refused(100, error_user_msg="Only photos, please."))
    assert found is not None
    assert found.message == "Instagram refused this (100): Only photos, please."


def test_success_is_no_failure() -> None:
    assert CONNECTOR.classify(PREPARING, ok(id="c1")) is None


USAGE = '{"1784":[{"type":"instagram","call_count":100,"estimated_time_to_regain_access":%s}]}'


@pytest.mark.parametrize(
    ("reply", "headers", "pause"),
    [
        (refused(4), {}, timedelta(minutes=10)),
        (refused(4), {"x-business-use-case-usage": USAGE % 23}, timedelta(minutes=23)),
        (refused(4), {"x-business-use-case-usage": USAGE % 0}, timedelta(minutes=10)),
        (refused(4), {"x-business-use-case-usage": "{}"}, timedelta(minutes=10)),
        (refused(4), {"x-business-use-case-usage": "nonsense"}, timedelta(minutes=10)),
        (refused(9, 2207042), {}, timedelta(hours=1)),
    ],
)
def test_how_long_a_throttled_account_rests(reply: Reply, headers: dict[str, str], pause: timedelta) -> None:
    found = CONNECTOR.classify(PREPARING, change(reply, headers=headers))
    assert isinstance(found, Throttled)
    assert found.after == pause


@pytest.mark.parametrize(
    "reply",
    [
        refused(-1, 2207001),
        refused(2),
        refused(99999, is_transient=True),
        refused(24, 2207008),
        refused(1, http=200),
    ],
)
def test_a_publish_that_may_have_happened_is_in_doubt(reply: Reply) -> None:
    assert CONNECTOR.classify(COMMITTING, reply) is None
    with pytest.raises(Unreadable):
        drive(CONNECTOR, lambda: CONNECTOR.publish(REEL, ACCOUNT), {**HAPPY, "publish": reply})


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (refused(9007, 2207027), Unavailable),
        (refused(9, 2207042), Throttled),
        (refused(190, 463), Reconnect),
        (refused(36003, 2207009), Rejected),
    ],
)
def test_a_publish_that_certainly_did_not_happen_is_refused(reply: Reply, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        drive(CONNECTOR, lambda: CONNECTOR.publish(REEL, ACCOUNT), {**HAPPY, "publish": reply})

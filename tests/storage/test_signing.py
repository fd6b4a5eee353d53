"""Signed links: they open exactly what they were made for, as long as they were made for."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.signing import LinkSigner

NOW = datetime(2026, 4, 18, 19, 18, 42, tzinfo=UTC)
HOUR = timedelta(hours=1)
SIGNER = LinkSigner([b"new key", b"old key"])


def parts(link: str) -> tuple[str, int, str]:
    found = re.fullmatch(r"(.+)\?expires=(\d+)&signature=([A-Za-z0-9_-]{43})", link)
    assert found, link
    return found[1], int(found[2]), found[3]


def test_the_link_is_the_documented_one() -> None:
    assert SIGNER.sign("/v1/media/ast_1", NOW) == (
        "/v1/media/ast_1?expires=1776539922&signature=QMBE7BI6HYGk-WM4T9VZ8brKugP83THPV4mZlketBDk"
    )


def test_a_link_opens_until_it_expires() -> None:
    path, expires, signature = parts(SIGNER.sign("/media/a", NOW + HOUR))
    assert SIGNER.verify(path, expires, signature, NOW)
    assert SIGNER.verify(path, expires, signature, NOW + HOUR - timedelta(microseconds=1))
    assert not SIGNER.verify(path, expires, signature, NOW + HOUR)


def test_an_older_key_still_opens_and_a_dropped_one_does_not() -> None:
    path, expires, signature = parts(LinkSigner([b"old key"]).sign("/media/a", NOW + HOUR))
    assert SIGNER.verify(path, expires, signature, NOW)
    assert not LinkSigner([b"new key"]).verify(path, expires, signature, NOW)


def test_nothing_may_be_changed() -> None:
    path, expires, signature = parts(SIGNER.sign("/media/a", NOW + HOUR))
    other = "A" if signature[0] != "A" else "B"
    assert not SIGNER.verify("/media/b", expires, signature, NOW)
    assert not SIGNER.verify(path, expires + 1, signature, NOW)
    assert not SIGNER.verify(path, expires, other + signature[1:], NOW)
    assert not SIGNER.verify(path, expires, signature + "=", NOW)
    assert not SIGNER.verify(path, expires, "", NOW)


@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()), st.integers())
def test_whatever_is_asked_is_answered(path: str, signature: str, expires: int) -> None:
    assert not SIGNER.verify(path, expires, signature, NOW)


@pytest.mark.parametrize("path", ["/a?b=c", "/a#b"])
def test_a_path_with_a_query_is_not_signed(path: str) -> None:
    with pytest.raises(ValueError, match="query"):
        SIGNER.sign(path, NOW)


@pytest.mark.parametrize("keys", [[], [b""], [b"good", b""]])
def test_no_key_no_signer(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="key"):
        LinkSigner(keys)

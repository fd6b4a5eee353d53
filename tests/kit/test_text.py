"""The counters on strings that are hard to count."""

import time

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from layers.kit.text import COUNTERS, fediverse_characters, graphemes, unstorable

ANY_TEXT = st.text(alphabet=st.characters())  # with lone surrogates

# text: grapheme, codepoint, utf16, utf8_bytes
TRICKY: dict[str, tuple[str, int, int, int, int]] = {
    "empty": ("", 0, 0, 0, 0),
    "ascii": ("hello", 5, 5, 5, 5),
    "umlaut in one piece": ("\u00e9", 1, 1, 1, 2),
    "umlaut in two pieces": ("e\u0301", 1, 2, 2, 3),
    "zalgo": ("Z\u0351\u036b\u0343", 1, 4, 4, 7),
    "emoji": ("\U0001f600", 1, 1, 2, 4),
    "emoji with a skin tone": ("\U0001f44d\U0001f3fd", 1, 2, 4, 8),
    "family": ("\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", 1, 7, 11, 25),
    "rainbow flag": ("\U0001f3f3\ufe0f\u200d\U0001f308", 1, 4, 6, 14),
    "flag": ("\U0001f1e9\U0001f1ea", 1, 2, 4, 8),
    "two flags": ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", 2, 4, 8, 16),
    "a flag and a half": ("\U0001f1e9\U0001f1ea\U0001f1eb", 2, 3, 6, 12),
    "flag of Scotland": (
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        1,
        7,
        14,
        28,
    ),
    "keycap": ("1\ufe0f\u20e3", 1, 3, 3, 7),
    "heart as an emoji": ("\u2764\ufe0f", 1, 2, 2, 6),
    "joiner alone": ("\u200d", 1, 1, 1, 3),
    "joiner between letters": ("a\u200db", 2, 3, 3, 5),
    "han": ("\u4f60\u597d", 2, 2, 2, 6),
    "han outside the basic plane": ("\U00020bb7\u91ce\u5bb6", 3, 3, 4, 10),
    "hangul syllable": ("\ud55c", 1, 1, 1, 3),
    "hangul in letters": ("\u1112\u1161\u11ab", 1, 3, 3, 9),
    "kana with a voice mark": ("\u304b\u3099", 1, 2, 2, 6),
    "hebrew with points": ("\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd", 4, 7, 7, 14),
    "arabic with direction marks": ("\u200f\u0645\u0631\u062d\u0628\u0627\u200e", 7, 7, 7, 16),
    "devanagari": ("\u0928\u092e\u0938\u094d\u0924\u0947", 3, 6, 6, 18),
    "thai": ("\u0e01\u0e33", 1, 2, 2, 6),
    "line break of windows": ("a\r\nb", 3, 4, 4, 4),
    "line break": ("a\nb", 3, 3, 3, 3),
    "lone high surrogate": ("\ud83d", 1, 1, 1, 3),
    "lone low surrogate": ("a\ude00", 2, 2, 2, 4),
    "byte order mark": ("\ufeffa", 2, 2, 2, 4),
}


@pytest.mark.parametrize("name", TRICKY)
def test_tricky_strings(name: str) -> None:
    text, *expected = TRICKY[name]
    assert [COUNTERS[unit](text) for unit in ("grapheme", "codepoint", "utf16", "utf8_bytes")] == expected


LINKED: dict[str, tuple[str, int]] = {
    "no link": ("hello", 5),
    "family": ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 1),
    "long link": ("https://a.test/" + "x" * 100, 23),
    "short link": ("http://a.test", 23),
    "loud link": ("HTTPS://A.TEST/x", 23),
    "two links": ("https://a.test https://b.test", 47),
    "full stop after a link": ("see https://a.test/b.", 28),
    "link in brackets": ("(https://a.test/b)", 25),
    "link without a dot": ("http://localhost/a/long/path/indeed", 35),
    "address without a scheme": ("a.test/b", 8),
    "mention": ("@bob", 4),
    "mention with a server": ("@bob@b.test", 4),
    "mention with a server and a stop": ("hi @bob.b@b.test.", 10),
    "mail address": ("bob@b.test", 10),
    "address of an account": ("https://b.test/@bob@c.test", 23),
}


@pytest.mark.parametrize("name", LINKED)
def test_links_and_mentions_as_the_fediverse_counts_them(name: str) -> None:
    text, expected = LINKED[name]
    assert COUNTERS["fediverse"](text) == expected


def test_length_of_a_link_is_the_servers() -> None:
    assert fediverse_characters("a https://a.test", 32) == 34


@given(ANY_TEXT)
def test_coarser_units_never_count_more(text: str) -> None:
    counts = [COUNTERS[unit](text) for unit in ("grapheme", "codepoint", "utf16", "utf8_bytes")]
    assert counts == sorted(counts)
    assert (counts[0] == 0) == (text == "")


@given(ANY_TEXT, ANY_TEXT)
def test_joining_texts_adds_up_or_merges_one_grapheme(one: str, other: str) -> None:
    for unit in ("codepoint", "utf16", "utf8_bytes"):
        assert COUNTERS[unit](one + other) == COUNTERS[unit](one) + COUNTERS[unit](other)
    assert COUNTERS["grapheme"](one + other) <= COUNTERS["grapheme"](one) + COUNTERS["grapheme"](other)


@given(ANY_TEXT)
def test_utf16_is_what_javascript_calls_length(text: str) -> None:
    assert COUNTERS["utf16"](text) == sum(2 if ord(c) > 0xFFFF else 1 for c in text)


@pytest.mark.parametrize(
    ("text", "reason"), [("a\0b", "NUL"), ("\ud800", "surrogate"), ("x\udfffy", "surrogate")]
)
def test_what_cannot_be_stored_is_named(text: str, reason: str) -> None:
    assert reason in (unstorable(text) or "")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_everything_else_can_be_stored(text: str) -> None:
    assert unstorable(text) is None
    assert text.encode().decode() == text


HARD = {
    "letters": "\u0436" * 100_000,
    "half flags": "\U0001f1e9" * 100_000,
    "flags parted by marks": "\U0001f1e9\u0301" * 50_000,
    "one letter with marks": "e" + "\u0301" * 99_999,
    "families": "\U0001f468\u200d" * 50_000,
    "links within links": "(http://" * 12_500,
    "links that end in dots": "(http://" * 10_000 + "." * 20_000,
    "mentions of nobody": ".@a-" * 25_000,
    "a mention without an end": "@" + "a" * 99_999,
}
"""The longest texts a caller may send, made so that a careless pattern reads them again and again."""


@pytest.mark.parametrize("name", HARD)
def test_no_text_takes_long_to_count(name: str) -> None:
    started = time.process_time()
    for count in COUNTERS.values():
        count(HARD[name])
    assert time.process_time() - started < 1


@given(st.text(alphabet="a\r\n\u0301\u200d\u0903\u0600\U0001f1e9\U0001f468\u1112\u1161"))
def test_what_is_counted_faster_is_counted_alike(text: str) -> None:
    assert graphemes(text) == len(regex.findall(r"\X", text))


def test_counting_ends_when_it_is_enough() -> None:
    assert graphemes("\u0436" * 500, 300) == 300

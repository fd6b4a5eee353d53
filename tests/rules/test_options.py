"""Each bound of an option at its edge, and what an account's defaults add."""

import re
from dataclasses import replace

import pytest

from layers.connector import Media, Mode, Option, Source, TextLimit
from layers.platforms import CONNECTORS
from layers.publishing.options import option_problems, with_defaults

SOURCE = Source("https://example.com/limits", "2026-11-01")
MODE = Mode(
    kinds={"carousel": (2, 4)},
    caption={"carousel": None},
    media={},
    options={
        "coverAt": Option("integer", "", least=0, in_video=True, source=SOURCE),
        "people": Option("string[]", "", most_items=2, pattern="[a-z]+", source=SOURCE),
        "alts": Option("string[]", "", per_item=True, text=TextLimit(3, "utf16", SOURCE), source=SOURCE),
        "title": Option("string", "", text=TextLimit(3, "grapheme", SOURCE), source=SOURCE),
        "level": Option("string", "", ("all", "me"), source=SOURCE),
        "paid": Option("boolean", "", not_with={"level": "me"}, source=SOURCE),
    },
)
FILM = Media("ast_1", "video", "video/mp4", 9, "", "", duration_ms=2000)
PHOTO = Media("ast_2", "image", "image/jpeg", 9, "", "")
BOTH = [PHOTO, FILM]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"coverAt": 0}, []),
        ({"coverAt": -1}, [("coverAt", "out_of_range")]),
        ({"coverAt": 2000}, []),
        ({"coverAt": 2001}, [("coverAt", "out_of_range")]),
        ({"people": ["a", "b"]}, []),
        ({"people": ["a", "b", "c"]}, [("people", "too_many")]),
        ({"people": ["ann", "B"]}, [("people[1]", "out_of_range")]),
        ({"people": ["a\n"]}, [("people[0]", "out_of_range")]),
        ({"people": []}, []),
        ({"alts": ["abc", "😀a"]}, []),
        ({"alts": ["abcd", "😀ab"]}, [("alts[0]", "out_of_range"), ("alts[1]", "out_of_range")]),
        ({"alts": ["a", "b", "c"]}, [("alts", "too_many")]),
        ({"title": "😀😀😀"}, []),
        ({"title": "abcd"}, [("title", "out_of_range")]),
        ({"paid": True, "level": "all"}, []),
        ({"paid": False, "level": "me"}, []),
        ({"paid": True, "level": "me"}, [("paid", "options_conflict")]),
        (
            {"people": ["A", "b", "c"], "coverAt": -5, "x": 1, "title": 5},
            [
                *(("people", "too_many"), ("people[0]", "out_of_range"), ("coverAt", "out_of_range")),
                *(("x", "unknown_field"), ("title", "wrong_type")),
            ],
        ),
    ],
)
def test_bounds(options: dict[str, object], expected: list[tuple[str, str]]) -> None:
    assert [(at, code) for at, _, code in option_problems(MODE, options, BOTH)] == expected


def test_the_way_out_is_told() -> None:
    given = {"coverAt": 2500, "alts": ["abcd"], "paid": True, "level": "me"}
    assert [words for _, words, _ in option_problems(MODE, given, BOTH)] == [
        "The video ends at 2,000 ms; choose an earlier moment.",
        "This text has 4 of at most 3 UTF-16 units (most emoji are two or more); shorten it by 1.",
        "Cannot go with level me; change one of the two.",
    ]


@pytest.mark.parametrize("media", [None, [PHOTO], [FILM]], ids=["unknown", "photo", "film"])
def test_what_is_not_known_of_the_media_is_not_held_against_an_option(media: list[Media] | None) -> None:
    found = option_problems(MODE, {"coverAt": 9000, "alts": ["a"] * 3}, media)
    assert bool(found) is (media is not None)
    assert ("coverAt" in {at for at, _, _ in found}) is (media == [FILM])


def test_a_video_of_unknown_length_takes_any_moment() -> None:
    film = Media("ast_1", "video", "video/mp4", 9, "", "")
    assert option_problems(MODE, {"coverAt": 9000}, [film]) == []


def test_defaults_stand_in_for_what_is_absent_and_known_to_the_mode() -> None:
    defaults = {"level": "me", "title": "x", "elsewhere": True}
    assert with_defaults(MODE, defaults, {"title": "y", "unknown": 1}) == {
        "level": "me",
        "title": "y",
        "unknown": 1,
    }
    assert with_defaults(replace(MODE, options={}), defaults, {}) == {}


# The real platforms ----------------------------------------------------------------------------------

LONG_FILM = Media("ast_1", "video", "video/mp4", 9, "", "", duration_ms=10_000)
REAL = [
    ("bluesky", "direct_publish", {"langs": ["de", "en", "pt-BR"]}, None),
    ("bluesky", "direct_publish", {"langs": ["de", "en", "fr", "it"]}, "too_many"),
    ("bluesky", "direct_publish", {"langs": ["German"]}, None),
    ("bluesky", "direct_publish", {"langs": ["in German"]}, "out_of_range"),
    ("bluesky", "direct_publish", {"altTexts": ["one", "two"]}, "too_many"),
    ("instagram", "reels", {"collaborators": ["a", "b", "c"]}, None),
    ("instagram", "reels", {"collaborators": ["a", "b", "c", "d"]}, "too_many"),
    ("instagram", "reels", {"coverAt": 10_000}, None),
    ("instagram", "reels", {"coverAt": 10_001}, "out_of_range"),
    ("instagram", "feed", {"altTexts": ["a" * 1000]}, None),
    ("instagram", "feed", {"altTexts": ["a" * 999 + "😀"]}, "out_of_range"),
    ("mastodon", "direct_publish", {"altTexts": ["a" * 1500]}, None),
    ("mastodon", "direct_publish", {"altTexts": ["a" * 1501]}, "out_of_range"),
    ("mastodon", "direct_publish", {"language": "de"}, None),
    ("mastodon", "direct_publish", {"language": "zh-Hant"}, None),
    ("mastodon", "direct_publish", {"language": "German"}, "out_of_range"),
    ("tiktok", "direct_publish", {"coverAt": -1}, "out_of_range"),
    ("tiktok", "direct_publish", {"coverAt": 10_001}, "out_of_range"),
    ("tiktok", "direct_publish", {"brandedContent": True, "privacyLevel": "SELF_ONLY"}, "options_conflict"),
    ("tiktok", "direct_publish", {"brandOrganic": True, "privacyLevel": "SELF_ONLY"}, None),
]


@pytest.mark.parametrize(("platform", "mode", "options", "code"), REAL)
def test_the_bounds_of_real_platforms(
    platform: str, mode: str, options: dict[str, object], code: str | None
) -> None:
    found = option_problems(CONNECTORS[platform].limits.modes[mode], options, [LONG_FILM])
    assert [problem for _, _, problem in found] == ([code] if code else [])


@pytest.mark.parametrize("platform", CONNECTORS)
def test_what_is_declared_makes_sense(platform: str) -> None:
    """A bound on an option of another type would never be looked at."""
    for mode in CONNECTORS[platform].limits.modes.values():
        for option in mode.options.values():
            numbers = option.least is not None or option.in_video
            lists = option.most_items is not None or option.per_item
            texts = option.text is not None or option.pattern is not None
            assert not numbers or option.type == "integer"
            assert not lists or option.type == "string[]"
            assert not texts or option.type in ("string", "string[]")
            assert not option.not_with or option.type == "boolean"
            assert option.pattern is None or re.compile(option.pattern)
            for other, value in option.not_with.items():
                assert value in (mode.options[other].choices or ())
    for cap in CONNECTORS[platform].limits.daily_caps:
        assert set(cap.modes) <= CONNECTORS[platform].limits.modes.keys()

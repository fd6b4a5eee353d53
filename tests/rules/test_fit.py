"""Each declared limit at its edge: the last value that fits and the first that does not."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from layers.connector import ContentKind, Media, MediaLimit, Mode, Option, Source, TextLimit
from layers.kit.text import COUNTERS
from layers.publishing.fit import LEFT_OUT, misfits
from layers.publishing.options import option_problems

SOURCE = Source("https://example.com/limits", "2026-11-01")
VIDEO = MediaLimit(
    mime_types=("video/mp4", "video/quicktime"),
    max_bytes=1_000_000,
    source=SOURCE,
    seconds=(3, 60),
    side_px=(360, 4096),
    ratio=(0.5, 2.0),
    frame_rate=(23, 60),
    codecs=("h264", "hevc"),
)
IMAGE = MediaLimit(mime_types=("image/jpeg",), max_bytes=500, source=SOURCE)
CAPTION = TextLimit(10, "utf16", SOURCE)
OPTIONS = {
    "shown": Option("boolean", "whether it is shown", source=SOURCE),
    "title": Option("string", "a title", source=SOURCE),
    "privacy": Option("string", "who may see it", ("everyone", "nobody"), source=SOURCE),
    "coverAt": Option("integer", "milliseconds", source=SOURCE),
    "people": Option("string[]", "names", source=SOURCE),
    "langs": Option("string[]", "languages", ("de", "en"), source=SOURCE),
}
MODE = Mode(
    kinds={"video": (1, 1), "image": (1, 1), "carousel": (2, 4), "text": (0, 0)},
    caption={
        "video": CAPTION,
        "image": None,
        "carousel": CAPTION,
        "text": TextLimit(5, "grapheme", SOURCE, 12, True),
    },
    media={"video": VIDEO, "image": IMAGE},
    options=OPTIONS,
    first_comment=TextLimit(4, "codepoint", SOURCE),
)
PLAIN = Mode(kinds={"image": (1, 1)}, caption={"image": None}, media={"image": IMAGE})
FILM = Media(
    id="ast_1",
    kind="video",
    mime_type="video/mp4",
    size_bytes=1000,
    sha256="",
    object_key="",
    width=1080,
    height=1920,
    duration_ms=10_000,
    frame_rate=30.0,
    codec="h264",
)
PHOTO = Media("ast_2", "image", "image/jpeg", 400, "", "", 1080, 1350)


def codes(
    media: list[Media],
    kind: ContentKind = "video",
    caption: str = "",
    comment: str | None = None,
    mode: Mode = MODE,
) -> list[str]:
    return [misfit.code for misfit in misfits(mode, kind, media, caption, comment)]


def test_what_fits_has_no_misfits() -> None:
    assert codes([FILM], caption="0123456789", comment="1234") == []
    assert codes([PHOTO], "image") == []
    assert codes([PHOTO, FILM, PHOTO, FILM], "carousel") == []
    assert codes([], "text", "words") == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mime_type": "video/quicktime"}, []),
        ({"mime_type": "video/webm"}, ["mime_type_not_supported"]),
        ({"size_bytes": 1_000_000}, []),
        ({"size_bytes": 1_000_001}, ["file_too_large"]),
        ({"duration_ms": 3000}, []),
        ({"duration_ms": 2999}, ["too_short"]),
        ({"duration_ms": 60_000}, []),
        ({"duration_ms": 60_001}, ["too_long"]),
        ({"duration_ms": None}, []),
        ({"width": 360, "height": 720}, []),
        ({"width": 359, "height": 718}, ["side_too_small"]),
        ({"width": 2048, "height": 4096}, []),
        ({"width": 4097, "height": 4096}, ["side_too_large"]),
        ({"width": 300, "height": 5000}, ["side_too_small", "side_too_large", "ratio_out_of_range"]),
        ({"width": 500, "height": 1000}, []),
        ({"width": 499, "height": 1000}, ["ratio_out_of_range"]),
        ({"width": 1000, "height": 500}, []),
        ({"width": 1001, "height": 500}, ["ratio_out_of_range"]),
        ({"width": None}, []),
        ({"width": None, "height": None}, []),
        ({"width": 0, "height": 0}, ["side_too_small"]),
        ({"frame_rate": 23.0}, []),
        ({"frame_rate": 23.976}, []),
        ({"frame_rate": 22.9}, ["frame_rate_out_of_range"]),
        ({"frame_rate": 60.04}, []),
        ({"frame_rate": 60.1}, ["frame_rate_out_of_range"]),
        ({"frame_rate": None}, []),
        ({"codec": "hevc"}, []),
        ({"codec": "vp9"}, ["codec_not_supported"]),
        ({"codec": None}, []),
    ],
)
def test_each_limit_at_its_edge(changes: Mapping[str, object], expected: list[str]) -> None:
    assert codes([replace(FILM, **changes)]) == expected


def test_a_platform_without_bounds_sets_none() -> None:
    mode = Mode(
        kinds={"video": (1, 1)},
        caption={"video": None},
        media={"video": MediaLimit(("video/mp4",), 10**9, SOURCE)},
    )
    odd = replace(FILM, width=1, height=9999, duration_ms=1, frame_rate=240.0, codec="av1")
    assert codes([odd], mode=mode) == []


@pytest.mark.parametrize(
    ("kind", "count", "expected"),
    [
        ("video", 0, ["too_few_items"]),
        ("video", 2, ["too_many_items"]),
        ("carousel", 1, ["too_few_items"]),
        ("carousel", 2, []),
        ("carousel", 4, []),
        ("carousel", 5, ["too_many_items"]),
        ("text", 1, ["too_many_items"]),
    ],
)
def test_item_counts(kind: ContentKind, count: int, expected: list[str]) -> None:
    assert codes([FILM] * count, kind, "words") == expected


def test_a_kind_the_mode_does_not_know() -> None:
    found = misfits(PLAIN, "video", [FILM], "caption", None)
    assert [(m.part, m.index, m.code) for m in found] == [("mode", None, "kind_not_supported")]
    assert found[0].message == "This mode takes image, not video."


# Text ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "caption", "expected"),
    [
        ("video", "0123456789", []),
        ("video", "0123456789x", ["caption_too_long"]),
        ("video", "\U0001f600" * 5, []),
        ("video", "\U0001f600" * 5 + "x", ["caption_too_long"]),
        ("video", "", []),
        ("image", "", []),
        ("image", "x", ["caption_not_supported"]),
        ("text", "", ["caption_required"]),
        ("text", " \n", ["caption_required"]),
        ("text", "e\u0301" * 4, []),
        ("text", "e\u0301" * 5, ["caption_too_long"]),
        ("text", "\u4f60" * 4, []),
        ("text", "\u4f60" * 5, ["caption_too_long"]),
        ("text", "\u4f60" * 6, ["caption_too_long", "caption_too_long"]),
    ],
)
def test_captions(kind: ContentKind, caption: str, expected: list[str]) -> None:
    media = {"video": [FILM], "image": [PHOTO]}.get(kind, [])
    assert codes(media, kind, caption) == expected


def test_a_caption_far_too_long_is_not_counted_to_its_end() -> None:
    [found] = misfits(MODE, "video", [], "x" * 5_000, None)[-1:]
    assert found.message.startswith("The caption has more than 1,010 of at most 10 UTF-16 units")


def test_a_caption_too_long_is_told_in_numbers() -> None:
    (found,) = misfits(MODE, "video", [FILM], "\U0001f600" * 6, None)
    assert (found.part, found.index) == ("caption", None)
    assert found.message == (
        "The caption has 12 of at most 10 UTF-16 units (most emoji are two or more); shorten it by 2."
    )


@pytest.mark.parametrize(
    ("mode", "comment", "expected"),
    [
        (MODE, None, []),
        (MODE, "", []),
        (MODE, "1234", []),
        (MODE, "12345", ["first_comment_too_long"]),
        (PLAIN, None, []),
        (PLAIN, "", []),
        (PLAIN, "x", ["first_comment_not_supported"]),
    ],
)
def test_first_comments(mode: Mode, comment: str | None, expected: list[str]) -> None:
    assert codes([PHOTO], "image", comment=comment, mode=mode) == expected


TAGGED = TextLimit(1000, "utf16", SOURCE, max_hashtags=3, max_mentions=2)
TAGS = Mode(kinds={"text": (0, 0)}, caption={"text": TAGGED}, media={}, first_comment=TAGGED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("#one #two\n#three", []),
        ("#one #two #three #four", ["too_many_hashtags"]),
        ("#a#b#c#d", ["too_many_hashtags"]),
        ("#katze #猫 #고양이 #кот", ["too_many_hashtags"]),
        ("#one #two #three # ## & #", []),
        ("#one #two #three https://a.test/#four &#38;", []),
        ("@a @b", []),
        ("@a, (@b) @c.d", ["too_many_mentions"]),
        ("@a @b me@example.com", []),
        ("@a @b @ @", []),
        ("#1 #2 #3 #4 @a @b @c", ["too_many_hashtags", "too_many_mentions"]),
    ],
)
def test_hashtags_and_mentions_are_counted(text: str, expected: list[str]) -> None:
    assert codes([], "text", text, mode=TAGS) == expected
    assert codes([], "text", comment=text, mode=TAGS) == expected


def test_too_many_hashtags_are_told_in_numbers() -> None:
    (found,) = misfits(TAGS, "text", [], "#a #b #c #d #e", None)
    assert found.message == "The caption has 5 of at most 3 hashtags; remove 2."


def test_a_platform_without_such_bounds_counts_no_tags() -> None:
    mode = Mode(kinds={"text": (0, 0)}, caption={"text": TextLimit(9999, "utf16", SOURCE)}, media={})
    assert codes([], "text", "#a @b " * 100, mode=mode) == []


@pytest.mark.parametrize(
    ("width", "expected"),
    [(320, []), (319, ["width_too_small"]), (1440, []), (1441, ["width_too_large"]), (None, [])],
)
def test_a_bound_on_width_leaves_the_height_free(width: int | None, expected: list[str]) -> None:
    image = MediaLimit(("image/jpeg",), 500, SOURCE, width_px=(320, 1440))
    mode = Mode(kinds={"image": (1, 1)}, caption={"image": None}, media={"image": image})
    assert codes([replace(PHOTO, width=width, height=9000)], "image", mode=mode) == expected


def test_text_that_has_no_place_can_be_told_from_errors() -> None:
    assert set(codes([PHOTO], "image", "x", "y", PLAIN)) == LEFT_OUT


@given(st.sampled_from(sorted(COUNTERS)), st.text(alphabet=st.characters()), st.integers(0, 20))
def test_a_caption_fits_exactly_when_its_counter_says_so(unit: str, caption: str, limit: int) -> None:
    mode = Mode(kinds={"text": (0, 0)}, caption={"text": TextLimit(limit, unit, SOURCE)}, media={})
    found = misfits(mode, "text", [], caption, None)
    assert bool(found) == (COUNTERS[unit](caption) > limit)
    assert all(f"at most {limit} " in misfit.message for misfit in found)


# All at once ----------------------------------------------------------------------------------------------


def test_everything_wrong_is_named_with_its_item_and_remedy() -> None:
    bad = replace(FILM, mime_type="video/webm", codec="vp8", duration_ms=72_400)
    found = misfits(MODE, "carousel", [PHOTO, bad, *[PHOTO] * 3], "x" * 11, "12345")
    assert [(m.part, m.index, m.code) for m in found] == [
        ("media", None, "too_many_items"),
        ("caption", None, "caption_too_long"),
        ("media", 1, "mime_type_not_supported"),
        ("media", 1, "too_long"),
        ("media", 1, "codec_not_supported"),
        ("first_comment", None, "first_comment_too_long"),
    ]
    assert found[0].message == "At most 4 media items are allowed, there are 5; remove 1."
    assert found[3].message == "Item 2: it lasts 72.4 s, at most 60 s are allowed; cut it."


# Options ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("shown", True, None),
        ("shown", 1, "wrong_type"),
        ("shown", "true", "wrong_type"),
        ("title", "", None),
        ("title", 5, "wrong_type"),
        ("title", None, "wrong_type"),
        ("privacy", "nobody", None),
        ("privacy", "Nobody", "invalid_value"),
        ("privacy", ["nobody"], "wrong_type"),
        ("coverAt", 0, None),
        ("coverAt", 1.0, "wrong_type"),
        ("coverAt", True, "wrong_type"),
        ("people", [], None),
        ("people", ["a", "b"], None),
        ("people", ["a", 1], "wrong_type"),
        ("people", "a", "wrong_type"),
        ("langs", ["de", "en"], None),
        ("langs", ["de", "fr"], "invalid_value"),
        ("Shown", True, "unknown_field"),
        ("", {}, "unknown_field"),
    ],
)
def test_options(name: str, value: object, code: str | None) -> None:
    found = [(at, problem) for at, _, problem in option_problems(MODE, {name: value})]
    assert found == ([] if code is None else [(name, code)])


def test_all_option_problems_at_once_with_the_way_out() -> None:
    assert option_problems(MODE, {"x": 1, "privacy": "friends", "shown": "no"}) == [
        ("x", "Unknown option; known here: coverAt, langs, people, privacy, shown, title.", "unknown_field"),
        ("privacy", "Must be one of everyone, nobody; got friends.", "invalid_value"),
        ("shown", "Must be true or false; leave it out for the default.", "wrong_type"),
    ]
    assert option_problems(PLAIN, {"x": 1}) == [("x", "Unknown option; known here: none.", "unknown_field")]

"""What an account's own server allows takes the place of what Mastodon allows."""

import pytest

from layers.connector import Limits, Media, Reply
from layers.platforms import CONNECTORS
from layers.platforms.mastodon.server import facts_of, read_server
from layers.publishing.fit import misfits
from layers.publishing.options import option_problems

CONNECTOR = CONNECTORS["mastodon"]
STATIC = CONNECTOR.limits.modes["direct_publish"]


def own(answer: object) -> Limits:
    """The limits of an account whose server answered so when it was connected."""
    assert CONNECTOR.own_limits is not None
    return CONNECTOR.own_limits(facts_of(read_server(Reply(200, json=answer))))


def mode_of(statuses: object = None, media: object = None, **more: object):
    configuration = {"statuses": statuses or {}, "media_attachments": media or {}}
    return own({"version": "4.5.2", "configuration": configuration, **more}).modes["direct_publish"]


def codes(mode, kind: str, media: list[Media], caption: str = "", **options: object) -> list[str]:
    comment = options.pop("comment", None)
    return [m.code for m in misfits(mode, kind, media, caption, comment, options)]  # pyright: ignore


def photo(number: int = 0, **more: object) -> Media:
    return Media(f"ast_{number}", "image", "image/png", 10, "", "", **more)  # pyright: ignore


FILM = Media("ast_9", "video", "video/mp4", 10, "", "", 1920, 1080, 1000, 60.0)


@pytest.mark.parametrize("answer", [{}, None, "nonsense", {"configuration": 7}, {"configuration": {}}])
def test_a_server_that_says_nothing_has_the_usual_limits(answer: object) -> None:
    assert own(answer) == CONNECTOR.limits


@pytest.mark.parametrize(
    "said",
    [
        {"configuration": {"statuses": {"max_characters": 5000}}},
        {"max_toot_chars": 5000},
        {"max_toot_chars": "5000"},
    ],
)
def test_a_generous_server_takes_long_texts(said: dict[str, object]) -> None:
    mode = own({"version": "x", **said}).modes["direct_publish"]
    assert codes(mode, "text", [], "x" * 5000, comment="y" * 5000) == []
    found = codes(mode, "text", [], "x" * 5001, comment="y" * 5001)
    assert found == ["caption_too_long", "first_comment_too_long"]
    assert codes(STATIC, "text", [], "x" * 501) == ["caption_too_long"]


def test_a_strict_server_takes_less() -> None:
    assert codes(mode_of({"max_characters": 10}), "text", [], "x" * 11) == ["caption_too_long"]


@pytest.mark.parametrize(("reserved", "fits"), [(None, True), (23, True), (0, True), (24, False)])
def test_links_count_as_the_server_says(reserved: int | None, fits: bool) -> None:
    statuses = {"max_characters": 25, "characters_reserved_per_url": reserved}
    text = "a https://example.org/" + "x" * 100
    assert (codes(mode_of(statuses), "text", [], text) == []) is fits


@pytest.mark.parametrize(("warning", "fits"), [("x" * 490, True), ("x" * 491, False)])
def test_a_warning_counts_with_the_text(warning: str, fits: bool) -> None:
    found = misfits(STATIC, "text", [], "y" * 10, None, {"spoilerText": warning})
    assert (found == []) is fits
    if found:
        assert found[0].code == "caption_too_long"
        assert "spoilerText" in found[0].message


@pytest.mark.parametrize(("most", "count", "expected"), [(16, 16, []), (2, 3, ["too_many_items"])])
def test_as_many_items_as_the_server_takes(most: int, count: int, expected: list[str]) -> None:
    mode = mode_of({"max_media_attachments": most})
    assert codes(mode, "carousel", [photo(n) for n in range(count)]) == expected


def test_a_server_of_single_images_takes_no_carousel() -> None:
    mode = mode_of({"max_media_attachments": 1})
    assert codes(mode, "carousel", [photo(1), photo(2)]) == ["kind_not_supported"]
    assert codes(mode, "image", [photo()]) == []


@pytest.mark.parametrize(
    ("media", "item", "code"),
    [
        ({"supported_mime_types": ["image/jpeg", "video/mp4"]}, photo(), "mime_type_not_supported"),
        ({"supported_mime_types": ["image/png"]}, photo(), None),
        ({"image_size_limit": 9}, photo(), "file_too_large"),
        ({"image_size_limit": 10}, photo(), None),
        ({"image_matrix_limit": 100}, photo(width=10, height=11), "too_many_pixels"),
        ({"image_matrix_limit": 110}, photo(width=10, height=11), None),
        ({"video_size_limit": 9}, FILM, "file_too_large"),
        ({"video_matrix_limit": 1920 * 1080}, FILM, None),
        ({"video_matrix_limit": 1920 * 1080 - 1}, FILM, "too_many_pixels"),
        ({"video_frame_rate_limit": 60}, FILM, None),
        ({"video_frame_rate_limit": 30}, FILM, "frame_rate_out_of_range"),
    ],
)
def test_media_as_the_server_takes_them(media: dict[str, object], item: Media, code: str | None) -> None:
    assert codes(mode_of(media=media), item.kind, [item]) == ([code] if code else [])


@pytest.mark.parametrize(
    ("limit", "length", "fits"), [(5000, 5000, True), (100, 101, False), (None, 1501, False)]
)
def test_descriptions_as_long_as_the_server_takes(limit: int | None, length: int, fits: bool) -> None:
    mode = mode_of(media={"description_limit": limit})
    assert (option_problems(mode, {"altTexts": ["x" * length]}, [photo()]) == []) is fits


def test_a_carousel_holds_images_only() -> None:
    assert codes(STATIC, "carousel", [photo(), FILM]) == ["media_kind_not_supported"]

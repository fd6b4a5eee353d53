"""Which images take another form for a platform, and how that form is named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.connector import Media, MediaLimit, Source
from layers.platforms import CONNECTORS
from layers.publishing.fit import misfits
from layers.publishing.remake import Remake, fits_ratio, media_path, parse_remake, remake_of

SOURCE = Source("https://example.com/limits", "2026-11-01")


def limit(**given: Any) -> MediaLimit:
    values: dict[str, Any] = {"mime_types": ("image/jpeg",), "max_bytes": 1000, "source": SOURCE}
    return MediaLimit(**values | {"remade_from": ("image/png",), "ratio": (0.8, 1.91)} | given)


def image(mime_type: str = "image/jpeg", width: int | None = 100, height: int | None = 100) -> Media:
    return Media("ast_1", "image", mime_type, 500, "", "", width, height)


@pytest.mark.parametrize(
    ("bounds", "item", "wanted"),
    [
        (limit(), image(), None),
        (limit(), image("image/png"), Remake((0.8, 1.91))),
        (limit(), image(width=300), Remake((0.8, 1.91))),
        (limit(), image(width=191), None),
        (limit(), image(width=192), Remake((0.8, 1.91))),
        (limit(), image(width=80), None),
        (limit(), image(width=79), Remake((0.8, 1.91))),
        (limit(), image(width=None), None),
        (limit(), image("image/png", None, None), Remake((0.8, 1.91))),
        (limit(), image("image/tiff"), None),
        (limit(ratio=None), image("image/png", 300), Remake(None)),
        (limit(ratio=None), image(width=300), None),
        (limit(remade_from=()), image("image/png"), None),
        (limit(remade_from=()), image(width=300), None),
        (limit(), Media("ast_1", "video", "image/png", 1, "", ""), None),
    ],
)
def test_which_form_an_item_takes(bounds: MediaLimit, item: Media, wanted: Remake | None) -> None:
    assert remake_of(bounds, item) == wanted


@given(st.none() | st.tuples(st.sampled_from([0.01, 0.5, 0.8]), st.sampled_from([1.0, 1.91, 10.0])))
def test_a_form_is_read_back_from_its_name(ratio: tuple[float, float] | None) -> None:
    assert parse_remake(Remake(ratio).name) == Remake(ratio)


def test_every_platform_s_form_is_read_back_from_its_name() -> None:
    ratios = {
        media.ratio
        for connector in CONNECTORS.values()
        for mode in connector.limits.modes.values()
        for media in mode.media.values()
        if media.remade_from
    }
    assert ratios
    for ratio in ratios:
        assert parse_remake(Remake(ratio).name) == Remake(ratio)


@pytest.mark.parametrize(
    "name",
    [
        *("", "png", "jpeg-", "jpeg-1", "jpeg-1-2-3", "jpeg-a-b", "JPEG", "jpeg-0.8-"),
        *("jpeg-nan-nan", "jpeg-0-0", "jpeg-2-1", "jpeg-inf-inf", "jpeg-0-1"),
    ],
)
def test_other_names_are_none(name: str) -> None:
    assert parse_remake(name) is None


def test_the_path_of_an_item() -> None:
    assert media_path(image(), None) == "/v1/assets/ast_1"
    assert media_path(image(), Remake(None)) == "/v1/assets/ast_1/jpeg"
    assert media_path(image(), Remake((0.8, 1.91))) == "/v1/assets/ast_1/jpeg-0.8-1.91"


def test_unknown_sides_fit() -> None:
    assert fits_ratio(limit(), image(width=None))
    assert fits_ratio(limit(), image(height=0))
    assert not fits_ratio(limit(), image(width=500))


def test_what_is_remade_is_no_misfit() -> None:
    feed = CONNECTORS["instagram"].limits.modes["feed"]
    wide = Media("ast_1", "image", "image/png", 20_000_000, "", "", 3000, 1000)
    assert misfits(feed, "image", [wide], "", None) == []
    tiff = Media("ast_1", "image", "image/tiff", 500, "", "", 3000, 1000)
    assert {misfit.code for misfit in misfits(feed, "image", [tiff], "", None)} == {
        "mime_type_not_supported",
        "ratio_out_of_range",
    }

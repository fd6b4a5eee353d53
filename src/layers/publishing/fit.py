"""Whether a post fits a mode: what its media and texts break of a platform's declared limits.

Pure. Every misfit is named at once, with numbers and the remedy. A property that could not be measured
(None) is never a misfit: the platform decides.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from layers.connector import ContentKind, Media, MediaLimit, Mode, TextLimit
from layers.kit.text import COUNTERS, LINK_CHARACTERS, fediverse_characters, graphemes
from layers.publishing.remake import remake_of

LEFT_OUT = frozenset({"caption_not_supported", "first_comment_not_supported"})
"""Misfits of text that the mode has no place for. A container's text may be left out; only one that was given
for this very target must be refused. The caller of `misfits` decides."""

COUNTED_BEYOND = 1000
"""How far beyond its limit a text is counted: by how much it is too long after that helps nobody."""

FRAME_RATE_SLACK = 0.05
"""Average frame rates of real recordings are never round: 60.02 is 60."""

HASHTAG = re.compile(r"(?<![/&#])#\w+")
"""Also within a run (#a#b are two); not the end of an address, not the code of a character (&#38;)."""
MENTION = re.compile(r"(?<![\w.+-])@\w+")
"""Not the second half of an e-mail address."""

UNIT_WORDS = {
    "utf16": "UTF-16 units (most emoji are two or more)",
    "grapheme": "characters",
    "codepoint": "code points",
    "utf8_bytes": "bytes of UTF-8",
    "fediverse": "characters (a link counts {link})",
}
Part = Literal["mode", "media", "caption", "first_comment"]
Complaints = Iterator[tuple[str, str]]
"""Messages and codes."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """One thing that does not fit; `index` counts media items from 0, None when it is about all of them."""

    part: Part
    index: int | None
    message: str
    code: str


def misfits(
    mode: Mode,
    kind: ContentKind,
    media: Sequence[Media],
    caption: str,
    first_comment: str | None,
    options: Mapping[str, object] = MappingProxyType({}),
) -> list[Misfit]:
    """Return everything about the post that breaks the limits of `mode`; of `options` only what the caption shares."""
    found: list[Misfit] = []
    if kind in mode.kinds:
        found += _count_misfits(mode.kinds[kind], len(media))
        found += _caption_misfits(mode.caption.get(kind), caption, _beside_caption(mode, options))
    else:
        kinds = " or ".join(mode.kinds)
        found.append(Misfit("mode", None, f"This mode takes {kinds}, not {kind}.", "kind_not_supported"))
        media = ()
    for index, item in enumerate(media):
        found += _item_misfits(mode, kind, index, item)
    if first_comment:
        found += _first_comment_misfits(mode.first_comment, first_comment)
    return found


# Text ------------------------------------------------------------------------------------------------


def _beside_caption(mode: Mode, options: Mapping[str, object]) -> dict[str, int]:
    """Return the options whose characters count as the caption's, and how many they have."""
    return {
        name: COUNTERS[option.in_caption](str(options[name]))
        for name, option in mode.options.items()
        if option.in_caption and options.get(name)
    }


def _caption_misfits(limit: TextLimit | None, caption: str, beside: Mapping[str, int]) -> Iterator[Misfit]:
    if limit is None:
        if caption:
            words = "This mode carries no caption; leave it out."
            yield Misfit("caption", None, words, "caption_not_supported")
        return
    if limit.required and not caption.strip():
        yield Misfit("caption", None, "A caption is needed here; write one.", "caption_required")
    what = " and ".join(["The caption", *beside])
    for message in too_long(what, limit, caption, sum(beside.values())):
        yield Misfit("caption", None, message, "caption_too_long")
    for message, code in _too_many_tags("The caption", limit, caption):
        yield Misfit("caption", None, message, code)


def _first_comment_misfits(limit: TextLimit | None, comment: str) -> Iterator[Misfit]:
    if limit is None:
        words = "This mode has no first comment; leave it out."
        yield Misfit("first_comment", None, words, "first_comment_not_supported")
        return
    for message in too_long("The first comment", limit, comment):
        yield Misfit("first_comment", None, message, "first_comment_too_long")
    for message, code in _too_many_tags("The first comment", limit, comment):
        yield Misfit("first_comment", None, message, code)


def too_long(what: str, limit: TextLimit, text: str, beside: int = 0) -> Iterator[str]:
    """Say by how much a text, with what stands `beside` it, exceeds its limit."""
    caps = [(limit.unit, limit.limit)]
    if limit.max_bytes is not None:
        caps.append(("utf8_bytes", limit.max_bytes))
    for unit, most in caps:
        per_link = LINK_CHARACTERS if limit.per_link is None else limit.per_link
        counted = most + COUNTED_BEYOND
        actual = _count(unit, text, per_link, counted + 1) + beside
        words = UNIT_WORDS[unit].format(link=per_link)
        if actual > counted:
            yield f"{what} has more than {counted:,} of at most {most:,} {words}; shorten it."
        elif actual > most:
            yield f"{what} has {actual:,} of at most {most:,} {words}; shorten it by {actual - most:,}."


def _count(unit: str, text: str, per_link: int, enough: int) -> int:
    match unit:
        case "fediverse":
            return fediverse_characters(text, per_link, enough)
        case "grapheme":
            return graphemes(text, enough)
        case _:
            return COUNTERS[unit](text)


def _too_many_tags(what: str, limit: TextLimit, text: str) -> Complaints:
    for words, sign, pattern, most in (
        ("hashtags", "#", HASHTAG, limit.max_hashtags),
        ("mentions", "@", MENTION, limit.max_mentions),
    ):
        if most is None or text.count(sign) <= most:
            continue
        actual = len(pattern.findall(text))
        if actual > most:
            yield (
                f"{what} has {actual} of at most {most} {words}; remove {actual - most}.",
                f"too_many_{words}",
            )


# Media -----------------------------------------------------------------------------------------------


def _count_misfits(bounds: tuple[int, int], count: int) -> Iterator[Misfit]:
    least, most = bounds
    if count < least:
        words = f"{least} media items are needed, there are {count}; add {least - count}."
        yield Misfit("media", None, words, "too_few_items")
    if count > most:
        words = f"At most {most} media items are allowed, there are {count}; remove {count - most}."
        yield Misfit("media", None, words, "too_many_items")


def _item_misfits(mode: Mode, kind: ContentKind, index: int, item: Media) -> Iterator[Misfit]:
    limit = mode.media.get(item.kind)
    kinds = [name for name in mode.media if kind != "carousel" or name in mode.carousel_of]
    if limit is None or item.kind not in kinds:
        what = "A carousel here" if kind == "carousel" else "This mode"
        takes = " or ".join(kinds) or "no media"
        message = f"{what} takes {takes}, item {index + 1} is {item.kind}; remove it."
        yield Misfit("media", index, message, "media_kind_not_supported")
        return
    for check in _ITEM_CHECKS:
        for message, code in check(limit, item):
            yield Misfit("media", index, f"Item {index + 1}: {message}", code)


def _check_type(limit: MediaLimit, item: Media) -> Complaints:
    if item.mime_type not in limit.mime_types and remake_of(limit, item) is None:
        accepted = ", ".join(limit.mime_types)
        yield f"the type is {item.mime_type}; convert it to one of {accepted}.", "mime_type_not_supported"


def _check_bytes(limit: MediaLimit, item: Media) -> Complaints:
    if item.size_bytes > limit.max_bytes and remake_of(limit, item) is None:
        actual, most = f"{item.size_bytes:,} bytes", f"{limit.max_bytes:,}"
        yield f"the file has {actual}, at most {most} are allowed; compress it.", "file_too_large"


def _check_duration(limit: MediaLimit, item: Media) -> Complaints:
    if limit.seconds is None or item.duration_ms is None:
        return
    seconds, (least, most) = item.duration_ms / 1000, limit.seconds
    if seconds < least:
        yield f"it lasts {seconds:g} s, at least {least:g} s are needed; make it longer.", "too_short"
    if seconds > most:
        yield f"it lasts {seconds:g} s, at most {most:g} s are allowed; cut it.", "too_long"


def _check_sides(limit: MediaLimit, item: Media) -> Complaints:
    if limit.side_px is None or item.width is None or item.height is None:
        return
    least, most = limit.side_px
    shown = f"it is {item.width} × {item.height} px"
    if min(item.width, item.height) < least:
        yield f"{shown}, both sides need at least {least} px; send a larger one.", "side_too_small"
    if max(item.width, item.height) > most:
        yield f"{shown}, no side may have more than {most} px; scale it down.", "side_too_large"


def _check_width(limit: MediaLimit, item: Media) -> Complaints:
    if limit.width_px is None or item.width is None:
        return
    least, most = limit.width_px
    if item.width < least:
        yield (
            f"it is {item.width} px wide, at least {least} px are needed; send a larger one.",
            "width_too_small",
        )
    if item.width > most:
        yield f"it is {item.width} px wide, at most {most} px are allowed; scale it down.", "width_too_large"


def _check_pixels(limit: MediaLimit, item: Media) -> Complaints:
    if limit.max_pixels is None or not item.width or not item.height:
        return
    if (pixels := item.width * item.height) > limit.max_pixels:
        shown = f"it has {pixels:,} pixels"
        yield f"{shown}, at most {limit.max_pixels:,} are allowed; scale it down.", "too_many_pixels"


def _check_ratio(limit: MediaLimit, item: Media) -> Complaints:
    if limit.ratio is None or not item.width or not item.height:
        return
    ratio, (least, most) = item.width / item.height, limit.ratio
    if not least <= ratio <= most and remake_of(limit, item) is None:
        shown = f"width to height is {item.width}:{item.height} = {ratio:.3f}"
        yield f"{shown}, allowed is {least:.3g} to {most:.3g}; crop it.", "ratio_out_of_range"


def _check_frame_rate(limit: MediaLimit, item: Media) -> Complaints:
    if limit.frame_rate is None or item.frame_rate is None:
        return
    least, most = limit.frame_rate
    if not least - FRAME_RATE_SLACK <= item.frame_rate <= most + FRAME_RATE_SLACK:
        shown = f"it has {item.frame_rate:g} frames a second"
        yield f"{shown}, allowed are {least:g} to {most:g}; convert it.", "frame_rate_out_of_range"


def _check_codec(limit: MediaLimit, item: Media) -> Complaints:
    if limit.codecs is not None and item.codec is not None and item.codec not in limit.codecs:
        accepted = ", ".join(limit.codecs)
        yield f"the codec is {item.codec}; convert it to one of {accepted}.", "codec_not_supported"


_ITEM_CHECKS: Sequence[Callable[[MediaLimit, Media], Complaints]] = (
    _check_type,
    _check_bytes,
    _check_duration,
    _check_sides,
    _check_width,
    _check_pixels,
    _check_ratio,
    _check_frame_rate,
    _check_codec,
)

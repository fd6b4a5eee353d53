"""Whether `platformOptions` are what a mode takes: types, choices, bounds, and what excludes what.

Pure. Every problem is named at once, with the remedy.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from layers.connector import Media, Mode, Option
from layers.publishing.fit import too_long

TYPE_WORDS = {
    "boolean": "true or false",
    "string": "a text",
    "integer": "a whole number",
    "string[]": "a list of texts",
}
MOST_TEXTS = 100
"""Texts of a list that are looked at: more than any platform takes."""
Problem = tuple[str, str, str]
"""Where (`altTexts[2]`), in words, and a code."""


def with_defaults(
    mode: Mode, defaults: Mapping[str, object], given: Mapping[str, object]
) -> dict[str, object]:
    """Return the options of a post: those given for it, else the account's defaults that the mode knows."""
    return {name: value for name, value in defaults.items() if name in mode.options} | dict(given)


def option_problems(
    mode: Mode, options: Mapping[str, object], media: Sequence[Media] | None = None
) -> list[Problem]:
    """Return each of `options` that the mode does not know or cannot take.

    `media`: what the post holds; None: not known, as for the defaults of an account.
    """
    found: list[Problem] = []
    for name, value in options.items():
        option = mode.options.get(name)
        if option is None:
            known = ", ".join(sorted(mode.options)) or "none"
            found.append((name, f"Unknown option; known here: {known}.", "unknown_field"))
        elif not _has_type(option, value):
            words = f"Must be {TYPE_WORDS[option.type]}; leave it out for the default."
            found.append((name, words, "wrong_type"))
        else:
            found += [
                (name + at, words, code)
                for check in _CHECKS
                for at, words, code in check(option, value, media)
            ]
            found += [(name, words, code) for words, code in _check_company(option, value, options)]
    return found


def _has_type(option: Option, value: object) -> bool:
    match option.type:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "string[]":
            return isinstance(value, list) and all(isinstance(v, str) for v in cast("list[object]", value))


def _texts(value: object) -> list[tuple[str, str]]:
    """Return the texts of a value, up to MOST_TEXTS, and the place of each in it."""
    if isinstance(value, list):
        texts = cast("list[object]", value)[:MOST_TEXTS]
        return [(f"[{index}]", str(text)) for index, text in enumerate(texts)]
    return [("", value)] if isinstance(value, str) else []


def _check_choices(option: Option, value: object, _media: Sequence[Media] | None) -> Iterator[Problem]:
    wrong = [text for _, text in _texts(value) if option.choices is not None and text not in option.choices]
    if wrong:
        yield (
            "",
            f"Must be one of {', '.join(option.choices or ())}; got {', '.join(wrong)}.",
            "invalid_value",
        )


def _check_number(option: Option, value: object, _media: Sequence[Media] | None) -> Iterator[Problem]:
    if option.least is not None and isinstance(value, int) and value < option.least:
        yield "", f"Must be at least {option.least}.", "out_of_range"


def _check_moment(option: Option, value: object, media: Sequence[Media] | None) -> Iterator[Problem]:
    if not option.in_video or not isinstance(value, int):
        return
    ends = [item.duration_ms for item in media or () if item.kind == "video" and item.duration_ms is not None]
    if ends and value > ends[0]:
        yield "", f"The video ends at {ends[0]:,} ms; choose an earlier moment.", "out_of_range"


def _check_count(option: Option, value: object, media: Sequence[Media] | None) -> Iterator[Problem]:
    count = len(cast("list[object]", value)) if isinstance(value, list) else len(_texts(value))
    if option.most_items is not None and count > option.most_items:
        yield "", f"At most {option.most_items} are allowed, there are {count}.", "too_many"
    if option.per_item and media is not None and count > len(media):
        yield "", f"There are {count} texts for {len(media)} media items; remove some.", "too_many"


def _check_texts(option: Option, value: object, _media: Sequence[Media] | None) -> Iterator[Problem]:
    for at, text in _texts(value):
        for message in too_long("This text", option.text, text) if option.text else ():
            yield at, message, "out_of_range"
        if option.pattern is not None and not re.fullmatch(option.pattern, text):
            yield at, f"Must look like {option.pattern}.", "out_of_range"


def _check_company(option: Option, value: object, options: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for other, excluded in option.not_with.items():
        if value is True and options.get(other) == excluded:
            yield f"Cannot go with {other} {excluded}; change one of the two.", "options_conflict"


_CHECKS: Sequence[Callable[[Option, object, Sequence[Media] | None], Iterator[Problem]]] = (
    _check_choices,
    _check_number,
    _check_moment,
    _check_count,
    _check_texts,
)

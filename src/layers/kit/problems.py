"""Everything that is wrong with a JSON body, at once.

msgspec decodes in one fast pass and stops at the first fault. That pass serves good bodies; a bad one is walked
again here, field by field along the same annotations, so that a caller can mend all faults in one go. A body that is
nothing but faults must not keep everybody waiting: the walk ends when there are MOST_ISSUES, looks at no more items of
a list than it may have, and repeats no long word.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from types import NoneType, UnionType
from typing import Annotated, Union, cast, get_args, get_origin

import msgspec

from layers.kit.text import unstorable

MOST_ISSUES = 1000
"""More than any body that was meant has."""
MOST_NAMED = 64
"""Characters of a name that are repeated in a path."""
MOST_SAID = 300
"""Characters of a message: it may repeat a value."""


class Issue(msgspec.Struct, frozen=True):
    """One fault: where (`targets[0].mode`), in words, and a stable code."""

    path: str
    message: str
    code: str


def find_problems(value: object, expected: object) -> list[Issue]:
    """Return the faults of the decoded JSON `value` against `expected`, an annotation msgspec understands."""
    return list(islice(chain(unstorable_strings(value, ""), _walk(value, expected, "")), MOST_ISSUES))


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters, with … where it was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def unstorable_strings(value: object, path: str) -> Iterator[Issue]:
    """Yield an issue for each string below `value` that PostgreSQL text cannot hold."""
    match value:
        case str():
            if reason := unstorable(value):
                yield Issue(path, f"The text {reason}; remove it.", "invalid_text")
        case dict():
            for key, item in cast("dict[str, object]", value).items():
                if reason := unstorable(key):
                    yield Issue(path, f"A field name {reason}; remove it.", "invalid_text")
                yield from unstorable_strings(item, join(path, key))
        case list():
            for index, item in enumerate(cast("list[object]", value)):
                yield from unstorable_strings(item, f"{path}[{index}]")
        case _:
            return


def join(path: str, name: str) -> str:
    """Append a field name to a path: `targets[0]` + `mode` → `targets[0].mode`."""
    name = shortened(name, MOST_NAMED)
    return f"{path}.{name}" if path else name


def _walk(value: object, expected: object, path: str) -> Iterator[Issue]:
    plain = _plain(value, expected)
    if isinstance(value, dict) and isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        yield from _walk_struct(cast("dict[str, object]", value), plain, path)
    elif isinstance(value, list) and get_origin(plain) in (list, tuple):
        yield from _walk_list(cast("list[object]", value), expected, get_args(plain)[0], path)
    elif isinstance(value, dict) and get_origin(plain) is dict:
        named = cast("dict[str, object]", value)
        yield from _too_many(len(named), expected, path)
        for name, item in islice(named.items(), _most(expected)):
            yield from _leaf(name, get_args(plain)[0], join(path, name))
            yield from _walk(item, get_args(plain)[1], join(path, name))
    else:
        yield from _leaf(cast("object", value), expected, path)


def _walk_struct(value: Mapping[str, object], expected: type[msgspec.Struct], path: str) -> Iterator[Issue]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(expected)}
    if expected.__struct_config__.forbid_unknown_fields:
        for name in sorted(value.keys() - fields.keys()):
            known = ", ".join(sorted(fields))
            yield Issue(join(path, name), f"Unknown field; known here: {known}.", "unknown_field")
    for name, field in fields.items():
        if name in value:
            yield from _walk(value[name], field.type, join(path, name))
        elif field.required:
            yield Issue(join(path, name), "This field is required.", "required")


def _walk_list(items: list[object], expected: object, item_type: object, path: str) -> Iterator[Issue]:
    yield from _too_many(len(items), expected, path)
    for index, item in enumerate(items[: _most(expected)]):
        yield from _walk(item, item_type, f"{path}[{index}]")


def _most(expected: object) -> int | None:
    return min((meta.max_length for meta in _metas(expected) if meta.max_length is not None), default=None)


def _too_many(count: int, expected: object, path: str) -> Iterator[Issue]:
    for meta in _metas(expected):
        if meta.min_length is not None and count < meta.min_length:
            yield Issue(path, f"At least {meta.min_length} needed, got {count}.", "too_few")
        if meta.max_length is not None and count > meta.max_length:
            yield Issue(path, f"At most {meta.max_length} allowed, got {count}.", "too_many")


def _leaf(value: object, expected: object, path: str) -> Iterator[Issue]:
    try:
        msgspec.convert(value, cast("type[object]", expected))
    except msgspec.ValidationError as fault:
        words, _, at = str(fault).partition(" - at `$")
        yield Issue(path + at.rstrip("`") or "$", f"{shortened(words, MOST_SAID)}.", _code(words))


def _code(words: str) -> str:
    if re.search(r"with a timezone", words):
        return "timezone_required"
    if re.match(r"Expected `(?!str`|array`|object`).* (of|matching|[<>])", words):
        return "out_of_range"
    if re.match(r"Expected `.*`, got", words):
        return "wrong_type"
    return "invalid_value"


def _plain(value: object, expected: object) -> object:
    """Strip `Annotated`, and of an optional take the member that `value` means."""
    if get_origin(expected) is Annotated:
        return _plain(value, get_args(expected)[0])
    if get_origin(expected) in (Union, UnionType):
        members = [t for t in get_args(expected) if t is not NoneType and t is not msgspec.UnsetType]
        return NoneType if value is None else _plain(value, members[0])
    return expected


def _metas(expected: object) -> list[msgspec.Meta]:
    if get_origin(expected) is Annotated:
        first, *rest = get_args(expected)
        return [*_metas(first), *(m for m in rest if isinstance(m, msgspec.Meta))]
    if get_origin(expected) in (Union, UnionType):
        return [meta for member in get_args(expected) for meta in _metas(member)]
    return []

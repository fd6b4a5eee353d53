"""Text as platforms count it (each unit a named counter), as the database holds it, names as the wire has them."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import islice

import regex

GRAPHEME = regex.compile(r"\X")
FLAG = regex.compile("[\U0001f1e6-\U0001f1ff]{1,2}")
"""A flag, or half of one. For each half a GRAPHEME looks back at all before it: a row of them takes quadratic time."""
WEB_LINK = regex.compile(
    r"(?<![\w@/])https?://[^\s.]{1,253}+\.\S*[^\s.,;:!?'\")\]]",
    regex.IGNORECASE,  # no label of a host is longer, and without a bound rows of `(http://` take quadratic time
)
FULL_MENTION = regex.compile(r"(?<![\w/])(@\w(?:[\w.-]*\w)?)@[\p{L}\p{N}](?:[\p{L}\p{N}.:-]*[\p{L}\p{N}])?")
LINK_CHARACTERS = 23


def utf16_units(text: str) -> int:
    """Count UTF-16 code units: an emoji outside the basic plane is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@lru_cache(maxsize=16)
def graphemes(text: str, enough: int | None = None) -> int:
    """Count what a reader sees as characters: a family emoji is one. Counting ends at `enough`."""
    return sum(1 for _ in islice(GRAPHEME.finditer(FLAG.sub("x", text)), enough))


def utf8_bytes(text: str) -> int:
    """Count UTF-8 bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=16)  # a caption is counted for each of its targets
def fediverse_characters(text: str, per_link: int = LINK_CHARACTERS, enough: int | None = None) -> int:
    """Count what a reader sees, a web link as `per_link`, of a mention `@name@server` only `@name`.

    Counting ends at `enough`. Servers find links by twitter-text, whose rules for top-level domains and brackets are
    only approximated here.
    """
    return graphemes(FULL_MENTION.sub(r"\1", WEB_LINK.sub("x" * per_link, text)), enough)


COUNTERS: Mapping[str, Callable[[str], int]] = {
    "utf16": utf16_units,
    "grapheme": graphemes,
    "codepoint": len,
    "utf8_bytes": utf8_bytes,
    "fediverse": fediverse_characters,
}


def unstorable(text: str) -> str | None:
    """Name what makes `text` impossible to store (NUL, lone surrogate), or None when it is fine."""
    if "\x00" in text:
        return "contains the NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "contains a lone surrogate"
    return None


def camel(name: str) -> str:
    """Spell a name of the code as the wire does: `next_cursor` → `nextCursor`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)

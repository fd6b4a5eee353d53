"""What the pages' search looks through: a small index in one script, so that it works from a disk as well."""

import json
import re
from collections.abc import Iterator

from layers.docs.markdown import Heading, outline
from layers.docs.sources import Library, Source

WORD = re.compile(r"[\w.-]*\w")
STOP = frozenset(
    WORD.findall(
        "a an and are as at be but by can for from has have if in into is it its no not of on one or so than that the "
        "their them then there they this to was what when where which who will with you your"
    )
)
EXCERPT = 150


def index(library: Library) -> str:
    """Return the script that gives the index to the search."""
    entries = [entry for name in library.order for entry in _entries(library, library.sources[name])]
    data = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    return f"window.searchIndex = {data};\n"


def _entries(library: Library, source: Source) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield an entry for each section: page, its title, anchor, heading, how it begins, its words once each.

    The sections of endpoints are much alike: each such page is one entry.
    """
    part = library.places[source.name][0].title
    headings = outline(source.text)
    if source.method:
        headings = [Heading(1, source.title, "", [word for one in headings for word in one.words])]
    for heading in headings:
        text = " ".join(" ".join(heading.words).split())
        known = {*_words(f"{source.title} {heading.title}")}
        words = " ".join(word for word in dict.fromkeys(_words(text)) if word not in known)
        if heading.level == 1:
            yield source.name, f"{part} › {source.title}", "", "", text[:EXCERPT], words
        elif text:
            yield (
                source.name,
                f"{part} › {source.title}",
                heading.anchor,
                heading.title,
                text[:EXCERPT],
                words,
            )


def _words(text: str) -> list[str]:
    return [word for word in WORD.findall(text.lower()) if word not in STOP and len(word) < 40]

"""Whether a status says what was to be said, though servers show it as HTML of their own making.

Both sides are reduced to what no server changes: letters, digits and symbols other than ASCII punctuation, in NFC,
without white space, Markdown and the servers of mentions.
"""

import string
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from html.parser import HTMLParser

import regex

from layers.kit.text import FULL_MENTION

NOISE = regex.compile(rf"[\s\p{{Cf}}\ufe0f{regex.escape(string.punctuation)}]")
COMPARED = 500
"""Characters of either side that similarity is measured on; it takes quadratic time."""
ALIKE = 0.7


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "p", "li", "blockquote"):
            self.parts.append("\n")


def plain_text(html: str) -> str:
    """Return the text of a status's content; the halves of a shortened link come together again."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    return "".join(parser.parts).strip()


def says(status: object, text: str) -> bool:
    """Tell whether the status's text is `text`."""
    wanted = _reduced(text)
    return any(_reduced(found) == wanted for found in _texts(status))


def resembles(status: object, text: str) -> bool:
    """Tell whether the status may be `text` after all, changed by the server in a way not known here."""
    wanted = _reduced(text)[:COMPARED]
    return any(
        SequenceMatcher(None, _reduced(found)[:COMPARED], wanted, autojunk=False).ratio() >= ALIKE
        for found in _texts(status)
    )


def _reduced(text: str) -> str:
    return NOISE.sub("", unicodedata.normalize("NFC", FULL_MENTION.sub(r"\1", text)))


def _texts(status: object) -> Iterator[str]:
    """Yield the status's text: as it was sent where the server tells (snac, Pleroma), and out of its HTML."""
    if not isinstance(status, dict):
        return
    found: dict[str, object] = status  # pyright: ignore[reportUnknownVariableType]
    if isinstance(source := found.get("text"), str):
        yield source
    match found.get("pleroma"):
        case {"content": {"text/plain": str(source)}}:
            yield source
        case _:
            pass
    if isinstance(content := found.get("content"), str):
        yield plain_text(content)

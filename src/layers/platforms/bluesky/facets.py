"""Links, mentions and hashtags in a text, located by UTF-8 byte as records want them.

Source: https://docs.bsky.app/docs/advanced-guides/post-richtext and the detection in @atproto/api,
checked 2026-11-23.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import regex

LINK = regex.compile(r"(?:^|[\s(])(?P<span>https?://\S+)", regex.IGNORECASE)
MENTION = regex.compile(
    r"(?:^|[\s(])(?P<span>@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9])(?![a-z0-9])",
    regex.IGNORECASE,
)
TAG = regex.compile(r"(?:^|\s)(?P<span>[#＃](?!\ufe0f)[^\s\u00ad\u2060\u200a-\u200d\u20e2]+)")

TAG_CHARACTERS = 64
"""The lexicon's limit, in graphemes, without the number sign; a longer tag stays plain text."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the text from byte `start` up to `end`; `value` is the URL, the handle or the tag."""

    kind: Literal["link", "mention", "tag"]
    start: int
    end: int
    value: str


def find_spans(text: str) -> list[Span]:
    """Return what becomes a facet, in the order of the text and without overlap."""
    spans = sorted([*_links(text), *_mentions(text), *_tags(text)], key=lambda span: span.start)
    kept: list[Span] = []
    for span in spans:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def build_facets(text: str, dids: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the facets of `text`; a mention whose handle is not in `dids` stays plain text."""
    return [
        {"index": {"byteStart": span.start, "byteEnd": span.end}, "features": [feature]}
        for span in find_spans(text)
        if (feature := _feature(span, dids))
    ]


def _feature(span: Span, dids: Mapping[str, str]) -> dict[str, str] | None:
    match span.kind:
        case "link":
            return {"$type": "app.bsky.richtext.facet#link", "uri": span.value}
        case "tag":
            return {"$type": "app.bsky.richtext.facet#tag", "tag": span.value}
        case "mention":
            did = dids.get(span.value)
            return {"$type": "app.bsky.richtext.facet#mention", "did": did} if did else None


def _links(text: str) -> Iterator[Span]:
    for found in LINK.finditer(text):
        url = regex.sub(r"[.,;:!?'\"]+$", "", found["span"])
        if url.endswith(")") and "(" not in url:
            url = url[:-1]
        yield _span(text, "link", found.start("span"), url, url)


def _mentions(text: str) -> Iterator[Span]:
    for found in MENTION.finditer(text):
        yield _span(text, "mention", found.start("span"), found["span"], found["span"][1:].lower())


def _tags(text: str) -> Iterator[Span]:
    for found in TAG.finditer(text):
        tag = regex.sub(r"\p{P}+$", "", found["span"])
        says_something = regex.search(r"[^\d\p{P}]", tag[1:])
        if says_something and len(regex.findall(r"\X", tag[1:])) <= TAG_CHARACTERS:
            yield _span(text, "tag", found.start("span"), tag, tag[1:])


def _span(text: str, kind: Literal["link", "mention", "tag"], at: int, piece: str, value: str) -> Span:
    start = len(text[:at].encode())
    return Span(kind, start, start + len(piece.encode()), value)

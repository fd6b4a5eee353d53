"""Lists, fetched page by page as they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from layers_sdk._sync.line import Line
from layers_sdk.model import Model, Page

M = TypeVar("M", bound=Model)


class Pages(Generic[M]):
    """A list. Iterating goes through all of its items, `pages` through its pages; each time from the beginning."""

    def __init__(self, line: Line, of: type[M], path: str, query: Mapping[str, Any]) -> None:
        self._line = line
        self._of = of
        self._path = path
        self._query = query

    def __iter__(self) -> Iterator[M]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[M]]:
        """Give page after page. `next_cursor` of one, as `cursor`, goes on after it at another time."""
        cursor = self._query.get("cursor")
        while True:
            page = self._page(cursor)
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return

    def _page(self, cursor: str | None) -> Page[M]:
        query = {**self._query, "cursor": cursor}
        raw = (self._line.call(Model, "GET", self._path, query=query)).raw
        return Page([self._of(item) for item in raw["items"]], raw.get("nextCursor"))

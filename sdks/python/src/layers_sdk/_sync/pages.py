"""Lists, fetched page by page as they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from layers_sdk.model import Model, Page

if TYPE_CHECKING:
    from layers_sdk._sync.client import Layers

M = TypeVar("M", bound=Model)


class Pages(Generic[M]):
    """A list. Iterating goes through all of its items, `pages` through its pages; each time from the beginning."""

    def __init__(self, layers: Layers, of: type[M], path: str, query: Mapping[str, Any]) -> None:
        self._layers = layers
        self._of = of
        self._path = path
        self._query = query

    def __iter__(self) -> Iterator[M]:
        for page in self.pages():
            for item in page.items:
                yield item

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
        raw = (self._layers.call(Model, "GET", self._path, query=query)).raw
        return Page([self._of(item) for item in raw["items"]], raw.get("nextCursor"))

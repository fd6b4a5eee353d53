"""Lists, fetched page by page as they are read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Generic, TypeVar

from layers_sdk._async.line import AsyncLine
from layers_sdk.model import Model, Page

M = TypeVar("M", bound=Model)


class AsyncPages(Generic[M]):
    """A list. Iterating goes through all of its items, `pages` through its pages; each time from the beginning."""

    def __init__(self, line: AsyncLine, of: type[M], path: str, query: Mapping[str, Any]) -> None:
        self._line = line
        self._of = of
        self._path = path
        self._query = query

    async def __aiter__(self) -> AsyncIterator[M]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def pages(self) -> AsyncIterator[Page[M]]:
        """Give page after page. `next_cursor` of one, as `cursor`, goes on after it at another time."""
        cursor = self._query.get("cursor")
        while True:
            page = await self._page(cursor)
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return

    async def _page(self, cursor: str | None) -> Page[M]:
        query = {**self._query, "cursor": cursor}
        raw = (await self._line.call(Model, "GET", self._path, query=query)).raw
        return Page([self._of(item) for item in raw["items"]], raw.get("nextCursor"))

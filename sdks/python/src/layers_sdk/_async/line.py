"""How a call is made, and made again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

from layers_sdk._protocol import (
    NOT_GIVEN,
    TIMEOUT_OF_UPLOADS,
    USER_AGENT,
    Settings,
    answer_of,
    body_of,
    broken,
    checked_key,
    pause_before_next,
    query_of,
    strange,
)
from layers_sdk.errors import LayersError
from layers_sdk.files import Parts
from layers_sdk.model import Model

M = TypeVar("M", bound=Model)


class AsyncLine:
    """The line to Layers. What goes wrong for the moment is tried again, with one idempotency key."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http

    async def call(
        self,
        into: type[M],
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        form: Callable[[], Parts] | None = None,
        idempotency_key: str | None = None,
    ) -> M:
        """Make a call and return its answer. Raises LayersError, ValueError for what can never be sent."""
        content = body_of(body or {}, NOT_GIVEN if method == "PATCH" else None)
        headers = {"User-Agent": USER_AGENT}
        timeout = self._settings.timeout
        if method != "GET":
            headers["Idempotency-Key"] = idempotency_key = checked_key(idempotency_key)
        if content is not None:
            headers["Content-Type"] = "application/json"
        tries = 0
        while True:
            tries += 1
            try:
                return into(
                    answer_of(
                        await self._http.request(
                            method,
                            self._settings.base_url + path,
                            params=query_of(query or {}),
                            content=content,
                            files=form() if form else None,
                            headers=headers,
                            auth=self._settings.auth,
                            timeout=max(timeout, TIMEOUT_OF_UPLOADS) if form else timeout,
                            follow_redirects=False,
                        )
                    )
                )
            except httpx.RequestError as error:
                failure: LayersError = broken(error, method, path)
                cause: Exception | None = error
            except LayersError as error:
                failure, cause = error, None
            failure.idempotency_key = idempotency_key
            pause = pause_before_next(failure, tries, self._settings.max_retries)
            if pause is None:
                raise failure from cause
            await asyncio.sleep(pause)

    @asynccontextmanager
    async def opened(
        self, path: str, query: Mapping[str, Any], headers: Mapping[str, str], silence: float
    ) -> AsyncGenerator[httpx.Response]:
        """Give an answer that has no end. `silence`: seconds of it after which the line is dead. Raises LayersError."""
        try:
            async with self._http.stream(
                "GET",
                self._settings.base_url + path,
                params=query_of(query),
                headers={"User-Agent": USER_AGENT, "Accept": "text/event-stream", **headers},
                auth=self._settings.auth,
                timeout=httpx.Timeout(self._settings.timeout, read=silence),
                follow_redirects=False,
            ) as answer:
                if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                    await answer.aread()
                    answer_of(answer)
                    raise strange(answer)
                yield answer
        except httpx.RequestError as error:
            raise broken(error, "GET", path) from error

"""The client: one connection pool, one way to make a call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from layers_sdk._protocol import (
    NOT_GIVEN,
    TIMEOUT_OF_UPLOADS,
    USER_AGENT,
    answer_of,
    body_of,
    broken,
    checked_key,
    pause_before_next,
    query_of,
    settings_from,
)
from layers_sdk._sync.resources import (
    ApiKeys,
    Approval,
    Audit,
    Content,
    Platforms,
    Projects,
    Publishing,
    Social,
    Webhooks,
)
from layers_sdk.errors import LayersError
from layers_sdk.files import Parts
from layers_sdk.model import Model

M = TypeVar("M", bound=Model)


class Layers:
    """A client of Layers.

        with Layers() as layers:
            layers.publishing.publish_now(container_id="cnt_…", targets=[{"socialAccountId": "sa_…", "mode": "…"}])

    A call whose answer is lost, and one refused for the moment (429, 5xx), is made again, up to `max_retries` times, with
    growing pauses and always with the same idempotency key: whatever is repeated is done once.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 30,
        max_retries: int = 4,
        http_client: httpx.Client | None = None,
    ) -> None:
        """Make a client; it connects when it is used.

        `api_key` and `base_url` come from LAYERS_API_KEY and LAYERS_BASE_URL if they are not given, the latter else is
        http://127.0.0.1:8787. `timeout`: seconds to wait for the next piece of an answer. `http_client`: one of your own,
        say with a proxy; closing it is up to you.
        """
        self._settings = settings_from(api_key, base_url, timeout, max_retries)
        self._own = None if http_client else httpx.Client()
        self._http = http_client or self._own or httpx.Client()
        self.publishing = Publishing(self)
        self.content = Content(self)
        self.approval = Approval(self)
        self.projects = Projects(self)
        self.social = Social(self)
        self.webhooks = Webhooks(self)
        self.platforms = Platforms(self)
        self.api_keys = ApiKeys(self)
        self.audit = Audit(self)

    def __repr__(self) -> str:
        return f"Layers(base_url={self._settings.base_url!r})"

    def __enter__(self) -> Layers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._own is not None:
            self._own.close()

    def call(
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
        """Make a call, again if need be, and return its answer. Raises LayersError.

        For an endpoint this package does not know yet; the others have methods.
        """
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
                        self._http.request(
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
            time.sleep(pause)

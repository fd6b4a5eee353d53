"""The client."""

from __future__ import annotations

import httpx

from layers_sdk._protocol import settings_from
from layers_sdk._sync.line import Line
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
from layers_sdk._sync.streams import Events


class Layers:
    """A client of Layers. Close it, or use it as a context.

    A call whose answer is lost, and one refused for the moment (429, 5xx), is made again, up to `max_retries` times,
    with growing pauses and always with the same idempotency key: what is repeated is done once.
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

        `api_key` and `base_url` come from LAYERS_API_KEY and LAYERS_BASE_URL if they are not given; without the latter
        it is http://127.0.0.1:8787. `timeout`: seconds to wait for the next piece of an answer. `http_client`: one of
        your own, say with a proxy; you close it.
        """
        self._settings = settings_from(api_key, base_url, timeout, max_retries)
        self._http = http_client or httpx.Client()
        self._closes = http_client is None
        line = Line(self._settings, self._http)
        self.publishing = Publishing(line)
        self.content = Content(line)
        self.approval = Approval(line)
        self.projects = Projects(line)
        self.social = Social(line)
        self.webhooks = Webhooks(line)
        self.events = Events(line)
        self.platforms = Platforms(line)
        self.api_keys = ApiKeys(line)
        self.audit = Audit(line)

    def __repr__(self) -> str:
        return f"Layers(base_url={self._settings.base_url!r})"

    def __enter__(self) -> Layers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._closes:
            self._http.close()

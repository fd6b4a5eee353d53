"""The client."""

from __future__ import annotations

import httpx

from layers_sdk._async.line import AsyncLine
from layers_sdk._async.resources import (
    AsyncApiKeys,
    AsyncApproval,
    AsyncAudit,
    AsyncContent,
    AsyncPlatforms,
    AsyncProjects,
    AsyncPublishing,
    AsyncSocial,
    AsyncWebhooks,
)
from layers_sdk._async.streams import AsyncEvents
from layers_sdk._protocol import settings_from


class AsyncLayers:
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
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        """Make a client; it connects when it is used.

        `api_key` and `base_url` come from LAYERS_API_KEY and LAYERS_BASE_URL if they are not given; without the latter
        it is http://127.0.0.1:8787. `timeout`: seconds to wait for the next piece of an answer. `http_client`: one of
        your own, say with a proxy; you close it.
        """
        self._settings = settings_from(api_key, base_url, timeout, max_retries)
        self._http = http_client or httpx.AsyncClient()
        self._closes = http_client is None
        line = AsyncLine(self._settings, self._http)
        self.publishing = AsyncPublishing(line)
        self.content = AsyncContent(line)
        self.approval = AsyncApproval(line)
        self.projects = AsyncProjects(line)
        self.social = AsyncSocial(line)
        self.webhooks = AsyncWebhooks(line)
        self.events = AsyncEvents(line)
        self.platforms = AsyncPlatforms(line)
        self.api_keys = AsyncApiKeys(line)
        self.audit = AsyncAudit(line)

    def __repr__(self) -> str:
        return f"AsyncLayers(base_url={self._settings.base_url!r})"

    async def __aenter__(self) -> AsyncLayers:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._closes:
            await self._http.aclose()

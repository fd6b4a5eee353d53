"""What happens, as it happens. The stream opens itself again, from the last event on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from layers_sdk._protocol import pause_before_next
from layers_sdk._sync.line import Line
from layers_sdk.errors import LayersError, NetworkError
from layers_sdk.models import STREAMED, StreamEvent, WebhookEvent

PATH = "/v1/events/stream"
SILENCE = 45.0
"""Seconds of silence after which the line is dead: the server says something every 15 seconds."""
WITHOUT_END = 10**9


class EventStream:
    """A stream of events. `close` ends it, and so does leaving its context."""

    def __init__(self, line: Line, query: dict[str, Any], last_event_id: str | None) -> None:
        self._line = line
        self._query = query
        self._closed = False
        self._answer: httpx.Response | None = None
        self.last_event_id = last_event_id
        """The last event heard: where another stream may go on."""

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the stream; the loop over it ends."""
        self._closed = True
        if self._answer is not None:
            self._answer.close()

    def __iter__(self) -> Iterator[StreamEvent]:
        tries = 0
        while not self._closed:
            tries += 1
            failure: LayersError = NetworkError("The stream ended.")
            try:
                with self._line.opened(PATH, self._query, self._headers(), SILENCE) as answer:
                    self._answer, tries, block = answer, 1, dict[str, str]()
                    for line in answer.iter_lines():
                        name, _, value = line.partition(": ")
                        if line:
                            block[name] = value
                            continue
                        event, block = self._read(block), {}
                        if event is not None:
                            yield event
            except LayersError as error:
                failure = error
            except httpx.StreamError as error:
                failure = NetworkError(f"The stream broke: {type(error).__name__}.")
            finally:
                self._answer = None
            if self._closed:
                return
            pause = pause_before_next(failure, min(tries, 10), WITHOUT_END)
            if pause is None:
                raise failure
            time.sleep(pause)

    def _headers(self) -> dict[str, str]:
        return {"Last-Event-ID": self.last_event_id} if self.last_event_id else {}

    def _read(self, block: dict[str, str]) -> StreamEvent | None:
        self.last_event_id = block.get("id", self.last_event_id)
        if "data" not in block:
            return None
        told = json.loads(block["data"])
        return STREAMED.get(told["type"], WebhookEvent)(told)


class Events:
    """What happens, as it happens."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def stream(
        self,
        *,
        project_id: str | None = None,
        types: str | Sequence[str] | None = None,
        last_event_id: str | None = None,
    ) -> EventStream:
        """Listen to what happens, event after event, without end.

        The stream opens itself again after a fault, and goes on after the last event it has heard; an event of type
        `reload` says that this was not possible: read everything anew. It raises what will not pass by itself, such as
        `UnauthenticatedError`.

        `project_id`: only events of this project. `types`: only events of these types. `last_event_id`: begin after
        this event, `last_event_id` of an earlier stream.

        Scopes: `publish:read`, `content:read`, `social:read`, each for its events.
        """
        return EventStream(self._line, {"projectId": project_id, "types": types}, last_event_id)

"""Spans, for whoever wants traces: until `switch_on`, nothing of OpenTelemetry is imported and a span is a no-op.

A trace follows a request into the worker: the request's place in it (W3C `traceparent`) lies in the row of the post.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Protocol, cast

Attributes = Mapping[str, str | int]


class Span(Protocol):
    """A piece of work under way."""

    def note(self, **attributes: str | int) -> None:
        """Add what has become known of it."""
        ...

    def rename(self, name: str) -> None:
        """Give it the name that has become known."""
        ...


class Tracer(Protocol):
    """Makes spans."""

    def span(
        self, name: str, kind: str, parent: str | None, attributes: Attributes
    ) -> AbstractContextManager[Span]:
        """Open a span below `parent`, else below the current one."""
        ...

    def place(self) -> str | None:
        """Return the `traceparent` of the current span."""
        ...

    def close(self) -> None:
        """Send what is left."""
        ...


class _Nothing:
    def note(self, **attributes: str | int) -> None:
        """Do nothing."""

    def rename(self, name: str) -> None:
        """Do nothing."""


class TracingError(Exception):
    """Traces cannot be made; the message tells the remedy."""


_OFF: AbstractContextManager[Span] = nullcontext(_Nothing())
_tracers: list[Tracer] = []


def switch_on(tracer: Tracer) -> None:
    """Make spans with `tracer` from now on."""
    _tracers[:] = [tracer]


def switch_off() -> None:
    """Make no more spans; what was made is sent."""
    for tracer in _tracers:
        tracer.close()
    _tracers.clear()


def send_to(endpoint: str) -> None:
    """Make spans and send them to an OTLP/HTTP endpoint. Raises TracingError when OpenTelemetry is not installed."""
    try:
        module = import_module("layers.kit.otel")  # not an import above: what nobody asked for is not loaded
    except ImportError as why:
        raise TracingError(f"LAYERS_OTEL_ENDPOINT needs `pip install 'layers[otel]'` ({why}).") from None
    switch_on(cast("Tracer", module.open_tracer(endpoint)))


def span(
    name: str, kind: str = "internal", parent: str | None = None, **attributes: str | int
) -> AbstractContextManager[Span]:
    """Open a span while a block runs; `parent` is a `traceparent` from elsewhere."""
    return _tracers[0].span(name, kind, parent, attributes) if _tracers else _OFF


def place() -> str | None:
    """Return the current span's `traceparent`; None when no traces are made."""
    return _tracers[0].place() if _tracers else None

"""Spans of OpenTelemetry, sent by OTLP/HTTP. Loaded only where `LAYERS_OTEL_ENDPOINT` asks for it.

The SDK reads its own `OTEL_…` variables: sampler, headers, service name and resource attributes.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

KINDS = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
}
WIRE = TraceContextTextMapPropagator()


class OtelSpan:
    """A span of OpenTelemetry as the code here speaks of it."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def note(self, **attributes: str | int) -> None:
        """Add attributes."""
        for name, value in attributes.items():
            self._span.set_attribute(f"layers.{name}", value)

    def rename(self, name: str) -> None:
        """Set the name."""
        self._span.update_name(name)


class OtelTracer:
    """Makes spans with a provider of its own; no global of OpenTelemetry is touched."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("layers")

    @contextmanager
    def span(
        self, name: str, kind: str, parent: str | None, attributes: Mapping[str, str | int]
    ) -> Generator[OtelSpan]:
        """Open a span below `parent`, else below the current one."""
        context = WIRE.extract({"traceparent": parent}) if parent else None
        with self._tracer.start_as_current_span(name, context, KINDS[kind]) as opened:
            span = OtelSpan(opened)
            span.note(**attributes)
            yield span

    def place(self) -> str | None:
        """Return the `traceparent` of the current span."""
        carrier: dict[str, str] = {}
        WIRE.inject(carrier)
        return carrier.get("traceparent")

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def open_tracer(endpoint: str) -> OtelTracer:
    """Return a tracer whose spans go to `endpoint` ("http://collector:4318")."""
    provider = TracerProvider(resource=Resource.create({"service.name": "layers"}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return OtelTracer(provider)

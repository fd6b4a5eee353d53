"""Spans by setting: one trace from the request that publishes to the platform's answer; nothing when off."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from stage import PUT, Stage

from layers.kit import tracing
from layers.kit.otel import OtelTracer, open_tracer
from layers.loopback import loopback_server

OFF = """
import sys
import layers.cli_run
print([name for name in sys.modules if name.startswith(("opentelemetry", "google.protobuf"))])
"""


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """The spans made meanwhile."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.switch_on(OtelTracer(provider))
    yield exporter
    tracing.switch_off()


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    """The spans of a name, in the order of their ends."""
    return [span for span in exporter.get_finished_spans() if span.name == name]


async def test_one_trace_follows_a_post(stage: Stage, spans: InMemorySpanExporter):
    account = await stage.account()
    container = await stage.client.text(stage.project, "hello")
    await stage.fault(PUT, "lose_answer")
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    body = {"targets": [{"socialAccountId": account, "mode": "direct_publish"}]}
    answer = await stage.client.post(
        f"/v1/content/{container}/publish", body, headers={"traceparent": parent}
    )
    [post] = answer["scheduledPostIds"]
    await stage.step(account)
    await stage.carry(account, post)
    [asked] = named(spans, "POST /v1/content/{container_id}/publish")
    assert asked.parent is not None
    assert f"{asked.parent.span_id:016x}" in parent
    attempts = named(spans, "post")
    assert len(attempts) >= 2
    calls = named(spans, "bluesky post")
    trace = int(parent.split("-")[1], 16)
    for span in (asked, *attempts, *calls):
        assert span.context.trace_id == trace
    for attempt in attempts:
        assert attempt.parent is not None
        assert attempt.parent.span_id == asked.context.span_id
        assert attempt.attributes is not None
        assert attempt.attributes["layers.post"] == post
        assert attempt.attributes["layers.account"] == account
    assert [call.parent.span_id for call in calls if call.parent] == [
        attempts[0].context.span_id,
        attempts[-1].context.span_id,
    ]
    assert calls[-1].attributes is not None
    assert calls[-1].attributes["layers.status"] == 200


async def test_when_off_nothing_is_kept(stage: Stage):
    post = await stage.text(await stage.account())
    assert (await stage.row(post))["trace_parent"] is None
    assert (await stage.row(post))["request_id"].startswith("req_")


def test_when_off_nothing_is_imported():
    done = subprocess.run([sys.executable, "-c", OFF], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_spans_are_sent_by_otlp():
    received: list[tuple[str, bytes]] = []

    async def collector(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        received.append((scope["path"], body + message["body"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with loopback_server(collector) as origin:
        tracer = open_tracer(origin)
        with tracer.span("a deed", "internal", None, {"post": "sp_1"}) as span:
            span.rename("another deed")
        await asyncio.to_thread(tracer.close)
    [(path, body)] = received
    assert b"another deed" in body
    assert path == "/v1/traces"


def test_without_opentelemetry_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "layers.kit.otel", None)
    with pytest.raises(tracing.TracingError, match=r"layers\[otel\]"):
        tracing.send_to("http://127.0.0.1:4318")

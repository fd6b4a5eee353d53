"""How the installation is doing, asked of the database; `GET /metrics` of the API and of workers.

Whoever may not read it learns nothing: it is for this machine, or for who has `LAYERS_METRICS_TOKEN`. Behind a proxy
everybody comes from this machine: once `LAYERS_PUBLIC_URL` is set, or a request was passed on, only the token counts.
"""

import asyncio
import hmac
import ipaddress
import platform
import time
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import cast

import msgspec
from litestar import Response, get
from litestar.datastructures import State
from litestar.types import ASGIApp, Receive, Scope, Send
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from layers.access.store import KILLED
from layers.api import errors
from layers.api.routes import open_to_all
from layers.db import schema
from layers.db.pool import DATABASE_AWAY, POOLS, Pool, Queries
from layers.kit.metrics import REGISTRY
from layers.loopback import loopback_server
from layers.publishing.health import ALIVE
from layers.settings import Settings

FRESH_SECONDS = 5.0
MOST_SHARE = 0.02
"""Of the time, for asking the database: the longer an answer takes, the longer it is kept."""
PASSED_ON = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"})

PICTURE = f"""
WITH due AS (
    SELECT p.platform, p.due_at, coalesce(a.hold_until > now(), false) AS held
    FROM scheduled_posts p JOIN social_accounts a ON a.id = p.social_account_id WHERE p.due_at <= now()
        AND p.organization_id <> ALL ({KILLED})
), waiting AS (
    SELECT platform, count(*) AS posts, extract(epoch FROM now() - min(due_at))::float8 AS seconds
    FROM due WHERE NOT held GROUP BY platform
), heard AS (
    SELECT w.status, count(*) AS deliveries, min(d.due_at) AS since
    FROM webhook_deliveries d JOIN webhook_endpoints w ON w.id = d.endpoint_id WHERE d.due_at IS NOT NULL
        AND w.organization_id <> ALL ({KILLED}) GROUP BY 1
)
SELECT (SELECT coalesce(jsonb_object_agg(platform, posts), '{{}}') FROM waiting) AS due,
    (SELECT coalesce(jsonb_object_agg(platform, seconds), '{{}}') FROM waiting) AS oldest_due_seconds,
    (SELECT count(*) FROM due WHERE held) AS held,
    (SELECT count(*) FROM scheduled_posts WHERE due_at > now()) AS ahead,
    (SELECT count(*) FROM scheduled_posts WHERE holds_lane) AS in_hand,
    (SELECT count(*) FROM scheduled_posts WHERE holds_lane AND last_error ->> 'code' = 'IN_DOUBT') AS in_doubt,
    (SELECT count(*) FROM scheduled_posts WHERE outcome_unknown) AS outcome_unknown,
    (SELECT coalesce(jsonb_object_agg(platform, accounts), '{{}}') FROM (SELECT platform, count(*) AS accounts
        FROM social_accounts WHERE status = 'reauth_required' GROUP BY platform) AS refused) AS reauth,
    (SELECT count(*) FROM workers WHERE seen_at > now() - $1::interval) AS workers,
    (SELECT coalesce(jsonb_object_agg(status, deliveries), '{{}}') FROM heard) AS webhooks,
    (SELECT coalesce(greatest(extract(epoch FROM now() - since), 0), 0)::float8 FROM heard WHERE status = 'active')
        AS oldest_webhook_seconds,
    (SELECT count(*) FROM webhook_endpoints WHERE status = 'paused') AS paused_endpoints
"""


class Picture(msgspec.Struct, frozen=True, rename="camel"):
    """How the installation is doing; maps are by platform."""

    due: dict[str, int]
    oldest_due_seconds: dict[str, float]
    held: int
    ahead: int
    in_hand: int
    in_doubt: int
    outcome_unknown: int
    reauth: dict[str, int]
    workers: int
    webhooks: dict[str, int]
    oldest_webhook_seconds: float | None
    paused_endpoints: int


async def take_picture(db: Queries) -> Picture:
    """Ask the database how things are."""
    row = await db.fetchrow(PICTURE, ALIVE)
    assert row is not None
    return Picture(**dict(row))


@dataclass(slots=True)
class Monitor:
    """Answers scrapes; however many there are, the database is asked now and then only."""

    pool: Pool
    _seen: Picture | None = None
    _fresh_until: float = 0.0
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def picture(self) -> Picture | None:
        """Return how things are, or were a few seconds ago; None when the database is away."""
        async with self._asking:
            started = time.monotonic()
            if started >= self._fresh_until:
                try:
                    self._seen = await take_picture(self.pool)
                except DATABASE_AWAY:
                    self._seen = None
                took = time.monotonic() - started
                self._fresh_until = started + max(FRESH_SECONDS, took / MOST_SHARE)
            return self._seen

    async def exposition(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        asked = CollectorRegistry()
        asked.register(_Asked([*_of_process(), *_of_database(await self.picture())]))
        return generate_latest(REGISTRY) + generate_latest(asked)


class _Asked(Collector):
    def __init__(self, families: list[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Give what was asked."""
        return self._families


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"layers_{name}", words, value=value)


def _gauges(name: str, words: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"layers_{name}", words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _of_process() -> Iterable[GaugeMetricFamily]:
    build = GaugeMetricFamily(
        "layers_build_info", "What runs here; always 1.", labels=["version", "schema", "python"]
    )
    build.add_metric([version("layers"), schema.newest_revision(), platform.python_version()], 1)
    yield build
    connections = GaugeMetricFamily(
        "layers_database_connections",
        "Connections of this process to the database: in use, idle, and the most there may be.",
        labels=["pool", "state"],
    )
    for name, pool in POOLS.items():
        size, idle = pool.get_size(), pool.get_idle_size()
        for state, count in (("used", size - idle), ("idle", idle), ("limit", pool.get_max_size())):
            connections.add_metric([name, state], count)
    yield connections


def _of_database(seen: Picture | None) -> Iterable[GaugeMetricFamily]:
    yield _gauge(
        "database_up",
        "Whether the database answers; if not, what only it knows is left out.",
        seen is not None,
    )
    if seen is None:
        return
    yield _gauges(
        "posts_due", "Posts whose time has come and that no worker has in hand.", "platform", seen.due
    )
    yield _gauges(
        "posts_oldest_due_seconds",
        "How long the oldest of them has waited.",
        "platform",
        seen.oldest_due_seconds,
    )
    yield _gauge("posts_held", "Due posts of accounts that must keep still for now.", seen.held)
    yield _gauge(
        "posts_ahead", "Posts to be looked at later: scheduled, parked, or in a worker's hand.", seen.ahead
    )
    yield _gauge("posts_in_hand", "Posts that workers have in hand, or are in doubt.", seen.in_hand)
    yield _gauge("posts_in_doubt", "Posts whose outcome is being looked up.", seen.in_doubt)
    yield _gauge("posts_outcome_unknown", "Posts that wait for a person to look.", seen.outcome_unknown)
    yield _gauges("accounts_reauth_required", "Accounts that must be reconnected.", "platform", seen.reauth)
    yield _gauge("workers", "Workers alive.", seen.workers)
    yield _gauges(
        "webhooks_pending",
        "Webhooks to be delivered, by status of their endpoint.",
        "endpoint",
        seen.webhooks,
    )
    yield _gauge(
        "webhooks_oldest_due_seconds",
        "How late the webhook is that waited longest for an active endpoint.",
        seen.oldest_webhook_seconds or 0,
    )
    yield _gauge(
        "webhook_endpoints_paused",
        "Endpoints paused, by their owners or after failures.",
        seen.paused_endpoints,
    )


def may_read(settings: Settings, scope: Scope) -> bool:
    """Tell whether whoever asks may see the metrics."""
    headers = dict(scope["headers"])
    given = headers.get(b"authorization", b"").decode("latin-1").removeprefix("Bearer ").encode()
    token = settings.metrics_token.encode()
    if token and hmac.compare_digest(given, token):
        return True
    return not settings.public_url and not headers.keys() & PASSED_ON and _is_loopback(scope)


def _is_loopback(scope: Scope) -> bool:
    client = scope["client"]
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


@get(
    "/metrics",
    opt=open_to_all(errors=(errors.Unauthenticated,), media=(CONTENT_TYPE_LATEST.partition(";")[0],)),
    operation_id="health.metrics",
)
async def metrics(state: State, scope: Scope) -> Response[bytes]:
    """Show the metrics of this process and of the installation."""
    if not may_read(cast("Settings", state["settings"]), scope):
        raise errors.Unauthenticated(
            "Send LAYERS_METRICS_TOKEN as `Authorization: Bearer …`.", headers={"WWW-Authenticate": "Bearer"}
        )
    return Response(await cast("Monitor", state["monitor"]).exposition(), media_type=CONTENT_TYPE_LATEST)


@asynccontextmanager
async def serving_metrics(settings: Settings, pool: Pool) -> AsyncGenerator[str | None]:
    """Serve a worker's metrics while the block runs, if a port is set; gives the origin."""
    if not settings.metrics_port:
        yield None
        return
    app = _worker_pages(settings, Monitor(pool))
    async with loopback_server(app, settings.metrics_port, host=settings.metrics_host) as origin:
        yield origin


def _worker_pages(settings: Settings, monitor: Monitor) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        status, body = 404, b"There are /metrics and /health/live here.\n"
        if scope["path"] == "/health/live":
            status, body = 200, b"ok\n"
        elif scope["path"] == "/metrics":
            allowed = may_read(settings, scope)
            status = 200 if allowed else 401
            body = await monitor.exposition() if allowed else b"LAYERS_METRICS_TOKEN is needed.\n"
        kind = CONTENT_TYPE_LATEST if status == 200 else "text/plain"
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]}
        )
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return app

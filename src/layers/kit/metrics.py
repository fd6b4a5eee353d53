"""What this process counts for Prometheus. Every label comes from a closed set: no ids, no paths, no handles."""

from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
SHORT = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
LONG = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)

REQUESTS = Histogram(
    "layers_request_seconds",
    "Requests by method, route template and class of status.",
    ("method", "route", "status"),
    registry=REGISTRY,
    buckets=SHORT,
)
CLAIMS = Counter("layers_claims", "Posts this worker took in hand.", registry=REGISTRY)
CLAIMS_LOST = Counter(
    "layers_claims_lost",
    "Posts that were taken from this worker: its lease lapsed, they were canceled, or their account reconnected.",
    registry=REGISTRY,
)
START_DELAY = Histogram(
    "layers_post_start_delay_seconds",
    "From the time a post was scheduled for to its first call of the platform.",
    ("platform",),
    registry=REGISTRY,
    buckets=LONG,
)
CALLS = Histogram(
    "layers_platform_call_seconds",
    "Calls of platforms for posts; the outcome is a class of status, not_sent, answer_lost or broken.",
    ("platform", "call", "outcome"),
    registry=REGISTRY,
    buckets=LONG,
)
SETTLEMENTS = Counter(
    "layers_post_settlements",
    "How work on a post ended: the status it got, and the code of its lastError if it has one. "
    "queued and publishing: parked, to be gone on with later.",
    ("platform", "status", "code"),
    registry=REGISTRY,
)
CANCELED = Counter(
    "layers_posts_canceled", "Posts canceled by this process.", ("platform",), registry=REGISTRY
)
WEBHOOKS = Histogram(
    "layers_webhook_try_seconds",
    "Tries to deliver a webhook, by what they left the delivery: delivered, pending (tried again) or failed.",
    ("outcome",),
    registry=REGISTRY,
    buckets=SHORT,
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


@lru_cache(1024)
def call_word(name: str) -> str:
    """Return the part of a call's name that is the same for all posts: "chunk 3" and "chunk 4" are one call."""
    words = name.split()
    fixed = next((n for n, word in enumerate(words) if not word.isalpha()), len(words))
    return " ".join(words[:fixed])


def note_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request; `route` is the template of its path, empty where no route was met."""
    method = method if method in METHODS else "other"
    REQUESTS.labels(method, route or "none", f"{status // 100}xx").observe(seconds)

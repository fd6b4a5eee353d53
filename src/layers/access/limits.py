"""Rate limits: so many requests a minute for each key and class, counted in the database for all API processes at once.

Nothing is counted for keys without a limit.
"""

import math
from collections.abc import Mapping

from layers.access import store
from layers.api.context import endpoint_class
from layers.api.errors import RateLimited
from layers.db.pool import Pool

LIMITS: Mapping[str, Mapping[str, int]] = {
    "standard": {"read-light": 120, "write-light": 60},
    "pilot": {"read-light": 1_200, "write-light": 600},
    "partner": {"read-light": 6_000, "write-light": 3_000},
}
"""Requests a minute by tier and class; a tier that is not here has no limit."""
ALLOWED: Mapping[str, float] = {
    **{tier: float(classes["write-light"]) for tier, classes in LIMITS.items()},
    "unlimited": math.inf,
}
"""How much each tier allows, to compare them."""


async def take(pool: Pool, api_key_id: str, tier: str, method: str) -> dict[str, str]:
    """Count a request; returns the headers that tell how many are left. Raises RateLimited."""
    limits = LIMITS.get(tier)
    if limits is None:
        return {}
    name = endpoint_class(method)
    quota = limits[name]
    seen = await store.count_request(pool, api_key_id, name)
    left = max(0, quota - seen["requests"])
    headers = {
        "RateLimit-Policy": f'"{name}";q={quota};w=60',
        "RateLimit": f'"{name}";r={left};t={seen["left"]}',
    }
    if seen["requests"] > quota:
        raise RateLimited(
            f"This key may make {quota} {name} requests a minute.",
            {"endpointClass": name, "limit": quota},
            headers={**headers, "Retry-After": str(max(1, seen["left"]))},
        )
    return headers

"""`GET /v1/whoami`."""

from litestar import get

from layers.access.caller import Calling
from layers.api.routes import ANY_KEY, WireOut, operation


class Whoami(WireOut):
    """What the presented key is."""

    organization_id: str
    organization_name: str
    environment: str
    scopes: list[str]
    rate_limit_tier: str
    api_key_id: str


@get("/v1/whoami", opt=operation(ANY_KEY))
async def whoami(caller: Calling) -> Whoami:
    """Say whose key this is and what it may do."""
    return Whoami(
        caller.organization_id,
        caller.organization_name,
        caller.environment,
        sorted(caller.scopes),
        caller.rate_limit_tier,
        caller.api_key_id,
    )


ROUTES = [whoami]

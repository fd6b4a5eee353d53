"""`GET /v1/whoami`."""

from litestar import get

from layers.access.caller import Calling
from layers.api.routes import ANY_KEY, NoBody, WireOut, operation


class Whoami(WireOut):
    """What the presented key is."""

    organization_id: str
    organization_name: str
    environment: str
    scopes: list[str]
    rate_limit_tier: str
    api_key_id: str


@get("/v1/whoami", opt=operation(ANY_KEY))
async def whoami(call: Calling[NoBody]) -> Whoami:
    """Say whose key this is and what it may do."""
    return Whoami(
        call.caller.organization_id,
        call.caller.organization_name,
        call.caller.environment,
        sorted(call.caller.scopes),
        call.caller.rate_limit_tier,
        call.caller.api_key_id,
    )


ROUTES = [whoami]

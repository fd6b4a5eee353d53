"""A receiver for every test here, and an endpoint that hears everything."""

from collections.abc import AsyncIterator

import pytest
from receiver import EVERYTHING, Receiver, delivering, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody's server."""
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def endpoint(client, receiver: Receiver) -> dict:
    """An endpoint at the receiver that hears all events, as the API gave it, secret included."""
    return await client.made("/v1/webhook-endpoints", {"url": receiver.url, "events": EVERYTHING})


@pytest.fixture
async def deliverer(shared, origin) -> AsyncIterator[None]:
    """Webhooks go out."""
    async with delivering(shared) as running:
        yield running

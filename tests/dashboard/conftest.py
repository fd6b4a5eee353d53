"""The dashboard, built once for all its tests."""

from collections.abc import AsyncIterator

import pytest
from dashboard_build import Sources, copied


@pytest.fixture(scope="session")
async def sources() -> AsyncIterator[Sources]:
    """The dashboard, built."""
    with copied() as made:
        await made.use("vite/bin/vite.js", "build", "--logLevel", "warn")
        yield made

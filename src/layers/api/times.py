"""Times in query parameters."""

from datetime import datetime

from layers.api.errors import one_issue
from layers.kit.times import to_utc


def utc_or_refuse(moment: datetime | None, name: str) -> datetime | None:
    """Return the time in UTC. Raises Validation when it says neither Z nor an offset."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise one_issue(name, "Give a time with Z or an offset.", "timezone_required")
    return to_utc(moment)

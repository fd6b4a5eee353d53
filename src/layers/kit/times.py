"""Times on the wire: aware UTC in, ISO-8601 with `Z` out."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return datetime.now(UTC)


def iso_z(moment: datetime) -> str:
    """Format an aware datetime as the wire does: `2026-04-18T19:18:42Z`, microseconds only when present."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

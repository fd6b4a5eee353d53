"""Times on the wire: aware UTC in, ISO-8601 with `Z` out."""

import re
from datetime import UTC, datetime, timedelta

DURATION = re.compile(
    r"([-+]?)P(?!$)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
    r"(?:T(?!$)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:[.,]\d{1,9})?)S)?)?",
    re.ASCII,
)
STEADY_SECONDS = 15 * 60
FIRST_MOMENT, LAST_MOMENT = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
"""Further out some offset leads off the calendar, and the database has infinities, which are no times."""
DAYS = (365, 30, 7, 1)
"""Of a year, a month, a week and a day: a duration here has one length, whenever it begins."""


def utc_now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return datetime.now(UTC)


def to_utc(moment: datetime) -> datetime:
    """Return an aware time in UTC, between the first and the last moment there is here."""
    return min(max(moment, FIRST_MOMENT), LAST_MOMENT).astimezone(UTC)


def steady_end(now: datetime, life: timedelta) -> datetime:
    """Return an end `life` from now, or up to a quarter of an hour earlier: the same for a while, so that an answer
    that holds a link signed until then stays the same.
    """
    return datetime.fromtimestamp((now + life).timestamp() // STEADY_SECONDS * STEADY_SECONDS, UTC)


def iso_z(moment: datetime) -> str:
    """Format an aware datetime as the wire does: `2026-04-18T19:18:42Z`, microseconds only when present."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_duration(text: str) -> timedelta | None:
    """Read an ISO-8601 duration (`P1W`, `P1DT12H`); None when it is none. Raises OverflowError beyond all calendars."""
    match = DURATION.fullmatch(text)
    if match is None:
        return None
    sign, *amounts = match.groups(default="0")
    *dates, hours, minutes, seconds = amounts
    length = timedelta(
        days=sum(int(n) * days for n, days in zip(dates, DAYS, strict=True)),
        hours=int(hours),
        minutes=int(minutes),
        seconds=float(seconds.replace(",", ".")),
    )
    return -length if sign == "-" else length

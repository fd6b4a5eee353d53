"""Times as people write them, in the time zone of a project. Pure."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CLOCK = r"(?P<hour>[01]?\d|2[0-3])[:.](?P<minute>[0-5]\d)"
LOCAL = re.compile(rf"(?P<day>\d{{4}}-\d{{2}}-\d{{2}}|[a-z]+)[ ,T]+(?:at )?{CLOCK}(?::00)?", re.IGNORECASE)
HOW = 'Write "2026-04-20 09:00", "tomorrow 9:00", "friday 18:30", or a time with an offset.'


def moment(words: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return what is meant, in UTC. Raises ValueError, in words, for what is no time, or not one time only."""
    found = LOCAL.fullmatch(words.strip())
    if found is None:
        return _with_offset(words.strip())
    day = _day(found["day"].lower(), now.astimezone(zone).date())
    local = datetime.combine(day, time(int(found["hour"]), int(found["minute"])), zone)
    if local.astimezone(UTC).astimezone(zone).replace(fold=0) != local:
        raise ValueError(f"On {day} there is no {local:%H:%M} in {zone.key}: the clocks go forward.")
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        either = " or ".join(local.replace(fold=fold).isoformat() for fold in (0, 1))
        raise ValueError(f"On {day} there are two {local:%H:%M} in {zone.key}. Say which: {either}.")
    return local.astimezone(UTC)


def _with_offset(words: str) -> datetime:
    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        raise ValueError(f"{words!r} is no time. {HOW}") from None
    if at.tzinfo is None:
        raise ValueError(f"{words!r} is no time of the day to the minute. {HOW}")
    return at.astimezone(UTC)


def _day(word: str, today: date) -> date:
    if word in ("today", "tomorrow"):
        return today + timedelta(days=word == "tomorrow")
    if word in DAYS:
        return today + timedelta(days=(DAYS.index(word) - today.weekday() - 1) % 7 + 1)
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise ValueError(f"{word!r} is no day. {HOW}") from None

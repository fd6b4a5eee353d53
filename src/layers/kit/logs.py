"""Logs that tell a story: one line an event, the same fields everywhere, no secrets."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET = re.compile(
    r"""lp_(?:live|test)_[A-Z2-7]{16}_[A-Za-z0-9_-]{20,} | whsec_[A-Za-z0-9+/=_-]{16,}
    | (?<=[?&]signature=)[A-Za-z0-9_-]+
    | (?:Bearer|OAuth|DPoP)\s+\S{12,}
    | (?<=://)[^/\s:@]*:[^/\s]+(?=@)
    | (?<=[?&"'\s])(?:access_token|refresh_token|client_secret|password)["']?\s*[=:]\s*["']?[^\s"'&,}]{6,}""",
    re.IGNORECASE | re.VERBOSE,
)
"""Keys, webhook secrets, signatures of links, tokens, passwords in addresses and in parameters."""
DECEIVING = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""What moves the cursor, ends a line, turns or hides text: control characters, BIDI, invisible ones, half ones."""


def clean(text: str, *, lines: bool = False) -> str:
    """Return `text` as it may stand in a log: secrets blotted out, what could fake a line or a word spelled out.

    `lines`: it may have several, as a traceback has; all but the first are indented, so that none passes for another.
    """
    return DECEIVING.sub(_spelled_lines if lines else _spelled, SECRET.sub("[secret]", text))


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _spelled_lines(found: re.Match[str]) -> str:
    return "\n  " if found[0] == "\n" else _spelled(found)


def _clean(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if name == "exception":
            event[name] = clean(str(value), lines=True)
        elif not isinstance(value, bool | int | float | None):
            event[name] = clean(value if isinstance(value, str) else repr(value))
    return event


class _Lines(logging.Formatter):
    """Writes what libraries say as carefully as what we say."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and the traceback if there is one."""
        return clean(super().format(record), lines=bool(record.exc_info))


def _console() -> Any:
    """Render for people; tracebacks are text by then, and plain: rich ones print local variables, hence secrets."""
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), pad_event_to=12, exception_formatter=structlog.dev.plain_traceback
    )


def set_up_logs(level: str, *, as_json: bool) -> None:
    """Send all logs, those of libraries included, to standard error."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = structlog.processors.JSONRenderer() if as_json else _console()
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, _clean, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(name)s: %(message)s"))
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)

"""What was previewed is what is done: versions of content, confirmations of plans, keys of repeats. Pure."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from layers_sdk import Container, Target

VALID_FOR = timedelta(minutes=10)
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "layers:mcp")


class UnconfirmedError(Exception):
    """The confirmation is not of this plan, or too old; the words say which."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A publish to be: what it says (`content_of`), where it goes and when; None: now."""

    container_id: str
    content: str
    targets: Sequence[Target]
    scheduled_for: datetime | None

    def canonical(self) -> str:
        """Return it as text that is the same for the same plan."""
        at = self.scheduled_for.astimezone(UTC).isoformat() if self.scheduled_for else None
        return _text([self.container_id, self.content, list(self.targets), at])


def content_of(container: Container) -> str:
    """Return what changes whenever the words or the media do."""
    return _hash([container.caption, container.first_comment, [asset.sha256 for asset in container.assets]])


def version_of(container: Container) -> str:
    """Return what changes whenever that changes which a person would approve: the content, and what waits on it."""
    intent = container.pending_schedule
    waits = intent and [intent.scheduled_for, intent.targets]
    return _hash([content_of(container), waits])


def _hash(what: Sequence[object]) -> str:
    return hashlib.sha256(_text(what).encode()).hexdigest()[:16]


def key_of(*what: object) -> str:
    """Return the Idempotency-Key of a deed: the same for the same, so that a repeated call does it once."""
    return str(uuid.uuid5(NAMESPACE, _text(what)))


def confirmation_of(secret: bytes, planned: Planned, now: datetime) -> tuple[str, datetime]:
    """Return what allows exactly this plan, and until when."""
    until = (now + VALID_FOR).replace(microsecond=0)
    return f"{int(until.timestamp())}-{_signature(secret, planned, int(until.timestamp()))}", until


def check_confirmation(secret: bytes, planned: Planned, given: str, now: datetime) -> None:
    """Raise UnconfirmedError unless `given` was made for exactly this plan, by this process, not long ago."""
    until, _, signature = given.partition("-")
    moment = int(until) if until.isascii() and until.isdigit() and len(until) < 12 else 0
    if not hmac.compare_digest(signature.encode(), _signature(secret, planned, moment).encode()):
        raise UnconfirmedError(
            "This confirmation is not of this content, these targets and this time, as they are now. "
            "Call preview_publish, show the person what it says, and give the confirmation it returns."
        )
    if now.timestamp() > moment:
        raise UnconfirmedError("This confirmation is too old. Call preview_publish again.")


def _signature(secret: bytes, planned: Planned, until: int) -> str:
    return hmac.new(secret, f"{until}.{planned.canonical()}".encode(), hashlib.sha256).hexdigest()[:32]


def _text(value: Sequence[object]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)

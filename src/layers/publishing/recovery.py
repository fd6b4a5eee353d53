"""After a restore: the database has gone back in time, the platforms have not.

What came due in the time that is lost may be out, and what would tell (handles, intents, answers) is lost as well.
Looked for by a handle made anew it would not be found, and be sent again. So it is neither looked up nor sent: its
outcome is unknown, and a person settles it by `…/resolve`.
"""

from dataclasses import dataclass
from datetime import datetime

from layers import events
from layers.db.pool import Connection
from layers.events import Event
from layers.publishing import store
from layers.publishing.health import ALIVE
from layers.publishing.schemas import LastError

WORDS = (
    "The database was restored from a backup, and this post may have gone out since that was made."
    " Look on the platform, then say what you saw with …/resolve."
)


class WorkersAlive(Exception):  # noqa: N818
    """Workers run already: what is in doubt may be going out."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found: posts that wait for a person now, containers whose timer was stopped, posts still to come."""

    unknown: list[str]
    timers_stopped: list[str]
    ahead: int


DOUBTFUL = f"""
UPDATE scheduled_posts p SET status = 'failed', outcome_unknown = true, due_at = NULL, holds_lane = false,
    next_attempt_at = NULL, fence = fence + 1, last_error = $2, updated_at = now()
WHERE p.status IN ('queued', 'publishing') AND p.due_at IS NOT NULL AND p.scheduled_for <= $1
RETURNING p.number, p.organization_id, {store.TOLD}
"""
NUMBERS_LEFT_OUT = 1_000_000
"""Posts made since the backup had numbers of their own, and links that bear them: they must not be given again."""
SKIP_NUMBERS = """
SELECT setval(pg_get_serial_sequence('scheduled_posts', 'number'),
    nextval(pg_get_serial_sequence('scheduled_posts', 'number')) + $1::bigint)
"""
TIMERS = """
UPDATE containers SET auto_approve_at = NULL, updated_at = now()
WHERE approval_status = 'pending' AND auto_approve_at <= $1 RETURNING id
"""


async def recover(tx: Connection, until: datetime, now: datetime, actor: str) -> Recovered:
    """Leave to people what may have gone out until then, the end of the last worker of the time that is lost.

    Raises WorkersAlive.
    """
    if await tx.fetchval("SELECT count(*) FROM workers WHERE seen_at > now() - $1::interval", ALIVE):
        raise WorkersAlive
    error = LastError("OUTCOME_UNKNOWN", WORDS, None, retryable=False, at=now)
    rows = sorted(await tx.fetch(DOUBTFUL, until, error), key=lambda row: row["number"])
    for row in rows:
        await store.tell(tx, row["number"], "outcome_unknown", WORDS, {"restored": True, "by": actor})
    await events.append(
        tx,
        *(
            Event(
                *("post.failed", row["organization_id"], row["project_id"], row["id"]),
                {**store.told_of(row), "error": error},
                actor,
            )
            for row in rows
        ),
    )
    stopped = await tx.fetch(TIMERS, until)
    await tx.execute(SKIP_NUMBERS, NUMBERS_LEFT_OUT)
    ahead = await tx.fetchval("SELECT count(*) FROM scheduled_posts WHERE due_at IS NOT NULL")
    return Recovered([row["id"] for row in rows], [row["id"] for row in stopped], ahead)

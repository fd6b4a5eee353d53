"""Telling of posts that are late: due, and taken up by nobody."""

from datetime import timedelta

import structlog

from layers import events
from layers.db.pool import Pool
from layers.events import Event
from layers.publishing import store

log = structlog.get_logger("layers.late")
LATE_AFTER = timedelta(minutes=5)
AT_ONCE = 100


async def tell_late(pool: Pool) -> None:
    """Tell once of each queued post that nobody has taken up five minutes after it came due."""
    async with pool.acquire() as tx, tx.transaction():
        rows = await store.mark_late(tx, LATE_AFTER, AT_ONCE)
        for row in rows:
            words = "Due for more than five minutes, and still waiting for its turn."
            await store.tell(tx, row["number"], "late", words, {"secondsAfterDue": row["late_by"]})
        await events.append(
            tx,
            *(
                Event(
                    "post.late",
                    row["organization_id"],
                    row["project_id"],
                    row["id"],
                    {**store.told_of(row), "secondsAfterDue": row["late_by"]},
                    "dispatcher",
                )
                for row in rows
            ),
        )
    if rows:
        log.warning("posts are late", posts=[row["id"] for row in rows])

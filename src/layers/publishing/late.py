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

MARK = """
WITH late AS (
    SELECT number FROM scheduled_posts WHERE due_at <= now() - $1::interval AND late_at IS NULL AND status = 'queued'
    ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE scheduled_posts p SET late_at = now() FROM late WHERE p.number = late.number
RETURNING p.number, p.id, p.organization_id, p.project_id, p.container_id, p.social_account_id, p.platform, p.mode,
    p.status, p.scheduled_for, round(extract(epoch FROM now() - p.due_at))::int AS late_by
"""


async def tell_late(pool: Pool) -> None:
    """Tell once of each queued post that nobody has taken up five minutes after it came due."""
    async with pool.acquire() as tx, tx.transaction():
        rows = await tx.fetch(MARK, LATE_AFTER, AT_ONCE)
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
                    {
                        "scheduledPostId": row["id"],
                        "containerId": row["container_id"],
                        "projectId": row["project_id"],
                        "socialAccountId": row["social_account_id"],
                        "platform": row["platform"],
                        "mode": row["mode"],
                        "status": row["status"],
                        "scheduledFor": row["scheduled_for"],
                        "secondsAfterDue": row["late_by"],
                    },
                    "dispatcher",
                )
                for row in rows
            ),
        )
    if rows:
        log.warning("posts are late", posts=len(rows))

"""SQL that sees what there is to do: which accounts have due posts, and when the next one comes due."""

from dataclasses import dataclass

from layers.access.store import KILLED
from layers.db.columns import identifier
from layers.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Outlook:
    """What there is to do: accounts with due work and no job yet (`fresh`), and whether others have a job."""

    fresh: list[str]
    turns: list[int]
    """Which turn of its organisation each of `fresh` is: the lower, the sooner a worker should take it."""
    waiting: bool
    more: bool
    next_in: float | None
    """Seconds until the next post comes due; None when none will."""


LOOK = """
WITH due AS (
    SELECT p.social_account_id AS id, p.organization_id, min(p.due_at) AS since
    FROM scheduled_posts p WHERE p.due_at <= now() AND p.organization_id <> ALL ({killed}) GROUP BY 1, 2
), open AS (
    SELECT due.id, row_number() OVER (PARTITION BY due.organization_id ORDER BY due.since) AS turn, due.since,
        EXISTS (SELECT FROM {queue} q WHERE q.dedupe_key = due.id AND q.status IN ('queued', 'picked')) AS waiting
    FROM due JOIN social_accounts a ON a.id = due.id WHERE (a.hold_until IS NULL OR a.hold_until <= now())
        AND NOT EXISTS (SELECT FROM scheduled_posts h
            WHERE h.social_account_id = due.id AND h.due_at > now() AND h.holds_lane)
)
SELECT ARRAY(SELECT id FROM open WHERE NOT waiting ORDER BY turn, since, id LIMIT $1) AS fresh,
    ARRAY(SELECT turn FROM open WHERE NOT waiting ORDER BY turn, since, id LIMIT $1) AS turns,
    EXISTS (SELECT FROM open WHERE waiting) AS waiting,
    (SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 FROM scheduled_posts WHERE due_at > now())
        AS next_in
"""


async def look(connection: Connection, queue_table: str, at_most: int) -> Outlook:
    """Return what there is to do. One statement, so that nothing comes due between its parts unseen.

    Organisations take turns, so that one's burst does not push another's single post to the end.
    """
    row = await connection.fetchrow(LOOK.format(queue=identifier(queue_table), killed=KILLED), at_most)
    assert row is not None
    return Outlook(row["fresh"], row["turns"], row["waiting"], len(row["fresh"]) == at_most, row["next_in"])

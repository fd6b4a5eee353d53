"""`GET /health/dispatch`: whether due posts move. A dead worker is never green."""

from datetime import datetime, timedelta
from typing import cast

from litestar import Response, get
from litestar.datastructures import State

from layers.access.store import KILLED
from layers.api.routes import WireOut, open_to_all
from layers.db.pool import DATABASE_AWAY, Pool

ALIVE = timedelta(seconds=15)
"""A worker not seen for this long is taken for dead."""
LATE = timedelta(seconds=30)
"""Due work that waits this long untouched is not moving."""

DISPATCH = f"""
SELECT (SELECT count(*) FROM workers WHERE seen_at > now() - $1::interval) AS workers,
    (SELECT max(last_dispatch_at) FROM workers) AS last_dispatch_at,
    (SELECT min(p.due_at) FROM scheduled_posts p JOIN social_accounts a ON a.id = p.social_account_id
        WHERE p.due_at <= now() AND (a.hold_until IS NULL OR a.hold_until <= now())
            AND p.organization_id <> ALL ({KILLED})) AS oldest_due_at,
    now() AS now
"""


class Dispatch(WireOut):
    """How dispatch is doing."""

    status: str
    lag_seconds: float
    oldest_due_at: datetime | None
    workers: int
    last_dispatch_at: datetime | None


@get(
    "/health/dispatch",
    opt=open_to_all(also={503: "Due posts do not move, no worker lives, or the database is away."}),
    operation_id="health.dispatch",
)
async def dispatch(state: State) -> Response[Dispatch]:
    """Say whether due posts move; 503 when they do not or no worker lives."""
    try:
        row = await cast("Pool", state["pool"]).fetchrow(DISPATCH, ALIVE)
    except DATABASE_AWAY:
        return Response(Dispatch("database_unavailable", 0.0, None, 0, None), status_code=503)
    assert row is not None
    lag = row["now"] - row["oldest_due_at"] if row["oldest_due_at"] else timedelta()
    status = "no_worker" if not row["workers"] else "late" if lag > LATE else "ok"
    report = Dispatch(
        status, lag.total_seconds(), row["oldest_due_at"], row["workers"], row["last_dispatch_at"]
    )
    return Response(report, status_code=200 if status == "ok" else 503)


ROUTES = [dispatch]

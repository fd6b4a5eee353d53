"""How the tests of the API arrange and look at what the API itself cannot."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from layers.app import Shared, create_app
from layers.db.pool import Pool

Z = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
"""A time as the wire writes it."""


@dataclass(frozen=True)
class Declared:
    """A route as the app declares it; `scope` is None where no key is needed."""

    method: str
    path: str
    scope: str | None

    def at(self, name: str = "unknown") -> str:
        """Return the path with `name` for every id."""
        return re.sub(r"{\w+:\w+}", name, self.path)


def declared_routes(shared: Shared) -> Iterator[Declared]:
    """Yield all routes of the app that are ours."""
    for route in create_app(shared).otherwise.app.app.otherwise.routes:
        for handler in route.route_handlers:
            if handler.fn.__module__.startswith("layers"):
                for method in handler.http_methods:
                    path = "/" + "/".join(
                        c if isinstance(c, str) else f"{{{c.name}:str}}" for c in route.path_components
                    )
                    yield Declared(method, path, handler.opt.get("scope"))


def target(account: str, mode: str = "direct_publish", **fields: object) -> dict[str, object]:
    """Return a target as the wire has it."""
    return {"socialAccountId": account, "mode": mode, **fields}


def ahead(**amount: float) -> str:
    """Return a time from now as the wire writes it, to the second."""
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(**amount)
    return moment.isoformat().replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Read a time of the wire; it must end in Z."""
    assert Z.fullmatch(text), text
    return datetime.fromisoformat(text)


async def row_counts(pool: Pool) -> dict[str, int]:
    """Count the rows of every table."""
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {name: await pool.fetchval(f'SELECT count(*) FROM "{name}"') for (name,) in tables}


async def make_failed(pool: Pool, post_id: str, *, unknown: bool = False) -> None:
    """Leave a post as the dispatcher does when it gives up."""
    error = {
        "code": "OUTCOME_UNKNOWN" if unknown else "CONTENT_REJECTED",
        "message": "The platform said no.",
        "platformCode": "E42",
        "retryable": False,
        "at": datetime.now(UTC),
    }
    await pool.execute(
        "UPDATE scheduled_posts SET status = 'failed', due_at = NULL, attempts = 3, attempted_at = now(),"
        " outcome_unknown = $2, last_error = $3, commit_sent_at = CASE WHEN $2 THEN now() END WHERE id = $1",
        *(post_id, unknown, error),
    )


async def make_publishing(pool: Pool, post_id: str, *, committed: bool) -> None:
    """Leave a post as it is while a worker talks to the platform."""
    await pool.execute(
        "UPDATE scheduled_posts SET status = 'publishing', fence = fence + 1, holds_lane = true, attempts = 1,"
        " attempted_at = now(), frozen_at = now(), due_at = now() + interval '1 minute',"
        " commit_sent_at = CASE WHEN $2 THEN now() END WHERE id = $1",
        *(post_id, committed),
    )


async def make_status(pool: Pool, post_id: str, status: str) -> None:
    """Put a post into a terminal status."""
    await pool.execute(
        "UPDATE scheduled_posts SET status = $2, due_at = NULL WHERE id = $1", *(post_id, status)
    )

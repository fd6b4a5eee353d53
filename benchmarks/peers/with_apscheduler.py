"""APScheduler 3 inside the API process, jobs in PostgreSQL: its job store cannot be shared between processes.

A job leaves the store when it is handed to a thread, so a death takes it along; what is not out is scheduled again when
the process starts.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import job
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from fastapi import FastAPI, Header
from urllib3.exceptions import HTTPError

scheduler = BackgroundScheduler(
    jobstores={"default": SQLAlchemyJobStore(job.DATABASE.replace("postgresql://", "postgresql+psycopg://"))},
    executors={"default": ThreadPoolExecutor(job.CONCURRENCY)},
    job_defaults={"misfire_grace_time": None},
    timezone=UTC,
)


def schedule(post_id: str, at: datetime | None) -> None:
    """Publish a post at a time, or now."""
    scheduler.add_job(
        publish, "date", run_date=at or datetime.now(UTC), args=[post_id], id=post_id, replace_existing=True
    )


def publish(post_id: str) -> None:
    """Publish a post unless it is out; try again in a while when the platform fails."""
    if text := job.find(post_id):
        try:
            job.finish(post_id, job.publish(text))
        except HTTPError:
            schedule(post_id, datetime.now(UTC) + timedelta(seconds=10))


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Start the scheduler and schedule again what is not out."""
    scheduler.start(paused=job.PAUSED)
    with job.pool().connection() as tx:
        left = tx.execute("SELECT id, due_at FROM posts WHERE status <> 'published'").fetchall()
    for post_id, due_at in left:
        schedule(post_id, due_at)
    yield
    scheduler.shutdown()


api = FastAPI(lifespan=lifespan)


@api.post("/publish")
def accept(wanted: job.Wanted, idempotency_key: Annotated[str, Header()]) -> dict[str, str]:
    """Keep the post, then its job."""
    post_id, new = job.insert(wanted, idempotency_key)
    if new:
        schedule(post_id, wanted.at)
    return {"id": post_id}


if __name__ == "__main__":
    job.prepare()

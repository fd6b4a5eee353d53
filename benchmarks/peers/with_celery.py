"""Celery on Redis: `acks_late`, a visibility timeout, one message at a time for each thread, retries with backoff.

The visibility timeout is how long Redis waits before it hands a dead worker's tasks to another. Its default is an hour;
here it is a minute, swept every five seconds, so that recovery can be waited for. The price is Celery's: a task whose
ETA is further away than this timeout is handed out again and again, so real schedules could not use so short a one.
"""

from typing import Annotated

import job
from celery import Celery
from fastapi import FastAPI, Header
from urllib3.exceptions import HTTPError

VISIBILITY_TIMEOUT = 60

app = Celery("posts", broker=job.REDIS)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    },
)
api = FastAPI()


@app.task(autoretry_for=(HTTPError,), retry_backoff=True, max_retries=10)
def publish(post_id: str) -> None:
    """Publish a post unless it is out."""
    if text := job.find(post_id):
        job.finish(post_id, job.publish(text))


@api.post("/publish")
def accept(wanted: job.Wanted, idempotency_key: Annotated[str, Header()]) -> dict[str, str]:
    """Keep the post, then send its task."""
    post_id, new = job.insert(wanted, idempotency_key)
    if new:
        publish.apply_async((post_id,), eta=wanted.at, task_id=post_id)
    return {"id": post_id}


if __name__ == "__main__":
    job.prepare()

"""DBOS: a durable workflow for each post, named by its idempotency key, each call a step that is recorded when done.

The queue is looked at ten times a second (default: once), which is what bounds its rate. A worker that is started again
under its executor id takes up what it left.
"""

import signal
import sys
from typing import Annotated

import job
from dbos import DBOS, DBOSClient, DBOSConfig
from fastapi import FastAPI, Header

QUEUE = "posts"
config: DBOSConfig = {
    "name": "posts",
    "system_database_url": job.DATABASE,
    "application_version": "1",
    "executor_id": "worker-1",
    "log_level": "WARNING",
}
api = FastAPI()


@DBOS.step(retries_allowed=True, max_attempts=10)
def init(text: str) -> str:
    """Announce the post."""
    return job.call("/init", text=text)


@DBOS.step(retries_allowed=True, max_attempts=10)
def upload(upload_id: str) -> str:
    """Send its media."""
    return job.call("/upload", id=upload_id)


@DBOS.step(retries_allowed=True, max_attempts=10)
def commit(upload_id: str) -> str:
    """Make it public."""
    return job.call("/publish", id=upload_id)


@DBOS.workflow(name="publish")
def publish(text: str) -> str:
    """Hold the whole conversation; returns the platform's id of the post."""
    upload_id = init(text)
    upload(upload_id)
    return commit(upload_id)


@api.post("/publish")
def accept(wanted: job.Wanted, idempotency_key: Annotated[str, Header()]) -> dict[str, str]:
    """Enqueue the workflow; a known key attaches to the one there is."""
    options = {"workflow_name": "publish", "queue_name": QUEUE, "workflow_id": idempotency_key}
    if delay := job.seconds_until(wanted.at):
        options["delay_seconds"] = delay
    return {"id": client.enqueue(options, wanted.text).workflow_id}


def start() -> None:
    """Launch, which also makes the tables and takes up what was left."""
    DBOS(config=config)
    DBOS.launch()
    DBOS.register_queue(QUEUE, worker_concurrency=job.CONCURRENCY, polling_interval_sec=0.1)


if __name__ == "__main__":
    start()
    if sys.argv[1:] == ["work"]:
        signal.pause()
    DBOS.destroy()
else:
    client = DBOSClient(system_database_url=job.DATABASE)

"""Procrastinate: the row and its job in one transaction, retries, and the documented rescue of stalled jobs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import aiohttp
import job
from fastapi import FastAPI, Header
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy

connector = PsycopgConnector(conninfo=job.DATABASE, min_size=4, max_size=16)
app = App(connector=connector)
sessions: list[aiohttp.ClientSession] = []


def session() -> aiohttp.ClientSession:
    """Return the worker's HTTP session, opened on first use: the loop must run."""
    if not sessions:
        sessions.append(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=job.SECONDS)))
    return sessions[0]


@app.task(name="publish", retry=RetryStrategy(max_attempts=10, exponential_wait=2))
async def publish(post_id: str) -> None:
    """Publish a post unless it is out."""
    async with connector.pool.connection() as tx:
        row = await (await tx.execute(job.FIND, (post_id,))).fetchone()
    if row:
        external_id = await job.publish_async(session(), row[0])
        async with connector.pool.connection() as tx:
            await tx.execute(job.FINISH, (external_id, post_id))


@app.periodic(cron="* * * * * */10")
@app.task(name="rescue", queueing_lock="rescue", pass_context=True)
async def rescue(context: JobContext, timestamp: int) -> None:
    """Give the jobs of workers without a heartbeat (30 s, the default) back to the queue."""
    for stalled in await app.job_manager.get_stalled_jobs():
        await app.job_manager.retry_job(stalled)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Keep the connector open."""
    async with app.open_async():
        yield


api = FastAPI(lifespan=lifespan)


@api.post("/publish")
async def accept(wanted: job.Wanted, idempotency_key: Annotated[str, Header()]) -> dict[str, str]:
    """Keep the post and its job, both or neither."""
    async with connector.pool.connection() as tx:
        row = await (await tx.execute(job.INSERT, wanted.row(idempotency_key))).fetchone()
        if row:
            await publish.configure(schedule_at=wanted.at, connection=tx).defer_async(post_id=row[0])
        else:
            row = await (await tx.execute(job.KNOWN, (idempotency_key,))).fetchone()
    return {"id": row[0]}


async def prepare() -> None:
    """Make the tables."""
    job.prepare()
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


if __name__ == "__main__":
    asyncio.run(prepare())

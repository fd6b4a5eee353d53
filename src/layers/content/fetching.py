"""Media fetched from addresses callers gave, by workers, and the clearing away of what nobody wants any more.

The row is the work: a worker that dies loses its lease, and another fetches anew. An address is connected to only if it
is public, at every hop, and what comes is limited in bytes and time before it is looked at.
"""

import asyncio
import errno
import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import asyncpg
import structlog
from yarl import URL

from layers import events
from layers.api import errors
from layers.content import commands, intakes, staging
from layers.content.intakes import Item
from layers.content.media import MAX_VIDEO_BYTES
from layers.content.staging import Source, Staged
from layers.content.uploads import Harbour
from layers.db.pool import BUSY, DATABASE_AWAY, Connection, Pool
from layers.events import Event
from layers.outbound import CONNECT_SECONDS, READ_SECONDS, USER_AGENT, open_fetcher, url_issue
from layers.storage import StorageError
from layers.strays import delete_strays

log = structlog.get_logger("layers.fetching")
LOOK_EVERY = 0.25
WIDTH = 6
"""Containers one worker fetches at the same time."""
LEASE = timedelta(seconds=30)
WAITS = (5, 30, 120, 600, 1800, 3600, 7200, 7200)
"""Seconds from each try to the next: nine tries in about six hours."""
JITTER = 0.1
FILE_SECONDS = 900
MOST_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)
PASSING = (408, 425, 429)
"""Answers below 500 that do not mean never."""
CHUNK_BYTES = 256 * 1024


class Unfetchable(Exception):  # noqa: N818
    """It is not to be had, now or ever; `code` is what `lastError` says."""

    def __init__(self, code: str, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.code, self.passing = code, passing


class Fetcher:
    """Fetches what containers wait for."""

    def __init__(
        self, pool: Pool, harbour: Harbour, waits: Sequence[float] = WAITS, lease: timedelta = LEASE
    ) -> None:
        self.pool, self.harbour, self.waits, self.lease = pool, harbour, waits, lease
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is in hand then is given back."""
        while not stop.is_set():
            try:
                await self._look()
            except (*DATABASE_AWAY, *BUSY) as fault:
                log.debug("fetching looks again", error=repr(fault))
            except Exception as fault:
                log.error("fetching broke; looking again", exc_info=fault)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _look(self) -> None:
        while len(self._running) < WIDTH and (claim := await intakes.claim(self.pool, self.lease)):
            task = asyncio.create_task(self._work(claim))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _work(self, claim: asyncpg.Record) -> None:
        container_id, fence = claim["container_id"], claim["fence"]
        try:
            try:
                if claim["attempts"] > len(self.waits) + 1:  # each of them ended with its worker
                    raise Unfetchable("INTERNAL", "Fetching it failed again and again.")
                await self._bring(container_id, fence)
            except Unfetchable as fault:
                await self._fault(claim, fault)
            except errors.Validation as refusal:
                await self._fault(claim, Unfetchable("MEDIA_INVALID", refusal.message))
            except StorageError as fault:
                log.error("fetched media cannot be stored", container=container_id, error=str(fault))
                await self._fault(claim, Unfetchable("INTERNAL", "Layers could not store it.", passing=True))
        except asyncio.CancelledError:  # nobody failed: the worker stops
            with suppress(*DATABASE_AWAY, *BUSY):
                await intakes.give_back(self.pool, container_id, fence, timedelta(), None)
            raise
        except (*DATABASE_AWAY, *BUSY) as fault:
            log.debug("fetch left to its lease", container=container_id, error=repr(fault))
        except Exception as fault:
            log.error("fetch broke; left to its lease", container=container_id, exc_info=fault)

    async def _bring(self, container_id: str, fence: int) -> None:
        """Fetch all items of a container and complete it. Raises Unfetchable, Validation or StorageError."""
        items = await intakes.items(self.pool, container_id)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._held(container_id, fence))
            session = await stack.enter_async_context(open_fetcher(guarded=not self.harbour.anywhere))
            sources: list[Source] = []
            for item in items:
                path = await stack.enter_async_context(staging.temporary_file(self.harbour.folder))
                await _fetch(session, item, path, anywhere=self.harbour.anywhere)
                sources.append(Source(path, item.filename, item.asset_id))
            staged = await staging.stage(self.pool, self.harbour.storage, container_id, sources, "media")
        async with self.pool.acquire() as tx, tx.transaction():
            await _complete(tx, staged, fence)

    @asynccontextmanager
    async def _held(self, container_id: str, fence: int) -> AsyncGenerator[None]:
        """Keep the lease while the block runs. Losing it costs only work: the fence lets one worker write."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(self.lease.total_seconds() / 3)
                with suppress(*DATABASE_AWAY, *BUSY):
                    await intakes.keep(self.pool, container_id, fence, self.lease)

        keeping = asyncio.create_task(keep())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _fault(self, claim: asyncpg.Record, fault: Unfetchable) -> None:
        """Let it be tried again, or end the container as failed."""
        attempts: int = claim["attempts"]
        again = fault.passing and attempts <= len(self.waits)
        error: dict[str, object] = {
            "code": fault.code,
            "message": str(fault),
            "retryable": again,
            "at": datetime.now(UTC),
        }
        log.info(
            "fetch failed", container=claim["container_id"], code=fault.code, why=str(fault), again=again
        )
        if again:
            wait = self.waits[attempts - 1] * (1 + JITTER * random.random())  # noqa: S311
            await intakes.give_back(
                self.pool, claim["container_id"], claim["fence"], timedelta(seconds=wait), error
            )
            return
        async with self.pool.acquire() as tx, tx.transaction():
            await _fail(tx, claim["container_id"], claim["fence"], error)


async def _complete(tx: Connection, staged: Staged, fence: int) -> None:
    intake = await intakes.close(tx, staged.container_id, fence)
    if intake is None:
        return  # deleted meanwhile, or another worker's; what was staged is swept
    await staging.adopt(tx, staged)
    await intakes.complete(tx, staged.container_id, staged.kind, staged.media)
    data = commands.told(staged.container_id, staged.kind, len(staged.media))
    await events.append(tx, _event("content.completed", intake, data))


async def _fail(tx: Connection, container_id: str, fence: int, error: dict[str, object]) -> None:
    intake = await intakes.close(tx, container_id, fence)
    if intake is None:
        return
    await intakes.end(tx, container_id, "failed", error)
    told = {"code": error["code"], "message": error["message"]}
    await events.append(tx, _event("content.failed", intake, {"containerId": container_id, "error": told}))


def _event(kind: str, intake: asyncpg.Record, data: dict[str, object]) -> Event:
    """Return an event in the name of who asked for the media."""
    return Event(
        kind,
        intake["organization_id"],
        intake["project_id"],
        intake["container_id"],
        data,
        intake["actor"],
        intake["api_key_id"],
        intake["request_id"],
    )


# One file ---------------------------------------------------------------------------------------------------------


async def _fetch(session: aiohttp.ClientSession, item: Item, path: Path, *, anywhere: bool) -> None:
    """Fetch a file. Raises Unfetchable."""
    url = URL(item.url or "", encoded=True)
    try:
        async with asyncio.timeout(FILE_SECONDS):
            for _ in range(MOST_REDIRECTS + 1):
                if issue := url_issue(str(url.with_fragment(None)), anywhere=anywhere):
                    raise Unfetchable(
                        "MEDIA_UNREACHABLE", f"{item.filename}: redirected to {url}: {issue.message}"
                    )
                where = await _get(session, url, item, path)
                if where is None:
                    return
                url = where
        raise Unfetchable("MEDIA_UNREACHABLE", f"{item.filename}: more than {MOST_REDIRECTS} redirects.")
    except TimeoutError as fault:
        words = f"{item.filename}: not there within {FILE_SECONDS} seconds, or silent for {READ_SECONDS}."
        raise Unfetchable("MEDIA_UNREACHABLE", words, passing=True) from fault
    except (aiohttp.ClientError, OSError, ValueError) as fault:
        never = (
            isinstance(fault, aiohttp.InvalidURL | ValueError) or getattr(fault, "errno", 0) == errno.EACCES
        )
        words = f"{item.filename}: {type(fault).__name__}: {fault}".rstrip(": ")
        raise Unfetchable("MEDIA_UNREACHABLE", words, passing=not never) from fault


async def _get(session: aiohttp.ClientSession, url: URL, item: Item, path: Path) -> URL | None:
    """Write the answer of one address to `path`; returns where it redirects to instead."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    async with session.get(url, headers=headers, allow_redirects=False, timeout=timeout) as answer:
        if answer.status in REDIRECTS and (location := answer.headers.get("Location")):
            return url.join(URL(location))
        if answer.status != 200:
            passing = answer.status >= 500 or answer.status in PASSING
            words = (
                f"{item.filename}: the server answered {answer.status} {answer.reason or ''}".strip() + "."
            )
            raise Unfetchable("MEDIA_UNREACHABLE", words, passing=passing)
        if (answer.content_length or 0) > MAX_VIDEO_BYTES:
            raise _too_large(item)
        await staging.write(path, _limited(answer.content, item))
        return None


async def _limited(content: aiohttp.StreamReader, item: Item) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in content.iter_chunked(CHUNK_BYTES):
        size += len(chunk)
        if size > MAX_VIDEO_BYTES:
            raise _too_large(item)
        yield chunk


def _too_large(item: Item) -> Unfetchable:
    return Unfetchable(
        "MEDIA_INVALID", f"{item.filename}: larger than the {MAX_VIDEO_BYTES // 1_000_000:,} MB allowed."
    )


# Clearing away ----------------------------------------------------------------------------------------------------


async def clear_away(pool: Pool, harbour: Harbour) -> None:
    """Cancel containers whose media never came, and delete objects and temporary files that belong to nothing."""
    while container_id := await intakes.next_abandoned(pool):
        async with pool.acquire() as tx, tx.transaction():
            if intake := await intakes.close(tx, container_id):
                await intakes.end(tx, container_id, "canceled", None)
                told: dict[str, object] = {"containerId": container_id, "reason": "upload_expired"}
                await events.append(tx, _event("content.canceled", intake, told))
    await delete_strays(pool, harbour.storage)
    await asyncio.to_thread(staging.sweep, harbour.folder)

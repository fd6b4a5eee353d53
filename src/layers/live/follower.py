"""Follows the table of events for all who listen in this process, and only while somebody does.

Events are told in the order of their positions, and one only when everything before it is settled. Positions are given
out before the commit, so a lower one may appear after a higher one. Whoever holds one that nobody sees yet also holds a
lock on the table until its transaction ends. So where a position is missing, the follower notes who holds such a lock;
once they are all gone, what is still missing was rolled back. The publishing transaction does nothing for this.

As all processes tell the same order, "everything after that event" is exact wherever a listener comes back.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import asyncpg
import structlog

from layers.access.caller import Caller
from layers.db.pool import BUSY, DATABASE_AWAY, Pool
from layers.kit.times import utc_now
from layers.live import store
from layers.live.schemas import SCOPES, Told, told_from

log = structlog.get_logger("layers.live")
LOOK_EVERY = 0.2
LOOK_AGAIN = 0.03
"""Seconds until the next look where a position is missing."""
AWAY = 1.0
AT_ONCE = 1000
MOST_WAITING = 1000
"""Events that wait for one listener; who reads more slowly is cut off, and goes on from the last one it has."""


@dataclass(eq=False, slots=True)
class Listener:
    """Somebody who listens: as whom, and for what."""

    caller: Caller
    project_id: str | None
    types: frozenset[str] | None
    after: int = 0
    queue: "asyncio.Queue[Told | None]" = field(
        default_factory=lambda: asyncio.Queue[Told | None](MOST_WAITING + 1)
    )
    """None: it is over."""

    def wants(self, told: Told, environment: str | None) -> bool:
        """Tell whether it may hear an event of its organisation, and wants to."""
        return (
            environment == self.caller.environment
            and self.caller.may(SCOPES[told.type.partition(".")[0]])
            and (self.types is None or told.type in self.types)
            and (self.project_id is None or told.data["projectId"] == self.project_id)
        )

    def tell(self, told: Told) -> None:
        """Put an event into its queue; a full one ends it."""
        if self.queue.qsize() < MOST_WAITING:
            self.queue.put_nowait(told)
        else:
            self.end()

    def end(self) -> None:
        """Let it hear nothing more."""
        while self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


@dataclass(slots=True)
class Watch:
    """Positions up to `until` are settled once none of the writers is left."""

    until: int
    writers: frozenset[str]


class Follower:
    """One for each process."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.listeners: set[Listener] = set()
        self._joining: dict[Listener, asyncio.Future[int]] = {}
        self._wanted = asyncio.Event()
        self._head: int | None = None
        self._cleared_to = 0
        self._watch: Watch | None = None
        self._in_hand: dict[int, asyncpg.Record] = {}

    async def join(self, listener: Listener) -> int:
        """Let a listener hear what comes after the position that is returned."""
        self._joining[listener] = admitted = asyncio.get_running_loop().create_future()
        self._wanted.set()
        return await admitted

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        self.listeners.discard(listener)
        self._joining.pop(listener, None)

    def of_key(self, api_key_id: str) -> int:
        """Return how many listen with a key."""
        return sum(one.caller.api_key_id == api_key_id for one in (*self.listeners, *self._joining))

    async def run(self) -> None:
        """Follow as long as somebody listens; wait for somebody otherwise."""
        while True:
            await self._wanted.wait()
            try:
                if not (self.listeners or self._joining):
                    self._wanted.clear()
                    self._head, self._in_hand = None, {}
                    continue
                again = await self._look()
                await asyncio.sleep(LOOK_AGAIN if again else LOOK_EVERY)
            except (*DATABASE_AWAY, *BUSY) as fault:
                log.debug("stream looks again", error=repr(fault))
                await asyncio.sleep(AWAY)
            except Exception as fault:
                log.error("stream broke; looking again", exc_info=fault)
                await asyncio.sleep(AWAY)

    async def _begin(self) -> int:
        """Find a position up to which everything is settled."""
        newest = await store.newest(self.pool)
        writers = await store.writers(self.pool)
        while writers:
            writers &= await store.writers(self.pool)
            await asyncio.sleep(LOOK_AGAIN if writers else 0)
        self._cleared_to, self._watch = newest, None
        return newest

    def _admit(self, head: int) -> None:
        """Let in who waits: between two looks, so that nothing is read without them."""
        for listener, admitted in self._joining.items():
            if not admitted.done():
                listener.after = head
                self.listeners.add(listener)
                admitted.set_result(head)
        self._joining.clear()

    async def _look(self) -> bool:
        """Tell what is new; returns whether to look again soon."""
        head = self._head = await self._begin() if self._head is None else self._head
        self._admit(head)
        whose = {listener.caller.organization_id for listener in self.listeners}
        if self._watch and not self._watch.writers & await store.writers(self.pool):
            self._cleared_to, self._watch = self._watch.until, None
        rows = await store.read_next(self.pool, head, whose, AT_ONCE)
        for row in rows:
            position = row["position"]
            if position != head + 1 and position > self._cleared_to + 1:
                if self._watch is None:
                    self._watch = Watch(rows[-1]["position"], await store.writers(self.pool))
                return True
            self._head = head = position
            if row["type"]:
                self._tell(row)
        await self._look_at_posts(whose)
        return len(rows) == AT_ONCE

    def _tell(self, row: asyncpg.Record) -> None:
        concerned = [
            one
            for one in self.listeners
            if one.caller.organization_id == row["organization_id"] and row["position"] > one.after
        ]
        if row["type"].partition(".")[0] not in SCOPES:
            _end(concerned, row)
            return
        told = told_from(row)
        for listener in concerned:
            if listener.wants(told, row["environment"]):
                listener.tell(told)

    async def _look_at_posts(self, whose: set[str]) -> None:
        """Hint at posts that were taken in hand or let go without an event of their own."""
        if not any(listener.caller.may(SCOPES["post"]) for listener in self.listeners):
            return
        now = {row["number"]: row for row in await store.posts_in_hand(self.pool, whose)}
        before, self._in_hand = self._in_hand, now
        gone = before.keys() - now.keys()
        left = await store.still_open(self.pool, gone) if gone else []
        changed = [n for n, row in now.items() if n not in before or before[n]["fence"] != row["fence"]]
        for row in (*(now[n] for n in changed), *(before[n] for n in left)):
            data: dict[str, object] = {"projectId": row["project_id"], "scheduledPostId": row["id"]}
            told = Told(None, "post.updated", utc_now(), data)
            for listener in self.listeners:
                if listener.caller.organization_id == row["organization_id"] and listener.wants(
                    told, row["environment"]
                ):
                    listener.tell(told)


def _end(concerned: Iterable[Listener], row: asyncpg.Record) -> None:
    """End listeners whose key is no good any more; one that is still good comes back."""
    for listener in concerned:
        if row["type"] == "organization.killed" or listener.caller.api_key_id == row["subject_id"]:
            listener.end()


@asynccontextmanager
async def following(pool: Pool) -> AsyncGenerator[Follower]:
    """Follow while the block runs."""
    follower = Follower(pool)
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        for listener in follower.listeners:
            listener.end()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

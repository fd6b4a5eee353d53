"""A worker that can be stopped before and after every statement and every call, and whose wire can be spoilt."""

import asyncio
from collections import defaultdict
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import structlog

from layers.connector import Call, Effect, Reply
from layers.outbound import AnswerLost, NotSent, Outbound
from layers.publishing import ledger

Step = tuple[str, str, str]
"""What went over the wire: effect, name of the call, how it ended."""


@dataclass
class Leash:
    """What one piece of work is held by: it stops once it has passed `left` points (None: never)."""

    left: int | None
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    slept: float = 0.0
    """Seconds let pass while it stood still, since its lease was last renewed."""

    async def point(self) -> None:
        """Stop here, if it is time, until let go."""
        if self.left == 0:
            self.left = None
            self.stopped.set()
            await self.go.wait()
        elif self.left is not None:
            self.left -= 1

    def resume(self, left: int | None) -> None:
        """Let it go on, to the next stop."""
        self.left, self.stopped, go, self.go = left, asyncio.Event(), self.go, asyncio.Event()
        go.set()


HELD: ContextVar[Leash] = ContextVar("leash")


class StoppablePool:
    """A pool whose single statements are points to stop at; nothing else is changed."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def fetchrow(self, query: str, *args: object) -> Any:
        """Claims."""
        return await self._between(self._pool.fetchrow(query, *args))

    async def fetchval(self, query: str, *args: object) -> Any:
        """Saves and settles."""
        if query == ledger.SAVE:
            HELD.get().slept = 0.0
        return await self._between(self._pool.fetchval(query, *args))

    async def _between(self, statement: Any) -> Any:
        try:
            await HELD.get().point()
        except BaseException:
            statement.close()
            raise
        answer = await statement
        await HELD.get().point()
        return answer


class StoppableOutbound(Outbound):
    """The real door to the platforms. It notes what passes for which post, and spoils the next call if told to."""

    __slots__ = ("spoil", "steps")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.steps: dict[str, list[Step]] = defaultdict(list)
        self.spoil: tuple[str, int] | None = None
        """What to do to which call from now on: lose, cut, error_after, error_before."""

    async def send(self, call: Call, media: Any = (), **options: Any) -> Reply:
        """Send, or not; and come back with the answer, or without."""
        leash = HELD.get()
        await leash.point()
        if options.get("not_after") is not None:
            options["not_after"] -= leash.slept
        post = str(structlog.contextvars.get_contextvars()["post"])
        steps, place = self.steps[post], len(self.steps[post])
        effect = "repeatable" if call.repeatable else call.effect
        steps.append((effect, call.name, "open"))
        try:
            reply = await self._spoilt(call, media, self._strike(), options)
        except NotSent:
            steps[place] = (effect, call.name, "not sent")
            raise
        await leash.point()
        steps[place] = (effect, call.name, "open" if reply.status >= 500 else f"{reply.status}")
        return reply

    def _strike(self) -> str:
        if self.spoil is None:
            return ""
        action, skip = self.spoil
        self.spoil = (action, skip - 1) if skip else None
        return "" if skip else action

    async def _spoilt(self, call: Call, media: Any, action: str, options: dict[str, Any]) -> Reply:
        if action == "cut":
            raise NotSent("cut by the test")
        if action == "error_before":
            return Reply(503)
        reply = await super().send(call, media, **options)
        if action == "lose":
            raise AnswerLost("lost by the test")
        return Reply(500) if action == "error_after" else reply

    def sent_blindly(self) -> list[str]:
        """Return the posts of which a COMMIT was sent again though nothing was learnt since it was in the open."""
        return [post for post, steps in self.steps.items() if _blind(steps)]


def _blind(steps: list[Step]) -> bool:
    """Between a COMMIT that may have happened and the same COMMIT again there must be an answer of the platform."""
    in_the_open = set[str]()
    for effect, name, end in steps:
        if effect == Effect.COMMIT:
            if name in in_the_open:
                return True
            if end == "open":
                in_the_open.add(name)
        elif effect == Effect.READ and end.startswith("2"):
            in_the_open.clear()
    return False

"""Many small questions answered as few large ones, without making any of them wait for company."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Together(Generic[Q, A]):
    """Asks in batches: a lone question goes at once; those that come meanwhile make up the next batch.

    `ask_all` returns the answers in the order of the questions; what it raises, every asker of the batch hears.
    """

    def __init__(self, ask_all: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], at_most: int) -> None:
        self._ask_all, self._at_most = ask_all, at_most
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """Return the answer to one question."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[A] = loop.create_future()
        self._waiting.append((question, answer))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._work())
        return await answer

    async def _work(self) -> None:
        while self._waiting:
            batch = self._waiting[: self._at_most]
            del self._waiting[: self._at_most]
            try:
                answers = await self._ask_all([question for question, _ in batch])
            except BaseException as fault:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(fault)
                if not isinstance(fault, Exception):
                    raise
            else:
                for (_, answer), value in zip(batch, answers, strict=True):
                    if not answer.done():
                        answer.set_result(value)

"""Drive a connector's flows with plain values, by the engine's rules and without any I/O."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from layers.connector import Call, Connector, Effect, Failure, JournalEntry, Reply, Wait

T = TypeVar("T")
Answer = Reply | list[Reply] | Callable[[Call], Reply]
Script = Mapping[str, Answer]
"""The platform's answer by the name of the call, with or without its closing number; of several, each in turn and the
last one for ever."""

SENT_AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PREPARING = Call("prepare", Effect.PREPARE, "POST", "https://x.test")
COMMITTING = Call("commit", Effect.COMMIT, "POST", "https://x.test")


@dataclass
class Run(Generic[T]):
    """What a flow did: its end, every call that left, and what the journal then holds."""

    end: T
    calls: list[Call] = field(default_factory=list[Call])
    journal: list[JournalEntry] = field(default_factory=list[JournalEntry])
    waits: int = 0

    @property
    def names(self) -> list[str]:
        return [call.name for call in self.calls]

    @property
    def effective(self) -> list[Call]:
        return [call for call in self.calls if call.effect is not Effect.READ]

    def call(self, name: str) -> Call:
        return next(call for call in self.calls if call.name == name)


def entry(name: str, effect: Effect, reply: Reply | None = None, minutes: int = 0) -> JournalEntry:
    """A journaled call, made some minutes after SENT_AT."""
    return JournalEntry(name, effect, SENT_AT + timedelta(minutes=minutes), reply)


def assert_means(
    found: Failure | None, failure: type[Exception], code: str, platform_code: str | None
) -> None:
    """An answer was understood as that failure, under that code of ours and that of the platform."""
    assert found is not None
    assert (type(found), found.code, found.platform_code) == (failure, code, platform_code)


def drive(
    connector: Connector,
    begin: Callable[[], Generator[Call | Wait, Reply, T]],
    script: Script,
    journal: Sequence[JournalEntry] = (),
) -> Run[T]:
    """Run the flow to its end; after a wait it begins anew, as it does when a parked post is resumed."""
    known = {entry.name: entry for entry in journal}
    calls: list[Call] = []
    turns: dict[str, int] = {}
    for waits in range(50):
        try:
            _converse(connector, begin(), script, known, calls, turns)
        except StopIteration as stop:
            return Run(stop.value, calls, list(known.values()), waits)
    raise AssertionError("the flow waits for ever")


def _converse(
    connector: Connector,
    flow: Generator[Call | Wait, Reply, T],
    script: Script,
    known: dict[str, JournalEntry],
    calls: list[Call],
    turns: dict[str, int],
) -> None:
    step = next(flow)
    yielded: set[str] = set()
    while not isinstance(step, Wait):
        if step.effect is not Effect.READ:
            assert step.name not in yielded, f"two calls are named {step.name}"
            yielded.add(step.name)
        entry = None if step.effect is Effect.READ else known.get(step.name)
        reply = entry.reply if entry and entry.reply else _ask(connector, step, script, calls, turns)
        if step.effect is not Effect.READ:
            known[step.name] = JournalEntry(step.name, step.effect, SENT_AT, reply)
        step = flow.send(reply)
    flow.close()


def _ask(connector: Connector, call: Call, script: Script, calls: list[Call], turns: dict[str, int]) -> Reply:
    calls.append(call)
    turn = turns.get(call.name, 0)
    turns[call.name] = turn + 1
    reply = _answer(script.get(call.name) or script[call.name.rstrip(" 0123456789")], call, turn)
    if reply.status not in call.handles and (failure := connector.classify(call, reply)):
        raise failure
    return reply


def _answer(answer: Answer, call: Call, turn: int) -> Reply:
    if isinstance(answer, Reply):
        return answer
    if callable(answer):
        return answer(call)
    return answer[min(turn, len(answer) - 1)]


def assert_resumable(
    connector: Connector, begin: Callable[[], Generator[Call | Wait, Reply, T]], script: Script
) -> Run[T]:
    """From every prefix of its journal a flow reaches the same end by the same remaining calls."""
    whole = drive(connector, begin, script)
    for length in range(len(whole.journal) + 1):
        again = drive(connector, begin, script, whole.journal[:length])
        assert again.end == whole.end
        assert again.effective == whole.effective[length:]
        assert again.journal == whole.journal
    return whole

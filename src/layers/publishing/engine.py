"""A due post from clock to platform: claim, converse, settle; and what follows when that is cut short.

The connector's flow is played from its start each time; calls whose replies are journaled are answered from the
journal, so a flow resumes where the last worker stopped, however it stopped. A COMMIT is written to the journal and
committed before its first byte leaves. A COMMIT without a reply is in doubt: it is repeated only where the platform
itself refuses to do it twice, else looked up, and sent again only when it provably did not happen.
"""

import asyncio
import hashlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
import structlog

from layers.connector import (
    Account,
    Call,
    Connector,
    Delivered,
    Effect,
    Failure,
    Flow,
    Found,
    Media,
    NotPosted,
    Published,
    Reconnect,
    Rejected,
    Reply,
    Spoiled,
    Throttled,
    Unavailable,
    Unknown,
    Unreadable,
    Wait,
)
from layers.db.pool import BUSY, DATABASE_AWAY, Pool
from layers.kit import metrics, tracing
from layers.outbound import AnswerLost, NotSent, Outbound, lease_clock, rebase
from layers.publishing.credentials import Credentials, Door
from layers.publishing.ledger import Claim, Entry, Ledger, Settlement, StoryStep, Superseded
from layers.publishing.remake import media_path, remake_of
from layers.publishing.rules import GIVE_UP_AFTER, retry_wait, too_late
from layers.publishing.schemas import LastError
from layers.publishing.watch import note_start, watched
from layers.signing import LinkSigner

log = structlog.get_logger("layers.engine")
REQUEST_IDS = ("x-tt-logid", "x-request-id", "x-fb-trace-id", "x-trace-id")
MEDIA_LINK_LIFE = timedelta(hours=48)
HANDOFF_LIFE = timedelta(days=7)
FLUSH_EVERY = timedelta(seconds=2)
PREPARED_FOR = timedelta(minutes=50)
"""How long uploads and containers are reused: the shortest-lived upload link holds an hour."""
MOST_PAUSE = timedelta(minutes=30)
SEND_WITHIN = 0.6
"""Part of the lease within which a COMMIT must leave: a worker that slept longer may have been replaced."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient the engine is."""

    lease: timedelta = timedelta(seconds=15)
    first_retry: timedelta = timedelta(seconds=5)
    first_doubt: timedelta = timedelta(seconds=1)
    absence_spacing: timedelta = timedelta(seconds=10)
    unknown_after: timedelta = timedelta(minutes=10)
    find_after_at_most: timedelta = timedelta(minutes=2)
    wait_at_most: timedelta = timedelta(minutes=5)
    turn_posts: int = 20
    turn_seconds: float = 5.0


class _InDoubt(Exception):  # noqa: N818
    """A COMMIT may or may not have happened; look again at `until`."""

    def __init__(self, why: str, until: datetime) -> None:
        super().__init__(why)
        self.why, self.until = why, until


class _OutcomeUnknown(Exception):  # noqa: N818
    """Nobody can tell by machine whether the post is on its platform."""


@dataclass(slots=True)
class Engine:
    """Carries due posts to their platforms. One per worker; any number of lanes use it at once."""

    pool: Pool
    outbound: Outbound
    credentials: Credentials
    connectors: Mapping[str, Connector]
    signer: LinkSigner
    media_origin: str
    timing: Timing = Timing()
    running: dict[int, "_Attempt"] = field(default_factory=dict[int, "_Attempt"])
    dispatched: int = 0
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.pool)

    async def drain(self, account_id: str, go_on: Callable[[], bool]) -> bool:
        """Carry the account's due posts one after another for one turn; tells whether more may be due."""
        until = time.monotonic() + self.timing.turn_seconds
        for _ in range(self.timing.turn_posts):
            if not go_on() or time.monotonic() > until:
                return True
            claim = await self.ledger.claim(account_id, self.timing.lease)
            if claim is None:
                return False
            metrics.CLAIMS.inc()
            with (
                structlog.contextvars.bound_contextvars(**claim.known_by()),
                tracing.span("post", "consumer", claim.trace_parent, **claim.known_by()),
            ):
                await self._carry(claim)
        return True

    async def _carry(self, claim: Claim) -> None:
        attempt = _Attempt(self, claim)
        self.running[claim.number] = attempt
        try:
            async with attempt.leave:
                await attempt.run()
        except Superseded:
            metrics.CLAIMS_LOST.inc()
            log.info(
                "let go",
                why="canceled, taken over by another worker, the account reconnected or the organisation killed",
            )
        except (*DATABASE_AWAY, *BUSY) as fault:
            if attempt.leave.expired():
                await self._let_go(claim)
            else:
                log.warning("database away; the lease will lapse and the post be resumed", error=repr(fault))
        finally:
            if self.running.get(claim.number) is attempt:
                del self.running[claim.number]
            self.dispatched += 1

    def leave(self) -> None:
        """Drop what is being worked on where it stands: another worker resumes it from the journal."""
        for attempt in self.running.values():
            attempt.leave.reschedule(asyncio.get_running_loop().time())

    async def _let_go(self, claim: Claim) -> None:
        try:
            await self.ledger.release(claim)
            log.info("let go", why="the worker stops; another one may resume the post at once")
        except (*DATABASE_AWAY, *BUSY) as fault:
            log.warning("let go; the lease will lapse and the post be resumed", error=repr(fault))

    async def keep_leases(self) -> None:
        """Renew the lease of all that has been worked on for a while; call every third of a lease."""
        old = [
            (a.claim.number, a.claim.fence) for a in self.running.values() if a.age() > self.timing.lease / 4
        ]
        if old:
            await self.ledger.extend(old, self.timing.lease)


class _Attempt:
    """The work on one claimed post."""

    def __init__(self, engine: Engine, claim: Claim) -> None:
        self.engine, self.claim, self.timing = engine, claim, engine.timing
        self.connector = engine.connectors[claim.platform]
        self.started = time.monotonic()
        self.leave = asyncio.timeout(None)
        self.journal: dict[str, Entry] = {entry.name: entry for entry in claim.calls}
        self.dropped: list[str] = []
        self.unsaved: dict[str, Entry] = {}
        self._drop_stale()
        self.seen: dict[str, Entry] = {}
        self.story: list[StoryStep] = []
        self.lookups: list[dict[str, object]] = []
        self.refreshed = self.called = False
        self.refused_as: str | None = None
        self.last_call: Call | None = None
        self.flushed_at = self.started
        self.mode = self.connector.limits.modes[claim.mode]
        self.post = claim.post(tuple(self._linked(item) for item in claim.media))
        self.account: Account | None = None

    def _linked(self, item: Media) -> Media:
        """Give a media item the link under which the platform fetches it, remade if the platform needs that."""
        limit = self.mode.media.get(item.kind)
        path = media_path(item, remake_of(limit, item) if limit else None)
        signed = self.engine.signer.sign(path, self.claim.frozen_at + MEDIA_LINK_LIFE)
        return msgspec.structs.replace(item, url=self.engine.media_origin + signed)

    def _drop_stale(self) -> None:
        """Forget preparations that platforms have meanwhile thrown away, unless a COMMIT was built on them."""
        if not self.committed:
            old = self.claim.database_now - PREPARED_FOR
            if any(entry.sent_at < old for entry in self.journal.values()):
                self._prepare_anew()

    def _prepare_anew(self) -> None:
        self.dropped = list(self.journal)
        self.journal.clear()
        self.unsaved.clear()

    def age(self) -> timedelta:
        """Return how long this worker has been at it."""
        return timedelta(seconds=time.monotonic() - self.started)

    def now(self) -> datetime:
        """Return the database's time: workers' own clocks may differ by minutes."""
        return self.claim.database_now + self.age()

    @property
    def committed(self) -> bool:
        """Tell whether a COMMIT was sent that is not known to have been refused."""
        return any(entry.effect is Effect.COMMIT for entry in self.journal.values())

    def tell(self, kind: str, message: str, **data: object) -> None:
        """Add a step to the post's story; it is written with the next settlement."""
        self.story.append(StoryStep(kind, message, data))

    # From claim to settlement ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work on the post until it is settled. Raises Superseded or what the database raises when away."""
        try:
            end = await self._outcome()
        except (*DATABASE_AWAY, *BUSY, Superseded):
            raise
        except Exception as fault:
            log.error("bug", exc_info=fault)
            end = self._later(Unavailable("Something went wrong in Layers; the logs tell more.", "INTERNAL"))
        end = replace(end, story=tuple(self.story))
        calls, dropped = list(self.unsaved.values()), self.dropped
        await self.engine.ledger.settle(self.claim, end, calls, dropped, committed=self.committed)
        code, steps = end.error.code if end.error else "", [step.type for step in end.story]
        metrics.SETTLEMENTS.labels(self.claim.platform, end.status, code).inc()
        log.info("settled", status=end.status, attempts=self.claim.attempts, error=code or None, steps=steps)

    async def _outcome(self) -> Settlement:
        if self.mode.handoff:
            return self._hand_over()
        if refused := self._refuse_account():
            return refused
        await self._speak_for_the_vanished()
        while True:
            try:
                account = await self._open()
                await self._settle_doubts()
                return await self._play(self.connector.publish(self.post, account))
            except Reconnect as failure:
                if self.refreshed:
                    return self._wait_for_person(failure)
                self.refreshed, self.account, self.refused_as = True, None, failure.platform_code
            except _InDoubt as doubt:
                return self._park_in_doubt(doubt)
            except _OutcomeUnknown as why:
                return self._unknown(str(why))
            except Failure as failure:
                return self._failed(failure)

    def _refuse_account(self) -> Settlement | None:
        status = self.claim.account.status
        if status == "reauth_required":
            return self._wait_for_person(Reconnect("The account must be reconnected."))
        if status == "disconnected" and self.committed:
            return self._wait_for_person(Reconnect("The account was disconnected."))
        if status == "disconnected":
            return self._end_failed("CREDENTIAL_INVALID", "The account was disconnected.")
        return None

    async def _open(self) -> Account:
        if self.account is None:
            row, credentials = self.claim.account, self.engine.credentials
            if self.refreshed or credentials.is_stale(row):
                self.refreshed = True
                self.account = await credentials.refresh(self.connector, row)
                self.tell("token_refreshed", "The account's token was refreshed.")
            else:
                self.account = credentials.open(self.connector, row)
        return self.account

    async def _play(self, flow: Flow[Published | Delivered]) -> Settlement:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Wait):
                    return self._wait(step)
                step = flow.send(await self._answer(step))
        except StopIteration as end:
            return self._done(end.value)
        except Unreadable as why:
            raise self._unreadable(why) from why

    def _unreadable(self, why: Unreadable) -> Exception:
        call = self.last_call
        if call is not None and call.effect is Effect.COMMIT and call.name in self.unsaved:
            self._note(msgspec.structs.replace(self.unsaved[call.name], reply=None))
            return self._doubt(f"the answer to {call.name} was unreadable ({why})")
        return Unavailable(f"The platform's answer was unreadable: {why}.")

    # One call ----------------------------------------------------------------------------------------------------

    async def _answer(self, call: Call) -> Reply:
        self.last_call = call
        entry = self.journal.get(call.name)
        if entry is not None and entry.reply is not None:
            return entry.reply
        if call.effect is Effect.READ:
            reply = await self._exchange(call)
            self.seen[call.name] = self._entry(call, reply)
            return reply
        if call.effect is Effect.PREPARE:
            reply = await self._exchange(call)
            self._note(self._entry(call, reply))
            await self._flush()
            return reply
        return await self._commit(call, entry)

    async def _exchange(self, call: Call) -> Reply:
        """Send a call that commits nothing; trouble on the way is a failure that passes."""
        try:
            reply = await self._send(call, None)
        except (NotSent, AnswerLost) as fault:
            raise Unavailable(f"No answer to {call.name}: {fault}.") from fault
        if reply.status not in call.handles and (failure := self.connector.classify(call, reply)):
            raise failure
        return reply

    async def _commit(self, call: Call, entry: Entry | None) -> Reply:
        if entry is not None:
            self._check_repeat(call, entry)
        not_after = await self._intend(call, entry)
        started = time.monotonic()
        try:
            reply = await self._send(call, not_after)
        except NotSent as fault:
            if entry is None:
                self._retract(call.name)
            raise Unavailable(f"{call.name} could not be sent: {fault}.") from fault
        except AnswerLost as fault:
            raise self._doubt(f"the answer to {call.name} was lost ({fault})") from fault
        self._tell_sent(call, reply, started)
        if reply.status not in call.handles:
            self._refuse(call, reply, entry)
        self._note(msgspec.structs.replace(self.journal[call.name], reply=reply))
        return reply

    def _refuse(self, call: Call, reply: Reply, earlier: Entry | None) -> None:
        """Raise unless `reply` says that the COMMIT was carried out.

        A refused repeat says nothing of the `earlier` try: that one stays in doubt, and once the platform will not
        have it repeated it is looked up instead.
        """
        if reply.status >= 500:
            raise self._doubt(f"{call.name} was answered with {reply.status}")
        if failure := self.connector.classify(call, reply):
            if earlier is None:
                self._retract(call.name)
            elif isinstance(failure, Rejected):
                self._note(msgspec.structs.replace(earlier, repeatable_until=self.now()))
            raise failure

    async def _send(self, call: Call, not_after: float | None) -> Reply:
        door = self._door()
        if door.trusted:
            call = replace(call, url=rebase(call.url, door.origin))
        if not self.called:
            self.called = True
            note_start(self.claim, self.now() - self.claim.scheduled_for)
        sending = self.engine.outbound.send(call, self.post.media, trusted=door.trusted, not_after=not_after)
        return await watched(self.claim.platform, call, sending)

    def _door(self) -> Door:
        row = self.claim.account
        return self.engine.credentials.door(self.connector, sandbox=row.sandbox, service=row.service)

    def _tell_sent(self, call: Call, reply: Reply, started: float) -> None:
        ms = round((time.monotonic() - started) * 1000)
        words = f"{call.name}: answered {reply.status} after {ms} ms."
        self.tell("sent", words, status=reply.status, ms=ms, **_request_ids(reply))

    # The journal -------------------------------------------------------------------------------------------------

    def _entry(self, call: Call, reply: Reply | None) -> Entry:
        now = self.now()
        until = now + call.repeatable if call.repeatable else None
        return Entry(call.name, call.effect, now, reply, digest(call).hex(), repeatable_until=until)

    def _note(self, entry: Entry) -> None:
        self.journal[entry.name] = self.unsaved[entry.name] = entry
        self.dropped = [name for name in self.dropped if name != entry.name]

    def _retract(self, name: str) -> None:
        """Forget a COMMIT that is known not to have happened."""
        self.journal.pop(name, None)
        self.unsaved.pop(name, None)
        self.dropped.append(name)

    async def _intend(self, call: Call, entry: Entry | None) -> float:
        """Write the COMMIT, and all that led to it, durably before it is sent; returns the latest time to send it.

        The READ replies of this run are kept with it: a flow resumed after the commit must take the same path, even
        if the platform would answer them otherwise by then.
        """
        intent = entry or self._entry(call, None)
        self.journal.update(self.seen)
        self.journal[call.name] = intent
        calls = [*self.seen.values(), *self.unsaved.values(), intent]
        asked_at = lease_clock()
        await self.engine.ledger.save(self.claim, calls, self.timing.lease, committing=True)
        self.unsaved.clear()
        self.seen.clear()
        self.dropped = [name for name in self.dropped if name != call.name]
        self.flushed_at = time.monotonic()
        return asked_at + self.timing.lease.total_seconds() * SEND_WITHIN

    async def _flush(self) -> None:
        """Save PREPARE replies now and then, so that a crash in a long upload costs little."""
        if time.monotonic() - self.flushed_at < FLUSH_EVERY.total_seconds():
            return
        await self.engine.ledger.save(self.claim, list(self.unsaved.values()), self.timing.lease)
        self.unsaved.clear()
        self.flushed_at = time.monotonic()

    # Doubt -------------------------------------------------------------------------------------------------------

    def _doubt(self, why: str) -> _InDoubt:
        """Return the doubt, to be looked into after a wait that grows with its age."""
        commits = [e.sent_at for e in self.journal.values() if e.effect is Effect.COMMIT and e.reply is None]
        age = self.now() - min(commits, default=self.now())
        wait = min(max(age / 2, self.timing.first_doubt), timedelta(minutes=5))
        return _InDoubt(why, self.now() + wait)

    async def _speak_for_the_vanished(self) -> None:
        """Tell of a COMMIT that a worker left unanswered without a word."""
        left = [e for e in self.journal.values() if e.effect is Effect.COMMIT and e.reply is None]
        if left and not await self.engine.ledger.told_of(self.claim, "in_doubt", since=left[-1].sent_at):
            words = f"A worker ended before the answer to {left[-1].name} was written; another takes over."
            self.tell("in_doubt", words, **self._evidence())

    async def _settle_doubts(self) -> None:
        """Before the flow is played: find out about COMMITs without a reply, unless a repeat is safe."""
        for entry in [e for e in self.journal.values() if e.effect is Effect.COMMIT and e.reply is None]:
            if self.now() - entry.sent_at > GIVE_UP_AFTER:
                raise _OutcomeUnknown("The platform could not say for a whole day.")
            if entry.repeatable_until is None or self.now() >= entry.repeatable_until:
                await self._wait_until_visible(entry)
                self._judge(entry, await self._look())

    def _check_repeat(self, call: Call, entry: Entry) -> None:
        if entry.digest != digest(call).hex():
            raise _OutcomeUnknown("What would be sent now differs from what was sent then.")
        self.tell(
            "repeated", f"{call.name} had no answer; the platform recognises a repeat, so it is repeated."
        )

    async def _wait_until_visible(self, entry: Entry) -> None:
        lag = min(self.connector.limits.find_after, self.timing.find_after_at_most)
        if self.now() < entry.sent_at + lag:
            raise _InDoubt("an answer was lost; waiting before looking for the post", entry.sent_at + lag)

    async def _look(self) -> Found | NotPosted | Unknown:
        flow = self.connector.find(self.post, await self._open(), list(self.journal.values()))
        try:
            step = next(flow)
            while True:
                if isinstance(step, Wait):
                    raise _InDoubt(step.why, self.now() + timedelta(seconds=step.seconds))
                assert step.effect is Effect.READ, "find only reads"
                reply = await self._exchange(step)
                self.lookups.append({"call": step.name, "status": reply.status, **_request_ids(reply)})
                step = flow.send(reply)
        except StopIteration as end:
            return end.value
        except Rejected as refusal:
            return Unknown(f"The platform refuses to say: {refusal}")
        except (Unavailable, Throttled, Unreadable) as fault:
            raise self._doubt(f"the platform could not be asked: {fault}") from fault

    def _evidence(self) -> dict[str, object]:
        """Return what a person judges by: what was sent when, what the platform was asked, its ids of that."""
        open_commits = [e for e in self.journal.values() if e.effect is Effect.COMMIT and e.reply is None]
        return {
            "unanswered": [
                {"call": e.name, "sentAt": e.sent_at, "absentAt": e.absent_at} for e in open_commits
            ],
            "lookups": [*self.lookups],
        }

    def _judge(self, entry: Entry, seen: Found | NotPosted | Unknown) -> None:
        """Settle a doubt by what `find` saw, or raise to look again later."""
        match seen:
            case Found(answer):
                words = f"{entry.name} had no answer; the platform shows that it was carried out."
                self.tell("found", words, **self._evidence())
                self._note(msgspec.structs.replace(entry, reply=answer))
            case NotPosted(evidence, final):
                first = entry.absent_at
                if final or (first is not None and self.now() - first >= self.timing.absence_spacing):
                    self.tell("absent", f"{entry.name} was not carried out: {evidence}.", **self._evidence())
                    self._retract(entry.name)
                    return
                self._note(msgspec.structs.replace(entry, absent_at=first or self.now()))
                raise _InDoubt(
                    f"not there at first sight: {evidence}", self.now() + self.timing.absence_spacing
                )
            case Unknown(why):
                if self.now() - entry.sent_at > self.timing.unknown_after:
                    raise _OutcomeUnknown(f"{why}.")
                raise self._doubt(why)

    # Settlements -------------------------------------------------------------------------------------------------

    def _error(self, code: str, message: str, platform_code: str | None, *, retryable: bool) -> LastError:
        return LastError(code, message, platform_code, retryable, self.now())

    def _done(self, end: Published | Delivered) -> Settlement:
        late = (self.now() - self.claim.scheduled_for).total_seconds()
        if isinstance(end, Published):
            self.tell("published", "Published.", externalId=end.external_id, secondsAfterDue=round(late, 1))
            return Settlement(
                "published",
                external_id=end.external_id,
                external_url=end.external_url,
                event="post.published",
                data={"externalId": end.external_id, "externalUrl": end.external_url},
            )
        self.tell(
            "delivered", "In the creator's inbox; a person finishes it there.", externalId=end.external_id
        )
        data: dict[str, object] = {"externalId": end.external_id}
        return Settlement("draft_in_inbox", external_id=end.external_id, event="post.draft_ready", data=data)

    def _hand_over(self) -> Settlement:
        """Give the post to a person: the link shows media, caption and comment, and is told of in the event."""
        path = self.engine.signer.sign(handoff_path(self.claim.number), self.now() + HANDOFF_LIFE)
        link = self.engine.media_origin + path
        self.tell("delivered", "Handed to a person by link; they post it by hand.", handoffUrl=link)
        data: dict[str, object] = {
            "handoffUrl": link,
            "caption": self.post.caption,
            "firstComment": self.post.first_comment,
            "media": [{"url": item.url, "mimeType": item.mime_type} for item in self.post.media],
        }
        end = Settlement("draft_in_inbox", external_id=self.claim.id, event="post.draft_ready", data=data)
        return replace(end, external_url=link)

    def _wait(self, step: Wait) -> Settlement:
        if self._too_late():
            words = f"The platform did not finish within a day ({step.why})."
            return self._unknown(words) if self.committed else self._end_failed("PLATFORM_UNAVAILABLE", words)
        if self.unsaved:
            self.tell("waiting", f"{step.why}.")
        pause = min(timedelta(seconds=step.seconds), self.timing.wait_at_most)
        return Settlement("publishing", due_at=self.now() + pause)

    def _park_in_doubt(self, doubt: _InDoubt) -> Settlement:
        message = f"Not known yet whether the post is out: {doubt.why}."
        if self.claim.last_error is None or self.claim.last_error.message != message:
            self.tell("in_doubt", message, **self._evidence())
        error = self._error("IN_DOUBT", message, None, retryable=True)
        return Settlement("publishing", due_at=doubt.until, holds_lane=True, error=error)

    def _unknown(self, why: str) -> Settlement:
        message = f"{why} Look on the platform, then say what you saw with …/resolve."
        self.tell("outcome_unknown", message, **self._evidence())
        error = self._error("OUTCOME_UNKNOWN", message, None, retryable=False)
        data: dict[str, object] = {"error": error}
        return Settlement("failed", error=error, outcome_unknown=True, event="post.failed", data=data)

    def _end_failed(self, code: str, message: str, platform_code: str | None = None) -> Settlement:
        self.tell("failed", message, code=code, platformCode=platform_code)
        error = self._error(code, message, platform_code, retryable=False)
        return Settlement("failed", error=error, event="post.failed", data={"error": error})

    def _failed(self, failure: Failure) -> Settlement:
        if any(e.effect is Effect.COMMIT and e.reply is None for e in self.journal.values()):
            return self._park_in_doubt(self._doubt(failure.message.removesuffix(".")))
        if isinstance(failure, Rejected) or not failure.retryable:
            return self._end_failed(failure.code, failure.message, failure.platform_code)
        if isinstance(failure, Throttled):
            return self._throttled(failure)
        return self._later(failure)

    def _throttled(self, failure: Throttled) -> Settlement:
        until = self.now() + failure.after
        self.tell("throttled", f"{failure.message} The account keeps still for {failure.after}.")
        error = self._error(failure.code, failure.message, failure.platform_code, retryable=True)
        return Settlement(
            "publishing" if self.committed else "queued",
            due_at=until,
            error=error,
            uncounted=not self.committed,
            hold_account_until=until,
        )

    def _too_late(self) -> bool:
        """Tell whether it has been tried for a day, counted from the first try of a post that was late itself."""
        return too_late(max(self.claim.scheduled_for, self.claim.frozen_at), self.now())

    def _later(self, failure: Failure) -> Settlement:
        if isinstance(failure, Spoiled):
            self._prepare_anew()
        if self._too_late():
            if self.committed:
                return self._unknown(failure.message)
            return self._end_failed(
                failure.code, f"Given up after a day: {failure.message}", failure.platform_code
            )
        wait = self._retry_wait()
        self.tell("retry", f"{failure.message} Next try in {wait.total_seconds():.0f} s.", code=failure.code)
        error = self._error(failure.code, failure.message, failure.platform_code, retryable=True)
        return Settlement("publishing" if self.committed else "queued", due_at=self.now() + wait, error=error)

    def _retry_wait(self) -> timedelta:
        """Return a pause that grows with the tries or, once a COMMIT is out and no try is counted, with its age."""
        first, jitter = self.timing.first_retry, random.random()  # noqa: S311
        commits = [e.sent_at for e in self.journal.values() if e.effect is Effect.COMMIT]
        if not commits:
            return retry_wait(max(self.claim.attempts, 1), jitter, first)
        return min(max((self.now() - min(commits)) / 2, first), MOST_PAUSE) * (0.8 + 0.4 * jitter)

    def _wait_for_person(self, failure: Reconnect) -> Settlement:
        deadline = self.claim.scheduled_for + GIVE_UP_AFTER
        if self.now() >= deadline:
            if self.committed:
                return self._unknown("The account was not reconnected within a day.")
            return self._end_failed(failure.code, f"Not reconnected within a day: {failure.message}")
        word = failure.platform_code or self.refused_as
        self.tell("reauth_required", f"{failure.message} Until then the post waits.")
        return Settlement(
            "publishing" if self.committed else "queued",
            due_at=deadline,
            error=self._error(failure.code, failure.message, word, retryable=True),
            account_needs_reauth=True,
        )


def _request_ids(reply: Reply) -> dict[str, str]:
    return {name: reply.headers[name] for name in REQUEST_IDS if name in reply.headers}


def handoff_path(number: int) -> str:
    """Return the path of the page on which a person takes a post over."""
    return f"/handoff/{number}"


def digest(call: Call) -> bytes:
    """Return a hash of what a COMMIT says, wherever its platform lives just now, without credentials (20 bytes)."""
    where = urlsplit(call.url)
    said = (call.method, where.path, where.query, call.json, dict(call.form or {}), call.body)
    if call.file_field is not None:  # only then: digests of posts in flight outlive an upgrade
        said = (*said, call.file_field, call.filename)
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).digest()[:20]

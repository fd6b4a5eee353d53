"""Whatever is done to posts, in whatever order, and wherever workers stop or die: the contract holds after every step.

Hypothesis draws sequences of calls to the API, work of real workers on a spoilt wire, stops, deaths and time: always
the same few, unless `MODEL_EXAMPLES=500` asks for so many new ones. What those find is shrunk to the shortest sequence
that shows it.
"""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import law
import pytest
from arrange_model import SHIFTS, World, open_world
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from stage import TERMINAL, Stage

LONG = os.environ.get("MODEL_EXAMPLES")
PROFILE = settings(
    max_examples=int(LONG or 25),
    stateful_step_count=50 if LONG else 40,
    derandomize=not LONG,
    database=None,
    deadline=None,
    print_blob=True,
    phases=[Phase.generate, Phase.shrink] if LONG else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)
WHICH = st.integers(0, 7)
WAITS = st.booleans()
RARELY = st.integers(0, 9).map(lambda n: n == 7)
STOP = st.integers(0, 16)
SPOILT = st.tuples(st.sampled_from(["lose", "cut", "error_after", "error_before"]), st.integers(0, 4))
IN_WORDS = st.sampled_from(["throttle", "expire_token", "unavailable"])
MINUTES = st.sampled_from([None, None, -4, 0, 1, 60])
DEEDS: dict[str, tuple[int, tuple[st.SearchStrategy[Any], ...]]] = {
    "work": (5, (WHICH, st.none() | STOP, st.none() | SPOILT, WAITS)),
    "publish": (3, (WHICH, RARELY, MINUTES)),
    "write": (1, (WHICH, st.booleans())),
    "review": (2, (WHICH, st.sampled_from(["approve", "approve", "reject", "pending-schedule", "delete"]))),
    "cancel": (1, (WHICH,)),
    "reschedule": (1, (WHICH, st.sampled_from([1, 60]))),
    "retry": (2, (WHICH,)),
    "resolve": (2, (WHICH,)),
    "close": (1, (WHICH, RARELY)),
    "connect_again": (1, ()),
    "say_again": (1, (WHICH,)),
    "retire_key": (1, (RARELY,)),
    "work_with_a_platform_that_says_no": (1, (WHICH, IN_WORDS, st.integers(0, 3))),
    "wake": (2, (WHICH, st.none() | STOP)),
    "kill": (1, (WHICH,)),
    "let_time_pass": (2, (st.sampled_from(SHIFTS),)),
}
"""What can happen: how often, and what is drawn for it."""


class Posts(RuleBasedStateMachine):
    """One sequence."""

    stage: Stage
    video: Path
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.opening: AbstractAsyncContextManager[World] = open_world(self.stage, self.video)
        self.world = self.run(self.opening.__aenter__())
        self.closed: list[str] = []
        """Accounts to connect again."""
        self.run(self._publish(0, False, None))
        self.run(self._publish(2, False, None))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something in the loop of the servers, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def teardown(self) -> None:
        """Let everything come to its end, and see that it does: nothing is lost."""
        try:
            self.run(self._end())
        finally:
            self.run(self.opening.__aexit__(None, None, None))

    async def _end(self) -> None:
        world = self.world
        for _ in range(len(world.sleepers)):
            await world.kill(0)
        for seconds in (20,) * 8 + (700,) * 6 + (90_000,) * 6:
            for account in world.accounts:
                await world.work(account, posts=20)
            if all(post["status"] in TERMINAL for post in await world.posts()):
                break
            await world.let_pass(seconds)
        await world.check(worked=world.accounts)
        for post in world.past.values():
            assert post["status"] in TERMINAL, post

    @rule(
        deed=st.one_of(
            *(st.tuples(st.just(name), *drawn) for name, (n, drawn) in DEEDS.items() for _ in range(n))
        )
    )
    def step(self, deed: tuple[Any, ...]) -> None:
        """Do one thing. One rule for all, so that every sequence has a bit of everything."""
        name, *drawn = deed
        getattr(self, name)(*drawn)

    # Callers ------------------------------------------------------------------------------------------------------

    def publish(self, which: int, rejected: bool, minutes: int | None) -> None:
        self.run(self._publish(which, rejected, minutes))

    async def _publish(self, which: int, rejected: bool, minutes: int | None) -> None:
        world = self.world
        container = world.containers[which % len(world.containers)]
        body: dict[str, Any] = {"targets": world.targets(container, rejected=rejected)}
        if minutes is not None:
            body["scheduledFor"] = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
        before = len(await world.posts())
        answer = await world.ask(
            "POST", f"/v1/content/{container}/{'publish' if minutes is None else 'schedule'}", body
        )
        made = len(answer["scheduledPostIds"]) if answer.status == 200 else 0
        assert answer.status in (200, 202, 403, 404, 409), answer.raw
        assert made == (len(body["targets"]) if answer.status == 200 else 0)
        assert len(await world.posts()) == before + made
        await world.check()

    def write(self, which: int, text: bool) -> None:
        world = self.world
        container = world.containers[which % len(world.containers)]
        project = world.projects[which % 2]
        change = {"caption": f"text {which}"}
        self.run(world.new_text(project) if text else world.ask("PATCH", f"/v1/content/{container}", change))
        self.run(world.check())

    def review(self, which: int, what: str) -> None:
        self.run(self._review(self.world.containers[which % len(self.world.containers)], what))

    async def _review(self, container: str, what: str) -> None:
        path = f"/v1/content/{container}"
        if what in ("approve", "reject"):
            body = {"reason": "no"} if what == "reject" else {}
            answer = await self.world.ask("POST", f"{path}/{what}", body)
        else:
            answer = await self.world.ask("DELETE", path if what == "delete" else f"{path}/{what}")
        assert answer.status in (200, 404, 409), answer.raw
        await self.world.check()

    def cancel(self, which: int) -> None:
        self.run(self._on_post(which, self._cancel))

    def reschedule(self, which: int, minutes: int) -> None:
        async def move(post: dict[str, Any]) -> None:
            at = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
            answer = await self.world.ask("POST", _path(post, "reschedule"), {"scheduledFor": at})
            assert answer.status == (200 if post["status"] == "queued" else 409)

        self.run(self._on_post(which, move))

    def retry(self, which: int) -> None:
        self.run(self._on_post(which, self._retry))

    def resolve(self, which: int) -> None:
        self.run(self._on_post(which, self._resolve))

    async def _on_post(self, which: int, act: Any) -> None:
        """Choose a post, those of which there are more to say first."""
        order = ("failed", "publishing", "queued", "published", "draft_in_inbox", "canceled")
        posts = sorted(
            await self.world.posts(), key=lambda p: (not p["outcome_unknown"], order.index(p["status"]))
        )
        if posts:
            await act(posts[which % len(posts)])
            await self.world.check(person=True)

    async def _cancel(self, post: dict[str, Any]) -> None:
        stoppable = post["status"] == "queued" or (
            post["status"] == "publishing" and post["commit_sent_at"] is None
        )
        answer = await self.world.ask("DELETE", _path(post))
        assert answer.status == (200 if stoppable else 409), (post, answer.raw)

    async def _retry(self, post: dict[str, Any]) -> None:
        answer = await self.world.ask("POST", _path(post, "retry"))
        if post["outcome_unknown"]:
            assert (answer.status, answer.details["subcode"]) == (409, "OUTCOME_UNKNOWN")
        elif post["status"] != "failed":
            assert answer.status == 409
        else:
            assert answer.status in (200, 409)

    async def _resolve(self, post: dict[str, Any]) -> None:
        """A person looks on the platform and says what is there."""
        shown = await self.world.stage.on_platform(post["social_account_id"])
        there = [item["id"] for item in shown if item["caption"] == post["caption"]]
        body = {"outcome": "published", "externalId": there[0]} if there else {"outcome": "not_published"}
        answer = await self.world.ask("POST", _path(post, "resolve"), body)
        assert answer.status == (200 if post["outcome_unknown"] else 409)
        if post["outcome_unknown"]:
            assert answer["status"] == ("published" if there else "failed")

    def close(self, which: int, project: bool) -> None:
        """Disconnect an account or, rarely, archive a project: what can be canceled is."""
        self.run(self._close(which, project))

    async def _close(self, which: int, project: bool) -> None:
        world = self.world
        account, home = world.accounts[which % len(world.accounts)], world.projects[which % 2]
        path = f"/v1/projects/{home}" if project else f"/v1/social-accounts/{account}"
        before = await world.posts()
        answer = await world.ask("DELETE", path)
        assert answer.status == 200
        self.closed += [] if project else [account]
        column, name = ("project_id", home) if project else ("social_account_id", account)
        left = [p for p in await world.posts() if p[column] == name and p["status"] == "queued"]
        assert left == []
        await world.check()
        gone = sum(p["status"] == "canceled" for p in world.past.values()) - sum(
            p["status"] == "canceled" for p in before
        )
        assert gone <= answer["canceledScheduledPosts"]

    def connect_again(self) -> None:
        if self.closed:
            answer = self.run(self.world.connect_again(self.closed.pop(0)))
            assert answer.status in (201, 409)
            self.run(self.world.check())

    def say_again(self, which: int) -> None:
        """Whoever repeats a call, however late, hears what was said then."""
        if self.world.answers:
            self.run(self._say_again(*self.world.answers[which % len(self.world.answers)]))

    async def _say_again(self, method: str, path: str, json: Any, key: str, said: Any) -> None:
        again = await self.world.client.call(method, path, json, idempotency_key=key)
        assert (again.status, again.raw) == (said.status, said.raw)
        other = await self.world.client.call(method, path, {"other": 1}, idempotency_key=key)
        assert other.status in (409, 422)
        await self.world.check()

    def retire_key(self, really: bool) -> None:
        if really:
            self.run(self.world.new_key())

    # Workers ------------------------------------------------------------------------------------------------------

    def account(self, which: int) -> str:
        """Choose an account, among those with something to do if there are any."""
        among = self.world.busy() or self.world.accounts
        return among[which % len(among)]

    def work(self, which: int, stop: int | None, spoil: tuple[str, int] | None, waits: bool) -> None:
        account = self.account(which)
        if waits:
            self.run(self.world.wait_for(account))
        self.run(self.world.work(account, stop, spoil))

    def work_with_a_platform_that_says_no(self, which: int, action: str, skip: int) -> None:
        self.run(self._refused(self.account(which), action, skip))

    async def _refused(self, account: str, action: str, skip: int) -> None:
        world = self.world
        await world.wait_for(account)
        await world.stage.fault(".*", action, world.platforms[account], skip=skip, times=2, seconds=30)
        await world.work(account)
        await world.stage.mend()
        if any(
            post["social_account_id"] == account and "reauth_required" in post["story"]
            for post in world.past.values()
        ):
            self.closed.append(account)

    def wake(self, which: int, stop: int | None) -> None:
        if self.world.sleepers:
            self.run(self.world.wake(which, stop))

    def kill(self, which: int) -> None:
        if self.world.sleepers:
            self.run(self.world.kill(which))

    def let_time_pass(self, seconds: int) -> None:
        self.run(self.world.let_pass(seconds))


def _path(post: dict[str, Any], verb: str = "") -> str:
    return f"/v1/scheduled-posts/{post['id']}{'/' if verb else ''}{verb}"


@pytest.mark.timeout(0 if LONG else 300)
async def test_the_contract_holds_after_every_step(stage: Stage, video: Path):
    await stage.pool.execute(law.WATCH)
    members = {"stage": stage, "video": video, "loop": asyncio.get_running_loop()}
    machine = type("Posts", (Posts,), members)
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=PROFILE)

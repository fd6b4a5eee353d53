"""The world of one sequence: an organisation, its accounts and containers, workers asleep, and time that is shifted."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import law
from stage import TERMINAL, Stage
from wire import HELD, Leash, StoppableOutbound, StoppablePool

from layers.access.commands import create_first_key
from layers.access.keys import EVERYTHING
from layers.publishing.engine import Engine, Timing

NUMBERS = itertools.count()
MODES = {
    "bluesky": ("direct_publish", "text"),
    "tiktok": ("direct_publish", "video"),
    "instagram": ("draft_to_device", "video"),
}
SHIFTS = (20, 200, 700, 4000, 90_000)
"""Seconds that may pass at once: longer than a lease, a spacing, a doubt, an upload's life, a day."""

SHIFT_POSTS = """
UPDATE scheduled_posts SET scheduled_for = scheduled_for - $2::interval, due_at = due_at - $2::interval,
    next_attempt_at = next_attempt_at - $2::interval, attempted_at = attempted_at - $2::interval,
    published_at = published_at - $2::interval, canceled_at = canceled_at - $2::interval,
    commit_sent_at = commit_sent_at - $2::interval, created_at = created_at - $2::interval,
    frozen_at = CASE WHEN status = 'queued' THEN frozen_at - $2::interval ELSE frozen_at END
WHERE organization_id = $1
"""
SHIFT_CALLS = """
UPDATE post_calls SET sent_at = sent_at - $2::interval, absent_at = absent_at - $2::interval,
    repeatable_until = repeatable_until - $2::interval
WHERE post_number IN (SELECT number FROM scheduled_posts WHERE organization_id = $1)
"""
SHIFT_ACCOUNTS = (
    "UPDATE social_accounts SET hold_until = hold_until - $2::interval WHERE organization_id = $1"
)


@dataclass
class Sleeper:
    """A worker that stands still in the middle of its work."""

    task: asyncio.Task[None]
    leash: Leash
    account: str


@dataclass
class World:
    """All of one sequence. Every organisation has two projects: the second wants approval."""

    stage: Stage
    engine: Engine
    outbound: StoppableOutbound
    client: Any
    video: Path
    projects: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    containers: list[str] = field(default_factory=list)
    platforms: dict[str, str] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    home: dict[str, str] = field(default_factory=dict)
    """The project of an account or a container."""
    kinds: dict[str, str] = field(default_factory=dict)
    sleepers: list[Sleeper] = field(default_factory=list)
    answers: list[tuple[str, str, Any, str, Any]] = field(default_factory=list)
    """Calls that changed something, with their Idempotency-Keys and answers."""
    past: dict[str, dict[str, Any]] = field(default_factory=dict)
    dead_keys: list[str] = field(default_factory=list)

    async def furnish(self) -> None:
        """Make projects, accounts and containers."""
        self.projects = [await self.client.project(), await self.client.project()]
        policy = f"/v1/projects/{self.projects[1]}/approval-policy"
        assert (await self.client.patch(policy, {"requiresApproval": True})).status == 200
        for project, platform in zip(
            [*self.projects[:1] * 3, self.projects[1]], [*MODES, "bluesky"], strict=True
        ):
            handle = f"u{next(NUMBERS)}.test"
            account = await self.client.account(project, platform, handle)
            self.accounts.append(account)
            self.home[account], self.platforms[account], self.handles[account] = project, platform, handle
        for project in self.projects:
            self._know(await self.client.text(project, "text"), project, "text")
        uploaded = await self.client.upload(self.projects[0], self.video, caption="video")
        self._know(uploaded["id"], self.projects[0], "video")

    def _know(self, container: str, project: str, kind: str) -> None:
        self.containers.append(container)
        self.home[container], self.kinds[container] = project, kind

    async def connect_again(self, account: str) -> Any:
        """Connect an account that was connected before."""
        body = {"platform": self.platforms[account], "credential": {"handle": self.handles[account]}}
        answer = await self.ask("POST", f"/v1/projects/{self.home[account]}/social-accounts", body)
        assert answer.status == 409 or answer["socialAccountId"] == account
        return answer

    async def new_text(self, project: str) -> None:
        """Make one more text container."""
        answer = await self.ask(
            "POST", f"/v1/projects/{project}/content", {"kind": "text", "caption": "text"}
        )
        if answer.status == 201:
            self._know(answer["id"], project, "text")

    def targets(self, container: str, *, rejected: bool) -> list[dict[str, Any]]:
        """Every account the container can go to, each with a caption of its own."""
        return [
            {
                "socialAccountId": account,
                "mode": MODES[self.platforms[account]][0],
                "captionOverride": f"c{next(NUMBERS)}" + (" [fault:reject]" if rejected else ""),
                "allowDuplicate": True,
            }
            for account in self.accounts
            if self.home[account] == self.home[container]
            and MODES[self.platforms[account]][1] == self.kinds[container]
        ]

    async def ask(self, method: str, path: str, json: Any = None) -> Any:
        """Call the API, twice: the second answer must be the first if that one changed something."""
        key = f"k{next(NUMBERS)}"
        answer = await self.client.call(method, path, json, idempotency_key=key)
        assert answer.status < 500, (method, path, answer.raw)
        if answer.status < 400 or (answer.json or {}).get("error", {}).get("code") == "APPROVAL_REQUIRED":
            again = await self.client.call(method, path, json, idempotency_key=key)
            assert (again.status, again.raw) == (answer.status, answer.raw), (method, path)
            assert again.headers["idempotent-replayed"] == "true"
        if answer.status < 400:
            self.answers.append((method, path, json, key, answer))
        return answer

    # Workers ------------------------------------------------------------------------------------------------------

    async def work(
        self, account: str, stop: int | None = None, spoil: tuple[str, int] | None = None, *, posts: int = 1
    ) -> None:
        """Let a worker carry the account's next posts, and stop it after `stop` points."""
        self.outbound.spoil = spoil
        leash = Leash(stop)
        turns = iter([True] * posts)

        async def carry() -> None:
            HELD.set(leash)
            await self.engine.drain(account, lambda: next(turns, False))

        await self._watch(Sleeper(asyncio.create_task(carry()), leash, account))
        self.outbound.spoil = None
        await self.check(worked=[account])

    async def wake(self, which: int, stop: int | None) -> None:
        """Let a worker that stood still go on."""
        sleeper = self.sleepers.pop(which % len(self.sleepers))
        sleeper.leash.resume(stop)
        await self._watch(sleeper)
        await self.check(worked=[sleeper.account])

    async def _watch(self, sleeper: Sleeper) -> None:
        stopping = asyncio.create_task(sleeper.leash.stopped.wait())
        async with asyncio.timeout(20):
            await asyncio.wait([sleeper.task, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if sleeper.task.done():
            sleeper.task.result()
        else:
            self.sleepers.append(sleeper)

    async def kill(self, which: int) -> None:
        """Let a worker that stands still vanish."""
        sleeper = self.sleepers.pop(which % len(self.sleepers))
        sleeper.task.cancel()
        await asyncio.gather(sleeper.task, return_exceptions=True)
        await self.check(worked=[sleeper.account])

    async def let_pass(self, seconds: int) -> None:
        """Make everything older: leases lapse, doubts ripen, uploads go stale, the fakes' rate limits end."""
        for statement in (SHIFT_POSTS, SHIFT_CALLS, SHIFT_ACCOUNTS):
            await self.stage.pool.execute(statement, self.client.organization_id, timedelta(seconds=seconds))
        await self.stage.pool.execute("DELETE FROM sandbox_records WHERE kind = 'window'")
        for sleeper in self.sleepers:
            sleeper.leash.slept += seconds
        self.past = {post["id"]: post for post in await self.posts()}

    async def wait_for(self, account: str) -> None:
        """Let so much time pass that a worker finds something due, if that is soon enough."""
        seconds = await self.stage.pool.fetchval(
            "SELECT ceil(extract(epoch FROM min(due_at) - now()))::int FROM scheduled_posts"
            " WHERE social_account_id = $1",
            account,
        )
        if seconds is not None and 0 <= seconds <= 4000:
            await self.let_pass(seconds + 1)

    async def new_key(self) -> None:
        """Retire the key, and go on with another one of the same organisation."""
        await self.stage.pool.execute(
            "UPDATE api_keys SET retired_at = now() WHERE id = $1", self.client.api_key_id
        )
        assert (await self.client.get("/v1/whoami")).status == 401
        self.client = await _member(self.stage, self.client, f"Model {self.client.organization_id}")
        self.answers.clear()

    # Law ----------------------------------------------------------------------------------------------------------

    async def posts(self) -> list[dict[str, Any]]:
        """All posts of the organisation."""
        return await law.posts_of(self.stage, self.client.organization_id)

    async def check(self, *, person: bool = False, worked: Sequence[str] = ()) -> None:
        """See that the contract holds, and that what the accounts show that were `worked` on agrees."""
        posts = await self.posts()
        for post in posts:
            law.check_post(post)
        law.check_lanes(posts)
        law.check_history(self.past, posts, person=person)
        for account in worked:
            own = [post for post in posts if post["social_account_id"] == account]
            law.check_shown(own, await self.stage.on_platform(account))
        assert self.outbound.sent_blindly() == []
        self.past = {post["id"]: post for post in posts}

    def busy(self) -> list[str]:
        """The accounts that have something to do."""
        live = {p["social_account_id"] for p in self.past.values() if p["status"] not in TERMINAL}
        return [account for account in self.accounts if account in live]


async def _member(stage: Stage, client: Any, organization: str) -> Any:
    made = await create_first_key(
        stage.pool, organization=organization, environment="test", scopes=[EVERYTHING], return_hosts=[]
    )
    return replace(client, key=made.key, organization_id=made.organization_id, api_key_id=made.api_key_id)


@asynccontextmanager
async def open_world(stage: Stage, video: Path) -> AsyncIterator[World]:
    """A new organisation with a worker of its own."""
    outbound = StoppableOutbound(stage.shared.storage, anywhere=True)
    real = stage.engine
    engine = Engine(
        pool=StoppablePool(real.pool),  # pyright: ignore[reportArgumentType]
        outbound=outbound,
        credentials=replace(real.credentials, outbound=real.outbound),
        connectors=real.connectors,
        signer=real.signer,
        media_origin=real.media_origin,
        timing=Timing(),
    )
    client = await _member(stage, stage.client, f"Model {next(NUMBERS)}")
    await stage.pool.execute(
        "UPDATE organizations SET name = 'Model ' || id WHERE id = $1", client.organization_id
    )
    world = World(stage, engine, outbound, client, video)
    try:
        await world.furnish()
        yield world
    finally:
        for sleeper in world.sleepers:
            sleeper.task.cancel()
        await asyncio.gather(*(s.task for s in world.sleepers), return_exceptions=True)
        await outbound.close()

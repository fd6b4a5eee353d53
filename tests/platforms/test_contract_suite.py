"""The contract of every connector: whatever goes wrong at whichever call, one post or none, and the truth about it.

For each platform, mode and kind of content one conversation is held undisturbed, and its calls are noted by the names
the connector gives them. Then it is held once more for each call and each fault, all side by side, through a proxy of
its own that spoils just that call; the real engine carries the post until it is terminal, and what the platform shows
is counted. Each fault must strike: how often a platform is polled does not matter, since a call keeps its name.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from lossy_proxy import FAULTS, Fault, NamingDoor, Proxy, Strike, soon

from layers.app import Shared
from layers.connector import ContentKind
from layers.db.pool import Pool, open_pool
from layers.loopback import loopback_server
from layers.platforms import CONNECTORS
from layers.publishing.credentials import Credentials
from layers.publishing.engine import Engine, Timing
from layers.samples import make_video
from layers.sandbox.app import FAKES, create_sandbox
from relay import relaying

PATIENCE = Timing(
    lease=timedelta(seconds=3),
    first_retry=timedelta(milliseconds=100),
    first_doubt=timedelta(milliseconds=100),
    absence_spacing=timedelta(milliseconds=200),
    unknown_after=timedelta(seconds=2),
    find_after_at_most=timedelta(milliseconds=200),
    wait_at_most=timedelta(milliseconds=500),
)
TERMINAL = ("published", "draft_in_inbox", "failed", "canceled")
DEADLINE = 90
TARGETS_AT_ONCE = 50
CAPTION, COMMENT = "a day at the sea", "and it was warm"
IN_DOUBT: frozenset[Fault] = frozenset(
    {
        "answer lost",
        "5xx after the deed",
        "5xx before the deed",
        "connection cut",
        "killed before it was sent",
        "killed before the answer came",
        "killed before settling",
    }
)
"""Faults after which nobody can know whether the call was carried out, so that a person may have to look."""

Way = tuple[str, str, ContentKind]
WAYS: list[Way] = [
    (platform, mode, kind)
    for platform, connector in CONNECTORS.items()
    for mode, rules in connector.limits.modes.items()
    for kind in rules.kinds
]
HANDED_OVER = [way for way in WAYS if CONNECTORS[way[0]].limits.modes[way[1]].handoff]
CALLED = [way for way in WAYS if way not in HANDED_OVER]

BY_PAGE = [("instagram", "reels", "video"), ("instagram", "feed", "video"), ("instagram", "feed", "carousel")]
"""Accounts that came through Facebook have their videos pushed to them: other calls than in WAYS."""

Reconnect = Callable[[], Awaitable[str]]


@dataclass
class Outcome:
    """How one conversation ended, in the database and on the platform."""

    proxy: Proxy
    post: dict[str, Any]
    items: list[dict[str, Any]]

    def wrong(self, ends_in: str) -> str | None:
        """Say what breaks the contract, None when nothing does."""
        status, there = self.post["status"], len(self._roots())
        if there > 1 or len(self.items) - there > 1:
            return f"{there} posts and {len(self.items) - there} comments on the platform"
        if self.post["outcome_unknown"]:
            return self._wrong_doubt()
        if status != ends_in:
            return f"ended {status} ({self.post['last_error']}), {there} on the platform"
        if there != 1:
            return f"said {status}, but the platform shows {there}"
        names = [self._roots()[0]["id"], self._roots()[0]["options"].get("publishId")]
        return (
            None
            if self.post["external_id"] in names
            else f"externalId {self.post['external_id']} is not {names}"
        )

    def _wrong_doubt(self) -> str | None:
        code = (self.post["last_error"] or {}).get("code")
        if self.post["status"] != "failed" or code != "OUTCOME_UNKNOWN":
            return f"unknown, but {self.post['status']} with {code}"
        strike = self.proxy.strike
        return None if strike and strike.fault in IN_DOUBT else f"unknown after {strike}"

    def _roots(self) -> list[dict[str, Any]]:
        """Return the posts themselves: a first comment may be an item of its own, marked as a reply."""
        return [i for i in self.items if not (i["options"].get("reply") or i["options"].get("inReplyTo"))]


@dataclass
class House:
    """All conversations of one test share a database, the API and the fakes."""

    client: Any
    pool: Pool
    shared: Shared
    session: aiohttp.ClientSession
    sandbox: str
    words: str = ""
    """End of every handle; such words set the scene in the sandbox."""

    async def hold(
        self, platform: str, strike: Strike | None, account: str, post: str, reconnect: Reconnect
    ) -> Outcome:
        """Carry a post to its end, its way spoiled by `strike`; a person reconnects the account when asked to."""
        proxy = Proxy(upstream=self.sandbox, speak=FAKES[platform].answer, strike=strike)
        async with asyncio.timeout(DEADLINE), relaying(proxy, self.session), self._engine(proxy) as engine:
            while (row := await self._row(post))["status"] not in TERMINAL:
                await asyncio.sleep(min(max(row["pause"], 0.01), 1.0))
                await self._work(engine, proxy, account, post)
                row = await self._row(post)
                if (row["pause"] or 0) > DEADLINE and (row["last_error"] or {}).get(
                    "code"
                ) == "CREDENTIAL_INVALID":
                    await reconnect()
                if proxy.shut and (await self._row(post))["last_error"]:
                    await proxy.open()
        owner = await self.pool.fetchval("SELECT external_id FROM social_accounts WHERE id = $1", account)
        async with self.session.get(f"{self.sandbox}/posts.json?platform={platform}&owner={owner}") as answer:
            return Outcome(proxy, row, (await answer.json())["items"])

    @asynccontextmanager
    async def _engine(self, proxy: Proxy) -> AsyncIterator[Engine]:
        settings, door = self.shared.settings, NamingDoor(self.shared.storage, proxy)
        credentials = Credentials(self.pool, self.shared.vault, door, settings, proxy.origin)
        signer, media_origin = self.shared.signer, settings.public_origin
        yield Engine(self.pool, door, credentials, CONNECTORS, signer, media_origin, PATIENCE)
        await door.close()

    async def _work(self, engine: Engine, proxy: Proxy, account: str, post: str) -> None:
        """Be a worker for one turn, perhaps its last."""
        work = asyncio.create_task(engine.drain(account, lambda: True))
        frozen: list[asyncio.Task[None]] = []

        async def freeze() -> None:
            ready = asyncio.Event()
            frozen.append(asyncio.create_task(self._kill_at_next_write(work, proxy, post, ready)))
            await ready.wait()

        proxy.kill, proxy.freeze = work.cancel, freeze
        await asyncio.wait([work])
        await asyncio.gather(*frozen)
        if not work.cancelled() and (fault := work.exception()):
            raise fault

    async def _kill_at_next_write(
        self, work: asyncio.Task[bool], proxy: Proxy, post: str, ready: asyncio.Event
    ) -> None:
        """Kill the worker when it waits to write what it has learned, or else when it sends its next request."""
        async with self.pool.acquire() as connection:
            try:
                async with connection.transaction():
                    await connection.execute("SELECT FROM scheduled_posts WHERE id = $1 FOR UPDATE", post)
                    sent, mine = proxy.requests, connection.get_server_pid()
                    ready.set()
                    await soon(lambda: self._blocked(mine, lambda: proxy.requests > sent), 5)
                    work.cancel()
                    await asyncio.wait([work])
            finally:
                ready.set()

    async def _blocked(self, by: int, otherwise: Any) -> bool:
        words = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))"
        return otherwise() or bool(await self.pool.fetchval(words, by))

    async def _row(self, post: str) -> dict[str, Any]:
        row = await self.pool.fetchrow(
            """SELECT p.status, p.last_error, p.outcome_unknown, p.external_id, extract(epoch FROM
                greatest(p.due_at, a.hold_until) - clock_timestamp())::float8 AS pause
            FROM scheduled_posts p JOIN social_accounts a ON a.id = p.social_account_id WHERE p.id = $1""",
            post,
        )
        assert row is not None
        return dict(row)

    async def hold_all(
        self, platform: str, mode: str, container: str, strikes: Sequence[Strike | None]
    ) -> list[Outcome]:
        """Hold a conversation for each strike, side by side, each with an account of its own."""
        project = (await self.client.get(f"/v1/content/{container}"))["projectId"]
        running: list[asyncio.Task[Outcome]] = []
        for start in range(0, len(strikes), TARGETS_AT_ONCE):
            some = strikes[start : start + TARGETS_AT_ONCE]
            handles = [
                f"person{start + place}.of{len(strikes)}.test{self.words}" for place in range(len(some))
            ]
            accounts = [await self.client.account(project, platform, handle) for handle in handles]
            posts = await self._publish(platform, mode, container, accounts)
            running += [
                asyncio.create_task(
                    self.hold(
                        platform,
                        strike,
                        account,
                        post,
                        partial(self.client.account, project, platform, handle),
                    )
                )
                for strike, account, post, handle in zip(some, accounts, posts, handles, strict=True)
            ]
        return await asyncio.gather(*running)

    async def _publish(self, platform: str, mode: str, container: str, accounts: list[str]) -> list[str]:
        rules = CONNECTORS[platform].limits.modes[mode]
        comment = {"firstCommentOverride": COMMENT} if rules.first_comment else {}
        targets = [{"socialAccountId": account, "mode": mode, **comment} for account in accounts]
        body = await self.client.made(f"/v1/content/{container}/publish", {"targets": targets}, 200)
        return body["scheduledPostIds"]


@pytest.fixture
async def house(client: Any, shared: Shared, session: aiohttp.ClientSession) -> AsyncIterator[House]:
    """A running installation without a worker."""
    async with _opened(shared.url) as pool, loopback_server(create_sandbox(pool, 0.0)) as sandbox:
        yield House(client, pool, shared, session, sandbox)


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(url, 24, "layers contract suite")
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video long enough for every platform: some want three seconds."""
    return make_video(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=4)


async def make_container(client: Any, kind: ContentKind, video: Path, image: Path) -> str:
    """Make content of a kind; returns the container's id."""
    project = await client.project()
    if kind == "text":
        return await client.text(project, CAPTION)
    files = {"video": [video], "image": [image], "carousel": [image, image]}[kind]
    answer = await client.upload(project, *files, caption=CAPTION)
    assert answer.status == 201, answer.raw
    return answer["id"]


def test_the_faults_are_those_a_connector_must_survive():
    assert {"answer lost", "5xx after the deed", "429", "connection refused", "token expired"} <= set(FAULTS)
    assert {"killed before it was sent", "killed before the answer came"} <= set(FAULTS)


async def test_every_way_of_publishing_has_a_case(client: Any):
    """What callers are offered is what is tested here, so a new mode cannot be left out."""
    offered = {
        (platform["platform"], mode["mode"], kind)
        for platform in (await client.get("/v1/platforms"))["items"]
        for mode in platform["modes"]
        for kind in mode["kinds"]
    }
    assert {*CALLED, *HANDED_OVER} == offered


@pytest.mark.parametrize(("platform", "mode", "kind"), CALLED)
async def test_every_fault_at_every_call(
    house: House, platform: str, mode: str, kind: ContentKind, clip: Path, image: Path
):
    container = await make_container(house.client, kind, clip, image)
    ends_in = CONNECTORS[platform].limits.modes[mode].ends_in
    [calm] = await house.hold_all(platform, mode, container, [None])
    assert calm.wrong(ends_in) is None
    assert calm.proxy.answers, "nothing was called, so nothing is tested"
    strikes = [Strike(fault, call, last) for call, last in calm.proxy.answers.items() for fault in FAULTS]
    outcomes = await house.hold_all(platform, mode, container, strikes)
    named = {f"{strike.fault} at {strike.call}": o for strike, o in zip(strikes, outcomes, strict=True)}
    assert {name: wrong for name, o in named.items() if (wrong := o.wrong(ends_in))} == {}
    assert [name for name, outcome in named.items() if not outcome.proxy.struck] == []


@pytest.mark.parametrize(("platform", "mode", "kind"), HANDED_OVER)
async def test_a_post_handed_over_calls_nobody(
    house: House, platform: str, mode: str, kind: ContentKind, clip: Path, image: Path
):
    container = await make_container(house.client, kind, clip, image)
    [calm] = await house.hold_all(platform, mode, container, [None])
    assert (calm.post["status"], calm.items, calm.proxy.requests) == ("draft_in_inbox", [], 0)


@pytest.mark.parametrize(("platform", "mode", "kind"), BY_PAGE)
async def test_every_fault_at_every_call_through_a_page(
    house: House, platform: str, mode: str, kind: ContentKind, clip: Path
):
    house.words = ".facebook"
    await test_every_fault_at_every_call(house, platform, mode, kind, clip, clip)

"""One run: everything started, the plan carried out, the faults ended, and what is left judged."""

import asyncio
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

from installation import free_ports
from layers.access.commands import create_first_key
from layers.access.keys import EVERYTHING
from layers.db import embedded, schema
from layers.db.pool import open_pool
from layers.kit.times import iso_z, utc_now
from layers.samples import make_image, make_video

from .judge import Verdict, judge, judge_events
from .plan import APIS, PLATFORMS, WORKERS, Account, Fault, Kind, Plan, Request
from .platforms import COMMITS, Platforms, platforms
from .processes import Clock, Process, compile_skew, crash
from .relay import Ends, Relay, relaying
from .witness import Caller, Observer, Witness

SERVE = "import sys; from layers.cli import main; sys.argv = ['layers', *sys.argv[1:]]; main()"
WORKER = Path(__file__).with_name("worker.py")
STANDSTILL_SECONDS = 120.0
"""Once nothing strikes any more: for how long no post may come to its end while some have not."""
TICK = 0.1
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
Say = Callable[[str], None]


@dataclass
class Rig:
    """Everything that runs."""

    plan: Plan
    folder: Path
    database: embedded.Embedded
    line: Relay
    platforms: Platforms
    apis: list[Process]
    workers: list[Process]
    clocks: list[Clock]
    origins: list[str]
    caller: Caller
    say: Say
    project: str = ""
    accounts: dict[Account, str] = field(default_factory=dict[Account, str])
    content: dict[Kind, str] = field(default_factory=dict[Kind, str])
    struck: Counter[str] = field(default_factory=Counter[str])

    @property
    def kills(self) -> int:
        """Return how many processes were killed."""
        return sum(process.kills for process in (*self.apis, *self.workers))


@dataclass
class Pace:
    """The plan's time: it stands still while two of a kind are down, so that on a slow machine, too, blows fall on
    what is at work."""

    groups: tuple[list[Process], ...]
    seconds: float = 0.0
    _ticked: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def keep(self) -> None:
        """Let the time pass."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(TICK)
            if all(sum(not process.at_work for process in group) <= 1 for group in self.groups):
                async with self._ticked:
                    self.seconds += time.monotonic() - before
                    self._ticked.notify_all()

    async def reach(self, seconds: float) -> None:
        """Wait until then."""
        async with self._ticked:
            await self._ticked.wait_for(lambda: self.seconds >= seconds)


async def run(plan: Plan, folder: Path, say: Say) -> Verdict:
    """Carry a plan out in an empty folder; returns what came of it."""
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    began = time.monotonic()
    async with _rig(plan, folder, say) as rig:
        await _furnish(rig)
        say(f"ready after {time.monotonic() - began:.0f} s: {len(plan.accounts)} accounts")
        witness = Witness(rig.platforms.has)
        observer = Observer(rig.caller, witness, rig.project)
        started = time.monotonic()
        pace = Pace((rig.apis, rig.workers))
        async with _meanwhile(pace.keep(), observer.watch(), _tell(rig, witness, pace)):
            async with asyncio.TaskGroup() as group:
                group.create_task(_publish_all(rig, witness, pace))
                group.create_task(_strike_all(rig, pace))
            await _calm(rig)
            settling = time.monotonic()
            await _settle(witness)
        say(f"settled {time.monotonic() - settling:.0f} s after the last fault")
        listed = await observer.sweep()
        verdict = await judge(plan, witness, rig.platforms, rig.caller, listed)
        pool = await open_pool(rig.database.url, 1, "nemesis")
        await judge_events(pool, verdict, witness)
        await pool.close()
        verdict.seconds = time.monotonic() - started
        verdict.kills, verdict.struck = rig.kills, rig.struck
        verdict.struck |= _passages(rig)
        return verdict


@asynccontextmanager
async def _meanwhile(*jobs: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do the jobs while the block runs; one that breaks breaks the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job) for job in jobs]
        yield
        for task in tasks:
            task.cancel()


async def _settle(witness: Witness) -> None:
    calm_since = time.monotonic()
    while any(post.ended is None for post in witness.posts.values()):
        last = max((post.ended_at for post in witness.posts.values()), default=0.0)
        if time.monotonic() - max(last, calm_since) > STANDSTILL_SECONDS:
            return
        await asyncio.sleep(0.3)


def _passages(rig: Rig) -> Counter[str]:
    """Return how many requests each bad line struck."""
    seen = Counter[str]()
    for line in rig.platforms.lines.values():
        seen.update(f"request {passage.fault}" for passage in line.passages if passage.fault)
    seen["database answers dropped"] = rig.line.lost
    seen.update({f"client: {what}": count for what, count in rig.caller.trouble.items()})
    return seen


# Building up -----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _rig(plan: Plan, folder: Path, say: Say) -> AsyncIterator[Rig]:
    async with AsyncExitStack() as stack:
        fast = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY, prefix="nemesis-")))
        theirs = await _database(stack, fast / "theirs")
        ours = await _database(stack, fast / "ours")
        sandbox_port, *ports = free_ports(1 + APIS)
        environment = {
            "LAYERS_DATABASE_URL": theirs.url,
            "LAYERS_DATA_DIR": str(folder / "sandbox"),
            "LAYERS_ALLOW_PRIVATE_NETWORKS": "true",  # the media lie on loopback
        }
        command = (sys.executable, "-c", SERVE, "sandbox", "serve", "--port", str(sandbox_port))
        sandbox = Process("sandbox", command, environment, folder / "sandbox.log", b"Sandbox on")
        sandbox.start()
        stack.push_async_callback(sandbox.stop)
        their_pool = await open_pool(theirs.url, 4, "nemesis")
        stack.push_async_callback(their_pool.close)
        origin = f"http://127.0.0.1:{sandbox_port}"
        every = await stack.enter_async_context(platforms(folder, origin, their_pool))
        await every.start()
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        )

        key = await _key(ours.url)
        line = await stack.enter_async_context(relaying(lambda: _dial_socket(rig.database)))
        entrance = await stack.enter_async_context(relaying(lambda: _dial_any(ports)))
        environment = {
            "LAYERS_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{line.port}/layers?sslmode=disable",
            "LAYERS_DATA_DIR": str(folder / "layers"),
            "LAYERS_PUBLIC_URL": f"http://127.0.0.1:{entrance.port}",
            "LAYERS_ALLOW_PRIVATE_NETWORKS": "true",
            **every.settings,
        }
        apis = [
            Process(
                f"api {number}",
                (sys.executable, "-c", SERVE, "serve"),
                {**environment, "LAYERS_PORT": str(port)},
                folder / f"api-{number}.log",
                b"Layers API",
            )
            for number, port in enumerate(ports)
        ]
        library = compile_skew(folder)
        clocks = [Clock(library, folder / f"clock-{n}", ahead) for n, ahead in enumerate(plan.clocks)]
        workers = [
            Process(
                f"worker {number}",
                (sys.executable, str(WORKER)),
                {**environment, **clocks[number].environment},
                folder / f"worker-{number}.log",
                b"worker started",
            )
            for number in range(WORKERS)
        ]
        origins = [f"http://127.0.0.1:{port}" for port in ports]
        caller = Caller(origins, session, key)
        rig = Rig(plan, folder, ours, line, every, apis, workers, clocks, origins, caller, say)
        for process in (*apis, *workers):
            process.start()
            stack.push_async_callback(process.stop)
        yield rig


async def _database(stack: AsyncExitStack, folder: Path) -> embedded.Embedded:
    server = await asyncio.to_thread(embedded.start, folder, fsync=False)
    stack.push_async_callback(asyncio.to_thread, embedded.stop, server)
    await schema.migrate(server.url)
    return server


async def _key(url: str) -> str:
    pool = await open_pool(url, 1, "nemesis")
    try:
        made = await create_first_key(
            pool, organization="Nemesis", environment="live", scopes=[EVERYTHING], return_hosts=[]
        )
        return made.key
    finally:
        await pool.close()


async def _dial_socket(server: embedded.Embedded) -> Ends:
    query = parse_qs(urlsplit(server.url).query)
    return await asyncio.open_unix_connection(f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}")


async def _dial_any(ports: list[int]) -> Ends:
    """Connect to whichever API process answers."""
    for port in ports[:-1]:
        with suppress(OSError):
            return await asyncio.open_connection("127.0.0.1", port)
    return await asyncio.open_connection("127.0.0.1", ports[-1])


async def _furnish(rig: Rig) -> None:
    """Make the project, its accounts and what will be published."""
    await _answers(rig.caller.session, f"{rig.platforms.sandbox}/posts.json")
    for origin in rig.origins:
        await _answers(rig.caller.session, f"{origin}/health/ready")
    status, project = await rig.caller.ask("POST", "/v1/projects", {"name": "N", "timezone": "Europe/Berlin"})
    assert status == 201, project
    rig.project = project["id"]
    # snac's program is told one name at a time.
    turns = {name: asyncio.Semaphore(1 if name == "mastodon" else 4) for name in PLATFORMS}

    async def connect(account: Account) -> None:
        async with turns[account.platform]:
            body = {"platform": account.platform, "credential": await rig.platforms.join(account)}
        path = f"/v1/projects/{rig.project}/social-accounts"
        status, made = await rig.caller.ask("POST", path, body)
        assert status == 201, made
        rig.accounts[account] = made["socialAccountId"]

    async with asyncio.TaskGroup() as group:
        for account in rig.plan.accounts:
            group.create_task(connect(account))
    path = f"/v1/projects/{rig.project}/content"
    status, made = await rig.caller.ask("POST", path, {"kind": "text", "caption": "instead"})
    assert status == 201, made
    rig.content["text"] = made["id"]
    image = await asyncio.to_thread(make_image, rig.folder / "a.jpg", (640, 480))
    video = await asyncio.to_thread(make_video, rig.folder / "a.mp4", 3, (360, 640))
    for kind, file in (("image", image), ("video", video)):
        status, made = await rig.caller.ask("POST", path, file=file)
        assert (status, made["status"]) == (201, "completed"), made
        rig.content[kind] = made["id"]


async def _answers(session: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(300):
        while True:
            with suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)


# What callers do -------------------------------------------------------------------------------------------------


async def _publish_all(rig: Rig, witness: Witness, pace: Pace) -> None:
    async with asyncio.TaskGroup() as group:
        for request in rig.plan.requests:
            await pace.reach(request.at)
            group.create_task(_publish(rig, witness, request))


async def _publish(rig: Rig, witness: Witness, request: Request) -> None:
    targets = [
        {
            "socialAccountId": rig.accounts[target.account],
            "mode": target.mode,
            "captionOverride": target.caption,
            "firstCommentOverride": target.comment,
            "allowDuplicate": True,
        }
        for target in request.targets
    ]
    path = f"/v1/content/{rig.content[request.kind]}"
    if request.intent in ("now", "cancel at once"):
        status, said = await rig.caller.ask("POST", f"{path}/publish", {"targets": targets})
    else:
        far = 300.0 if request.intent in ("cancel later", "move") else request.delay
        body = {"scheduledFor": _in(far), "targets": targets}
        status, said = await rig.caller.ask("POST", f"{path}/schedule", body)
    if status != 200:
        rig.caller.bugs.append(f"{request} was answered {status} {said}")
        return
    ids: list[str] = said["scheduledPostIds"]
    for post_id, target in zip(ids, request.targets, strict=True):
        witness.accepted(post_id, target, request)
    if request.intent in ("cancel later", "cancel at once"):
        await asyncio.sleep(request.delay)
        await asyncio.gather(*(_cancel(rig, witness, post_id) for post_id in ids))
    if request.intent == "move":
        for post_id in ids:
            await _move(rig, post_id, request.delay)


async def _move(rig: Rig, post_id: str, delay: float) -> None:
    """Move a post. A request that faults have kept away for long comes too late for its time, and is asked anew."""
    while True:
        path, body = f"/v1/scheduled-posts/{post_id}/reschedule", {"scheduledFor": _in(delay)}
        status, said = await rig.caller.ask("POST", path, body)
        if status != 422 or said["error"]["details"]["issues"][0]["code"] != "too_soon":
            break
    if (status, said.get("status")) != (200, "queued"):
        rig.caller.bugs.append(f"{post_id} could not be moved: {status} {said}")


async def _cancel(rig: Rig, witness: Witness, post_id: str) -> None:
    status, said = await rig.caller.ask("DELETE", f"/v1/scheduled-posts/{post_id}")
    if status not in (200, 409):
        rig.caller.bugs.append(f"{post_id} could not be canceled: {status} {said}")
    witness.posts[post_id].canceled = status == 200
    if status == 200:
        await witness.told(said, time.monotonic())


def _in(seconds: float) -> str:
    return iso_z(utc_now() + timedelta(seconds=seconds))


# What strikes ----------------------------------------------------------------------------------------------------

WORDS = {
    "answer lost": "lost",
    "answer cut": "cut",
    "5xx after the deed": "error",
    "503": "unavailable",
    "429": "throttled",
    "slow answer": "slow",
    "never arrives": "refused",
}


async def _strike_all(rig: Rig, pace: Pace) -> None:
    async with asyncio.TaskGroup() as group:
        for fault in rig.plan.faults:
            await pace.reach(fault.at)
            group.create_task(_strike(rig, fault))


async def _strike(rig: Rig, fault: Fault) -> None:
    if fault.kind in WORDS:
        await _spoil_requests(rig, fault)
    elif fault.kind.startswith("database"):
        await _strike_database(rig, fault)
    else:
        await _strike_processes(rig, fault)
    rig.struck[fault.kind] += 1


async def _spoil_requests(rig: Rig, fault: Fault) -> None:
    """Spoil the next few requests to a platform, and the next one that commits."""
    line: Any = rig.platforms.lines[fault.target]  # type: ignore[index]
    line.fail(WORDS[fault.kind], ".", times=fault.amount, probability=0.5, seed=rig.plan.seed)
    line.fail(WORDS[fault.kind], COMMITS[fault.target], times=1)  # type: ignore[index]


async def _strike_database(rig: Rig, fault: Fault) -> None:
    match fault.kind:
        case "database restart":
            rig.database = await asyncio.to_thread(crash, rig.database, fsync=False)
        case "database cut":
            rig.line.cut()
        case "database answers lost":
            rig.line.lose_answers(int(fault.amount))
        case _:
            rig.line.silence()
            await asyncio.sleep(fault.amount)
            rig.line.resume()


async def _strike_processes(rig: Rig, fault: Fault) -> None:
    match fault.kind:
        case "kill worker":
            await rig.workers[int(fault.target)].kill()
        case "kill api in a request":
            await _kill_in_request(rig, int(fault.target))
        case "pause worker":
            await _pause([rig.workers[int(fault.target)]], fault.amount)
        case "clock jump":
            rig.clocks[int(fault.target)].set(int(fault.amount))
        case "connection refused":
            line = rig.platforms.lines[fault.target]  # type: ignore[index]
            await line.cut_off()
            await asyncio.sleep(fault.amount)
            await line.open()
        case "kill all workers in a commit":
            async with _commit_in_hand(rig, fault.target):
                await asyncio.gather(*(worker.kill() for worker in rig.workers))
        case _:
            async with _commit_in_hand(rig, fault.target):
                pausing = asyncio.create_task(_pause(rig.workers[:2], fault.amount))
                await asyncio.sleep(0)
            await pausing


async def _kill_in_request(rig: Rig, number: int) -> None:
    """Kill an API process while a request to it has no answer yet."""
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            while not rig.caller.in_flight[rig.origins[number]]:
                rig.caller.busy.clear()
                await rig.caller.busy.wait()
    await rig.apis[number].kill()


@asynccontextmanager
async def _commit_in_hand(rig: Rig, platform: Any) -> AsyncIterator[None]:
    """Give the moment at which a platform has carried a post out and nobody knows; answers come only afterwards."""
    line = rig.platforms.lines[platform]
    line.hold_answers()
    try:
        with suppress(TimeoutError):
            await line.until(line.count(COMMITS[platform]) + 1, COMMITS[platform], seconds=5)
            rig.struck["commit in hand"] += 1
        yield
    finally:
        line.release_answers()


async def _pause(workers: list[Process], seconds: float) -> None:
    for worker in workers:
        worker.pause()
    await asyncio.sleep(seconds)
    for worker in workers:
        worker.resume()


async def _calm(rig: Rig) -> None:
    """End all faults; what was killed has been started again by itself."""
    for line in rig.platforms.lines.values():
        line.mend()
    rig.line.resume()


async def _tell(rig: Rig, witness: Witness, pace: Pace) -> None:
    while True:
        await asyncio.sleep(10)
        states = Counter(post.ended or "on its way" for post in witness.posts.values())
        counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        rig.say(f"{pace.seconds:4.0f} s: {rig.kills} kills, {counts}")

"""What the API said, and whether it ever said otherwise afterwards."""

import asyncio
import itertools
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from .plan import Request, Target

TERMINAL = ("published", "draft_in_inbox", "failed", "canceled")
PATIENCE = aiohttp.ClientTimeout(total=15)


@dataclass
class Post:
    """An accepted post, and all that was said of it."""

    id: str
    target: Target
    request: Request
    said: list[str] = field(default_factory=list[str])
    ended: str | None = None
    ended_at: float = 0.0
    last: dict[str, Any] = field(default_factory=dict[str, Any])
    canceled: bool | None = None
    """What the answer to a DELETE was: done, or too late."""


@dataclass
class Witness:
    """Remembers every answer. `look` tells whether a post is on its platform right now."""

    look: Callable[[Target], Awaitable[bool]]
    posts: dict[str, Post] = field(default_factory=dict[str, Post])
    lies: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def accepted(self, post_id: str, target: Target, request: Request) -> None:
        """Remember a post that was accepted."""
        if post_id in self.posts:
            self.lies.append((post_id, "one id was given to two posts"))
        self.posts[post_id] = Post(post_id, target, request)

    async def told(self, seen: dict[str, Any], asked_at: float) -> None:
        """Hear what an answer to a question of `asked_at` said of a post; ask the platform when it says published."""
        post = self.posts.get(seen["id"])
        if post is None:
            return
        status: str = seen["status"]
        post.last = {**post.last, **seen}
        if not post.said or post.said[-1] != status:
            post.said.append(status)
        if post.ended and (status != post.ended) and (status in TERMINAL or asked_at > post.ended_at):
            self.lies.append((post.id, f"was {post.ended}, then {status}"))
        if status in TERMINAL and not post.ended:
            post.ended, post.ended_at = status, time.monotonic()
            if status == "published" and not await self.look(post.target):
                self.lies.append((post.id, "was called published before it was on its platform"))


@dataclass
class Caller:
    """A caller who asks until there is an answer, of one API process or the other, with the same key."""

    origins: list[str]
    session: aiohttp.ClientSession
    key: str
    trouble: Counter[str] = field(default_factory=Counter[str])
    in_flight: Counter[str] = field(default_factory=Counter[str])
    busy: asyncio.Event = field(default_factory=asyncio.Event)
    bugs: list[str] = field(default_factory=list[str])
    _turn: "itertools.count[int]" = field(default_factory=itertools.count)

    async def ask(
        self, method: str, path: str, json: Any = None, file: Path | None = None
    ) -> tuple[int, Any]:
        """Return the status and JSON of the first answer that is final. `file` is uploaded, with a caption."""
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": str(uuid.uuid4())}
        while True:
            origin = self.origins[next(self._turn) % len(self.origins)]
            self.in_flight[origin] += 1
            self.busy.set()
            try:
                form = _form(file) if file else None
                async with self.session.request(
                    method, origin + path, json=json, data=form, headers=headers, timeout=PATIENCE
                ) as answer:
                    said = await answer.json()
                    status = answer.status
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as fault:
                self.trouble[
                    "no answer" if not isinstance(fault, aiohttp.ClientConnectorError) else "refused"
                ] += 1
                await asyncio.sleep(0.1)
                continue
            finally:
                self.in_flight[origin] -= 1
            if status == 500:
                self.bugs.append(f"{method} {path}: 500 {said}")
            if status < 500 and not _in_flight(said):
                if answer.headers.get("Idempotent-Replayed"):
                    self.trouble["replayed"] += 1
                return status, said
            self.trouble[str(status)] += 1
            await asyncio.sleep(0.2)


def _form(file: Path) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("files", file.read_bytes(), filename=file.name)
    form.add_field("caption", "instead")
    return form


def _in_flight(said: Any) -> bool:
    error = said.get("error", {}) if isinstance(said, dict) else {}
    return error.get("details", {}).get("subcode") == "IDEMPOTENCY_IN_FLIGHT"


@dataclass
class Observer:
    """Reads all posts over and over, and tells the witness."""

    caller: Caller
    witness: Witness
    project: str

    async def sweep(self) -> set[str]:
        """Read every post once; returns their ids."""
        ids, cursor = set[str](), ""
        while True:
            asked_at = time.monotonic()
            path = f"/v1/projects/{self.project}/scheduled-posts?limit=100{cursor}"
            status, page = await self.caller.ask("GET", path)
            assert status == 200, page
            for seen in page["items"]:
                ids.add(seen["id"])
                await self.witness.told(seen, asked_at)
            if not page["nextCursor"]:
                return ids
            cursor = f"&cursor={page['nextCursor']}"

    async def watch(self) -> None:
        """Go on until cancelled."""
        while True:
            await self.sweep()
            await asyncio.sleep(0.5)

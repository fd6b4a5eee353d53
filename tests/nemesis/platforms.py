"""The platforms of a run, two of them real servers; what they hold is read behind Layers' back."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pds_install
import snac
from lossy import LossyProxy, lossy
from pds_server import Pds
from pds_server import Person as PdsPerson

from layers.db.pool import Pool
from layers.sandbox.app import FAKES, sign_up

from .plan import PLATFORMS, Account, Platform, Target

COMMITS: dict[Platform, str] = {
    "tiktok": r"/video/\?|/content/init/",
    "instagram": "/media_publish",
    "bluesky": r"repo\.(put|create)Record",
    "mastodon": r"^/api/v1/statuses$",
}


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that stands on a platform."""

    text: str
    ids: frozenset[str]
    is_comment: bool = False
    is_draft: bool = False


@dataclass
class Platforms:
    """All platforms, and a line to each that can be made bad."""

    pds: Pds
    snac: snac.Snac
    sandbox: str
    pool: Pool
    session: aiohttp.ClientSession
    lines: dict[Platform, LossyProxy] = field(default_factory=dict[Platform, LossyProxy])
    people: dict[Account, Any] = field(default_factory=dict[Account, Any])

    @property
    def settings(self) -> dict[str, str]:
        """What Layers is told of the platforms."""
        named = {f"LAYERS_{name.upper()}_BASE_URL": f"{self.lines[name].origin}/{name}" for name in FAKED}
        tiktok = {"LAYERS_TIKTOK_CLIENT_KEY": "any", "LAYERS_TIKTOK_CLIENT_SECRET": "any"}
        return {**named, **tiktok}

    async def start(self) -> None:
        """Start the real servers."""
        await asyncio.gather(self.pds.start(), self.snac.start())
        self.lines["bluesky"].upstream = self.pds.origin
        self.lines["mastodon"].upstream = self.snac.origin

    async def join(self, account: Account) -> dict[str, str]:
        """Sign somebody up; returns what Layers connects with."""
        match account.platform:
            case "bluesky":
                person = self.people[account] = await self.pds.sign_up()
                return person.credential(self.lines["bluesky"].origin)
            case "mastodon":
                user = self.people[account] = await self.snac.sign_up()
                return {"baseUrl": self.lines["mastodon"].origin, "accessToken": user.token}
            case platform:
                who = await sign_up(self.pool, platform, f"ann{account.number}.test")
                self.people[account] = who.external_id
                names = {
                    "tiktok": ("accessToken", "refreshToken", "openId"),
                    "instagram": ("accessToken", "userId"),
                }
                return {name: who.tokens.secrets[name] for name in names[platform]}

    async def held(self, account: Account) -> list[Held]:
        """Return everything the account has posted, as the platform itself has it."""
        match account.platform:
            case "bluesky":
                return await self._records(self.people[account])
            case "mastodon":
                return await asyncio.to_thread(self._statuses, self.people[account].name)
            case platform:
                return await self._items(platform, self.people[account])

    async def has(self, target: Target) -> bool:
        """Tell whether a post is on its platform."""
        return any(target.wordless or target.token in held.text for held in await self.held(target.account))

    async def _records(self, person: PdsPerson) -> list[Held]:
        found = await self.pds.records(person.did)
        return [Held(value["text"], frozenset({uri}), "reply" in value) for uri, value in found.items()]

    def _statuses(self, name: str) -> list[Held]:
        files = (self.snac.folder / "user" / name / "public").glob("*.json")
        notes = [json.loads(file.read_text()) for file in files]
        return [Held(n["sourceContent"], frozenset({n["id"]}), bool(n["inReplyTo"])) for n in notes]

    async def _items(self, platform: str, owner: str) -> list[Held]:
        query = {"platform": platform, "owner": owner, "limit": "1000"}
        async with self.session.get(f"{self.sandbox}/posts.json", params=query) as answer:
            items = (await answer.json())["items"]
        return [held for item in items for held in _held(item)]


FAKED: tuple[Platform, ...] = ("tiktok", "instagram")


def _held(item: dict[str, Any]) -> Iterable[Held]:
    ids = {item["id"], *(str(item["options"].get(name)) for name in ("publishId", "containerId"))}
    yield Held(item["caption"], frozenset(ids), is_draft=item["state"] == "inbox")
    for comment in item["comments"]:
        yield Held(comment, frozenset(), is_comment=True)


@asynccontextmanager
async def platforms(folder: Path, sandbox: str, pool: Pool) -> AsyncIterator[Platforms]:
    """Open the lines; the real servers behind two of them are there after `start`, and gone after the block."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        pds = Pds(await asyncio.to_thread(pds_install.install), folder / "pds")
        stack.push_async_callback(pds.stop)
        server = snac.Snac(await asyncio.to_thread(snac.install), folder / "snac")
        stack.push_async_callback(server.stop)
        every = Platforms(pds, server, sandbox, pool, session)
        for name in PLATFORMS:
            every.lines[name] = await stack.enter_async_context(lossy(sandbox, FAKES[name].answer))
        yield every

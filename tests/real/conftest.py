"""A real atproto server, accounts on it, and channels: such an account connected to Layers with a live key."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lossy import LossyProxy, lossy
from pds_install import Installed, install
from pds_server import Pds, Person

from layers.samples import make_image

FIRST_INSTALL_SECONDS = 1200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests here the patience the first install needs."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(FIRST_INSTALL_SECONDS))


@pytest.fixture(scope="session")
def installed() -> Installed:
    """The server's code."""
    return install()


@pytest.fixture(scope="session")
async def pds(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pds]:
    """One server for the whole run."""
    server = Pds(installed, tmp_path_factory.mktemp("pds") / "one")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def proxy(pds: Pds) -> AsyncIterator[LossyProxy]:
    """A bad line to the server."""
    async with lossy(pds.origin) as line:
        yield line


@dataclass
class Channel:
    """An account on the server, connected to a project of its own."""

    client: Any
    pds: Pds
    person: Person
    project: str
    account: str

    async def publish_text(self, caption: str = "hello", **options: Any) -> str:
        """Publish a text; returns the post's id."""
        return await self.publish(await self.client.text(self.project, caption), **options)

    async def publish(self, container: str, **options: Any) -> str:
        """Publish a container; returns the post's id."""
        answer = await self.client.publish(container, self.account, **options)
        assert answer.status == 200, answer.raw
        return answer["scheduledPostIds"][0]

    async def done(self, post: str, seconds: float = 30) -> dict[str, Any]:
        """Wait for a post's end, which must be `published`; returns it."""
        seen = await self.client.post_until(post, "published", "failed", seconds=seconds)
        assert seen["status"] == "published", seen["lastError"]
        return seen

    async def until(self, post: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read a post until it is as wanted; returns it."""
        async with asyncio.timeout(30):
            while True:
                seen = (await self.client.get(f"/v1/scheduled-posts/{post}")).json
                if wanted(seen):
                    return seen
                await asyncio.sleep(0.03)

    async def only_record(self, post: str) -> dict[str, Any]:
        """Return the one record the account has; it must be the post's."""
        seen = await self.done(post)
        records = await self.pds.records(self.person.did)
        assert list(records) == [seen["externalId"]]
        return records[seen["externalId"]]

    async def steps(self, post: str) -> list[str]:
        """Return the types of the steps of a post's story."""
        return [
            step["type"] for step in (await self.client.get(f"/v1/scheduled-posts/{post}/events"))["items"]
        ]


OpenChannel = Callable[..., Awaitable[Channel]]


@pytest.fixture
async def live(join: Any) -> Any:
    """A client with a live key."""
    return await join(environment="live")


@pytest.fixture
def open_channel(live: Any, pds: Pds) -> OpenChannel:
    """Sign somebody up and connect the account: `await open_channel(service=…, person=…, password=…)`."""

    async def open_one(service: str = "", person: Person | None = None, password: str = "") -> Channel:
        person = person or await pds.sign_up()
        project = await live.project()
        credential = person.credential(service or pds.origin, password)
        body = {"platform": "bluesky", "credential": credential}
        made = await live.made(f"/v1/projects/{project}/social-accounts", body)
        assert (made["status"], made["handle"]) == ("connected", person.handle)
        return Channel(live, pds, person, project, made["socialAccountId"])

    return open_one


@pytest.fixture
async def channel(open_channel: OpenChannel) -> Channel:
    """A channel over a good line."""
    return await open_channel()


@pytest.fixture
async def shaky(open_channel: OpenChannel, proxy: LossyProxy) -> Channel:
    """A channel over the bad line."""
    return await open_channel(service=proxy.origin)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three pictures of different size and type."""
    folder = tmp_path_factory.mktemp("pictures")
    return [
        make_image(folder / "a.jpg", (640, 480)),
        make_image(folder / "b.png", (320, 400), "PNG"),
        make_image(folder / "c.webp", (500, 500), "WEBP"),
    ]

"""What tests share: a real PostgreSQL, a fresh database for each test, the API and a worker over real HTTP."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

import conformance
from installation import copied_database, free_port, serving, working
from layers import app
from layers.access.commands import create_first_key
from layers.access.keys import EVERYTHING, Environment
from layers.app import Shared, share
from layers.db import embedded, schema
from layers.db.pool import Pool, open_pool
from layers.samples import make_image, make_video
from layers.settings import Settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process, and all that need one server: what they share is started once."""
    for item in items:
        folder = item.path.parent
        shared = folder.name in {"dashboard", "real", "sdks"}
        item.add_marker(pytest.mark.xdist_group(folder.name if shared else item.path.name))


app.Envelope = conformance.JudgedEnvelope


@pytest.fixture(autouse=True)
def judged() -> Iterator[None]:
    """Every answer a test gets is as the OpenAPI document says."""
    yield
    faults = list(dict.fromkeys(conformance.FAULTS))
    conformance.FAULTS.clear()
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session")
def postgres() -> Iterator[embedded.Embedded]:
    """One embedded PostgreSQL for the whole run."""
    home = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    with (
        tempfile.TemporaryDirectory(dir=home, prefix="layers-tests-") as folder,
        embedded.start(Path(folder), fsync=False) as server,
    ):
        yield server


@pytest.fixture(scope="session")
async def template(postgres: embedded.Embedded) -> str:
    """A migrated database to copy from."""
    connection = await asyncpg.connect(postgres.url)
    await connection.execute("CREATE DATABASE layers_template")
    await connection.close()
    await schema.migrate(postgres.url.replace("/layers?", "/layers_template?"))
    return "layers_template"


@pytest.fixture
async def database_url(postgres: embedded.Embedded, template: str) -> AsyncIterator[str]:
    """A fresh, migrated database."""
    async with copied_database(postgres, template) as url:
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool on the fresh database, for looking and for arranging."""
    opened = await open_pool(database_url, 8, "layers tests")
    yield opened
    assert await conformance.event_faults(opened) == []
    await opened.close()


@pytest.fixture
def shared(database_url: str, tmp_path: Path) -> Shared:
    """An installation on the fresh database; platforms may live on loopback."""
    settings = Settings(data_dir=tmp_path / "data", allow_private_networks=True, port=free_port())
    return share(settings, database_url)


@pytest.fixture
def port() -> int:
    """A free port."""
    return free_port()


@dataclass
class Answer:
    """An HTTP response. Indexing goes into its JSON."""

    status: int
    headers: dict[str, str]
    raw: bytes
    json: Any

    def __getitem__(self, name: str) -> Any:
        return self.json[name]

    @property
    def code(self) -> str:
        """The error's code."""
        return self.json["error"]["code"]

    @property
    def details(self) -> dict[str, Any]:
        """The error's details."""
        return self.json["error"].get("details", {})

    @property
    def issues(self) -> set[tuple[str, str]]:
        """The (path, code) of each validation issue."""
        return {(issue["path"], issue["code"]) for issue in self.details["issues"]}


@dataclass
class Client:
    """A caller of the API, with one key."""

    origin: str
    session: aiohttp.ClientSession
    key: str
    organization_id: str = ""
    api_key_id: str = ""
    folder: Path = field(default_factory=Path)

    async def call(self, method: str, path: str, json: Any = None, **options: Any) -> Answer:
        """Send a request; `idempotency_key` and `headers` may be given."""
        headers: dict[str, str] = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        if key := options.pop("idempotency_key", None):
            headers["Idempotency-Key"] = key
        headers |= options.pop("headers", {})
        async with self.session.request(
            method, self.origin + path, json=json, headers=headers, **options
        ) as r:
            raw = await r.read()
            is_json = "json" in r.headers.get("Content-Type", "")
            return Answer(
                r.status,
                {k.lower(): v for k, v in r.headers.items()},
                raw,
                await r.json() if is_json else None,
            )

    async def get(self, path: str, **options: Any) -> Answer:
        """GET."""
        return await self.call("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        """POST."""
        return await self.call("POST", path, json, **options)

    async def patch(self, path: str, json: Any = None, **options: Any) -> Answer:
        """PATCH."""
        return await self.call("PATCH", path, json, **options)

    async def delete(self, path: str, json: Any = None, **options: Any) -> Answer:
        """DELETE."""
        return await self.call("DELETE", path, json, **options)

    async def made(self, path: str, json: Any, status: int = 201) -> Any:
        """POST what must succeed; returns the JSON."""
        answer = await self.post(path, json)
        assert answer.status == status, answer.raw
        return answer.json

    async def project(self, **fields: Any) -> str:
        """Make a project; returns its id."""
        return (await self.made("/v1/projects", {"name": "A", "timezone": "Europe/Berlin", **fields}))["id"]

    async def account(self, project: str, platform: str = "bluesky", handle: str = "ann.test") -> str:
        """Connect a sandbox account; returns its id."""
        body = {"platform": platform, "credential": {"handle": handle}}
        return (await self.made(f"/v1/projects/{project}/social-accounts", body))["socialAccountId"]

    async def text(self, project: str, caption: str = "hello") -> str:
        """Make a text container; returns its id."""
        return (await self.made(f"/v1/projects/{project}/content", {"kind": "text", "caption": caption}))[
            "id"
        ]

    async def upload(self, project: str, *files: Path, **fields: str) -> Answer:
        """Upload files as a container."""
        form = aiohttp.FormData()
        for file in files:
            form.add_field("files", file.read_bytes(), filename=file.name)
        for name, value in fields.items():
            form.add_field(name, value)
        return await self.post(f"/v1/projects/{project}/content", data=form)

    async def publish(
        self, container: str, *accounts: str, mode: str = "direct_publish", **options: Any
    ) -> Answer:
        """Publish a container to accounts."""
        targets = [{"socialAccountId": account, "mode": mode} for account in accounts]
        return await self.post(f"/v1/content/{container}/publish", {"targets": targets}, **options)

    async def post_until(self, post_id: str, *statuses: str, seconds: float = 20) -> dict[str, Any]:
        """Read a post until it has one of the statuses; returns it."""
        async with asyncio.timeout(seconds):
            while True:
                post = (await self.get(f"/v1/scheduled-posts/{post_id}")).json
                if post["status"] in statuses:
                    return post
                await asyncio.sleep(0.03)


Join = Callable[..., Awaitable[Client]]


@pytest.fixture
async def origin(shared: Shared) -> AsyncIterator[str]:
    """The API, served."""
    async with serving(shared, shared.settings.port) as where:
        yield where


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as opened:
        yield opened


@pytest.fixture
def join(origin: str, session: aiohttp.ClientSession, pool: Pool, tmp_path: Path) -> Join:
    """Make a client with a new key: `await join("Acme", "test", ["publish:write"])`."""

    async def make(
        organization: str = "Acme", environment: Environment = "test", scopes: list[str] | None = None
    ) -> Client:
        made = await create_first_key(
            pool,
            organization=organization,
            environment=environment,
            scopes=scopes or [EVERYTHING],
            return_hosts=[],
        )
        return Client(origin, session, made.key, made.organization_id, made.api_key_id, tmp_path)

    return make


@pytest.fixture
async def client(join: Join) -> Client:
    """A client with a test key that may do everything."""
    return await join()


@pytest.fixture
async def worker(shared: Shared, origin: str) -> AsyncIterator[None]:
    """A running worker."""
    async with working(shared):
        yield


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real two-second vertical video."""
    return make_video(tmp_path_factory.mktemp("media") / "clip.mp4")


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real JPEG."""
    return make_image(tmp_path_factory.mktemp("media") / "photo.jpg")

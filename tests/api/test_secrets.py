"""No secret shows where it must not: secrets are planted everywhere, a whole flow is played with all that can fail in
it, and everything the installation says, at its most talkative, is searched for them.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from cryptography.fernet import Fernet

from layers.access.commands import create_first_key
from layers.db.pool import Pool
from layers.vault import Vault

COMMAND = "from layers.cli import main; main()"
PLANTED = "Pl4nted-{}-Zx9Zx9Zx9Zx9Zx9Zx9"
FAULTS = ["lose_answer", "error_after", "refuse", "expire_token", "reject", "unavailable"]


@dataclass
class Played:
    """What was planted, and all that was said."""

    secrets: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def plant(self, name: str) -> str:
        """Make a secret and remember it."""
        self.secrets[name] = PLANTED.format(name.replace(" ", "-"))
        return self.secrets[name]

    def leaks(self) -> list[tuple[str, str, str]]:
        """Return (which secret, where, the words around it)."""
        return [
            (name, where, text[max(0, text.index(secret) - 150) :][: 200 + len(secret)])
            for name, secret in self.secrets.items()
            for where, text in self.said.items()
            if secret in text
        ]


@asynccontextmanager
async def parrot() -> AsyncIterator[str]:
    """A platform and a receiver that refuses everything and repeats what it was sent, headers and all."""

    async def repeat(request: web.Request) -> web.Response:
        heard = f"{dict(request.headers)} {request.query_string} {(await request.read()).decode('utf-8', 'replace')}"
        body = {"error": "invalid_request", "error_description": heard, "message": heard}
        return web.json_response(body, status=400)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", repeat)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def layers(env: dict[str, str], log: Path, *command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command of Layers with everything it says in a file."""
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", COMMAND, *command), env=env, stdout=out, stderr=out
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), 30)


async def ended(env: dict[str, str], log: Path, command: str) -> int:
    """Run a command to its end; returns its status."""
    async with layers(env, log, command) as process:
        return await process.wait()


class Flow:
    """Plays the flow; whatever the API refuses is kept."""

    def __init__(self, played: Played, client: Any, parrot_origin: str) -> None:
        self.played, self.client, self.parrot = played, client, parrot_origin

    async def call(self, method: str, path: str, json: Any = None, **options: Any) -> Any:
        """Send a request; keep a refusal."""
        answer = await self.client.call(method, path, json, **options)
        if answer.status >= 400:
            self.played.said[f"{method} {path}"] = answer.raw.decode("utf-8", "replace")
        return answer

    async def read(self, path: str) -> Any:
        """Read what must show no secret."""
        answer = await self.client.get(path)
        assert answer.status == 200, answer.raw
        self.played.said[path] = answer.raw.decode()
        return answer.json

    async def hooks(self) -> str:
        """Make an endpoint at the parrot; returns its id."""
        path, body = (
            "/v1/webhook-endpoints",
            {"url": f"{self.parrot}/hook", "events": ["post.published", "post.failed"]},
        )
        made = await self.client.made(path, body)
        self.played.secrets["webhook secret"] = made["secret"]
        rotated = await self.client.made(f"/v1/webhook-endpoints/{made['id']}/rotate-secret", None, 200)
        self.played.secrets["webhook secret, rotated"] = rotated["secret"]
        return made["id"]

    async def posts(self, image: Path) -> None:
        """Publish with every fault, and read the stories."""
        project = await self.client.project()
        container = (await self.client.upload(project, image, caption="fine")).json
        link = parse_qs(urlsplit(container["assets"][0]["url"]).query)["signature"][0]
        self.played.secrets["signature of a link"] = link
        await self.client.get(urlsplit(container["assets"][0]["url"])._replace(scheme="", netloc="").geturl())
        posts = []
        for number, fault in enumerate(("", *FAULTS)):
            account = await self.client.account(
                project, ("bluesky", "mastodon")[number % 2], f"ann{number}.test"
            )
            one = await self.client.text(project, f"[fault:{fault}]") if fault else container["id"]
            posts += (await self.client.publish(one, account))["scheduledPostIds"]
        for post in posts:
            await self.settled(post)
            await self.read(f"/v1/scheduled-posts/{post}")
            await self.read(f"/v1/scheduled-posts/{post}/events")

    async def settled(self, post: str) -> None:
        """Wait until a post has ended or has failed once."""
        async with asyncio.timeout(60):
            while True:
                seen = (await self.client.get(f"/v1/scheduled-posts/{post}")).json
                if seen["status"] not in ("queued", "publishing") or seen["lastError"]:
                    return
                await asyncio.sleep(0.05)

    async def refusals(self) -> None:
        """Give secrets to what refuses them."""
        key, project = self.client.key, await self.client.project()
        accounts = f"/v1/projects/{project}/social-accounts"
        await self.call("GET", f"/v1/projects?key={key}&limit=x")
        await self.call("GET", "/v1/whoami", headers={"Authorization": f"Basic {key}"})
        password = self.played.plant("app password")
        await self.call(
            "POST", accounts, {"platform": "bluesky", "credential": {"handle": "a", "password": password}}
        )
        await self.call("POST", accounts, {"platform": "bluesky", "credential": {"password": [password]}})

    async def live(self, live_key: str) -> None:
        """Connect at a platform that repeats what it hears, by credential and by consent."""
        test_key, self.client.key = self.client.key, live_key
        project = await self.client.project()
        accounts = f"/v1/projects/{project}/social-accounts"
        password, token = self.played.plant("live app password"), self.played.plant("platform token")
        for platform, credential in (
            ("bluesky", {"service": self.parrot, "identifier": "ann.test", "password": password}),
            ("mastodon", {"baseUrl": self.parrot, "accessToken": token}),
            ("instagram", {"accessToken": token, "userId": "1"}),
            ("tiktok", {"accessToken": token, "refreshToken": password, "openId": "1"}),
        ):
            answer = await self.call("POST", accounts, {"platform": platform, "credential": credential})
            assert answer.status == 422, answer.raw
        for platform in ("tiktok", "instagram"):
            wanted = {"platform": platform, "returnUrl": "http://localhost/done"}
            begun = await self.client.made(f"/v1/projects/{project}/social/oauth-url", wanted, 200)
            code = self.played.plant(f"code of {platform}")
            back = f"/v1/social/oauth/callback/{platform}?state={begun['state']}&code={code}"
            answer = await self.call("GET", back, allow_redirects=False)
            assert answer.status == 302
            self.played.said[back.split("?")[0]] = answer.headers["location"]
            await self.read(f"/v1/social/oauth-status/{begun['state']}")
        await self.read(accounts)
        await self.read("/v1/audit-log")
        self.client.key = test_key


async def tokens_of(pool: Pool, vault: Vault) -> dict[str, str]:
    """Return every token of every account."""
    rows = await pool.fetch("SELECT id, sealed_secrets FROM social_accounts WHERE sealed_secrets IS NOT NULL")
    found = {
        f"{name} of {row['id']}": value
        for row in rows
        for name, value in vault.unseal(row["sealed_secrets"], row["id"]).items()
        if name not in ("service", "identifier", "did", "handle", "pds", "endpoint") and len(value) > 12
    }
    assert len(found) >= 2
    return found


@pytest.fixture
async def played(client, pool: Pool, database_url: str, port: int, tmp_path: Path, image: Path) -> Played:
    """The whole flow, played once."""
    played, folder = Played(), tmp_path
    secret_key = Fernet.generate_key().decode()
    played.secrets["secret key"] = secret_key
    password = played.plant("database password")
    async with parrot() as origin:
        env = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")} | {
            "LAYERS_DATABASE_URL": database_url.replace("@", f":{password}@", 1),
            "LAYERS_DATA_DIR": str(folder / "data"),
            "LAYERS_PORT": str(port),
            "LAYERS_SECRET_KEYS": secret_key,
            "LAYERS_LOG_LEVEL": "debug",
            "LAYERS_ALLOW_PRIVATE_NETWORKS": "true",
            **{f"LAYERS_{name}_BASE_URL": origin for name in ("TIKTOK", "INSTAGRAM")},
            "LAYERS_TIKTOK_CLIENT_KEY": "client-key",
            "LAYERS_TIKTOK_CLIENT_SECRET": played.plant("TikTok client secret"),
            "LAYERS_INSTAGRAM_CLIENT_ID": "client-id",
            "LAYERS_INSTAGRAM_CLIENT_SECRET": played.plant("Instagram client secret"),
            "COLUMNS": "400",
        }
        assert password in env["LAYERS_DATABASE_URL"]
        keys = [
            (
                await create_first_key(
                    pool, organization="Acme", environment=kind, scopes=["*"], return_hosts=[]
                )
            ).key
            for kind in ("test", "live")
        ]
        played.secrets |= {"test key": keys[0], "live key": keys[1]}
        client.origin, client.key = f"http://127.0.0.1:{port}", keys[0]
        flow = Flow(played, client, origin)
        async with layers(env, folder / "log", "up"):
            await until_ready(client)
            endpoint = await flow.hooks()
            made = await client.made("/v1/api-keys", {"name": "second", "scopes": ["projects:read"]})
            played.secrets["second key"] = made["key"]
            await flow.posts(image)
            await flow.refusals()
            await flow.live(keys[1])
            await flow.read(f"/v1/webhook-endpoints/{endpoint}/deliveries")
            for path in (
                "/v1/webhook-endpoints",
                "/v1/api-keys",
                "/v1/audit-log?limit=100",
                "/health/dispatch",
            ):
                await flow.read(path)
        away = env | {"LAYERS_DATABASE_URL": f"postgresql://layers:{password}@127.0.0.1:{port}/layers"}
        ends = await asyncio.gather(
            *(ended(away, folder / f"{command}, database away", command) for command in ("doctor", "serve"))
        )
        assert ends == [1, 1]
    played.secrets |= await tokens_of(pool, Vault([secret_key]))
    for file in folder.iterdir():
        if file.is_file():
            played.said[f"output: {file.name}"] = file.read_text()
    return played


async def until_ready(client: Any) -> None:
    """Wait for the server."""
    async with asyncio.timeout(60):
        while True:
            try:
                if (await client.get("/health/ready")).status == 200:
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)


def test_no_secret_is_said_anywhere(played: Played) -> None:
    leaks = played.leaks()
    assert leaks == [], json.dumps(leaks, indent=1, ensure_ascii=False)
    # The search means something: what should have been said was said.
    log = played.said["output: log"]
    for words in ("request", "worker started", "oauth failed", "status=422"):
        assert words in log
    stories = " ".join(text for where, text in played.said.items() if where.endswith("/events"))
    for step in ("scheduled", "published", "unanswered", "failed"):
        assert step in stories
    assert "LAYERS_SECRET_KEYS" in played.said["output: doctor, database away"]
    assert "(set)" in played.said["output: doctor, database away"]
    assert len(played.secrets) > 15

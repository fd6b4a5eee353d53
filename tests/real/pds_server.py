"""A real atproto server as a process, and what tests do on it behind Layers' back."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from pds_install import LISTS, Installed

from installation import free_ports

POSTS = "app.bsky.feed.post"
JWT_SECRET = "what the test server signs its tokens with"
START_SECONDS = 60
NUMBERS = itertools.count(1)


class Refused(Exception):  # noqa: N818
    """The server's answer was an error."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(f"{status} {error}")
        self.status, self.error = status, error


@dataclass
class Person:
    """Somebody with an account on the server."""

    handle: str
    did: str
    password: str
    token: str

    def credential(self, service: str, password: str = "") -> dict[str, str]:
        """Return what Layers connects with."""
        return {"service": service, "identifier": self.handle, "password": password or self.password}


class Pds:
    """The server. Keeps its ports and data over a stop and a start."""

    def __init__(self, installed: Installed, folder: Path) -> None:
        self.node, self.folder = installed.node, folder
        self.port, self.plc_port = free_ports(2)
        self.origin = f"http://127.0.0.1:{self.port}"
        self.process: asyncio.subprocess.Process | None = None
        folder.mkdir(parents=True)
        (folder / "node_modules").symlink_to(installed.modules)
        shutil.copy(LISTS / "run.mjs", folder)

    async def start(self) -> None:
        """Start it and return once it answers."""
        environment = {
            "PATH": str(self.node.parent),
            "PLC_PORT": str(self.plc_port),
            "PDS_PORT": str(self.port),
            "PDS_DATA_DIRECTORY": str(self.folder / "data"),
            "PDS_JWT_SECRET": JWT_SECRET,
            "PDS_RATE_LIMITS_ENABLED": "true",
        }
        with (self.folder / "errors.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(self.node, self.folder / "run.mjs"),
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout
        async with asyncio.timeout(START_SECONDS):
            said = await self.process.stdout.readline()
        if not said.startswith(b"READY"):
            raise RuntimeError(
                f"The server did not start:\n{(self.folder / 'errors.log').read_text()[-4000:]}"
            )

    async def stop(self) -> None:
        """Stop it, if it runs."""
        if self.process and self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 15)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()

    async def call(self, method: str, name: str, token: str = "", **options: Any) -> Any:
        """Call the server's method `name`; returns the JSON. Raises Refused."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.origin}/xrpc/{name}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, headers=headers, **options) as answer,
        ):
            raw = await answer.read()
            if answer.status >= 300:
                raise Refused(answer.status, json.loads(raw))
            return json.loads(raw) if raw and "json" in answer.content_type else raw

    async def sign_up(self, name: str = "ann") -> Person:
        """Make a new account."""
        name = f"{name}{next(NUMBERS)}"
        body = {"handle": f"{name}.test", "email": f"{name}@mail.test", "password": f"the password of {name}"}
        made = await self.call("POST", "com.atproto.server.createAccount", json=body)
        return Person(made["handle"], made["did"], body["password"], made["accessJwt"])

    async def make_app_password(self, person: Person, name: str) -> str:
        """Make an app password, as a person does in the app's settings."""
        made = await self.call(
            "POST", "com.atproto.server.createAppPassword", person.token, json={"name": name}
        )
        return made["password"]

    async def revoke_app_password(self, person: Person, name: str) -> None:
        """Take an app password back."""
        await self.call("POST", "com.atproto.server.revokeAppPassword", person.token, json={"name": name})

    async def records(self, did: str) -> dict[str, dict[str, Any]]:
        """Return all posts of an account, its replies included, by their address, oldest first."""
        found: dict[str, dict[str, Any]] = {}
        query = {"repo": did, "collection": POSTS, "limit": "100", "reverse": "true"}
        while True:
            page = await self.call("GET", "com.atproto.repo.listRecords", params=query)
            found |= {record["uri"]: record["value"] for record in page["records"]}
            if "cursor" not in page:
                return found
            query["cursor"] = page["cursor"]

    async def blob(self, did: str, cid: str) -> bytes:
        """Return the bytes of an image."""
        return await self.call("GET", "com.atproto.sync.getBlob", params={"did": did, "cid": cid})


def outdated(token: str) -> str:
    """Return an access token of the server as it will be in a day: well signed, and expired."""
    head, payload, _ = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims |= {"iat": int(time.time()) - 86400, "exp": int(time.time()) - 79200}
    said = f"{head}.{_base64(json.dumps(claims).encode())}"
    return f"{said}.{_base64(hmac.digest(JWT_SECRET.encode(), said.encode(), hashlib.sha256))}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

"""A real server of the Mastodon API: snac, which ignores idempotency keys and lists no private statuses.

If no `snac` is on the PATH, Debian's package is fetched with apt into a root of its own and unpacked, once, into the
user's cache; the system is left as it is. The suite is named here, since the machine's own Debian may be too old
to have the package; the mirror is the machine's.
"""

import asyncio
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

SUITE, RECIPE = "trixie", "1"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
OTHERWISE = "Install snac (https://comam.es/what-is-snac) so that `snac` is on the PATH."
CALLBACK = "http://127.0.0.1:9/callback"


class InstallError(Exception):
    """The server cannot be installed here; the message says what to do."""


def install() -> Path:
    """Return the server's program; fetches it first if need be (seconds)."""
    if there := shutil.which("snac"):
        return Path(there)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "layers-tests"
    folder = cache / f"snac-{SUITE}-{RECIPE}"
    cache.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(prefix=f"{folder.name}.making-", dir=cache) as draft:
                _fetch(Path(draft))
                (Path(draft) / "unpacked").rename(folder)
    return folder / "usr/bin/snac"


def _fetch(draft: Path) -> None:
    """Download and unpack the package within `draft`."""
    if missing := [tool for tool in ("apt-get", "dpkg-deb") if not shutil.which(tool)]:
        raise InstallError(f"There is no {' and no '.join(missing)} here. {OTHERWISE}")
    for name in ("lists/partial", "cache/archives/partial", "unpacked"):
        (draft / name).mkdir(parents=True)
    (draft / "status").touch()
    (draft / "sources.list").write_text(f"deb [signed-by={KEYRING}] {_mirror()} {SUITE} main\n")
    options = {
        "Dir::Etc::sourcelist": draft / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": draft / "lists",
        "Dir::Cache": draft / "cache",
        "Dir::State::status": draft / "status",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-q", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    _run(draft, *apt, "update")
    _run(draft, *apt, "download", "snac2")
    (package,) = draft.glob("snac2_*.deb")
    _run(draft, "dpkg-deb", "-x", package.name, "unpacked")


def _mirror() -> str:
    """Return where this machine gets Debian from, by its own list of sources."""
    described = ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages"]
    listed = subprocess.run(described, capture_output=True, text=True, check=False).stdout
    system = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', Path("/etc/os-release").read_text(), re.MULTILINE))
    wanted = {system.get("VERSION_CODENAME", "stable"), "stable", SUITE}
    for line in listed.splitlines():
        site, _, release = line.partition(" ")
        if system.get("ID") == "debian" and release in wanted and "debian" in site:
            return site
    raise InstallError(f"This machine's package sources name no mirror of Debian. {OTHERWISE}")


def _run(folder: Path, *command: str | Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr + done.stdout)[-2000:]
        raise InstallError(f"`{command[0]} … {command[-1]}` failed. {OTHERWISE}\n{said}")


@dataclass
class Person:
    """A user of the server."""

    name: str
    password: str
    token: str = ""
    id: str = ""


@dataclass
class Snac:
    """One server on loopback, with its data in `folder`."""

    program: Path
    folder: Path
    port: int = 0
    process: asyncio.subprocess.Process | None = None
    people: list[Person] = field(default_factory=list[Person])

    @property
    def origin(self) -> str:
        """Return where it is."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Make the data folder and serve it."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        answers = f"127.0.0.1\n{self.port}\n127.0.0.1:{self.port}\n\nadmin@example.test\n"
        await self._tell(answers, "init")
        settings = self.folder / "server.json"
        # Enough threads that what it does in the background does not keep callers waiting.
        changes = {"protocol": "http", "num_threads": 16, "queue_timeout": 1, "queue_timeout_2": 1}
        settings.write_text(json.dumps(json.loads(settings.read_text()) | changes))
        with self.folder.with_suffix(".log").open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                self.program, "httpd", self.folder, stdout=log, stderr=log
            )
        async with asyncio.timeout(10), aiohttp.ClientSession() as web:
            while not await self._answers(web):  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.02)

    async def _answers(self, web: aiohttp.ClientSession) -> bool:
        try:
            async with web.get(f"{self.origin}/api/v1/instance") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def stop(self) -> None:
        """End it."""
        if self.process and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()

    async def _tell(self, answers: str, command: str, *arguments: str) -> str:
        """Run a command of snac's that asks; returns what it said."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            self.program, command, self.folder, *arguments, stdin=pipe, stdout=pipe, stderr=pipe
        )
        out, err = await process.communicate(answers.encode())
        assert process.returncode == 0, err
        return (out + err).decode()

    async def sign_up(self) -> Person:
        """Make a user with a token of her own."""
        name = f"ann{len(self.people)}"
        said = await self._tell(f"{name}\n", "adduser", name)
        found = re.search(r"password is (\S+)", said)
        assert found, said
        person = Person(name, found[1])
        self.people.append(person)
        app = await self._send(
            "POST", "/api/v1/apps", data={"client_name": "tests", "redirect_uris": CALLBACK}
        )
        form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK}
        form |= {name: app[name] for name in ("client_id", "client_secret")}
        form["code"] = (await self.consent(person, app["client_id"], CALLBACK, "s"))["code"]
        person.token = (await self._send("POST", "/oauth/token", data=form))["access_token"]
        person.id = (await self.call(person, "GET", "/api/v1/accounts/verify_credentials"))["id"]
        return person

    async def consent(self, person: Person, client_id: str, callback: str, state: str) -> dict[str, str]:
        """Log in on the page of consent, as a browser would; returns what the callback is told."""
        form = {"login": person.name, "passwd": person.password, "redir": callback, "cid": client_id}
        url = f"{self.origin}/oauth/x-snac-login"
        async with (
            aiohttp.ClientSession() as web,
            web.post(url, data=form | {"state": state}, allow_redirects=False) as answer,
        ):
            assert answer.status == 303, await answer.text()
            back = answer.headers["Location"]
        assert back.startswith(callback)
        return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}

    async def call(self, person: Person, method: str, path: str, **given: Any) -> Any:
        """Call the API in a person's name; returns the JSON."""
        return await self._send(method, path, headers={"Authorization": f"Bearer {person.token}"}, **given)

    async def statuses(self, person: Person) -> list[dict[str, Any]]:
        """Return the person's public statuses, oldest first."""
        return (await self.call(person, "GET", f"/api/v1/accounts/{person.id}/statuses"))[::-1]

    async def _send(self, method: str, path: str, **given: Any) -> Any:
        async with (
            aiohttp.ClientSession() as web,
            web.request(method, self.origin + path, **given) as answer,
        ):
            assert answer.status == 200, await answer.text()
            return await answer.json()

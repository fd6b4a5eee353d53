"""The main job from nothing to published, on real media, against the sandbox: `make demo`.

Everything it prints as a fact is checked; the first one that is not so ends it with exit code 1. All it starts is
stopped, all it writes lies in one temporary folder, which is removed.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.rule import Rule
from rich.spinner import Spinner
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from layers.dashboard.pages import is_built
from layers.db import embedded
from layers.samples import make_image, make_video

LAYERS = [sys.executable, "-c", "from layers.cli import main; main()"]
PATIENCE = 60.0
"""Seconds until something that should happen is given up; on a quick machine all of it takes a tenth."""
TITLES = {"tiktok": "TikTok", "bluesky": "Bluesky"}
STATUSES = ("queued", "publishing", "published")
ENDS = ("published", "failed", "draft_in_inbox", "canceled")
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
console = Console(highlight=False, width=min(Console().width, 110))
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class DemoFailed(Exception):  # noqa: N818
    """Something is not as claimed."""


@dataclass(slots=True)
class Facts:
    """What was claimed and checked so far."""

    started: float = field(default_factory=time.monotonic)
    count: int = 0

    def check(self, true: object, claim: str, *evidence: object) -> None:
        """Count a claim that holds. Raises DemoFailed with the evidence for one that does not."""
        if not true:
            raise DemoFailed(" ".join([f"Not so: {claim}.", *map(str, evidence)]))
        self.count += 1

    def seconds(self) -> float:
        """Return how long the demo has been running."""
        return time.monotonic() - self.started


# What runs ------------------------------------------------------------------------------------------------------


def free_port() -> int:
    """Return a port on loopback that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True, slots=True)
class House:
    """A throw-away installation: its folder, its addresses, the environment of its commands."""

    folder: Path
    port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)

    @property
    def origin(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox(self) -> str:
        """Where one can see what the sandbox platforms hold."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def env(self) -> dict[str, str]:
        """The caller's environment without settings of another installation, and without proxies."""
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith("LAYERS_") and "_proxy" not in k.lower()
        }
        return {**kept, "LAYERS_DATA_DIR": str(self.folder / "data"), "LAYERS_PORT": str(self.port)}

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command of Layers while the block runs. It gets a session of its own: Ctrl-C is our affair."""
        with (self.folder / f"{arguments[0]}.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [*LAYERS, *arguments], env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def close(self) -> None:
        """Stop the database, should a killed command have left it running."""
        if (self.folder / "data/postgres/postmaster.pid").exists():
            embedded.start(self.folder / "data").close()

    def wait_for(self, url: str, process: subprocess.Popen[bytes]) -> None:
        """Return once `url` answers. Raises DemoFailed with the end of the log when the process ends first."""
        until = time.monotonic() + PATIENCE
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > until:
                logs = "\n".join(log.read_text() for log in sorted(self.folder.glob("*.log")))
                raise DemoFailed(f"{url} does not answer.\n{logs[-3000:]}")
            time.sleep(0.05)

    def wait_for_json(self, name: str, process: subprocess.Popen[bytes]) -> Any:
        """Return what a command that prints JSON printed, once it has ended."""
        code, said = process.wait(PATIENCE), (self.folder / f"{name}.log").read_text()
        if code:
            raise DemoFailed(f"layers {name} ended with {code}: {said}")
        return json.loads(said.splitlines()[-1])


def _answers(url: str) -> bool:
    try:
        with direct.open(url, timeout=5):
            return True
    except OSError:
        return False


# Talking to the API ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response with a JSON body; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    json: Any


@dataclass(frozen=True, slots=True)
class Api:
    """A caller with a key."""

    origin: str
    key: str

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send JSON, or bytes as they are."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}", **given}
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.origin + path, data, given, method=method)  # noqa: S310
        try:
            with direct.open(request, timeout=PATIENCE) as response:
                return _answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as refusal:
            return _answer(refusal.code, dict(refusal.headers), refusal.read())

    def get(self, path: str) -> Any:
        """Return the JSON of what must be there."""
        return self._must("GET", path)

    def made(self, path: str, body: object = None, method: str = "POST", **headers: str) -> Any:
        """Return the JSON of what must succeed."""
        return self._must(method, path, body, **headers)

    def _must(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        answer = self.call(method, path, body, **headers)
        if answer.status >= 300:
            raise DemoFailed(f"{method} {path} was answered with {answer.status}: {answer.json}")
        return answer.json

    def upload(self, project: str, file: Path, caption: str) -> Any:
        """Upload a file as a container."""
        boundary = uuid.uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="caption"\r\n\r\n{caption}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{file.name}"\r\n\r\n'
        )
        body = head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        return self.made(f"/v1/projects/{project}/content", body, Content_Type=kind)

    def publish(self, container: str, account: str, idempotency_key: str) -> Answer:
        """Publish with the very curl of the documentation; with Python's own client where there is no curl."""
        if not shutil.which("curl"):
            body = {"targets": [{"socialAccountId": account, "mode": "direct_publish"}]}
            path = f"/v1/content/{container}/publish"
            return self.call("POST", path, body, Idempotency_Key=idempotency_key)
        command = curl(self.origin, container, self.key, idempotency_key, account)
        return _run_curl(["curl", *command])


def _answer(status: int, headers: Mapping[str, str], raw: bytes) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers.items()}, json.loads(raw))


def curl(origin: str, container: str, key: str, idempotency_key: str, account: str) -> list[str]:
    """Return the arguments of the documentation's example, with these ids in place of its own."""
    body = f'{{\n    "targets": [\n      {{ "socialAccountId": "{account}", "mode": "direct_publish" }}\n    ]\n  }}'
    headers = (
        f"Authorization: Bearer {key}",
        f"Idempotency-Key: {idempotency_key}",
        "Content-Type: application/json",
    )
    return [
        f"{origin}/v1/content/{container}/publish",
        *(part for h in headers for part in ("-H", h)),
        "-d",
        body,
    ]


def _run_curl(command: Sequence[str]) -> Answer:
    env = {name: value for name, value in os.environ.items() if "_proxy" not in name.lower()}
    done = subprocess.run(  # noqa: S603 - curl, with our own ids
        [*command, "-sS", "-i"], capture_output=True, check=False, timeout=PATIENCE, env=env
    )
    if done.returncode:
        raise DemoFailed(f"curl ended with {done.returncode}: {done.stderr.decode()}")
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return _answer(int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body)


# Showing --------------------------------------------------------------------------------------------------------


def say(title: str) -> None:
    """Begin a part."""
    console.print()
    console.print(Rule(f"[bold]{title}[/]", align="left", style="dim"))


def fact(words: str) -> None:
    """Show something that was checked."""
    console.print(f"[green]✓[/] {words}", soft_wrap=False)


def show_code(text: str, language: str) -> None:
    """Show code."""
    console.print(
        Padding(Syntax(text, language, theme="ansi_dark", background_color="default", word_wrap=True), (0, 2))
    )


def short(text: str, keep: int = 14) -> str:
    """Cut an id or a key."""
    return text if len(text) <= keep else f"{text[:keep]}…"


def watch(api: Api, facts: Facts, posts: Mapping[str, str]) -> dict[str, Any]:
    """Show posts (id → what it is) live until each has come to an end; returns them, all published."""
    seen: dict[str, Any] = {}
    first_tries: dict[str, str | None] = {}
    until = time.monotonic() + PATIENCE
    with Live(console=console, refresh_per_second=20, transient=True) as live:
        while time.monotonic() < until:
            seen = {post: api.get(f"/v1/scheduled-posts/{post}") for post in posts}
            first_tries = {post: first_tries.get(post) or now["attemptedAt"] for post, now in seen.items()}
            live.update(_progress(posts, seen, first_tries))
            if all(post["status"] in ENDS for post in seen.values()):
                break
            time.sleep(0.04)
    console.print(_progress(posts, seen, first_tries))
    for post, what in posts.items():
        facts.check(seen[post]["status"] == "published", f"{what} is published", json.dumps(seen[post]))
    return seen


def _progress(posts: Mapping[str, str], seen: Mapping[str, Any], tries: Mapping[str, str | None]) -> Padding:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for post_id, what in posts.items():
        post = seen[post_id]
        at = dict(zip(STATUSES, (post["createdAt"], tries[post_id], post["publishedAt"]), strict=True))
        steps = [_step(name, _after(post["createdAt"], at[name])) for name in STATUSES]
        waiting: Any = Text("") if post["status"] in ENDS else Spinner("dots")
        table.add_row(what, *steps, waiting)
    return Padding(table, (0, 2))


def _step(name: str, seconds: float | None) -> Text:
    if seconds is None:
        return Text(f"○ {name}", style="dim")
    return Text.assemble(("● ", "green"), name, (f" {seconds * 1000:,.0f} ms" if seconds else "", "cyan"))


def _after(start: str, end: str | None) -> float | None:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() if end else None


def show_story(steps: Sequence[Mapping[str, Any]]) -> None:
    """Show what happened to a post."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for step in steps:
        seconds = _after(steps[0]["at"], step["at"]) or 0.0
        table.add_row(f"[dim]+{seconds:.2f} s[/]", f"[bold]{step['type']}[/]", step["message"])
    console.print(Padding(table, (0, 2)))


# The play -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Stage:
    """What the parts of the play share."""

    house: House
    facts: Facts
    api: Api
    project: str = ""
    accounts: dict[str, str] = field(default_factory=dict[str, str])

    def on_platforms(self, **wanted: str) -> list[Any]:
        """Return what the sandbox platforms hold, asked of them and not of Layers; newest first."""
        with direct.open(f"{self.house.sandbox}/posts.json", timeout=PATIENCE) as response:
            items = json.load(response)["items"]
        return [item for item in items if all(item[name] == value for name, value in wanted.items())]


def prepare(stage: Stage) -> None:
    """Make a project and two accounts."""
    api, facts = stage.api, stage.facts
    who = api.get("/v1/whoami")
    facts.check(who["environment"] == "test", "the key is a test key: no outside call", who)
    stage.project = api.made("/v1/projects", {"name": "Demo", "timezone": "Europe/Berlin"})["id"]
    for platform, handle in (("tiktok", "sunset_studio"), ("bluesky", "sunset.test")):
        body = {"platform": platform, "credential": {"handle": handle}}
        account = api.made(f"/v1/projects/{stage.project}/social-accounts", body)
        facts.check(account["status"] == "connected", f"the {TITLES[platform]} account is connected", account)
        stage.accounts[platform] = account["socialAccountId"]
    fact("a test key, a project, and a sandbox account each on TikTok and Bluesky")


def upload(stage: Stage, file: Path, caption: str) -> tuple[str, str]:
    """Upload a file; returns the container's id and the file's hash."""
    made = stage.api.upload(stage.project, file, caption)
    asset, sha256 = made["assets"][0], hashlib.sha256(file.read_bytes()).hexdigest()
    stage.facts.check(made["status"] == "completed", f"{file.name} is stored and probed", made)
    stage.facts.check(asset["sha256"] == sha256, "what is stored is what was sent, byte for byte", asset)
    expected = (540, 960) if file.suffix == ".mp4" else (1080, 1350)
    size = (asset["width"], asset["height"])
    stage.facts.check(size == expected, f"{file.name} measures {expected}", size)
    length = f", {asset['durationMs'] / 1000:.1f} s" if asset["durationMs"] else ""
    kilobytes = asset["sizeBytes"] / 1000
    fact(f"uploaded {file.name}: {asset['mimeType']}, {size[0]}×{size[1]}{length}, {kilobytes:,.0f} kB")
    return made["id"], sha256


def publish_media(stage: Stage) -> None:
    """Publish a real video and a real image, repeat a call, and look at the platforms."""
    api, facts = stage.api, stage.facts
    video, video_sha = upload(stage, stage.house.folder / "sunset.mp4", "Sunset, two seconds of it")
    image, image_sha = upload(stage, stage.house.folder / "sunset.jpg", "The same sunset, at rest")

    say("Publish")
    key = str(uuid.uuid4())
    account = stage.accounts["tiktok"]
    show_code(shown_curl(stage, video, key, account), "bash")
    first = api.publish(video, account, key)
    facts.check(
        first.status == 200 and first.json["gateStatus"] == "queued", "publish answers 200 queued", first
    )
    show_code(f"{first.status} {_shortened(first.json)}", "json")
    second = api.publish(image, stage.accounts["bluesky"], str(uuid.uuid4()))
    facts.check(second.status == 200, "the image is accepted for Bluesky", second)
    (video_post,), (image_post,) = first.json["scheduledPostIds"], second.json["scheduledPostIds"]
    watch(api, facts, {video_post: "video on TikTok", image_post: "image on Bluesky"})

    say("The same call again")
    again = api.publish(video, account, key)
    facts.check(
        (again.status, again.json) == (first.status, first.json), "the answer is the first one", again
    )
    facts.check(again.headers.get("idempotent-replayed") == "true", "it says so in a header", again.headers)
    fact("same Idempotency-Key, same answer, and the header [cyan]Idempotent-Replayed: true[/]")
    show_platforms(stage, {"tiktok": video_sha, "bluesky": image_sha})


def _shortened(queued: Mapping[str, Any]) -> str:
    ids = [short(post_id) for post_id in queued["scheduledPostIds"]]
    return json.dumps({**queued, "scheduledPostIds": ids}, ensure_ascii=False)


def shown_curl(stage: Stage, container: str, key: str, account: str) -> str:
    """Return the command that is run, ids and secret shortened."""
    url, *rest = curl(
        stage.api.origin, short(container), short(stage.api.key, 24), short(key), short(account)
    )
    parts = [
        f"{flag} '{value}'" if flag == "-d" else f'{flag} "{value}"'
        for flag, value in zip(rest[::2], rest[1::2], strict=True)
    ]
    return " \\\n  ".join([f"curl {url}", *parts])


def show_platforms(stage: Stage, wanted: Mapping[str, str]) -> None:
    """Ask the platforms: exactly one post each, public, with the very bytes."""
    for platform, sha256 in wanted.items():
        items, name = stage.on_platforms(platform=platform), TITLES[platform]
        stage.facts.check(len(items) == 1, f"exactly one post is on {name}", items)
        item = items[0]
        stage.facts.check(item["state"] == "public", f"the post on {name} is public", item)
        received = item["media"][0]
        stage.facts.check(received["sha256"] == sha256, f"{name} got the very bytes", item)
        fact(f"{name} holds [bold]one[/] post: “{item['caption']}”, {received['kind']}, byte for byte ours")


def lose_an_answer(stage: Stage) -> None:
    """Have the platform carry a post out and cut the line before it answers: still one post."""
    say("The platform publishes, and the line breaks before it answers")
    caption = "Published once [fault:lose_answer]"
    body = {"kind": "text", "caption": caption}
    container = stage.api.made(f"/v1/projects/{stage.project}/content", body)["id"]
    answer = stage.api.publish(container, stage.accounts["bluesky"], str(uuid.uuid4()))
    stage.facts.check(answer.status == 200, "the post is accepted", answer)
    (post,) = answer.json["scheduledPostIds"]
    watch(stage.api, stage.facts, {post: "text on Bluesky"})
    story = stage.api.get(f"/v1/scheduled-posts/{post}/events")["items"]
    kinds = [step["type"] for step in story]
    stage.facts.check("in_doubt" in kinds and kinds[-1] == "published", "the story tells of the doubt", kinds)
    show_story(story)
    items = stage.on_platforms(platform="bluesky", caption=caption)
    stage.facts.check(len(items) == 1, "the platform holds one post, not two", items)
    fact("Bluesky holds [bold]one[/] post of it. (The story: GET /v1/scheduled-posts/:id/events)")


def ask_approval(stage: Stage) -> None:
    """Publish what waits for approval: refused, kept, and out the moment it is approved."""
    say("With approval")
    api, facts = stage.api, stage.facts
    policy = api.made(f"/v1/projects/{stage.project}/approval-policy", {"requiresApproval": True}, "PATCH")
    facts.check(policy["requiresApproval"] is True, "the project asks for approval", policy)
    caption = "Seen by four eyes"
    container = api.made(f"/v1/projects/{stage.project}/content", {"kind": "text", "caption": caption})["id"]
    key = str(uuid.uuid4())
    refused = api.publish(container, stage.accounts["bluesky"], key)
    facts.check(refused.status == 403, "publishing is refused while approval is pending", refused)
    error = refused.json["error"]
    facts.check(error["code"] == "APPROVAL_REQUIRED", "the refusal says what is missing", error)
    facts.check(error["details"]["pendingSchedule"], "the intent is kept", error)
    facts.check(not stage.on_platforms(caption=caption), "nothing is public before the approval")
    fact(f"publish → [yellow]403 {error['code']}[/]; the intent is kept, nothing is public")
    approved = api.made(f"/v1/content/{container}/approve", {"note": "Fine."})
    promotion = approved.get("pendingSchedulePromotion", {})
    facts.check(promotion.get("status") == "ok", "approving releases the kept post", approved)
    fact(f"approve → {approved['approvalStatus']}, the kept post is released")
    (post,) = promotion["scheduledPostIds"]
    watch(api, facts, {post: "text on Bluesky"})
    again = api.publish(container, stage.accounts["bluesky"], key)
    facts.check(again.status == 200, "the refused call, repeated, now answers 200", again)
    facts.check(again.json["scheduledPostIds"] == [post], "it names the same post", again.json)
    facts.check(len(stage.on_platforms(caption=caption)) == 1, "it is on Bluesky once")
    fact("the refused call, repeated with its key → 200, that post; on Bluesky once")


def play(house: House, facts: Facts, *, keep: bool) -> None:
    """Start everything, play the parts, stop everything."""
    with ExitStack() as running:
        running.callback(house.close)
        with console.status("starting PostgreSQL, API and worker"):
            up = running.enter_context(house.running("up"))
            keys = running.enter_context(
                house.running("keys", "create", "--org", "Demo", "--env", "test", "--json")
            )
            make_video(house.folder / "sunset.mp4")
            make_image(house.folder / "sunset.jpg")
            house.wait_for(f"{house.origin}/health/ready", up)
            fact(f"[bold]layers up[/]: PostgreSQL, API and worker ready after {facts.seconds():.1f} s")
            sandbox = running.enter_context(
                house.running("sandbox", "serve", "--port", str(house.sandbox_port))
            )
            made = house.wait_for_json("keys", keys)
        stage = Stage(house, facts, Api(house.origin, made["key"]))
        prepare(stage)
        house.wait_for(f"{house.sandbox}/posts.json", sandbox)
        publish_media(stage)
        lose_an_answer(stage)
        ask_approval(stage)
        if keep:
            stay(stage)


def stay(stage: Stage) -> None:
    """Print the addresses, a link that signs in to the dashboard among them, and wait for Ctrl-C."""
    say("Still running")
    rows = {"API": stage.api.origin, "posts": f"{stage.house.sandbox}/posts", "key": stage.api.key}
    rows |= {"project": stage.project, **stage.accounts}
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for name, value in rows.items():
        table.add_row(f"[dim]{name}[/]", value)
    console.print(Text.assemble("  ", ("dashboard  ", "dim"), (sign_in_link(stage), "bold")), soft_wrap=True)
    console.print(Group(Padding(table, (0, 2)), "Ctrl-C ends it and removes everything."))
    while True:
        signal.pause()


def sign_in_link(stage: Stage) -> str:
    """Return a link to the dashboard that signs one in, once; without the page, how to get it."""
    if not is_built():
        return f"{stage.api.origin}/dashboard/ is not built: `make dashboard`"
    with stage.house.running("dashboard", "link", "--org", "Demo", "--json") as asked:
        return stage.house.wait_for_json("dashboard", asked)["url"]


def _stop(*_: object) -> NoReturn:
    """End the demo by its cleaning up, which nothing may interrupt."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(description="Publish a video and an image, in the sandbox, in seconds.")
    parser.add_argument("--keep", action="store_true", help="stay up and print the addresses")
    keep = parser.parse_args(arguments).keep
    for number in STOPS:
        signal.signal(number, _stop)
    facts = Facts()
    try:
        with tempfile.TemporaryDirectory(prefix="layers-demo-") as folder:
            play(House(Path(folder)), facts, keep=keep)
            left = (Path(folder) / "data/postgres/postmaster.pid").exists()
            facts.check(not left, "the database is stopped")
        facts.check(not Path(folder).exists(), "nothing is left behind", folder)
    except DemoFailed as why:
        console.print("\n[bold red]✗[/]", Text(str(why)), soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left behind.")
        return 0 if keep else 130
    console.print()
    console.print(f"[bold green]All of it is so:[/] {facts.count} claims checked in {facts.seconds():.1f} s.")
    console.print("[dim]`make demo ARGS=--keep` stays up, to look around in the dashboard.[/]")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The pages do what they say: every example of the README and of docs/ is run against one real `layers up`."""

import asyncio
import json
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from examples import LANGUAGES, PORTS, ROOT, Page, Shell, clean_environment, faults_of, pages, program
from typescript import Built, copied

from installation import free_port, until_ready
from layers.samples import make_video
from npm_cache import NODE

PAGES = {page.name: page for page in pages()}
PROGRAMS = [(name, lang) for name, page in PAGES.items() for lang in LANGUAGES if page.program(lang)]
BEGIN = """
api=http://127.0.0.1:8787 key=$LAYERS_API_KEY project=$PROJECT account=$ACCOUNT container=$CONTAINER
json="Content-Type: application/json"
"""
"""What the quickstart leaves in a shell, together with its own `pick` and `call`."""
TOOLS = re.compile(r"^(?:pick|call)\(\) \{.*?\}$", re.MULTILINE)
Outcomes = dict[tuple[str, str], "asyncio.Task[str]"]


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder that the embedded database can reach, whatever pytest makes of its own meanwhile."""
    with tempfile.TemporaryDirectory(prefix="layers-pages-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
async def shell(folder: Path) -> AsyncIterator[Shell]:
    """`layers up` on an empty folder, and what is on the path of somebody who has installed it."""
    ports = {port: str(free_port()) for port in PORTS}
    env = clean_environment()
    env |= {"PATH": f"{folder / 'bin'}:{env['PATH']}", "LAYERS_ALLOW_PRIVATE_NETWORKS": "true"}
    env |= {"LAYERS_PORT": ports["8787"], "LAYERS_DATA_DIR": str(folder / "data")}
    env |= {"CHECKOUT": str(ROOT), "LAYERS_EMBEDDED_FSYNC": "false", "LAYERS_LOG_LEVEL": "warning"}
    (folder / "bin").mkdir()
    python = f'"{sys.executable}"'
    layers = f'{python} -c "from layers.cli import main; main()"'
    for name, line in {"layers": layers, "python": python, "node": f'"{NODE}"'}.items():
        (folder / "bin" / name).write_text(f'#!/bin/sh\nexec {line} "$@"\n')
        (folder / "bin" / name).chmod(0o755)
    process = await asyncio.create_subprocess_exec(folder / "bin/layers", "up", env=env)
    try:
        await until_ready(f"http://127.0.0.1:{ports['8787']}", process)
        yield Shell(ports, env)
    finally:
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 60) == 0


@pytest.fixture(scope="session")
async def typescript() -> AsyncIterator[Built]:
    """The TypeScript SDK, built once; programs in a folder below may import it."""
    with copied() as built:
        await built.tool("typescript/bin/tsc")
        yield built


@pytest.fixture(scope="session")
async def outcomes(
    request: pytest.FixtureRequest, shell: Shell, typescript: Built, folder: Path
) -> AsyncIterator[Outcomes]:
    """What the programs that are asked for print. They run a few at a time: mostly they wait."""
    command = ["layers", "keys", "create", "--org", "Acme", "--env", "test", "--json"]
    key = json.loads(await shell.run(command, typescript.folder, {}))["key"]
    clip = make_video(folder / "clip.mp4", seconds=4)
    at_a_time = asyncio.Semaphore(4)

    async def outcome(name: str, language: str) -> str:
        async with at_a_time:
            where = typescript.folder / "pages" / re.sub(r"\W", "-", f"{name}-{language}")
            where.mkdir(parents=True)
            return await run(shell, PAGES[name], language, where, key, clip)

    specs = [
        getattr(item, "callspec", None) for item in request.session.items if item.path.samefile(__file__)
    ]
    asked = [(s.params["name"], s.params["language"]) for s in specs if s and "language" in s.params]
    begun = {one: asyncio.create_task(outcome(*one)) for one in asked}
    yield begun
    await asyncio.gather(*begun.values(), return_exceptions=True)


async def run(shell: Shell, page: Page, language: str, folder: Path, key: str, clip: Path) -> str:
    """Run a page's program in one language; returns what it printed."""
    env = {"LAYERS_BASE_URL": shell.origin} | ({} if language == "bash" else {"LAYERS_API_KEY": key})
    if language != "bash" or not page.is_whole:
        shutil.copy(clip, folder / "clip.mp4")
    if not page.is_whole:
        env = await prepared(shell.origin, key, folder)
    for block in page.blocks:
        if block.file:
            (folder / block.file).write_text(shell.moved(block.code) + "\n")
    code = shell.moved(program(page.program(language)))
    if language == "python":
        return await shell.run(["python", "-c", code], folder, env)
    if language == "ts":
        (folder / "page.mts").write_text(code)
        return await shell.run(["node", "page.mts"], folder, env)
    tools = TOOLS.findall((ROOT / "docs/tutorial/quickstart.md").read_text())
    begin = "" if page.is_whole else shell.moved(BEGIN) + "\n".join(tools)
    return await shell.run(["bash", "-euo", "pipefail", "-c", f"{begin}\n{code}"], folder, env)


async def prepared(origin: str, key: str, folder: Path) -> dict[str, str]:
    """Make what the examples of a how-to take for granted; returns the environment that tells of it."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session:

        async def made(path: str, **body: Any) -> Any:
            async with session.post(f"{origin}/v1/projects{path}", **body) as answer:
                assert answer.status == 201, await answer.text()
                return await answer.json()

        project = (await made("", json={"name": folder.name, "timezone": "Europe/Berlin"}))["id"]
        handle = {"handle": folder.name.replace("-", "_")[-24:]}
        account = await made(f"/{project}/social-accounts", json={"platform": "tiktok", "credential": handle})
        form = aiohttp.FormData({"caption": "Hello"})
        form.add_field("files", (folder / "clip.mp4").read_bytes(), filename="clip.mp4")
        container = (await made(f"/{project}/content", data=form))["id"]
    ids = {"PROJECT": project, "ACCOUNT": account["socialAccountId"], "CONTAINER": container}
    return {"LAYERS_API_KEY": key, "LAYERS_BASE_URL": origin, **ids}


@pytest.mark.parametrize(("name", "language"), PROGRAMS)
async def test_the_examples_do_what_they_say(outcomes: Outcomes, name: str, language: str):
    printed = await outcomes[name, language]
    assert not faults_of(PAGES[name].program(language), printed)


async def test_the_examples_in_typescript_have_no_type_errors(typescript: Built):
    folder = typescript.folder / "checked"
    folder.mkdir()
    (folder / "tsconfig.json").write_text('{"extends": "../test/tsconfig.json", "include": ["."]}')
    for page in PAGES.values():
        codes = [program(page.program("ts"))] + [b.code for b in page.blocks if b.file.endswith(".mts")]
        codes += [
            (ROOT / name).read_text()
            for name in {b.taken_from for b in page.blocks if b.language == "ts"}
            if name
        ]
        for number, code in enumerate(codes):
            (folder / f"{page.path.stem}-{number}.mts").write_text(code)
    await typescript.tool("typescript/bin/tsc", "-p", str(folder))


@pytest.mark.parametrize("name", PAGES)
def test_every_example_is_run_or_says_why_not(name: str):
    """All run that have no marker; this is about the reasons of the others, and outputs that nothing printed."""
    page = PAGES[name]
    short = [b.line for b in page.blocks if b.not_run and len(b.not_run.split()) < 3]
    assert not page.faults + [f"line {line}: why is it not run?" for line in short]


@pytest.mark.parametrize(
    "name", [name for name, page in PAGES.items() if any(b.taken_from for b in page.blocks)]
)
def test_what_is_taken_from_a_file_stands_there(name: str):
    for block in PAGES[name].blocks:
        if block.taken_from:
            assert unformatted(block.code) in unformatted((ROOT / block.taken_from).read_text()), block.line


def unformatted(code: str) -> str:
    """Return code without what a formatter may change when the indentation does."""
    return re.sub(r",(?=[)\]}])", "", "".join(code.split()))


def test_every_page_is_in_the_table_of_contents():
    index = (ROOT / "docs/README.md").read_text()
    for name, page in PAGES.items():
        if page.path.parent.name != "decisions" and name not in ("README.md", "docs/README.md"):
            assert f"]({name.removeprefix('docs/')})" in index, name

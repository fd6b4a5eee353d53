"""The call that the API's first page printed, character by character, and the examples of our own page: run against a
real server, with the ids of things that are there.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest
from typescript import Built

from generator import snippets
from generator.contract import operations

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/api/publishing/publish-now.md").read_text()
CURL = """
curl https://api.layers.com/v1/content/cnt_01HXZM3K4N5P6QRS7TUV8WXYZ9/publish \\
  -H "Authorization: Bearer lp_live_01HX9Y6K7EJ4T2_4QZpN..." \\
  -H "Idempotency-Key: 3a7b2f11-9e4c-4a12-9d8a-b5c7e2f0a111" \\
  -H "Content-Type: application/json" \\
  -d '{
    "targets": [
      { "socialAccountId": "sa_01HXZ9P2M4N5KLM6TUV7WXYZ9A", "mode": "direct_publish" }
    ]
  }'
"""
TYPESCRIPT = """
const result = await layers.publishing.publishNow(
  {
    containerId: "cnt_01HXZM3K4N5P6QRS7TUV8WXYZ9",
    targets: [
      { socialAccountId: "sa_01HXZ9P2M4N5KLM6TUV7WXYZ9A", mode: "direct_publish" },
    ],
  },
  { idempotencyKey: crypto.randomUUID() },
);
"""
PYTHON = """
result = layers.publishing.publish_now(
    container_id="cnt_01HXZM3K4N5P6QRS7TUV8WXYZ9",
    targets=[
        {"socialAccountId": "sa_01HXZ9P2M4N5KLM6TUV7WXYZ9A", "mode": "direct_publish"},
    ],
    idempotency_key=str(uuid.uuid4()),
)
"""
PYTHON_HEAD = "import uuid\nfrom layers_sdk import Layers\nlayers = Layers()\n"
PYTHON_SHOW = "\nimport json\nprint(json.dumps(result.raw))"
TYPESCRIPT_HEAD = 'import { Layers } from "@layers/sdk";\nconst layers = new Layers();\n'
TYPESCRIPT_SHOW = "\nconsole.log(JSON.stringify(result));"


def of_page(language: str) -> str:
    """Return the page's example in a language."""
    [block] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return f"\n{block}"


@pytest.fixture
async def meant(client):
    """Put a container of its own and an account in the place of a call's ids; returns a function, and the container."""
    project = await client.project()
    account, container = await client.account(project), await client.text(project)

    def replaced(call: str) -> str:
        for printed, real in (
            ("cnt_01HXZM3K4N5P6QRS7TUV8WXYZ9", container),
            ("sa_01HXZ9P2M4N5KLM6TUV7WXYZ9A", account),
            ("https://api.layers.com", client.origin),
            ("http://127.0.0.1:8787", client.origin),
            ("lp_live_01HX9Y6K7EJ4T2_4QZpN...", client.key),
        ):
            call = call.replace(printed, real)
        return call

    return replaced, container


async def run(client, *command: str, folder: Path) -> str:
    """Run a program as a reader would; returns what it printed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")}
    env |= {"LAYERS_API_KEY": client.key, "LAYERS_BASE_URL": client.origin, "no_proxy": "127.0.0.1"}
    env |= {"PYTHONPATH": str(ROOT / "sdks/python/src")}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=env, stdout=pipe, stderr=pipe)
    printed, complaints = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, complaints.decode()
    return printed.decode()


async def assert_queued(client, printed: str, container: str) -> None:
    """What was printed is the answer of publish, and the post is there."""
    answer = json.loads(printed)
    assert answer["gateStatus"] == "queued"
    [post] = answer["scheduledPostIds"]
    assert (await client.get(f"/v1/scheduled-posts/{post}"))["containerId"] == container


def test_our_page_prints_the_same_calls():
    assert (of_page("ts"), of_page("python")) == (TYPESCRIPT, PYTHON)
    assert of_page("bash").partition("Idempotency-Key")[2] == CURL.partition("Idempotency-Key")[2]


@pytest.mark.parametrize("call", [CURL, of_page("bash")], ids=["first", "ours"])
async def test_curl(client, meant, tmp_path: Path, call: str):
    replaced, container = meant
    script = replaced(call)
    await assert_queued(client, await run(client, "bash", "-euc", script, folder=tmp_path), container)
    again = await run(client, "bash", "-euc", script, folder=tmp_path)
    await assert_queued(client, again, container)


async def test_python(client, meant, tmp_path: Path):
    replaced, container = meant
    code = PYTHON_HEAD + replaced(PYTHON) + PYTHON_SHOW
    await assert_queued(client, await run(client, sys.executable, "-c", code, folder=tmp_path), container)


async def test_typescript(client, meant, typescript: Built):
    replaced, container = meant
    (typescript.folder / "printed.mts").write_text(TYPESCRIPT_HEAD + replaced(TYPESCRIPT) + TYPESCRIPT_SHOW)
    said = await typescript.run("printed.mts", LAYERS_API_KEY=client.key, LAYERS_BASE_URL=client.origin)
    await assert_queued(client, said, container)


def reference_in_typescript() -> str:
    """Return every example of the reference as one program, for the type checker."""
    keyed = [one for one in operations().values() if one.has_key]
    calls = [f"async () => {{\n{snippets.typescript(one)}\n}}," for one in keyed]
    return TYPESCRIPT_HEAD + "export const examples = [\n" + "\n".join(calls) + "\n];\n"

"""The TypeScript SDK: made from the contract, strictly typed, small, and its README does what it says."""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from test_printed_calls import reference_in_typescript
from typescript import SOURCE, Built

from layers.webhooks.signature import headers, new_secret

SNIPPETS = re.compile(r"^```ts\n(.*?)^```", re.DOTALL | re.MULTILINE)
LOOK = """
const [body, signed] = [process.env.BODY!, JSON.parse(process.env.SIGNED!)];
const answers = [];
for (const sent of [body, `${body} `]) {
  const request = new Request("http://127.0.0.1/", { method: "POST", headers: signed, body: sent });
  answers.push((await POST(request)).status);
}
console.log(JSON.stringify({ post, later: await layers.publishing.getScheduledPost({ postId }), newest, answers }));
"""


def test_what_is_generated_is_what_the_contract_says(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, SOURCE / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    copy = tmp_path / "sdks/typescript"
    (copy / "src").mkdir(parents=True)
    (copy / "generate.py").write_text((SOURCE / "generate.py").read_text())
    contract = json.loads((SOURCE.parents[1] / "openapi.json").read_text())
    contract["components"]["schemas"]["Queued"]["properties"]["gateStatus"] = {"type": "integer"}
    (tmp_path / "openapi.json").write_text(json.dumps(contract))
    (copy / "src/generated").symlink_to(SOURCE / "src/generated")
    done = subprocess.run(
        [sys.executable, copy / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "src/generated/types.ts is not what openapi.json says; run `make docs`."
    ]


def test_the_lock_names_no_registry():
    assert '"resolved"' not in (SOURCE / "package-lock.json").read_text()


async def test_types_are_as_strict_as_they_should_be(typescript: Built):
    snippets = "\n".join(SNIPPETS.findall((SOURCE / "README.md").read_text()))
    (typescript.folder / "test/readme.ts").write_text(snippets)
    (typescript.folder / "test/reference.ts").write_text(reference_in_typescript())
    await typescript.tool("typescript/bin/tsc", "-p", "test")


async def test_its_own_tests(typescript: Built):
    await typescript.tool("vitest/vitest.mjs", "run", "--no-isolate")


async def test_the_readme_does_what_it_says(typescript: Built, client, video: Path):
    script = "\n".join([*SNIPPETS.findall((SOURCE / "README.md").read_text()), LOOK])
    folder = typescript.folder / "readme"
    folder.mkdir()
    (folder / "readme.mts").write_text(script)
    shutil.copy(video, folder / "clip.mp4")
    secret = new_secret()
    body = '{"id":"evt_1","type":"test.ping","createdAt":"2026-04-18T19:18:42Z","data":{}}'
    signed = headers([secret], "evt_1", int(time.time()), body.encode())
    said = await typescript.run(
        "readme.mts",
        cwd=folder,
        LAYERS_API_KEY=client.key,
        LAYERS_BASE_URL=client.origin,
        LAYERS_WEBHOOK_SECRET=secret,
        BODY=body,
        SIGNED=json.dumps(signed),
    )
    shown = json.loads(said.splitlines()[-1])
    assert shown["post"]["status"] == "published"
    assert shown["later"]["status"] == "canceled"
    assert shown["later"]["caption"] == "Hello again"
    assert "social_account.connected" in {line["eventType"] for line in shown["newest"]}
    assert "targets" in said
    assert shown["answers"] == [204, 400]

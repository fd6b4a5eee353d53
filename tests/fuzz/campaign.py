"""One run of schemathesis against a running API: what is there to be met, and how it is started."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

HERE = Path(__file__).parent
World = Mapping[str, list[str]]
"""Ids of things that are there, by the name of the parameter that takes them."""


@dataclass(frozen=True)
class Caller:
    """Whose requests the world is made with."""

    session: aiohttp.ClientSession
    origin: str
    key: str

    async def post(self, path: str, body: object = None) -> Any:
        """POST what must succeed."""
        headers = {"Authorization": f"Bearer {self.key}"}
        async with self.session.post(self.origin + path, json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()


async def make_world(caller: Caller, size: int = 3) -> World:
    """Make `size` of everything, in several states."""
    ids: dict[str, list[str]] = {
        name: []
        for name in (
            *("projectId", "containerId", "accountId", "postId", "endpointId", "deliveryId", "apiKeyId"),
            *("stateId", "platform"),
        )
    }
    ids["platform"] += ["bluesky", "mastodon", "tiktok", "instagram"]
    for number in range(size):
        project = (await caller.post("/v1/projects", {"name": "A", "timezone": "UTC"}))["id"]
        credential = {"platform": "bluesky", "credential": {"handle": f"a{number}.test"}}
        account = await caller.post(f"/v1/projects/{project}/social-accounts", credential)
        text = {"kind": "text", "caption": "hello"}
        containers = [(await caller.post(f"/v1/projects/{project}/content", text))["id"] for _ in range(2)]
        target = {"socialAccountId": account["socialAccountId"], "mode": "direct_publish"}
        queued = await caller.post(f"/v1/content/{containers[0]}/publish", {"targets": [target]})
        wanted = {"platform": "tiktok", "returnUrl": "http://localhost/back"}
        hook = {"url": "http://127.0.0.1:9/", "events": ["test.ping"]}
        endpoint = (await caller.post("/v1/webhook-endpoints", hook))["id"]
        key = await caller.post("/v1/api-keys", {"name": "k", "scopes": ["audit:read"]})
        ids["projectId"].append(project)
        ids["accountId"].append(account["socialAccountId"])
        ids["containerId"] += containers
        ids["postId"] += queued["scheduledPostIds"]
        ids["stateId"].append(
            (await caller.post(f"/v1/projects/{project}/social/oauth-url", wanted))["state"]
        )
        ids["endpointId"].append(endpoint)
        ids["deliveryId"].append((await caller.post(f"/v1/webhook-endpoints/{endpoint}/test"))["id"])
        ids["apiKeyId"].append(key["apiKey"]["apiKeyId"])
    return ids


async def fuzz(origin: str, key: str, own_id: str, world: World, *options: str) -> tuple[int, str]:
    """Run schemathesis; returns its exit code and what it said."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")},
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
        "FUZZ_WORLD": json.dumps(world),
        "FUZZ_KEY": key,
        "FUZZ_OWN": own_id,
    }
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
        *("run", f"{origin}/openapi.json", "--no-color", *options),
    ]
    running = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        told, _ = await running.communicate()
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    assert running.returncode is not None
    return running.returncode, told.decode()

"""Every SDK runs every scenario of `sdks/conformance` against a real server, through a line that is spoiled."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from faults import Spoiler
from judge import complaints, filled, strays, taken
from typescript import Built

from layers.kit.ids import new_id
from layers.webhooks.signature import headers, new_secret
from relay import relaying

ROOT = Path(__file__).parents[2]
SCENARIOS: list[dict[str, Any]] = json.loads((ROOT / "sdks/conformance/scenarios.json").read_text())
CONTRACT: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text())
PYTHON = [sys.executable, str(ROOT / "sdks/python/conformance.py")]
DRIVERS = {"python": PYTHON, "python-async": [*PYTHON, "--async"]}
TWO_BODIES = {"content.create": {"content.createText", "content.upload"}}


@dataclass
class Driver:
    """An SDK, waiting for what to call."""

    process: asyncio.subprocess.Process

    async def make(self, options: dict[str, Any], calls: list[dict[str, Any]]) -> list[Any]:
        """Have calls made at once; returns what they came to."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"client": options, "calls": calls}).encode() + b"\n")
        async with asyncio.timeout(120):
            line = await self.process.stdout.readline()
        assert line, "the driver ended"
        return json.loads(line)


@pytest.fixture(scope="session")
async def drivers(typescript: Built) -> AsyncIterator[dict[str, Driver]]:
    """The drivers of all SDKs."""
    pipe = asyncio.subprocess.PIPE
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")}
    env |= {"PYTHONPATH": str(ROOT / "sdks/python/src"), "no_proxy": "127.0.0.1"}
    started = {
        name: Driver(
            await asyncio.create_subprocess_exec(*line, stdin=pipe, stdout=pipe, env=env, limit=2**24)
        )
        for name, line in {**DRIVERS, "typescript": typescript.driver}.items()
    }
    yield started
    for driver in started.values():
        assert driver.process.stdin is not None
        driver.process.stdin.close()
        assert await asyncio.wait_for(driver.process.wait(), 20) == 0


def delivery(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return a webhook as the server sends it, or spoiled."""
    event = {
        "id": new_id("evt"),
        "type": "post.published",
        "createdAt": "2026-04-18T19:18:42Z",
        "data": {"caption": "Grüße 🎉"},
    }
    body = json.dumps(event, ensure_ascii=False).encode()
    secrets = [new_secret() for _ in range(wanted.get("secrets", 1))]
    at = int(datetime.now(UTC).timestamp()) + wanted.get("at", 0)
    signed = headers(secrets, event["id"], at, body)
    prefixes = {"layers": "X-Layers-", "standard": "webhook-"}
    kept = tuple(prefixes[family] for family in wanted.get("families", prefixes))
    signed = {name: value for name, value in signed.items() if name.startswith(kept)}
    match wanted.get("spoil"):
        case "body":
            body += b" "
        case "secret":
            secrets[-1] = new_secret()
        case "layers":
            signed["X-Layers-Signature"] = f"t={at},v1={'0' * 64}"
        case "standard":
            signed["webhook-signature"] = f"v1,{'A' * 43}="
    return {"payload": body.decode(), "headers": signed, "secret": secrets[-1]}


async def arranged(client, image: Path) -> dict[str, Any]:
    """Return what a scenario starts from."""
    project = await client.project()
    now = datetime.now(UTC).replace(microsecond=0)
    later = {
        "inAnHour": timedelta(hours=1),
        "inTwoHours": timedelta(hours=2),
        "inTwoYears": timedelta(days=730),
    }
    return {
        "project": project,
        "account": await client.account(project),
        "container": await client.text(project),
        "key": str(uuid4()),
        "apiKey": client.key,
        "photo": {"path": str(image)},
        **{name: (now + wait).isoformat().replace("+00:00", "Z") for name, wait in later.items()},
    }


async def played(
    scenario: dict[str, Any], known: dict[str, Any], driver: Driver, spoiler: Spoiler
) -> AsyncIterator[str]:
    """Play a scenario, and yield what is wrong with it."""
    for written in scenario["steps"]:
        known |= delivery(written["signed"]) if "signed" in written else {}
        step = filled(written, known)
        spoiler.seen, spoiler.faults = [], step.get("faults", [])
        options = {"baseUrl": spoiler.origin, "apiKey": known["apiKey"]}
        options |= {**scenario.get("client", {}), **step.get("client", {})}
        call = {
            "call": step["call"],
            "arguments": step.get("arguments", {}),
            "options": step.get("options", {}),
        }
        outcomes = await driver.make(options, [call] * step.get("times", 1))
        found = [one for outcome in outcomes for one in complaints(step, outcome, options["apiKey"])]
        found += strays(step["requests"], spoiler.seen) if "requests" in step else []
        if found:
            for one in found:
                yield f"{step['call']}: {one}"
            return
        known |= {name: taken(outcomes[0]["result"], path) for name, path in step.get("save", {}).items()}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
async def test_scenario(
    scenario: dict[str, Any],
    drivers: dict[str, Driver],
    client,
    session: aiohttp.ClientSession,
    image: Path,
) -> None:
    async def by(name: str) -> list[str]:
        known = await arranged(client, image)
        async with relaying(Spoiler(upstream=client.origin), session) as spoiler:
            return [f"{name}: {one}" async for one in played(scenario, known, drivers[name], spoiler)]

    found = await asyncio.gather(*(by(name) for name in drivers))
    if any(found):
        pytest.fail("\n".join(one for some in found for one in some), pytrace=False)


def test_every_call_is_in_a_scenario() -> None:
    called = {step["call"] for scenario in SCENARIOS for step in scenario["steps"]}
    offered = [
        operation["operationId"]
        for methods in CONTRACT["paths"].values()
        for operation in methods.values()
        if "x-required-scope" in operation
    ]
    assert len(offered) > 40
    missing = {call for identity in offered for call in TWO_BODIES.get(identity, {identity})} - called
    assert missing == set()

"""What schemathesis is told of the world it meets: mostly, ids are of things that are there."""

import json
import os
from random import Random
from typing import Any

import schemathesis

WORLD: dict[str, list[str]] = json.loads(os.environ["FUZZ_WORLD"])
BODY = {
    "socialAccountId": WORLD["accountId"],
    "projectId": WORLD["projectId"],
    "platform": WORLD["platform"],
    "mode": ["direct_publish", "reels", "feed", "draft_to_device"],
    "timezone": ["UTC", "Europe/Berlin"],
    "returnUrl": ["http://localhost/back"],
}
MOSTLY = 0.8
OWN = os.environ["FUZZ_OWN"]
"""The id of the key that makes the requests; without it there would be no more of them."""


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Take ids from the world."""
    return _from(WORLD, path_parameters)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Spare the key that calls, wherever its id was met."""
    if case.path_parameters and case.path_parameters.get("apiKeyId") == OWN:
        case.path_parameters["apiKeyId"] = WORLD["apiKeyId"][0]


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Take ids from the world, and words that mean something."""
    return _from(BODY, body)


def _from(world: dict[str, list[str]], value: Any) -> Any:
    """Replace what has a name of the world, by a choice that depends on the value alone."""
    if isinstance(value, list):
        return [_from(world, item) for item in value]
    if not isinstance(value, dict):
        return value
    chance = Random(repr(value))
    return {
        name: chance.choice(world[name])
        if name in world and isinstance(part, str) and chance.random() < MOSTLY
        else _from(world, part)
        for name, part in value.items()
    }

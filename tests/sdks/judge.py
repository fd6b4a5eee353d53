"""Whether what an SDK reported is what the scenario says (sdks/conformance/README.md)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from faults import Seen


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """Put what is known in the place of `$name`."""
    if isinstance(value, dict):
        return {name: filled(inner, known) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, known) for inner in value]
    return known[value[1:]] if isinstance(value, str) and value.startswith("$") else value


def taken(value: Any, path: str) -> Any:
    """Return a part of a result: `scheduledPostIds.0`."""
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def differences(expected: Any, found: Any, at: str = "") -> Iterator[str]:
    """Yield where `found` is not what was expected. Of objects only the fields named count."""
    if isinstance(expected, dict) and any(name.startswith("$") for name in expected):
        yield from _unlike(expected, found, at)
    elif isinstance(expected, dict):
        if not isinstance(found, dict):
            yield f"{at}: {found!r} is no object"
            return
        for name, inner in expected.items():
            if name in found or inner is not None:
                yield from differences(inner, found.get(name, "(nothing)"), f"{at}.{name}")
    elif isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            yield f"{at}: {found!r} has not {len(expected)} elements"
            return
        for index, inner in enumerate(expected):
            yield from differences(inner, found[index], f"{at}[{index}]")
    elif expected != found:
        yield f"{at}: {found!r} instead of {expected!r}"


def _unlike(expected: dict[str, Any], found: Any, at: str) -> Iterator[str]:
    [(rule, value)] = expected.items()
    if rule == "$any" and found in (None, "(nothing)"):
        yield f"{at} is missing"
    elif rule == "$matches" and not (isinstance(found, str) and re.search(value, found)):
        yield f"{at}: {found!r} does not match {value}"
    elif rule == "$length" and not (isinstance(found, list) and len(found) == value):
        yield f"{at}: {found!r} has not {value} elements"
    elif rule == "$all":
        if not isinstance(found, list) or not found:
            yield f"{at}: {found!r} is no list with elements"
            return
        for index, inner in enumerate(found):
            yield from differences(value, inner, f"{at}[{index}]")
    assert rule in {"$any", "$matches", "$length", "$all"}, rule


def complaints(step: Mapping[str, Any], outcome: Mapping[str, Any], key: str) -> Iterator[str]:
    """Yield what is wrong with what a call came to."""
    if "error" not in step:
        if "error" in outcome:
            yield f"failed: {outcome['error']['printed']}"
            return
        yield from differences(step["result"], outcome["result"], "result")
        if step.get("progress"):
            yield from _stumbles(outcome["progress"])
        return
    error = outcome.get("error")
    if error is None:
        yield f"did not fail: {outcome!r}"
        return
    named = "".join(word.capitalize() for word in step["error"]["code"].split("_")) + "Error"
    yield from differences({"class": named, "message": {"$any": True}, **step["error"]}, error, "error")
    if key.split("_", 3)[3] in error["printed"]:
        yield "the key can be read in what is printed"


def _stumbles(progress: list[list[int]]) -> Iterator[str]:
    totals = {total for _, total in progress}
    if len(totals) != 1 or [*totals] == [0]:
        yield f"progress of {totals}"
    elif progress[-1][0] not in totals or any(sent > total for sent, total in progress):
        yield f"progress ends at {progress[-1]}"


def strays(expected: Mapping[str, Any], seen: list[Seen]) -> Iterator[str]:
    """Yield what is wrong with the requests that came by."""
    if len(seen) != expected["count"]:
        yield f"{len(seen)} requests instead of {expected['count']}: {seen}"
    if "idempotencyKey" in expected:
        keys = {request.idempotency_key for request in seen}
        if len(keys) != 1:
            yield f"several keys: {keys}"
        yield from differences(expected["idempotencyKey"], next(iter(keys)), "idempotencyKey")
    if "pause" in expected and len(seen) > 1 and seen[1].at - seen[0].at < expected["pause"]:
        yield f"came again after {seen[1].at - seen[0].at} seconds"

"""The driver of the Python SDK for `sdks/conformance`; with `--async` of its asynchronous half."""

import asyncio
import io
import json
import logging
import re
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, repeat
from typing import Any

from layers_sdk import AsyncEventStream, AsyncLayers, AsyncPages, EventStream, Layers, LayersError, Pages

LOG = io.StringIO()


def snake(name: str) -> str:
    """Return `publishNow` as `publish_now`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def in_snake_case(named: dict[str, Any]) -> dict[str, Any]:
    """Return arguments by their names in Python."""
    return {snake(name): value for name, value in named.items()}


def prepared(layers: Any, call: dict[str, Any]) -> tuple[Any, dict[str, Any], list[tuple[int, int]]]:
    """Return the method, its arguments, and where the progress of an upload will be found."""
    resource, _, method = call["call"].partition(".")
    arguments = in_snake_case({**call["arguments"], **call["options"]})
    progress: list[tuple[int, int]] = []
    if method == "upload":
        arguments["files"] = [file["path"] for file in arguments["files"]]
        arguments["on_progress"] = lambda sent, total: progress.append((sent, total))
    return getattr(getattr(layers, snake(resource)), snake(method)), arguments, progress


def failed(error: Exception, layers: object) -> dict[str, Any]:
    """Report an error."""
    printed = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    printed += f"{error!r} {vars(error)} {layers!r} {LOG.getvalue()}"
    told: dict[str, Any] = {"class": type(error).__name__, "printed": printed}
    if isinstance(error, LayersError):
        told |= {
            "code": error.code,
            "message": error.message,
            "status": error.status,
            "requestId": error.request_id,
            "details": error.details,
            "idempotencyKey": error.idempotency_key,
        }
    return {"error": told}


def one(layers: Layers, call: dict[str, Any]) -> dict[str, Any]:
    """Make a call."""
    method, arguments, progress = prepared(layers, call)
    try:
        count = arguments.pop("count", 0)
        answer = method(**arguments)
        if isinstance(answer, EventStream):
            with answer:
                return {"result": [event.raw for event in islice(answer, count)]}
        result = [item.raw for item in answer] if isinstance(answer, Pages) else answer.raw
    except Exception as error:  # noqa: BLE001
        return failed(error, layers)
    return {"result": result, "progress": progress}


async def one_async(layers: AsyncLayers, call: dict[str, Any]) -> dict[str, Any]:
    """Make a call."""
    method, arguments, progress = prepared(layers, call)
    try:
        count = arguments.pop("count", 0)
        answer = method(**arguments)
        if isinstance(answer, AsyncEventStream):
            events: list[object] = []
            async for event in answer:
                events.append(event.raw)
                if len(events) == count:
                    await answer.aclose()
            return {"result": events}
        if isinstance(answer, AsyncPages):
            result: object = [item.raw async for item in answer]
        else:
            result = (await answer if asyncio.iscoroutine(answer) else answer).raw
    except Exception as error:  # noqa: BLE001
        return failed(error, layers)
    return {"result": result, "progress": progress}


def obey() -> None:
    """Obey line after line; a client serves as long as its options stay."""
    options, layers = None, None
    for line in sys.stdin:
        said = json.loads(line)
        if layers is None or options != said["client"]:
            if layers is not None:
                layers.close()
            options, layers = said["client"], Layers(**in_snake_case(said["client"]))
        with ThreadPoolExecutor(len(said["calls"])) as threads:
            tell(list(threads.map(one, repeat(layers), said["calls"])))
    if layers is not None:
        layers.close()


async def obey_async() -> None:
    """Obey line after line; a client serves as long as its options stay."""
    options, layers = None, None
    while line := await asyncio.to_thread(sys.stdin.readline):
        said = json.loads(line)
        if layers is None or options != said["client"]:
            if layers is not None:
                await layers.aclose()
            options, layers = said["client"], AsyncLayers(**in_snake_case(said["client"]))
        tell(await asyncio.gather(*(one_async(layers, call) for call in said["calls"])))
    if layers is not None:
        await layers.aclose()


def tell(outcomes: list[Any]) -> None:
    """Answer a line."""
    sys.stdout.write(json.dumps(outcomes) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    logging.basicConfig(stream=LOG, level=logging.DEBUG)
    if "--async" in sys.argv:
        asyncio.run(obey_async())
    else:
        obey()

"""A call in curl, TypeScript and Python, as one would write it, with the SDKs' own names."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from generator import examples
from generator.contract import Operation
from generator.text import fence, snake

ORIGIN = "http://127.0.0.1:8787"
WIDTH = 88
IDEMPOTENCY_KEY = "3a7b2f11-9e4c-4a12-9d8a-b5c7e2f0a111"
RENAMED = {"content.create": "createText"}
"""What the SDKs call otherwise: a call that takes JSON or a form is two of theirs."""
FIXED = {"content.create": {"kind"}}
"""Fields that the SDKs send by themselves."""
FILTERS: Mapping[str, Mapping[str, str]] = {
    "publishing.listScheduledPosts": {"status": "failed"},
    "content.list": {"approvalStatus": "pending"},
    "webhooks.listDeliveries": {"status": "failed"},
    "audit.list": {"since": "2026-04-01T00:00:00Z"},
    "events.stream": {"projectId": examples.PROJECT},
}
"""What the example of a list or stream asks for."""
ITEMS = {
    "apiKeys.list": "key",
    "audit.list": "event",
    "projects.list": "project",
    "content.list": "container",
    "social.listAccounts": "account",
    "publishing.listScheduledPosts": "post",
    "webhooks.listEndpoints": "endpoint",
    "webhooks.listDeliveries": "delivery",
    "events.stream": "event",
}
SHOWN = {
    "social.listAccounts": "socialAccountId",
    "apiKeys.list": "apiKeyId",
    "audit.list": "eventType",
    "events.stream": "type",
}
"""What the example of a list or stream prints of an item, where that is not its id."""
UPLOAD = (
    'curl {origin}{path} \\\n  -H "Authorization: Bearer $LAYERS_API_KEY" \\\n  -H "Idempotency-Key: {key}" \\\n'
    '  -F files=@sourdough.mp4 \\\n  -F caption="{caption}"'
)


def tabs(operation: Operation) -> str:
    """Return the examples of a call, one for each language that can make it."""
    blocks = [fence("bash", curl(operation))]
    if operation.has_key:
        blocks += [fence("ts", typescript(operation)), fence("python", python(operation))]
    return "\n\n".join(blocks)


def upload_tabs(operation: Operation) -> str:
    """Return the examples of making a container from files."""
    caption = examples.VALUES["caption"]
    project = examples.PROJECT
    shell = UPLOAD.format(origin=ORIGIN, path=_path(operation), key=IDEMPOTENCY_KEY, caption=caption)
    ts = _call_ts(
        "content.upload", {"projectId": project, "files": ["sourdough.mp4"], "caption": caption}, writes=True
    )
    py = _call_py(
        "content.upload", {"project_id": project, "files": ["sourdough.mp4"], "caption": caption}, writes=True
    )
    return "\n\n".join([fence("bash", shell), fence("ts", ts), fence("python", py)])


def curl(operation: Operation) -> str:
    """Return the call for a shell."""
    path, query = _path(operation), _query(operation)
    asked = "?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else ""
    address = f"{ORIGIN}{path}{asked}"
    lines = [f'curl "{address}"' if asked else f"curl {address}"]
    if operation.is_stream:
        lines[0] = lines[0].replace("curl", "curl -N", 1)
    if operation.method not in ("GET", "POST") or (operation.method == "POST" and operation.body is None):
        lines[0] = lines[0].replace(
            "curl", "curl --head" if operation.method == "HEAD" else f"curl -X {operation.method}", 1
        )
    if operation.has_key:
        lines.append('-H "Authorization: Bearer $LAYERS_API_KEY"')
    if operation.takes_idempotency_key:
        lines.append(f'-H "Idempotency-Key: {IDEMPOTENCY_KEY}"')
    body = examples.request(operation)
    if operation.is_raw:
        lines += ['-H "Upload-Offset: 4194304"'] if operation.method == "PATCH" else []
        lines.append(
            "--data-binary @rest.part" if operation.method == "PATCH" else "--upload-file sourdough.mp4"
        )
    elif body is not None:
        lines.append('-H "Content-Type: application/json"')
        lines.append("-d '" + _written(body, _json).replace("'", "'\\''").replace("\n", "\n  ") + "'")
    elif operation.body is not None and operation.method == "POST":
        lines[0] = lines[0].replace("curl", "curl -X POST", 1)
    return " \\\n  ".join(lines)


def typescript(operation: Operation) -> str:
    """Return the call with `@layers/sdk`."""
    given = {**_ids(operation), **_query(operation), **_body(operation)}
    call = _call_ts(
        f"{operation.tag}.{_name(operation)}",
        given,
        writes=operation.method != "GET",
        item=_is_read_in_turn(operation),
    )
    if not _is_read_in_turn(operation):
        return call
    item = ITEMS[operation.id]
    return (
        f"for await (const {item} of {call}) {{\n  console.log({item}.{SHOWN.get(operation.id, 'id')});\n}}"
    )


def python(operation: Operation) -> str:
    """Return the call with `layers_sdk`."""
    given = {
        snake(name): value
        for name, value in {**_ids(operation), **_query(operation), **_body(operation)}.items()
    }
    call = _call_py(
        f"{snake(operation.tag)}.{snake(_name(operation))}",
        given,
        writes=operation.method != "GET",
        item=_is_read_in_turn(operation),
    )
    if not _is_read_in_turn(operation):
        return call
    item = ITEMS[operation.id]
    return f"for {item} in {call}:\n    print({item}.{snake(SHOWN.get(operation.id, 'id'))})"


def _is_read_in_turn(operation: Operation) -> bool:
    return operation.is_list or operation.is_stream


def names(operation: Operation) -> tuple[str, str]:
    """Return what an operation is called in TypeScript and in Python."""
    return f"{operation.tag}.{_name(operation)}", f"{snake(operation.tag)}.{snake(_name(operation))}"


def _name(operation: Operation) -> str:
    return RENAMED.get(operation.id, operation.name)


def _ids(operation: Operation) -> Mapping[str, Any]:
    return {
        one["name"]: one.get("example") or examples.VALUES[one["name"]]
        for one in operation.parameters("path")
    }


def _query(operation: Operation) -> Mapping[str, Any]:
    if operation.has_key:
        return FILTERS.get(operation.id, {})
    return {one["name"]: examples.VALUES[one["name"]] for one in operation.parameters("query")}


def _body(operation: Operation) -> Mapping[str, Any]:
    body = examples.request(operation) or {}
    return {name: value for name, value in body.items() if name not in FIXED.get(operation.id, ())}


def _path(operation: Operation) -> str:
    path = operation.path
    for name, value in _ids(operation).items():
        path = path.replace(f"{{{name}}}", value)
    return path


# Values as each language writes them ------------------------------------------------------------------------------

Write = Callable[[Any], str]


def _json(value: Any) -> str:
    """Return a value in one line of JSON, with a blank inside of braces."""
    if isinstance(value, dict):
        inside = ", ".join(f"{json.dumps(name)}: {_json(one)}" for name, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _ts(value: Any) -> str:
    if isinstance(value, dict):
        inside = ", ".join(
            f"{name if name.isidentifier() else json.dumps(name)}: {_ts(one)}" for name, one in value.items()
        )
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_ts, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _py(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {_py(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_py, value))}]"
    return str(value) if value is None or isinstance(value, bool) else json.dumps(value, ensure_ascii=False)


def _written(value: Any, write: Write, *, step: str = "  ", name: Write = json.dumps, comma: str = "") -> str:
    """Return a value with a line for each field, and for each item of a list of objects."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        items = [f"{step}{write(one)}" for one in value]
        return "[\n" + ",\n".join(items) + f"{comma}\n]"
    if not isinstance(value, dict) or not value:
        return write(value)
    inner = (
        f"{step}{name(key)}: "
        + _written(one, write, step=step, name=name, comma=comma).replace("\n", f"\n{step}")
        if isinstance(one, list)
        else f"{step}{name(key)}: {write(one)}"
        for key, one in value.items()
    )
    return "{\n" + ",\n".join(inner) + f"{comma}\n}}"


def _call_ts(name: str, given: Mapping[str, Any], *, writes: bool, item: bool = False) -> str:
    options = "{ idempotencyKey: crypto.randomUUID() }" if writes else ""
    head = f"layers.{name}(" if item else f"const result = await layers.{name}("
    line = head + ", ".join(part for part in (_ts(dict(given)) if given else "", options) if part) + ")"
    ending = "" if item else ";"
    if len(line) <= WIDTH and not any(isinstance(one, list) for one in given.values()):
        return line + ending
    body = _written(dict(given), _ts, name=str, comma=",")
    if not options:
        return head + body + ")" + ending
    parts = [part.replace("\n", "\n  ") for part in (body, options) if part]
    return head + "\n  " + ",\n  ".join(parts) + ",\n)" + ending


def _call_py(name: str, given: Mapping[str, Any], *, writes: bool, item: bool = False) -> str:
    head = f"layers.{name}(" if item else f"result = layers.{name}("
    written = [f"{key}={_py(value)}" for key, value in given.items()]
    key = ["idempotency_key=str(uuid.uuid4())"] if writes else []
    line = head + ", ".join([*written, *key]) + ")"
    if len(line) <= WIDTH and not any(isinstance(one, list) for one in given.values()):
        return line
    lines = [f"{name}={_broken_py(value)}" for name, value in given.items()]
    return head + "\n    " + ",\n    ".join([*lines, *key]) + ",\n)"


def _broken_py(value: Any) -> str:
    """Return an argument, over several lines where it is a list or too long for one."""
    if (isinstance(value, dict) and len(_py(value)) > WIDTH) or isinstance(value, list):
        return _written(value, _py, step="    ", comma=",").replace("\n", "\n    ")
    return _py(value)

"""Makes the parts of the Python SDK that follow from `openapi.json`, and its blocking half from the asynchronous one.

    python sdks/generate.py           writes them
    python sdks/generate.py --check   fails if they are not what would be written

The rest is written by hand; docs/decisions/0017 says why.
"""

import difflib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill, indent
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sdks/python/src/layers_sdk"
CONTRACT: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text())
SCHEMAS: dict[str, Any] = CONTRACT["components"]["schemas"]
NOTE = "Made from `openapi.json` by `sdks/generate.py`."

NAMES = {
    "ConnectOut": "Connecting",
    "DailyCapOut": "DailyCap",
    "MediaOut": "MediaLimits",
    "ModeOut": "PlatformMode",
    "OptionOut": "PlatformOption",
    "PlatformOut": "Platform",
    "Platforms": "PlatformList",
    "TextOut": "TextLimits",
}
"""What schemas are called here, where that is not their name."""
CHOICES = {
    "AccountStatus": ("SocialAccount", "status"),
    "ApprovalStatus": ("Container", "approvalStatus"),
    "ContainerStatus": ("Container", "status"),
    "DeliveryStatus": ("WebhookDelivery", "status"),
    "EventType": ("CreateEndpoint", "events"),
    "PostStatus": ("ScheduledPost", "status"),
    "RateLimitTier": ("ApiKey", "rateLimitTier"),
}
"""Closed lists of words that get a name: where they stand in the contract."""
BY_HAND = {"publishing": "Waiting", "content": "Uploading", "webhooks": "Verifying"}
"""Resources that can do more, and the class in `by_hand` that says what."""
RENAMED = {"content.create": "create_text"}
"""A call that takes JSON or a form is two: the form is `upload`, by hand."""
EVERYWHERE = {
    "FORBIDDEN_SCOPE",
    "IDEMPOTENCY_CONFLICT",
    "INTERNAL",
    "KILL_SWITCH",
    "PAYLOAD_TOO_LARGE",
    "RATE_LIMITED",
    "UNAUTHENTICATED",
    "UNAVAILABLE",
    "UNSUPPORTED_MEDIA_TYPE",
    "VALIDATION",
}
"""Codes not worth telling of each call."""
ABOUT_LISTS = {
    "cursor": "`cursor`: go on where a page ended, with its `next_cursor`.",
    "limit": "`limit`: how many to fetch at a time.",
}
"""What these parameters of lists mean to someone who iterates."""
TAKEN = {"message", "status", "request_id", "details", "retry_after", "idempotency_key", "code"}
"""Attributes all errors have."""
SPOKEN_SYNC = [
    (r"\basync (def|with|for) ", r"\1 "),
    (r"\bawait ", ""),
    (r"\basyncio\b", "time"),
    (r"\b(__)a(enter__|exit__|iter__)", r"\1\2"),
    (r"\baclose\b", "close"),
    (r"\baiter_lines\b", "iter_lines"),
    (r"\baread\b", "read"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\bAsync([A-Z]\w*)", r"\1"),
    (r"_async\b", "_sync"),
]
"""What turns the asynchronous text into the blocking one."""


# Names and types ---------------------------------------------------------------------------------------


def snake(name: str) -> str:
    """Return `socialAccountId` as `social_account_id`."""
    found = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    first, *rest = found.split("_")
    assert first + "".join(part[:1].upper() + part[1:] for part in rest) == name, name
    return found


def class_name(code: str) -> str:
    """Return `FORBIDDEN_SCOPE` as `ForbiddenScopeError`."""
    return "".join(word.capitalize() for word in code.split("_")) + "Error"


def words_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return a closed list's words."""
    return frozenset(schema.get("items", schema).get("enum", ()))


ALIASES = {words_of(SCHEMAS[owner]["properties"][field]): name for name, (owner, field) in CHOICES.items()}


def referred(schema: Mapping[str, Any]) -> str:
    """Return the name of the schema that is referred to."""
    return schema["$ref"].rpartition("/")[2]


def is_input(name: str) -> bool:
    """Tell whether a schema is something callers write; such stay dicts with the names on the wire."""
    return SCHEMAS[name].get("additionalProperties") is False


def type_of(schema: Mapping[str, Any], *, sent: bool = False) -> str:
    """Return the Python type of a schema. `sent`: as an argument, which may be looser than an answer."""
    if "$ref" in schema:
        name = referred(schema)
        return NAMES.get(name, name)
    if "anyOf" in schema:
        kinds = [type_of(one, sent=sent) for one in schema["anyOf"] if one.get("type") != "null"]
        return f"Optional[{kinds[0]}]"
    if "enum" in schema or "const" in schema:
        words = schema.get("enum") or [schema["const"]]
        return ALIASES.get(frozenset(words)) or f"Literal[{', '.join(map(repr, words))}]"
    kind, form = schema.get("type"), schema.get("format")
    if kind == "string":
        return "str" if form != "date-time" else ("Time" if sent else "datetime")
    if kind == "array":
        return f"{'Sequence' if sent else 'list'}[{type_of(schema['items'], sent=sent)}]"
    if kind == "object":
        inner = schema.get("additionalProperties")
        of = type_of(inner, sent=sent) if isinstance(inner, dict) else "Any"
        return f"{'Mapping' if sent else 'dict'}[str, {of}]"
    return {"integer": "int", "number": "float", "boolean": "bool", "null": "None", None: "Any"}[kind]


def optional(kind: str) -> str:
    """Return a type that may be None too."""
    return kind if kind.startswith("Optional[") or kind == "Any" else f"Optional[{kind}]"


def docstring(text: str, *more: str) -> str:
    """Return an indented docstring."""
    first, _, rest = text.partition("\n")
    paragraphs = [first, *(" ".join(part.split()) for part in rest.split("\n\n")), *more]
    written = "\n\n".join(fill(part, 106, break_long_words=False) for part in paragraphs if part)
    return indent(f'"""{written}' + ('\n"""' if "\n" in written else '"""'), "    ")


# Operations --------------------------------------------------------------------------------------------


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield (method, path, operation) of every call that is made with a key."""
    for path, methods in CONTRACT["paths"].items():
        for method, operation in methods.items():
            if "x-required-scope" in operation and "text/event-stream" not in _answers_with(operation):
                yield method.upper(), path, operation


def _answers_with(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    return operation["responses"].get("200", {}).get("content", {})


def answer_of(operation: Mapping[str, Any]) -> str:
    """Return the name of the schema a call answers with."""
    [name] = {
        referred(answer["content"]["application/json"]["schema"])
        for status, answer in operation["responses"].items()
        if status.startswith("2")
    }
    return name


def body_of(operation: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of a call's JSON."""
    content = operation.get("requestBody", {}).get("content", {})
    return SCHEMAS[referred(content["application/json"]["schema"])] if content else None


def item_of(answer: str) -> str | None:
    """Return what a page is a page of; None if it is no page."""
    properties = SCHEMAS[answer]["properties"]
    return referred(properties["items"]["items"]) if set(properties) == {"items", "nextCursor"} else None


def inside(schema: object) -> Iterator[str]:
    """Yield the names of the schemas that a schema refers to."""
    if isinstance(schema, dict):
        if "$ref" in schema and schema["$ref"].startswith("#/components/schemas/"):
            yield referred(schema)
        for value in schema.values():
            yield from inside(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from inside(value)


def in_order(names: Sequence[str]) -> list[str]:
    """Return the schemas and all they refer to, those referred to first."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in found:
            for other in inside(SCHEMAS[name]):
                visit(other)
            found[name] = None

    for name in names:
        visit(name)
    return list(found)


ERRORS = sorted(name for name in SCHEMAS if name.endswith("Error") and name not in {"Error", "LastError"})
EVENTS: dict[str, str] = {
    event: referred(one["post"]["requestBody"]["content"]["application/json"]["schema"])
    for event, one in CONTRACT["webhooks"].items()
}
STREAMED: dict[str, str] = {
    SCHEMAS[name]["properties"]["type"]["const"]: name
    for name in map(referred, SCHEMAS["StreamEvent"]["oneOf"])
}


def answered() -> list[str]:
    """Return the schemas of answers, of what errors tell and of events."""
    answers = [item_of(name) or name for name in map(answer_of, (op for _, _, op in operations()))]
    told = [name for error in ERRORS for name in inside(SCHEMAS[error])]
    return in_order([*answers, *told, *EVENTS.values(), *STREAMED.values(), "WebhookEvent"])


# Files -------------------------------------------------------------------------------------------------


def models() -> str:
    """Write `models.py`."""
    names = [name for name in answered() if not is_input(name)]
    used = [name for name in answered() if is_input(name)]
    parts = [
        f'"""What Layers answers and tells. {NOTE}"""',
        "from datetime import datetime\nfrom typing import Any, Literal, Optional, Union\n"
        f"from layers_sdk.inputs import {', '.join([*used, *CHOICES])}\nfrom layers_sdk.model import Model",
        *(model(name) for name in names),
        f"Event = Union[{', '.join(EVENTS.values())}, WebhookEvent]",
        f"StreamEvent = Union[{', '.join(STREAMED.values())}, WebhookEvent]",
        "EVENTS: dict[str, type[Event]] = {"
        + ", ".join(f"{event!r}: {name}" for event, name in EVENTS.items())
        + '}\n"""The class of each type of event."""',
        "STREAMED: dict[str, type[StreamEvent]] = {"
        + ", ".join(f"{event!r}: {name}" for event, name in STREAMED.items())
        + '}\n"""And of each that the stream tells."""',
        f"__all__ = [{', '.join(repr(NAMES.get(name, name)) for name in [*names, 'Event', 'StreamEvent'])}]",
    ]
    return "\n\n\n".join(parts)


def model(name: str) -> str:
    """Write a class for a schema."""
    schema = SCHEMAS[name]
    lines = [f"class {NAMES.get(name, name)}(Model):"]
    lines.append(docstring(about_model(schema)))
    for field, of in schema["properties"].items():
        kind = type_of(of)
        lines.append(f"    {snake(field)}: {kind if field in schema['required'] else optional(kind)}")
        if about := of.get("description"):
            lines.append(docstring(about))
    return "\n".join(lines)


def about_model(schema: Mapping[str, Any]) -> str:
    """Return a schema's description, with its fields as they are called here."""
    if "description" not in schema:
        return f"The event `{schema['properties']['type']['const']}`."
    spoken = {field: snake(field) for field in schema["properties"]}
    return re.sub(r"`(\w+)", lambda found: "`" + spoken.get(found[1], found[1]), schema["description"])


def inputs() -> str:
    """Write `inputs.py`."""
    bodies = [body for _, _, op in operations() if (body := body_of(op))]
    names = in_order([name for body in bodies for name in inside(body)])
    parts = [
        f'"""What callers write: dicts with the names on the wire. {NOTE}"""',
        "from __future__ import annotations\nfrom collections.abc import Mapping, Sequence\n"
        "from datetime import datetime\nfrom typing import TYPE_CHECKING, Any, Literal, Optional, TypedDict, Union\n"
        "if TYPE_CHECKING:\n    from typing_extensions import NotRequired",
        "\n".join(
            f"{name} = {type_of({'enum': sorted(words)}).replace(name, literal(words))}"
            for words, name in sorted(ALIASES.items(), key=lambda found: found[1])
        ),
        'Time = Union[datetime, str]\n"""A time with an offset, or text of that kind: `2026-04-18T19:18:42Z`."""',
        *(typed_dict(name) for name in names),
        f"__all__ = [{', '.join(repr(name) for name in [*names, *CHOICES, 'Time'])}]",
    ]
    return "\n\n\n".join(parts)


def literal(words: frozenset[str]) -> str:
    """Return a closed list of words."""
    return f"Literal[{', '.join(map(repr, sorted(words)))}]"


def typed_dict(name: str) -> str:
    """Write a class for what is inside a body."""
    schema = SCHEMAS[name]
    lines = [f"class {name}(TypedDict):", docstring(schema["description"])]
    for field, of in schema["properties"].items():
        kind = type_of(of, sent=True)
        lines.append(f"    {field}: {kind if field in schema['required'] else f'NotRequired[{kind}]'}")
    return "\n".join(lines)


def refusals() -> str:
    """Write `refusals.py`."""
    codes = {name: SCHEMAS[name]["properties"]["error"]["properties"]["code"]["const"] for name in ERRORS}
    used = [NAMES.get(name, name) for error in ERRORS for name in inside(SCHEMAS[error])]
    parts = [
        f'"""A class for each code Layers refuses with. {NOTE}"""',
        "from typing import Any, Literal, Optional\nfrom layers_sdk.errors import ApiError\n"
        f"from layers_sdk.models import {', '.join(dict.fromkeys(used))}",
        *(refusal(name, code) for name, code in codes.items()),
        "BY_CODE: dict[str, type[ApiError]] = {"
        + ", ".join(f"{code!r}: {name}" for name, code in codes.items())
        + "}",
        f"__all__ = [{', '.join(map(repr, codes))}]",
    ]
    return "\n\n\n".join(parts)


def refusal(name: str, code: str) -> str:
    """Write a class for an error."""
    assert name == class_name(code)
    schema = SCHEMAS[name]
    details = schema["properties"]["error"]["properties"].get("details", {})
    lines = [f"class {name}(ApiError):", docstring(schema["description"]), f"    code = {code!r}"]
    for field, of in details.get("properties", {}).items():
        if snake(field) not in TAKEN:
            kind = type_of(of)
            lines.append(
                f"    {snake(field)}: {kind if field in details.get('required', ()) else optional(kind)}"
            )
    return "\n".join(lines)


def resources() -> str:
    """Write `_async/resources.py`."""
    methods: dict[str, list[str]] = {}
    for method, path, operation in operations():
        methods.setdefault(operation["tags"][0], []).append(resource_method(method, path, operation))
    about = {tag["name"]: tag["description"] for tag in CONTRACT["tags"]}
    classes = [
        f"class Async{tag[:1].upper()}{tag[1:]}({BY_HAND.get(tag, 'Resource')}):\n{docstring(about[tag])}\n\n"
        + "\n\n".join(indent(one, "    ") for one in found)
        for tag, found in methods.items()
    ]
    answers = {item_of(name) or name for name in map(answer_of, (op for _, _, op in operations()))}
    head = (
        "from __future__ import annotations\nfrom collections.abc import Mapping, Sequence\n"
        "from typing import Any, Literal, Optional, Union\n"
        "from layers_sdk._async.by_hand import Resource, Uploading, Verifying, Waiting\n"
        "from layers_sdk._async.pages import AsyncPages\n"
        "from layers_sdk._protocol import NOT_GIVEN, NotGiven, segment\n"
        f"from layers_sdk.inputs import *\n"
        f"from layers_sdk.models import {', '.join(sorted(NAMES.get(name, name) for name in answers))}"
    )
    names = [name for name in SCHEMAS if is_input(name)]
    head = head.replace("import *", "import " + ", ".join([*names, *CHOICES, "Time"]))
    return "\n\n\n".join([f'"""The calls. {NOTE}"""', head, *classes])


def resource_method(method: str, path: str, operation: Mapping[str, Any]) -> str:
    """Write a method for a call."""
    identity: str = operation["operationId"]
    name = RENAMED.get(identity) or snake(identity.partition(".")[2])
    parameters = [one for one in operation["parameters"] if "name" in one]
    in_path = [one["name"] for one in parameters if one["in"] == "path"]
    in_query = [one for one in parameters if one["in"] == "query"]
    body = body_of(operation)
    fixed = {field: of["enum"][0] for field, of in fields_of(body) if len(of.get("enum", ())) == 1}
    asked = [(field, of) for field, of in fields_of(body) if field not in fixed]
    keywords = sorted(
        (argument(field, of, field in (body or {})["required"], method) for field, of in asked),
        key=lambda written: "=" in written,
    ) + [argument(one["name"], one["schema"], required=False, method=method) for one in in_query]
    if method != "GET":
        keywords.append("idempotency_key: Optional[str] = None")
    written = "".join(f", {snake(one)}: str" for one in in_path) + (
        ", *, " + ", ".join(keywords) if keywords else ""
    )
    where = re.sub(r"{(\w+)}", lambda found: "{segment(" + snake(found[1]) + ")}", path)
    where = f"f'{where}'" if in_path else repr(where)
    query = "{" + ", ".join(f"{one['name']!r}: {snake(one['name'])}" for one in in_query) + "}"
    raises = list(refusals_of(operation))
    about = docstring(
        operation["description"],
        " ".join(about_parameter(one) for one in in_query if not one["description"].endswith(" id.")),
        " ".join(
            [
                *([f"Scope: `{operation['x-required-scope']}`."] if operation["x-required-scope"] else []),
                *(["Raises " + ", ".join(raises) + "."] if raises else []),
            ]
        ),
    )
    answer = answer_of(operation)
    if item := item_of(answer):
        item = NAMES.get(item, item)
        returns, call = f"AsyncPages[{item}]", f"AsyncPages(self._line, {item}, {where}, {query})"
    else:
        returns = NAMES.get(answer, answer)
        call = f"await self._line.call({returns}, {method!r}, {where}"
        if in_query:
            call += f", query={query}"
        if body:
            pairs = [f"{field!r}: {value!r}" for field, value in fixed.items()]
            call += f", body={{{', '.join([*pairs, *(f'{field!r}: {snake(field)}' for field, _ in asked)])}}}"
        call += ", idempotency_key=idempotency_key)" if method != "GET" else ")"
    kind = "def" if item else "async def"
    return f"{kind} {name}(self{written}) -> {returns}:\n{about}\n    return {call}"


def fields_of(body: Mapping[str, Any] | None) -> Sequence[tuple[str, Any]]:
    """Return the fields of a body."""
    return list(body["properties"].items()) if body else []


def argument(field: str, schema: Mapping[str, Any], required: bool, method: str) -> str:
    """Write an argument. What a PATCH leaves out stays, which None does not say."""
    kind = type_of(schema, sent=True)
    if method == "GET" and kind.startswith("Sequence["):
        one = kind.removeprefix("Sequence[").removesuffix("]")
        kind = f"Union[{one}, {kind}]"
    if required:
        return f"{snake(field)}: {kind}"
    if method == "PATCH":
        return f"{snake(field)}: Union[{kind}, NotGiven] = NOT_GIVEN"
    return f"{snake(field)}: {optional(kind)} = None"


def about_parameter(parameter: Mapping[str, Any]) -> str:
    """Say what a parameter means."""
    name, about = parameter["name"], parameter["description"]
    return ABOUT_LISTS.get(name) or f"`{snake(name)}`: {about[:1].lower()}{about[1:]}"


def refusals_of(operation: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a call may raise beside what every call may."""
    for answer in operation["responses"].values():
        whole = CONTRACT["components"]["responses"][referred(answer)] if "$ref" in answer else answer
        subcodes = re.findall(r'"subcode": {"enum": \[(.*?)\]', json.dumps(whole))
        telling = [
            f"`{one}`" for one in re.findall(r"\w+", "".join(subcodes)) if one != "IDEMPOTENCY_IN_FLIGHT"
        ]
        for code in whole.get("x-error-codes", []):
            if code == "CONFLICT" and telling:
                yield f"`ConflictError` ({', '.join(telling)})"
            elif code not in EVERYWHERE and not (code == "CONFLICT" and subcodes):
                yield f"`{class_name(code)}`"


# Writing -----------------------------------------------------------------------------------------------


def tidied(text: str, path: Path) -> str:
    """Return a file as ruff would have it."""
    ruff = Path(sys.executable).with_name("ruff")
    for arguments in (["check", "--fix", "--unsafe-fixes", "--quiet", "--exit-zero"], ["format", "--quiet"]):
        command = [ruff, *arguments, "--stdin-filename", path, "-"]
        text = subprocess.run(
            command, input=text, capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
    return text


def spoken_sync(text: str) -> str:
    """Return asynchronous code as blocking code."""
    for pattern, replacement in SPOKEN_SYNC:
        text = re.sub(pattern, replacement, text)
    return text


def files() -> dict[Path, str]:
    """Return everything that is made, by where it belongs."""
    made = {"models.py": models(), "inputs.py": inputs(), "refusals.py": refusals()}
    made["_async/resources.py"] = resources()
    for name in ("by_hand.py", "client.py", "line.py", "pages.py", "streams.py"):
        made[f"_sync/{name}"] = spoken_sync((PACKAGE / "_async" / name).read_text())
    made["_sync/resources.py"] = spoken_sync(made["_async/resources.py"])
    return {PACKAGE / name: tidied(text, PACKAGE / name) for name, text in made.items()}


def main() -> int:
    """Write, or compare."""
    stale = 0
    for path, text in files().items():
        held = path.read_text() if path.exists() else ""
        if held == text:
            continue
        if "--check" not in sys.argv:
            path.write_text(text)
            continue
        stale = 1
        name = str(path.relative_to(ROOT))
        diff = difflib.unified_diff(held.splitlines(), text.splitlines(), name, "as made", lineterm="", n=1)
        print("\n".join([*diff][:40]))
    if stale:
        print("Run `make docs`: the SDK is not what openapi.json says.")
    return stale


if __name__ == "__main__":
    sys.exit(main())

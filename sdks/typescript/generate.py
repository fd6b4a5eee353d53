"""Writes `src/generated` from `openapi.json`: types, errors, one class of calls for each part of the API.

`--check` fails when a committed file differs from what the document says. A word of JSON Schema that this file does
not know stops it, and so does an endpoint without a place.
"""

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

HERE = Path(__file__).resolve().parent
CONTRACT = HERE.parents[1] / "openapi.json"
GENERATED = HERE / "src/generated"
NOTE = "// Written by generate.py from openapi.json. Change the API, then run `make docs`.\n"
WIDTH = 110

Json: TypeAlias = Mapping[str, Any]

PARTS: Mapping[str, str] = {
    "publishing": "",
    "content": "Content",
    "approval": "Approval",
    "projects": "Project",
    "social": "Social",
    "platforms": "Platform",
    "webhooks": "Webhook",
    "apiKeys": "ApiKey",
    "audit": "Audit",
}
"""The client's parts, and how the names of their calls' parameters begin."""
EXTENDED = {"publishing", "content", "webhooks"}
"""Parts that src/layers.ts extends by hand."""
RENAMED: Mapping[str, str] = {"content.create": "createText"}
"""Calls that take a form as well as JSON: the form is written by hand."""
NAMES: Mapping[str, str] = {
    "Platforms": "PlatformList",
    "PlatformOut": "Platform",
    "ModeOut": "PlatformMode",
    "MediaOut": "MediaLimits",
    "TextOut": "TextLimits",
    "OptionOut": "PlatformOption",
    "ConnectOut": "Connecting",
    "DailyCapOut": "DailyCap",
}
"""Schemas that are called otherwise here."""
ENUMS: Mapping[str, str] = {
    "PostStatus": "ScheduledPost.status",
    "ContainerStatus": "Container.status",
    "ApprovalStatus": "Container.approvalStatus",
    "AccountStatus": "SocialAccount.status",
    "RateLimitTier": "ApiKey.rateLimitTier",
    "DeliveryStatus": "WebhookDelivery.status",
    "EventType": "CreateEndpoint.events",
}
"""Sets of words with a name of their own, and where in the document each is found."""
EVERYWHERE = {
    "UNAUTHENTICATED",
    "FORBIDDEN_SCOPE",
    "VALIDATION",
    "IDEMPOTENCY_CONFLICT",
    "METHOD_NOT_ALLOWED",
    "PAYLOAD_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "RATE_LIMITED",
    "KILL_SWITCH",
    "INTERNAL",
    "UNAVAILABLE",
}
"""Codes that any call may meet and that are not repeated at each."""
KNOWN_WORDS = {
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "default",
    "description",
    "enum",
    "examples",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "maxProperties",
    "uniqueItems",
    "minimum",
    "pattern",
    "properties",
    "propertyNames",
    "required",
    "title",
    "type",
}
PRIMITIVES = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "object": "Record<string, unknown>",
}


class NotUnderstood(Exception):  # noqa: N818
    """The document says something that this generator has no words for."""


@dataclass(frozen=True)
class Field:
    """A property of an interface."""

    name: str
    type: str
    required: bool
    about: str = ""

    def lines(self) -> Iterator[str]:
        """Yield the field as source."""
        if self.about:
            yield from comment(self.about, "  ")
        yield f"  {self.name}{'' if self.required else '?'}: {self.type};"


@dataclass(frozen=True)
class Call:
    """One endpoint as a method."""

    part: str
    name: str
    method: str
    path: str
    says: Json
    ids: Sequence[Field]
    query: Sequence[Field]
    body: Sequence[Field]
    fixed: Mapping[str, str]
    """What the body says besides, since nothing else may be said."""
    answer: str
    """The type it answers with; of a list, the type of the items."""
    is_list: bool

    @property
    def fields(self) -> list[Field]:
        """Everything the caller gives, in one object."""
        return [*self.ids, *self.query, *self.body]

    @property
    def params(self) -> str:
        """The name of that object's type."""
        return f"{PARTS[self.part]}{self.name[0].upper()}{self.name[1:]}Params"


class Contract:
    """The document, and what it means in TypeScript."""

    def __init__(self, document: Json):
        self.document = document
        self.schemas: Json = document["components"]["schemas"]
        self.enums = {frozenset(self._words(place)): name for name, place in ENUMS.items()}

    def _words(self, place: str) -> list[str]:
        schema, field = place.split(".")
        found = self.schemas[schema]["properties"][field]
        return found.get("items", found)["enum"]

    def type_of(self, schema: Json, given: bool = False) -> str:
        """Return the type of a schema; `given`: callers write it, and may give a Date for a time."""
        if unknown := [word for word in schema if word not in KNOWN_WORDS and not word.startswith("x-")]:
            raise NotUnderstood(f"{unknown} in {json.dumps(schema)[:200]}")
        if "$ref" in schema:
            return named(schema["$ref"])
        if "anyOf" in schema:
            return " | ".join(self.type_of(one, given) for one in schema["anyOf"])
        if "const" in schema:
            return json.dumps(schema["const"])
        if "enum" in schema:
            name = self.enums.get(frozenset(schema["enum"]))
            return name or " | ".join(json.dumps(one) for one in schema["enum"])
        if schema.get("type") == "array":
            inner = self.type_of(schema["items"], given)
            return f"Array<{inner}>" if " | " in inner else f"{inner}[]"
        return self._type_named(schema, given)

    def _type_named(self, schema: Json, given: bool) -> str:
        if "properties" in schema:
            raise NotUnderstood(f"an object without a name: {json.dumps(schema)[:200]}")
        if "type" not in schema:
            return "unknown"
        if schema.get("additionalProperties"):
            return f"Record<string, {self.type_of(schema['additionalProperties'], given)}>"
        if given and schema.get("format") == "date-time":
            return "string | Date"
        return PRIMITIVES[schema["type"]]

    def fields_of(self, schema: Json, given: bool = False) -> list[Field]:
        """Return the properties of an object."""
        required = schema.get("required", [])
        return [
            Field(name, self.type_of(inner, given), name in required, inner.get("description", ""))
            for name, inner in schema.get("properties", {}).items()
        ]

    def calls(self) -> list[Call]:
        """Return the calls that take a key, in the document's order. The others are for people and platforms."""
        return [
            self._call(path, method.upper(), says)
            for path, methods in self.document["paths"].items()
            for method, says in methods.items()
            if "x-required-scope" in says and not _is_stream(says)
        ]

    def _call(self, path: str, method: str, says: Json) -> Call:
        name = says["operationId"]
        part, name = name.partition(".")[0], RENAMED.get(name, name.partition(".")[2])
        if part not in PARTS:
            raise NotUnderstood(f"{says['operationId']} has no place in the client")
        parameters = [one for one in says.get("parameters", []) if "$ref" not in one]
        answer, is_list = self._answer(says)
        given = [
            (one["in"], Field(one["name"], self._parameter(one), one["required"], one.get("description", "")))
            for one in parameters
        ]
        fields, fixed = self._body(says)
        call = Call(
            part,
            name,
            method,
            path,
            says,
            ids=[f for where, f in given if where == "path"],
            query=[f for where, f in given if where == "query"],
            body=fields,
            fixed=fixed,
            answer=answer,
            is_list=is_list,
        )
        names = [field.name for field in call.fields]
        if len(names) != len(set(names)) or (call.query and call.body):
            raise NotUnderstood(f"{says['operationId']}: what is given cannot be told apart")
        return call

    def _parameter(self, parameter: Json) -> str:
        schema = parameter["schema"]
        if schema.get("type") == "array":
            one = self.type_of(schema["items"], given=True)
            return f"{one} | Array<{one}>"
        return self.type_of(schema, given=True)

    def _body(self, says: Json) -> tuple[list[Field], dict[str, str]]:
        content = says.get("requestBody", {}).get("content", {})
        if content and (
            "application/json" not in content or (len(content) > 1) != (says["operationId"] in RENAMED)
        ):
            raise NotUnderstood(f"{says['operationId']} takes {sorted(content)}")
        if not content:
            return [], {}
        schema = self.schemas[content["application/json"]["schema"]["$ref"].rpartition("/")[2]]
        fixed = {
            name: json.dumps(inner["enum"][0])
            for name, inner in schema["properties"].items()
            if len(inner.get("enum", [])) == 1
        }
        return [field for field in self.fields_of(schema, given=True) if field.name not in fixed], fixed

    def _answer(self, says: Json) -> tuple[str, bool]:
        found = {
            self.type_of(answer["content"]["application/json"]["schema"])
            for status, answer in says["responses"].items()
            if status.startswith("2")
        }
        if len(found) != 1:
            raise NotUnderstood(f"{says['operationId']} answers {found or 'nothing'}")
        (answer,) = found
        page = self.schemas.get(answer, {}).get("properties", {})
        if "nextCursor" in page:
            return named(page["items"]["items"]["$ref"]), True
        return answer, False

    def named_in(self, lines: Sequence[str]) -> set[str]:
        """Return the types that lines of source name, outside comments."""
        code = "\n".join(line for line in lines if not line.lstrip().startswith(("/**", "*")))
        there = {NAMES.get(name, name) for name in self.schemas} | ENUMS.keys()
        return set(re.findall(r"\b[A-Z]\w*\b", code)) & there

    def bodies(self) -> set[str]:
        """Return the schemas that are bodies of requests: their fields are those of the calls."""
        return {
            content["schema"]["$ref"].rpartition("/")[2]
            for methods in self.document["paths"].values()
            for says in methods.values()
            for content in says.get("requestBody", {}).get("content", {}).values()
            if "$ref" in content.get("schema", {})
        }


def _is_stream(says: Json) -> bool:
    """Tell whether a call is answered without end: by hand, in src/events.ts."""
    return "text/event-stream" in says["responses"].get("200", {}).get("content", {})


def named(reference: str) -> str:
    """Return the name of the schema a `$ref` points to."""
    name = reference.rpartition("/")[2]
    return NAMES.get(name, name)


def comment(text: str, indent: str = "") -> Iterator[str]:
    """Yield a doc comment."""
    lines = [
        line
        for paragraph in text.replace("*/", "*\\/").split("\n")
        for line in textwrap.wrap(paragraph.strip(), WIDTH - len(indent) - 3, break_on_hyphens=False) or [""]
    ]
    if len(lines) == 1 and len(lines[0]) + len(indent) + 7 <= WIDTH:
        yield f"{indent}/** {lines[0]} */"
        return
    yield f"{indent}/**"
    yield from (f"{indent} * {line}".rstrip() for line in lines)
    yield f"{indent} */"


def union(name: str, members: Sequence[str]) -> Iterator[str]:
    """Yield an exported union."""
    line = f"export type {name} = {' | '.join(members)};"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"export type {name} ="
    yield from (f"  | {member}" for member in members[:-1])
    yield f"  | {members[-1]};"


def interface(name: str, fields: Sequence[Field], about: str = "") -> Iterator[str]:
    """Yield an exported interface."""
    yield ""
    if about:
        yield from comment(about)
    if not fields:
        yield f"export type {name} = Record<string, never>;"
        return
    yield f"export interface {name} {{"
    for field in fields:
        yield from field.lines()
    yield "}"


def types(contract: Contract) -> Iterator[str]:
    """Yield types.ts: what the API answers and takes."""
    events = [
        named(says["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"])
        for says in contract.document["webhooks"].values()
    ]
    streamed = [named(one["$ref"]) for one in contract.schemas["StreamEvent"]["oneOf"]]
    for words, name in contract.enums.items():
        yield ""
        yield from union(name, [json.dumps(word) for word in sorted(words)])
    for name, schema in contract.schemas.items():
        fields = schema.get("properties", {})
        if name in {"WebhookEvent", "StreamEvent", *contract.bodies()} or fields.keys() in (
            {"error"},
            {"items", "nextCursor"},
        ):
            continue
        yield from interface(NAMES.get(name, name), contract.fields_of(schema), schema.get("description", ""))
    yield ""
    yield from comment(contract.schemas["WebhookEvent"]["description"] + " `type` tells which `data` it has.")
    yield from union("WebhookEvent", sorted(events))
    yield ""
    yield from comment(contract.schemas["StreamEvent"]["description"] + " `type` tells which `data` it has.")
    yield from union("StreamEvent", sorted(streamed))


def errors(contract: Contract) -> Iterator[str]:
    """Yield errors.ts: a class for each code."""
    classes: list[str] = []
    codes: dict[str, str] = {}
    for name, schema in contract.schemas.items():
        error = schema.get("properties", {}).get("error", {}).get("properties", {})
        if "const" in error.get("code", {}):
            codes[error["code"]["const"]] = name
            details = ""
            if error.get("details", {}).get("properties"):
                details = f"{name.removesuffix('Error')}Details"
                classes += interface(details, contract.fields_of(error["details"]))
            kinds = ", ".join([contract.type_of(error["code"]), *([details] if details else [])])
            classes += ["", *comment(schema["description"])]
            classes.append(f"export class {name} extends ApiError<{kinds}> {{")
            classes += [f'  override name = "{name}";', "}"]
    yield 'import { ApiError } from "../errors.js";'
    yield from imports(contract.named_in(classes) - {*codes.values()})
    yield from classes
    yield ""
    yield from comment("The class of each code.")
    yield "export const ERRORS = {"
    yield from (f"  {code}: {name}," for code, name in codes.items())
    yield "} as const;"


def part(name: str, calls: Sequence[Call], contract: Contract) -> Iterator[str]:
    """Yield the file of one part."""
    body = [line for call in calls for line in parameters(call)]
    methods = [line for call in calls for line in method(call)]
    writes = any(call.method != "GET" for call in calls)
    reads = any(call.method == "GET" for call in calls)
    options = [*(["RequestOptions"] if reads else []), *(["WriteOptions"] if writes else [])]
    yield f'import type {{ Client, {", ".join(options)} }} from "../client.js";'
    if any(call.is_list for call in calls):
        yield 'import type { Pages } from "../pages.js";'
    if any(call.ids for call in calls):
        yield 'import { path } from "../path.js";'
    yield from imports(contract.named_in([*body, *methods]))
    yield from body
    yield ""
    (about,) = (tag["description"] for tag in contract.document["tags"] if tag["name"] == name)
    yield from comment(about)
    yield f"export class {class_of(name)} {{"
    yield "  constructor(protected readonly client: Client) {}"
    yield from methods
    yield "}"


def imports(names: Collection[str]) -> Iterator[str]:
    """Yield the import of types."""
    line = f'import type {{ {", ".join(sorted(names))} }} from "./types.js";'
    if len(line) <= WIDTH:
        yield from [line] if names else []
        return
    yield "import type {"
    yield from (f"  {name}," for name in sorted(names))
    yield '} from "./types.js";'


def class_of(name: str) -> str:
    """Return the name of a part's class."""
    return name[0].upper() + name[1:] + ("Calls" if name in EXTENDED else "")


def parameters(call: Call) -> Iterator[str]:
    """Yield the interface of what a call is given."""
    if call.fields:
        yield from interface(call.params, call.fields)


def method(call: Call) -> Iterator[str]:
    """Yield a call's method."""
    options = "RequestOptions" if call.method == "GET" else "WriteOptions"
    optional = not any(field.required for field in call.fields)
    arguments = [
        *([f"params: {call.params}{' = {}' if optional else ''}"] if call.fields else []),
        f"options?: {options}",
    ]
    answer = f"Pages<{call.answer}>" if call.is_list else f"Promise<{call.answer}>"
    given = "query" if call.query else "body" if call.body else ""
    ids = ", ".join(field.name for field in call.ids)
    yield ""
    yield from comment(about(call), "  ")
    yield from wrapped(f"  {call.name}(", arguments, f"): {answer} {{")
    if ids:
        yield f"    const {{ {ids}{f', ...{given}' if given else ''} }} = params;"
    where = f"path`{call.path.replace('{', '${')}`" if call.ids else f'"{call.path}"'
    carried = given if ids or not given else f"{given}: params"
    if call.fixed:
        said = ", ".join(f"{name}: {value}" for name, value in call.fixed.items())
        carried = f"body: {{ {said}, ...body }}"
    inside = f"{{ {carried}, options }}" if given else "{ options }"
    sent = [where, inside] if call.is_list else [f'"{call.method}"', where, inside]
    yield from wrapped(f"    return this.client.{'list' if call.is_list else 'request'}(", sent, ");")
    yield "  }"


def wrapped(head: str, arguments: Sequence[str], tail: str) -> Iterator[str]:
    """Yield a call in one line, or with a line for each argument."""
    line = head + ", ".join(arguments) + tail
    if len(line) <= WIDTH:
        yield line
        return
    indent = " " * (len(head) - len(head.lstrip()))
    yield head
    yield from (f"{indent}  {argument}," for argument in arguments)
    yield indent + tail


def about(call: Call) -> str:
    """Return what a method's comment says."""
    scope = call.says.get("x-required-scope")
    codes = sorted(
        {
            code
            for answer in call.says["responses"].values()
            for code in answer.get("x-error-codes", [])
            if code not in EVERYWHERE
        }
    )
    subcodes = sorted(
        set(re.findall(r"^- `([A-Z_]+)`", call.says["responses"].get("409", {}).get("description", ""), re.M))
        - {"IDEMPOTENCY_IN_FLIGHT"}
    )
    said = [call.says["description"], ""]
    said.append(f"`{call.method} {call.path}`{f', scope `{scope}`' if scope else ''}.")
    if codes:
        said.append(f"Its own errors: {', '.join(f'`{code}`' for code in codes)}.")
    if subcodes:
        said.append(f"Subcodes of `CONFLICT`: {', '.join(f'`{code}`' for code in subcodes)}.")
    return "\n".join(said)


def files(document: Json) -> dict[str, str]:
    """Return every generated file: name → text."""
    contract = Contract(resolved(document))
    calls = contract.calls()
    written = {"types.ts": types(contract), "errors.ts": errors(contract)}
    for name in PARTS:
        own = [call for call in calls if call.part == name]
        written[f"{name}.ts"] = part(name, own, contract)
    return {name: NOTE + "\n".join(lines).removesuffix("\n") + "\n" for name, lines in written.items()}


def resolved(document: Json) -> Json:
    """Return the document with the references of responses followed."""
    shared = document["components"].get("responses", {})
    for methods in document["paths"].values():
        for says in methods.values():
            says["responses"] = {
                status: shared[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
                for status, answer in says["responses"].items()
            }
    return document


def main(arguments: Sequence[str] | None = None) -> str:
    """Write the files, or return which differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    check = parser.parse_args(arguments).check
    wanted = files(json.loads(CONTRACT.read_text()))
    there = {file.name: file.read_text() for file in GENERATED.glob("*")}
    stale = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    if check:
        return "\n".join(
            f"src/generated/{name} is not what openapi.json says; run `make docs`." for name in stale
        )
    GENERATED.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (GENERATED / name).write_text(wanted[name])
        else:
            (GENERATED / name).unlink()
    return ""


if __name__ == "__main__":
    sys.exit(main() or 0)

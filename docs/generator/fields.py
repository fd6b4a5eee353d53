"""What a schema holds, as a list of its fields."""

import json
from collections.abc import Iterator, Mapping

from generator.contract import Json, about, followed, name_of
from generator.text import kebab

OBJECTS: Mapping[str, str] = {
    "Target": "Target",
    "ScheduledPost": "Scheduled post",
    "StoryEvent": "Step of a story",
    "LastError": "Last error",
    "Container": "Container",
    "Asset": "Asset",
    "PendingSchedule": "Kept intent",
    "Project": "Project",
    "ApprovalPolicy": "Approval policy",
    "SocialAccount": "Social account",
    "AccountHealth": "Account health",
    "PlatformOut": "Platform",
    "WebhookEndpoint": "Webhook endpoint",
    "WebhookDelivery": "Webhook delivery",
    "ApiKey": "API key",
    "AuditEvent": "Audit event",
    "Issue": "Issue",
}
"""The schemas with a page of their own, and what they are called."""
UNFOLDED = frozenset({"Target", "FileToSend", "MediaUrl", "ApiKey", "Upload", "Promotion", "Issue"})
"""Schemas whose fields are told where they stand, though some have a page as well."""
DEEPEST = 2
NO_NEWLINE = r"(?!\n)"
"""What a pattern needs in Python only, whose `$` stands before a last line break as well."""


def fields(schema: Json, *, form: bool = False, here: str = "../../", depth: int = 0) -> str:
    """Return the fields of an object, or of the objects in a page of a list, as a list."""
    whole = followed(schema)
    needed = whole.get("required", ())
    sent = whole.get("additionalProperties") is False or form
    lines = [
        described(
            name, inner, about(name, inner), required=name in needed if sent else None, here=here, depth=depth
        )
        for name, inner in whole.get("properties", {}).items()
    ]
    return "\n".join(lines).rstrip("\n")


def described(
    name: str, schema: Json, told: str, *, required: bool | None, here: str = "../../", depth: int = 0
) -> str:
    """Return a field: what it is called, its type and limits, what it means, what is inside.

    `required` None: it is part of an answer, where only what may be absent is worth telling.
    """
    facts = [type_of(schema, here), *_limits(schema)]
    if required is not None:
        facts.insert(1, "**required**" if required else "optional")
    indent = "  " * depth
    lines = [f"{indent}- **`{name}`** *{' · '.join(facts)}*"]
    if told:
        lines += ["", f"{indent}  {' '.join(told.split())}"]
    inner = name_of(schema)
    if inner in UNFOLDED and depth < DEEPEST:
        lines += ["", fields({"$ref": f"#/components/schemas/{inner}"}, here=here, depth=depth + 1)]
    return "\n".join(lines) + "\n"


def type_of(schema: Json, here: str) -> str:
    """Return a type in words, linked where it has a page; `here` leads to the folder of the reference."""
    if "$ref" in schema:
        name = str(name_of(schema))
        inner = followed(schema)
        if name.endswith("Page") and name != "Page":
            return f"page of {type_of(inner['properties']['items']['items'], here)}"
        return (
            f"[{OBJECTS[name]}]({here}objects/{kebab(OBJECTS[name]).replace(' ', '-')}.md)"
            if name in OBJECTS
            else "object"
        )
    if "anyOf" in schema:
        kinds = [type_of(one, here) for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join([*dict.fromkeys(kinds), *(["null"] if len(kinds) < len(schema["anyOf"]) else [])])
    if schema.get("type") == "array":
        return f"{type_of(schema.get('items', {}), here)}[]"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return "string"
    if schema.get("format") == "date-time":
        return "time"
    return str(schema.get("type", "any"))


def _limits(schema: Json) -> Iterator[str]:
    """Yield what holds for a value beside its type."""
    for one in schema.get("anyOf", [schema]):
        items = one.get("items", {}) if one.get("type") == "array" else {}
        if words := one.get("enum") or items.get("enum"):
            yield " ".join(f"`{word}`" for word in words)
        if one.get("type") == "array" and (told := _range(one.get("minItems"), one.get("maxItems"), "items")):
            yield told
        if one.get("type") == "string" and (most := one.get("maxLength")):
            yield f"up to {most:,} characters"
        if "pattern" in one:
            yield f"`{one['pattern'].removesuffix(NO_NEWLINE)}`"
        if told := _range(one.get("minimum"), one.get("maximum"), ""):
            yield told
    if (default := schema.get("default")) not in (None, "", [], {}):
        yield f"default `{json.dumps(default)}`"


def _range(least: int | None, most: int | None, what: str) -> str:
    if least is None and most is None:
        return ""
    told = (
        f"{least:,}–{most:,}"
        if least is not None and most is not None
        else f"up to {most:,}"
        if most
        else f"at least {least}"
    )
    return f"{told} {what}".strip()

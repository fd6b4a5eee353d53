"""A page for each object the API answers with or takes, and one for what webhooks tell."""

import json
import re
from collections.abc import Iterator

from generator import examples
from generator.contract import DOCUMENT, SCHEMAS, Operation, followed, name_of, operations
from generator.fields import OBJECTS, fields
from generator.operations import TITLES, in_order, where
from generator.text import bullets, fence, kebab, page, table
from layers.publishing.rules import TRANSITIONS


def file_of(schema: str) -> str:
    """Return the path of an object's page below `docs/reference/`, without `.md`."""
    return f"objects/{kebab(OBJECTS[schema]).replace(' ', '-')}"


def pages() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every object's page."""
    for schema in OBJECTS:
        yield f"reference/{file_of(schema)}.md", object_page(schema)


def object_page(name: str) -> str:
    """Return the page of one object."""
    schema = SCHEMAS[name]
    made = [one for one in in_order() if name in _answered(one)]
    taken = [one for one in in_order() if one.body and name in _inside(one.body)]
    blocks = ["## Fields", fields(schema, here="../")]
    blocks += [
        "## Example",
        fence(
            "json",
            json.dumps(examples.of({"$ref": f"#/components/schemas/{name}"}), indent=2, ensure_ascii=False),
        ),
    ]
    if name == "ScheduledPost":
        rows = [
            (f"`{status}`", ", ".join(f"`{to}`" for to in sorted(to)) or "nowhere")
            for status, to in TRANSITIONS.items()
        ]
        blocks += ["## Where it goes on to", table(["status", "goes on to"], rows)]
        blocks += ["What each means: [Where a post stands](../errors.md#where-a-post-stands-status)."]
    for title, found in (("## Answered by", made), ("## Taken by", taken)):
        if found:
            blocks += [
                title,
                bullets(
                    f"[{TITLES[one.id]}](../{where(one)}.md): `{one.method} {one.shown_path}`"
                    for one in found
                ),
            ]
    return page(OBJECTS[name], _about(name), *blocks)


def _about(name: str) -> str:
    return " ".join(SCHEMAS[name].get("description", "").split())


def _answered(operation: Operation) -> set[str]:
    """Return the names of the schemas in an operation's answers, pages unfolded."""
    return {name for answer in operation.answers() if answer.schema for name in _inside(answer.schema)}


def _inside(schema: object) -> set[str]:
    """Return the names of a schema and those its fields are of, one level down."""
    whole = followed(schema) if isinstance(schema, dict) else {}
    names = {name_of(schema)} if isinstance(schema, dict) else set()
    return {name for name in names | {name_of(one) for one in whole.get("properties", {}).values()} if name}


def contents_page() -> str:
    """Return the page that lists the objects."""
    rows = [
        (f"[{title}]({file_of(name)}.md)", re.split(r"(?<=\.) ", _about(name))[0])
        for name, title in OBJECTS.items()
    ]
    return page("Objects", "What the API answers with and takes, field by field.", table(["", ""], rows))


def events_page() -> str:
    """Return docs/reference/events.md."""
    told = DOCUMENT["webhooks"]
    rows = [(f"[`{kind}`](#{_anchor(kind)})", one["post"]["summary"]) for kind, one in told.items()]
    blocks = [block for kind in told for block in _event(kind)]
    frame = fields(SCHEMAS["WebhookEvent"], here="")
    return page(
        "Webhook events",
        "What an endpoint hears, event by event. How to receive, verify and repeat: "
        "[Webhooks](../how-to/webhooks.md).",
        "Every event has one frame, and comes with the headers `X-Layers-Signature`, `X-Layers-Event-Id` and "
        "those of Standard "
        "Webhooks. It may come more than once, always with the same `id`.",
        frame,
        table(["type", "when"], rows),
        *blocks,
        "## See also",
        bullets(
            [
                f"[{TITLES[name]}]({where(operations()[name])}.md)"
                for name in ("webhooks.createEndpoint", "webhooks.listDeliveries")
            ]
        ),
    )


def _anchor(kind: str) -> str:
    return re.sub(r"[^\w\- ]", "", kind)


def _event(kind: str) -> Iterator[str]:
    schema = DOCUMENT["webhooks"][kind]["post"]["requestBody"]["content"]["application/json"]["schema"]
    event = followed(schema)
    yield f"## `{kind}`"
    yield f"{DOCUMENT['webhooks'][kind]['post']['summary']}."
    made = {**examples.of(schema), "id": examples.VALUES["event.id"], "type": kind}
    yield fence("json", json.dumps(made, indent=2, ensure_ascii=False))
    yield "In `data`:"
    yield fields(event["properties"]["data"], here="")

"""A page for each endpoint, and one that lists them all."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from generator import examples, snippets
from generator.contract import DOCUMENT, Answer, Operation, Refusal, about, name_of, operations
from generator.fields import described, fields, type_of
from generator.platforms import matrix
from generator.text import bullets, fence, kebab, page, table
from generator.words import explained
from layers.api.errors import SUBCODES, Problem
from layers.api.openapi.refusals import all_errors

NOTES = Path(__file__).parent / "notes"
ERRORS: Mapping[str, type[Problem]] = {error.code: error for error in all_errors() if error is not Problem}
TAGS: Mapping[str, str] = {
    "publishing": "Publishing",
    "content": "Content",
    "approval": "Approval",
    "projects": "Projects",
    "social": "Social accounts",
    "platforms": "Platforms",
    "webhooks": "Webhooks",
    "events": "Live events",
    "apiKeys": "API keys",
    "audit": "Audit log",
    "health": "Health",
    "handoff": "Hand-off",
    "dashboard": "Dashboard",
    "meta": "The contract",
}
"""The groups, in the order in which one needs them."""
TITLES: Mapping[str, str] = {
    "publishing.publishNow": "Publish now",
    "publishing.schedule": "Schedule",
    "publishing.validate": "Validate (dry run)",
    "publishing.getScheduledPost": "Get a scheduled post",
    "publishing.listScheduledPosts": "List scheduled posts",
    "publishing.getScheduledPostEvents": "Get a post's story",
    "publishing.reschedule": "Reschedule a post",
    "publishing.cancel": "Cancel a post",
    "publishing.retry": "Retry a failed post",
    "publishing.resolve": "Resolve an unknown outcome",
    "content.create": "Create from files or text",
    "content.createFromUrls": "Create from addresses",
    "content.createUploads": "Create by signed links",
    "content.finalizeUpload": "Finalize an upload",
    "content.get": "Get a container",
    "content.list": "List containers",
    "content.update": "Update a container",
    "content.delete": "Delete a container",
    "content.sendUpload": "Send a file",
    "content.resumeUpload": "Resume a file",
    "content.uploadStanding": "See how far a file is",
    "content.getAsset": "Get an asset's bytes",
    "content.getAssetForm": "Get an asset in another form",
    "approval.approve": "Approve a container",
    "approval.reject": "Reject a container",
    "approval.withdrawPendingSchedule": "Withdraw a kept intent",
    "approval.getPolicy": "Get the approval policy",
    "approval.updatePolicy": "Update the approval policy",
    "projects.create": "Create a project",
    "projects.get": "Get a project",
    "projects.list": "List projects",
    "projects.update": "Update a project",
    "projects.archive": "Archive a project",
    "projects.erase": "Erase a project",
    "social.createOauthUrl": "Begin a consent",
    "social.getOauthStatus": "See how a consent stands",
    "social.createReauthUrl": "Begin a reconnect",
    "social.connectAccount": "Connect with a credential",
    "social.listAccounts": "List accounts",
    "social.getAccountHealth": "Get an account's health",
    "social.updateAccount": "Set an account's defaults",
    "social.disconnectAccount": "Disconnect an account",
    "social.oauthCallback": "The consent's callback",
    "social.getClientMetadata": "The client's metadata",
    "platforms.list": "List platforms and limits",
    "webhooks.createEndpoint": "Create an endpoint",
    "webhooks.getEndpoint": "Get an endpoint",
    "webhooks.listEndpoints": "List endpoints",
    "webhooks.updateEndpoint": "Update an endpoint",
    "webhooks.deleteEndpoint": "Delete an endpoint",
    "webhooks.rotateSecret": "Rotate the secret",
    "webhooks.testEndpoint": "Send a test",
    "webhooks.listDeliveries": "List deliveries",
    "webhooks.replayDelivery": "Replay a delivery",
    "events.stream": "Listen to events",
    "apiKeys.whoami": "Who am I",
    "apiKeys.create": "Create a key",
    "apiKeys.list": "List keys",
    "apiKeys.rotate": "Rotate a key",
    "apiKeys.kill": "Kill a key",
    "apiKeys.delete": "Delete a key",
    "audit.list": "List the audit log",
    "health.live": "Is it alive",
    "health.ready": "Is it ready",
    "health.dispatch": "Do posts move",
    "health.metrics": "Metrics",
    "handoff.show": "The hand-off page",
    "handoff.markPosted": "Mark as posted",
    "dashboard.signIn": "Sign in",
    "dashboard.getSession": "Get the session",
    "dashboard.signOut": "Sign out",
    "meta.getOpenapi": "The OpenAPI document",
}
"""What the pages are called; their order within a group is this one."""
GENERAL = (
    "UNAUTHENTICATED", "FORBIDDEN_SCOPE", "IDEMPOTENCY_CONFLICT", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE",
    "RATE_LIMITED", "KILL_SWITCH", "INTERNAL", "UNAVAILABLE",
)  # fmt: skip
"""Codes that all calls of a kind have; they come last."""
TO_TARGETS = {"publishing.publishNow", "publishing.schedule", "publishing.validate"}
"""Calls that take targets, and so show what modes there are."""
WHEN = re.compile(r"^- `([A-Z_]+|\d+)`: (.+)$", re.MULTILINE)


def where(operation: Operation) -> str:
    """Return the path of an operation's page below `docs/reference/`, without `.md`."""
    return f"api/{kebab(operation.tag)}/{kebab(operation.name)}"


def in_order() -> Iterator[Operation]:
    """Yield the operations in the order of their pages."""
    known = operations()
    titled = explained("titles of endpoints", set(known), TITLES)
    for tag in explained("groups of endpoints", {one.tag for one in known.values()}, TAGS):
        yield from (known[name] for name in titled if known[name].tag == tag)


def notes() -> Mapping[str, str]:
    """Return what is told by hand of some operations, by id."""
    told = {file.stem: file.read_text("utf-8").strip() for file in sorted(NOTES.glob("*.markdown"))}
    explained("notes on endpoints", {name for name in told if name in operations()}, told)
    return told


def pages() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every page of an endpoint."""
    told = notes()
    for operation in in_order():
        yield f"reference/{where(operation)}.md", endpoint_page(operation, told.get(operation.id, ""))


def endpoint_page(operation: Operation, note: str) -> str:
    """Return the page of one endpoint."""
    why, when, see = _parts(note)
    return page(
        TITLES[operation.id],
        _purpose(operation),
        fence("http", f"{operation.method} {operation.shown_path}"),
        " ".join(f"`{badge}`" for badge in _badges(operation)),
        table(["", ""], _access(operation)),
        why,
        *_parameters(operation),
        *_body(operation),
        *_matrix(operation),
        "## Example request",
        _example(operation),
        "## Response",
        *[block for answer in operation.answers() for block in _answer(operation, answer, when)],
        "## Errors",
        _refusals(operation, when),
        "## See also",
        bullets([*see, *_see_also(operation)]),
    )


def _parts(note: str) -> tuple[str, Mapping[str, str], list[str]]:
    """Return of a note: why and when one calls it, when which error comes, what else to read."""
    why, _, rest = note.partition("\n## Errors\n")
    rest, _, see = (rest if rest else why).partition("\n## See also\n")
    if "\n## Errors\n" not in note:
        why, rest = rest, ""
    return why.strip(), dict(WHEN.findall(rest)), re.findall(r"^- (.+)$", see, re.MULTILINE)


def _purpose(operation: Operation) -> str:
    told = operation.says["description"]
    return "\n\n".join(" ".join(block.split()) for block in told.split("\n\n"))


def _badges(operation: Operation) -> Iterator[str]:
    if operation.path.startswith("/v1/"):
        yield "stable"
    if operation.takes_idempotency_key:
        yield "idempotent"
    elif operation.method in ("GET", "HEAD"):
        yield "read only"
    if any(one["name"] == "If-None-Match" for one in operation.parameters("header")):
        yield "ETag"
    if operation.is_list:
        yield "paginated"


def _access(operation: Operation) -> Iterator[tuple[str, str]]:
    if not operation.has_key:
        signed = any(one["name"] == "signature" for one in operation.parameters("query"))
        yield "Auth", "A signed link" if signed else "None"
        return
    yield "Auth", "[Bearer](../../api.md#keys)"
    scope = operation.says["x-required-scope"]
    yield "Scope", f"`{scope}`" if scope else "Any key"


def _parameters(operation: Operation) -> Iterator[str]:
    for place, title in (("path", "Path"), ("query", "Query"), ("header", "Headers")):
        if found := operation.parameters(place):
            yield f"## {title}"
            yield "\n".join(
                described(
                    one["name"], one["schema"], about(one["name"], one), required=one.get("required", False)
                )
                for one in found
            ).rstrip("\n")


def _body(operation: Operation) -> Iterator[str]:
    if operation.is_raw:
        yield "## Body"
        yield "The bytes, as they are."
    if operation.body is not None:
        yield "## Body"
        if operation.form is not None:
            yield "Files as `multipart/form-data`:"
            yield fields(operation.form, form=True)
            yield "Or text as `application/json`:"
        yield fields(operation.body)


def _matrix(operation: Operation) -> Iterator[str]:
    if operation.id in TO_TARGETS:
        yield "## Platforms and modes"
        yield (
            "Which `mode` a platform has, and what it takes. A mode that does not fit the platform or the "
            "container's media is "
            "422 `VALIDATION`. All limits: [Platforms](../../platforms.md)."
        )
        yield matrix()


def _example(operation: Operation) -> str:
    if operation.form is None:
        return snippets.tabs(operation)
    return f"Files:\n\n{snippets.upload_tabs(operation)}\n\nText:\n\n{snippets.tabs(operation)}"


def _answer(operation: Operation, answer: Answer, when: Mapping[str, str]) -> Iterator[str]:
    told = when.get(answer.status, answer.about).rstrip(".")
    yield f"### {answer.status} {told.partition('. ')[0]}"
    if ". " in told:
        yield told.partition(". ")[2] + "."
    if answer.status == "304":
        return
    if answer.schema is None:
        kinds = " or ".join(f"`{kind}`" for kind in answer.media if kind != "application/json")
        yield kinds and f"{kinds}."
        return
    shown = examples.response(operation, answer.schema, answer.example)
    if answer.status == "202" and "gateStatus" in shown:
        shown = {**shown, "scheduledPostIds": [], "gateStatus": "blocked_on_approval"}
    yield fence("json", json.dumps(shown, indent=2, ensure_ascii=False))
    if answer.status != "202" or len([*operation.answers()]) == 1:
        kind = type_of(answer.schema, "../../")
        yield f"{kind[:1].upper()}{kind[1:]}:" if "[" in kind else ""
        yield fields(answer.schema)


def _refusals(operation: Operation, when: Mapping[str, str]) -> str:
    found = [*operation.refusals()]
    own = [one for one in found if one.code not in GENERAL]
    general = sorted((one for one in found if one.code in GENERAL), key=lambda one: GENERAL.index(one.code))
    rows = [row for one in [*sorted(own, key=_weight), *general] for row in _refusal(one, when)]
    if (
        stale := when.keys()
        - {code for row in rows for code in re.findall(r"`([A-Z_]+)`", row[1])}
        - {*operation.says["responses"]}
    ):
        raise ValueError(f"the note on {operation.id} tells of {', '.join(stale)}, which it never answers")
    return table(["Status", "Code", "When"], rows)


def _weight(refusal: Refusal) -> tuple[bool, int]:
    return refusal.code != "VALIDATION", refusal.status


def _refusal(refusal: Refusal, when: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield a row for a code, or for each subcode it has."""
    code, status = refusal.code, str(refusal.status)
    linked = f"[`{code}`](../../errors.md#{code.lower()})"
    if not refusal.subcodes or code in when:
        told = when.get(code) or (ERRORS[code].__doc__ or "").strip().split("\n\n")[0]
        yield status, linked, " ".join(told.split())
    for word in refusal.subcodes:
        yield status, f"{linked} [`{word}`](../../errors.md#{word})", when.get(word) or SUBCODES[word]


def _see_also(operation: Operation) -> Sequence[str]:
    found = []
    for answer in operation.answers():
        name = answer.schema and name_of(answer.schema)
        linked = type_of({"$ref": f"#/components/schemas/{name}"}, "../../") if name else ""
        if linked.startswith("["):
            found.append(f"{linked}, the object")
    return [
        *dict.fromkeys(found),
        "[Errors](../../errors.md)",
        *(["[SDKs](../../sdks.md)"] if operation.has_key else []),
    ]


def contents_page(introduction: str) -> str:
    """Return the page that lists all endpoints. Its sections are the groups of the sidebar."""
    blocks = []
    tags = {tag["name"]: tag["description"] for tag in DOCUMENT["tags"]}
    for tag, title in TAGS.items():
        rows = [
            (f"[{TITLES[one.id]}]({where(one)}.md)", f"`{one.method}`", f"`{one.shown_path}`")
            for one in in_order()
            if one.tag == tag
        ]
        blocks += [f"## {title}", tags[tag], table(["", "", ""], rows)]
    return page("API", introduction, *blocks)

"""Documentation is an output: reference pages equal what the code says, whole and with examples that hold."""

import ast
import inspect
import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest
from layers_sdk import Layers

import generate
from conformance import document, validator
from generator import examples, operations, snippets, words
from generator.contract import SCHEMAS, Operation
from generator.contract import operations as known
from layers.api.errors import SUBCODES
from layers.api.openapi.fields import FIELDS
from layers.app import PLATFORM_SETTINGS
from layers.cli import COMMANDS, load
from layers.platforms import CONNECTORS
from layers.publishing.schemas import PostStatus
from layers.sandbox.faults import Action
from layers.settings import Settings

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference"
MADE = dict(generate.pages())
ASIDE = {".git", ".venv", "node_modules", "site", "reference"}
"""Folders whose pages are not ours to check here; `reference` and the other pages of `docs` are in test_site.py."""
PAGES = sorted(
    file
    for file in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part in ASIDE for part in file.relative_to(ROOT).parts)
)
IN_SITE = {"llms.txt", "llms-full.txt"}
"""What only the site has."""
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")


def text_of(operation: Operation) -> str:
    return MADE[f"reference/{operations.where(operation)}.md"]


def test_the_committed_pages_are_what_the_code_says():
    made = {(ROOT / "docs" / name).resolve(): text for name, text in MADE.items()}
    assert [str(file) for file in generate.stale(made)] == [], "run `make docs`"


def test_every_setting_is_documented():
    text = (REFERENCE / "settings.md").read_text()
    names = {f.name.upper() for f in fields(Settings) if f.name != "platforms"} | PLATFORM_SETTINGS
    assert names == set(re.findall(r"^\| `LAYERS_([A-Z_]+)`", text, re.MULTILINE))


def test_every_error_and_status_is_documented():
    text = (REFERENCE / "errors.md").read_text()
    for error in words.errors():
        assert f"\n### `{error.code}`\n\n**{error.status}.** " in text
    for word in (*get_args(PostStatus), *SUBCODES):
        assert f"\n| `{word}` |" in text


def test_every_limit_is_documented():
    """Each mode of each platform, with a source for each kind of media, each text and each option."""
    text = (REFERENCE / "platforms.md").read_text()
    for connector in CONNECTORS.values():
        _, _, section = text.partition(f"## {connector.limits.title}\n")
        section = section.partition("\n## ")[0]
        for name, mode in connector.limits.modes.items():
            _, _, told = section.partition(f"### `{name}`\n")
            told = told.partition("\n### ")[0]
            assert {kind for kind in mode.kinds if f"| **{kind}** |" not in told} == set()
            assert {kind for kind in mode.media if f"| each {kind} |" not in told} == set()
            assert {option for option in mode.options if f"| `{option}` (" not in told} == set()


@pytest.mark.parametrize("found", ["subcodes", "issues", "last_errors", "steps"])
def test_a_word_nobody_explained_stops_the_generator(found: str):
    there = getattr(words, found)()
    assert len(there) > 5
    with pytest.raises(words.Undocumented, match="explain NEW_WORD"):
        words.explained(found, there | {"NEW_WORD"}, dict.fromkeys(there, "known"))
    with pytest.raises(words.Undocumented, match="the code does not know"):
        words.explained(found, there, dict.fromkeys(there | {"OLD_WORD"}, "gone"))


def test_a_note_on_no_endpoint_stops_the_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "publishing.gone.markdown").write_text("Once there was an endpoint.")
    monkeypatch.setattr(operations, "NOTES", tmp_path)
    with pytest.raises(words.Undocumented, match=r"publishing\.gone"):
        operations.notes()
    with pytest.raises(ValueError, match="TEAPOT"):
        operations.endpoint_page(known()["publishing.publishNow"], "Why.\n\n## Errors\n\n- `TEAPOT`: Never.")


def test_every_command_is_documented_with_its_options():
    text = MADE["reference/cli.md"]
    assert {name for name in COMMANDS if f"\n### `layers {name}" not in text} == set()
    publish = text.partition("\n### `layers publish`\n")[2].partition("\n### ")[0]
    options = {name for one in load("publish").params if one.param_type_name == "option" for name in one.opts}
    assert "--to" in options
    assert {name for name in options if f"`{name}`" not in publish} == set()


# Endpoints ---------------------------------------------------------------------------------------------------------


def test_every_endpoint_has_a_page_that_is_whole():
    """Every operation of the contract, every parameter and field it takes, every way it refuses."""
    for operation in known().values():
        text = text_of(operation)
        assert f"```http\n{operation.method} {operation.shown_path}\n```" in text
        assert f"`{operation.says.get('x-required-scope') or ''}`" in text or not operation.says.get(
            "x-required-scope"
        )
        taken = [one["name"] for where in ("path", "query", "header") for one in operation.parameters(where)]
        taken += SCHEMAS[operation.body["$ref"].rpartition("/")[2]]["properties"] if operation.body else []
        assert [name for name in taken if f"- **`{name}`**" not in text] == [], operation.id
        for refusal in operation.refusals():
            assert f"| {refusal.status} | [`{refusal.code}`]" in text, (operation.id, refusal)
            assert [word for word in refusal.subcodes if f"`{word}`](" not in text] == [], operation.id


def test_the_publish_page_keeps_its_order():
    """As the first of these pages had it, and with the whole target and the matrix of modes."""
    text = text_of(known()["publishing.publishNow"])
    order = ["# Publish now", "Publish a container immediately", "```http\nPOST /v1/content/:containerId/publish\n```",
             "`stable` `idempotent`", "| Auth | [Bearer]", "| Scope | `publish:write` |", "## Path", "## Headers",
             "## Body", "## Platforms and modes", "## Example request", "```bash\ncurl ", "```ts\n", "```python\n",
             "## Response", "### 200 Queued for immediate publish", "## Errors", "## See also"]  # fmt: skip
    places = [text.index(piece) for piece in order]
    assert places == sorted(places)
    for name in SCHEMAS["Target"]["properties"]:
        assert f"\n  - **`{name}`** " in text
    for platform, connector in CONNECTORS.items():
        for mode in connector.limits.modes:
            assert f"| `{platform}` | `{mode}` |" in text


def test_examples_are_as_the_contract_says():
    """Bodies and answers of every page, whether a route gives them or they are made."""
    faults = []
    for operation in known().values():
        at = ("paths", operation.path, operation.method.lower())
        body = examples.request(operation)
        if body is not None:
            found = validator(*at, "requestBody", "content", "application/json", "schema").iter_errors(body)
            faults += [f"{operation.id} takes: {fault}" for fault in found]
        for answer in operation.answers():
            if answer.schema is not None:
                made = examples.response(operation, answer.schema, answer.example)
                found = validator(*at, "responses", answer.status, "content", "application/json", "schema")
                faults += [f"{operation.id} answers: {fault}" for fault in found.iter_errors(made)]
    assert faults == []


def test_examples_of_events_are_as_the_contract_says():
    text = MADE["reference/events.md"]
    for kind in document()["webhooks"]:
        shown = json.loads(
            text.partition(f"\n## `{kind}`\n")[2].partition("```json\n")[2].partition("\n```")[0]
        )
        where = ("webhooks", kind, "post", "requestBody", "content", "application/json", "schema")
        assert [str(fault) for fault in validator(*where).iter_errors(shown)] == []
        assert shown["type"] == kind


class Bound:
    """Stands for a part of the Python client: takes a call as the real one would, and makes none."""

    def __init__(self, part: Any, calls: list[str]) -> None:
        self.part, self.calls = part, calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.part, name)

        def call(*given: Any, **named: Any) -> list[Any]:
            inspect.signature(method).bind(*given, **named)
            self.calls.append(name)
            return []

        return call


def test_the_python_examples_call_what_there_is():
    with Layers("lp_test_K7Q2M4X9R3T5W8ZA_" + "x" * 43) as client:
        calls: list[str] = []
        parts = {name: Bound(part, calls) for name, part in vars(client).items() if not name.startswith("_")}
        stand_in = type("Client", (), parts)()
        keyed = [operation for operation in known().values() if operation.has_key]
        for operation in keyed:
            code = snippets.python(operation)
            ast.parse(code)
            exec(code, {"layers": stand_in, "uuid": __import__("uuid")})
        assert len(calls) == len(keyed)


# Words -------------------------------------------------------------------------------------------------------------


def test_every_field_says_what_it_means():
    used, silent = set(), []
    for name, schema in SCHEMAS.items():
        if name.endswith("Error") and name != "LastError":
            continue
        for field, told in schema.get("properties", {}).items():
            used.add(f"{name}.{field}" if f"{name}.{field}" in FIELDS else field)
            if "description" not in told and field not in FIELDS and "$ref" not in told:
                silent.append(f"{name}.{field}")
    assert silent == []
    assert FIELDS.keys() - used == set(), "nothing has these fields any more"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path):
    """In the repository itself. The site has its own test, which knows the anchors of codes as well."""
    for link in LINK.findall(page.read_text()):
        if link.startswith(("http://", "https://", "mailto:")) or link in IN_SITE:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        is_code = target.parent == REFERENCE and anchor.replace("_", "").isupper()
        assert not anchor or is_code or anchor in anchors(target), link


def test_the_readme_names_the_two_commands():
    text = (ROOT / "README.md").read_text()
    for command in ("make demo", "make test"):
        assert f"```bash\n{command}\n```" in text


def test_every_fault_of_the_sandbox_is_told_and_no_other():
    page = (ROOT / "docs/how-to/sandbox.md").read_text()
    assert set(re.findall(r"`\[fault:([a-z_]+)", page)) == {*get_args(Action), "reject"}

"""Documentation is an output: reference pages equal what the code says, and no link leads nowhere."""

import importlib.util
import re
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from layers.api import errors
from layers.app import PLATFORM_SETTINGS
from layers.publishing.schemas import PostStatus
from layers.sandbox.faults import Action
from layers.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    file
    for file in ROOT.rglob("*.md")
    if not any(part.startswith(".") for part in file.relative_to(ROOT).parts)
)
PAGES = [file for file in PAGES if "node_modules" not in file.parts]
MADE = {"llms.txt", "llms-full.txt"}
"""What only the site has (tests/docs/test_site.py)."""
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")


def load_generator() -> ModuleType:
    """Return docs/generate.py as a module of its own."""
    spec = importlib.util.spec_from_file_location("layers_docs_generate", ROOT / "docs/generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = load_generator()


@pytest.mark.parametrize("name", GENERATOR.PAGES)
def test_the_committed_page_is_what_the_code_says(name: str):
    committed = (ROOT / "docs" / name).read_text()
    assert committed == GENERATOR.PAGES[name](), "run `make docs`"


def test_every_setting_is_documented():
    text = (ROOT / "docs/reference/settings.md").read_text()
    names = {f.name.upper() for f in fields(Settings) if f.name != "platforms"} | PLATFORM_SETTINGS
    assert names == set(re.findall(r"^\| `LAYERS_([A-Z_]+)`", text, re.MULTILINE))


def test_every_error_and_status_is_documented():
    text = (ROOT / "docs/reference/errors.md").read_text()
    for error in errors.Problem.__subclasses__():
        assert f"| {error.status} | `{error.code}` |" in text
    for status in get_args(PostStatus):
        assert f"\n| `{status}` |" in text


@pytest.mark.parametrize("found", ["subcodes", "issues", "last_errors", "steps"])
def test_a_word_nobody_explained_stops_the_generator(found: str):
    words = getattr(GENERATOR, found)()
    assert len(words) > 5
    with pytest.raises(GENERATOR.Undocumented, match="explain NEW_WORD"):
        GENERATOR.explained(found, words | {"NEW_WORD"}, dict.fromkeys(words, "known"))
    with pytest.raises(GENERATOR.Undocumented, match="the code does not know"):
        GENERATOR.explained(found, words, dict.fromkeys(words | {"OLD_WORD"}, "gone"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path):
    for link in LINK.findall(page.read_text()):
        if link.startswith(("http://", "https://", "mailto:")) or link in MADE:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_names_the_two_commands():
    text = (ROOT / "README.md").read_text()
    for command in ("make demo", "make test"):
        assert f"```bash\n{command}\n```" in text


def test_every_fault_of_the_sandbox_is_told_and_no_other():
    page = (ROOT / "docs/how-to/sandbox.md").read_text()
    assert set(re.findall(r"`\[fault:([a-z_]+)", page)) == {*get_args(Action), "reject"}

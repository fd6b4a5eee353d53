"""Writes the reference pages from the code, and the whole site: `make docs`. A test fails when a page differs."""

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from generator import commands, lists, objects, operations, sdks
from generator.text import page
from generator.words import Undocumented
from layers.app import contract
from layers.docs.site import WRITTEN, Site
from layers.docs.sources import Library

HERE = Path(__file__).resolve().parent
PROSE = HERE / "generator/prose"


def prose(name: str) -> str:
    """Return what is written by hand of a page that is made for the rest."""
    return (PROSE / f"{name}.markdown").read_text("utf-8").strip()


def pages() -> Iterator[tuple[str, str]]:
    """Yield the name, below this folder, and the text of every page that is made."""
    yield "reference/settings.md", lists.settings_page()
    yield "reference/errors.md", lists.errors_page()
    yield "reference/platforms.md", lists.platforms_page()
    yield "reference/api.md", operations.contents_page(prose("api"))
    yield from operations.pages()
    yield "reference/objects.md", objects.contents_page()
    yield from objects.pages()
    yield "reference/events.md", objects.events_page()
    yield "reference/sdks.md", page("SDKs", prose("sdks"), sdks.calls())
    yield "reference/cli.md", commands.commands_page()
    yield "../openapi.json", contract()


def stale(made: dict[Path, str]) -> Iterator[Path]:
    """Yield the files that are not what was made, and those that nobody makes any more."""
    for file, text in made.items():
        if not file.exists() or file.read_text("utf-8") != text:
            yield file
    yield from (file for file in (HERE / "reference").rglob("*.md") if file not in made)


def write_site(folder: Path) -> None:
    """Write the site. What an earlier run left in the folder goes; anything else stays and stops it."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "llms.txt").exists():
        raise SystemExit(f"{folder} holds something else; name an empty folder.")
    shutil.rmtree(folder, ignore_errors=True)
    Site(Library(HERE), WRITTEN).write(folder, contract())


def main() -> int:
    """Write the pages, and the site made of them; with --check only say which pages differ."""
    parser = argparse.ArgumentParser(description="Write the reference pages from the code.")
    parser.add_argument("--site", type=Path, help="write the whole site as well, into a folder of its own")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if a page is out of date")
    asked = parser.parse_args()
    try:
        made = {(HERE / name).resolve(): text for name, text in pages()}
    except Undocumented as why:
        sys.stderr.write(f"{why}\n")
        return 1
    found = list(stale(made))
    for file in found:
        sys.stdout.write(f"{'out of date' if asked.check else 'written'}: {file.relative_to(HERE.parent)}\n")
        if asked.check:
            continue
        if file in made:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(made[file], "utf-8")
        else:
            file.unlink()
    if asked.site:
        write_site(asked.site)
    return 1 if asked.check and found else 0


if __name__ == "__main__":
    sys.exit(main())

"""What the build makes: strictly typed, small, nothing from elsewhere."""

import gzip
import re

from dashboard_build import SOURCE, Sources

FIRST_VIEW_KB, ALL_KB = 60, 150
"""Kilobytes of compressed script: what the page asks for at once, and all pages together."""


async def test_types_are_strict(sources: Sources):
    await sources.use("typescript/bin/tsc", "--noEmit")


def test_scripts_are_small(sources: Sources):
    page = (sources.static / "index.html").read_text()
    at_once = set(re.findall(r'(?:src|href)="/dashboard/([^"]+\.js)"', page))
    sizes = {
        str(file.relative_to(sources.static)): len(gzip.compress(file.read_bytes()))
        for file in sources.static.rglob("*.js")
    }
    assert len(at_once) >= 2
    assert sum(sizes[name] for name in at_once) < FIRST_VIEW_KB * 1000, sizes
    assert sum(sizes.values()) < ALL_KB * 1000, sizes


def test_nothing_is_loaded_from_elsewhere(sources: Sources):
    page = (sources.static / "index.html").read_text()
    assert re.findall(r'(?:src|href)="(?!/dashboard/)[^"]*"', page) == []
    assert "<style" not in page
    assert re.search(r"<script(?![^>]* src=)", page) is None
    styles = "".join(file.read_text() for file in sources.static.rglob("*.css"))
    assert re.findall(r"url\(\"?(?!/dashboard/)[^)]*\)", styles) == []


def test_the_lock_names_no_registry():
    assert "https://registry" not in (SOURCE / "package-lock.json").read_text()

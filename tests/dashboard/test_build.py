"""What the build makes: strictly typed, small, nothing from elsewhere."""

import gzip
import re

from dashboard_build import SOURCE, Sources

FIRST_VIEW_KB = 60
"""Kilobytes of compressed script before the first page is shown."""


async def test_types_are_strict(sources: Sources):
    await sources.use("typescript/bin/tsc", "--noEmit")


def test_the_first_view_is_small(sources: Sources):
    page = (sources.static / "index.html").read_text()
    scripts = re.findall(r'src="/dashboard/([^"]+\.js)"', page)
    sizes = {name: len(gzip.compress((sources.static / name).read_bytes())) for name in scripts}
    assert len(scripts) >= 2
    assert sum(sizes.values()) < FIRST_VIEW_KB * 1000, sizes


def test_nothing_is_loaded_from_elsewhere(sources: Sources):
    page = (sources.static / "index.html").read_text()
    assert re.findall(r'(?:src|href)="(?!/dashboard/)[^"]*"', page) == []
    assert "<style" not in page
    assert re.search(r"<script(?![^>]* src=)", page) is None
    styles = "".join(file.read_text() for file in sources.static.rglob("*.css"))
    assert re.findall(r"url\(\"?(?!/dashboard/)[^)]*\)", styles) == []


def test_the_lock_names_no_registry():
    assert "https://registry" not in (SOURCE / "package-lock.json").read_text()

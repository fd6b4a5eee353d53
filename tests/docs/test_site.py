"""The site: every page whole, every link leading somewhere, served as written to a disk."""

import json
import re
import tomllib
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from posixpath import dirname, join, normpath

import pytest

from layers.docs.site import OPENAPI, SERVED, WRITTEN, Address, Site
from layers.docs.sources import STRAYS, library

VOID = {"meta", "link", "input", "br", "hr", "img", "wbr"}
SHAPES = {"path", "circle"}
SITES = {"served": SERVED, "written": WRITTEN}
PAGES = library().order


class Read(HTMLParser):
    """Reads a page strictly: what is opened is closed, in order; anchors are given once; links are noted."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.anchors: Counter[str] = Counter()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        given = dict(attrs)
        if "id" in given:
            assert given["id"], tag
            assert not re.search(r"\s", given["id"]), given["id"]
            self.anchors[given["id"]] += 1
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        self.loaded += [
            given[name] for name in ("src", "href") if name in given and tag in ("script", "link", "img")
        ]
        assert not [name for name in names if name.startswith("on") or name == "style"], (tag, names)
        assert not (tag == "p" and "p" in self.open), "a paragraph in a paragraph"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SHAPES | VOID, tag

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open[-1] == tag, (tag, self.open)
        self.open.pop()


@cache
def site(kind: str) -> Site:
    return Site(library(), SITES[kind])


@cache
def text_of(kind: str, path: str) -> str:
    file = site(kind).file(path)
    assert file is not None, path
    return file.content.decode()


@cache
def read(kind: str, name: str) -> Read:
    """Return a page, read."""
    return Read(text_of(kind, name + SITES[kind].suffix))


def target_of(address: Address, here: str, link: str) -> str:
    """Return the file a link leads to, without what comes after `#` and `?`."""
    path = re.split(r"[#?]", link)[0]
    if not path:
        return here + address.suffix
    if address.prefix:
        assert path.startswith("/"), link
        if path == f"/{OPENAPI}":
            return OPENAPI
        assert path == address.prefix or path.startswith(f"{address.prefix}/"), link
        return path.removeprefix(address.prefix).strip("/") or "index"
    assert not path.startswith("/"), link
    return normpath(join(dirname(here), path))


def test_every_page_has_its_place():
    assert [part.title for part in library().parts if part.title == STRAYS] == []
    assert library().order[0] == "index"
    assert len(set(PAGES)) == len(PAGES)


@pytest.mark.parametrize("kind", SITES)
def test_pages_are_whole_and_every_link_leads_somewhere(kind: str):
    address, known = SITES[kind], {*site(kind).paths(), OPENAPI}
    for name in PAGES:
        page = read(kind, name)
        assert [anchor for anchor, count in page.anchors.items() if count > 1] == [], name
        for link in page.links:
            if re.match(r"https?://", link):
                continue
            target, anchor = target_of(address, name, link), link.partition("#")[2]
            assert target in known, (name, link)
            if anchor:
                assert anchor in read(kind, target.removesuffix(address.suffix or "\0")).anchors, (name, link)
        for link in page.loaded:
            assert target_of(address, name, link) in known, (name, link)


def test_nothing_is_loaded_from_elsewhere():
    for name in PAGES:
        assert not [link for link in read("written", name).loaded if "//" in link], name
    for path in ("site.css", "site.js", "theme.js", "icon.svg"):
        text = text_of("served", path).replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(", text), path


def test_no_link_between_pages_is_lost():
    """What lies outside the documentation is shown as a file of the repository; a page that is there never is."""
    for name in PAGES:
        for link in re.findall(r"\]\(([^)#]*\.md)", library().sources[name].text):
            target = normpath(join(dirname(name), link))
            assert target.startswith("..") or target.removesuffix(".md") in {*PAGES, "README"}, (name, link)


def test_models_find_every_page():
    listed = text_of("served", "llms.txt")
    whole = text_of("served", "llms-full.txt")
    for name in PAGES:
        assert f"](/docs/{name}.md)" in listed
        assert library().sources[name].text.strip() in whole


def index(kind: str = "served") -> list[list[str]]:
    """Return the entries of the search index."""
    script = text_of(kind, "search-index.js")
    return json.loads(script.removeprefix("window.searchIndex = ").removesuffix(";\n"))


@pytest.mark.parametrize(
    ("word", "where"),
    [
        ("duplicate", "reference/errors#duplicate"),
        ("OUTCOME_UNKNOWN", "reference/errors#OUTCOME_UNKNOWN"),
        ("LAYERS_PUBLIC_URL", "reference/settings#LAYERS_PUBLIC_URL"),
        ("publish now", "reference/api/publishing/publish-now#"),
        ("webhooks", "how-to/webhooks#"),
    ],
)
def test_search_finds(word: str, where: str):
    """By a word of the text, and by the very code: an entry of its own, which comes first."""
    entries = index()
    assert len([one for one in entries if word.lower() in " ".join(one).lower()]) > 1
    titled = [
        f"{page}#{anchor}"
        for page, at, anchor, heading, *_ in entries
        if word in (heading or at).lower() + heading
    ]
    assert where in titled


def test_search_leads_to_sections_that_are_there():
    for page, _, anchor, *_ in index():
        assert not anchor or anchor in read("served", page).anchors
    assert {page for page, *_ in index()} == set(PAGES)


def test_the_wheel_carries_every_page():
    folder = Path(__file__).parents[2] / "docs"
    told = tomllib.loads((folder.parent / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    tops = {file.relative_to(folder).parts[0] for file in folder.rglob("*.md")}
    assert told["force-include"] == {f"docs/{top}": f"layers/docs/pages/{top}" for top in tops}


def test_the_home_page_begins_as_the_readme_does():
    """Its commands are the README's, which a test runs."""
    blocks = re.findall(r"```bash\n(.*?)```", library().sources["index"].text, re.DOTALL)
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert len(blocks) == 3
    assert [block for block in blocks if f"```bash\n{block}```" not in readme] == []


def test_the_site_is_written_whole(tmp_path: Path):
    site("written").write(tmp_path, "{}")
    written = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert written == {*site("written").paths(), OPENAPI}

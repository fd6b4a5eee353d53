"""The Markdown pages, in the order in which people read them.

They lie in the folder `docs` of a checkout, and beside this module once Layers is installed. `README.md` there is the
table of contents: its sections are the parts of the site, the pages linked in them stand in that order. A page that has
a folder of its own (`api.md` and `api/`, or a `README.md` in it) is the contents of that folder in the same manner: its
sections are groups.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2] / "docs"
CONTENTS = "README"
INDEX = "index"
"""The page one comes to first."""
STRAYS = "Elsewhere"
"""The part of pages that no contents name."""
COMMENT = re.compile(r"^ *<!--.*?-->\n+", re.MULTILINE | re.DOTALL)
ENDPOINT = re.compile(r"^```http\n([A-Z]+) \S+\n```$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)\.md(?:#[^)]*)?\)")


@dataclass(frozen=True, slots=True)
class Source:
    """A page as it was written. `name` is its path in the folder, without `.md`."""

    name: str
    text: str
    title: str
    about: str
    """Its first paragraph, in one line."""

    @property
    def method(self) -> str:
        """The method of the endpoint whose page it is, else nothing."""
        found = ENDPOINT.search(self.text)
        return found[1] if found else ""


@dataclass(slots=True)
class Group:
    """Pages that belong together; without a title they stand in their part itself."""

    title: str = ""
    pages: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Part:
    """What readers come for, such as to begin, to do something, or to look something up."""

    title: str
    groups: list[Group]


class Library:
    """All pages of a folder."""

    def __init__(self, folder: Path) -> None:
        self.sources: Mapping[str, Source] = {source.name: source for source in _sources(folder)}
        self._placed = {CONTENTS}
        self.parts = list(self._parts())
        self.order = [page for part in self.parts for group in part.groups for page in group.pages]
        self.places = {
            page: (part, group) for part in self.parts for group in part.groups for page in group.pages
        }

    def _parts(self) -> Iterator[Part]:
        for title, names in self._sections(CONTENTS):
            groups = [Group()]
            for name in names:
                if name in self._placed:
                    continue
                self._placed.add(name)
                inner = list(self._inside(name))
                if [group.title for group in inner] == [self.sources[name].title]:
                    inner[0].pages.insert(0, name)
                else:
                    groups[-1].pages.append(name)
                groups += [*inner, Group()] if inner else []
            if groups := [group for group in groups if group.pages]:
                yield Part(title, groups)
        if strays := sorted(self.sources.keys() - self._placed):
            yield Part(STRAYS, [Group(pages=strays)])

    def _inside(self, name: str) -> Iterator[Group]:
        """Yield the groups of a page that is the contents of a folder."""
        folder = name.removesuffix(CONTENTS).removesuffix("/") + "/"
        for title, names in self._sections(name):
            found = [one for one in names if one.startswith(folder) and one not in self._placed]
            self._placed.update(found)
            if found:
                yield Group(title, found)

    def _sections(self, name: str) -> Iterator[tuple[str, list[str]]]:
        """Yield the sections of a page with the pages they link to; without sections, the page is one."""
        source = self.sources[name]
        blocks = re.split(r"^## ", source.text, flags=re.MULTILINE)
        for block in blocks[1:] or [f"{source.title}\n{blocks[0]}"]:
            title, _, text = block.partition("\n")
            linked = (
                posixpath.normpath(posixpath.join(posixpath.dirname(name), to)) for to in LINK.findall(text)
            )
            yield title.strip(), [one for one in dict.fromkeys(linked) if one in self.sources]

    def beside(self, name: str) -> tuple[Source | None, Source | None]:
        """Return the pages before and after one."""
        at = self.order.index(name)
        before = self.sources[self.order[at - 1]] if at else None
        after = self.sources[self.order[at + 1]] if at + 1 < len(self.order) else None
        return before, after


def _sources(folder: Path) -> Iterator[Source]:
    for file in sorted(folder.rglob("*.md")):
        text = COMMENT.sub("", file.read_text("utf-8"))
        title, _, rest = text.removeprefix("# ").partition("\n")
        name = file.relative_to(folder).with_suffix("").as_posix()
        yield Source(name, text, _plain(title), _first_paragraph(rest))


def _first_paragraph(text: str) -> str:
    for block in re.split(r"\n{2,}", text.strip()):
        if re.match(r"[\w*`“\[(]", block):
            return _plain(" ".join(block.split()))
    return ""


def _plain(text: str) -> str:
    """Return Markdown of one line as words alone."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("`", "").replace("**", "").strip()


@cache
def library() -> Library:
    """Return the pages that came with this Layers."""
    installed = HERE / "pages"
    return Library(installed if installed.is_dir() else CHECKOUT)

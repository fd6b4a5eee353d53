"""The site: which files it consists of, and each of them. The same pages are served and written to a folder."""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from layers import __version__
from layers.docs.markdown import Heading, Rendered, render
from layers.docs.search import index
from layers.docs.sources import INDEX, Library, Source

STATIC = Path(__file__).parent / "static"
TYPES = {
    "": "text/html; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
OPENAPI = "openapi.json"
SEARCH = "search-index.js"
IN_CONTENTS = 3
"""How deep "on this page" goes."""


@dataclass(frozen=True, slots=True)
class Address:
    """How pages find each other: below `prefix`, or, without one, from where they are."""

    prefix: str = ""
    suffix: str = ""

    def page(self, here: str, name: str) -> str:
        """Return the link from one page to another."""
        if self.prefix and name == INDEX:
            return self.prefix
        return self.file(here, name + self.suffix)

    def file(self, here: str, path: str) -> str:
        """Return the link from a page to a file."""
        if self.prefix:
            return f"{self.prefix}/{path}"
        return posixpath.relpath(path, posixpath.dirname(here) or ".")

    def contract(self, here: str) -> str:
        """Return the link to the contract: of this installation, or the copy beside the pages."""
        return f"/{OPENAPI}" if self.prefix else self.file(here, OPENAPI)


SERVED = Address(prefix="/docs")
WRITTEN = Address(suffix=".html")


@dataclass(frozen=True, slots=True)
class File:
    """What a browser gets."""

    content: bytes
    media_type: str


class Site:
    """All files of the site. Each is made when it is asked for."""

    def __init__(self, library: Library, address: Address) -> None:
        self.library, self.address = library, address
        environment = Environment(
            loader=PackageLoader("layers.docs"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = environment.get_template("page.html")
        self._stamp = blake2b(b"".join(file.read_bytes() for file in _statics()), digest_size=6).hexdigest()

    def paths(self) -> Iterator[str]:
        """Yield the path of every file."""
        for name in self.library.order:
            yield f"{name}{self.address.suffix}"
            yield f"{name}.md"
        yield from (file.name for file in _statics())
        yield from ("llms.txt", "llms-full.txt", SEARCH)

    def write(self, folder: Path, contract: str) -> None:
        """Write the site, and the contract beside it, so that it can be read from a disk or put on any server."""
        for path in self.paths():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            file = self.file(path)
            assert file is not None
            target.write_bytes(file.content)
        (folder / OPENAPI).write_text(contract, "utf-8")

    def file(self, path: str) -> File | None:
        """Return a file, None if there is none of that path."""
        name, suffix = posixpath.splitext(path)
        text = self._text(path, name, suffix)
        return None if text is None else File(text.encode(), TYPES[suffix])

    def _text(self, path: str, name: str, suffix: str) -> str | None:
        if path == SEARCH:
            return index(self.library)
        if path in {"llms.txt", "llms-full.txt"}:
            return self._for_models(full=path == "llms-full.txt")
        if "/" not in path and path in {file.name for file in _statics()}:
            return (STATIC / path).read_text("utf-8")
        if suffix == self.address.suffix and name in self.library.sources:
            return self._page(self.library.sources[name])
        if suffix == ".md" and name in self.library.sources:
            return self.library.sources[name].text
        return None

    def rendered(self, name: str) -> Rendered:
        """Return a page's own content."""
        return render(self.library.sources[name].text, lambda href: self._link(name, href))

    def _link(self, here: str, href: str) -> str | None:
        path, _, anchor = href.partition("#")
        anchor = f"#{anchor}" if anchor else ""
        if not path:
            return anchor
        target = posixpath.normpath(posixpath.join(posixpath.dirname(here), path))
        if target == f"../{OPENAPI}":
            return self.address.contract(here)
        if target in {"../README.md", "README.md"}:
            return self.address.page(here, INDEX)
        name = target.removesuffix(".md")
        if name in self.library.sources:
            return self.address.page(here, name) + anchor
        return self.address.file(here, target) if target in {"llms.txt", "llms-full.txt"} else None

    def _page(self, source: Source) -> str:
        page = self.rendered(source.name)
        before, after = self.library.beside(source.name)
        here = source.name
        part, group = self.library.places[here]
        return self._template.render(
            source=source,
            html=page.html,
            toc=_toc(page.headings),
            library=self.library,
            part=part,
            group=group,
            before=before,
            after=after,
            is_home=here == INDEX,
            version=__version__,
            contract=self.address.contract(here),
            page=partial(self.address.page, here),
            file=partial(self.address.file, here),
            stamp=self._stamp,
            root=self.address.file(here, "x")[:-1],
            suffix=self.address.suffix,
        )

    def _for_models(self, *, full: bool) -> str:
        """Return the list of all pages for language models (llmstxt.org), or all pages at once."""
        home = self.library.sources[INDEX]
        lines = [f"# {home.title}", f"> {home.about}"]
        for part in self.library.parts:
            if full:
                lines += [self.library.sources[name].text for group in part.groups for name in group.pages]
                continue
            lines.append(f"## {part.title}")
            lines.append("\n".join(self._line(name) for group in part.groups for name in group.pages))
        return "\n\n".join(lines) + "\n"

    def _line(self, name: str) -> str:
        source = self.library.sources[name]
        return f"- [{source.title}]({self.address.file('llms.txt', name)}.md): {source.about}"


def _toc(headings: Sequence[Heading]) -> list[Heading]:
    return [heading for heading in headings if 1 < heading.level <= IN_CONTENTS]


def _statics() -> list[Path]:
    return sorted(file for file in STATIC.iterdir() if file.is_file())

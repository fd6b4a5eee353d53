"""The examples of the pages, as `docs/README.md` says they are written: read from Markdown, made into programs, run."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
LANGUAGES = ("bash", "python", "ts")
FENCE = re.compile(r"^( *)(`{3,})(\w*)\s*$")
MARKERS = ("file: ", "from: ", "not run: ")
UNSEEN = re.compile(r"unseen (\w+)\n(.*)", re.DOTALL)
ALIKE = [
    (re.compile(r"\b([a-z]{2,3})_[0-9A-Z]{26}\b"), r"\1_…"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "…"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:…"),
]
"""Ids, times and ports: any stands for any other."""
PORTS = ("8787", "8790", "3000", "3001", "3002")
"""The ports pages speak of. Where examples run, others stand for them."""
PATIENCE = 100  # seconds a page may take


@dataclass
class Block:
    """A fenced block, or one that readers do not see. `line` is where it begins."""

    line: int
    language: str
    code: str
    file: str = ""
    taken_from: str = ""
    not_run: str = ""
    printed: list[str] = field(default_factory=list)

    @property
    def is_run(self) -> bool:
        """Whether it is a part of the page's program, and not shown only, a file, or a part of another one."""
        return self.language in LANGUAGES and not (self.file or self.taken_from or self.not_run)


@dataclass
class Page:
    """A page and its blocks. `shown` without a block before them that could have printed them are faults."""

    path: Path
    blocks: list[Block] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def is_whole(self) -> bool:
        """Whether everything its examples need is made before the reader's eyes."""
        return self.path.parent in (ROOT, ROOT / "docs", ROOT / "docs/tutorial")

    def program(self, language: str) -> list[Block]:
        """Return the blocks of one language that are run."""
        return [b for b in self.blocks if b.language == language and b.is_run]


def pages() -> list[Page]:
    """Return the README and every page of docs/ that is written by hand; test_reference.py holds the others."""
    by_hand = [path for path in sorted((ROOT / "docs").rglob("*.md")) if "reference" not in path.parts]
    return [read(path) for path in [ROOT / "README.md", *by_hand]]


def read(path: Path) -> Page:
    """Read a page's blocks."""
    page = Page(path)
    said: tuple[int, str] = (0, "")
    for line, kind, text in _parts(path.read_text().splitlines()):
        if kind == "comment":
            said = (line + text.count("\n") + 1, text)
            if unseen := UNSEEN.fullmatch(text):
                page.blocks.append(Block(line, unseen[1], unseen[2]))
            continue
        word = said[1] if said[0] == line else ""
        if word == "prints" or word.endswith(" prints"):
            by = (word.removesuffix("prints").strip(),) if word != "prints" else LANGUAGES
            ran = [b for b in page.blocks if b.language in by and b.is_run]
            if ran:
                ran[-1].printed.append(text)
            else:
                page.faults.append(f"line {line}: nothing was run that could have printed this")
        elif kind:
            said_of = {p: word.removeprefix(p) if word.startswith(p) else "" for p in MARKERS}
            page.blocks.append(Block(line, kind, text, *said_of.values()))
    return page


def _parts(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """Give each comment and each fenced block: the line it begins at, `comment` or its language, its text."""
    at = 0
    while at < len(lines):
        start = at
        fence = FENCE.match(lines[at])
        if fence:
            at += 1
            while lines[at].strip() != fence[2]:
                at += 1
            yield start + 1, fence[3], dedent("\n".join(lines[start + 1 : at]))
        elif lines[at].lstrip().startswith("<!--"):
            while "-->" not in lines[at]:
                at += 1
            text = dedent("\n".join(lines[start : at + 1]))
            yield start + 1, "comment", text.removeprefix("<!--").partition("-->")[0].strip()
        at += 1


SEPARATE = {
    "bash": "printf '\\n@@%s\\n' {}",
    "python": "print('\\n@@{}', flush=True)",
    "ts": "console.log('\\n@@{}');",
}


def program(blocks: list[Block]) -> str:
    """Return the blocks as one program that says where each begins to print."""
    return "\n".join(f"{SEPARATE[b.language].format(b.line)}\n{b.code}" for b in blocks) + "\n"


def faults_of(blocks: list[Block], printed: str) -> list[str]:
    """Return where what a page shows is not what was printed."""
    parts = dict(re.findall(r"^@@(\d+)\n(.*?)(?=^@@|\Z)", printed, re.DOTALL | re.MULTILINE))
    return [
        f"line {block.line} shows\n{shown}\nbut printed\n{parts[str(block.line)]}"
        for block in blocks
        for shown in block.printed
        if not fits(shown, parts[str(block.line)])
    ]


def fits(shown: str, printed: str) -> bool:
    """Whether an output is what is shown, but for white space, `…`, ids, times and ports."""
    texts = []
    for text in ("".join(shown.split()), "".join(printed.split())):
        for what, instead in ALIKE:
            text = what.sub(instead, text)
        texts.append(text)
    pattern = ".*?".join(re.escape(part) for part in texts[0].split("…"))
    return re.fullmatch(pattern, texts[1], re.DOTALL) is not None


@dataclass
class Shell:
    """Where examples run. `ports`: what stands for the ports that pages speak of."""

    ports: Mapping[str, str]
    env: Mapping[str, str]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.ports['8787']}"

    async def run(self, command: list[str], folder: Path, env: Mapping[str, str]) -> str:
        """Run a program as a reader would; returns what it printed. What it has begun ends with it."""
        with (folder / "printed.txt").open("w+") as printed:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=folder,
                env={**self.env, **env},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )
            try:
                await asyncio.wait_for(process.wait(), PATIENCE)
            except TimeoutError:
                pass
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            said = (folder / "printed.txt").read_text()
        assert await process.wait() == 0, said
        return said

    def moved(self, text: str) -> str:
        """Return a program with its ports on loopback replaced by free ones."""
        return re.sub(rf"\b({'|'.join(PORTS)})\b", lambda found: self.ports[found[1]], text)


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what would steer Layers."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")}
    return env | {"no_proxy": "127.0.0.1", "NO_COLOR": "1", "PYTHON": sys.executable}

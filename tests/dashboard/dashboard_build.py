"""The dashboard, built as it ships: its packages from the cache, its sources in a folder of this run."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from typescript import Built

from npm_cache import installed, npm

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "dashboard"
RECIPE = "1"


@dataclass(frozen=True)
class Sources(Built):
    """A copy of the dashboard beside the SDK that it takes in, with its tools."""

    @property
    def static(self) -> Path:
        """Where a build puts the files to serve."""
        return self.folder / "src/layers/dashboard/static"

    async def use(self, script: str, *arguments: str) -> str:
        """Run one of its tools, such as `vite/bin/vite.js`, in its folder; returns what it printed."""
        tool = self.folder.parent / "node_modules" / script
        return await self.run(str(tool), *arguments, cwd=self.folder / "dashboard")


@contextmanager
def copied() -> Iterator[Sources]:
    """Copy the sources to where their dependencies are found, for as long as the block runs."""
    packages = installed("dashboard", SOURCE, RECIPE, _make)
    with tempfile.TemporaryDirectory(dir=packages, prefix="run-") as name:
        folder = Path(name)
        for part in ("dashboard", "sdks/typescript"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("node_modules", "dist"))
        yield Sources(folder)


def _make(folder: Path) -> None:
    npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund")

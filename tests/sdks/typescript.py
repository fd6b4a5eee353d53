"""The TypeScript SDK, built as it ships: its packages from the cache, its sources in a folder of this run."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from npm_cache import NODE, installed, npm

SOURCE = Path(__file__).parents[2] / "sdks/typescript"
RECIPE = "1"


@dataclass(frozen=True)
class Built:
    """A folder with the SDK and its `dist`; what stands there may import `@layers/sdk`."""

    folder: Path

    @property
    def driver(self) -> list[str]:
        """The command that starts its driver of the scenarios."""
        return [str(NODE), str(self.folder / "test/driver.mjs")]

    async def run(self, *command: str, cwd: Path | None = None, **env: str) -> str:
        """Run a script on Node; returns what it printed. Settings of this process do not reach it."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")}
        process = await asyncio.create_subprocess_exec(
            NODE,
            *command,
            cwd=cwd or self.folder,
            env={**clean, "NO_COLOR": "1", **env},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            said, _ = await asyncio.wait_for(process.communicate(), 120)
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode == 0, said.decode()
        return said.decode()

    async def tool(self, script: str, *arguments: str) -> str:
        """Run a development dependency's script, such as `typescript/bin/tsc`."""
        return await self.run(str(self.folder.parent / "node_modules" / script), *arguments)


@contextmanager
def copied() -> Iterator[Built]:
    """Copy the SDK to where its development dependencies are found, for as long as the block runs."""
    packages = installed("sdk-typescript", SOURCE, RECIPE, _make)
    with tempfile.TemporaryDirectory(dir=packages, prefix="run-") as name:
        folder = Path(name)
        for file in ("package.json", "tsconfig.json", "vitest.config.ts", "README.md"):
            shutil.copy(SOURCE / file, folder)
        for part in ("src", "test"):
            shutil.copytree(SOURCE / part, folder / part)
        yield Built(folder)


def _make(folder: Path) -> None:
    npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund")

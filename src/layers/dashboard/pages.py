"""The files of the page, as they were built, under `/dashboard/`.

They are read into memory whenever a build has put new ones there, so nothing but what was built can be asked for. Every
path that is no file is the page itself, which knows its own routes.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import structlog
from litestar.types import ASGIApp, Receive, Scope, Send

from layers.api.conditional import has
from layers.api.context import header_of, method_of
from layers.dashboard.routes import PATH as SESSION
from layers.kit import html
from layers.kit.safe_headers import Header, with_safe
from layers.storage import Storage, StorageError

log = structlog.get_logger("layers.dashboard")
STATIC = Path(__file__).parent / "static"
ROOT = "/dashboard"
HASHED = "assets/"
"""Where files are whose names change with what is in them."""
ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""In the order of preference: what a browser may take, and how a build names it."""
TEXT = "; charset=utf-8"
KINDS = {
    ".css": f"text/css{TEXT}",
    ".html": f"text/html{TEXT}",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": f"text/javascript{TEXT}",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": f"text/plain{TEXT}",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""What is built, by the end of its name: told here, since what Python knows depends on the machine."""
STORAGE_SECONDS = 2.0
HOW_TO_BUILD = """<h1>The dashboard is not built</h1>
<p>This is a checkout of the sources. <code>make dashboard</code> builds the page; then reload.</p>
<p class="quiet">The API works without it.</p>"""


def is_built() -> bool:
    """Tell whether there is a page to serve."""
    return (STATIC / "index.html").is_file()


@dataclass(frozen=True, slots=True)
class File:
    """One file: what it is, by encoding ("" as it is), and its tag."""

    kind: str
    bodies: Mapping[str, bytes]
    tag: bytes
    forever: bool

    @property
    def cache_control(self) -> bytes:
        """Return how long it may be kept."""
        return b"public, max-age=31536000, immutable" if self.forever else b"no-cache"


def read_files(folder: Path) -> dict[str, File]:
    """Return all files of a build by their names relative to it."""
    found = {str(path.relative_to(folder).as_posix()): path for path in folder.rglob("*") if path.is_file()}
    return {
        name: _read(name, path, found)
        for name, path in found.items()
        if not any(name.endswith(end) and name.removesuffix(end) in found for end in ENCODINGS.values())
    }


def _read(name: str, path: Path, found: Mapping[str, Path]) -> File:
    plain = path.read_bytes()
    packed = {word: found[name + end].read_bytes() for word, end in ENCODINGS.items() if name + end in found}
    kind = KINDS.get(path.suffix, "application/octet-stream")
    tag = b'"%s"' % hashlib.blake2b(plain, digest_size=16).hexdigest().encode()
    return File(kind, {**packed, "": plain}, tag, name.startswith(HASHED))


class Dashboard:
    """Serves the page, and everything else by the app inside."""

    def __init__(
        self,
        app: ASGIApp,
        storage: Storage,
        public_origin: str,
        safe: Sequence[Header],
        folder: Path = STATIC,
    ) -> None:
        self.app, self.storage, self.public_origin, self.folder = app, storage, public_origin, folder
        self.safe = tuple(safe)
        self._files: dict[str, File] = {}
        self._built_at = -1
        self._storage_origin: str | None = None
        self._storage_known = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = cast("str", scope["path"]) if scope["type"] == "http" else ""
        ours = path == ROOT or (path.startswith(f"{ROOT}/") and path != SESSION)
        if not ours and not (path == "/" and _is_for_a_person(scope)):
            await self.app(scope, receive, send)
        elif method_of(scope) not in ("GET", "HEAD"):
            await _answer(scope, send, 405, [(b"allow", b"GET, HEAD")], b"", self.safe)
        elif path in ("/", ROOT):
            await _answer(scope, send, 307, [(b"location", f"{ROOT}/".encode())], b"", self.safe)
        else:
            await self._show(scope, send, path[len(ROOT) + 1 :])

    async def _show(self, scope: Scope, send: Send, name: str) -> None:
        files = self._current_files()
        if not files:
            await self._tell_how(scope, send, name)
            return
        file = files.get(name)
        if file is None and "." not in name.rpartition("/")[2]:
            file = files["index.html"]
        if file is None:
            await _answer(scope, send, 404, [], b"", self.safe)
            return
        headers = [(b"cache-control", file.cache_control), (b"etag", file.tag), (b"vary", b"accept-encoding")]
        headers.append((b"content-security-policy", (await self._policy()).encode()))
        if has(scope, file.tag):
            await _answer(scope, send, 304, headers, b"", self.safe)
            return
        taken = header_of(scope, b"accept-encoding")
        encoding = next((word for word in ENCODINGS if word in file.bodies and _takes(taken, word)), "")
        headers += [(b"content-encoding", encoding.encode())] if encoding else []
        headers.append((b"content-type", file.kind.encode()))
        await _answer(scope, send, 200, headers, file.bodies[encoding], self.safe)

    async def _tell_how(self, scope: Scope, send: Send, name: str) -> None:
        page = html.page("Layers", HOW_TO_BUILD, card=True).encode()
        told = [(k.encode(), v.encode()) for k, v in html.headers().items()]
        told.append((b"content-type", b"text/html; charset=utf-8"))
        await _answer(scope, send, 404 if name else 200, told, page, self.safe)

    def _current_files(self) -> dict[str, File]:
        """Return the files of the newest build; none while there is no whole one."""
        try:
            built_at = (self.folder / "index.html").stat().st_mtime_ns
        except OSError:
            self._files, self._built_at = {}, -1
            return {}
        if built_at != self._built_at:
            self._files, self._built_at = read_files(self.folder), built_at
        return self._files

    async def _policy(self) -> str:
        """Return the content security policy: our own files alone, and media from where links to it lead."""
        if not self._storage_known:
            try:
                async with asyncio.timeout(STORAGE_SECONDS):
                    self._storage_origin = await self.storage.origin()
                self._storage_known = True
            except (StorageError, TimeoutError) as fault:
                log.warning("the store's address is not known", error=str(fault))
        media = " ".join(dict.fromkeys(filter(None, ("'self'", self.public_origin, self._storage_origin))))
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "font-src 'self'",
                "manifest-src 'self'",
                # People's pictures lie with the platforms, on hosts that nobody can list.
                f"img-src {media} https: data: blob:",
                f"media-src {media} blob:",
                f"connect-src {media}",
                "form-action 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            )
        )


def _is_for_a_person(scope: Scope) -> bool:
    return method_of(scope) in ("GET", "HEAD") and "text/html" in header_of(scope, b"accept")


def _takes(accepted: str, encoding: str) -> bool:
    """Tell whether Accept-Encoding (RFC 9110, 12.5.3) names the encoding without ruling it out."""
    for part in accepted.split(","):
        word, _, weight = part.strip().partition(";")
        if word.strip().lower() == encoding:
            return weight.replace(" ", "").removeprefix("q=").strip("0.") != "" if weight else True
    return False


async def _answer(
    scope: Scope,
    send: Send,
    status: int,
    headers: Sequence[Header],
    body: bytes,
    safe: tuple[Header, ...],
) -> None:
    length = [] if status == 304 else [(b"content-length", str(len(body)).encode())]
    told = with_safe([*headers, *length], safe)
    await send({"type": "http.response.start", "status": status, "headers": told})
    shown = b"" if method_of(scope) == "HEAD" else body
    await send({"type": "http.response.body", "body": shown, "more_body": False})

"""The documentation at `/docs`: open to all, the same for everybody, made once and kept.

It stands before the framework: a page costs a look into a dict, and nothing of the API waits for one that is made.
"""

import asyncio
from hashlib import blake2b

from litestar.types import ASGIApp, Receive, Scope, Send

from layers.api.conditional import has
from layers.docs.site import SERVED, Site
from layers.docs.sources import INDEX, library
from layers.kit import html
from layers.kit.safe_headers import Header

DOCS = SERVED.prefix
MISSING = html.page(
    "No such page",
    f"<h1>No such page</h1>\n<p>The documentation has none at this address.</p>\n"
    f'<a class="button main" href="{DOCS}">To its beginning</a>',
    badge="404",
    card=True,
)
HEADERS: tuple[Header, ...] = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"cache-control", b"no-cache"),
    (b"referrer-policy", b"same-origin"),
)


class Documentation:
    """Serves the pages, and everything else by `otherwise`."""

    def __init__(self, otherwise: ASGIApp) -> None:
        self.otherwise = otherwise
        self._site: Site | None = None
        self._answers: dict[str, tuple[bytes, tuple[Header, ...]]] = {}
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope["path"] if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else ""
        if path == DOCS or path.startswith(f"{DOCS}/"):
            answer = await self._answer(path.removeprefix(DOCS).strip("/") or INDEX)
            if answer is not None:
                await _send(scope, send, *answer)
                return
            if any(name == b"accept" and b"text/html" in value for name, value in scope["headers"]):
                await _send_missing(send)
                return
        await self.otherwise(scope, receive, send)

    async def _answer(self, path: str) -> tuple[bytes, tuple[Header, ...]] | None:
        if path not in self._answers:
            async with self._making:
                made = await asyncio.to_thread(self._make, path)
            if made is None:
                return None
            self._answers[path] = made
        return self._answers[path]

    def _make(self, path: str) -> tuple[bytes, tuple[Header, ...]] | None:
        self._site = self._site or Site(library(), SERVED)
        file = self._site.file(path)
        if file is None:
            return None
        tag = b'"%s"' % blake2b(file.content, digest_size=16).hexdigest().encode()
        return file.content, ((b"content-type", file.media_type.encode()), (b"etag", tag), *HEADERS)


async def _send_missing(send: Send) -> None:
    """Tell a person with a browser; programs hear it in the shape of every error."""
    headers = [(name.encode(), value.encode()) for name, value in html.headers().items()]
    body = MISSING.encode()
    headers += [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _send(scope: Scope, send: Send, content: bytes, headers: tuple[Header, ...]) -> None:
    tag = dict(headers)[b"etag"]
    status = 304 if has(scope, tag) else 200
    told = [*headers, (b"content-length", str(len(content)).encode())] if status == 200 else [*headers]
    body = content if status == 200 and scope["type"] == "http" and scope["method"] == "GET" else b""
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body, "more_body": False})

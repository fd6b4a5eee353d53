"""ETag and 304 (RFC 9110, 8.8.3 and 13.1.2) for reads that callers repeat: the routes that say `polled`.

The tag is a hash of the body, so it is strong and changes exactly when the answer does. The work of the read is done
all the same; what is spared is the way back and the caller's parsing.
"""

import hashlib
import re

from litestar.types import ASGIApp, Receive, Scope, Send

from layers.api.transaction import Captured

TAG = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
KEPT = (b"cache-control", b"private, no-cache")
"""A caller may keep the answer, no cache between may, and each asks again before using it."""


def conditional(app: ASGIApp) -> ASGIApp:
    """Wrap a route: where it is polled, tag its answer, and say nothing anew that the caller has."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["route_handler"].opt.get("polled"):
            await app(scope, receive, send)
            return
        answer = Captured()
        await app(scope, receive, answer.collect)
        if answer.status == 200:
            tag = b'"%s"' % hashlib.blake2b(answer.body, digest_size=16).hexdigest().encode()
            if has(scope, tag):
                answer.status, answer.headers, answer.body = 304, [], b""
            answer.headers += [(b"etag", tag), KEPT]
        await answer.send(send)

    return middleware


def has(scope: Scope, tag: bytes) -> bool:
    """Tell whether the caller has the answer with this tag: compared weakly: proxies weaken what they compress."""
    for name, value in scope["headers"]:
        if name == b"if-none-match" and (value.strip() == b"*" or tag in TAG.findall(value)):
            return True
    return False

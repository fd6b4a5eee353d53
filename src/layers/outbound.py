"""The only door to the internet.

It sends what connectors ask for, once: no redirect is followed and nothing is retried, since only the engine knows
what a repeat would do. When a call fails it says whether the request can have reached the other side. Addresses that
are not public are refused at the moment of connecting, so a name that changes its address in between gains nothing.
"""

import asyncio
import errno
import ipaddress
import re
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractStreamWriter

from layers.connector import Call, Failure, Flow, Media, MediaSlice, Proof, Reply, Unavailable, Wait
from layers.kit import dpop
from layers.kit.blot import blot, secrets_in
from layers.kit.problems import Issue

T = TypeVar("T")
MAX_REPLY_BYTES = 4 * 1024 * 1024
CONNECT_SECONDS = 10
READ_SECONDS = 60
USER_AGENT = "Layers/0.1"
ADDRESS = re.compile(r"[!-~]+")
MOST_NONCES = 1000
"""Of how many servers the last DPoP nonce is remembered; one forgotten costs a request."""


class NotSent(Exception):  # noqa: N818
    """The request never left: nothing can have happened."""


class AnswerLost(Exception):  # noqa: N818
    """The request left (or may have), no answer came: it may have been carried out."""


class MediaReader(Protocol):
    """Where media bytes come from."""

    def stream(self, key: str, start: int, length: int) -> AsyncIterator[bytes]:
        """Yield `length` bytes of the object from `start`."""
        ...


@dataclass(slots=True)
class _Progress:
    """How far a request got, told by aiohttp's trace signals."""

    not_after: float | None
    written: bool = False


@dataclass(slots=True)
class Outbound:
    """Sends calls. `anywhere`: whether private addresses are allowed for all calls."""

    media: MediaReader
    anywhere: bool = False
    read_seconds: float = READ_SECONDS
    _sessions: dict[tuple[bool, bool], aiohttp.ClientSession] = field(
        default_factory=dict[tuple[bool, bool], aiohttp.ClientSession]
    )
    _nonces: dict[str, str] = field(default_factory=dict[str, str])

    async def send(
        self,
        call: Call,
        media: tuple[Media, ...] = (),
        *,
        trusted: bool = False,
        not_after: float | None = None,
    ) -> Reply:
        """Send `call` and return what came back, whatever its status.

        `trusted`: the operator chose this address, so it may be private. `not_after` (of `lease_clock`): give up
        rather than let the request leave later. Raises NotSent or AnswerLost.
        """
        reply = await self._send(call, media, trusted=trusted, not_after=not_after)
        if call.proof is not None and _wants_nonce(reply):
            # Refused before anything was carried out, so sending it again is no repeat, not even of a COMMIT.
            reply = await self._send(call, media, trusted=trusted, not_after=not_after)
        return reply

    async def _send(
        self, call: Call, media: tuple[Media, ...], *, trusted: bool, not_after: float | None
    ) -> Reply:
        progress = _Progress(not_after)
        headers = {"User-Agent": USER_AGENT, **call.headers}
        if call.proof is not None:
            headers["DPoP"] = self._prove(call.method, call.proof)
        body = self._body(call, media, headers)
        secrets = secrets_in(call.url, headers, call.form, call.json if isinstance(call.json, dict) else None)
        alone = call.headers.get("Connection") == "close"
        session = self._session(guarded=not (self.anywhere or trusted), alone=alone)
        try:
            async with session.request(
                call.method,
                call.url,
                headers=headers,
                data=body,
                allow_redirects=False,
                trace_request_ctx=progress,
            ) as response:
                self._keep_nonce(call.proof, response)
                return _reply(response, await _read(response), secrets)
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            reason = str(blot(f"{type(fault).__name__}: {fault}".rstrip(": "), secrets, alone=True))
            raise (AnswerLost(reason) if progress.written else NotSent(reason)) from fault

    async def notify(self, url: str, body: bytes, headers: Mapping[str, str], most: int) -> Reply:
        """POST `body` to an address a caller chose; of the answer, at most `most` bytes are read, as text.

        Raises NotSent or AnswerLost.
        """
        progress = _Progress(None)
        session = self._session(guarded=not self.anywhere, alone=False)
        try:
            async with session.post(
                url,
                headers={"User-Agent": USER_AGENT, **headers},
                data=body,
                allow_redirects=False,
                trace_request_ctx=progress,
            ) as response:
                return Reply(response.status, text=await _beginning(response, most))
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            reason = f"{type(fault).__name__}: {fault}".rstrip(": ")
            raise (AnswerLost(reason) if progress.written else NotSent(reason)) from fault

    async def converse(
        self, flow: Flow[T], classify: Callable[[Call, Reply], Failure | None], *, trusted: bool
    ) -> T:
        """Hold a conversation that commits nothing. Raises Failure, Unavailable for trouble on the way included."""
        try:
            step = next(flow)
            while True:
                step = flow.send(await self._exchange(step, classify, trusted=trusted))
        except StopIteration as end:
            return end.value

    async def _exchange(
        self, step: Call | Wait, classify: Callable[[Call, Reply], Failure | None], *, trusted: bool
    ) -> Reply:
        if isinstance(step, Wait):
            await asyncio.sleep(step.seconds)
            return Reply(status=200)
        try:
            reply = await self.send(step, trusted=trusted)
        except (NotSent, AnswerLost) as fault:
            raise Unavailable(f"No answer to {step.name}: {fault}.") from fault
        if reply.status not in step.handles and (failure := classify(step, reply)):
            raise failure
        return reply

    def _prove(self, method: str, proof: Proof) -> str:
        return dpop.prove(
            proof.key,
            method,
            proof.url,
            now=int(time.time()),
            proof_id=secrets.token_urlsafe(16),
            nonce=self._nonces.get(_origin(proof.url)),
            access_token=proof.access_token,
        )

    def _keep_nonce(self, proof: Proof | None, response: aiohttp.ClientResponse) -> None:
        """Remember the nonce a server gave for the next proof; the server that was silent longest is forgotten."""
        if proof is not None and (nonce := response.headers.get("DPoP-Nonce")):
            origin = _origin(proof.url)
            self._nonces.pop(origin, None)
            self._nonces[origin] = nonce
            if len(self._nonces) > MOST_NONCES:
                del self._nonces[next(iter(self._nonces))]

    def _body(self, call: Call, media: tuple[Media, ...], headers: dict[str, str]) -> Any:
        if call.body is not None and call.file_field is not None:
            return self._form_with_file(call, call.body, media, call.file_field)
        if call.body is not None:
            part = call.body
            headers["Content-Length"] = str(part.length)
            return self.media.stream(media[part.index].object_key, part.start, part.length)
        if call.form is not None:
            return aiohttp.FormData(dict(call.form))
        if call.json is not None:
            headers.setdefault("Content-Type", "application/json")
            return msgspec.json.encode(call.json)
        return None

    def _form_with_file(
        self, call: Call, part: MediaSlice, media: tuple[Media, ...], file_field: str
    ) -> aiohttp.MultipartWriter:
        form = aiohttp.MultipartWriter("form-data")
        for name, value in (call.form or {}).items():
            text = aiohttp.StringPayload(value)
            text.set_content_disposition("form-data", name=name)
            form.append_payload(text)
        item = media[part.index]
        file = _Streamed(
            self.media.stream(item.object_key, part.start, part.length), part.length, item.mime_type
        )
        file.set_content_disposition("form-data", name=file_field, filename=call.filename)
        form.append_payload(file)
        return form

    def _session(self, *, guarded: bool, alone: bool) -> aiohttp.ClientSession:
        """Return a session; `alone`: each call on a new connection, for servers that hang up without a word."""
        if (guarded, alone) not in self._sessions:
            self._sessions[guarded, alone] = _open_session(
                guarded=guarded, alone=alone, read_seconds=self.read_seconds
            )
        return self._sessions[guarded, alone]

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()


class _Streamed(aiohttp.Payload):
    """Bytes that pass through, of a number known before: the form has a Content-Length, as small servers demand."""

    _value: AsyncIterator[bytes]

    def __init__(self, stream: AsyncIterator[bytes], size: int, content_type: str) -> None:
        super().__init__(stream, content_type=content_type)
        self._size = size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Refuse: what has passed is gone."""
        raise TypeError("streamed bytes are sent once and never kept")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send it all. Raises OSError when the store has another number of bytes than was announced."""
        sent = 0
        async for chunk in self._value:
            sent += len(chunk)
            await writer.write(chunk)
        if sent != self._size:
            raise OSError(f"the media store gave {sent} of {self._size} bytes")


def lease_clock() -> float:
    """Return seconds on a clock that also runs while this process, or the machine, is asleep."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def open_fetcher(*, guarded: bool) -> aiohttp.ClientSession:
    """Return a session of one's own to fetch with; `guarded`: from public addresses alone."""
    return aiohttp.ClientSession(connector=_connector(guarded=guarded, alone=True))


def _connector(*, guarded: bool, alone: bool) -> aiohttp.TCPConnector:
    factory = _guarded_socket if guarded else None
    return aiohttp.TCPConnector(limit=0, force_close=alone, socket_factory=factory)


def _open_session(*, guarded: bool, alone: bool, read_seconds: float) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=_connector(guarded=guarded, alone=alone),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=read_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[_trace()],
        auto_decompress=True,
    )
    # aiohttp repeats PUT and DELETE by itself on a dropped connection; here a repeat is never its decision.
    session._retry_connection = False  # pyright: ignore[reportPrivateUsage]
    return session


def _trace() -> aiohttp.TraceConfig:
    async def before_writing(_: object, context: Any, __: object) -> None:
        progress: _Progress = context.trace_request_ctx
        if progress.not_after is not None and lease_clock() > progress.not_after:
            raise OSError("the lease ran out before the request could leave")

    async def written(_: object, context: Any, __: object) -> None:
        context.trace_request_ctx.written = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(before_writing)
    trace.on_connection_reuseconn.append(before_writing)
    trace.on_request_headers_sent.append(written)
    return trace


def _guarded_socket(address: Any) -> socket.socket:
    family, kind, protocol, _, where = address
    if not is_public(where[0]):
        words = f"{where[0]} is not a public address; LAYERS_ALLOW_PRIVATE_NETWORKS would allow it"
        raise PermissionError(errno.EACCES, words)  # aiohttp repeats the words only of an error with a number
    return socket.socket(family, kind, protocol)


PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
"""All that is given out of IPv6. Beside it lie notations of IPv4, local and retired networks."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Behind it a gateway speaks IPv4 to the address in the last 32 bits, a private one too (RFC 6052)."""
SPECIAL = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
"""What Python's table of special networks holds in some releases only; clouds keep metadata in the first."""


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public internet, also behind IPv6 notations of IPv4."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        ip = inner or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else ip)
    if isinstance(ip, ipaddress.IPv6Address) and ip not in PUBLIC_IPV6:
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in SPECIAL)


def url_issue(url: str, *, anywhere: bool, path: str = "url") -> Issue | None:
    """Say what is wrong with an address a caller chose. `anywhere`: private addresses and plain http are allowed.

    A name is not looked up here: what it stands for is checked whenever it is connected to.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return Issue(path, "This is not a URL.", "invalid_value")
    if not ADDRESS.fullmatch(url) or "\\" in url or not host:
        return Issue(path, "Use an absolute URL of visible ASCII characters.", "invalid_value")
    if parts.scheme not in (("https", "http") if anywhere else ("https",)):
        return Issue(path, "Use https.", "invalid_value")
    if parts.username is not None or parts.fragment:
        return Issue(path, "Leave out user names, passwords and fragments.", "invalid_value")
    if not anywhere and _is_private(host):
        words = "This address is not public; LAYERS_ALLOW_PRIVATE_NETWORKS=true would allow it."
        return Issue(path, words, "private_address")
    return None


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return not is_public(host)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _wants_nonce(reply: Reply) -> bool:
    """Tell whether a server refused a proof only for lack of its newest nonce (RFC 9449, sections 8 and 9)."""
    if reply.status not in (400, 401) or "dpop-nonce" not in reply.headers:
        return False
    challenge = reply.headers.get("www-authenticate", "")
    return reply.value("error") == "use_dpop_nonce" or 'error="use_dpop_nonce"' in challenge


def rebase(url: str, origin: str) -> str:
    """Return `url` on `origin`, unless it is there already: one origin may stand for all hosts of a platform."""
    if url == origin or url.startswith(origin + "/"):
        return url
    parts, base = urlsplit(url), urlsplit(origin).path
    path = parts.path.removeprefix(base) if parts.path.startswith(base + "/") else parts.path
    return f"{origin}{path}" + (f"?{parts.query}" if parts.query else "")


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks, size = list[bytes](), 0
    async for chunk in response.content.iter_chunked(64 * 1024):
        size += len(chunk)
        if size > MAX_REPLY_BYTES:
            raise ValueError(f"an answer of more than {MAX_REPLY_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


async def _beginning(response: aiohttp.ClientResponse, most: int) -> str:
    raw = b""
    while len(raw) < most and (chunk := await response.content.read(most - len(raw))):
        raw += chunk
    return raw.decode("utf-8", "replace")


def _reply(response: aiohttp.ClientResponse, raw: bytes, secrets: frozenset[str]) -> Reply:
    """Return the answer; what was sent in confidence is blotted out of the other side's words."""
    headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
    try:
        value = msgspec.json.decode(raw) if raw else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = None
    text = "" if value is not None else raw[:2000].decode("utf-8", "replace")
    if any(secret.encode() in raw for secret in secrets):
        value = blot(value, secrets, alone=response.status >= 400)
        text = str(blot(text, secrets, alone=True))
    return Reply(response.status, dict(headers), value, text)

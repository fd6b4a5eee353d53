"""The server: uvicorn, with the patience and the bounds it lacks towards clients that are slow, silent or endless.

uvicorn's parser holds a head of any length for any time, waits for a body and for a client to read without end, and
answers what is not HTTP in plain text. Here each phase of a connection has its time, each head its size, a process so
many connections, and what can still be answered is answered in the one error shape. Nothing is done against many
clients at once from many addresses: that is a proxy's work.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from layers.api import errors
from layers.api.bounds import MOST_HEADER_BYTES, MOST_TARGET_BYTES, headers_too_large
from layers.kit.ids import new_id
from layers.kit.safe_headers import SAFE, with_safe

log = structlog.get_logger("layers.api")
MOST_SILENT_BYTES = MOST_HEADER_BYTES + MOST_TARGET_BYTES + 8 * 1024
"""What may arrive without completing a head or a piece of a body: a head, or trailers and the like."""
MOST_PIPELINED = 16
MOST_ANSWERED = 100
"""Connections over the limit that are still told so; further ones are cut."""
TICKS = 5
"""Of 0.1 s, between two looks at all connections."""
MALFORMED = "This is not a valid HTTP request."
UNKNOWN_CLASS = b"write-light"
"""Of a request whose method nobody has read: it is other than GET."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client may take. Bodies and answers must move by `stride` bytes in each span of `seconds`."""

    seconds: float = 20.0
    stride: int = 20 * 1024
    linger: float = 5.0
    """For taking the rest of an answer after which the connection ends."""
    idle: float = 75.0
    """Between an answer and the next request. Longer than clients and proxies keep a connection (aiohttp 15 s, nginx
    and AWS balancers 60 s): whoever closes first must be them, or a request is sent into a connection just closed."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection."""

    patience = Patience()

    def __init__(self, config: uvicorn.Config, *args: Any, **named: Any) -> None:
        super().__init__(config, *args, **named)
        self.most, self.limit_concurrency = self.limit_concurrency, None
        self._phase: tuple[object, ...] = ()
        self._since = 0.0
        self._requests = self._silent = self._body_bytes = self._resumed = 0
        self._in_head = self._too_many = False

    # What arrives ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take a connection; over the limit only to say so."""
        super().connection_made(transport)
        if self.most is not None:
            self._too_many = len(self.connections) > self.most
            if len(self.connections) > self.most + MOST_ANSWERED:
                transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse what came; refuse what grows without getting anywhere."""
        if self.transport.is_closing():
            return
        if self._too_many:
            words = "Too many connections are open here. Come again, with fewer."
            self._refuse(errors.Unavailable(words, headers={"Retry-After": "2"}))
            return
        self._silent += len(data)
        super().data_received(data)
        if self._silent > MOST_SILENT_BYTES:
            self._refuse(headers_too_large())

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers are dropped, since nothing asks for them and a proxy may not have seen them."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin a request, unless too many wait on this connection already."""
        if len(self.pipeline) >= MOST_PIPELINED:
            raise OverflowError("too many pipelined requests")
        if any(n == b"transfer-encoding" and v.strip().lower() != b"chunked" for n, v in self.headers):
            raise ValueError("a body is chunked or it is not, and nothing else (RFC 9112, 6.1)")
        self._in_head, self._silent, self._body_bytes = False, 0, 0
        self._requests += 1
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._silent = 0
        self._body_bytes += len(body)
        super().on_body(body)

    def resume_writing(self) -> None:
        """Note that the client has taken what waited for it."""
        self._resumed += 1
        super().resume_writing()

    def shutdown(self) -> None:
        """Let an answer without end come to one; everything else may be finished."""
        if self.cycle is not None and not self.cycle.response_complete:  # pyright: ignore[reportUnnecessaryComparison]
            for hook in self.cycle.scope.get("state", {}).get("on_stop", ()):
                hook()
        super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._refuse(errors.MalformedRequest(MALFORMED))

    def _unsupported_upgrade_warning(self) -> None:
        """Ignore an Upgrade, as RFC 9110 (7.8) allows; a word for each in the log would be the caller's to write."""

    # What takes too long --------------------------------------------------------------------------

    def watch(self, now: float) -> None:
        """Look at the connection (of `loop.time()` now); end it when its phase has lasted too long.

        A phase is what is waited for and how far that has got, so whoever moves on has time anew.
        """
        phase, seconds = self._current_phase()
        if phase != self._phase:
            self._phase, self._since = phase, now
        elif now - self._since > seconds:
            self._give_up(str(phase[0]))

    def _current_phase(self) -> tuple[tuple[object, ...], float]:
        patience, cycle = self.patience, self.cycle
        if self.transport.is_closing():
            return ("closing",), patience.linger
        if self._too_many:
            return ("refusing",), patience.linger
        if self.flow.write_paused:
            left = self.transport.get_write_buffer_size() // patience.stride
            return ("answer", self._resumed, left), patience.seconds
        if cycle is None or (cycle.response_complete and not cycle.more_body):  # pyright: ignore[reportUnnecessaryComparison]
            if cycle is not None and not self._silent:  # pyright: ignore[reportUnnecessaryComparison]
                return ("idle", self._requests), patience.idle
            return ("head", self._requests), patience.seconds
        if cycle.response_complete:
            return ("unwanted body", self._requests), patience.linger
        if cycle.more_body and not self.flow.read_paused:
            return ("body", self._requests, self._body_bytes // patience.stride), patience.seconds
        return ("work", object()), patience.seconds  # what takes time now is ours: never the same phase again

    def _give_up(self, phase: str) -> None:
        if phase in ("closing", "answer"):
            self.transport.abort()
        elif phase == "body" or (phase == "head" and self._silent):
            words = f"The request arrived too slowly; its {phase} was not complete."
            self._refuse(errors.RequestTimeout(words))
        else:
            self.transport.close()

    def _refuse(self, problem: errors.Problem) -> None:
        """Answer instead of the app and end the connection; where an answer has begun already, only end it."""
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:  # pyright: ignore[reportUnnecessaryComparison]
            if cycle.response_started or not cycle.more_body:
                self.transport.abort()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.write(self._whole_answer(problem))
        self.transport.close()

    def _whole_answer(self, problem: errors.Problem) -> bytes:
        request_id = new_id("req")
        log.info("connection refused", code=problem.code, client=self.client, request_id=request_id)
        body = msgspec.json.encode(errors.body_of(problem, request_id))
        told = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            (b"x-request-id", request_id.encode()),
            (b"x-ratelimit-endpoint-class", UNKNOWN_CLASS),
            *told,
        ]
        lines = [name + b": " + value + b"\r\n" for name, value in with_safe(headers, SAFE)]
        return b"".join([STATUS_LINE[problem.status], *lines, b"\r\n", body])


class QuietServer(uvicorn.Server):
    """A uvicorn that leaves signals to its owner and watches its connections."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Take no signal."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Look at all connections now and then."""
        if counter % TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                cast("GuardedProtocol", connection).watch(now)
        return await super().on_tick(counter)


def server_for(
    app: object,
    host: str,
    port: int,
    *,
    lifespan: bool,
    finish_within: int,
    connections: int | None = None,
    protocol: type[GuardedProtocol] = GuardedProtocol,
) -> QuietServer:
    """Return the server of an ASGI app.

    `connections`: how many clients may be connected at once. `finish_within`: seconds that requests have to end when
    the server is told to stop.
    """
    config = uvicorn.Config(
        app,  # pyright: ignore[reportArgumentType]
        host=host,
        port=port,
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on" if lifespan else "off",
        limit_concurrency=connections,
        timeout_keep_alive=round(protocol.patience.idle),
        timeout_graceful_shutdown=finish_within,
    )
    return QuietServer(config)

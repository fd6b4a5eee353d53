"""The connection pool: one per process, made for short transactions."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Protocol, cast

import asyncpg
import msgspec

Listener = Callable[..., None]


class Queries(Protocol):
    """The statements asyncpg offers, typed: on a connection, or on a pool for one statement on any connection."""

    async def execute(self, query: str, /, *args: object) -> str:
        """Run a statement; returns its tag ("UPDATE 3")."""
        ...

    async def executemany(self, command: str, args: Iterable[Sequence[object]], /) -> None:
        """Run a statement for each set of arguments, in one round trip."""
        ...

    async def fetch(self, query: str, /, *args: object) -> list[asyncpg.Record]:
        """Return all rows."""
        ...

    async def fetchrow(self, query: str, /, *args: object) -> asyncpg.Record | None:
        """Return the first row."""
        ...

    async def fetchval(self, query: str, /, *args: object) -> Any:
        """Return the first column of the first row."""
        ...


class Transaction(Protocol):
    """A transaction."""

    async def start(self) -> None:
        """Begin."""
        ...

    async def commit(self) -> None:
        """Commit."""
        ...

    async def rollback(self) -> None:
        """Roll back."""
        ...

    async def __aenter__(self) -> object: ...

    async def __aexit__(self, *fault: object) -> object: ...


class Connection(Queries, Protocol):
    """One connection."""

    def transaction(self) -> Transaction:
        """Return a transaction to enter."""
        ...

    async def add_listener(self, channel: str, callback: Listener, /) -> None:
        """Call back on each NOTIFY of a channel."""
        ...

    async def remove_listener(self, channel: str, callback: Listener, /) -> None:
        """Stop calling back."""
        ...

    def is_closed(self) -> bool:
        """Tell whether the connection is gone."""
        ...

    def get_server_version(self) -> Any:
        """Return the server's version; `.major` and `.minor`."""
        ...

    async def close(self) -> None:
        """Close."""
        ...


class Pool(Queries, Protocol):
    """A pool of connections."""

    def acquire(self, *, timeout: float | None = None) -> AbstractAsyncContextManager[Connection]:
        """Borrow a connection."""
        ...

    async def close(self) -> None:
        """Wait for borrowed connections, then close all."""
        ...

    def terminate(self) -> None:
        """Close all at once."""
        ...

    def get_size(self) -> int:
        """Return how many connections are open."""
        ...

    def get_idle_size(self) -> int:
        """Return how many of them nobody has borrowed."""
        ...

    def get_max_size(self) -> int:
        """Return how many there may be."""
        ...


@asynccontextmanager
async def savepoint(tx: Connection) -> AsyncGenerator[None]:
    """Undo the block alone when it raises, and keep the transaction it stands in."""
    await tx.execute("SAVEPOINT here")
    try:
        yield
    except BaseException:
        await tx.execute("ROLLBACK TO SAVEPOINT here")
        raise
    await tx.execute("RELEASE SAVEPOINT here")


SESSION = {
    "timezone": "UTC",
    "jit": "off",
    # Plans are made once per connection, often while tables are small: they must be right for large ones.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "10s",
}
"""How every connection of a pool is set."""

POOLS: dict[str, "Pool"] = {}
"""The pool this process opened last under each name, for who watches."""

STATEMENT_SECONDS = 30.0
"""What any statement of a request or a worker may take, locks included."""

DATABASE_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""What a statement raises when the database is not there (as opposed to: it answered, and said no)."""

BUSY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
"""What a statement raises when others hold for too long what it needs."""


@contextmanager
def _reading_url() -> Generator[None]:
    """Say what is wrong with a URL that is none without repeating it: it may hold a password."""
    try:
        yield
    except ValueError as why:
        if isinstance(why, asyncpg.InterfaceError):
            raise
        words = (
            "This is no URL of a database: write postgresql://user:password@host:port/name, with %40 for @"
        )
        raise asyncpg.InterfaceError(words) from None


async def open_pool(
    url: str, connections: int, application: str, statement_seconds: float | None = None
) -> Pool:
    """Open a pool of up to `connections`. JSON columns are decoded to and encoded from Python values.

    `statement_seconds`: a statement that takes longer is given up, for its connection may have fallen silent.
    """
    create = cast("Callable[..., Awaitable[Any]]", asyncpg.create_pool)  # pyright: ignore[reportUnknownMemberType]
    with _reading_url():
        pool = await create(
            url,
            min_size=1,
            max_size=connections,
            init=_prepare,
            reset=_leave_as_is,
            max_inactive_connection_lifetime=300,
            timeout=10,
            command_timeout=statement_seconds,
            server_settings={"application_name": application, **SESSION},
        )
    POOLS[application] = cast("Pool", pool)
    return POOLS[application]


async def connect(url: str) -> Connection:
    """Open one connection of its own, outside any pool."""
    dial = cast("Callable[..., Awaitable[Any]]", asyncpg.connect)  # pyright: ignore[reportUnknownMemberType]
    with _reading_url():
        return cast("Connection", await dial(url, timeout=10))


async def _prepare(connection: Any) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=lambda value: msgspec.json.encode(value).decode(),  # pyright: ignore[reportUnknownLambdaType]
            decoder=msgspec.json.decode,
        )


async def _leave_as_is(connection: object) -> None:
    """Skip the round trip asyncpg spends on a reset: nothing here changes session state outside a transaction."""

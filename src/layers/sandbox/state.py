"""What the fake platforms remember: typed records and small blobs. The only SQL of the sandbox.

A record's `data` is a msgspec Struct as JSON. It is cast by the statements themselves, so any pool will
do, with or without JSON codecs.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, LiteralString, TypeVar

import asyncpg
import msgspec

from layers.db.pool import Pool
from layers.kit.times import utc_now

T = TypeVar("T")
THIS = "platform = $1 AND kind = $2 AND id = $3"
TOKENS = ("access_token", "refresh_token", "token", "app_password")
"""Kinds of records by which one may speak for their owner."""
COLUMNS = "id, owner, data::text AS data, created_at"


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One sort of record of one platform and the type of its data."""

    platform: str
    name: str
    type: type[T]


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """A stored record. `stored` is PostgreSQL's own text of the data, compared by `State.swap`."""

    id: str
    owner: str
    value: T
    created_at: datetime
    stored: str


class Window(msgspec.Struct):
    """When calls were let through, as Unix times."""

    times: list[float] = []


@dataclass(frozen=True, slots=True)
class State:
    """The shared memory of all processes that serve the sandbox."""

    pool: Pool

    async def get(self, kind: Kind[T], key: str) -> Row[T] | None:
        """Return the record, or None."""
        found = await self._rows(f"SELECT {COLUMNS} FROM sandbox_records WHERE {THIS}", *_this(kind, key))
        return _row(kind, found[0]) if found else None

    async def add(self, kind: Kind[T], key: str, value: T, owner: str = "") -> bool:
        """Store a new record; False when one with this id exists, which is then left as it is."""
        found = await self._rows(
            "INSERT INTO sandbox_records (platform, kind, id, owner, data)"
            " VALUES ($1, $2, $3, $4, $5::text::jsonb) ON CONFLICT DO NOTHING RETURNING id",
            *_this(kind, key),
            owner,
            _json(value),
        )
        return bool(found)

    async def swap(self, kind: Kind[T], row: Row[T], value: T) -> bool:
        """Replace the record's data if it is still what `row` was read with; False when it is not."""
        found = await self._rows(
            f"UPDATE sandbox_records SET data = $5::text::jsonb WHERE {THIS} AND data::text = $4 RETURNING 1",
            *_this(kind, row.id),
            row.stored,
            _json(value),
        )
        return bool(found)

    async def remove(self, kind: Kind[T], key: str) -> bool:
        """Delete the record; False when there was none."""
        return bool(
            await self._rows(f"DELETE FROM sandbox_records WHERE {THIS} RETURNING id", *_this(kind, key))
        )

    async def owner_of(self, platform: str, token: str) -> str | None:
        """Return whose a token is, None for one that is not known."""
        query = "SELECT owner FROM sandbox_records WHERE platform = $1 AND id = $2 AND kind = ANY($3)"
        found = await self._rows(query, platform, token, TOKENS)
        return found[0]["owner"] if found else None

    async def revoke(self, platform: str, owner: str) -> None:
        """Forget every token of an owner, as when a person takes back what they allowed."""
        query = "DELETE FROM sandbox_records WHERE platform = $1 AND owner = $2 AND kind = ANY($3)"
        await self._rows(query, platform, owner, TOKENS)

    async def find(
        self,
        kind: Kind[T],
        owner: str | None = None,
        *,
        since: datetime | None = None,
        having: str | None = None,
        lacking: str | None = None,
        limit: int | None = None,
    ) -> list[Row[T]]:
        """Return records newest first. `having` and `lacking` name a field the data must or must not have."""
        found = await self._rows(
            f"SELECT {COLUMNS} FROM sandbox_records WHERE platform = $1 AND kind = $2"
            " AND ($3::text IS NULL OR owner = $3) AND ($4::timestamptz IS NULL OR created_at >= $4)"
            " AND ($5::text IS NULL OR data ? $5) AND ($6::text IS NULL OR NOT data ? $6)"
            " ORDER BY created_at DESC, id DESC LIMIT $7",
            kind.platform,
            kind.name,
            owner,
            since,
            having,
            lacking,
            limit,
        )
        return [_row(kind, row) for row in found]

    async def page(
        self, kind: Kind[T], owner: str, prefix: str, after: str | None, limit: int, *, ascending: bool
    ) -> list[Row[T]]:
        """Return an owner's records with ids from `prefix` on, in byte order, beyond `prefix + after`."""
        beyond = ">" if ascending else "<"
        order = "ASC" if ascending else "DESC"
        found = await self._rows(
            f"SELECT {COLUMNS} FROM sandbox_records WHERE platform = $1 AND kind = $2 AND owner = $3"
            f' AND starts_with(id, $4) AND ($5::text IS NULL OR id COLLATE "C" {beyond} $4 || $5)'
            f' ORDER BY id COLLATE "C" {order} LIMIT $6',
            kind.platform,
            kind.name,
            owner,
            prefix,
            after,
            limit,
        )
        return [_row(kind, row) for row in found]

    async def count_up(self, kind: Kind[T], key: str, field: str, below: int) -> int | None:
        """Add one to an integer field while it is `below`, and return it; None when it is not."""
        found = await self._rows(
            "UPDATE sandbox_records SET data = jsonb_set(data, ARRAY[$4], to_jsonb((data ->> $4)::int + 1))"
            f" WHERE {THIS} AND (data ->> $4)::int < $5 RETURNING (data ->> $4)::int AS now",
            *_this(kind, key),
            field,
            below,
        )
        return found[0]["now"] if found else None

    async def let_through(self, platform: str, name: str, limit: int, window: timedelta) -> float | None:
        """Count a call against a sliding window; when it is full, return the seconds until the next fits."""
        kind = Kind(platform, "window", Window)
        while True:
            now = utc_now().timestamp()
            row = await self.get(kind, name)
            if row is None:
                if await self.add(kind, name, Window([now])):
                    return None
                continue
            recent = [moment for moment in row.value.times if moment > now - window.total_seconds()]
            if len(recent) >= limit:
                return recent[-limit] + window.total_seconds() - now
            if await self.swap(kind, row, Window([*recent, now])):
                return None

    async def save_blob(self, sha256: str, content: bytes) -> None:
        """Keep small bytes under their hash."""
        await self._rows(
            "INSERT INTO sandbox_blobs (id, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING", sha256, content
        )

    async def blob(self, sha256: str) -> bytes | None:
        """Return kept bytes, or None."""
        found = await self._rows("SELECT bytes FROM sandbox_blobs WHERE id = $1", sha256)
        return found[0]["bytes"] if found else None

    async def _rows(self, query: LiteralString, *values: object) -> list[asyncpg.Record]:
        return await self.pool.fetch(query, *values)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _this(kind: Kind[T], key: str) -> tuple[str, str, str]:
    return kind.platform, kind.name, key


def _row(kind: Kind[T], found: asyncpg.Record) -> Row[T]:
    stored: str = found["data"]
    value = msgspec.json.decode(stored, type=kind.type)
    return Row(found["id"], found["owner"], value, found["created_at"], stored)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()

"""Alembic's entry: runs the SQL files of `versions/` over asyncpg."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from layers.db.pool import connect


def _run(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def _migrate(url: str) -> None:
    async def open_patiently() -> object:
        """A migration that waits for a table makes everybody behind it wait too, so it soon gives way."""
        opened = await connect(url)
        await opened.execute("SET lock_timeout = '3s'")
        return opened

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=open_patiently, poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


asyncio.run(_migrate(context.config.attributes["url"]))

"""What is wrong with an installation, each finding with its remedy. It looks and changes nothing."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg

from layers.connector import Connector
from layers.dashboard.pages import ROOT, is_built
from layers.db import schema
from layers.db.pool import DATABASE_AWAY, Connection, connect
from layers.docs.library import library
from layers.platforms import CONNECTORS
from layers.settings import Settings
from layers.social_accounts.oauth import CALLBACK
from layers.storage import StorageError, open_storage
from layers.vault import VaultError, open_vault

OLDEST_SERVER = 15


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `ok` None: not needed by everybody; the words tell when it is."""

    what: str
    ok: bool | None
    words: str


def about_platform_setting(name: str) -> str:
    """Say what a platform's variable (without `LAYERS_`) is."""
    for platform, connector in CONNECTORS.items():
        rest = name.removeprefix(f"{platform.upper()}_")
        if rest != name:
            return connector.settings.get(rest, "one origin that stands for all of this platform's hosts")
    return ""


def guide_to(platform: str) -> str:
    """Return the name of the page that tells how a platform's accounts are connected."""
    return next(page for page in library().order if "connect" in page and platform in page.split("-"))


async def examine(settings: Settings, url: str) -> list[Finding]:
    """Look at everything."""
    return [
        *await _database(url),
        await _storage(settings),
        _secrets(settings),
        _public_url(settings),
        _dashboard(settings),
        *_platforms(settings),
    ]


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[Connection]:
    connection = await connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def _database(url: str) -> list[Finding]:
    try:
        async with _connected(url) as connection:
            return [_server(connection), await _schema(connection), *await _dispatch(connection)]
    except (*DATABASE_AWAY, asyncpg.PostgresError) as why:
        return [Finding("database", False, f"does not answer ({why}). Check LAYERS_DATABASE_URL.")]


def _server(connection: Connection) -> Finding:
    version = connection.get_server_version()
    if version.major < OLDEST_SERVER:
        return Finding(
            "database", False, f"PostgreSQL {version.major}; Layers needs {OLDEST_SERVER} or newer."
        )
    return Finding("database", True, f"PostgreSQL {version.major}.{version.minor}")


async def _schema(connection: Connection) -> Finding:
    try:
        await schema.check(connection)
    except schema.SchemaMismatch as why:
        return Finding("schema", False, str(why))
    return Finding("schema", True, f"at {schema.newest_revision()}")


async def _dispatch(connection: Connection) -> list[Finding]:
    if await schema.current_revision(connection) is None:
        return []
    row = await connection.fetchrow(
        """SELECT (SELECT count(*) FROM workers WHERE seen_at > now() - interval '15 seconds') AS workers,
        (SELECT count(*) FROM scheduled_posts WHERE due_at < now() - interval '1 minute') AS late,
        (SELECT count(*) FROM scheduled_posts WHERE outcome_unknown) AS unknown,
        (SELECT count(*) FROM social_accounts WHERE status = 'reauth_required') AS reauth"""
    )
    assert row is not None
    workers = (
        Finding("workers", True, f"{row['workers']} alive")
        if row["workers"]
        else Finding("workers", None, "none is running. Start one with `layers work` or `layers up`.")
    )
    found = [workers]
    if row["late"]:
        found.append(
            Finding("late posts", False, f"{row['late']} are due for over a minute. Is a worker running?")
        )
    if row["unknown"]:
        words = f"{row['unknown']} posts have an unknown outcome. Look on the platform, then call …/resolve."
        found.append(Finding("unknown outcomes", False, words))
    if row["reauth"]:
        found.append(Finding("accounts", False, f"{row['reauth']} must be reconnected; their posts wait."))
    return found


async def _storage(settings: Settings) -> Finding:
    try:
        await open_storage(settings.storage_url, settings.data_dir).check()
    except (StorageError, OSError) as why:
        return Finding("media storage", False, str(why))
    return Finding("media storage", True, settings.storage_url or str(settings.data_dir / "media"))


def _secrets(settings: Settings) -> Finding:
    try:
        open_vault(settings.secret_keys, settings.data_dir)
    except (VaultError, OSError) as why:
        return Finding("secret keys", False, str(why))
    if settings.secret_keys:
        return Finding("secret keys", True, "from LAYERS_SECRET_KEYS")
    words = f"{settings.data_dir / 'secret.key'}; back it up: without it no account can be used again."
    return Finding("secret keys", True, words)


def _public_url(settings: Settings) -> Finding:
    host = urlsplit(settings.public_origin).hostname or ""
    if settings.public_origin.startswith("https://"):
        return Finding("public address", True, settings.public_origin)
    words = (
        f"{settings.public_origin}: platforms that fetch media themselves need LAYERS_PUBLIC_URL=https://…"
    )
    local = host in ("localhost", "127.0.0.1", "::1")
    return Finding("public address", None if local else False, words)


def _dashboard(settings: Settings) -> Finding:
    if is_built():
        return Finding("dashboard", True, f"{settings.public_origin}{ROOT}/")
    return Finding("dashboard", None, "not built; in a checkout `make dashboard` builds it.")


def _platforms(settings: Settings) -> list[Finding]:
    return [_platform(settings, platform, connector) for platform, connector in CONNECTORS.items()]


def _platform(settings: Settings, platform: str, connector: Connector) -> Finding:
    """Look for the settings of the platform's app; of several doors one is enough, none may be half set up."""
    title, prefix = connector.limits.title, f"{platform.upper()}_"
    doors = connector.doors or {connector.origin: tuple(connector.settings)}
    missing = {
        origin: [f"LAYERS_{prefix}{name}" for name in names if not settings.platforms.get(prefix + name)]
        for origin, names in doors.items()
    }
    ready = [urlsplit(origin).hostname or "" for origin, names in missing.items() if not names]
    begun = [names for origin, names in missing.items() if 0 < len(names) < len(doors[origin])]
    address = f"{settings.public_origin}{CALLBACK}{platform}"
    guide = f"Step by step: {settings.public_origin}/docs/{guide_to(platform)}"
    if ready and not begun:
        words = f"ready ({', '.join(ready)})" if connector.doors else "ready"
        if connector.settings and connector.oauth:
            words += f"; the app there must know {address} as redirect address."
        return Finding(title, True, words)
    lacking = " or ".join(" and ".join(names) for names in begun or missing.values())
    if begun:
        return Finding(title, False, f"set {lacking} as well, or nothing of that app. {guide}")
    words = (
        f"to publish with live keys make an app at {title} that knows {address} as redirect address, and set "
        f"{lacking}. Test keys publish in the sandbox and need nothing. {guide}"
    )
    return Finding(title, None, words)

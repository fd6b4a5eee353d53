"""What is wrong with an installation, each finding with its remedy. It looks; all it writes, it takes away again."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import asyncpg

from layers.connector import Connector
from layers.content.media import MAX_VIDEO_BYTES
from layers.dashboard.pages import ROOT, is_built
from layers.db import schema
from layers.db.pool import DATABASE_AWAY, Connection, connect
from layers.docs.sources import library
from layers.kit.times import utc_now
from layers.platforms import CONNECTORS
from layers.publishing.health import ALIVE, DISPATCH, LATE
from layers.settings import Settings, SettingsError
from layers.social_accounts.oauth import CALLBACK
from layers.storage import StorageError, open_storage
from layers.vault import VaultError, key_file, open_vault

OLDEST_SERVER = 15
LITTLE_ROOM = 2 * MAX_VIDEO_BYTES
"""Bytes free below which the next large video may find no room: it lies there twice for a moment."""
MOST_SKEW = timedelta(seconds=2)
WAITING = """
SELECT (SELECT count(*) FROM scheduled_posts WHERE outcome_unknown) AS unknown,
    (SELECT count(*) FROM social_accounts WHERE status = 'reauth_required') AS reauth
"""
_OTHERWISE = "sealed_secrets IS NOT NULL AND substring(sealed_secrets FROM 1 FOR 9) <> ALL ($1::bytea[])"
SEALED_OTHERWISE = f"""
SELECT (SELECT count(*) FROM social_accounts WHERE {_OTHERWISE}) AS accounts,
    (SELECT count(*) FROM webhook_endpoints WHERE {_OTHERWISE}) AS endpoints
"""
"""Counts what was sealed with other keys than those whose seals begin with one of $1: eight digits and a colon."""


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
    secrets, key_ids = _secrets(settings)
    return [
        *await _database(url, key_ids),
        *_data_dir(settings),
        await _storage(settings),
        secrets,
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


async def _database(url: str, key_ids: list[bytes] | None) -> list[Finding]:
    try:
        async with _connected(url) as connection:
            fits = await _schema(connection)
            found = [_server(connection), fits, *await _clock(connection)]
            if not fits.ok:
                return found
            return [*found, *await _dispatch(connection), *await _seals(connection, key_ids)]
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


async def _clock(connection: Connection) -> list[Finding]:
    """Compare this machine's clock with the database's; what the question took is given to this one."""
    before = utc_now()
    there = await connection.fetchval("SELECT clock_timestamp()")
    ahead = max(before - there, timedelta()) or min(utc_now() - there, timedelta())
    if abs(ahead) < MOST_SKEW:
        return []
    way = "ahead of" if ahead > timedelta() else "behind"
    words = (
        f"this machine is {abs(ahead).total_seconds():,.0f} s {way} the database: what it is told to publish now goes"
        " out as much too late or at once, and links and webhooks carry wrong times. Keep both right by NTP (chrony,"
        " systemd-timesyncd)."
    )
    return [Finding("clock", False, words)]


async def _seals(connection: Connection, key_ids: list[bytes] | None) -> list[Finding]:
    """Look for what was sealed with a key that is not here. `key_ids` None: the keys are unusable, which is told."""
    if key_ids is None:
        return []
    row = await connection.fetchrow(SEALED_OTHERWISE, key_ids)
    assert row is not None
    counts = {"social accounts": row["accounts"], "webhook endpoints": row["endpoints"]}
    what = " and ".join(f"{count} {name}" for name, count in counts.items() if count)
    if not what:
        return []
    words = (
        f"{what} hold secrets sealed with a key that is not among these, and cannot be used. Add that key at the end of"
        " LAYERS_SECRET_KEYS, or put secret.key back into the data folder; if it is lost, reconnect the accounts and"
        " rotate the secrets."
    )
    return [Finding("sealed secrets", False, words)]


async def _dispatch(connection: Connection) -> list[Finding]:
    moving, row = await connection.fetchrow(DISPATCH, ALIVE), await connection.fetchrow(WAITING)
    assert moving is not None
    assert row is not None
    workers = (
        Finding("workers", True, f"{moving['workers']} alive")
        if moving["workers"]
        else Finding("workers", None, "none is running. Start one with `layers work` or `layers up`.")
    )
    found = [workers]
    if moving["oldest_due_at"] and moving["now"] - moving["oldest_due_at"] > LATE:
        seconds = (moving["now"] - moving["oldest_due_at"]).total_seconds()
        remedy = "Start more workers, or look into their logs." if moving["workers"] else "Start a worker."
        found.append(Finding("late posts", False, f"the oldest is due for {seconds:,.0f} s. {remedy}"))
    if row["unknown"]:
        words = f"{row['unknown']} posts have an unknown outcome. Look on the platform, then call …/resolve."
        found.append(Finding("unknown outcomes", False, words))
    if row["reauth"]:
        found.append(Finding("accounts", False, f"{row['reauth']} must be reconnected; their posts wait."))
    return found


def _data_dir(settings: Settings) -> list[Finding]:
    try:
        settings.open_data_dir()
    except SettingsError as why:
        return [Finding("data folder", False, str(why))]
    free = shutil.disk_usage(settings.data_dir).free
    words = f"{free / 1e9:,.1f} GB free in {settings.data_dir}"
    if free >= LITTLE_ROOM:
        return [Finding("room", True, words)]
    remedy = "What comes in is kept there first. Make room, or set LAYERS_DATA_DIR to a larger disk."
    return [Finding("room", False, f"{words}. {remedy}")]


async def _storage(settings: Settings) -> Finding:
    try:
        await open_storage(settings.storage_url, settings.data_dir).check()
    except (StorageError, OSError) as why:
        name = "LAYERS_STORAGE_URL" if settings.storage_url else "LAYERS_DATA_DIR"
        words = f"{why}. Check {name}, and that this user may write there."
        return Finding("media storage", False, words.replace("..", "."))
    return Finding("media storage", True, settings.storage_url or str(settings.data_dir / "media"))


def _secrets(settings: Settings) -> tuple[Finding, list[bytes] | None]:
    """Look at the keys; also returns what seals begin with that they open, None if they are unusable."""
    file = key_file(settings.data_dir)
    if not settings.secret_keys and not file.exists():
        return Finding("secret keys", None, f"none yet; the first start makes one in {file}."), []
    try:
        key_ids = open_vault(settings.secret_keys, settings.data_dir).key_ids
    except VaultError as why:
        return Finding("secret keys", False, str(why)), None
    except OSError as why:
        words = f"{file} cannot be read ({why.strerror}). It must belong to the user that runs Layers."
        return Finding("secret keys", False, words), None
    if settings.secret_keys:
        return Finding("secret keys", True, "from LAYERS_SECRET_KEYS"), key_ids
    words = f"{file}; back it up: without it no account can be used again."
    return Finding("secret keys", True, words), key_ids


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

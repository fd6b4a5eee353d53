"""The API, composed: routes of every slice, the layers around them, and what they share."""

import asyncio
import json
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import aiohttp
import structlog
from litestar import Litestar, MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from layers import __version__
from layers.access import routes as access
from layers.access.caller import authentication, provide_call
from layers.access.notes import Notes, writing
from layers.api import errors
from layers.api.conditional import conditional
from layers.api.context import body_of
from layers.api.envelope import RETRY_SECONDS, Envelope, exception_handlers, respond
from layers.api.multipart import Form, FormLimits, receive_form
from layers.api.openapi.document import Document
from layers.api.routes import open_to_all
from layers.api.transaction import refuse_announced, transaction
from layers.content import routes as content
from layers.content import upload_routes
from layers.content.media import MAX_VIDEO_BYTES
from layers.content.staging import sweep
from layers.content.uploads import Harbour
from layers.dashboard import routes as dashboard
from layers.dashboard.commands import Attempts
from layers.dashboard.pages import Dashboard
from layers.db import schema
from layers.db.pool import DATABASE_AWAY, STATEMENT_SECONDS, Pool, open_pool
from layers.docs.serving import Documentation
from layers.kit.safe_headers import Header, safe_headers, with_safe
from layers.live import routes as stream
from layers.live import schemas as streamed
from layers.live.follower import following
from layers.loopback import loopback_server
from layers.monitoring import Monitor, metrics
from layers.outbound import Outbound, open_fetcher
from layers.platforms import CONNECTORS
from layers.projects import routes as projects
from layers.publishing import catalog, handoff, health
from layers.publishing import routes as publishing
from layers.publishing.credentials import Credentials
from layers.publishing.lanes import Nudger
from layers.sandbox.app import CONSENT_PATHS, create_sandbox
from layers.sandbox.fake import Bounds, OutOfBounds, on_this_machine
from layers.settings import Settings
from layers.signing import LinkSigner
from layers.social_accounts import routes as social_accounts
from layers.social_accounts.commands import Connecting
from layers.social_accounts.oauth import CALLBACK
from layers.social_accounts.store import is_awaited
from layers.storage import Storage, StorageError, open_storage
from layers.vault import Vault, open_vault
from layers.webhooks import payloads
from layers.webhooks import routes as webhooks
from layers.webhooks.commands import Terms

log = structlog.get_logger("layers.app")
FORM = FormLimits(
    text_fields=frozenset({"caption", "firstComment"}),
    file_fields=frozenset({"files"}),
    max_files=10,
    max_file_bytes=MAX_VIDEO_BYTES,
    max_total_bytes=2 * MAX_VIDEO_BYTES,
)
CONNECT_READ_SECONDS = 15.0
SANDBOX = "/sandbox"
ASSETS = "/v1/assets/"
PLATFORM_SETTINGS = frozenset(
    f"{platform.upper()}_{name}"
    for platform, connector in CONNECTORS.items()
    for name in (*connector.settings, "BASE_URL")
)
"""Variables that belong to platforms, without the prefix `LAYERS_`."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the API and the workers of one process both need."""

    settings: Settings
    url: str
    vault: Vault
    signer: LinkSigner
    storage: Storage


def share(settings: Settings, url: str) -> Shared:
    """Open keys and storage. Raises SettingsError, VaultError or StorageError with the remedy."""
    settings.open_data_dir()
    vault = open_vault(settings.secret_keys, settings.data_dir)
    signer = LinkSigner(vault.derive("signed links"))
    return Shared(settings, url, vault, signer, open_storage(settings.storage_url, settings.data_dir))


def harbour_of(shared: Shared) -> Harbour:
    """Return where media arrives; its folder for temporary files is made, and cleared of what dead processes left."""
    settings = shared.settings
    folder = settings.data_dir / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    return Harbour(
        shared.storage, shared.signer, settings.public_origin, folder, settings.allow_private_networks
    )


@get("/health/live", opt=open_to_all(), operation_id="health.live")
async def live() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@get(
    "/health/ready",
    opt=open_to_all(also={503: "The database is away, or its schema is of another release."}),
    operation_id="health.ready",
)
async def ready(state: State) -> Response[dict[str, object]]:
    """Say whether the database answers and has the right schema."""
    try:
        async with cast("Pool", state["pool"]).acquire(timeout=3) as connection:
            await schema.check(connection)
    except (schema.SchemaMismatch, *DATABASE_AWAY) as fault:
        return Response({"status": "unavailable", "reason": str(fault) or repr(fault)}, status_code=503)
    return Response({"status": "ok"})


@get("/openapi.json", opt=open_to_all(polled=True), operation_id="meta.getOpenapi")
async def openapi_document() -> Response[Any]:
    """Return the contract as an OpenAPI 3.1 document: this one."""
    return Response(contract().encode(), media_type=MediaType.JSON)


ROUTES = [
    *(live, ready, metrics, openapi_document, *health.ROUTES),
    *access.ROUTES,
    *catalog.ROUTES,
    *projects.ROUTES,
    *content.ROUTES,
    *upload_routes.ROUTES,
    *social_accounts.ROUTES,
    *publishing.ROUTES,
    *handoff.ROUTES,
    *webhooks.ROUTES,
    *dashboard.ROUTES,
    *stream.ROUTES,
]


@cache
def contract() -> str:
    """Return the contract, as it is served, printed and committed."""
    document = Document(ROUTES, FORM, payloads.DATA, streamed.TOLD).build(__version__)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def create_app(shared: Shared) -> ASGIApp:
    """Return the API as an ASGI application; its lifespan opens and closes the pool."""
    settings = shared.settings
    harbour = harbour_of(shared)
    pages = SandboxPages(safe_headers(settings.public_origin), consent_only=bool(settings.public_url))

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None]:
        pool = await open_pool(shared.url, settings.database_connections, "layers api", STATEMENT_SECONDS)
        outbound = Outbound(shared.storage, settings.allow_private_networks, CONNECT_READ_SECONDS)
        sandbox = create_sandbox(pool, bounds=sandbox_bounds(settings, pool))
        try:
            async with (
                loopback_server(sandbox) as sandbox_origin,
                writing(pool, app.state["notes"]),
                following(pool) as follower,
            ):
                credentials = Credentials(pool, shared.vault, outbound, settings, sandbox_origin)
                shown_at = f"{settings.public_origin}{SANDBOX}" if settings.sandbox_pages else None
                app.state["pool"] = pool
                app.state["follower"] = follower
                app.state["monitor"] = Monitor(pool)
                app.state["nudge"] = Nudger(pool).nudge
                app.state["connecting"] = Connecting(pool, credentials, shown_at)
                pages.app = cast("ASGIApp", sandbox) if shown_at else None
                yield
        finally:
            await outbound.close()
            await pool.close()

    app = Litestar(
        route_handlers=ROUTES,
        middleware=[authentication, conditional, transaction],
        dependencies={"call": Provide(provide_call, sync_to_thread=False)},
        exception_handlers=cast("Any", {**exception_handlers(), StorageError: _on_storage_away}),
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
        state=State(
            {
                "settings": settings,
                "public_origin": settings.public_origin,
                "signer": shared.signer,
                "vault": shared.vault,
                "notes": Notes(),
                "attempts": Attempts(),
                "storage": shared.storage,
                "harbour": harbour,
                "webhook_terms": Terms(shared.vault, settings.allow_private_networks),
                "receive_upload": _receiver(harbour.folder),
                "forget_objects": _forgetter(shared.storage),
            }
        ),
    )
    refuse_undeclared(app)
    inside = cast("ASGIApp", Envelope(Documentation(cast("ASGIApp", app)), pages.safe))
    pages.otherwise = cast("ASGIApp", Dashboard(inside, shared.storage, settings.public_origin, pages.safe))
    return pages


def _on_storage_away(request: Request[Any, Any, Any], fault: StorageError) -> Response[Any]:
    log.error("object store failed", error=str(fault))
    words = "The media store does not answer, or has no room. Repeat the request later."
    return respond(request, errors.Unavailable(words, headers={"Retry-After": str(RETRY_SECONDS)}))


def sandbox_bounds(settings: Settings, pool: Pool) -> Bounds:
    """Keep this installation's sandbox to itself: people go back to our callback while an authorization waits for
    them, media is fetched from our own assets.
    """
    callback, assets = f"{settings.public_origin}{CALLBACK}", f"{settings.public_origin}{ASSETS}"

    async def return_fault(platform: str, uri: str, state: str | None) -> str | None:
        if uri != callback + platform:
            return f"redirect_uri must be {callback}{platform}: no other is registered here."
        if not await is_awaited(pool, state or "", platform):
            return "This link was used already, has expired, or was never made."
        return None

    def session_for(url: str) -> aiohttp.ClientSession:
        if not url.startswith(assets):
            raise OutOfBounds(url)
        return open_fetcher(guarded=False)

    return Bounds(return_fault, session_for)


def open_bounds(settings: Settings, redirect_uris: Collection[str]) -> Bounds:
    """Let a sandbox served by itself send people to this machine and the addresses given, and fetch media from where
    Layers itself would.
    """
    assets = f"{settings.public_origin}{ASSETS}"

    async def return_fault(_platform: str, uri: str, _state: str | None) -> str | None:
        if on_this_machine(uri) or uri in redirect_uris:
            return None
        return f"{uri} is not registered: name it with `layers sandbox serve --redirect-uri`."

    def session_for(url: str) -> aiohttp.ClientSession:
        return open_fetcher(guarded=not (settings.allow_private_networks or url.startswith(assets)))

    return Bounds(return_fault, session_for)


class SandboxPages:
    """Serves the sandbox under /sandbox, the API otherwise.

    With `consent_only` the world can reach it: then no more of it is shown than where a person consents, which does
    nothing without an authorization that an API key began.
    """

    def __init__(self, safe: tuple[Header, ...], *, consent_only: bool) -> None:
        self.safe, self.consent_only = safe, consent_only
        self.app: ASGIApp | None = None
        self.otherwise: ASGIApp

    def _shows(self, path: str) -> bool:
        return path.startswith(f"{SANDBOX}/") and (
            not self.consent_only or path.removeprefix(SANDBOX).rstrip("/") in CONSENT_PATHS
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope["path"] if scope["type"] == "http" else ""
        if self.app is None or not self._shows(path):
            await self.otherwise(scope, receive, send)
            return
        inner = {**scope, "path": path[len(SANDBOX) :], "raw_path": path[len(SANDBOX) :].encode()}

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = with_safe(message["headers"], self.safe)
            await send(message)

        await self.app(cast("Scope", {**inner, "root_path": SANDBOX}), receive, send_safely)


def refuse_undeclared(app: Litestar) -> None:
    """Fail at start, not at a request, when a route says neither which scope it needs nor that it is open."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if (
                "open" not in handler.opt
                and "scope" not in handler.opt
                and handler.fn.__module__.startswith("layers")
            ):
                raise RuntimeError(f"{route.path} declares no scope")


def _receiver(folder: Path) -> Any:
    async def receive_upload(scope: Scope, receive: Receive) -> Form:
        refuse_announced(scope, FORM.max_total_bytes)
        content_type = next(v.decode("latin-1") for k, v in scope["headers"] if k == b"content-type")
        return await receive_form(content_type, body_of(receive), folder, FORM)

    return receive_upload


def _forgetter(storage: Storage) -> Any:
    running: set[asyncio.Task[None]] = set()

    async def forget(keys: list[str]) -> None:
        for key in keys:
            try:
                await storage.delete(key)
            except (StorageError, OSError) as fault:
                log.warning("object left behind", key=key, error=repr(fault))

    def forget_objects(keys: list[str]) -> None:
        task = asyncio.get_running_loop().create_task(forget(keys))
        running.add(task)
        task.add_done_callback(running.discard)

    return forget_objects

"""The sandbox as one HTTP app: every fake platform under its name, a page of what is public, the fault
control.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from html import escape
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

import msgspec
from litestar import Litestar, Response, Router, get
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.types import ASGIApp

import layers.sandbox
from layers.connector import Identity
from layers.db.pool import Pool
from layers.kit import html
from layers.kit.times import iso_z
from layers.sandbox.fake import Bounds, Fake, HttpRequest, Item, ItemMedia, ItemState, Refused, World, respond
from layers.sandbox.faults import Board, Interference, Struck, answer_struck, control_routes
from layers.sandbox.media import HEAD, sniff
from layers.sandbox.oauth import CONSENT
from layers.sandbox.state import State

MOST_ITEMS = 1000
THIS_MACHINE = Bounds()


def _discover() -> Mapping[str, Fake]:
    names = [module.name for module in iter_modules(layers.sandbox.__path__) if module.name != "app"]
    modules = [import_module(f"layers.sandbox.{name}") for name in names]
    found: list[Fake] = [module.FAKE for module in modules if hasattr(module, "FAKE")]
    return MappingProxyType({fake.name: fake for fake in found})


FAKES: Mapping[str, Fake] = _discover()
CONSENT_PATHS = frozenset(
    f"/{fake.name}{path}"
    for fake in FAKES.values()
    for route in fake.routes
    if route.opt.get(CONSENT)
    for path in route.paths
)
"""Where people consent."""

SIGN_UPS: Mapping[str, Callable[[State, str], Awaitable[Identity]]] = MappingProxyType(
    {name: fake.sign_up for name, fake in FAKES.items()}
)
"""By platform, what makes or finds a user and gives fresh tokens."""


async def sign_up(pool: Pool, platform: str, handle: str) -> Identity:
    """Make or find the sandbox user `handle`, with fresh tokens as that platform's connector keeps them.

    Works on the database alone, no server need run. Raises KeyError for a platform the sandbox does not
    fake.
    """
    if platform not in SIGN_UPS:
        raise KeyError(f"The sandbox has no {platform}; it has {', '.join(sorted(SIGN_UPS))}.")
    return await SIGN_UPS[platform](State(pool), handle)


def create_sandbox(pool: Pool, processing_seconds: float = 1.0, bounds: Bounds = THIS_MACHINE) -> Litestar:
    """Return the app. Platforms that process a post before it is public take `processing_seconds` for it."""
    world = World(State(pool), timedelta(seconds=processing_seconds), bounds)
    board = Board(world.state)

    async def resume() -> None:
        for fake in FAKES.values():
            await fake.resume(world)

    return Litestar(
        [
            *(_router(fake, board) for fake in FAKES.values()),
            *control_routes(board, frozenset(FAKES)),
            *_public_routes(world),
        ],
        dependencies={"world": Provide(lambda: world, sync_to_thread=False)},
        on_startup=[resume],
        on_shutdown=[world.close],
        request_max_body_size=None,
        openapi_config=None,
        logging_config=None,
    )


def _router(fake: Fake, board: Board) -> Router:
    def interfere(app: ASGIApp) -> ASGIApp:
        return Interference(app, fake, board)

    return Router(
        f"/{fake.name}",
        route_handlers=list(fake.routes),
        middleware=[interfere],
        exception_handlers={Refused: _answer_refused, Struck: answer_struck(fake)},
    )


def _answer_refused(_request: HttpRequest, refused: Refused) -> Response[bytes]:
    return respond(refused.answer)


# What is public -----------------------------------------------------------------------------------


def _public_routes(world: World) -> list[HTTPRouteHandler]:
    @get("/posts.json")
    async def posts_json(
        limit: FromQuery[int] = 100,
        owner: FromQuery[str | None] = None,
        platform: FromQuery[str | None] = None,
    ) -> Response[bytes]:
        body = msgspec.json.encode({"items": await _items(world, limit, owner, platform)})
        return Response(body, media_type="application/json")

    @get("/posts")
    async def posts(
        request: HttpRequest,
        limit: FromQuery[int] = 100,
        owner: FromQuery[str | None] = None,
        platform: FromQuery[str | None] = None,
    ) -> Response[str]:
        items = await _items(world, limit, owner, platform)
        return Response(
            _page(items, _outcome(request.query_params)),
            headers=html.headers("img-src 'self'"),
            media_type="text/html",
        )

    @get("/blobs/{sha256:str}")
    async def blob(sha256: FromPath[str]) -> Response[bytes]:
        content = await world.state.blob(sha256)
        if content is None:
            raise NotFoundException("No such blob.")
        headers = {
            "x-content-type-options": "nosniff",
            "cache-control": "public, max-age=31536000, immutable",
        }
        media_type = sniff(content[:HEAD]) or "application/octet-stream"
        return Response(content, media_type=media_type, headers=headers)

    return [posts_json, posts, blob]


async def _items(world: World, limit: int, owner: str | None, platform: str | None) -> list[Item]:
    limit = max(1, min(limit, MOST_ITEMS))
    chosen = [fake for name, fake in FAKES.items() if platform in (None, name)]
    lists = await asyncio.gather(*(fake.items(world, owner, limit) for fake in chosen))
    newest_first = sorted(
        (item for found in lists for item in found), key=lambda i: i.created_at, reverse=True
    )
    return newest_first[:limit]


MARKS: Mapping[ItemState, str] = {"public": "good", "processing": "wait"}


def _outcome(query: Mapping[str, str]) -> str:
    """Say how a consent ended, to whoever was sent back to this page from one."""
    if query.get("status") == "success":
        return '<p class="good" role="status"><b>The account is connected.</b></p>'
    if error := query.get("layers_oauth_error"):
        return f'<p class="bad" role="status"><b>The account is not connected: {escape(error)}.</b></p>'
    return ""


def _page(items: list[Item], outcome: str) -> str:
    count = f"{len(items)} post{'' if len(items) == 1 else 's'}, newest first." if items else "Nothing yet."
    inside = f"""<h1>What the sandbox platforms show</h1>
{outcome}
<p class="quiet">{count} No real platform was touched.</p>
{"".join(map(_article, items))}"""
    return html.page("Sandbox: posts", inside, badge="SANDBOX")


def _article(item: Item) -> str:
    caption = f'<p class="text">{escape(item.caption)}</p>' if item.caption else ""
    media = "".join(_medium(medium, item) for medium in item.media)
    shown = f'<div class="media">{media}</div>' if media else ""
    comments = "".join(f"<li>{escape(comment)}</li>" for comment in item.comments)
    below = f'<ul class="comments" aria-label="Comments">{comments}</ul>' if comments else ""
    at = f'<time datetime="{iso_z(item.created_at)}">{item.created_at:%d %b %Y, %H:%M:%S} UTC</time>'
    return f"""<article class="card"><header><b>@{escape(item.handle)}</b>
<span class="badge {MARKS.get(item.state, "")}">{item.state}</span>
<small>on {escape(item.platform)} · {at}</small></header>
{caption}{shown}{below}<code>{escape(item.id)}</code></article>
"""


def _medium(medium: ItemMedia, item: Item) -> str:
    if medium.kept and medium.sha256:
        words = f"Image posted by {item.handle}"
        return f'<img src="blobs/{medium.sha256}" alt="{escape(words)}" loading="lazy">'
    return f"<span>{medium.kind}<br>{medium.size_bytes:,} bytes</span>"

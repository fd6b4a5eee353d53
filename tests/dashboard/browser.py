"""Driving the dashboard as a person would: a headless Chromium, an installation, and who is signed in."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

import aiohttp
from dashboard_build import Sources
from layers_sdk import AsyncLayers
from litestar.types import ASGIApp
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

from installation import free_port, serving, working
from layers.access.commands import create_first_key
from layers.access.keys import EVERYTHING
from layers.app import Shared, create_app, share
from layers.dashboard.pages import Dashboard
from layers.db.pool import Pool, open_pool
from layers.kit.safe_headers import safe_headers
from layers.settings import Settings

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SIZES = {1280: 800, 390: 844}
"""Widths that pages are looked at, and how high the window is then."""
PATIENCE = 15_000
"""Milliseconds a page may take to show what is expected of it."""
MISSING = "There is no Chromium: `make browser` installs it (apt-get install chromium)."
expect.set_options(timeout=PATIENCE)
Theme = Literal["light", "dark"]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run the system's Chromium while the block runs."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, MISSING
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield opened
        await opened.close()


@dataclass
class Site:
    """An installation and a browser to look at it with."""

    origin: str
    pool: Pool
    browser: Browser
    keys: dict[AsyncLayers, str] = field(default_factory=dict[AsyncLayers, str])
    contexts: list[BrowserContext] = field(default_factory=list[BrowserContext])
    complaints: list[str] = field(default_factory=list[str])

    async def someone(self, organization: str, *scopes: str) -> AsyncLayers:
        """Let somebody in with a new test key; without scopes they may do everything."""
        made = await create_first_key(
            self.pool,
            organization=organization,
            environment="test",
            scopes=list(scopes) or [EVERYTHING],
            return_hosts=[],
        )
        layers = AsyncLayers(made.key, base_url=self.origin)
        self.keys[layers] = made.key
        return layers

    async def visit(
        self, path: str, caller: AsyncLayers | None = None, width: int = 1280, theme: Theme = "light"
    ) -> Page:
        """Open a page of the dashboard in a browser of its own, signed in as `caller`."""
        context = await self.browser.new_context(
            base_url=self.origin,
            viewport={"width": width, "height": SIZES[width]},
            color_scheme=theme,
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="America/New_York",
        )
        context.set_default_timeout(PATIENCE)
        self.contexts.append(context)
        if caller is not None:
            signed_in = await context.request.post(
                "/dashboard/session", data={"key": self.keys[caller]}, headers={"X-Layers-Session": "1"}
            )
            assert signed_in.ok, await signed_in.text()
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        await page.goto(f"/dashboard/{path}")
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        # The browser reports each refusal of the API too; the page says it in words, and tests read those.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    async def strike(self, platform: str, path: str, action: str, times: int = 1) -> None:
        """Let the sandbox strike calls to a platform; `calm` ends it."""
        fault = {"platform": platform, "path": path, "action": action, "times": times}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.origin}/sandbox/control/faults", json=fault) as answer,
        ):
            assert answer.ok, await answer.text()

    async def calm(self) -> None:
        """Let nothing strike any more."""
        async with (
            aiohttp.ClientSession() as session,
            session.delete(f"{self.origin}/sandbox/control/faults") as answer,
        ):
            assert answer.ok, await answer.text()

    async def close_pages(self) -> None:
        """Close what was opened. No page may have complained."""
        for context in self.contexts:
            await context.close()
        complaints = self.complaints.copy()
        self.contexts.clear()
        self.complaints.clear()
        assert complaints == []


@asynccontextmanager
async def open_site(url: str, folder: Path, browser: Browser, sources: Sources) -> AsyncIterator[Site]:
    """Serve an installation with the built dashboard, and work for it, while the block runs."""
    settings = Settings(data_dir=folder, allow_private_networks=True, port=free_port())
    shared = share(settings, url)
    pool = await open_pool(url, 2, "layers dashboard tests")
    async with serving(shared, settings.port, _with_page(shared, sources.static)) as origin, working(shared):
        site = Site(origin, pool, browser)
        yield site
        for layers in site.keys:
            await layers.aclose()
    await pool.close()


def _with_page(shared: Shared, folder: Path) -> ASGIApp:
    """Put the page of this run in front of the API."""
    origin = shared.settings.public_origin
    inside = create_app(shared)
    return cast("ASGIApp", Dashboard(inside, shared.storage, origin, safe_headers(origin), folder))

"""Every page, in both themes and at both widths: nobody is kept out (axe finds nothing), and nothing sticks out."""

from collections.abc import Awaitable, Callable

import pytest
from browser import SIZES, Site
from dashboard_build import Sources
from layers_sdk import AsyncLayers
from playwright.async_api import Page, expect
from seed import World


async def review(page: Page, world: World) -> None:
    """What waits, the first one shown."""
    await page.goto(f"/dashboard/{world.project}/review")
    await page.get_by_role("article", name="Under review").wait_for()


async def reject(page: Page, world: World) -> None:
    """The question before a rejection."""
    await review(page, world)
    await page.keyboard.press("r")
    await page.get_by_label("Reason").wait_for()


async def compose(page: Page, world: World) -> None:
    """Words, two accounts, one of them adjusted, a time."""
    await page.goto(f"/dashboard/{world.other_project}/compose")
    await page.get_by_label("Caption", exact=True).fill("Above the treeline. #fjord")
    await page.locator("label", has_text="Later").click()
    await expect(page.get_by_role("group", name="Instagram").get_by_role("button").first).to_be_disabled()


async def nothing_waits(page: Page, world: World) -> None:
    """An empty page."""
    await page.goto(f"/dashboard/{world.other_project}/review")
    await page.get_by_role("heading", name="Nothing to review").wait_for()


async def calendar(page: Page, world: World) -> None:
    """The month, with posts on it."""
    await page.goto(f"/dashboard/{world.project}/calendar?view=month")
    await page.locator(".chip").first.wait_for()


async def week(page: Page, world: World) -> None:
    """The week."""
    await page.goto(f"/dashboard/{world.project}/calendar?view=week")
    await page.locator(".hours .chip").first.wait_for()


async def agenda(page: Page, world: World) -> None:
    """The list of a month."""
    await page.goto(f"/dashboard/{world.project}/calendar?view=list")
    await page.locator(".list li").first.wait_for()


async def failed_post(page: Page, world: World) -> None:
    """A post that failed, and its story."""
    await page.goto(f"/dashboard/{world.project}/posts/{world.posts['failed']}")
    await page.get_by_role("heading", name="What happened").wait_for()
    await page.get_by_text("Details").first.click()


async def accounts(page: Page, world: World) -> None:
    """How accounts are."""
    await page.goto(f"/dashboard/{world.project}/accounts")
    await page.get_by_text("Posts left today").first.wait_for()


async def connect(page: Page, world: World) -> None:
    """The ways to connect one."""
    await accounts(page, world)
    await page.get_by_role("button", name="Connect an account").click()
    await page.get_by_role("dialog").get_by_role("button", name="Instagram").click()
    await page.get_by_role("button", name="Go to the sandbox").wait_for()


async def settings(page: Page, world: World) -> None:
    """Of the project."""
    await page.goto(f"/dashboard/{world.project}/settings")
    await page.get_by_label("Seconds to think again").wait_for()


async def policy(page: Page, world: World) -> None:
    """Of approval."""
    await page.goto(f"/dashboard/{world.project}/settings/approval")
    await page.get_by_label("Content needs an approval").wait_for()


async def keys(page: Page, world: World) -> None:
    """A key being made."""
    await page.goto(f"/dashboard/{world.project}/settings/keys")
    await page.get_by_role("list", name="Keys").wait_for()
    await page.get_by_role("button", name="Make a key").click()


async def audit(page: Page, world: World) -> None:
    """What was done."""
    await page.goto(f"/dashboard/{world.project}/settings/audit")
    await page.get_by_role("list", name="Audit log").locator("summary").first.click()


PAGES: dict[str, Callable[[Page, World], Awaitable[None]]] = {
    "review": review,
    "reject": reject,
    "compose": compose,
    "nothing waits": nothing_waits,
    "calendar": calendar,
    "week": week,
    "agenda": agenda,
    "failed post": failed_post,
    "accounts": accounts,
    "connect": connect,
    "settings": settings,
    "policy": policy,
    "keys": keys,
    "audit": audit,
}


@pytest.fixture(scope="session")
def axe(sources: Sources) -> str:
    """The script of axe."""
    return (sources.folder.parent / "node_modules/axe-core/axe.min.js").read_text()


async def findings(page: Page, axe: str, *rules: str) -> list[str]:
    """What axe finds by the rules, or by all: the rule and where."""
    if not await page.evaluate("typeof axe !== 'undefined'"):
        await page.evaluate(axe)
    found = await page.evaluate(
        "rules => axe.run({ resultTypes: ['violations'], ...(rules.length && { runOnly: rules }) })", rules
    )
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


async def overflow(page: Page) -> tuple[int, int]:
    """How many pixels the page is wider and higher than the window: its parts scroll, it does not."""
    size = "[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"
    wider, higher = await page.evaluate(size)
    return max(wider, 0), max(higher, 0)


@pytest.mark.parametrize("width", SIZES)
async def test_pages_are_open_to_everybody(
    site: Site, world: World, owner: AsyncLayers, axe: str, width: int
):
    page = await site.visit("", owner, width=width)
    found: dict[str, list[str]] = {}
    for name, show in PAGES.items():
        await show(page, world)
        found[name] = await findings(page, axe)
        if width == max(SIZES):  # all that a theme changes is colours, and they are the same at every width
            await page.emulate_media(color_scheme="dark")
            found[f"{name}, dark"] = await findings(page, axe, "color-contrast")
            await page.emulate_media(color_scheme="light")
        assert await overflow(page) == (0, 0), name
    assert {name: faults for name, faults in found.items() if faults} == {}


async def test_the_door_is_open_to_everybody(site: Site, axe: str):
    page = await site.visit("")
    await page.get_by_label("API key").wait_for()
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        assert await findings(page, axe) == []

"""Signing in by key and by link, what one sees then, and signing out."""

from browser import Site
from layers_sdk import AsyncLayers
from playwright.async_api import Page, expect
from seed import World

from layers.dashboard.commands import make_link

REVIEWER = ("projects:read", "content:read", "content:approve", "publish:read", "social:read")


async def nav(page: Page) -> list[str]:
    """The pages that are offered."""
    links = page.get_by_role("navigation", name="Pages").first.get_by_role("link")
    await links.first.wait_for()
    return [text.split("\n")[0] for text in await links.all_inner_texts()]


async def test_a_key_signs_in_and_out(site: Site, world: World, owner: AsyncLayers):
    page = await site.visit("")
    await page.get_by_label("API key").fill("lp_test_AAAAAAAAAAAAAAAA_no")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("Send a key as")
    await expect(page.get_by_role("alert")).to_contain_text("req_")
    await page.get_by_label("API key").fill(site.keys[owner])
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("complementary").get_by_text("Northwind", exact=True)).to_be_visible()
    await expect(page.get_by_text("test", exact=True).first).to_be_visible()
    assert await page.evaluate("document.cookie") == ""
    await page.get_by_role("button", name="Sign out").first.click()
    await expect(page.get_by_label("API key")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("API key")).to_be_visible()


async def test_a_link_signs_in_once(site: Site, world: World, owner: AsyncLayers):
    whoami = await owner.api_keys.whoami()
    async with site.pool.acquire() as tx, tx.transaction():
        made = await make_link(tx, whoami.organization_id, "test", "reviewer", [], "test")
    page = await site.visit(f"sign-in#{made.token}")
    offered = await nav(page)
    assert "Review" in offered
    assert "Compose" not in offered
    assert made.token not in page.url
    again = await site.visit(f"sign-in#{made.token}")
    await expect(again.get_by_role("alert")).to_contain_text("layers dashboard link")


async def test_scopes_decide_what_is_offered(site: Site, world: World, owner: AsyncLayers):
    reviewer = await site.someone("Northwind", *REVIEWER)
    page = await site.visit(f"{world.project}/compose", reviewer)
    await expect(page.get_by_role("heading", name="Not with this key")).to_be_visible()
    await expect(page.get_by_text("content:write")).to_be_visible()
    stranger = await site.someone("Northwind", "audit:read")
    page = await site.visit("", stranger)
    await expect(page.get_by_role("alert")).to_contain_text("projects:read")


async def test_projects_are_switched_and_remembered(site: Site, world: World, owner: AsyncLayers):
    page = await site.visit("", owner)
    switch = page.get_by_label("Project").first
    await switch.select_option(label="Northwind Coffee")
    await page.wait_for_url(f"**/dashboard/{world.project}/review")
    await page.goto("/dashboard/")
    await page.wait_for_url(f"**/dashboard/{world.project}/review")


async def test_the_theme_is_chosen_and_stays(site: Site, world: World, owner: AsyncLayers):
    page = await site.visit(f"{world.project}/review", owner)
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = await page.evaluate(ground)
    await page.get_by_role("button", name="dark", exact=True).click()
    dark = await page.evaluate(ground)
    assert dark != light
    await page.reload()
    assert await page.evaluate(ground) == dark


async def test_the_first_project_is_made_here(site: Site):
    page = await site.visit("", await site.someone("Newcomer"))
    await page.get_by_label("Name").fill("First")
    await page.get_by_label("Time zone").select_option("Europe/Berlin")
    await page.get_by_role("button", name="Create the project").click()
    await expect(page.get_by_label("Project").first).to_have_text("First")

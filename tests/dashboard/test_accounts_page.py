"""Accounts: connected by consent and back, seen to be lost, connected again, given up."""

import re

from browser import Site
from playwright.async_api import Page, expect


async def consent(page: Page, handle: str) -> None:
    """Allow it on the sandbox's page."""
    await page.get_by_label("Handle").fill(handle)
    await page.get_by_role("button", name="Allow").click()


async def test_an_account_is_connected_lost_and_connected_again(site: Site):
    layers = await site.someone("Connectors")
    project = await layers.projects.create(name="Fresh", timezone="Europe/Berlin")
    page = await site.visit(f"{project.id}/accounts", layers)
    await expect(page.get_by_role("heading", name="No account yet")).to_be_visible()

    await page.get_by_role("button", name="Connect an account").first.click()
    await page.get_by_role("dialog").get_by_role("button", name="TikTok").click()
    await page.get_by_role("button", name="Go to the sandbox").click()
    await consent(page, "mira")
    await expect(page.get_by_text("The account is connected.")).to_be_visible()
    assert "layers_state" not in page.url
    card = page.get_by_role("list", name="Accounts").get_by_role("listitem")
    await expect(card).to_contain_text("mira · TikTok")
    await expect(card).to_contain_text("Posts left today")
    [account] = [one async for one in layers.social.list_accounts(project.id)]

    async with site.pool.acquire() as tx:
        await tx.execute(
            "UPDATE social_accounts SET status = 'reauth_required' WHERE id = $1", account.social_account_id
        )
    await page.reload()
    await expect(page.get_by_role("alert")).to_contain_text("One account must be reconnected.")
    await page.get_by_role("button", name="Reconnect").click()
    await consent(page, "mira")
    await expect(page.get_by_text("The account is connected.")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)
    again = [one async for one in layers.social.list_accounts(project.id)]
    assert [(one.social_account_id, one.status) for one in again] == [
        (account.social_account_id, "connected")
    ]

    await page.get_by_role("button", name="Disconnect").click()
    await page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    await expect(card).to_contain_text("its id stays the same")


async def test_who_says_no_on_the_platform_is_told_so_here(site: Site):
    layers = await site.someone("Connectors")
    project = await layers.projects.create(name="Shy", timezone="Europe/Berlin")
    page = await site.visit(f"{project.id}/accounts", layers)
    await page.get_by_role("button", name="Connect an account").first.click()
    await page.get_by_role("dialog").get_by_role("button", name="Mastodon").click()
    await page.get_by_role("button", name="Go to the sandbox").click()
    await page.get_by_role("button", name="Deny").click()
    await expect(page.get_by_role("alert")).to_contain_text(re.compile("OAUTH_DENIED|oauth_denied"))


async def test_a_made_up_name_will_do_in_the_sandbox(site: Site):
    layers = await site.someone("Connectors")
    project = await layers.projects.create(name="Quick", timezone="Europe/Berlin")
    page = await site.visit(f"{project.id}/accounts", layers)
    await page.get_by_role("button", name="Connect an account").first.click()
    await page.get_by_role("dialog").get_by_role("button", name="Bluesky").click()
    await page.get_by_role("button", name="By a made-up name").click()
    await page.get_by_label("handle").fill("ann.test")
    await page.get_by_role("dialog").get_by_role("button", name="Connect", exact=True).click()
    await expect(page.get_by_text("ann.test is connected.")).to_be_visible()
    await expect(page.get_by_role("list", name="Accounts")).to_contain_text("ann.test · Bluesky")

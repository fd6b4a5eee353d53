"""Settings: the project, its approval policy, keys, webhooks with their deliveries, the audit log."""

from browser import Site
from playwright.async_api import expect

from layers.access.keys import SCOPES


async def test_the_project_and_its_policy_are_set(site: Site):
    layers = await site.someone("Setters")
    project = await layers.projects.create(name="Before", timezone="Europe/Berlin")
    page = await site.visit(f"{project.id}/settings", layers)
    await page.get_by_label("Name").fill("After")
    await page.get_by_label("Time zone").select_option("Asia/Tokyo")
    await page.get_by_label("Seconds to think again").fill("30")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    now = await layers.projects.get(project.id)
    assert (now.name, now.timezone, now.publish_lead_seconds) == ("After", "Asia/Tokyo", 30)

    await page.get_by_role("link", name="Approval").click()
    await page.get_by_label("Content needs an approval").check()
    await page.get_by_label("Only the first so many").fill("3")
    await page.get_by_label("Approved by itself").select_option("P1D")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("from now on.", exact=False).last).to_be_visible()
    await expect(page.get_by_text("It holds for content made from now on.")).to_be_visible()
    policy = await layers.approval.get_policy(project.id)
    assert (policy.requires_approval, policy.first_n_posts_blocked, policy.auto_approve_after) == (
        True,
        3,
        "P1D",
    )

    await page.get_by_role("link", name="Audit log").click()
    log = page.get_by_role("list", name="Audit log")
    await expect(log).to_contain_text("approval_policy.updated")
    await expect(log).to_contain_text("project.updated")


async def test_a_key_is_made_shown_once_and_killed(site: Site):
    layers = await site.someone("Setters")
    project = await layers.projects.create(name="Keys", timezone="Europe/Berlin")
    page = await site.visit(f"{project.id}/settings/keys", layers)
    await page.get_by_role("button", name="Make a key").click()
    await page.get_by_label("Name").fill("For reviewers")
    offered = await page.get_by_role("group", name="It may").get_by_role("listitem").all_inner_texts()
    assert set(offered) == set(SCOPES)
    await page.get_by_role("button", name="Review", exact=True).click()
    await page.get_by_role("button", name="Make it").click()
    secret = await page.locator(".secret pre").inner_text()
    assert secret.startswith("lp_test_")
    await page.get_by_role("button", name="I have it").click()
    await expect(page.locator(".secret")).to_have_count(0)
    made = next(one for one in [k async for k in layers.api_keys.list()] if one.name == "For reviewers")
    assert set(made.scopes) == {
        "projects:read",
        "content:read",
        "content:approve",
        "publish:read",
        "social:read",
    }

    line = page.get_by_role("list", name="Keys").get_by_role("listitem").filter(has_text="For reviewers")
    await line.get_by_role("button", name="Kill").click()
    await page.get_by_role("dialog").get_by_role("button", name="Kill").click()
    await expect(line).to_contain_text("killed")


async def test_a_webhook_is_made_tested_and_its_deliveries_are_read(site: Site):
    layers = await site.someone("Setters")
    project = await layers.projects.create(name="Hooks", timezone="Europe/Berlin")
    page = await site.visit(f"{project.id}/settings/webhooks", layers)
    await expect(page.get_by_role("heading", name="Nobody is told yet")).to_be_visible()
    await page.get_by_role("button", name="Add an endpoint").click()
    await page.get_by_label("Address").fill(f"{site.origin}/nobody-is-here")
    await page.get_by_role("button", name="Add it").click()
    await expect(page.locator(".secret pre")).to_contain_text("whsec_")
    await page.get_by_role("button", name="Send a test").click()
    delivery = page.get_by_role("list", name="Deliveries").get_by_role("listitem").first
    await expect(delivery).to_contain_text("1 try")
    await delivery.get_by_text("test.ping").first.click()
    await expect(delivery).to_contain_text("404")
    await delivery.get_by_role("button", name="Send it again").click()
    await expect(page.get_by_text("It is sent again.")).to_be_visible()

    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Events are kept and wait for it.")).to_be_visible()


async def test_what_one_may_not_do_is_not_offered(site: Site):
    layers = await site.someone("Setters")
    project = await layers.projects.create(name="Closed", timezone="Europe/Berlin")
    reviewer = await site.someone("Setters", "projects:read", "content:read", "content:approve")
    page = await site.visit(f"{project.id}/settings", reviewer)
    await expect(page.get_by_label("Name")).to_be_disabled()
    await expect(page.get_by_role("button", name="Save")).to_have_count(0)
    for hidden in ("Keys", "Webhooks", "Audit log", "Accounts", "Calendar", "Compose"):
        await expect(page.get_by_role("link", name=hidden)).to_have_count(0)
    await page.goto(f"/dashboard/{project.id}/calendar")
    await expect(page.get_by_role("heading", name="Not with this key")).to_be_visible()

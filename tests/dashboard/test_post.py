"""The page of a post: its story, and what a person can do about it."""

from datetime import UTC, datetime, timedelta

from browser import Site
from layers_sdk import AsyncLayers
from playwright.async_api import expect


async def a_target(layers: AsyncLayers, platform: str) -> tuple[str, list[dict[str, str]]]:
    """Make a project with an account; returns its id and the target."""
    project = await layers.projects.create(name="Told", timezone="Europe/Berlin")
    account = await layers.social.connect_account(
        project.id, platform=platform, credential={"handle": "ann.test"}
    )
    return project.id, [{"socialAccountId": account.social_account_id, "mode": "direct_publish"}]


async def test_a_post_is_moved_and_withdrawn(site: Site):
    layers = await site.someone("Tellers")
    project_id, targets = await a_target(layers, "bluesky")
    text = await layers.content.create_text(project_id, caption="Soon")
    at = datetime.now(UTC) + timedelta(days=2)
    [post_id] = (
        await layers.publishing.schedule(text.id, scheduled_for=at, targets=targets)
    ).scheduled_post_ids
    page = await site.visit(f"{project_id}/posts/{post_id}", layers)
    await expect(page.get_by_role("status").filter(has_text="It goes out")).to_contain_text("in 2 days")

    await page.get_by_role("button", name="Reschedule").click()
    await page.get_by_label("Goes out at").fill("2020-01-01T09:00")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Reschedule").click()
    await expect(dialog).to_contain_text("at least 30 seconds")
    await page.get_by_label("Goes out at").fill(f"{at + timedelta(days=1):%Y-%m-%d}T12:00")
    await dialog.get_by_role("button", name="Reschedule").click()
    await expect(dialog).to_have_count(0)
    moved = await layers.publishing.get_scheduled_post(post_id)
    assert moved.scheduled_for.date() == (at + timedelta(days=1)).date()

    await page.get_by_role("button", name="Cancel the post").click()
    await page.get_by_label("Reason").fill("Sold out")
    await dialog.get_by_role("button", name="Cancel the post").click()
    await expect(page.locator(".story")).to_contain_text("Canceled: Sold out.")
    await expect(page.get_by_role("button", name="Reschedule")).to_have_count(0)


async def test_a_failed_post_says_why_and_is_tried_again(site: Site):
    layers = await site.someone("Tellers")
    project_id, targets = await a_target(layers, "mastodon")
    text = await layers.content.create_text(project_id, caption="Not so [fault:reject]")
    [post_id] = (await layers.publishing.publish_now(text.id, targets=targets)).scheduled_post_ids
    page = await site.visit(f"{project_id}/posts/{post_id}", layers)
    await expect(page.get_by_role("alert")).to_contain_text("refused by moderation")
    await expect(page.get_by_role("alert")).to_contain_text("PLATFORM_REFUSED")
    await page.get_by_role("button", name="Try again").click()
    await page.get_by_role("dialog").get_by_role("button", name="Try again").click()
    await expect(page.locator(".story")).to_contain_text("A person asked for another try.")


async def test_an_unknown_outcome_is_settled_by_a_person_who_sees_the_evidence(site: Site):
    layers = await site.someone("Tellers")
    project_id, targets = await a_target(layers, "bluesky")
    text = await layers.content.create_text(project_id, caption="Where am I?")
    await site.strike("bluesky", "putRecord", "lose_answer")
    await site.strike("bluesky", "Record", "unavailable", times=1000)
    [post_id] = (await layers.publishing.publish_now(text.id, targets=targets)).scheduled_post_ids
    page = await site.visit(f"{project_id}/posts/{post_id}", layers)
    await expect(page.get_by_text("An answer was lost.")).to_be_visible()
    # The words it was sent with are gone: what cannot be repeated to the letter is not repeated at all.
    await site.pool.execute("UPDATE scheduled_posts SET caption = 'Elsewhere' WHERE id = $1", post_id)
    await site.calm()
    await expect(page.get_by_role("heading", name="Is this post on Bluesky?")).to_be_visible()
    evidence = page.locator(".evidence")
    await expect(evidence).to_contain_text("post left")
    await expect(evidence).to_contain_text("No answer came.")
    await expect(evidence).to_contain_text("Not known yet whether the post is out")

    await page.get_by_role("button", name="No, it is not").click()
    await page.get_by_role("dialog").get_by_role("button", name="I looked").click()
    await expect(page.get_by_role("button", name="Try again")).to_be_visible()
    settled = await layers.publishing.get_scheduled_post(post_id)
    assert settled.last_error is not None
    assert (settled.status, settled.last_error.code) == ("failed", "NOT_PUBLISHED")

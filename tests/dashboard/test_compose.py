"""Composing: files, words, where it goes, what the server thinks of it, and off it goes."""

from pathlib import Path

import pytest
from browser import Site
from layers_sdk import AsyncLayers
from playwright.async_api import Locator, Page, expect

from layers.samples import make_image, make_video


async def a_project(layers: AsyncLayers, *platforms: str) -> str:
    """Make a project with an account on each platform."""
    project = await layers.projects.create(name="Composed", timezone="Europe/Berlin")
    for platform in platforms:
        await layers.social.connect_account(project.id, platform=platform, credential={"handle": "ann.test"})
    return project.id


def mode(page: Page, platform: str, name: str = "Publish") -> Locator:
    """The button of a platform's mode."""
    return page.get_by_role("group", name=platform).get_by_role("button", name=name, exact=True)


@pytest.fixture
async def writer(site: Site) -> AsyncLayers:
    """Somebody who composes."""
    return await site.someone("Writers")


async def test_images_are_ordered_uploaded_and_published(site: Site, writer: AsyncLayers, tmp_path: Path):
    project = await a_project(writer, "instagram", "bluesky")
    page = await site.visit(f"{project}/compose", writer)
    wide = make_image(tmp_path / "wide.jpg", size=(1350, 1080))
    tall = make_image(tmp_path / "tall.jpg")
    await page.locator("input[type=file]").set_input_files([wide, tall])
    await page.get_by_role("button", name="Move tall.jpg forward").click()
    await page.get_by_label("Caption", exact=True).fill("Both of them")
    await expect(mode(page, "Instagram", "Reel")).to_be_disabled()
    await expect(mode(page, "Instagram", "Reel")).to_have_attribute("title", "Takes video; this is carousel.")
    await mode(page, "Instagram", "Feed").click()
    await mode(page, "Bluesky").click()
    await page.get_by_role("button", name="Adjust ann.test on Bluesky").click()
    await page.get_by_label("Caption here").fill("Both, on Bluesky")
    await page.get_by_role("textbox", name="Alt texts").fill("A tall one")
    await expect(page.get_by_text("Checked, everything fits")).to_be_visible()
    await page.get_by_role("button", name="Publish now").click()
    await expect(page.get_by_text("Published", exact=True)).to_have_count(2)
    posts = {post.platform: post async for post in writer.publishing.list_scheduled_posts(project)}
    assert (posts["instagram"].caption, posts["bluesky"].caption) == ("Both of them", "Both, on Bluesky")
    [container] = [one async for one in writer.content.list(project)]
    assert [asset.height for asset in container.assets] == [1350, 1080]
    await page.get_by_role("button", name="Compose another").click()
    await expect(page.get_by_label("Caption", exact=True)).to_have_value("")


async def test_words_are_counted_and_judged_as_one_types(site: Site, writer: AsyncLayers):
    project = await a_project(writer, "bluesky", "mastodon", "instagram")
    page = await site.visit(f"{project}/compose", writer)
    await mode(page, "Bluesky").click()
    await mode(page, "Mastodon").click()
    await expect(mode(page, "Instagram", "Feed")).to_be_disabled()
    caption = page.get_by_label("Caption", exact=True)
    family = "👨‍👩‍👧"
    await caption.fill(family + "x" * 300)
    await expect(page.get_by_text("301 / 300")).to_be_visible()
    await expect(page.get_by_text("301 / 500")).to_be_visible()
    await expect(page.locator(".target-issues")).to_contain_text("has 301 of at most 300 characters")
    await expect(page.get_by_role("button", name="Publish now")).to_be_disabled()
    await caption.fill(family + "see https://northwind.example/a-very-long-address-that-counts-as-less")
    await expect(page.get_by_text("28 / 500")).to_be_visible()
    await expect(page.get_by_text("Checked, everything fits")).to_be_visible()
    await page.get_by_role("button", name="Adjust ann.test@mastodon.test on Mastodon").click()
    await page.get_by_label("Language").fill("deutsch")
    await expect(page.locator(".target-details .issue")).to_contain_text("Must look like")
    await page.get_by_label("Language").fill("de")
    await expect(page.get_by_text("Checked, everything fits")).to_be_visible()


async def test_it_is_planned_in_the_zone_of_the_project(site: Site, writer: AsyncLayers):
    project = await a_project(writer, "bluesky")
    page = await site.visit(f"{project}/compose", writer)
    await page.get_by_label("Caption", exact=True).fill("Later")
    await mode(page, "Bluesky").click()
    await page.locator("label", has_text="Later").click()
    when = page.get_by_label("Time, in Europe/Berlin")
    await when.fill("2020-06-01T12:00")
    await expect(page.get_by_text("This time is past: choose a later one, or Now")).to_be_visible()
    await when.fill("2027-06-01T12:00")
    await expect(page.get_by_text("Checked, everything fits")).to_be_visible()
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.get_by_text("It goes out Tue 1 Jun, 12:00")).to_be_visible()
    [post] = [post async for post in writer.publishing.list_scheduled_posts(project)]
    assert post.raw["scheduledFor"].startswith("2027-06-01T10:00:00")


async def test_what_needs_a_review_is_kept(site: Site, writer: AsyncLayers):
    project = await a_project(writer, "bluesky")
    await writer.approval.update_policy(project, requires_approval=True)
    page = await site.visit(f"{project}/compose", writer, width=390)
    await page.get_by_label("Caption", exact=True).fill("Ask first")
    await mode(page, "Bluesky").click()
    await page.get_by_role("button", name="Send to review").click()
    await expect(page.get_by_role("heading", name="It waits for a review")).to_be_visible()
    [container] = [one async for one in writer.content.list(project)]
    assert container.pending_schedule is not None


async def test_a_duplicate_is_explained_with_the_way_out(site: Site, writer: AsyncLayers):
    project = await a_project(writer, "bluesky")
    page = await site.visit(f"{project}/compose", writer)
    await page.get_by_label("Caption", exact=True).fill("Twice")
    await mode(page, "Bluesky").click()
    await expect(page.get_by_text("Checked, everything fits")).to_be_visible()
    [container] = [one async for one in writer.content.list(project)]
    account = (await anext(aiter(writer.social.list_accounts(project)))).social_account_id
    target = {"socialAccountId": account, "mode": "direct_publish"}
    await writer.publishing.publish_now(container.id, targets=[target])
    await page.get_by_role("button", name="Publish now").click()
    await page.get_by_role("button", name="Post it twice all the same").first.click()
    await expect(page.get_by_text("Checked, everything fits")).to_be_visible()
    await page.get_by_role("button", name="Publish now").click()
    await expect(page.get_by_text("Published", exact=True)).to_be_visible()
    assert len([post async for post in writer.publishing.list_scheduled_posts(project)]) == 2


async def test_what_is_no_media_is_refused_in_words(site: Site, writer: AsyncLayers, tmp_path: Path):
    project = await a_project(writer, "tiktok")
    page = await site.visit(f"{project}/compose", writer)
    fake = tmp_path / "clip.mp4"
    fake.write_bytes(b"not a video")
    await page.locator("input[type=file]").set_input_files(fake)
    await expect(page.get_by_role("alert")).to_contain_text("files")
    await page.get_by_role("button", name="Remove clip.mp4").click()
    await page.locator("input[type=file]").set_input_files(make_video(tmp_path / "real.mp4", seconds=1))
    await mode(page, "TikTok").click()
    await expect(page.get_by_text("Checked, everything fits")).to_be_visible()
    await page.get_by_role("button", name="Discard").click()
    await page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    await expect(page.get_by_text("Add a video or images")).to_be_visible()
    assert [one async for one in writer.content.list(project)] == []

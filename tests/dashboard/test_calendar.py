"""The calendar: what goes out when, in the project's zone, moved by dragging and by keys."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from browser import Site
from layers_sdk import AsyncLayers
from playwright.async_api import Page, expect

BERLIN = ZoneInfo("Europe/Berlin")


async def planned(layers: AsyncLayers, *times: datetime) -> tuple[str, list[str]]:
    """Make a project with an account, and a post at each time; returns its id and the posts'."""
    project = await layers.projects.create(name="Planned", timezone="Europe/Berlin")
    account = await layers.social.connect_account(
        project.id, platform="bluesky", credential={"handle": "ann.test"}
    )
    posts: list[str] = []
    for number, at in enumerate(times):
        text = await layers.content.create_text(project.id, caption=f"Number {number}")
        sent = await layers.publishing.schedule(
            text.id,
            scheduled_for=at,
            targets=[{"socialAccountId": account.social_account_id, "mode": "direct_publish"}],
        )
        posts += sent.scheduled_post_ids
    return project.id, posts


def next_month(day: int, hour: int = 9) -> datetime:
    """A time in Berlin, in the month after this one, where nothing is past."""
    first = (datetime.now(BERLIN).replace(day=1) + timedelta(days=32)).replace(day=1)
    return first.replace(day=day, hour=hour, minute=30, second=0, microsecond=0)


async def day_of(page: Page, post_id: str) -> str:
    """The day a post stands on."""
    found = page.locator(f'[data-day]:has([data-entry="{post_id}"])')
    return await found.get_attribute("data-day") or ""


async def test_a_post_is_moved_by_dragging_and_by_keys(site: Site):
    layers = await site.someone("Planners")
    at = next_month(14)
    project_id, [post_id] = await planned(layers, at)
    page = await site.visit(f"{project_id}/calendar?view=month&at={at:%Y-%m-%d}", layers)
    chip = page.locator(f'[data-entry="{post_id}"]')
    await expect(chip).to_contain_text("09:30")
    assert await day_of(page, post_id) == f"{at:%Y-%m-%d}"

    await chip.drag_to(page.locator(f'[data-day="{at:%Y-%m}-21"]'))
    await expect(page.get_by_text("Moved to")).to_be_visible()
    moved = await layers.publishing.get_scheduled_post(post_id)
    assert moved.scheduled_for == at.replace(day=21)
    await expect(page.locator(f'[data-day="{at:%Y-%m}-21"] [data-entry="{post_id}"]')).to_be_visible()

    await chip.focus()
    await page.keyboard.press("Shift+ArrowUp")
    await expect(page.locator(f'[data-day="{at:%Y-%m}-14"] [data-entry="{post_id}"]')).to_be_visible()
    assert (await layers.publishing.get_scheduled_post(post_id)).scheduled_for == at


async def test_a_refusal_is_told_in_words_and_the_post_stays(site: Site):
    layers = await site.someone("Planners")
    soon = datetime.now(BERLIN).replace(second=0, microsecond=0) + timedelta(hours=3)
    project_id, [post_id] = await planned(layers, soon)
    page = await site.visit(f"{project_id}/calendar?view=week&at={soon:%Y-%m-%d}", layers)
    chip = page.locator(f'[data-entry="{post_id}"]')
    await chip.wait_for()
    await chip.focus()
    await page.keyboard.press("Shift+ArrowLeft")
    await expect(page.get_by_role("alert")).to_contain_text("at least 30 seconds")
    kept = await layers.publishing.get_scheduled_post(post_id)
    assert kept.scheduled_for == soon
    await expect(chip).to_be_focused()


async def test_posts_in_each_other_s_way_and_days_without_any_are_seen(site: Site):
    layers = await site.someone("Planners")
    at = next_month(10)
    close, apart = at + timedelta(minutes=5), at + timedelta(hours=5)
    project_id, posts = await planned(layers, at, close, apart)
    page = await site.visit(f"{project_id}/calendar?view=month&at={at:%Y-%m-%d}", layers)
    warned = page.get_by_label("Close to another post")
    await expect(warned).to_have_count(2)
    await expect(page.locator(f'[data-entry="{posts[2]}"]').get_by_label("Close")).to_have_count(0)
    await expect(page.locator(f'[data-day="{at:%Y-%m}-11"][data-gap]')).to_be_visible()
    await expect(page.locator(f'[data-day="{at:%Y-%m}-10"][data-gap]')).to_have_count(0)

    await page.locator(f'[data-day="{at:%Y-%m}-10"]').get_by_role("button").first.click()
    await expect(page.locator(".list li")).to_have_count(3)
    await page.get_by_label("Status").select_option("failed")
    await expect(page.get_by_text("Nothing here that the filters let through.")).to_be_visible()


async def test_who_may_not_publish_moves_nothing(site: Site):
    layers = await site.someone("Planners")
    at = next_month(14)
    project_id, [post_id] = await planned(layers, at)
    reader = await site.someone("Planners", "projects:read", "publish:read")
    page = await site.visit(f"{project_id}/calendar?view=month&at={at:%Y-%m-%d}", reader)
    await expect(page.locator(f'[data-entry="{post_id}"]')).to_have_attribute("draggable", "false")


async def test_what_happens_elsewhere_appears_by_itself(site: Site):
    layers = await site.someone("Planners")
    at = next_month(14)
    project_id, [post_id] = await planned(layers, at)
    page = await site.visit(f"{project_id}/calendar?view=month&at={at:%Y-%m-%d}", layers)
    chip = page.locator(f'[data-entry="{post_id}"]')
    await expect(chip).to_have_attribute("data-status", "queued")
    await layers.publishing.cancel(post_id)
    await expect(chip).to_have_attribute("data-status", "canceled")

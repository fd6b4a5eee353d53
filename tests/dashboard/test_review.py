"""The review queue: what waits, as it will look, approved and rejected by keyboard."""

from pathlib import Path

from browser import Site
from layers_sdk import AsyncLayers
from playwright.async_api import Page, expect

from layers.samples import make_video


async def a_project(layers: AsyncLayers, *platforms: str) -> tuple[str, list[dict[str, str]]]:
    """Make a project that reviews, with an account on each platform; returns its id and the targets."""
    project = await layers.projects.create(name="Reviewed", timezone="Europe/Berlin")
    await layers.approval.update_policy(project.id, requires_approval=True)
    targets: list[dict[str, str]] = []
    for platform in platforms:
        account = await layers.social.connect_account(
            project.id, platform=platform, credential={"handle": "ann.test"}
        )
        targets.append({"socialAccountId": account.social_account_id, "mode": "direct_publish"})
    return project.id, targets


async def waiting(page: Page) -> list[str]:
    """Captions of what waits, in order."""
    return await page.locator(".queue-caption").all_inner_texts()


async def test_the_keyboard_reviews(site: Site):
    layers = await site.someone("Reviewers")
    project_id, targets = await a_project(layers, "bluesky")
    planned = await layers.content.create_text(project_id, caption="Planned", first_comment="First!")
    await layers.content.create_text(project_id, caption="Unplanned")
    await layers.content.create_text(project_id, caption="Bad")
    kept = await layers.publishing.schedule(planned.id, scheduled_for="2027-06-01T10:00:00Z", targets=targets)
    assert kept.gate_status == "blocked_on_approval"
    page = await site.visit(f"{project_id}/review", layers)
    under = page.get_by_role("article", name="Under review")
    await expect(under).to_contain_text("Will publish Tue 1 Jun, 12:00")
    await expect(under).to_contain_text("First!")
    assert await waiting(page) == ["Planned", "Unplanned", "Bad"]

    await page.keyboard.press("a")
    await page.get_by_label("Note").fill("Lovely")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Approved · one post queued")).to_be_visible()
    await expect(under).to_contain_text("No plan yet")
    assert await waiting(page) == ["Unplanned", "Bad"]
    [post] = [post async for post in layers.publishing.list_scheduled_posts(project_id)]
    assert (post.status, post.caption) == ("queued", "Planned")
    log = [event async for event in layers.audit.list(event_type="content.approved")]
    assert [event.data["note"] for event in log] == ["Lovely"]

    await page.keyboard.press("j")
    await expect(under).to_contain_text("Bad")
    await page.keyboard.press("k")
    await expect(under).to_contain_text("Unplanned")
    await page.keyboard.press("j")
    await page.keyboard.press("r")
    reject = page.get_by_role("button", name="Reject for good")
    await expect(reject).to_be_disabled()
    await page.get_by_label("Reason").fill("Off brand")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Rejected", exact=True)).to_be_visible()
    await expect(under).to_contain_text("Unplanned")
    [rejected] = [one async for one in layers.content.list(project_id, approval_status="rejected")]
    assert rejected.caption == "Bad"

    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("approve")
    await page.keyboard.press("Escape")
    await under.get_by_role("button", name="Approve").click()
    await page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("heading", name="All reviewed")).to_be_visible()


async def test_it_looks_as_it_will(site: Site, tmp_path: Path):
    layers = await site.someone("Reviewers")
    project_id, [tiktok, mastodon] = await a_project(layers, "tiktok", "mastodon")
    clip = make_video(tmp_path / "clip.mp4", seconds=1)
    made = await layers.content.upload(
        project_id, files=[clip], caption="A pour #slow", first_comment="94 °C"
    )
    targets = [{**tiktok, "captionOverride": "For TikTok"}, mastodon]
    await layers.publishing.schedule(made.id, scheduled_for="2027-06-01T10:00:00Z", targets=targets)
    page = await site.visit(f"{project_id}/review", layers, width=390)
    preview = page.locator(".preview")
    await expect(preview).to_contain_text("For TikTok")
    await expect(preview).not_to_contain_text("94 °C")
    await expect(page.get_by_role("article", name="Under review")).to_contain_text(
        "left out: there is no place for it"
    )
    await preview.get_by_role("button", name="Play").click()
    await expect(page.locator(".video .progress")).not_to_have_attribute("style", "scale: 0 1;")
    await preview.get_by_role("button", name="Pause").click()
    await page.keyboard.press("2")
    await expect(preview).to_contain_text("A pour #slow")
    await expect(preview).to_contain_text("94 °C")
    await expect(page.get_by_role("article", name="Under review")).to_contain_text("12 / 500")
    await expect(page.get_by_role("article", name="Under review")).to_contain_text("Everything fits")


async def test_what_does_not_fit_says_why(site: Site):
    layers = await site.someone("Reviewers")
    project_id, _ = await a_project(layers, "bluesky")
    await layers.content.create_text(project_id, caption="x" * 301)
    page = await site.visit(f"{project_id}/review", layers)
    await expect(page.get_by_role("article", name="Under review")).to_contain_text(
        "has 301 of at most 300 characters"
    )
    await expect(page.get_by_role("article", name="Under review")).to_contain_text("301 / 300")


async def test_who_may_only_look_cannot_answer(site: Site):
    layers = await site.someone("Reviewers")
    project_id, _ = await a_project(layers)
    await layers.content.create_text(project_id, caption="Wait")
    reader = await site.someone("Reviewers", "projects:read", "content:read")
    page = await site.visit(f"{project_id}/review", reader)
    await expect(page.get_by_text("content:approve")).to_be_visible()
    await page.keyboard.press("a")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_an_empty_queue_teaches_and_fills_by_itself(site: Site):
    layers = await site.someone("Reviewers")
    project = await layers.projects.create(name="Open", timezone="UTC")
    page = await site.visit(f"{project.id}/review", layers)
    await page.get_by_role("button", name="Require a review").click()
    await expect(page.get_by_text("New content waits here until somebody says yes")).to_be_visible()
    await layers.content.create_text(project.id, caption="Here I am")
    await expect(page.get_by_role("article", name="Under review")).to_contain_text("Here I am")
    await expect(page.get_by_label("1 waiting").first).to_be_visible()


async def test_a_refusal_is_told_in_words(site: Site):
    layers = await site.someone("Reviewers")
    project_id, _ = await a_project(layers)
    made = await layers.content.create_text(project_id, caption="Mine")
    page = await site.visit(f"{project_id}/review", layers)
    await page.get_by_role("article", name="Under review").wait_for()
    await page.keyboard.press("a")
    await layers.approval.approve(made.id)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("req_")


async def test_without_a_stream_it_asks_again_and_again(site: Site):
    layers = await site.someone("Reviewers")
    project_id, _ = await a_project(layers)
    page = await site.visit(f"{project_id}/review", layers)
    await page.route("**/v1/events/stream*", lambda route: route.fulfill(status=503))
    await page.clock.install()
    await page.reload()
    await expect(page.get_by_text("Refreshing")).to_be_visible()
    await page.get_by_role("heading", name="Nothing to review").wait_for()
    await layers.content.create_text(project_id, caption="At last")
    await page.clock.fast_forward(6000)
    await expect(page.get_by_role("article", name="Under review")).to_contain_text("At last")

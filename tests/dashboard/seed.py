"""A small world to look at: projects, accounts, posts in every status, and content that waits for a review.

    python tests/dashboard/seed.py --key lp_test_… [--base-url http://127.0.0.1:8787]

The key is a test key that may do everything, so that all of it happens in the sandbox.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from layers_sdk import Layers

from layers.samples import make_image, make_video

MORNING = (
    "Slow mornings start with a washed Ethiopian, 18 grams in, 36 out. What is in your cup today? "
    "#coffee #specialtycoffee #slowmornings"
)
HARVEST = (
    "The first lots of the new harvest have landed. Three farms, three very different cups, and one long evening of "
    "tasting them side by side with the people who grew them.\n\nhttps://northwind.example/harvest\n\n#newcrop #origin"
)
HOURS = "We open at seven tomorrow. The first twenty flat whites are on us. Come by, @harbourbakery brings the buns."
LATTE = "Latte art, one pour, no edits."
LONG = " ".join(
    ["A story about water, heat and patience, told in more words than some platforms have room for."] * 4
)


@dataclass
class World:
    """What was made, by names a reader of a test understands."""

    project: str
    other_project: str
    accounts: dict[str, str]
    posts: dict[str, str] = field(default_factory=dict[str, str])
    pending: dict[str, str] = field(default_factory=dict[str, str])


def seed(layers: Layers, media: Path) -> World:
    """Make the world; `media` is a folder for the files that are uploaded."""
    northwind = layers.projects.create(name="Northwind Coffee", timezone="Europe/Berlin").id
    fjord = layers.projects.create(name="Fjord Outdoor", timezone="Europe/Oslo").id
    accounts = {
        platform: layers.social.connect_account(
            northwind, platform=platform, credential={"handle": handle}
        ).social_account_id
        for platform, handle in {
            "tiktok": "northwind.coffee",
            "instagram": "northwind.coffee",
            "bluesky": "northwind.coffee",
            "mastodon": "northwind",
        }.items()
    }
    layers.social.connect_account(fjord, platform="instagram", credential={"handle": "fjord.outdoor"})
    world = World(northwind, fjord, accounts)
    clip = make_video(media / "pour.mp4", seconds=4)
    photo = make_image(media / "bar.jpg")
    wide = make_image(media / "roastery.jpg", size=(1350, 1080))
    square = make_image(media / "beans.jpg", size=(1080, 1080))
    _send(layers, world, clip, photo)
    _wait_for_review(layers, world, clip, [photo, wide, square])
    return world


def _send(layers: Layers, world: World, clip: Path, photo: Path) -> None:
    """Make posts in every status."""
    project = world.project
    video = layers.content.upload(project, files=[clip], caption=MORNING).id
    picture = layers.content.upload(project, files=[photo], caption=LATTE).id
    text = layers.content.create_text(project, caption=HOURS).id
    words = layers.content.create_text(
        project, caption="New on the shelf: decaf that does not taste like it."
    ).id
    refused = layers.content.create_text(project, caption="This one is not allowed. [fault:reject]").id
    parked = layers.content.create_text(project, caption="Patience, patience. [fault:throttle=3600]").id
    to = _targets(world)
    for name, container, targets in (
        ("published video", video, to("tiktok direct_publish", "instagram reels")),
        ("draft", picture, to("instagram draft_to_device")),
        ("published", text, to("bluesky direct_publish", "mastodon direct_publish")),
        ("failed", refused, to("mastodon direct_publish")),
        ("parked", parked, to("bluesky direct_publish")),
    ):
        sent = layers.publishing.publish_now(container, targets=targets)
        world.posts[name] = sent.scheduled_post_ids[0]
    for name, days, targets in (
        ("queued", 1, to("bluesky direct_publish")),
        ("queued later", 3, to("mastodon direct_publish")),
        ("canceled", 2, to("mastodon direct_publish")),
    ):
        at = (datetime.now(UTC) + timedelta(days=days)).replace(hour=9, minute=30, second=0, microsecond=0)
        sent = layers.publishing.schedule(words, scheduled_for=at, targets=targets)
        world.posts[name] = sent.scheduled_post_ids[0]
    layers.publishing.cancel(world.posts["canceled"], reason="Sold out before it was announced.")


def _wait_for_review(layers: Layers, world: World, clip: Path, images: list[Path]) -> None:
    """Make content that waits, some of it with a plan of what happens once it is approved."""
    project, to = world.project, _targets(world)
    layers.approval.update_policy(project, requires_approval=True)
    text = layers.content.create_text(
        project, caption=HARVEST, first_comment="Which one would you try first?"
    ).id
    long = layers.content.create_text(project, caption=LONG).id
    album = layers.content.upload(project, files=images, caption="From the bar to the beans, and back.").id
    video = layers.content.upload(
        project, files=[clip], caption=MORNING, first_comment="Recipe: 94 °C, two minutes forty."
    ).id
    at = (datetime.now(UTC) + timedelta(days=1)).replace(hour=16, minute=30, second=0, microsecond=0)
    layers.publishing.schedule(
        video,
        scheduled_for=at,
        targets=to("tiktok direct_publish", "instagram reels", "mastodon direct_publish"),
    )
    layers.publishing.schedule(
        album, scheduled_for=at + timedelta(days=1), targets=to("instagram feed", "bluesky direct_publish")
    )
    layers.publishing.schedule(
        text, scheduled_for=at, targets=to("bluesky direct_publish", "mastodon direct_publish")
    )
    world.pending = {"video": video, "album": album, "text": text, "long": long}


def _targets(world: World) -> Any:
    def to(*names: str) -> list[dict[str, str]]:
        return [
            {"socialAccountId": world.accounts[platform], "mode": mode}
            for platform, mode in (name.split() for name in names)
        ]

    return to


def main() -> None:
    """Seed the installation named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--key", required=True)
    parser.add_argument("--base-url", default="http://127.0.0.1:8787")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Layers(given.key, base_url=given.base_url) as layers:
        world = seed(layers, Path(folder))
    sys.stdout.write(f"{given.base_url}/dashboard/{world.project}/review\n")


if __name__ == "__main__":
    main()

"""What Instagram allows. MB are read as powers of ten: the stricter of the two readings.

Images wider than 1440 pixels or not in sRGB are no misfit: Instagram scales and converts them itself.
"""

from datetime import timedelta

from layers.connector import ContentKind, DailyCap, Limits, MediaLimit, Mode, Option, Source, TextLimit

CHECKED = "2026-11-23"
MEDIA = Source(
    "https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media",
    CHECKED,
)
PUBLISHING = Source("https://developers.facebook.com/docs/instagram-platform/content-publishing", CHECKED)
COMMENTS = Source(
    "https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-media/comments",
    CHECKED,
)

CAPTION = TextLimit(2200, "utf16", MEDIA, max_hashtags=30, max_mentions=20)
"""MEDIA speaks of characters without saying which; UTF-16 units are the strictest reading."""

HANDED_CAPTION = TextLimit(2200, "utf16", MEDIA)
COMMENT = TextLimit(2200, "utf16", COMMENTS)
"""Remembered, not read: COMMENTS names no bound. A comment refused for its length leaves the post as it is."""

VIDEO = MediaLimit(
    mime_types=("video/mp4", "video/quicktime"),
    max_bytes=300_000_000,
    seconds=(3.0, 900.0),
    width_px=(1, 1920),
    ratio=(0.01, 10.0),
    frame_rate=(23.0, 60.0),
    codecs=("h264", "hevc"),
    source=MEDIA,
)
IMAGE = MediaLimit(
    mime_types=("image/jpeg",),
    max_bytes=8_000_000,
    ratio=(0.8, 1.91),
    source=MEDIA,
    remade_from=("image/png", "image/webp", "image/gif"),
)

# What is handed to a person goes through no API: these are the bounds of what Layers stores, not Instagram's.
HANDED_VIDEO = MediaLimit(("video/mp4", "video/quicktime"), 1_000_000_000, PUBLISHING)
HANDED_IMAGE = MediaLimit(("image/jpeg", "image/png", "image/webp", "image/gif"), 30_000_000, PUBLISHING)

KINDS: dict[ContentKind, tuple[int, int]] = {"video": (1, 1), "image": (1, 1), "carousel": (2, 10)}
"""PUBLISHING says ten; from October 2026 summaries speak of twenty, which is not confirmed there."""

COVER_AT = Option(
    "integer",
    "Frame of the video that becomes the cover, in milliseconds from the start.",
    least=0,
    in_video=True,
    source=MEDIA,
)
# Three is remembered of MEDIA; the page on reading collaborators speaks of five.
WITH = Option("string[]", "Usernames invited as co-authors.", most_items=3, source=MEDIA)
ALT_TEXTS = Option(
    "string[]",
    "What each image shows, in the order of the items.",
    per_item=True,
    text=TextLimit(1000, "utf16", MEDIA),
    source=MEDIA,
)

LIMITS = Limits(
    platform="instagram",
    title="Instagram",
    find_after=timedelta(seconds=60),
    daily_caps=(DailyCap(100, ("reels", "feed"), PUBLISHING),),
    modes={
        "reels": Mode(
            kinds={"video": (1, 1)},
            caption={"video": CAPTION},
            media={"video": VIDEO},
            options={
                "shareToFeed": Option("boolean", "Shown in the feed as well; absent: yes.", source=MEDIA),
                "coverAt": COVER_AT,
                "collaborators": WITH,
            },
            first_comment=COMMENT,
            about="A reel, posted at once.",
        ),
        "feed": Mode(
            kinds=KINDS,
            caption=dict.fromkeys(KINDS, CAPTION),
            media={"video": VIDEO, "image": IMAGE},
            options={
                "coverAt": COVER_AT,
                "collaborators": WITH,
                "altTexts": ALT_TEXTS,
            },
            first_comment=COMMENT,
            about="A post in the feed, posted at once. A single video becomes a reel that the feed shows.",
        ),
        "draft_to_device": Mode(
            kinds=KINDS,
            caption=dict.fromkeys(KINDS, HANDED_CAPTION),
            media={"video": HANDED_VIDEO, "image": HANDED_IMAGE},
            first_comment=COMMENT,
            ends_in="draft_in_inbox",
            about="Handed to a person by webhook and link: Instagram takes no drafts.",
            handoff="https://www.instagram.com/",
        ),
    },
)
"""`find_after` leaves Instagram time to show what it did; a container may lag behind its post."""

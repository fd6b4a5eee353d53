"""What Bluesky allows."""

from layers.connector import Limits, MediaLimit, Mode, Option, Source, TextLimit

CHECKED = "2026-11-23"
POST_LEXICON = Source(
    "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json", CHECKED
)
IMAGES_LEXICON = Source(
    "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/images.json", CHECKED
)

LANGUAGE_TAG = "[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"
"""The shape of a BCP 47 tag (RFC 5646, 2.1); the lexicon demands one."""

CAPTION = TextLimit(300, "grapheme", POST_LEXICON, max_bytes=3000)
TEXT = TextLimit(300, "grapheme", POST_LEXICON, max_bytes=3000, required=True)
IMAGE = MediaLimit(
    ("image/jpeg", "image/png", "image/webp", "image/gif"), max_bytes=2_000_000, source=IMAGES_LEXICON
)
"""The lexicon takes `image/*`; these are the types the apps show. A GIF stands still."""

LIMITS = Limits(
    platform="bluesky",
    title="Bluesky",
    modes={
        "direct_publish": Mode(
            kinds={"text": (0, 0), "image": (1, 1), "carousel": (2, 4)},
            caption={"text": TEXT, "image": CAPTION, "carousel": CAPTION},
            media={"image": IMAGE},
            options={
                "altTexts": Option(
                    "string[]",
                    "What each image shows, in the order of the images.",
                    per_item=True,
                    source=IMAGES_LEXICON,
                ),
                "langs": Option(
                    "string[]",
                    "Languages of the text as BCP 47 tags.",
                    most_items=3,
                    pattern=LANGUAGE_TAG,
                    source=POST_LEXICON,
                ),
            },
            first_comment=CAPTION,
            about="Posted at once; the first comment becomes a reply to it.",
        ),
    },
)

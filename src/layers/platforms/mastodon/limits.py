"""What Mastodon allows unless a server says otherwise; `server.py` reads what it says."""

from layers.connector import Limits, MediaLimit, Mode, Option, Source, TextLimit

CHECKED = "2026-11-23"
VALIDATOR = Source(
    "https://github.com/mastodon/mastodon/blob/main/app/validators/status_length_validator.rb", CHECKED
)
"""Graphemes of warning and text together, links as 23, mentions without their server. Read in forks' copies."""
ATTACHMENTS = Source("https://docs.joinmastodon.org/user/posting/", CHECKED)
"""The sizes are 16 and 99 MiB in Mastodon's source and equal what a snac 2.75 announces; the types are remembered."""

STATUS = Source("https://docs.joinmastodon.org/methods/statuses/", CHECKED)
DESCRIPTION = Source("https://github.com/mastodon/mastodon/blob/main/app/models/media_attachment.rb", CHECKED)

CHARACTERS = 500
MOST_ATTACHMENTS = 4
CAPTION = TextLimit(CHARACTERS, "fediverse", VALIDATOR)
TEXT = TextLimit(CHARACTERS, "fediverse", VALIDATOR, required=True)
# The 1,500 characters of a description are remembered, not read.
ALT_TEXTS = Option(
    "string[]",
    "What each item shows, in the order of the items.",
    per_item=True,
    text=TextLimit(1500, "codepoint", DESCRIPTION),
    source=DESCRIPTION,
)
LANGUAGE_CODE = "[a-z]{2,3}(-[A-Za-z]{2,4})?"
IMAGE = MediaLimit(
    ("image/jpeg", "image/png", "image/webp", "image/gif"), max_bytes=16 * 1024 * 1024, source=ATTACHMENTS
)
VIDEO = MediaLimit(
    ("video/mp4", "video/quicktime", "video/webm"), max_bytes=99 * 1024 * 1024, source=ATTACHMENTS
)
VISIBILITIES = ("public", "unlisted", "private", "direct")

LIMITS = Limits(
    platform="mastodon",
    title="Mastodon",
    modes={
        "direct_publish": Mode(
            kinds={
                "text": (0, 0),
                "image": (1, 1),
                "carousel": (2, MOST_ATTACHMENTS),
                "video": (1, 1),
            },
            caption={"text": TEXT, "image": CAPTION, "carousel": CAPTION, "video": CAPTION},
            media={"image": IMAGE, "video": VIDEO},
            options={
                "visibility": Option(
                    "string",
                    "Who sees it; left out, as the account's own preference says.",
                    VISIBILITIES,
                    source=STATUS,
                ),
                "sensitive": Option("boolean", "Hide the media behind a warning.", source=STATUS),
                "spoilerText": Option(
                    "string", "A warning or subject before the text.", in_caption="grapheme", source=STATUS
                ),
                "language": Option(
                    "string",
                    "Language of the text as an ISO 639 code, such as en.",
                    pattern=LANGUAGE_CODE,
                    source=STATUS,
                ),
                "altTexts": ALT_TEXTS,
            },
            first_comment=CAPTION,
            carousel_of=("image",),
            about="Posted at once; the first comment becomes a reply to it. Each server has limits of its own, which"
            " are read when an account is connected and again before each post; the ones here hold where it says none.",
        ),
    },
)

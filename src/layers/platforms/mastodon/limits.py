"""What Mastodon allows unless a server says otherwise; `server.py` reads what it says."""

from layers.connector import Limits, MediaLimit, Mode, Option, Source, TextLimit

CHECKED = "2026-11-23"
VALIDATOR = Source(
    "https://github.com/mastodon/mastodon/blob/main/app/validators/status_length_validator.rb", CHECKED
)
"""Graphemes of warning and text together, links as 23, mentions without their server. Read in forks' copies."""
ATTACHMENTS = Source("https://docs.joinmastodon.org/user/posting/", CHECKED)
"""The sizes are 16 and 99 MiB in Mastodon's source and equal what a snac 2.75 announces; the types are remembered."""

CHARACTERS = 500
MOST_ATTACHMENTS = 4
CAPTION = TextLimit(CHARACTERS, "fediverse", VALIDATOR)
TEXT = TextLimit(CHARACTERS, "fediverse", VALIDATOR, required=True)
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
            media={
                "image": MediaLimit(
                    ("image/jpeg", "image/png", "image/webp", "image/gif"),
                    max_bytes=16 * 1024 * 1024,
                    source=ATTACHMENTS,
                ),
                "video": MediaLimit(
                    ("video/mp4", "video/quicktime", "video/webm"),
                    max_bytes=99 * 1024 * 1024,
                    source=ATTACHMENTS,
                ),
            },
            options={
                "visibility": Option(
                    "string", "Who sees it; left out, as the account's own preference says.", VISIBILITIES
                ),
                "sensitive": Option("boolean", "Hide the media behind a warning."),
                "spoilerText": Option(
                    "string", "A warning or subject before the text; its characters count too."
                ),
                "language": Option("string", "Language of the text as an ISO 639 code, such as en."),
                "altTexts": Option("string[]", "What each item shows, in the order of the items."),
            },
            first_comment=CAPTION,
            about="Posted at once; the first comment becomes a reply to it. A carousel holds images only. The server"
            " of the account may allow more or less; that is checked when the post is due.",
        ),
    },
)

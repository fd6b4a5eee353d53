"""What TikTok allows. MB and GB are read as powers of ten: the stricter of the two readings."""

from layers.connector import DailyCap, Limits, MediaLimit, Mode, Option, Source, TextLimit

DIRECT_POST = "https://developers.tiktok.com/doc/content-posting-api-reference-direct-post"
PHOTO_POST = "https://developers.tiktok.com/doc/content-posting-api-reference-photo-post"
MEDIA_TRANSFER = "https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide"
UPLOAD = "https://developers.tiktok.com/doc/content-posting-api-reference-upload-video"
CHECKED = "2026-11-23"

SHARING = "https://developers.tiktok.com/doc/content-sharing-guidelines"
PRIVACY_LEVELS = ("PUBLIC_TO_EVERYONE", "FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")
"""From the most open to the most closed: friends are those followers who are followed back. A public account lacks
FOLLOWER_OF_CREATOR, a private one PUBLIC_TO_EVERYONE."""

TITLE_UNITS = 90
"""UTF-16 units of a photo post's title (PHOTO_POST)."""

VIDEO = MediaLimit(
    mime_types=("video/mp4", "video/quicktime", "video/webm"),
    max_bytes=4_000_000_000,
    seconds=(0.0, 600.0),
    side_px=(360, 4096),
    frame_rate=(23.0, 60.0),
    codecs=("h264", "hevc", "vp8", "vp9"),
    source=Source(MEDIA_TRANSFER, CHECKED),
)
IMAGE = MediaLimit(
    mime_types=("image/jpeg", "image/webp"),
    max_bytes=20_000_000,
    side_px=(1, 1920),
    source=Source(MEDIA_TRANSFER, CHECKED),
)
VIDEO_CAPTION = TextLimit(2200, "utf16", Source(DIRECT_POST, CHECKED))
PHOTO_CAPTION = TextLimit(4000, "utf16", Source(PHOTO_POST, CHECKED))

OPTIONS = {
    "privacyLevel": Option(
        "string",
        "Who may see the post; absent: the most open the creator offers.",
        PRIVACY_LEVELS,
        source=Source(DIRECT_POST, CHECKED),
    ),
    "disableComment": Option("boolean", "No comments.", source=Source(DIRECT_POST, CHECKED)),
    "disableDuet": Option("boolean", "No duets with this video.", source=Source(DIRECT_POST, CHECKED)),
    "disableStitch": Option("boolean", "No stitches of this video.", source=Source(DIRECT_POST, CHECKED)),
    "brandOrganic": Option(
        "boolean", "Promotes the creator's own business.", source=Source(DIRECT_POST, CHECKED)
    ),
    "brandedContent": Option(
        "boolean",
        "Paid partnership with a third party.",
        not_with={"privacyLevel": "SELF_ONLY"},
        source=Source(DIRECT_POST, CHECKED),
    ),
    "aiGenerated": Option("boolean", "Label the video as made by AI.", source=Source(DIRECT_POST, CHECKED)),
    "coverAt": Option(
        "integer",
        "Frame of the video that becomes the cover, in milliseconds from the start.",
        least=0,
        in_video=True,
        source=Source(DIRECT_POST, CHECKED),
    ),
}

LIMITS = Limits(
    platform="tiktok",
    title="TikTok",
    daily_caps=(
        # "Typically around 15", by creator and shared with all other apps.
        DailyCap(15, ("direct_publish",), Source(SHARING, CHECKED)),
        DailyCap(5, ("draft_to_device",), Source(UPLOAD, CHECKED)),
    ),
    modes={
        "direct_publish": Mode(
            kinds={"video": (1, 1), "image": (1, 1), "carousel": (2, 35)},
            caption={"video": VIDEO_CAPTION, "image": PHOTO_CAPTION, "carousel": PHOTO_CAPTION},
            media={"video": VIDEO, "image": IMAGE},
            options=OPTIONS,
            carousel_of=("image",),
            about="Posted at once in the creator's name.",
        ),
        "draft_to_device": Mode(
            kinds={"video": (1, 1), "image": (1, 1), "carousel": (2, 35)},
            caption={"video": None, "image": PHOTO_CAPTION, "carousel": PHOTO_CAPTION},
            media={"video": VIDEO, "image": IMAGE},
            ends_in="draft_in_inbox",
            carousel_of=("image",),
            about="Lands in the creator's inbox; TikTok takes no caption with a video draft.",
        ),
    },
)

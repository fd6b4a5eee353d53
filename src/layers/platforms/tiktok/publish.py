"""Publishing on TikTok, and finding out what became of a post whose answer was lost."""

import unicodedata
from collections.abc import Mapping
from datetime import timedelta

from layers.connector import (
    Account,
    Call,
    Delivered,
    Effect,
    Flow,
    Found,
    Journal,
    JournalEntry,
    NotPosted,
    Post,
    Published,
    Rejected,
    Reply,
    Spoiled,
    Unknown,
    Wait,
)
from layers.platforms.tiktok.calls import Creator, Init, Status, VideoList, api_call, data_of
from layers.platforms.tiktok.errors import ERRORS, classify, error_code
from layers.platforms.tiktok.limits import PRIVACY_LEVELS, TITLE_UNITS
from layers.platforms.tiktok.upload import plan_chunks, send_chunks

ROUNDS = 3
"""Starts in all: a new one only once TikTok has shown that the one before ended with nothing public."""

POLL_SECONDS = 2.0
"""The status may be asked 30 times a minute; flows hold no clock, so the pause does not grow."""

CLOCK_SKEW = timedelta(minutes=2)
CANNOT_SAY = "TikTok shows no sign of these photos, but its list does not promise to hold them."


def publish(post: Post, account: Account) -> Flow[Published | Delivered]:
    """Publish or hand over, and follow the status until TikTok is done with it."""
    creator = None
    if post.mode == "direct_publish":
        # TikTok wants this asked before each direct post. PREPARE, so that it is journaled: a creator whose
        # last slot of the day went to this post must not be refused when the flow runs again for the status.
        path = "/v2/post/publish/creator_info/query/"
        creator = data_of((yield api_call(account, "creator info", Effect.PREPARE, path, {})), Creator)
        _check_duration(post, creator)
    for number in range(1, ROUNDS + 1):
        once = _video_round if post.kind == "video" else _photo_round
        if end := (yield from once(post, account, creator, number)):
            return end
    raise Spoiled(
        "TikTok failed three times to take the media in, nothing is public; it will be tried again."
    )


def find(post: Post, account: Account, journal: Journal) -> Flow[Found | NotPosted | Unknown]:
    """Ask for the upload's status; photos without an answer have no id and can only be looked for."""
    if post.kind == "video":
        return (yield from _find_upload(post, account, journal))
    return (yield from _find_photos(post, account, journal))


# One round --------------------------------------------------------------------------------------------------


def _video_round(
    post: Post, account: Account, creator: Creator | None, number: int
) -> Flow[Published | Delivered | None]:
    init = data_of((yield _video_init(post, account, creator, number)), Init)
    sent = yield from send_chunks(init.upload_url, post.media[0], number)
    return (yield from _follow(post, account, creator, init.publish_id, number, sent))


def _photo_round(
    post: Post, account: Account, creator: Creator | None, number: int
) -> Flow[Published | Delivered | None]:
    reply = yield _photo_init(post, account, creator, number)
    if isinstance(matched := reply.value("matched"), str):
        return Published(matched, _link(post, account, creator, matched))
    publish_id = data_of(reply, Init).publish_id
    return (yield from _follow(post, account, creator, publish_id, number, sent=True))


def _follow(
    post: Post, account: Account, creator: Creator | None, publish_id: str, number: int, sent: bool
) -> Flow[Published | Delivered | None]:
    """Read the status until it is final. None: nothing is public and a new round may begin."""
    while True:
        reply = yield _status(account, publish_id, number, handles=() if sent else (400, 404))
        if not sent and reply.status >= 400:
            return None
        status = data_of(reply, Status)
        match status.status:
            case "PUBLISH_COMPLETE":
                return _published(post, account, creator, publish_id, status)
            case "SEND_TO_USER_INBOX":
                return Delivered(publish_id)
            case "FAILED":
                _raise_if_final(status.fail_reason or "")
                return None
            case "PROCESSING_UPLOAD" if not sent:
                return None
            case _:
                yield Wait(POLL_SECONDS, f"TikTok is at {status.status}")


def _raise_if_final(reason: str) -> None:
    """Raise for a reason that a new round cannot mend; the rest is met again, or not, by its first call."""
    meaning = ERRORS.get(reason)
    if meaning is None:
        raise Rejected(
            "PLATFORM_REFUSED",
            f"TikTok did not publish this ({reason or 'no reason given'}).",
            reason or None,
        )
    if meaning.outcome == "reject":
        raise Rejected(meaning.code, meaning.words, reason)


def _published(
    post: Post, account: Account, creator: Creator | None, publish_id: str, status: Status
) -> Published:
    """A post that is private or still moderated has no id yet: complete without one is success."""
    if not status.publicaly_available_post_id:
        return Published(publish_id)
    post_id = str(status.publicaly_available_post_id[0])
    return Published(post_id, _link(post, account, creator, post_id))


def _link(post: Post, account: Account, creator: Creator | None, post_id: str) -> str:
    handle = (creator and creator.creator_username) or account.handle
    kind = "video" if post.kind == "video" else "photo"
    return f"https://www.tiktok.com/@{handle}/{kind}/{post_id}"


# The calls --------------------------------------------------------------------------------------------------


def _round_name(number: int) -> str:
    return "init" if number == 1 else f"init {number}"


def _video_init(post: Post, account: Account, creator: Creator | None, number: int) -> Call:
    plan = plan_chunks(post.media[0].size_bytes)
    body: dict[str, object] = {
        "source_info": {
            "source": "FILE_UPLOAD",
            "video_size": plan.size,
            "chunk_size": plan.chunk_size,
            "total_chunk_count": plan.count,
        }
    }
    path = "/v2/post/publish/inbox/video/init/"
    if creator:
        path = "/v2/post/publish/video/init/"
        body["post_info"] = _video_info(post, creator)
    return api_call(account, _round_name(number), Effect.PREPARE, path, body)


def _photo_init(post: Post, account: Account, creator: Creator | None, number: int) -> Call:
    body = {
        "media_type": "PHOTO",
        "post_mode": "DIRECT_POST" if creator else "MEDIA_UPLOAD",
        "post_info": _photo_info(post, creator),
        "source_info": {
            "source": "PULL_FROM_URL",
            "photo_cover_index": 0,
            "photo_images": [item.url for item in post.media],
        },
    }
    return api_call(account, _round_name(number), Effect.COMMIT, "/v2/post/publish/content/init/", body)


def _status(account: Account, publish_id: str, number: int = 1, handles: tuple[int, ...] = ()) -> Call:
    # Named by its round: the status that ended one round is kept with the commit of the next.
    path = "/v2/post/publish/status/fetch/"
    name = "status" if number == 1 else f"status {number}"
    return api_call(account, name, Effect.READ, path, {"publish_id": publish_id}, handles)


# What is said about the post --------------------------------------------------------------------------------


def _video_info(post: Post, creator: Creator) -> dict[str, object]:
    options = post.options
    info: dict[str, object] = {
        "title": post.caption,
        **_disclosure(options, creator),
        "disable_duet": creator.duet_disabled or options.get("disableDuet") is True,
        "disable_stitch": creator.stitch_disabled or options.get("disableStitch") is True,
        "is_aigc": options.get("aiGenerated") is True,
    }
    if (cover_at := options.get("coverAt")) is not None:
        info["video_cover_timestamp_ms"] = cover_at
    return info


def _photo_info(post: Post, creator: Creator | None) -> dict[str, object]:
    info: dict[str, object] = {"title": _title(post.caption), "description": post.caption}
    return {**info, **_disclosure(post.options, creator)} if creator else info


def _disclosure(options: Mapping[str, object], creator: Creator) -> dict[str, object]:
    return {
        "privacy_level": _privacy(options, creator),
        "disable_comment": creator.comment_disabled or options.get("disableComment") is True,
        "brand_content_toggle": options.get("brandedContent") is True,
        "brand_organic_toggle": options.get("brandOrganic") is True,
    }


def _privacy(options: Mapping[str, object], creator: Creator) -> str:
    """Return the level wanted, else the most open one the creator offers; never another than the one wanted."""
    offered = creator.privacy_level_options
    wanted = options.get("privacyLevel")
    levels = PRIVACY_LEVELS if wanted is None else (str(wanted),)
    for level in levels:
        if level in offered and not (level == "SELF_ONLY" and options.get("brandedContent") is True):
            return level
    raise Rejected(
        "OPTION_INVALID",
        f"The creator offers {', '.join(offered) or 'no privacyLevel'}; wanted is {' or '.join(levels)}"
        + (", and brandedContent cannot be SELF_ONLY." if options.get("brandedContent") is True else "."),
        "privacy_level_option_mismatch",
    )


def _check_duration(post: Post, creator: Creator) -> None:
    most = creator.max_video_post_duration_sec
    longest = max((item.duration_ms or 0 for item in post.media), default=0)
    if most is not None and longest > most * 1000:
        raise Rejected(
            "MEDIA_INVALID", f"The video lasts {longest / 1000:g} s, this creator may post {most} s; cut it."
        )


def _title(caption: str) -> str:
    """Cut the first line to TITLE_UNITS without splitting a surrogate pair."""
    line = caption.strip().partition("\n")[0].strip()
    return line.encode("utf-16-le")[: 2 * TITLE_UNITS].decode("utf-16-le", "ignore")


# After a lost answer ----------------------------------------------------------------------------------------


def _find_upload(post: Post, account: Account, journal: Journal) -> Flow[Found | NotPosted | Unknown]:
    started = [entry.reply for entry in _by_time(journal) if entry.name.startswith("init") and entry.reply]
    if not started:
        return Unknown("No upload was begun, so there is nothing to ask TikTok about")
    reply = yield _status(account, data_of(started[-1], Init).publish_id)
    status = data_of(reply, Status)
    if status.status != "PROCESSING_UPLOAD":
        return Found(Reply(status=201))
    size = post.media[0].size_bytes
    if status.uploaded_bytes is None:
        return Unknown("TikTok waits for bytes but does not say how many it has")
    if status.uploaded_bytes < size:
        return NotPosted(f"TikTok holds {status.uploaded_bytes} of {size} bytes", final=True)
    return Found(Reply(status=201))


def _find_photos(post: Post, account: Account, journal: Journal) -> Flow[Found | NotPosted | Unknown]:
    """Match the caption among the creator's newest posts; absence proves nothing there."""
    lost = [entry for entry in _by_time(journal) if entry.effect is Effect.COMMIT and entry.reply is None]
    if post.mode != "direct_publish" or not lost or not _plain(post.caption):
        return Unknown("TikTok lists neither drafts nor anything to tell photos without a caption apart")
    path = "/v2/video/list/?fields=id,title,video_description,create_time"
    call = api_call(account, "list", Effect.READ, path, {"max_count": 20}, handles=(401, 403))
    reply = yield call
    if reply.status >= 400:
        return _without_list(call, reply)
    since = (lost[-1].sent_at - CLOCK_SKEW).timestamp()
    fitting = [
        video
        for video in data_of(reply, VideoList).videos
        if video.create_time >= since and _says(post.caption, video.title, video.video_description)
    ]
    if not fitting:
        return Unknown(CANNOT_SAY)
    oldest = min(fitting, key=lambda video: video.create_time)
    return Found(Reply(200, json={"matched": oldest.id}))


def _without_list(call: Call, reply: Reply) -> Unknown:
    if error_code(reply) in ("scope_not_authorized", "scope_permission_missed"):
        return Unknown("Without the scope video.list TikTok cannot be asked")
    raise classify(call, reply) or Rejected("PLATFORM_REFUSED", "TikTok refused to list the creator's posts.")


def _says(caption: str, *texts: str | None) -> bool:
    return _plain(caption) in [_plain(text) for text in texts if text]


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _by_time(journal: Journal) -> list[JournalEntry]:
    return sorted(journal, key=lambda entry: entry.sent_at)

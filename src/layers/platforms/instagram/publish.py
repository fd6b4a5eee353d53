"""Publishing on Instagram, and finding out what became of a post or comment whose answer was lost."""

import unicodedata
from datetime import datetime, timedelta

from layers.connector import (
    Account,
    Delivered,
    Effect,
    Flow,
    Found,
    Journal,
    JournalEntry,
    NotPosted,
    Post,
    Published,
    Reply,
    Spoiled,
    Throttled,
    Unknown,
    Unreadable,
)
from layers.platforms.instagram.calls import ANY_REFUSAL, Listed, Page, Quota, get, post_to, read
from layers.platforms.instagram.containers import ROUNDS, named, prepare
from layers.platforms.instagram.errors import QUOTA_PAUSE, container_failure

COMMIT = "publish"
COMMENT = "first comment"
CLOCK_SKEW = timedelta(minutes=2)


def publish(post: Post, account: Account) -> Flow[Published | Delivered]:
    """Prepare and publish, then link and first comment: those may be lost, the post may not."""
    if post.mode == "draft_to_device":
        return Delivered(post.id)
    yield from _check_quota(account)
    for number in range(1, ROUNDS + 1):
        container = yield from prepare(post, account, number)
        if container is None:
            continue
        path, body = f"{account.external_id}/media_publish", {"creation_id": container}
        reply = yield post_to(account, named(COMMIT, number), Effect.COMMIT, path, body)
        if not _ended_unpublished(reply):
            return (yield from _complete(post, account, reply.text_at("id")))
    raise Spoiled("Instagram failed three times to take the media in; it will be tried again.")


def find(post: Post, account: Account, journal: Journal) -> Flow[Found | NotPosted | Unknown]:
    """Ask the container whether it became a post; for a comment, look among the post's comments."""
    lost = [entry for entry in journal if entry.effect is Effect.COMMIT and entry.reply is None]
    if not lost:
        return Unknown("No call is without an answer")
    if lost[-1].name == COMMENT:
        return (yield from _find_comment(post, account, journal))
    return (yield from _find_post(post, account, journal, lost[-1]))


# Publishing -------------------------------------------------------------------------------------------------


def _check_quota(account: Account) -> Flow[None]:
    """Hold the account back while its posts of the sliding day are used up."""
    path = f"{account.external_id}/content_publishing_limit?fields=quota_usage,config"
    said = (yield get(account, "quota", path)).value("data", 0)
    if said is None:
        return
    quota = read(said, Quota)
    if quota.config is None or quota.quota_usage < quota.config.quota_total:
        return
    hours = quota.config.quota_duration / 3600
    raise Throttled(
        f"The account has used {quota.quota_usage} of the {quota.config.quota_total} posts that Instagram allows "
        f"in {hours:g} hours.",
        min(timedelta(seconds=quota.config.quota_duration / 24), QUOTA_PAUSE),
    )


def _ended_unpublished(reply: Reply) -> bool:
    """Tell whether `find` answered that the container ended without a post. Raises Rejected if every one will."""
    ended = reply.value("ended")
    if ended == "ERROR" and (failure := container_failure(str(reply.value("status") or ""))):
        raise failure
    return ended is not None


def _complete(post: Post, account: Account, media_id: str) -> Flow[Published]:
    reply = yield get(account, "link", f"{media_id}?fields=permalink", handles=ANY_REFUSAL)
    link = reply.value("permalink")
    if post.first_comment:
        body = {"message": post.first_comment}
        yield post_to(account, COMMENT, Effect.COMMIT, f"{media_id}/comments", body, handles=ANY_REFUSAL)
    return Published(media_id, link if isinstance(link, str) else None)


# After a lost answer ----------------------------------------------------------------------------------------


def _find_post(
    post: Post, account: Account, journal: Journal, lost: JournalEntry
) -> Flow[Found | NotPosted | Unknown]:
    name = "container" + lost.name.removeprefix(COMMIT)
    made = [entry.reply for entry in journal if entry.name == name and entry.reply]
    if not made:
        return Unknown("No container was made, so there is nothing to ask Instagram about")
    container = made[-1].text_at("id")
    reply = yield get(account, "outcome", f"{container}?fields=status_code,status")
    match reply.text_at("status_code"):
        case "PUBLISHED":
            media_id = yield from _find_media_id(post, account, lost.sent_at)
            return Found(Reply(200, json={"id": media_id or container}))
        case "FINISHED":
            return NotPosted("the container is ready and not published")
        case "ERROR" | "EXPIRED" as ended:
            # An answer, so that the flow makes a new container: this one would only be refused again.
            return Found(Reply(200, json={"ended": ended, "status": reply.value("status")}))
        case status:
            return Unknown(f"Instagram says {status} of the container.")


def _find_media_id(post: Post, account: Account, sent_at: datetime) -> Flow[str | None]:
    """Look for the post among the newest: the container does not name it. It is public whatever comes of this."""
    path = f"{account.external_id}/media?fields=id,caption,timestamp,permalink&limit=10"
    page = _page((yield get(account, "newest posts", path, handles=ANY_REFUSAL)))
    fitting = [
        (moment, entry.id)
        for entry in (page.data if page else [])
        if (moment := _moment(entry))
        and moment >= sent_at - CLOCK_SKEW
        and _same(entry.caption, post.caption)
    ]
    return max(fitting)[1] if fitting else None


def _find_comment(post: Post, account: Account, journal: Journal) -> Flow[Found | NotPosted | Unknown]:
    """Look for the comment. Where its absence cannot be shown it counts as made: better none than two."""
    made = [entry.reply for entry in journal if entry.name.startswith(COMMIT) and entry.reply]
    media_id = next((reply.text_at("id") for reply in made if reply.value("id")), "")
    path = f"{media_id}/comments?fields=id,text,timestamp&limit=50"
    page = _page((yield get(account, "comments", path, handles=ANY_REFUSAL)))
    if page is None:
        return Found(Reply(200, json={}))
    if any(_same(entry.text, post.first_comment or "") for entry in page.data) or "next" in page.paging:
        return Found(Reply(200, json={}))
    return NotPosted("the post's comments do not hold it")


def _page(reply: Reply) -> Page | None:
    try:
        return read(reply.json, Page) if reply.status < 300 else None
    except Unreadable:
        return None


def _moment(entry: Listed) -> datetime | None:
    try:
        moment = datetime.fromisoformat(entry.timestamp)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())

"""Looking through the account's own statuses for one whose answer was lost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import msgspec

from layers.connector import (
    Account,
    Call,
    Effect,
    Flow,
    Found,
    Journal,
    JournalEntry,
    NotPosted,
    Post,
    Reply,
    Unknown,
    Unreadable,
)
from layers.platforms.mastodon.calls import (
    COMMENT,
    NEWEST,
    POST,
    Listed,
    headers_of,
    list_statuses,
)
from layers.platforms.mastodon.plain import resembles, says
from layers.platforms.mastodon.server import INSTANCE, INSTANCE_V1, Server, read_server

CLOCK_SKEW = timedelta(minutes=2)
PAGE, PAGES = 40, 5
COMMENT_LOST = Found(Reply(504))
"""A comment nobody can be sure of is given up, since the post itself is out."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A status of the list: what is read of it, and all of it."""

    listed: Listed
    whole: Mapping[str, object]


def find(post: Post, account: Account, journal: Journal) -> Flow[Found | NotPosted | Unknown]:
    """Look for the status, or the comment, among those made since the commit."""
    known = {entry.name: entry for entry in journal}
    lost = next(e for e in journal if e.effect is Effect.COMMIT and e.reply is None)
    outcome = yield from _look(post, account, known, lost)
    return COMMENT_LOST if lost.name == COMMENT and isinstance(outcome, Unknown) else outcome


def _look(
    post: Post, account: Account, known: Mapping[str, JournalEntry], lost: JournalEntry
) -> Flow[Found | NotPosted | Unknown]:
    text, media, parent = post.caption, len(post.media), None
    if lost.name == COMMENT:
        text, media, parent = post.first_comment or "", 0, _id_of(known.get(POST))
    recent = yield from _recent(account, _reached(known.get(NEWEST), lost))
    if recent is None:
        return Unknown("The account has posted so much since that the list does not reach back")
    rivals = [
        seen
        for seen in recent
        if seen.listed.reblog is None
        and seen.listed.in_reply_to_id == parent
        and len(seen.listed.media_attachments) == media
    ]
    if same := [seen for seen in rivals if says(seen.whole, text)]:
        return _found(same[-1])
    if any(resembles(seen.whole, text) for seen in rivals):
        return Unknown("A status much like this one has appeared, but not with the same words")
    if (yield from _would_be_listed(post, account, known)):
        return NotPosted(f"None of the {len(recent)} statuses since then is this one")
    return Unknown("This server does not list statuses that are not public")


def _found(seen: Seen) -> Found:
    return Found(
        Reply(200, json={"id": seen.listed.id, "url": seen.listed.url or seen.listed.uri, "found": True})
    )


def _recent(account: Account, reached: Callable[[Listed], bool]) -> Flow[list[Seen] | None]:
    """Return what is newer than what `reached` tells, newest first; None when the list is too long."""
    recent: list[Seen] = []
    ids: set[str] = set()
    for number in range(1, PAGES + 1):
        oldest = recent[-1].listed.id if recent else None
        page = _read((yield list_statuses(account, f"statuses {number}", PAGE, oldest)))
        # Some servers take no notice of `max_id` and show the same again.
        fresh = [seen for seen in page if seen.listed.id not in ids]
        if not fresh:
            return recent
        for seen in fresh:
            if reached(seen.listed):
                return recent
            recent.append(seen)
            ids.add(seen.listed.id)
    return None


def _reached(newest: JournalEntry | None, lost: JournalEntry) -> Callable[[Listed], bool]:
    """Return the test for statuses that were there before the commit.

    Best is what was the newest then, by its id, or if it was deleted since by its age on the server's own clock. Where
    that could not be read, the two clocks are taken to agree within two minutes.
    """
    if newest is None or newest.reply is None or newest.reply.status >= 300:
        since = lost.sent_at - CLOCK_SKEW
        return lambda listed: _moment(listed) < since
    before = _read(newest.reply)
    if not before:
        return lambda _: False
    last = before[0].listed
    return lambda listed: listed.id == last.id or _moment(listed) < _moment(last)


def _would_be_listed(post: Post, account: Account, known: Mapping[str, JournalEntry]) -> Flow[bool]:
    """Tell whether a status of the post's visibility would surely be in the list of its author."""
    if _server_in(known).lists_all:
        return True
    visibility = post.options.get("visibility")
    if visibility is None:
        url = account.origin + "/api/v1/accounts/verify_credentials"
        reply = yield Call("preferences", Effect.READ, "GET", url, headers=headers_of(account))
        visibility = reply.value("source", "privacy") or "public"
    return visibility in ("public", "unlisted")


def _server_in(known: Mapping[str, JournalEntry]) -> Server:
    for name in (INSTANCE_V1, INSTANCE):
        entry = known.get(name)
        if entry and entry.reply and entry.reply.status < 300:
            return read_server(entry.reply)
    return Server()


def _id_of(entry: JournalEntry | None) -> str | None:
    found = entry.reply.value("id") if entry and entry.reply else None
    return str(found) if found is not None else None


def _read(reply: Reply) -> list[Seen]:
    try:
        listed = msgspec.convert(reply.json, list[Listed], strict=False)
    except msgspec.ValidationError as fault:
        raise Unreadable(f"the list of statuses: {fault}") from fault
    whole = cast("list[Mapping[str, object]]", reply.json)
    return [Seen(one, all_of_it) for one, all_of_it in zip(listed, whole, strict=True)]


def _moment(listed: Listed) -> datetime:
    try:
        moment = datetime.fromisoformat(listed.created_at)
    except ValueError as fault:
        raise Unreadable(f"created_at: {fault}") from fault
    if moment.tzinfo is None:
        raise Unreadable("created_at has no time zone")
    return moment

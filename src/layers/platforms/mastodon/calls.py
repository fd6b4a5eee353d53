"""The calls that post, and what comes back from them."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from layers.connector import Account, Call, Effect, MediaSlice, Post, Reply, Unreadable
from layers.platforms.mastodon.server import Server, bearer

POST, COMMENT, NEWEST = "post", "first comment", "newest before"
KEYS_KEPT = timedelta(minutes=50)
"""How long a status is repeated where the software answers repeats; Mastodon keeps keys 60 minutes from its answer."""

ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
}
"""snac tells the type of a file by the ending of its name."""


class Listed(msgspec.Struct):
    """What is read of a status in a list; the whole of it is compared as plain JSON."""

    id: str
    created_at: str
    url: str | None = None
    uri: str | None = None
    in_reply_to_id: str | None = None
    media_attachments: list[object] = []
    reblog: object = None


def headers_of(account: Account) -> dict[str, str]:
    """Return the headers of the account's calls."""
    return bearer(account.secrets["accessToken"])


def own_id(account: Account) -> str:
    """Return the account's id on its server; `external_id` is that and the server's domain."""
    return account.external_id.rpartition("@")[0]


def list_statuses(account: Account, name: str, limit: int, older_than: str | None = None) -> Call:
    """Return the listing of the account's own statuses, newest first. Any refusal but of the token is handled."""
    url = f"{account.origin}/api/v1/accounts/{own_id(account)}/statuses?exclude_replies=false&limit={limit}"
    if older_than:
        url += f"&max_id={older_than}"
    handles = (403, 404, 422) if name == NEWEST else ()
    return Call(name, Effect.READ, "GET", url, headers=headers_of(account), handles=handles)


def upload(post: Post, account: Account, index: int, alt: str) -> Call:
    """Return the upload of a media item with its description."""
    item = post.media[index]
    return Call(
        f"medium {index}",
        Effect.PREPARE,
        "POST",
        account.origin + "/api/v2/media",
        headers=headers_of(account),
        form={"description": alt} if alt else None,
        body=MediaSlice(index, 0, item.size_bytes),
        file_field="file",
        filename=f"{index + 1}.{ENDINGS.get(item.mime_type, 'bin')}",
    )


def look_at_media(account: Account, index: int, media_id: str) -> Call:
    """Return the look whether an item is processed: 206 until it is."""
    url = f"{account.origin}/api/v1/media/{media_id}"
    return Call(f"medium {index} ready", Effect.READ, "GET", url, headers=headers_of(account))


def make_status(
    post: Post,
    account: Account,
    server: Server,
    name: str,
    said: Mapping[str, object],
    handles: Sequence[int] = (),
) -> Call:
    """Return the call that makes a status of `said`, repeatable only where the server answers repeats."""
    return Call(
        name,
        Effect.COMMIT,
        "POST",
        account.origin + "/api/v1/statuses",
        headers={**headers_of(account), "Idempotency-Key": idempotency_key(post, name)},
        json=dict(said),
        handles=tuple(handles),
        repeatable=KEYS_KEPT if server.answers_repeats else None,
    )


def idempotency_key(post: Post, name: str) -> str:
    """Return the key of the post or its comment: the same on every try, and nobody else's."""
    said = f"{post.id} {post.number} {post.frozen_at.isoformat()} {name}"
    return "layers-" + hashlib.sha256(said.encode()).hexdigest()[:40]


def id_in(reply: Reply) -> str:
    """Return the id in an answer; some servers give numbers. Raises Unreadable when there is none."""
    found = reply.value("id")
    if isinstance(found, int):
        return str(found)
    if not isinstance(found, str) or not found:
        raise Unreadable("no id in the answer")
    return found

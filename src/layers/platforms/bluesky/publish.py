"""Publishing on Bluesky: images first, then one `putRecord` at a key of our own."""

from collections.abc import Mapping
from datetime import timedelta

from layers.connector import (
    Account,
    Call,
    Effect,
    Flow,
    Found,
    Journal,
    MediaSlice,
    NotPosted,
    Post,
    Published,
    Rejected,
    Reply,
    Unknown,
    Unreadable,
)
from layers.platforms.bluesky.auth import home, signed
from layers.platforms.bluesky.errors import classify, error_name
from layers.platforms.bluesky.facets import find_spans
from layers.platforms.bluesky.record import COLLECTION, comment_key, comment_record, post_key, post_record

FOR_EVER = timedelta(days=3650)
"""An identical record at the same key is answered with 200 and changes nothing, at any time."""

NO_SUCH_HANDLE = (400, 404, 500, 502)
"""What servers say of a handle that cannot be resolved; the name then stays plain text."""

COMMENT_REFUSED = (400, 401, 403, 404, 413, 500, 502, 503, 504)
"""The post is public by then: whatever becomes of its comment, it stays published."""


def publish(post: Post, account: Account) -> Flow[Published]:
    """Upload, put the record, then the first comment. The comment may be lost, the post may not."""
    blobs: list[object] = []
    for index in range(len(post.media)):
        blobs.append(_blob((yield _upload(post, account, index))))
    dids = yield from _resolve_mentions(post, account)
    reply = yield _put(account, "post", post_key(post), post_record(post, blobs, dids))
    root = {"uri": reply.text_at("uri"), "cid": reply.text_at("cid")}
    if post.first_comment:
        record = comment_record(post, post.first_comment, root, dids)
        yield _put(account, "first comment", comment_key(post), record, handles=COMMENT_REFUSED)
    return Published(root["uri"], f"https://bsky.app/profile/{account.external_id}/post/{post_key(post)}")


def find(post: Post, account: Account, journal: Journal) -> Flow[Found | NotPosted | Unknown]:
    """Read the record whose put was not answered: it is there, or it certainly is not."""
    lost = [entry.name for entry in journal if entry.effect is Effect.COMMIT and entry.reply is None]
    key = comment_key(post) if "first comment" in lost else post_key(post)
    query = f"repo={account.external_id}&collection={COLLECTION}&rkey={key}"
    url = f"{home(account)}/xrpc/com.atproto.repo.getRecord?{query}"
    call = signed(account, Call("record", Effect.READ, "GET", url, handles=(400, 404)))
    reply = yield call
    if reply.status < 300:
        return Found(Reply(200, json={"uri": reply.text_at("uri"), "cid": reply.text_at("cid")}))
    if error_name(reply) == "RecordNotFound":
        return NotPosted(f"The server holds no record {key}", final=True)
    raise classify(call, reply) or Rejected("PLATFORM_REFUSED", "The server refused to show the record.")


def _resolve_mentions(post: Post, account: Account) -> Flow[dict[str, str]]:
    """Learn the DIDs of the handles mentioned, once: later tries reuse them, so the record never changes."""
    texts = (post.caption, post.first_comment or "")
    handles = [span.value for text in texts for span in find_spans(text) if span.kind == "mention"]
    dids: dict[str, str] = {}
    for handle in dict.fromkeys(handles):
        url = f"{home(account)}/xrpc/com.atproto.identity.resolveHandle?handle={handle}"
        reply = yield Call(f"resolve {handle}", Effect.PREPARE, "GET", url, handles=NO_SUCH_HANDLE)
        if isinstance(did := reply.value("did"), str):
            dids[handle] = did
    return dids


def _upload(post: Post, account: Account, index: int) -> Call:
    item = post.media[index]
    upload = Call(
        f"blob {index}",
        Effect.PREPARE,
        "POST",
        home(account) + "/xrpc/com.atproto.repo.uploadBlob",
        headers={"Content-Type": item.mime_type},
        body=MediaSlice(index, 0, item.size_bytes),
    )
    return signed(account, upload)


def _blob(reply: Reply) -> object:
    blob = reply.value("blob")
    if not isinstance(blob, dict):
        raise Unreadable("no blob in the answer to an upload")
    return blob  # pyright: ignore[reportUnknownVariableType]


def _put(
    account: Account, name: str, key: str, record: Mapping[str, object], handles: tuple[int, ...] = ()
) -> Call:
    """Return the put of a record that must not exist yet in any other form (`swapRecord` null)."""
    body = {
        "repo": account.external_id,
        "collection": COLLECTION,
        "rkey": key,
        "record": record,
        "swapRecord": None,
    }
    url = home(account) + "/xrpc/com.atproto.repo.putRecord"
    put = Call(name, Effect.COMMIT, "POST", url, json=body, handles=handles, repeatable=FOR_EVER)
    return signed(account, put)

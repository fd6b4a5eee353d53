"""Sending a video's bytes, for accounts connected through Facebook: Instagram need not fetch them from here.

One request carries all that is missing. Where it is cut off the post is tried again later, and goes on from the byte
that Instagram says it holds.
Source: https://developers.facebook.com/docs/instagram-platform/content-publishing/resumable-uploads, checked
2026-11-23. The kinds of failures are those its neighbour for Facebook's reels lists.
"""

from layers.connector import Account, Call, Effect, Flow, Media, MediaSlice, Rejected, Reply
from layers.platforms.instagram.calls import API_VERSION, get, host

UPLOADS = "https://rupload.facebook.com"
GONE = (404, 410)
"""The container is not known, or no longer."""


def upload(
    account: Account, media: Media, index: int, container: str, name: str, *, last: bool
) -> Flow[bool]:
    """Send what Instagram does not hold yet of item `index`. False: another container may take it.

    Raises Rejected instead when this was the `last` container to be tried.
    """
    held = _held((yield get(account, f"offset of {name}", f"{container}?fields=video_status")))
    if held >= media.size_bytes:
        return True
    reply = yield _send(account, media, index, container, held, name)
    if reply.value("success") is True:
        return True
    if last:
        said = reply.value("debug_info", "message") or reply.text or "no reason given"
        raise Rejected(
            "PLATFORM_REFUSED",
            f"Instagram does not take the video's bytes ({reply.status}): {str(said)[:200]}",
            kind if isinstance(kind := reply.value("debug_info", "type"), str) else None,
        )
    return False


def _send(account: Account, media: Media, index: int, container: str, held: int, name: str) -> Call:
    # The address is made here, not taken from the container's `uri`: a token goes to no address that was sent to us.
    url = f"{host(UPLOADS, account.origin)}/ig-api-upload/{API_VERSION}/{container}"
    headers = {
        "Authorization": f"OAuth {account.secrets['accessToken']}",
        "Content-Type": "application/octet-stream",
        "offset": str(held),
        "file_size": str(media.size_bytes),
    }
    body = MediaSlice(index, held, media.size_bytes - held)
    return Call(name, Effect.PREPARE, "POST", url, headers=headers, body=body, handles=GONE)


def _held(reply: Reply) -> int:
    """Return how many bytes Instagram holds; nothing said is none."""
    held = reply.value("video_status", "uploading_phase", "bytes_transferred")
    return held if isinstance(held, int) else 0

"""The hand-off page: where a person takes over a post whose platform has no inbox for drafts.

Whoever holds the signed link sees the media, the caption to copy and the comment, and says when it is posted. The
link lives seven days; whoever reads the post from the API gets a fresh one each time.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Annotated, Any, cast

import asyncpg
import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter

from layers.api.errors import NotFound, Validation
from layers.api.routes import open_page
from layers.connector import Media
from layers.db.pool import Pool
from layers.events import Event, append
from layers.kit import html
from layers.kit.times import utc_now
from layers.publishing import store
from layers.publishing.commands import LIMITS
from layers.publishing.engine import MEDIA_LINK_LIFE, handoff_path

LinkPart = Annotated[str, QueryParameter(max_length=255)]
POSTED = "posted_by_hand"
NOT_HANDED_OVER = "This post is not in anybody's hands: it was taken back, or never handed over."
FRESH = "Ask whoever sent it for a fresh one."


@get("/handoff/{number:int}", opt=open_page(errors=(NotFound, Validation)), operation_id="handoff.show")
async def page(
    state: State, number: FromPath[int], expires: LinkPart = "", signature: LinkPart = ""
) -> Response[str]:
    """Show what is to be posted by hand."""
    _check(state, number, expires, signature)
    async with cast("Pool", state["pool"]).acquire(timeout=10) as tx:
        row = await store.find_handoff(tx, number, POSTED)
    if row is None:
        raise NotFound(NOT_HANDED_OVER)
    return _page(LIMITS[row["platform"]].title, _body(state, row, f"expires={expires}&signature={signature}"))


@post(
    "/handoff/{number:int}",
    opt=open_page(errors=(NotFound, Validation)),
    status_code=200,
    operation_id="handoff.markPosted",
)
async def mark(
    request: Request[Any, Any, Any],
    number: FromPath[int],
    expires: LinkPart = "",
    signature: LinkPart = "",
) -> Response[str]:
    """Note that a person has posted it. A repeat changes nothing."""
    state = request.app.state
    _check(state, number, expires, signature)
    async with cast("Pool", state["pool"]).acquire(timeout=10) as tx, tx.transaction():
        await store.lock_number(tx, number)
        row = await store.find_handoff(tx, number, POSTED)
        if row is None:
            raise NotFound(NOT_HANDED_OVER)
        if not row["posted"]:
            await store.tell(tx, number, POSTED, "A person says it is posted.", {})
            data = {"scheduledPostId": row["id"], "socialAccountId": row["social_account_id"]}
            kind, who = "post.posted_by_hand", "handoff_link"
            await append(tx, Event(kind, row["organization_id"], row["project_id"], row["id"], data, who))
    title = LIMITS[row["platform"]].title
    thanks = (
        f"<h1>Thank you</h1>\n<p>It is noted that this is on {escape(title)}. You may close this page.</p>"
    )
    return _page(title, thanks, card=True)


def _check(state: State, number: int, expires: str, signature: str) -> None:
    """Raise NotFound in words for the person who followed the link."""
    until = int(expires) if expires.isascii() and expires.isdecimal() and len(expires) < LONGEST_TIME else 0
    path, now = handoff_path(number), utc_now()
    if state["signer"].verify(path, until, signature, now):
        return
    if state["signer"].verify(path, until, signature, BEFORE_ALL_LINKS):
        over = datetime.fromtimestamp(until, UTC)
        raise NotFound(f"This link was good until {over:%d %B %Y, %H:%M} UTC. {FRESH}")
    raise NotFound(f"This link is cut short or was altered. Open it just as it was sent. {FRESH}")


def _body(state: State, row: asyncpg.Record, query: str) -> str:
    title = escape(LIMITS[row["platform"]].title)
    mode = LIMITS[row["platform"]].modes[row["mode"]]
    media = msgspec.convert(row["media"], list[Media])
    shown = "\n".join(_item(state, item, place, len(media)) for place, item in enumerate(media, 1))
    steps = [
        (
            f"Save the media{', in this order' if len(media) > 1 else ''}",
            f'<div class="media">{shown}</div>{SHARE}',
        )
    ]
    steps += [("Copy the caption", _copyable("Caption", row["caption"]))] if row["caption"] else []
    steps += [(f"Post on {title}", _open(title, mode.handoff or ""))]
    if row["first_comment"]:
        steps += [("Add the first comment", _copyable("First comment", row["first_comment"]))]
    steps += [("Say that it is out", _done(query, posted=row["posted"]))]
    return f"""<h1>Post on {title}</h1>
<p class="quiet">as <b>{escape(row["handle"])}</b></p>
{_steps(steps)}"""


def _steps(steps: Iterable[tuple[str, str]]) -> str:
    items = "\n".join(f'<li class="card"><h2>{heading}</h2>\n{inside}</li>' for heading, inside in steps)
    return f'<ol class="steps">\n{items}\n</ol>'


def _item(state: State, item: Media, place: int, of: int) -> str:
    url = escape(state["signer"].sign(f"/v1/assets/{item.id}", utc_now() + MEDIA_LINK_LIFE))
    name, short = (item.kind, "Save") if of == 1 else (f"{item.kind} {place} of {of}", f"Save {place}")
    file = f"{place}.{item.mime_type.rpartition('/')[2].replace('quicktime', 'mov')}"
    show = (
        f'<img src="{url}" alt="The {name} to post">'
        if item.kind == "image"
        else f'<video src="{url}" controls playsinline preload="metadata" aria-label="The {name} to post"></video>'
    )
    save = f'<a href="{url}" download="{file}" class="button" aria-label="Save the {name}">{short}</a>'
    return f"<figure>{show}{save}</figure>"


def _copyable(label: str, text: str) -> str:
    name = label.lower().replace(" ", "-")
    lines = min(max(text.count("\n") + 1, 3), 12)
    return (
        f'<textarea id="{name}" aria-label="{label}" rows="{lines}" readonly>{escape(text)}</textarea>'
        f'<button type="button" data-copy="{name}" aria-live="polite">Copy</button>'
    )


def _open(title: str, address: str) -> str:
    return f'<a class="button main" href="{escape(address)}" rel="noreferrer">Open {title}</a>'


def _done(query: str, *, posted: bool) -> str:
    if posted:
        return '<p class="good"><b>Noted as posted.</b></p>'
    return (
        f'<form method="post" action="?{escape(query)}"><button class="main">Mark as posted</button></form>'
    )


def _page(title: str, inside: str, *, card: bool = False) -> Response[str]:
    policy = "img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'"
    return Response(
        html.page(f"Post on {title}", inside, card=card, script=SCRIPT),
        media_type=MediaType.HTML,
        headers=html.headers(policy, script=SCRIPT),
    )


LONGEST_TIME = 12
BEFORE_ALL_LINKS = datetime.fromtimestamp(0, UTC)
SHARE = '<button type="button" id="share" hidden>Share</button>'
"""Where the device has a share sheet: from there media goes to the app or among the photos, unlike a download."""

SCRIPT = """document.querySelectorAll('[data-copy]').forEach(b=>b.onclick=async()=>{
const t=document.getElementById(b.dataset.copy);t.select();
try{await navigator.clipboard.writeText(t.value)}catch{document.execCommand('copy')}
b.textContent='Copied'})
const share=document.getElementById('share');let files
const open=async a=>{const r=await fetch(a.href);if(!r.ok)throw Error(r.status)
const b=await r.blob();return new File([b],a.download,{type:b.type})}
share.hidden=!navigator.canShare?.({files:[new File(['-'],'1.jpeg',{type:'image/jpeg'})]})
share.onclick=async()=>{share.textContent='Getting the media…'
try{files??=await Promise.all([...document.querySelectorAll('a[download]')].map(open))
await navigator.share({files});share.textContent='Share'}
catch(e){share.textContent=e.name=='AbortError'?'Share':e.name=='NotAllowedError'?'Ready: tap once more':
'This cannot be shared; save it'}}"""
ROUTES = [page, mark]

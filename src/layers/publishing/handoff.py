"""The hand-off page: where a person takes over a post whose platform has no inbox for drafts.

Whoever holds the signed link sees the media, the caption to copy and the comment, and says when it is posted.
"""

import hashlib
from base64 import b64encode
from html import escape
from typing import Any, cast

import asyncpg
import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery

from layers.api.errors import NotFound
from layers.api.routes import open_to_all
from layers.connector import Media
from layers.db.pool import Pool
from layers.events import Event, append
from layers.kit.times import utc_now
from layers.publishing import store
from layers.publishing.commands import LIMITS
from layers.publishing.engine import MEDIA_LINK_LIFE, handoff_path

POSTED = "posted_by_hand"


@get("/handoff/{number:int}", opt=open_to_all(), include_in_schema=False)
async def page(
    state: State, number: FromPath[int], expires: FromQuery[int] = 0, signature: FromQuery[str] = ""
) -> Response[str]:
    """Show what is to be posted by hand."""
    _check(state, number, expires, signature)
    async with cast("Pool", state["pool"]).acquire(timeout=10) as tx:
        row = await store.find_handoff(tx, number, POSTED)
    if row is None:
        raise NotFound("This post was not handed over.")
    return _html(_body(state, row, f"expires={expires}&signature={escape(signature)}"))


@post("/handoff/{number:int}", opt=open_to_all(), include_in_schema=False, status_code=200)
async def mark(
    request: Request[Any, Any, Any],
    number: FromPath[int],
    expires: FromQuery[int] = 0,
    signature: FromQuery[str] = "",
) -> Response[str]:
    """Note that a person has posted it. A repeat changes nothing."""
    state = request.app.state
    _check(state, number, expires, signature)
    async with cast("Pool", state["pool"]).acquire(timeout=10) as tx, tx.transaction():
        await store.lock_number(tx, number)
        row = await store.find_handoff(tx, number, POSTED)
        if row is None:
            raise NotFound("This post was not handed over.")
        if not row["posted"]:
            await store.tell(tx, number, POSTED, "A person says it is posted.", {})
            data = {"scheduledPostId": row["id"], "socialAccountId": row["social_account_id"]}
            kind, who = "post.posted_by_hand", "handoff_link"
            await append(tx, Event(kind, row["organization_id"], row["project_id"], row["id"], data, who))
    return _html(
        "<main><h1>Thank you</h1><p>It is noted that this is posted. You may close this page.</p></main>"
    )


def _check(state: State, number: int, expires: int, signature: str) -> None:
    if not state["signer"].verify(handoff_path(number), expires, signature, utc_now()):
        raise NotFound("This link has expired or was altered. Ask for a fresh one.")


def _body(state: State, row: asyncpg.Record, query: str) -> str:
    mode = LIMITS[row["platform"]].modes[row["mode"]]
    media = msgspec.convert(row["media"], list[Media])
    shown = "".join(_item(state, item) for item in media)
    comment = _copyable("First comment", "comment", row["first_comment"]) if row["first_comment"] else ""
    done = (
        "<p class=done>Noted as posted.</p>"
        if row["posted"]
        else f'<form method=post action="?{query}"><button class=main>Mark as posted</button></form>'
    )
    title = escape(LIMITS[row["platform"]].title)
    return f"""<main><h1>Post on {title}</h1><p class=who>as <b>{escape(row["handle"])}</b></p>
<ol><li>Save the media<div class=media>{shown}</div></li>
<li>{_copyable("Copy the caption", "caption", row["caption"])}</li>
{f"<li>{comment}</li>" if comment else ""}
<li><a class=main href="{escape(mode.handoff or "#")}" rel=noreferrer>Open {title}</a></li>
<li>{done}</li></ol></main>"""


def _item(state: State, item: Media) -> str:
    url = escape(state["signer"].sign(f"/v1/assets/{item.id}", utc_now() + MEDIA_LINK_LIFE))
    show = (
        f'<img src="{url}" alt="">'
        if item.kind == "image"
        else f'<video src="{url}" controls playsinline></video>'
    )
    return f'<figure>{show}<a href="{url}" download>Download</a></figure>'


def _copyable(label: str, name: str, text: str) -> str:
    lines = min(max(text.count("\n") + 1, 3), 12)
    return (
        f"<label for={name}>{label}</label><textarea id={name} rows={lines} readonly>{escape(text)}</textarea>"
        f"<button type=button data-copy={name}>Copy</button>"
    )


def _html(body: str) -> Response[str]:
    headers = {
        "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline';"
        f" script-src '{SCRIPT_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return Response(f"{HEAD}{body}<script>{SCRIPT}</script>", media_type=MediaType.HTML, headers=headers)


SCRIPT = """document.querySelectorAll('[data-copy]').forEach(b=>b.onclick=async()=>{
const t=document.getElementById(b.dataset.copy);t.select();
try{await navigator.clipboard.writeText(t.value)}catch{document.execCommand('copy')}
b.textContent='Copied'})"""
SCRIPT_HASH = "sha256-" + b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
HEAD = """<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>Post by hand</title><style>
:root{color-scheme:light dark;--ink:#16181d;--soft:#6b7280;--ground:#f6f7f9;--card:#fff;--line:#e3e6ea;--go:#1f6feb}
@media(prefers-color-scheme:dark){:root{--ink:#eceef2;--soft:#9aa3af;--ground:#0e1116;--card:#171b22;--line:#2a303a}
}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:34rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.5rem;margin:0}
.who{color:var(--soft);margin:.2rem 0 1rem}
ol{list-style:none;margin:0;padding:0;display:grid;gap:1rem}
li{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1rem}
.media{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.75rem;margin-top:.75rem}
figure{margin:0;display:grid;gap:.4rem}
img,video{width:100%;border-radius:10px;background:#0003;max-height:60vh;object-fit:contain}
label{font-weight:600;display:block;margin-bottom:.4rem}
textarea{width:100%;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);
border-radius:10px;padding:.6rem;resize:vertical}
button,a.main{font:inherit;font-weight:600;border-radius:10px;border:1px solid var(--line);padding:.6rem 1rem;
background:transparent;
color:inherit;cursor:pointer;margin-top:.5rem}
.main{display:block;width:100%;text-align:center;background:var(--go)!important;color:#fff!important;
border-color:transparent!important;text-decoration:none;margin:0!important}
a{color:var(--go)}
.done{margin:0;font-weight:600}
</style>"""
ROUTES = [page, mark]

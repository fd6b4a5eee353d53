"""The pages people see: one frame and one style, with nothing loaded from elsewhere.

Every page carries all it needs, reads well on a phone, in the dark and with a keyboard, and works without a script.
What callers put inside must be escaped already.
"""

import base64
import hashlib
from html import escape

STYLE = """
:root { color-scheme: light dark; --page: #eef0f4; --card: #fff; --ink: #15171c; --quiet: #5b6370; --line: #d9dde5;
  --accent: #3d4fe0; --on-accent: #fff; --bad: #b3261e; --good: #1b7a3d; --wait: #8a5a00;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
@media (prefers-color-scheme: dark) { :root { --page: #0e1014; --card: #181b21; --ink: #eceef2; --quiet: #a0a8b6;
  --line: #2f3540; --accent: #98a4ff; --on-accent: #10121a; --bad: #ff8a80; --good: #6dd391; --wait: #f0b64f } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; min-height: 100dvh; padding: 1rem; background: var(--page); color: var(--ink);
  overflow-wrap: anywhere }
main { width: 100%; max-width: 40rem; margin: 0 auto; padding: 1rem 0 3rem }
body.centered { display: grid; place-items: center }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 1.25rem; padding: 1.25rem }
main.card { max-width: 27rem; padding: 1.75rem 1.5rem; box-shadow: 0 1.5rem 3rem -1.5rem #0004 }
.badge { display: inline-block; font-size: .75rem; font-weight: 600; letter-spacing: .04em; color: var(--accent);
  border: 1px solid currentColor; border-radius: 1rem; padding: .1rem .6rem }
h1 { font-size: 1.45rem; line-height: 1.25; letter-spacing: -.01em; margin: .9rem 0 .4rem; text-wrap: balance }
h2 { font-size: 1rem; margin: 0 0 .6rem }
p { margin: 0 0 1.1rem } .quiet { color: var(--quiet) } .quiet b { color: var(--ink) }
p:last-child { margin-bottom: 0 }
small, .hint { font-size: .85rem; color: var(--quiet) } .hint { margin: .45rem 0 1.1rem }
.bad, .hint.bad { color: var(--bad) } .good { color: var(--good) } .wait { color: var(--wait) }
code, small.mono { font: .75rem/1.4 ui-monospace, Menlo, monospace; color: var(--quiet) }
a { color: var(--accent) }
label.name { display: block; font-weight: 600; margin-bottom: .35rem }
input, textarea { font: inherit; color: inherit }
textarea { width: 100%; background: var(--page); border: 1px solid var(--line); border-radius: .8rem;
  padding: .7rem .8rem; resize: vertical; field-sizing: content; min-height: 4.5rem; max-height: 20rem }
::placeholder { color: var(--quiet); opacity: 1 }
.handle { display: flex; align-items: center; border: 1px solid var(--line); border-radius: .8rem; padding-left: .9rem;
  background: var(--page) }
.handle:focus-within, :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.handle span { color: var(--quiet) }
.handle input { flex: 1; min-width: 0; background: none; border: 0; outline: 0; padding: .8rem .9rem .8rem .25rem }
fieldset { border: 0; margin: 0 0 1.4rem; padding: 0; min-width: 0 }
legend { padding: 0; font-weight: 600; margin-bottom: .2rem }
.scope { display: flex; gap: .8rem; align-items: flex-start; padding: .7rem 0; border-bottom: 1px solid var(--line) }
.scope input { accent-color: var(--accent); width: 1.2rem; height: 1.2rem; margin: .15rem 0 0; flex: none }
.scope small { display: block }
.buttons { display: grid; gap: .6rem }
@media (min-width: 26rem) { .buttons { grid-template-columns: 2fr 1fr } }
button, .button { display: block; width: 100%; min-height: 3rem; padding: .65rem 1rem; font: inherit; font-weight: 600;
  text-align: center; text-decoration: none; color: inherit; background: none; border: 1px solid var(--line);
  border-radius: .8rem; cursor: pointer }
.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
ol.steps { list-style: none; counter-reset: step; margin: 1.2rem 0 0; padding: 0; display: grid; gap: .9rem }
.steps > li { counter-increment: step }
.steps h2 { display: flex; gap: .6rem; align-items: center }
.steps h2::before { content: counter(step); flex: none; width: 1.7rem; height: 1.7rem; border-radius: 50%;
  display: grid; place-items: center; font-size: .85rem; background: var(--accent); color: var(--on-accent) }
.media { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .75rem }
.media img, .media video { width: 100%; max-height: 60vh; object-fit: contain; border-radius: .8rem; background: #8882 }
figure { margin: 0; display: grid; gap: .5rem; align-content: end }
.media + button { margin-top: .75rem }
[hidden] { display: none !important }
textarea + button { margin-top: .6rem }
article { margin-top: .9rem } article header { display: flex; gap: .2rem .6rem; flex-wrap: wrap; align-items: baseline }
article header small { flex-basis: 100% } article header .badge { margin-left: auto; color: var(--quiet) }
article .badge.good { color: var(--good) } article .badge.wait { color: var(--wait) }
.text { white-space: pre-wrap; margin: .5rem 0 .8rem }
article .media { grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); margin-bottom: .8rem }
.media span { border: 1px dashed var(--line); border-radius: .8rem; padding: 1.5rem .5rem; text-align: center;
  font-size: .8rem; color: var(--quiet) }
.comments { list-style: none; margin: 0 0 .8rem; padding: 0 0 0 .8rem; border-left: 2px solid var(--line);
  font-size: .9rem; white-space: pre-wrap }
"""


def page(title: str, inside: str, *, badge: str = "", card: bool = False, script: str = "") -> str:
    """Return a whole page. `inside` is markup; `card`: a single small card in the middle of the window."""
    mark = f'<span class="badge">{escape(badge)}</span>\n' if badge else ""
    body, main = (' class="centered"', ' class="card"') if card else ("", "")
    code = f"<script>{script}</script>" if script else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(title)}</title><style>{STYLE}</style></head>
<body{body}><main{main}>{mark}{inside}
</main>{code}</body></html>"""


def headers(policy: str = "", *, script: str = "") -> dict[str, str]:
    """Return the headers of a page; `policy` adds to its content security policy, which else loads nothing."""
    allowed = ["default-src 'none'", "style-src 'unsafe-inline'", "base-uri 'none'", "frame-ancestors 'none'"]
    if script:
        allowed.append(f"script-src 'sha256-{_hash(script)}'")
    if policy:
        allowed.append(policy)
    return {
        "content-security-policy": "; ".join(allowed),
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

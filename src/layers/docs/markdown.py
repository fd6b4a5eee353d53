"""Markdown to HTML, with what these pages need beyond CommonMark, all of it plain Markdown elsewhere too:

- headings, and table rows that begin with a word of code, have anchors;
- code blocks of different languages beside each other become tabs: the same in each;
- a block ```` ```http ```` of one line, `GET /v1/…`, is the address of an endpoint;
- a list of `**`name`** …` is a list of fields, a list of `**[page](…)** …` is a row of cards;
- a quote that begins with `[!NOTE]`, `[!TIP]` or `[!WARNING]` is a box.
"""

import re
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import find_lexer_class_by_name
from pygments.util import ClassNotFound

ENDPOINT = re.compile(r"^(GET|HEAD|POST|PUT|PATCH|DELETE) (/\S*)$")
BOX = re.compile(r"^\[!(NOTE|TIP|WARNING)\]\s*")
TABS = {"bash": "curl", "ts": "TypeScript", "python": "Python"}
ROW = 7
"""The level of a table's row: below all headings."""
CODES: HtmlFormatter[str] = HtmlFormatter(nowrap=True)
Link = Callable[[str], str | None]
"""Where a link leads in the site; None: nowhere, as it leaves the documentation for the repository."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, and the words below it up to the next: what a search finds."""

    level: int
    title: str
    anchor: str
    words: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page's HTML, its headings in order (the title first), and its anchors."""

    html: str
    headings: Sequence[Heading]
    anchors: frozenset[str]


def render(text: str, link: Link) -> Rendered:
    """Return a page as HTML."""
    env: dict[str, Any] = {"link": link, "anchors": set[str]()}
    tokens = PARSER.parse(text, env)
    return Rendered(
        PARSER.renderer.render(tokens, PARSER.options, env),
        list(_headings(tokens)),
        frozenset(env["anchors"]),
    )


def outline(text: str) -> Sequence[Heading]:
    """Return only a page's headings with their words, and of its tables the rows with an anchor, as the lowest."""
    tokens = PARSER.parse(text, {"link": _nowhere, "anchors": set[str]()})
    return [*_headings(tokens), *_rows(tokens)]


def _nowhere(_href: str) -> None:
    return None


def _headings(tokens: Sequence[Token]) -> Iterator[Heading]:
    found: Heading | None = None
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            if found:
                yield found
            found = Heading(int(token.tag[1]), plain(tokens[at + 1]), str(token.attrs.get("id", "")))
        elif found and token.type == "inline" and tokens[at - 1].type != "heading_open":
            found.words.append(plain(token))
        elif found and token.type == "fence":
            found.words.append(token.content)
    if found:
        yield found


def _rows(tokens: Sequence[Token]) -> Iterator[Heading]:
    for at, token in enumerate(tokens):
        if token.type == "tr_open" and (anchor := str(token.attrs.get("id", ""))):
            end = next(then for then in range(at, len(tokens)) if tokens[then].type == "tr_close")
            code, *cells = [plain(one) for one in tokens[at:end] if one.type == "inline"]
            yield Heading(ROW, code, anchor, cells)


def plain(token: Token) -> str:
    """Return the words of a line, without marks."""
    return "".join(
        one.content if one.type in {"text", "code_inline"} else " " if one.type == "softbreak" else ""
        for one in token.children or ()
    )


# Marks on the tokens ----------------------------------------------------------------------------------------------


def _anchor(env: MutableMapping[str, Any], wanted: str) -> str:
    anchors: set[str] = env["anchors"]
    name, count = wanted, 0
    while name in anchors:
        count += 1
        name = f"{wanted}-{count}"
    anchors.add(name)
    return name


def _mark(state: StateCore) -> None:
    """Give anchors, classes and boxes."""
    tokens = state.tokens
    for at, token in enumerate(tokens):
        match token.type:
            case "heading_open":
                slug = re.sub(r"[^\w\- ]", "", plain(tokens[at + 1]).lower()).replace(" ", "-")
                token.attrSet("id", _anchor(state.env, slug))
            case "tr_open" if (word := _word(tokens[at + 2])) and tokens[at + 1].type == "td_open":
                token.attrSet("id", _anchor(state.env, word))
            case "bullet_list_open" if kind := _list_kind(tokens[at + 1 : at + 4]):
                token.attrJoin("class", kind)
            case "th_open" | "td_open" if "right" in str(token.attrs.pop("style", "")):
                token.attrJoin("class", "number")
            case "blockquote_open" if box := BOX.match(tokens[at + 2].content):
                token.attrJoin("class", f"box {box[1].lower()}")
                children = tokens[at + 2].children or []
                tokens[at + 2].children = children[2 if len(children) > 1 else 1 :]
            case _:
                pass


def _word(token: Token) -> str | None:
    """Return the code a table's cell consists of, as an anchor."""
    children = token.children or []
    if (
        len(children) == 1
        and children[0].type == "code_inline"
        and not re.search(r"[^\w.-]", children[0].content)
    ):
        return children[0].content
    return None


def _list_kind(first: Sequence[Token]) -> str | None:
    """Tell what a list is by how its first item begins."""
    inline = next((token for token in first if token.type == "inline"), None)
    kinds = [
        child.type
        for child in (inline.children if inline else None) or []
        if child.type != "text" or child.content
    ]
    if kinds[:2] == ["strong_open", "code_inline"]:
        return "fields"
    return "cards" if kinds[:2] == ["strong_open", "link_open"] else None


def _group_tabs(state: StateCore) -> None:
    """Put code blocks of different languages that stand beside each other into one element."""
    grouped: list[Token] = []
    for is_code, run in groupby(
        state.tokens, lambda token: token.type == "fence" and token.info.strip() in TABS
    ):
        tokens = list(run)
        if is_code and len({token.info for token in tokens}) == len(tokens) > 1:
            for token in tokens:
                token.meta["tab"] = TABS[token.info.strip()]
            tokens = [
                Token("tabs_open", "div", 1, {"class": "tabs"}),
                *tokens,
                Token("tabs_close", "div", -1),
            ]
        grouped += tokens
    state.tokens = grouped


# HTML -------------------------------------------------------------------------------------------------------------

Env = dict[str, Any]


def _fence(_: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: Env) -> str:
    language, content, tab = tokens[at].info.strip(), tokens[at].content, tokens[at].meta.get("tab")
    if language == "http" and (endpoint := ENDPOINT.match(content.strip())):
        return _endpoint(*endpoint.groups())
    label = f' data-tab="{escape(tab)}"' if tab else ""
    return f'<div class="code"{label}><pre tabindex="0"><code>{_coloured(content, language)}</code></pre></div>\n'


def _endpoint(method: str, path: str) -> str:
    parts = re.sub(r"(:\w+)", r"<i>\1</i>", escape(path).replace("/", "/<wbr>"))
    return (
        f'<div class="endpoint"><span class="method {method.lower()}">{method}</span>'
        f'<code data-copy="{escape(path)}">{parts}</code></div>\n'
    )


def _coloured(code: str, language: str) -> str:
    try:
        lexer = find_lexer_class_by_name(language)(stripnl=False)
    except ClassNotFound:
        return escape(code)
    return highlight(code, lexer, CODES)


def _heading_close(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Env
) -> str:
    anchor = tokens[at - 2].attrs.get("id")
    closed = renderer.renderToken(tokens, at, options, env)
    if tokens[at].tag == "h1":
        return closed
    return f'<a class="anchor" href="#{anchor}" aria-label="Link to this section">#</a>{closed}'


def _link_open(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: Env
) -> str:
    token = tokens[at]
    href = str(token.attrs.get("href", ""))
    if re.match(r"https?:", href):
        token.attrSet("rel", "noreferrer")
    elif (led := env["link"](href)) is not None:
        token.attrSet("href", led)
    else:
        token.attrs = {"class": "repository", "title": "in the repository"}
    return renderer.renderToken(tokens, at, options, env)


def _table_open(*_: object) -> str:
    return '<div class="table" tabindex="0"><table>\n'


def _table_close(*_: object) -> str:
    return "</table></div>\n"


def _no_html(_: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: Env) -> str:
    if not tokens[at].content.lstrip().startswith("<!--"):
        raise ValueError(f"HTML in a page: {tokens[at].content}")
    return ""


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.push("marks", _mark)
    parser.core.ruler.push("tabs", _group_tabs)
    rules = {
        "fence": _fence,
        "heading_close": _heading_close,
        "link_open": _link_open,
        "html_block": _no_html,
    }
    for name, rule in {**rules, "table_open": _table_open, "table_close": _table_close}.items():
        parser.add_render_rule(name, rule)
    return parser


PARSER = _parser()

"""Writes the reference pages from the code: `make docs`. A test fails when a committed page differs.

What a word means is told here, which words there are is read from the code: a word without an explanation, or an
explanation without its word, stops the generator.
"""

import argparse
import ast
import inspect
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import get_args

import layers
from layers.api.errors import SUBCODES, Problem
from layers.app import PLATFORM_SETTINGS, contract
from layers.connector import MediaLimit, Mode, Option, Source, TextLimit
from layers.docs.library import library
from layers.docs.site import WRITTEN, Site
from layers.doctor import about_platform_setting
from layers.platforms import CONNECTORS
from layers.publishing.rules import TRANSITIONS
from layers.publishing.schemas import PostStatus
from layers.settings import PREFIX, Settings
from layers.social_accounts.oauth import AccountMismatch

HERE = Path(__file__).resolve().parent
PACKAGE = Path(layers.__file__).parent
NOTE = "<!-- Written by docs/generate.py from the code; change the code or the generator, then run `make docs`. -->"


class Undocumented(Exception):  # noqa: N818
    """The code knows a word that is not explained here, or the other way round."""


# What the words mean ----------------------------------------------------------------------------------------------

STATUSES: Mapping[str, str] = {
    "queued": "Waiting for its time, or for the next try (`nextAttemptAt`).",
    "publishing": "A worker is at it, the platform is processing it, or its outcome is in doubt and being looked up.",
    "published": "Public. `externalId` and, where the platform has one, `externalUrl` name it.",
    "draft_in_inbox": "In the creator's inbox on the platform; a person finishes it there.",
    "failed": "Not tried any more; `lastError` says why. With `OUTCOME_UNKNOWN` a person must look.",
    "canceled": "Withdrawn before anything irreversible was sent.",
}

LAST_ERRORS: Mapping[str, str] = {
    "ACCOUNT_RESTRICTED": "The platform has restricted the account; the message says how to lift it.",
    "APP_MISCONFIGURED": "The operator's app at the platform is not set up for this; see the message.",
    "CONTENT_REJECTED_BY_PLATFORM": "The platform's moderation refused the content. Change it.",
    "CREDENTIAL_INVALID": "The token is no good and cannot be refreshed. Reconnect the account: the post waits for it "
    "until it is a day late.",
    "INTERNAL": "A fault in Layers; the logs tell more. The post is tried again.",
    "IN_DOUBT": "An answer was lost. The platform is asked before anything is sent again; `status` stays `publishing`.",
    "MEDIA_INVALID": "The platform does not take this media. Of a container: what was fetched is no media, or too "
    "large.",
    "MEDIA_UNREACHABLE": "Media of a container could not be fetched; `message` says why, `retryable` whether it is "
    "still being tried.",
    "NOT_PUBLISHED": "A person looked and said, through `…/resolve`, that the post is not there. It can be retried.",
    "OPTION_INVALID": "The account does not offer an option of `platformOptions`.",
    "OUTCOME_UNKNOWN": "Whether the post is out cannot be learnt by machine. It is never sent again by itself: look on "
    "the platform, then say what you saw with `…/resolve`.",
    "PLATFORM_LIMIT": "A rate limit or daily cap. The whole account keeps still until it is over; no try is counted.",
    "PLATFORM_REFUSED": "The platform refused for a reason of its own, given in `message` and `platformCode`.",
    "PLATFORM_UNAVAILABLE": "The platform is away or has a fault. Tried again for up to 24 hours.",
}

CONSENTS: Mapping[str, str] = {
    "account_mismatch": "Another account consented than the one to be reconnected.",
    "oauth_denied": "The person said no.",
    "oauth_failed": "The platform did not give what it promises; start again.",
    "oauth_no_account": "The consent names no account that can publish.",
    "oauth_scopes": "Posting was not allowed; start again and allow it.",
    "oauth_unsupported": "The server named offers no consent that Layers can use.",
}

STEPS: Mapping[str, str] = {
    "absent": "The platform shows that a call without an answer was not carried out; it may be sent again.",
    "canceled": "Somebody canceled the post, or its account or project was closed.",
    "delivered": "The post lies in the creator's inbox.",
    "failed": "The post ended `failed`.",
    "found": "The platform shows that a call without an answer was carried out.",
    "in_doubt": "An answer was lost; nothing is sent until it is known what became of the call.",
    "late": "The post has been due for five minutes and waits for its turn; it still goes out.",
    "outcome_unknown": "Given up asking; a person must look.",
    "posted_by_hand": "The person the post was handed to says it is posted.",
    "published": "The post is public.",
    "reauth_required": "The token is no good; the post waits for the account to be reconnected.",
    "repeated": "A call without an answer is repeated where the platform itself refuses to do it twice.",
    "reconnected": "The account that the post waited for was connected again.",
    "rescheduled": "Somebody moved the post.",
    "resolved": "A person said whether the post is on its platform.",
    "retried": "A person asked for another try.",
    "retry": "A fault that passes; when the next try is, and why.",
    "scheduled": "The post was accepted.",
    "sent": "The call that publishes was answered; with status, milliseconds and the platform's request ids.",
    "throttled": "The platform asked for a pause; until when.",
    "token_refreshed": "The account's token was refreshed.",
    "waiting": "The platform is processing; what it said.",
}

ISSUES: Mapping[str, str] = {
    "above_own": "A key can give another key no more than it has itself.",
    "authorization_refused": "The platform, or the server named, cannot be asked for consent; the message says why.",
    "caption_not_supported": "This mode publishes no caption, and one was given for this target.",
    "caption_required": "This mode needs a caption.",
    "caption_too_long": "Longer than the platform takes, in the platform's own way of counting.",
    "codec_not_supported": "The video's codec is not one the platform takes.",
    "container_not_completed": "The container's media is not ready (dry run only).",
    "credential_invalid": "The account must be reconnected (dry run only).",
    "credential_refused": "The platform does not accept the credential.",
    "duplicate": "A part of the form was sent twice.",
    "duplicate_id": "The same `scheduledPostId` twice in one request.",
    "duplicate_post": "The same container goes there within ten minutes of another live post (dry run only).",
    "duplicate_target": "The same account and mode twice in one request, without `allowDuplicate`.",
    "file_too_large": "The file is larger than the platform takes.",
    "first_comment_not_supported": "This mode has no first comment, and one was given for this target.",
    "first_comment_too_long": "Longer than the platform takes.",
    "frame_rate_out_of_range": "Too few or too many frames a second.",
    "in_the_past": "The time has passed; a post may be up to five minutes late, or is published at once.",
    "invalid_cursor": "The cursor is damaged or belongs to another list.",
    "invalid_mode": "The platform has no such mode.",
    "invalid_text": "A NUL or a lone surrogate, which no database text can hold, or bytes that are not UTF-8.",
    "invalid_value": "Not one of the values allowed here.",
    "kind_not_supported": "This mode does not take this kind of content.",
    "malformed": "Not JSON, or a form that is cut short or wrongly framed.",
    "media_kind_not_supported": "This mode does not take images, or videos.",
    "mime_type_not_supported": "The file's real type is not one the platform takes.",
    "not_configured": "The operator has not set up the platform's app; the message names the variables.",
    "not_found": "There is no such thing for this caller.",
    "not_in_project": "The account belongs to another project than the container.",
    "not_in_sandbox": "The sandbox gives no consent here, or its pages are switched off; connect with a handle.",
    "private_address": "The address is not on the public internet, and this installation allows no other.",
    "project_archived": "The project is archived.",
    "options_conflict": "Two platform options that exclude each other.",
    "one_of": "Exactly one of several fields is needed.",
    "out_of_range": "A number, a length or a pattern outside what is allowed.",
    "ratio_out_of_range": "Too wide or too tall.",
    "required": "Something that must be there is not.",
    "scheduled_post_id_taken": "Another post of the organisation has this `scheduledPostId` (dry run only).",
    "side_too_large": "Too many pixels on one side.",
    "side_too_small": "Too few pixels on one side.",
    "timezone_required": "The time has no `Z` and no offset.",
    "size_differs": "Another number of bytes than was announced.",
    "too_deep": "JSON nested deeper than any body here needs.",
    "too_far_ahead": "More than 400 days ahead.",
    "too_few": "The list is too short.",
    "too_few_items": "Fewer media items than this mode takes.",
    "too_large": "More than is allowed here.",
    "too_long": "The video is longer than the platform takes.",
    "too_many": "The list is too long.",
    "too_many_endpoints": "The organisation has 50 webhook endpoints in this environment.",
    "too_many_items": "More media items than this mode takes.",
    "too_many_pixels": "More pixels in all than the platform takes.",
    "too_short": "The video is shorter than the platform takes.",
    "too_soon": "Less than 30 seconds from now.",
    "unknown_scope": "There is no such scope.",
    "unknown_field": "A field, form part or platform option that does not exist here; the message lists those that do.",
    "unknown_parameter": "The route knows no such query parameter; the message lists those it does.",
    "unknown_platform": "Layers has no such platform.",
    "unknown_timezone": "Not an IANA time zone.",
    "unreadable_media": "The bytes are not media that can be read.",
    "width_too_large": "More pixels from left to right than the platform takes.",
    "width_too_small": "Fewer pixels from left to right than the platform takes.",
    "wrong_type": "Another JSON type than expected.",
}


# Which words there are --------------------------------------------------------------------------------------------


@cache
def trees() -> tuple[ast.Module, ...]:
    """Return the syntax trees of the package, the sandbox left out: its words are the platforms'."""
    files = sorted(file for file in PACKAGE.rglob("*.py") if "sandbox" not in file.parts)
    return tuple(ast.parse(file.read_text()) for file in files)


def calls(*names: str) -> Iterator[ast.Call]:
    """Yield the calls of functions or methods of these names."""
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if name in names:
                    yield node


def words(nodes: Iterable[ast.AST | None], pattern: str) -> set[str]:
    """Return the string constants among (and one level inside) `nodes` that look like `pattern`."""
    found: set[str] = set()
    for node in nodes:
        for inner in ast.walk(node) if isinstance(node, ast.IfExp) else [node]:
            if (
                isinstance(inner, ast.Constant)
                and isinstance(inner.value, str)
                and re.fullmatch(pattern, inner.value)
            ):
                found.add(inner.value)
    return found


def subcodes() -> set[str]:
    """Return the values of every `subcode`."""
    dicts = (node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Dict))
    values = (v for d in dicts for k, v in zip(d.keys, d.values, strict=True) if k and words([k], "subcode"))
    return words(values, "[A-Z_]+")


def last_errors() -> set[str]:
    """Return the codes of `lastError`: those the engine settles with and those connectors raise."""
    firsts = (
        call.args[0]
        for call in calls("_error", "_end_failed", "_reject", "Rejected", "Unfetchable", "__init__")
        if call.args
    )
    rest = (argument for call in calls("Meaning", "Unavailable") for argument in call.args[1:])
    sql = set(re.findall(r"""\{\{code\}\}', '"([A-Z_]+)"'""", (PACKAGE / "publishing/store.py").read_text()))
    return {code for code in words([*firsts, *rest], "[A-Z_]{4,}") | sql if not code.startswith("OAUTH_")}


def consents() -> set[str]:
    """Return why a consent can come to nothing: what connectors raise for it, and the conflict of its own."""
    raised = words((call.args[0] for call in calls("Rejected") if call.args), "OAUTH_[A-Z_]+")
    return {code.lower() for code in raised} | {AccountMismatch.code.lower()}


def steps() -> set[str]:
    """Return the types of the steps of a post's story."""
    found = words((argument for call in calls("tell") for argument in call.args[:3]), "[a-z_]+")
    stores = [(PACKAGE / slice_ / "store.py").read_text() for slice_ in ("publishing", "social_accounts")]
    by_sql = re.findall(r"INTO post_events \([^)]*\)\s+SELECT number, '(\w+)',", "".join(stores))
    by_hand = re.findall(r'^POSTED = "(\w+)"', (PACKAGE / "publishing/handoff.py").read_text(), re.MULTILINE)
    return found | set(by_sql) | set(by_hand)


def issues() -> set[str]:
    """Return the codes of validation issues: last arguments of issues, last items of yielded complaints."""
    found = words(
        (a for call in calls("Issue", "one_issue", "Misfit") for a in (*call.args[2:], *_values(call))),
        "[a-z_]{4,}",
    )
    parts = {"caption", "first_comment", "media", "mode"}
    for tree in trees():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and function.name.startswith(
                ("_check_", "_option", "_choice")
            ):
                found |= _ends_of_tuples(function)
            if isinstance(function, ast.FunctionDef) and function.name == "_code":
                found |= words((n.value for n in ast.walk(function) if isinstance(n, ast.Return)), "[a-z_]+")
    return found - parts


def _values(call: ast.Call) -> list[ast.expr]:
    return [keyword.value for keyword in call.keywords]


def _ends_of_tuples(function: ast.AST) -> set[str]:
    given = (n.value for n in ast.walk(function) if isinstance(n, ast.Return | ast.Yield))
    return words((value.elts[-1] for value in given if isinstance(value, ast.Tuple)), "[a-z_]{4,}")


def errors() -> list[type[Problem]]:
    """Return the API's errors by status."""

    def below(error: type[Problem]) -> Iterator[type[Problem]]:
        for child in error.__subclasses__():
            yield child
            yield from below(child)

    return sorted(below(Problem), key=lambda error: (error.status, error.code))


def explained(what: str, found: set[str], told: Mapping[str, str]) -> Mapping[str, str]:
    """Return `told`. Raises Undocumented unless it explains exactly what the code knows."""
    if missing := sorted(found - told.keys()):
        raise Undocumented(f"{what}: explain {', '.join(missing)} in docs/generate.py")
    if gone := sorted(told.keys() - found):
        raise Undocumented(
            f"{what}: {', '.join(gone)} is explained in docs/generate.py, the code does not know it"
        )
    return told


# The pages --------------------------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def page(title: str, *blocks: str) -> str:
    """Return a whole page."""
    return "\n\n".join([NOTE, f"# {title}", *blocks]) + "\n"


def settings_page() -> str:
    """Return docs/reference/settings.md."""
    own = [
        (f"`{PREFIX}{f.name.upper()}`", _default(f), _sentence(str(f.metadata["about"])))
        for f in fields(Settings)
        if f.name != "platforms"
    ]
    platforms = [
        (f"`{PREFIX}{name}`", _sentence(about_platform_setting(name))) for name in sorted(PLATFORM_SETTINGS)
    ]
    return page(
        "Settings",
        "Layers reads its settings once, at start, from the environment. An unknown `LAYERS_…` variable is an error, "
        "so a misspelt one cannot be overlooked; every problem is named at once. `layers doctor` shows what is in "
        "force and what is wrong.",
        table(["variable", "default", "what it is"], own),
        "## Platforms",
        "What the platforms need with live keys. With test keys all posts go to the built-in sandbox and none of these "
        "is needed.",
        table(["variable", "what it is"], platforms),
    )


def _default(f: object) -> str:
    default = getattr(f, "default", MISSING)
    if default is MISSING:
        return "`~/.local/share/layers`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if default != "" else "unset"


def _sentence(text: str) -> str:
    first = text.split(" ")[0]
    return (text if "_" in first else text[:1].upper() + text[1:]) + ("" if text.endswith(".") else ".")


def errors_page() -> str:
    """Return docs/reference/errors.md."""
    statuses = explained("post statuses", set(get_args(PostStatus)), STATUSES)
    goes = {name: ", ".join(f"`{to}`" for to in sorted(TRANSITIONS[name])) or "nowhere" for name in statuses}
    return page(
        "Errors, statuses and codes",
        "Every refusal and every fault has one shape, whatever the path:",
        '```json\n{"error": {"code": "VALIDATION", "message": "…", "requestId": "req_…", "details": {}}}\n```',
        "`code` is stable and for programs, `message` is for people. A thing of another organisation, or of the other "
        "environment, does not exist: 404.",
        "## Codes",
        table(["status", "code", "when"], [(str(e.status), f"`{e.code}`", _doc(e)) for e in errors()]),
        "## `details.subcode` of a `CONFLICT`",
        _explained_table("subcode", explained("subcodes", subcodes(), SUBCODES)),
        "## `details.issues[].code` of a `VALIDATION`",
        "All faults of a request are listed at once, each with its `path` (`targets[0].mode`), `message` and `code`.",
        _explained_table("code", explained("issue codes", issues(), ISSUES)),
        "## Where a post stands: `status`",
        table(
            ["status", "meaning", "goes on to"], [(f"`{n}`", words, goes[n]) for n, words in statuses.items()]
        ),
        "`failed` is left only by a person: `…/retry`, or `…/resolve` when the outcome is unknown. After a restore, "
        "what may be out already becomes `failed` from wherever it stood (`layers recover`).",
        "## Why a post is not out: `lastError.code`",
        "`retryable` tells whether Layers goes on trying by itself.",
        _explained_table("code", explained("lastError codes", last_errors(), LAST_ERRORS)),
        "## Why a consent came to nothing: `layers_oauth_error`",
        "In the query of the return address, and as `error.code` of `GET /v1/social/oauth-status/:state`. A platform "
        "that is away or refuses for another reason gives a code of the table above, in small letters.",
        _explained_table("code", explained("consent errors", consents(), CONSENTS)),
        "## What happened to a post: `type` of `GET /v1/scheduled-posts/:id/events`",
        _explained_table("type", explained("story steps", steps(), STEPS)),
    )


def _doc(error: type[Problem]) -> str:
    return (inspect.getdoc(error) or "").split("\n\n")[0]


def _explained_table(name: str, told: Mapping[str, str]) -> str:
    return table([name, "meaning"], [(f"`{word}`", meaning) for word, meaning in sorted(told.items())])


def platforms_page() -> str:
    """Return docs/reference/platforms.md."""
    blocks = [
        "The limits below are the data that validates, and what `GET /v1/platforms` answers. Each fact carries where "
        "it was read and when."
    ]
    for connector in CONNECTORS.values():
        limits = connector.limits
        blocks.append(f"## {limits.title}")
        for cap in limits.daily_caps:
            modes = " and ".join(f"`{mode}`" for mode in cap.modes)
            together = " together" if len(cap.modes) > 1 else ""
            blocks.append(
                f"At most {cap.posts} posts an account in any 24 hours by {modes}{together} ({_source(cap.source)}). A "
                "post beyond that is parked until the platform has room again."
            )
        if connector.own_limits:
            blocks.append(
                "Servers set limits of their own. What an account's server says when it is connected holds for "
                "that account, the table below where it says nothing."
            )
        for name, mode in limits.modes.items():
            blocks += [f"### `{name}`", mode.about, table(["what", "limit", "source"], _mode_rows(mode))]
        fields_of = [(f"`{name}`", _sentence(about)) for name, about in connector.credential_fields.items()]
        blocks += ["To connect with a live key:", table(["field of `credential`", "what it is"], fields_of)]
    return page("Platforms", *blocks)


def _mode_rows(mode: Mode) -> Iterator[tuple[str, str, str]]:
    for kind, bounds in mode.kinds.items():
        text, source = _text_limit(mode.caption[kind])
        held = "" if kind != "carousel" or mode.carousel_of != ("image",) else ", images only"
        yield f"**{kind}**", f"{_count(*bounds)}{held}; caption: {text}", source
    yield "first comment", *_text_limit(mode.first_comment)
    for kind, media in mode.media.items():
        yield f"each {kind}", "; ".join(_media_limit(media)), _source(media.source)
    for name, option in mode.options.items():
        yield (
            f"`{name}` ({option.type})",
            " ".join([option.about, *_option_limits(option)]),
            _source(option.source),
        )


def _option_limits(option: Option) -> Iterator[str]:
    if option.choices:
        yield f"One of {', '.join(f'`{c}`' for c in option.choices)}."
    if option.least is not None:
        yield f"At least {option.least}."
    if option.in_video:
        yield "Within the video."
    if option.most_items is not None:
        yield f"At most {option.most_items}."
    if option.per_item:
        yield "No more than there are media items."
    if option.text is not None:
        yield f"Each at most {_text_limit(option.text)[0]}."
    if option.pattern is not None:
        yield f"Must match `{option.pattern}`."
    if option.in_caption is not None:
        yield "Its characters count as the caption's."
    for other, value in option.not_with.items():
        yield f"Not with `{other}` `{value}`."


def _count(least: int, most: int) -> str:
    if least == most:
        return {0: "no media", 1: "one item"}.get(most, f"{most} items")
    return f"{least} to {most} items"


UNITS = {
    "grapheme": "characters as people see them",
    "codepoint": "code points",
    "utf16": "UTF-16 units",
    "fediverse": "characters, a link counting 23",
}


def _text_limit(limit: TextLimit | None) -> tuple[str, str]:
    if limit is None:
        return "not published", ""
    most = f"{limit.limit:,} {UNITS[limit.unit]}" + (
        f", {limit.max_bytes:,} bytes" if limit.max_bytes else ""
    )
    for tags, count in (("hashtags", limit.max_hashtags), ("mentions", limit.max_mentions)):
        most += f", {count} {tags}" if count is not None else ""
    return most + (", required" if limit.required else ""), _source(limit.source)


def _media_limit(limit: MediaLimit) -> Iterator[str]:
    yield ", ".join(f"`{kind}`" for kind in limit.mime_types)
    yield f"at most {limit.max_bytes:,} bytes"
    for words, bounds in (
        ("{:g} to {:g} s", limit.seconds),
        ("sides of {:g} to {:g} px", limit.side_px),
        ("{:g} to {:g} px wide", limit.width_px),
        ("ratio {:.3g} to {:.3g}", limit.ratio),
        ("{:g} to {:g} frames a second", limit.frame_rate),
    ):
        if bounds is not None:
            yield words.format(*bounds)
    if limit.max_pixels is not None:
        yield f"at most {limit.max_pixels:,} pixels"
    if limit.remade_from:
        shape = " and padded into the ratio" if limit.ratio else ""
        yield f"{', '.join(f'`{kind}`' for kind in limit.remade_from)}: turned into JPEG{shape}"
    if limit.codecs:
        yield f"codecs {', '.join(limit.codecs)}"


def _source(source: Source) -> str:
    return f"[{source.checked}]({source.url})"


PAGES: Mapping[str, Callable[[], str]] = {
    "reference/settings.md": settings_page,
    "reference/errors.md": errors_page,
    "reference/platforms.md": platforms_page,
    "../openapi.json": contract,
}


def write_site(folder: Path) -> None:
    """Write the site. What an earlier run left in the folder goes; anything else stays and stops it."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "llms.txt").exists():
        raise SystemExit(f"{folder} holds something else; name an empty folder.")
    shutil.rmtree(folder, ignore_errors=True)
    Site(library(), WRITTEN).write(folder, contract())


def main() -> int:
    """Write the pages, and the site made of them; with --check only say which pages differ."""
    parser = argparse.ArgumentParser(description="Write the reference pages from the code.")
    parser.add_argument("--site", type=Path, help="write the whole site as well, into a folder of its own")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if a page is out of date")
    asked = parser.parse_args()
    check: bool = asked.check
    try:
        written = {(HERE / name).resolve(): render() for name, render in PAGES.items()}
    except Undocumented as why:
        sys.stderr.write(f"{why}\n")
        return 1
    stale = [file for file, text in written.items() if not file.exists() or file.read_text() != text]
    for file in stale:
        sys.stdout.write(f"{'out of date' if check else 'written'}: {file.relative_to(HERE.parent)}\n")
        if not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(written[file])
    if asked.site:
        write_site(asked.site)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())

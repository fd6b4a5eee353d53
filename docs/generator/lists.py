"""Pages that list what the code knows: settings, errors, platforms."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import get_args

from generator.text import fence, page, sentence, table
from generator.words import (
    CONSENTS,
    ISSUES,
    LAST_ERRORS,
    REMEDIES,
    STATUSES,
    STEPS,
    consents,
    errors,
    explained,
    issues,
    last_errors,
    steps,
    subcodes,
)
from layers.api.errors import SUBCODES, Problem
from layers.app import PLATFORM_SETTINGS
from layers.connector import MediaLimit, Mode, Option, Source, TextLimit
from layers.doctor import about_platform_setting
from layers.platforms import CONNECTORS
from layers.publishing.rules import TRANSITIONS
from layers.publishing.schemas import PostStatus
from layers.settings import PREFIX, Settings


def settings_page() -> str:
    """Return docs/reference/settings.md."""
    own = [
        (f"`{PREFIX}{f.name.upper()}`", _default(f), sentence(str(f.metadata["about"])))
        for f in fields(Settings)
        if f.name != "platforms"
    ]
    platforms = [
        (f"`{PREFIX}{name}`", sentence(about_platform_setting(name))) for name in sorted(PLATFORM_SETTINGS)
    ]
    return page(
        "Settings",
        "Layers reads its settings once, at start, from the environment. An unknown `LAYERS_…` variable is an error, "
        "so a misspelt one cannot be overlooked; every problem is named at once. `layers doctor` shows what is in "
        "force and what is wrong.",
        table(["variable", "default", "what it is"], own),
        "## Platforms",
        "What the platforms need with live keys. With test keys all posts go to the built-in sandbox and none of "
        "these "
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


def errors_page() -> str:
    """Return docs/reference/errors.md."""
    statuses = explained("post statuses", set(get_args(PostStatus)), STATUSES)
    goes = {name: ", ".join(f"`{to}`" for to in sorted(TRANSITIONS[name])) or "nowhere" for name in statuses}
    return page(
        "Errors, statuses and codes",
        "Every refusal and every fault has one shape, whatever the path.",
        fence(
            "json",
            '{\n  "error": {\n    "code": "VALIDATION",\n    "message": "targets[0].mode: …",\n    "requestId": '
            '"req_…",\n'
            '    "details": {}\n  }\n}',
        ),
        "`code` is stable and for programs, `message` is for people, `requestId` finds the request in the logs. "
        "A thing of another "
        "organisation, or of the other environment, does not exist: 404. Each code has an address of its own on "
        "this page, such as "
        "`#validation` or `#OUTCOME_UNKNOWN`.",
        "## Codes",
        table(
            ["code", "status", "when"],
            [(f"[`{e.code}`](#{e.code.lower()})", str(e.status), _doc(e)) for e in errors()],
        ),
        *[block for error in errors() for block in _error(error)],
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


def _error(error: type[Problem]) -> Iterator[str]:
    """Yield what there is to say of one code: when it comes, what it tells, what to do."""
    remedies = explained("remedies", {one.code for one in errors()}, REMEDIES)
    yield f"### `{error.code}`"
    tells = [f"`details.{name}`" for name in (*error.tells, *error.may_tell)]
    yield " ".join([f"**{error.status}.** {_doc(error)}", *([f"Tells {', '.join(tells)}."] if tells else [])])
    yield remedies[error.code]


def _doc(error: type[Problem]) -> str:
    return " ".join((inspect.getdoc(error) or "").split("\n\n")[0].split())


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
                f"At most {cap.posts} posts an account in any 24 hours by {modes}{together} "
                f"({_source(cap.source)}). A "
                "post beyond that is parked until the platform has room again."
            )
        if connector.own_limits:
            blocks.append(
                "Servers set limits of their own. What an account's server says when it is connected holds for "
                "that account, the table below where it says nothing."
            )
        for name, mode in limits.modes.items():
            blocks += [f"### `{name}`", mode.about, table(["what", "limit", "source"], _mode_rows(mode))]
        fields_of = [(f"`{name}`", sentence(about)) for name, about in connector.credential_fields.items()]
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

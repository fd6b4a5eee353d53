"""Blotting out: what was sent in confidence may come back in the other side's words, and goes no further."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import cast
from urllib.parse import parse_qsl, quote, urlsplit

BLOT = "[secret]"
CONFIDENTIAL = re.compile(
    r"token|secret|password|assertion|proof|jwt|^authorization$|^dpop$|^code(_verifier)?$", re.I
)
SHORTEST = 6
"""Characters of what is taken for a secret: shorter ones stand in too many words."""


@lru_cache(1000)
def _confidential(name: str) -> bool:
    return CONFIDENTIAL.search(name) is not None


def secrets_in(url: str, *fields: Mapping[str, object] | None) -> frozenset[str]:
    """Return the values of confidential fields (headers, form, JSON) and parameters, as sent and percent-encoded."""
    named = [pair for part in fields if part for pair in part.items() if _confidential(pair[0])]
    if "?" in url:
        named += [pair for pair in parse_qsl(urlsplit(url).query) if _confidential(pair[0])]
    values = {value.rpartition(" ")[2] for _, value in named if isinstance(value, str)}
    return frozenset(form for v in values if len(v) >= SHORTEST for form in (v, quote(v, safe="")))


def blot(value: object, secrets: Iterable[str], *, alone: bool) -> object:
    """Return a decoded JSON value with `secrets` blotted out of all its texts.

    `alone`: also where a text is nothing but the secret; in an answer that refuses nothing, it is the answer.
    """
    match value:
        case str():
            for secret in secrets:
                if alone or secret != value:
                    value = value.replace(secret, BLOT)
            return value
        case dict():
            items = cast("dict[str, object]", value).items()
            return {name: blot(item, secrets, alone=alone) for name, item in items}
        case list():
            return [blot(item, secrets, alone=alone) for item in cast("list[object]", value)]
        case _:
            return value

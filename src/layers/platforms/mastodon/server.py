"""What an account's server says of itself, and whether a post fits it.

Sources: https://docs.joinmastodon.org/entities/Instance/ and /entities/V1_Instance/, a snac 2.75 asked, and the
sources of Mastodon, Pleroma and GoToSocial where named; checked 2026-11-23.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

import msgspec

from layers.connector import (
    Call,
    Effect,
    Flow,
    Limits,
    Media,
    MediaKind,
    MediaLimit,
    Option,
    Post,
    Rejected,
    Reply,
    TextLimit,
)
from layers.kit.text import LINK_CHARACTERS, fediverse_characters, graphemes
from layers.platforms.mastodon.limits import CHARACTERS, LIMITS, MOST_ATTACHMENTS

INSTANCE, INSTANCE_V1 = "instance", "instance v1"
NO_V2 = (400, 401, 403, 404, 405, 410, 422, 501)
"""Servers without the second version answer 404, or whatever their router says of an unknown path."""

REPEATS_ANSWERED = re.compile(r"[1-9]\d*\.\d+\.\d+(?:[-+][\w.+-]+)?|.*\(compatible; (?:Pleroma|Akkoma) .*\)")
"""Versions of software that answers a repeated Idempotency-Key with the status it made before.

Mastodon and its forks say a bare version and keep keys an hour. Pleroma's plug replays the stored answer; that it does
so for six hours, and Akkoma alike, is remembered. Not GoToSocial (0.x): it keeps keys five minutes and answers a repeat
without the status. Not snac, measured to post twice. Everything unknown counts as not keeping them.
"""
ALONE = {"Connection": "close"}
MASTODON = re.compile(r"[1-9]\d*\.\d+\.\d+(?:[-+][\w.+-]+)?")


class Statuses(msgspec.Struct, frozen=True):
    """`configuration.statuses`."""

    max_characters: int | None = None
    max_media_attachments: int | None = None
    characters_reserved_per_url: int | None = None


class Attachments(msgspec.Struct, frozen=True):
    """`configuration.media_attachments`: bytes, pixels (width times height), frames a second."""

    supported_mime_types: list[str] | None = None
    description_limit: int | None = None
    image_size_limit: int | None = None
    image_matrix_limit: int | None = None
    video_size_limit: int | None = None
    video_matrix_limit: int | None = None
    video_frame_rate_limit: int | None = None


class Configuration(msgspec.Struct, frozen=True):
    """`configuration`."""

    statuses: Statuses = Statuses()
    media_attachments: Attachments = Attachments()


class Server(msgspec.Struct, frozen=True):
    """An instance in either version; `domain` is the second's name of itself, `uri` the first's."""

    version: str = ""
    domain: str = ""
    uri: str = ""
    configuration: Configuration = Configuration()
    max_toot_chars: int | None = None

    @property
    def answers_repeats(self) -> bool:
        """Tell whether a repeated key gets the status made before."""
        return REPEATS_ANSWERED.fullmatch(self.version) is not None

    @property
    def lists_all(self) -> bool:
        """Tell whether the author's own list surely holds statuses of every visibility."""
        return MASTODON.fullmatch(self.version) is not None

    @property
    def characters(self) -> int:
        """Most characters of a status."""
        return self.configuration.statuses.max_characters or self.max_toot_chars or CHARACTERS

    def count(self, text: str) -> int:
        """Count characters as this server does."""
        reserved = self.configuration.statuses.characters_reserved_per_url
        return fediverse_characters(text, LINK_CHARACTERS if reserved is None else reserved)


def bearer(token: str) -> dict[str, str]:
    """Return the headers of every call, each on a connection of its own.

    Small servers hang up after an answer without saying so (snac, measured); a COMMIT sent into such a connection would
    be in doubt for nothing.
    """
    return {"Authorization": f"Bearer {token}", **ALONE}


def ask_server(origin: str, token: str) -> Flow[Server]:
    """Read the instance, in the first version where there is no second.

    PREPARE, so that it is journaled: a post that waits for its media need not ask again on every look.
    """
    headers = bearer(token)
    url = origin + "/api/v2/instance"
    reply = yield Call(INSTANCE, Effect.PREPARE, "GET", url, headers=headers, handles=NO_V2)
    if reply.status >= 300 or not isinstance(reply.json, dict):
        url = origin + "/api/v1/instance"
        reply = yield Call(INSTANCE_V1, Effect.PREPARE, "GET", url, headers=headers)
    return read_server(reply)


def read_server(reply: Reply) -> Server:
    """Read an instance. One that says something odd keeps the defaults: it will judge the post itself."""
    try:
        return msgspec.convert(reply.json, Server, strict=False)
    except msgspec.ValidationError:
        version = reply.value("version")
        return Server(version=version if isinstance(version, str) else "")


def facts_of(server: Server) -> dict[str, object]:
    """Return what is kept of a server, for `own_limits`."""
    return msgspec.to_builtins(server)


def own_limits(facts: Mapping[str, object]) -> Limits:
    """Return the limits of an account on the server of these facts; what it does not say is as everywhere."""
    server = read_server(Reply(200, json=facts))
    mode = LIMITS.modes["direct_publish"]
    most = server.configuration.statuses.max_media_attachments or MOST_ATTACHMENTS
    allowed = server.configuration.media_attachments
    own = replace(
        mode,
        kinds={
            kind: (least, most if kind == "carousel" else usual)
            for kind, (least, usual) in mode.kinds.items()
            if least <= most
        },
        caption={kind: limit and _own_text(server, limit) for kind, limit in mode.caption.items()},
        first_comment=mode.first_comment and _own_text(server, mode.first_comment),
        media={kind: _own_media(kind, limit, allowed) for kind, limit in mode.media.items()},
        options={**mode.options, "altTexts": _own_alt_texts(mode.options["altTexts"], allowed)},
    )
    return replace(LIMITS, modes={"direct_publish": own})


def _own_text(server: Server, limit: TextLimit) -> TextLimit:
    reserved = server.configuration.statuses.characters_reserved_per_url
    return replace(limit, limit=server.characters, per_link=reserved)


def _own_media(kind: MediaKind, limit: MediaLimit, allowed: Attachments) -> MediaLimit:
    types = tuple(t for t in allowed.supported_mime_types or () if t.startswith(f"{kind}/"))
    most, pixels, rate = (
        (allowed.image_size_limit, allowed.image_matrix_limit, None)
        if kind == "image"
        else (allowed.video_size_limit, allowed.video_matrix_limit, allowed.video_frame_rate_limit)
    )
    return replace(
        limit,
        mime_types=types or limit.mime_types,
        max_bytes=most or limit.max_bytes,
        max_pixels=pixels or None,
        frame_rate=(0.0, float(rate)) if rate else None,
    )


def _own_alt_texts(option: Option, allowed: Attachments) -> Option:
    if not allowed.description_limit or option.text is None:
        return option
    return replace(option, text=replace(option.text, limit=allowed.description_limit))


def domain_of(server: Server, origin: str) -> str:
    """Return the domain of the server's accounts, which may be another than the one its API is at."""
    named = server.domain or server.uri
    return (urlsplit(named).netloc if "://" in named else named) or urlsplit(origin).netloc


# Whether a post fits ------------------------------------------------------------------------------------------


def refuse_misfits(post: Post, options: Mapping[str, object], server: Server) -> None:
    """Raise Rejected, with every reason, when the server would refuse the post."""
    checks = (
        ("CONTENT_REJECTED_BY_PLATFORM", _text_misfits(post, options, server)),
        ("MEDIA_INVALID", _media_misfits(post, server)),
        ("OPTION_INVALID", _description_misfits(options, server)),
    )
    for code, misfits in checks:
        if found := list(misfits):
            raise Rejected(code, " ".join(found))


def _text_misfits(post: Post, options: Mapping[str, object], server: Server) -> Iterator[str]:
    spoiler = graphemes(str(options.get("spoilerText") or ""))
    for what, count in (
        ("text", spoiler + server.count(post.caption)),
        ("first comment", server.count(post.first_comment or "")),
    ):
        if count > server.characters:
            shown = f"The {what} has {count:,} characters, this server allows {server.characters:,}"
            yield f"{shown}; shorten it by {count - server.characters:,}."


def _media_misfits(post: Post, server: Server) -> Iterator[str]:
    most = server.configuration.statuses.max_media_attachments or MOST_ATTACHMENTS
    if len(post.media) > most:
        yield f"There are {len(post.media)} media items, this server allows {most}; remove some."
    if len(post.media) > 1 and any(item.kind == "video" for item in post.media):
        yield "A video must be the only media item; post it alone."
    for index, item in enumerate(post.media):
        for fault in _item_misfits(item, server.configuration.media_attachments):
            yield f"Item {index + 1} {fault}"


def _item_misfits(item: Media, allowed: Attachments) -> Iterator[str]:
    types = allowed.supported_mime_types
    if types and item.mime_type not in types:
        yield f"is {item.mime_type}, this server takes {', '.join(types)}; convert it."
    for limit, measure, words in _CAPS[item.kind]:
        most, actual = limit(allowed), measure(item)
        if most and actual and actual > most:
            yield f"has {actual:,.0f} {words}, this server allows {most:,}; make it smaller."


def _pixels(item: Media) -> float | None:
    return item.width * item.height if item.width and item.height else None


_Cap = tuple[Callable[[Attachments], int | None], Callable[[Media], float | None], str]
_CAPS: Mapping[str, tuple[_Cap, ...]] = {
    "image": (
        (lambda a: a.image_size_limit, lambda m: m.size_bytes, "bytes"),
        (lambda a: a.image_matrix_limit, _pixels, "pixels"),
    ),
    "video": (
        (lambda a: a.video_size_limit, lambda m: m.size_bytes, "bytes"),
        (lambda a: a.video_matrix_limit, _pixels, "pixels a frame"),
        (lambda a: a.video_frame_rate_limit, lambda m: m.frame_rate, "frames a second"),
    ),
}


def _description_misfits(options: Mapping[str, object], server: Server) -> Iterator[str]:
    most = server.configuration.media_attachments.description_limit
    alts = options.get("altTexts")
    for index, alt in enumerate(alts if isinstance(alts, list) else []):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        if most and (count := len(str(alt))) > most:  # pyright: ignore[reportUnknownArgumentType]
            yield f"The alt text of item {index + 1} has {count:,} characters, this server allows {most:,}; shorten it."

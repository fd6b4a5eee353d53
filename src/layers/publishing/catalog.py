"""`GET /v1/platforms`: what every platform allows, from the same data that validates."""

from typing import Literal, TypeVar

from litestar import get

from layers.api.routes import ANY_KEY, WireOut, operation
from layers.connector import Connector, MediaLimit, Mode, Option, TextLimit, has_many_servers
from layers.platforms import CONNECTORS

T = TypeVar("T")


class TextOut(WireOut):
    """How long a text may be."""

    limit: int
    unit: str
    max_bytes: int | None
    required: bool
    max_hashtags: int | None
    max_mentions: int | None
    source: str
    checked: str


class MediaOut(WireOut):
    """What a media item must be. `remadeFrom`: other types that Layers turns into JPEG."""

    mime_types: list[str]
    remade_from: list[str]
    max_bytes: int
    seconds: list[float] | None
    side_px: list[int] | None
    width_px: list[int] | None
    max_pixels: int | None
    ratio: list[float] | None
    frame_rate: list[float] | None
    codecs: list[str] | None
    source: str
    checked: str


class OptionOut(WireOut):
    """One field of `platformOptions`.

    `perItem`: one text for each media item. `inVideo`: milliseconds within the video. `text`: bounds each text.
    `inCaption`: the unit in which the text counts as part of the caption. `notWith`: values of other options that
    exclude it.
    """

    type: str
    about: str
    choices: list[str] | None
    least: int | None
    in_video: bool
    most_items: int | None
    per_item: bool
    text: TextOut | None
    pattern: str | None
    in_caption: str | None
    not_with: dict[str, str]
    source: str
    checked: str


class ModeOut(WireOut):
    """One mode. `kinds`: least and most items of each kind of content. `handoff`: a person posts it there by hand."""

    mode: str
    about: str
    ends_in: str
    handoff: str | None
    kinds: dict[str, list[int]]
    carousel_of: list[str]
    caption: dict[str, TextOut | None]
    first_comment: TextOut | None
    media: dict[str, MediaOut]
    options: dict[str, OptionOut]


class DailyCapOut(WireOut):
    """Posts an account may make in any 24 hours, in all of `modes` together."""

    posts: int
    modes: list[str]
    source: str
    checked: str


class ConnectOut(WireOut):
    """How an account is connected.

    `consent`: by `oauth-url`, whose `service` is the account's server (`required`, `optional`) or the way that consent
    goes (`one_of`, from `services`). `credential`: the fields of a credential one may connect with, and what each is.
    """

    consent: bool
    service: Literal["none", "optional", "required", "one_of"]
    services: list[str]
    credential: dict[str, str]


class PlatformOut(WireOut):
    """One platform. `ownLimits`: servers may set others; an account's own hold then."""

    platform: str
    title: str
    own_limits: bool
    connect: ConnectOut
    daily_caps: list[DailyCapOut]
    modes: list[ModeOut]


class Platforms(WireOut):
    """Every platform."""

    items: list[PlatformOut]


def _text(limit: TextLimit | None) -> TextOut | None:
    if limit is None:
        return None
    return TextOut(
        limit=limit.limit,
        unit=limit.unit,
        max_bytes=limit.max_bytes,
        required=limit.required,
        max_hashtags=limit.max_hashtags,
        max_mentions=limit.max_mentions,
        source=limit.source.url,
        checked=limit.source.checked,
    )


def _list(values: tuple[T, ...] | None) -> list[T] | None:
    return list(values) if values else None


def _media(limit: MediaLimit) -> MediaOut:
    return MediaOut(
        mime_types=list(limit.mime_types),
        remade_from=list(limit.remade_from),
        max_bytes=limit.max_bytes,
        seconds=_list(limit.seconds),
        side_px=_list(limit.side_px),
        width_px=_list(limit.width_px),
        max_pixels=limit.max_pixels,
        ratio=_list(limit.ratio),
        frame_rate=_list(limit.frame_rate),
        codecs=_list(limit.codecs),
        source=limit.source.url,
        checked=limit.source.checked,
    )


def _option(option: Option) -> OptionOut:
    return OptionOut(
        type=option.type,
        about=option.about,
        choices=_list(option.choices),
        least=option.least,
        in_video=option.in_video,
        most_items=option.most_items,
        per_item=option.per_item,
        text=_text(option.text),
        pattern=option.pattern,
        in_caption=option.in_caption,
        not_with=dict(option.not_with),
        source=option.source.url,
        checked=option.source.checked,
    )


def _mode(name: str, mode: Mode) -> ModeOut:
    return ModeOut(
        mode=name,
        about=mode.about,
        ends_in=mode.ends_in,
        handoff=mode.handoff,
        kinds={kind: list(bounds) for kind, bounds in mode.kinds.items()},
        carousel_of=[kind for kind in mode.carousel_of if kind in mode.media and "carousel" in mode.kinds],
        caption={kind: _text(limit) for kind, limit in mode.caption.items()},
        first_comment=_text(mode.first_comment),
        media={kind: _media(limit) for kind, limit in mode.media.items()},
        options={name: _option(option) for name, option in mode.options.items()},
    )


def _connect(connector: Connector) -> ConnectOut:
    service: Literal["none", "optional", "required", "one_of"] = "none"
    if connector.doors:
        service = "one_of"
    elif has_many_servers(connector):
        service = "optional" if connector.origin else "required"
    return ConnectOut(
        consent=connector.oauth is not None,
        service=service,
        services=list(connector.doors),
        credential=dict(connector.credential_fields),
    )


def _platform(connector: Connector) -> PlatformOut:
    limits = connector.limits
    caps = [DailyCapOut(c.posts, list(c.modes), c.source.url, c.source.checked) for c in limits.daily_caps]
    modes = [_mode(name, mode) for name, mode in limits.modes.items()]
    own = connector.own_limits is not None
    return PlatformOut(limits.platform, limits.title, own, _connect(connector), caps, modes)


@get("/v1/platforms", opt=operation(ANY_KEY, polled=True), operation_id="platforms.list")
async def platforms() -> Platforms:
    """List platforms, modes, media and text limits and options."""
    return Platforms([_platform(connector) for connector in CONNECTORS.values()])


ROUTES = [platforms]

"""`GET /v1/platforms`: what every platform allows, from the same data that validates."""

from litestar import get

from layers.api.routes import ANY_KEY, WireOut, operation
from layers.connector import Limits, MediaLimit, Mode, TextLimit
from layers.publishing.commands import LIMITS


class TextOut(WireOut):
    """How long a text may be."""

    limit: int
    unit: str
    max_bytes: int | None
    required: bool
    source: str
    checked: str


class MediaOut(WireOut):
    """What a media item must be."""

    mime_types: list[str]
    max_bytes: int
    seconds: list[float] | None
    side_px: list[int] | None
    ratio: list[float] | None
    frame_rate: list[float] | None
    codecs: list[str] | None
    source: str
    checked: str


class OptionOut(WireOut):
    """One field of `platformOptions`."""

    type: str
    about: str
    choices: list[str] | None


class ModeOut(WireOut):
    """One mode. `kinds`: least and most items of each kind of content."""

    mode: str
    about: str
    ends_in: str
    kinds: dict[str, list[int]]
    caption: dict[str, TextOut | None]
    first_comment: TextOut | None
    media: dict[str, MediaOut]
    options: dict[str, OptionOut]


class PlatformOut(WireOut):
    """One platform."""

    platform: str
    title: str
    modes: list[ModeOut]


class Platforms(WireOut):
    """Every platform."""

    items: list[PlatformOut]


def _text(limit: TextLimit | None) -> TextOut | None:
    if limit is None:
        return None
    source = limit.source
    return TextOut(limit.limit, limit.unit, limit.max_bytes, limit.required, source.url, source.checked)


def _media(limit: MediaLimit) -> MediaOut:
    return MediaOut(
        mime_types=list(limit.mime_types),
        max_bytes=limit.max_bytes,
        seconds=list(limit.seconds) if limit.seconds else None,
        side_px=list(limit.side_px) if limit.side_px else None,
        ratio=list(limit.ratio) if limit.ratio else None,
        frame_rate=list(limit.frame_rate) if limit.frame_rate else None,
        codecs=list(limit.codecs) if limit.codecs else None,
        source=limit.source.url,
        checked=limit.source.checked,
    )


def _mode(name: str, mode: Mode) -> ModeOut:
    options = {
        n: OptionOut(o.type, o.about, list(o.choices) if o.choices else None) for n, o in mode.options.items()
    }
    return ModeOut(
        mode=name,
        about=mode.about,
        ends_in=mode.ends_in,
        kinds={kind: list(bounds) for kind, bounds in mode.kinds.items()},
        caption={kind: _text(limit) for kind, limit in mode.caption.items()},
        first_comment=_text(mode.first_comment),
        media={kind: _media(limit) for kind, limit in mode.media.items()},
        options=options,
    )


def _platform(limits: Limits) -> PlatformOut:
    modes = [_mode(name, mode) for name, mode in limits.modes.items()]
    return PlatformOut(limits.platform, limits.title, modes)


@get("/v1/platforms", opt=operation(ANY_KEY))
async def platforms() -> Platforms:
    """List platforms, modes, media and text limits and options."""
    return Platforms([_platform(limits) for limits in LIMITS.values()])


ROUTES = [platforms]

"""When an image must take another form for a platform, and under which path that form is fetched. Pure."""

import math
from dataclasses import dataclass

from layers.connector import Media, MediaLimit


@dataclass(frozen=True, slots=True)
class Remake:
    """JPEG in sRGB, padded with white to a width-to-height ratio within `ratio` where that is bounded."""

    ratio: tuple[float, float] | None

    @property
    def name(self) -> str:
        """Return how the form is named in a path: `jpeg` or `jpeg-0.8-1.91`."""
        return "jpeg" if self.ratio is None else f"jpeg-{self.ratio[0]:g}-{self.ratio[1]:g}"


def remake_of(limit: MediaLimit, item: Media) -> Remake | None:
    """Return the form `item` must take, None when it goes out byte for byte."""
    if item.kind != "image" or not limit.remade_from:
        return None
    fits_type = item.mime_type in limit.mime_types
    if item.mime_type not in limit.remade_from and not fits_type:
        return None
    return None if fits_type and fits_ratio(limit, item) else Remake(limit.ratio)


def fits_ratio(limit: MediaLimit, item: Media) -> bool:
    """Tell whether an item's shape is within bounds; unknown sides are."""
    if limit.ratio is None or not item.width or not item.height:
        return True
    return limit.ratio[0] <= item.width / item.height <= limit.ratio[1]


def parse_remake(name: str) -> Remake | None:
    """Read a form's name back; None when it is none."""
    word, *bounds = name.split("-")
    if word != "jpeg" or len(bounds) not in (0, 2):
        return None
    try:
        numbers = [float(bound) for bound in bounds]
    except ValueError:
        return None
    if numbers and not 0 < numbers[0] < numbers[1] < math.inf:
        return None
    return Remake((numbers[0], numbers[1]) if numbers else None)


def media_path(item: Media, remake: Remake | None) -> str:
    """Return the path of an item's bytes, as they are or remade."""
    path = f"/v1/assets/{item.id}"
    return f"{path}/{remake.name}" if remake else path

"""Which mode each platform has, in one table."""

from generator.text import table
from layers.platforms import CONNECTORS

KINDS = ("video", "image", "carousel", "text")


def matrix() -> str:
    """Return the modes of all platforms and what they take."""
    rows = []
    for name, connector in CONNECTORS.items():
        for mode, limits in connector.limits.modes.items():
            takes = [_count(kind, *limits.kinds[kind]) for kind in KINDS if kind in limits.kinds]
            rows.append((f"`{name}`", f"`{mode}`", ", ".join(takes), _ends(limits.ends_in)))
    return table(["platform", "mode", "takes", "ends in"], rows)


def _count(kind: str, least: int, most: int) -> str:
    if kind == "carousel":
        return f"carousel of {least}–{most}"
    return f"{least}–{most} of {kind}" if most > 1 and kind not in ("text",) else kind


def _ends(status: str) -> str:
    return f"`{status}`"

"""What is said about media: what was found in a file, or why it is refused."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from layers.connector import MediaKind
from layers.publishing.remake import Remake

MAX_IMAGE_BYTES = 30_000_000
MAX_VIDEO_BYTES = 1_000_000_000
EXPORT_AGAIN = "Export it again and send the new file."


class RefusedMedia(Exception):  # noqa: N818
    """The file cannot be used; `filename` names it and the message says why and what to do."""

    def __init__(self, filename: str, message: str) -> None:
        super().__init__(f"{filename}: {message}")
        self.filename = filename


class Unreadable(RefusedMedia):
    """Not a media file of an accepted type, or a broken one."""

    def __init__(self, filename: str, why: str) -> None:
        super().__init__(filename, why)
        self.why = why


class TooLarge(RefusedMedia):
    """More than `limit` bytes."""

    def __init__(self, filename: str, limit: int) -> None:
        super().__init__(filename, f"larger than the {limit // 1_000_000:,} MB allowed. Send a smaller file.")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found. `width` and `height` are pixels as shown, after any rotation; `sha256` is hex."""

    kind: MediaKind
    mime_type: str
    size_bytes: int
    sha256: str
    width: int
    height: int
    duration_ms: int | None = None
    frame_rate: float | None = None
    codec: str | None = None
    has_audio: bool = False


# Between the API and the process that opens files -----------------------------------------------------


class Job(msgspec.Struct, omit_defaults=True):
    """What to do: probe the file at `path`, or remake the image of `size` bytes that follow."""

    path: str = ""
    remake: Remake | None = None
    size: int = 0


class Answer(msgspec.Struct, omit_defaults=True):
    """What came of it; the remade image follows. `fault` is an exception nobody thought of."""

    probed: Probed | None = None
    unreadable: str = ""
    larger_than: int = 0
    fault: str = ""


class Ending(msgspec.Struct):
    """How the opening ended. What was answered follows, in `size` bytes."""

    how: Literal["answered", "memory", "time", "killed", "crashed"]
    size: int

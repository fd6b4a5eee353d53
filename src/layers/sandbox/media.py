"""What uploaded bytes are, told from the bytes and never from a header."""

import hashlib
from io import BytesIO

import msgspec
from PIL import Image, UnidentifiedImageError

LARGEST_KEPT = 2_000_000
"""Bytes: images up to this size are kept and shown; of everything else only size and hash are remembered.
"""

HEAD = 16
"""How many first bytes `sniff` wants."""


class Stored(msgspec.Struct):
    """Bytes that arrived: how many, their SHA-256 in hex, what they are, and whether they are kept.

    Of what came in several `parts` only their hashes are known, and `sha256` is empty.
    """

    size: int
    sha256: str
    mime_type: str | None
    kept: bool = False
    parts: list[str] = []


class Gauge:
    """Measures bytes as they stream by."""

    def __init__(self) -> None:
        self.size = 0
        self.head = b""
        self._hash = hashlib.sha256()

    def feed(self, part: bytes) -> None:
        """Take the next bytes."""
        self.size += len(part)
        self._hash.update(part)
        if len(self.head) < HEAD:
            self.head += part[: HEAD - len(self.head)]

    def stored(self) -> Stored:
        """Return what was measured."""
        return Stored(self.size, self._hash.hexdigest(), sniff(self.head))


def sniff(head: bytes) -> str | None:
    """Return the MIME type the first bytes tell, or None. QuickTime counts as MP4, Matroska as WebM."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm"
    return None


def image_sides(content: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, or None when it is no image."""
    try:
        with Image.open(BytesIO(content)) as image:
            return image.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return None

"""What a media file really is. The bytes decide, never the name or what the sender called it.

A file that does not open, decode and reach its own end is refused here, so that no platform has to.
Runs in a cell: the rest of Layers asks `cells.probe`.
"""

# PyAV leaves Packet and a few more generics of its stubs unfilled.
# pyright: reportUnknownMemberType=false

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from layers.content.media import EXPORT_AGAIN, MAX_IMAGE_BYTES, MAX_VIDEO_BYTES, Probed, TooLarge, Unreadable

MAX_IMAGE_PIXELS = 100_000_000
MAX_VIDEO_PIXELS = 8192 * 8192
MAX_LEADING_PACKETS = 600
"""How many packets may pass before the first picture: 20 s at 30 frames a second."""
MAX_INDEX_BYTES = 64_000_000
"""A decoder holds several times the index of a video in memory; an hour of video needs about 5 MB."""
HEAD_BYTES = 64
EXIF_ORIENTATION = 0x0112
EXIF_QUARTER_TURNS = (5, 6, 7, 8)

# Pillow's own alarm against decompression bombs; it is twice as patient as the check in `_probe_image`.
Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS

ACCEPTED = "Send an mp4, mov, jpeg, png, webp or gif file."

_IMAGE_FAULTS = (
    OSError,
    SyntaxError,  # what Pillow's PNG and GIF readers raise for a broken file
    ValueError,
    EOFError,
    struct.error,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
_QUICKTIME_STARTS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""First boxes of QuickTime files older than the ftyp box."""
_FOREIGN_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF", b"avif": "AVIF", b"crx ": "Canon raw"}
_FOREIGN_STARTS = {
    b"\x1aE\xdf\xa3": "a WebM or Matroska",
    b"%PDF": "a PDF",
    b"BM": "a BMP",
    b"PK\x03\x04": "a ZIP",
}


def probe(path: Path, filename: str) -> Probed:
    """Return what the file at `path` is. Raises Unreadable or TooLarge, naming it by `filename`."""
    size = path.stat().st_size
    with path.open("rb") as file:
        mime_type = _sniff(file.read(HEAD_BYTES), filename)
    is_video = mime_type.startswith("video/")
    limit = MAX_VIDEO_BYTES if is_video else MAX_IMAGE_BYTES
    if size > limit:
        raise TooLarge(filename, limit)
    with path.open("rb") as file:
        if why := _FRAME_CHECKS[mime_type](file, size):
            raise Unreadable(filename, why)
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    read = _probe_video if is_video else _probe_image
    return read(path, filename, mime_type, size, sha256)


# Which type -------------------------------------------------------------------------------------------


def _sniff(head: bytes, filename: str) -> str:
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _sniff_brand(head, filename)
    if head[4:8] in _QUICKTIME_STARTS:
        return "video/quicktime"
    raise Unreadable(filename, f"{_foreign(head)} {ACCEPTED}")


def _sniff_brand(head: bytes, filename: str) -> str:
    brand = head[8:12]
    if found := _FOREIGN_BRANDS.get(brand):
        raise Unreadable(filename, f"This is an {found} picture, which no platform takes. {ACCEPTED}")
    return "video/quicktime" if brand == b"qt  " else "video/mp4"


def _foreign(head: bytes) -> str:
    if not head:
        return "The file is empty."
    for start, name in _FOREIGN_STARTS.items():
        if head.startswith(start):
            return f"This is {name} file."
    return "The bytes are no picture and no video."


# Whether it is all there: decoders forgive a missing end, platforms do not ---------------------------


def _check_boxes(file: BinaryIO, size: int) -> str:
    """Walk the top-level boxes (ISO/IEC 14496-12, 4.2): the last one whole, the index of sane size."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        header = file.read(16)
        length, kind = struct.unpack(">I4s", header[:8])
        if length == 1 and len(header) == 16:
            (length,) = struct.unpack(">Q", header[8:])
        if length < 8:  # 0: the box reaches to the end of the file; anything else is padding
            return ""
        at += length
        if at > size and kind in (b"mdat", b"moov", b"moof"):
            return _cut_off(f"{at - size:,} bytes are missing")
        if kind == b"moov" and length > MAX_INDEX_BYTES:
            return f"The index of the video is larger than {MAX_INDEX_BYTES // 1_000_000} MB. {EXPORT_AGAIN}"
    return ""


def _check_riff(file: BinaryIO, size: int) -> str:
    file.seek(4)
    (length,) = struct.unpack("<I", file.read(4))
    return _cut_off(f"{length + 8 - size:,} bytes are missing") if length + 8 > size else ""


def _check_trailer(file: BinaryIO, size: int) -> str:
    """Say whether a GIF lacks its closing byte; Pillow reads the first picture only and would not notice."""
    file.seek(max(0, size - HEAD_BYTES))
    return "" if file.read().rstrip(b"\0").endswith(b"\x3b") else _cut_off("its end is missing")


def _leave_to_decoder(_file: BinaryIO, _size: int) -> str:
    """Pass: the decoder checks the end itself (JPEG, PNG)."""
    return ""


def _cut_off(how: str) -> str:
    return f"The file is cut off: {how}. Send the whole file."


_FRAME_CHECKS: dict[str, Callable[[BinaryIO, int], str]] = {
    "video/mp4": _check_boxes,
    "video/quicktime": _check_boxes,
    "image/webp": _check_riff,
    "image/gif": _check_trailer,
    "image/jpeg": _leave_to_decoder,
    "image/png": _leave_to_decoder,
}


# Images -----------------------------------------------------------------------------------------------


def _probe_image(path: Path, filename: str, mime_type: str, size: int, sha256: str) -> Probed:
    try:
        width, height = _decode_image(path, filename, mime_type)
    except _IMAGE_FAULTS as why:
        raise Unreadable(filename, f"The picture cannot be read ({_words(why)}). {EXPORT_AGAIN}") from why
    return Probed("image", mime_type, size, sha256, width, height)


def _decode_image(path: Path, filename: str, mime_type: str) -> tuple[int, int]:
    """Decode the (first) picture whole and return its sides as shown."""
    formats = [mime_type.removeprefix("image/").upper()]
    with Image.open(path, formats=formats) as image:
        width, height = image.size
        if width * height > MAX_IMAGE_PIXELS:
            sides, most = f"{width:,} × {height:,}", MAX_IMAGE_PIXELS // 1_000_000
            raise Unreadable(
                filename,
                f"The picture has {sides} pixels; at most {most} million are allowed. Scale it down.",
            )
        image.verify()  # leaves the image unusable
    with Image.open(path, formats=formats) as image:
        image.load()
        return _turned(image.size, quarter=image.getexif().get(EXIF_ORIENTATION) in EXIF_QUARTER_TURNS)


def _turned(size: tuple[int, int], *, quarter: bool) -> tuple[int, int]:
    return (size[1], size[0]) if quarter else size


# Videos -----------------------------------------------------------------------------------------------


def _probe_video(path: Path, filename: str, mime_type: str, size: int, sha256: str) -> Probed:
    # The demuxer and the protocol are fixed: a crafted "video" could otherwise be a playlist that opens other
    # files or addresses.
    options = {"protocol_whitelist": "file"}
    try:
        with av.open(f"file:{path}", format="mov", options=options, metadata_errors="replace") as container:
            stream = _picture_stream(container, filename)
            frame = _first_frame(container, stream, filename)
            width, height = _turned((frame.width, frame.height), quarter=frame.rotation % 180 != 0)
            rate = stream.average_rate or stream.guessed_rate
            return Probed(
                kind="video",
                mime_type=mime_type,
                size_bytes=size,
                sha256=sha256,
                width=width,
                height=height,
                duration_ms=_duration_ms(container),
                frame_rate=round(float(rate), 3) if rate else None,
                codec=stream.codec_context.codec.canonical_name,
                has_audio=bool(container.streams.audio),
            )
    except (FFmpegError, ValueError) as why:
        raise Unreadable(filename, f"The video cannot be read ({_words(why)}). {EXPORT_AGAIN}") from why


def _picture_stream(container: InputContainer, filename: str) -> VideoStream:
    """Return the first stream of moving pictures that can be decoded; a cover picture is none."""
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:
            continue
        if cast("object", stream.codec_context) is None:  # the stub denies it
            raise Unreadable(filename, f"The codec of the video is not known. {EXPORT_AGAIN}")
        return stream
    raise Unreadable(filename, f"The file has no picture track. {ACCEPTED}")


def _first_frame(container: InputContainer, stream: VideoStream, filename: str) -> VideoFrame:
    stream.codec_context.options = {"max_pixels": str(MAX_VIDEO_PIXELS)}
    stream.codec_context.thread_count = 1
    for number, packet in enumerate(container.demux(stream)):
        for frame in stream.decode(packet):
            return frame
        if number >= MAX_LEADING_PACKETS:
            break
    raise Unreadable(filename, f"No picture of the video can be decoded. {EXPORT_AGAIN}")


def _duration_ms(container: InputContainer) -> int | None:
    return max(1, round(container.duration / 1000)) if container.duration else None


def _words(why: Exception) -> str:
    """Say in a few words what a decoder complained about, without paths."""
    words = why.strerror if isinstance(why, (FFmpegError, OSError)) and why.strerror else str(why)
    return words.partition("\n")[0][:120] if "/" not in words else "it is damaged"

"""Sample media for the demo and the tests: really encoded, with a picture that moves and a tone."""

# PyAV and Pillow leave some types of their stubs unknown.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

import math
from array import array
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from PIL import Image, ImageDraw

Codec = Literal["h264", "hevc", "vp9", "mpeg4"]
ImageFormat = Literal["JPEG", "PNG", "WEBP", "GIF"]
ENCODERS: dict[Codec, str] = {"h264": "libx264", "hevc": "libx265", "vp9": "libvpx-vp9", "mpeg4": "mpeg4"}
QUICK: dict[Codec, dict[str, str]] = {
    "h264": {"preset": "ultrafast"},
    "hevc": {"preset": "ultrafast", "x265-params": "log-level=none"},
    "vp9": {"deadline": "realtime", "cpu-used": "8"},
    "mpeg4": {},
}
SAMPLE_RATE = 48_000
TONE_HZ = 440


def make_video(
    path: Path,
    seconds: float = 2,
    size: tuple[int, int] = (540, 960),
    fps: int = 30,
    codec: Codec = "h264",
    *,
    rotate: int = 0,
    sound: bool = True,
) -> Path:
    """Write a video to `path`, whose suffix (.mp4 or .mov) decides the container, and return `path`.

    `size` is width and height in even pixels as encoded, before the display is turned by `rotate` degrees.
    The index comes first, as platforms that fetch media ask for.
    """
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        video = container.add_stream(ENCODERS[codec], rate=fps, options=QUICK[codec])
        assert isinstance(video, VideoStream)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        if rotate:
            video.set_display_rotation(rotate)
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono") if sound else None
        for picture in _pictures(size, round(seconds * fps)):
            container.mux(video.encode(av.VideoFrame.from_image(picture)))
        container.mux(video.encode())
        if isinstance(audio, AudioStream):
            _write_tone(container, audio, seconds)
    return path


def make_image(path: Path, size: tuple[int, int] = (1080, 1350), format: ImageFormat = "JPEG") -> Path:  # noqa: A002
    """Write a still picture of `size` (width, height) to `path`, whatever its suffix, and return `path`."""
    _picture(size, 0.3).save(path, format=format)
    return path


def _pictures(size: tuple[int, int], count: int) -> Iterator[Image.Image]:
    background = _background(size)
    for number in range(count):
        yield _picture(size, number / count, background)


def _picture(size: tuple[int, int], moment: float, background: Image.Image | None = None) -> Image.Image:
    """Draw a sun that crosses a dusk sky while `moment` goes from 0 to 1."""
    picture = (background or _background(size)).copy()
    width, height = size
    radius = min(size) / 8
    x, y = moment * width, height * (0.7 - 0.4 * math.sin(math.pi * moment))
    ImageDraw.Draw(picture).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 214, 102))
    return picture


def _background(size: tuple[int, int]) -> Image.Image:
    shade = Image.linear_gradient("L").resize(size)
    return Image.merge("RGB", (shade, shade.point([n // 3 for n in range(256)]), Image.new("L", size, 96)))


def _write_tone(container: OutputContainer, stream: AudioStream, seconds: float) -> None:
    per_frame = 1024
    for start in range(0, round(seconds * SAMPLE_RATE) - per_frame + 1, per_frame):  # never past the picture
        wave = (math.sin(2 * math.pi * TONE_HZ * (start + n) / SAMPLE_RATE) for n in range(per_frame))
        frame = av.AudioFrame(format="s16", layout="mono", samples=per_frame)
        frame.planes[0].update(array("h", (round(6000 * sample) for sample in wave)).tobytes())
        frame.sample_rate = SAMPLE_RATE
        frame.pts, frame.time_base = start, Fraction(1, SAMPLE_RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())

"""Probing real files: what is found, what is refused, and that nothing ever breaks it."""

import hashlib
import random
import shutil
import struct
from pathlib import Path

import av
import pytest
from PIL import Image

from layers.content import probe as probing
from layers.content.media import MAX_IMAGE_BYTES, MAX_VIDEO_BYTES, Probed, RefusedMedia, TooLarge, Unreadable
from layers.content.probe import probe
from layers.samples import Codec, ImageFormat, make_image, make_video

SMALL = (64, 48)
FORMATS: list[tuple[ImageFormat, str]] = [
    ("JPEG", "image/jpeg"),
    ("PNG", "image/png"),
    ("WEBP", "image/webp"),
    ("GIF", "image/gif"),
]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Short videos, encoded once."""
    folder = tmp_path_factory.mktemp("films")
    return {
        "mp4": make_video(folder / "a.mp4", seconds=1, size=SMALL),
        "mov": make_video(folder / "a.mov", seconds=1, size=SMALL, sound=False),
        "turned": make_video(folder / "turned.mp4", seconds=0.5, size=SMALL, rotate=90),
        "upside": make_video(folder / "upside.mp4", seconds=0.5, size=SMALL, rotate=180),
    }


def altered(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "altered"
    path.write_bytes(content)
    return path


def animation(path: Path, image_format: ImageFormat) -> Path:
    frames = [Image.new("RGB", SMALL, (shade, 0, 0)) for shade in (0, 120, 240)]
    frames[0].save(path, format=image_format, save_all=True, append_images=frames[1:], duration=100)
    return path


def test_an_mp4_is_described(films: dict[str, Path]) -> None:
    path = films["mp4"]
    assert probe(path, "a.mp4") == Probed(
        kind="video",
        mime_type="video/mp4",
        size_bytes=path.stat().st_size,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        width=64,
        height=48,
        duration_ms=1000,
        frame_rate=30.0,
        codec="h264",
        has_audio=True,
    )


def test_a_mov_is_told_from_an_mp4_by_its_brand(films: dict[str, Path]) -> None:
    found = probe(films["mov"], "a.mp4")
    assert (found.mime_type, found.has_audio, found.duration_ms) == ("video/quicktime", False, 1000)


def test_a_quicktime_file_without_ftyp_is_known(films: dict[str, Path], tmp_path: Path) -> None:
    content = films["mov"].read_bytes()
    length = struct.unpack(">I", content[:4])[0]
    old = altered(tmp_path, struct.pack(">I4s", length, b"free") + content[8:])
    assert probe(old, "old.mov").mime_type == "video/quicktime"


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "mpeg4"])
def test_codecs_have_plain_names(tmp_path: Path, codec: Codec) -> None:
    assert probe(make_video(tmp_path / "v.mp4", 0.2, SMALL, codec=codec), "v.mp4").codec == codec


@pytest.mark.parametrize("fps", [24, 25, 60])
def test_frame_rates(tmp_path: Path, fps: int) -> None:
    assert probe(make_video(tmp_path / "v.mp4", 1, SMALL, fps), "v.mp4").frame_rate == fps


def test_sides_are_as_shown(films: dict[str, Path]) -> None:
    turned, upside = probe(films["turned"], "t.mp4"), probe(films["upside"], "u.mp4")
    assert (turned.width, turned.height) == (48, 64)
    assert (upside.width, upside.height) == (64, 48)


def test_a_fragmented_mp4_has_a_duration(films: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "fragmented.mp4"
    with (
        av.open(str(films["mp4"])) as source,
        av.open(str(path), "w", options={"movflags": "frag_keyframe+empty_moov"}) as target,
    ):
        copy = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
    assert probe(path, "f.mp4").duration_ms == pytest.approx(1000, abs=50)


@pytest.mark.parametrize(("image_format", "mime_type"), FORMATS)
def test_images_are_described(tmp_path: Path, image_format: ImageFormat, mime_type: str) -> None:
    path = make_image(tmp_path / "name-that-lies.mp4", (108, 135), image_format)
    found = probe(path, "x.mp4")
    assert (found.kind, found.mime_type, found.width, found.height) == ("image", mime_type, 108, 135)
    assert (found.duration_ms, found.frame_rate, found.codec, found.has_audio) == (None, None, None, False)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.size_bytes == path.stat().st_size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_sides(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif)
    found = probe(tmp_path / "a.jpg", "a.jpg")
    assert (found.width, found.height) == ((30, 40) if orientation >= 5 else (40, 30))


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_an_image(tmp_path: Path, image_format: ImageFormat) -> None:
    found = probe(animation(tmp_path / "a", image_format), "a")
    assert (found.kind, found.width, found.height) == ("image", *SMALL)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\0", "no picture and no video"),
        (b"hello, I am a video.mp4" * 9, "no picture and no video"),
        (b"\x1aE\xdf\xa3" + b"\0" * 60, "WebM"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 60, "HEIC"),
        (b"%PDF-1.7" + b"\0" * 60, "PDF"),
        (b"#EXTM3U\nhttp://127.0.0.1/x.ts", "no picture and no video"),
        (b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 30, "no picture and no video"),
    ],
)
def test_other_files_are_refused_by_name_with_a_remedy(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why) as caught:
        probe(altered(tmp_path, content), "holiday.mp4")
    assert str(caught.value).startswith("holiday.mp4: ")
    assert "Send an mp4, mov, jpeg, png, webp or gif" in caught.value.why


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "s.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(Unreadable, match="no picture track"):
        probe(tmp_path / "s.mp4", "s.mp4")


def test_a_header_without_pictures_is_refused(films: dict[str, Path], tmp_path: Path) -> None:
    content = bytearray(films["mov"].read_bytes())
    start = content.index(b"mdat") + 4
    content[start:] = b"\xa5" * (len(content) - start)
    with pytest.raises(Unreadable, match=r"cannot be (read|decoded)|can be decoded"):
        probe(altered(tmp_path, bytes(content)), "fake.mov")


def test_a_picture_size_no_decoder_should_try_is_refused(
    films: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "MAX_VIDEO_PIXELS", SMALL[0] * SMALL[1] // 4)
    with pytest.raises(Unreadable, match=r"cannot be read|can be decoded"):
        probe(films["mp4"], "large.mp4")


def test_an_index_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = altered(tmp_path, struct.pack(">I4s", 64_000_001, b"moov"))
    with path.open("r+b") as file:
        file.truncate(64_000_001)
    with pytest.raises(Unreadable, match="index of the video is larger than 64 MB"):
        probe(path, "a.mov")


@pytest.mark.parametrize("missing", [1, 100, 1500])
def test_a_truncated_video_is_refused_although_it_would_start(
    films: dict[str, Path], tmp_path: Path, missing: int
) -> None:
    content = films["mp4"].read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with pytest.raises(Unreadable, match=rf"cut off: {missing:,} bytes are missing"):
        probe(altered(tmp_path, content[:-missing]), "a.mp4")


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG", "JPEG"])
def test_a_truncated_picture_is_refused(tmp_path: Path, image_format: ImageFormat) -> None:
    content = make_image(tmp_path / "a", (200, 200), image_format).read_bytes()
    for keep in (len(content) - 20, len(content) // 2, 30, 12):
        with pytest.raises(Unreadable, match=r"a\.img"):
            probe(altered(tmp_path, content[:keep]), "a.img")


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_a_truncated_animation_is_refused(tmp_path: Path, image_format: ImageFormat) -> None:
    content = animation(tmp_path / "a", image_format).read_bytes()
    with pytest.raises(Unreadable):
        probe(altered(tmp_path, content[:-10]), "a")


def test_a_decompression_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    Image.new("1", (10_001, 10_000)).save(tmp_path / "bomb.png")
    with pytest.raises(Unreadable, match=r"10,001 × 10,000 pixels|decompression bomb"):
        probe(tmp_path / "bomb.png", "bomb.png")
    Image.new("1", (10_000, 10_000)).save(tmp_path / "large.png")
    assert probe(tmp_path / "large.png", "large.png").width == 10_000


@pytest.mark.parametrize(
    ("start", "limit"),
    [
        (b"\xff\xd8\xff\xe0", MAX_IMAGE_BYTES),
        (b"GIF89a", MAX_IMAGE_BYTES),
        (b"\0\0\0\x18ftypmp42", MAX_VIDEO_BYTES),
    ],
)
def test_size_limits_are_checked_before_anything_is_read(tmp_path: Path, start: bytes, limit: int) -> None:
    path = altered(tmp_path, start)
    with path.open("r+b") as file:
        file.truncate(limit + 1)
    with pytest.raises(TooLarge, match=f"big: larger than the {limit // 1_000_000:,} MB") as caught:
        probe(path, "big")
    assert caught.value.limit == limit
    with path.open("r+b") as file:
        file.truncate(len(start))
    with pytest.raises(Unreadable):
        probe(path, "small")


def outcome(path: Path) -> str:
    """Probe and name what happened; anything but a description or a refusal fails the test."""
    try:
        return probe(path, "f").kind
    except RefusedMedia as refused:
        words = str(refused)
    assert words.startswith("f: ")
    assert str(path) not in words
    return "refused"


@pytest.mark.parametrize("sample", ["mp4", "mov", "JPEG", "PNG", "WEBP", "GIF"])
def test_damage_anywhere_is_refused_or_read_but_never_a_crash(
    films: dict[str, Path], tmp_path: Path, sample: str
) -> None:
    path = tmp_path / "sample"
    if sample in films:
        shutil.copy(films[sample], path)
    else:
        make_image(path, SMALL, sample)  # type: ignore[arg-type]
    content, chance = path.read_bytes(), random.Random(sample)
    outcomes: list[str] = []
    for _ in range(60):
        cut = content[: chance.randrange(len(content))]
        outcomes.append(outcome(altered(tmp_path, cut)))
        hurt = bytearray(content)
        for _ in range(chance.choice([1, 4, 40])):
            hurt[chance.randrange(len(hurt))] = chance.randrange(256)
        outcomes.append(outcome(altered(tmp_path, bytes(hurt))))
    assert outcomes.count("refused") >= 40


@pytest.mark.parametrize(
    "start",
    [
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\xff\0\0\0WEBPVP8 ",
        b"\0\0\0\x14ftypisom",
        b"\0\0\0\x08moov",
    ],
)
def test_noise_behind_a_true_start_is_refused(tmp_path: Path, start: bytes) -> None:
    chance = random.Random(start)
    for length in (0, 1, 9, 100, 5000):
        assert outcome(altered(tmp_path, start + chance.randbytes(length))) == "refused"

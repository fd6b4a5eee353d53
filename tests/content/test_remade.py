"""Images remade for a platform: JPEG in sRGB, upright, on white, padded into the ratio and never beyond it."""

import io
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from layers.content.remade import remade
from layers.publishing.remake import Remake

PLAIN = Remake(None)
FEED = Remake((0.8, 1.91))
RED, WHITE = (255, 0, 0), (255, 255, 255)


def saved(picture: Image.Image, kind: str, **how: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **how)
    return file.getvalue()


def opened(raw: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(raw))
    picture.load()
    assert (picture.format, picture.mode) == ("JPEG", "RGB")
    return picture


def near(actual: object, wanted: tuple[int, int, int], slack: int = 12) -> bool:
    assert isinstance(actual, tuple)
    return all(abs(a - b) <= slack for a, b in zip(actual, wanted, strict=True))


def a_profile() -> bytes:
    """A real profile; what matters is that one is there."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("profile", [None, a_profile()], ids=["no profile", "profile"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_transparent_becomes_white(kind: str, profile: bytes | None) -> None:
    picture = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 255), (0, 0, 32, 64))
    how = {"lossless": True} if kind == "WEBP" else {}
    made = opened(remade(saved(picture, kind, icc_profile=profile, **how), PLAIN))
    assert near(made.getpixel((8, 32)), RED)
    assert near(made.getpixel((56, 32)), WHITE)


def test_half_transparent_is_mixed_with_white() -> None:
    made = opened(remade(saved(Image.new("RGBA", (32, 32), (0, 0, 0, 128)), "PNG"), PLAIN))
    assert near(made.getpixel((16, 16)), (127, 127, 127))


def test_a_palette_with_a_transparent_colour() -> None:
    picture = Image.new("P", (64, 64), 0)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    picture.paste(1, (0, 0, 32, 64))
    for kind in ("PNG", "GIF"):
        made = opened(remade(saved(picture, kind, transparency=0), PLAIN))
        assert near(made.getpixel((8, 32)), RED)
        assert near(made.getpixel((56, 32)), WHITE)


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    made = opened(remade(saved(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "JPEG", quality=95), PLAIN))
    assert near(made.getpixel((16, 16)), RED, 20)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_s_rotation_is_applied_and_not_told_again(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.new("RGB", (80, 40), WHITE)
    made = opened(remade(saved(picture, "JPEG", exif=exif), PLAIN))
    assert made.size == ((80, 40) if orientation < 5 else (40, 80))
    assert made.getexif().get(0x0112, 1) == 1


def test_a_turned_picture_is_turned_the_right_way() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the top is at the right: turn clockwise
    picture = Image.new("RGB", (80, 40), WHITE)
    picture.paste(RED, (0, 0, 40, 40))
    made = opened(remade(saved(picture, "PNG", exif=exif), PLAIN))
    assert near(made.getpixel((20, 10)), RED)
    assert near(made.getpixel((20, 70)), WHITE)


def test_sixteen_bits_keep_their_shades() -> None:
    picture = Image.new("I;16", (48, 16))
    for column in range(48):
        for row in range(16):
            picture.putpixel((column, row), (0, 0x8000, 0xFFFF)[column // 16])
    made = opened(remade(saved(picture, "PNG"), PLAIN))
    for column, shade in ((8, 0), (24, 128), (40, 255)):
        assert near(made.getpixel((column, 8)), (shade, shade, shade))


def test_of_an_animation_the_first_frame() -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in (RED, (0, 255, 0), (0, 0, 255))]
    raw = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    assert near(opened(remade(raw, PLAIN)).getpixel((16, 16)), RED)


def test_a_broken_profile_is_no_reason_to_fail() -> None:
    raw = saved(Image.new("RGB", (32, 32), RED), "PNG", icc_profile=b"no profile at all")
    assert near(opened(remade(raw, PLAIN)).getpixel((16, 16)), RED)


# Colour profiles -------------------------------------------------------------------------------------------------


def fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def gamma(exponent: float) -> bytes:
    return b"curv" + struct.pack(">IIHxx", 0, 1, round(exponent * 256))


def icc(device: bytes, space: bytes, between: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A profile of version 2.4 by the ICC's specification: a header, a table of tags, the tags."""
    white = b"XYZ " + bytes(4) + fixed(0.9642, 1.0, 0.8249)
    text = b"desc" + struct.pack(">II", 0, 5) + b"test\0" + bytes(78)
    tags = {b"desc": text, b"cprt": b"text" + bytes(4) + b"none\0", b"wtpt": white, **tags}
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    date = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    head = bytes(4) + struct.pack(">I", 0x02400000) + device + space + between + date + b"acsp"
    head += bytes(28) + fixed(0.9642, 1.0, 0.8249) + bytes(48)
    return struct.pack(">I", 132 + 12 * len(tags) + len(data)) + head[:124] + table + data


def display_p3() -> bytes:
    """Display P3 with its primaries as adapted to D50; a plain gamma of 2.2 stands for sRGB's curve."""
    columns = {
        b"r": (0.5151, 0.2412, -0.0011),
        b"g": (0.2920, 0.6922, 0.0419),
        b"b": (0.1571, 0.0666, 0.7841),
    }
    tags = {name + b"XYZ": b"XYZ " + bytes(4) + fixed(*column) for name, column in columns.items()}
    return icc(b"mntr", b"RGB ", b"XYZ ", tags | {name + b"TRC": gamma(2.2) for name in columns})


def linear_grey() -> bytes:
    return icc(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": gamma(1.0)})


def magenta_press() -> bytes:
    """A press whose inks give one and the same magenta in whatever mixture, and black with any black."""
    black, magenta = (0, 128, 128), (128, 128 + 60, 128 - 40)
    corners = [(255, 128, 128), black, *[magenta, black] * 7]
    unchanged = b"".join(fixed(*row) for row in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    straight = bytes(range(256))
    table = b"mft1" + struct.pack(">IBBBx", 0, 4, 3, 2) + unchanged + straight * 4
    table += b"".join(bytes(lab) for lab in corners) + straight * 3
    return icc(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


P3_RED, P3_ORANGE, SAME_ORANGE = (255, 0, 0), (200, 120, 60), (214, 116, 38)
"""The orange lies within both gamuts: P3's numbers, and sRGB's by way of the matrices of their primaries."""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_display_p3_is_remade_in_srgb(kind: str) -> None:
    how: dict[str, object] = {"lossless": True} if kind == "WEBP" else {}
    for numbers, wanted in ((P3_ORANGE, SAME_ORANGE), (P3_RED, RED)):
        raw = saved(Image.new("RGB", (32, 32), numbers), kind, icc_profile=display_p3(), **how)
        made = opened(remade(raw, PLAIN))
        assert near(made.getpixel((16, 16)), wanted, 4)
        assert "icc_profile" not in made.info, "without a profile a JPEG is taken for sRGB"


def test_a_palette_in_display_p3() -> None:
    picture = Image.new("P", (64, 64), 0)
    picture.putpalette([0, 0, 0, *P3_ORANGE])
    picture.paste(1, (0, 0, 32, 64))
    made = opened(remade(saved(picture, "PNG", icc_profile=display_p3(), transparency=0), PLAIN))
    assert near(made.getpixel((8, 32)), SAME_ORANGE, 4)
    assert near(made.getpixel((56, 32)), WHITE)


def test_a_clear_colour_stays_clear_beside_a_profile() -> None:
    picture = Image.new("RGB", (64, 64), (0, 90, 0))
    picture.paste(P3_ORANGE, (0, 0, 32, 64))
    made = opened(remade(saved(picture, "PNG", icc_profile=display_p3(), transparency=(0, 90, 0)), PLAIN))
    assert near(made.getpixel((8, 32)), SAME_ORANGE, 4)
    assert near(made.getpixel((56, 32)), WHITE)


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_greys_by_their_own_curve(mode: str) -> None:
    fill: dict[str, object] = {"L": 55, "LA": (55, 255), "I;16": 55 * 257}
    made = opened(
        remade(saved(Image.new(mode, (32, 32), fill[mode]), "PNG", icc_profile=linear_grey()), PLAIN)
    )
    assert near(made.getpixel((16, 16)), (128, 128, 128), 4)


def test_a_grey_picture_with_a_profile_of_colours() -> None:
    for profile, shade in ((a_profile(), 128), (display_p3(), 128)):
        made = opened(remade(saved(Image.new("L", (32, 32), 128), "JPEG", icc_profile=profile), PLAIN))
        assert near(made.getpixel((16, 16)), (shade, shade, shade), 4)


def test_a_cmyk_jpeg_is_read_by_its_press() -> None:
    raw = saved(Image.new("CMYK", (32, 32), (255, 0, 255, 0)), "JPEG", icc_profile=magenta_press())
    red, green, blue = opened(remade(raw, PLAIN)).getpixel((16, 16))  # type: ignore[misc]
    assert red > blue > green, "without its profile this would be green"


def test_a_profile_of_other_colours_is_not_applied() -> None:
    raw = saved(Image.new("RGB", (32, 32), RED), "PNG", icc_profile=magenta_press())
    assert near(opened(remade(raw, PLAIN)).getpixel((16, 16)), RED)


# Shapes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "size",
    [
        (100, 1000),
        (1, 500),
        (799, 1000),
        (333, 1001),
        (1000, 100),
        (1921, 1000),
        (1000, 3),
        (191, 99),
        (9, 3),
    ],
)
def test_padding_ends_just_within_the_bounds(size: tuple[int, int]) -> None:
    raw = saved(Image.new("RGB", size, RED), "PNG")
    width, height = opened(remade(raw, FEED)).size
    assert 0.8 <= width / height <= 1.91
    assert (width, height) >= size
    smaller = (width - 2, height) if size[0] / size[1] < 0.8 else (width, height - 2)
    assert not 0.8 <= smaller[0] / smaller[1] <= 1.91, "more was added than is needed"


@pytest.mark.parametrize("size", [(800, 1000), (1000, 1000), (191, 100)])
def test_what_is_within_the_bounds_keeps_its_size(size: tuple[int, int]) -> None:
    assert opened(remade(saved(Image.new("RGB", size, RED), "PNG"), FEED)).size == size


def test_the_picture_is_in_the_middle_of_white() -> None:
    made = opened(remade(saved(Image.new("RGB", (400, 100), RED), "PNG"), FEED))
    assert near(made.getpixel((200, made.height // 2)), RED)
    assert near(made.getpixel((200, 10)), WHITE)
    assert near(made.getpixel((200, made.height - 10)), WHITE)


# Over HTTP -------------------------------------------------------------------------------------------------------


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """A PNG three times as wide as high, half of it clear."""
    file = tmp_path / "wide.png"
    picture = Image.new("RGBA", (900, 300), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 255), (0, 0, 450, 300))
    picture.save(file)
    return file


async def test_the_signed_link_gives_the_form_it_names(client, shared, wide: Path) -> None:
    asset = (await client.upload(await client.project(), wide))["assets"][0]["id"]
    later = datetime.now(UTC) + timedelta(hours=1)
    answer = await client.get(shared.signer.sign(f"/v1/assets/{asset}/jpeg-0.8-1.91", later))
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
    made = opened(answer.raw)
    assert (made.width, 0.8 <= made.width / made.height <= 1.91) == (900, True)
    plain = await client.get(shared.signer.sign(f"/v1/assets/{asset}/jpeg", later))
    assert opened(plain.raw).size == (900, 300)


@pytest.mark.parametrize("form", ["png", "jpeg-1", "jpeg-a-b", "jpeg-0.8-1.91-2", "jpeg-nan-nan", "jpeg-0-0"])
async def test_there_are_no_other_forms(client, shared, wide: Path, form: str) -> None:
    asset = (await client.upload(await client.project(), wide))["assets"][0]["id"]
    link = shared.signer.sign(f"/v1/assets/{asset}/{form}", datetime.now(UTC) + timedelta(hours=1))
    assert (await client.get(link)).status == 404


async def test_a_link_opens_its_own_form_only(client, shared, wide: Path) -> None:
    asset = (await client.upload(await client.project(), wide))["assets"][0]["id"]
    path = f"/v1/assets/{asset}"
    later, past = (datetime.now(UTC) + timedelta(hours=hours) for hours in (1, -1))
    query = shared.signer.sign(f"{path}/jpeg", later).partition("?")[2]
    assert (await client.get(f"{path}/jpeg-0.8-1.91?{query}")).status == 404
    assert (await client.get(f"{path}?{query}")).status == 404
    assert (await client.get(f"{path}/jpeg")).status == 404
    assert (await client.get(shared.signer.sign(f"{path}/jpeg", past))).status == 404


async def test_platform_fit_says_what_will_change(client, wide: Path, tmp_path: Path) -> None:
    project = await client.project()
    fit = (await client.upload(project, wide))["platformFit"]["instagram"]
    assert fit["feed"]["fits"] is True
    assert fit["feed"]["changes"] == [
        "Item 1 is sent as JPEG in sRGB, padded with white to an accepted ratio."
    ]
    assert fit["draft_to_device"]["changes"] == []
    square = tmp_path / "square.png"
    Image.new("RGB", (400, 400), RED).save(square)
    fit = (await client.upload(project, square))["platformFit"]["instagram"]
    assert fit["feed"]["changes"] == ["Item 1 is sent as JPEG in sRGB."]
    kept = tmp_path / "kept.jpg"
    Image.new("RGB", (400, 400), RED).save(kept)
    fit = (await client.upload(project, kept))["platformFit"]["instagram"]
    assert fit["feed"] == {"fits": True, "problems": [], "changes": []}


async def test_a_png_is_published_where_only_jpeg_is_taken(client, worker, wide: Path, pool) -> None:
    project = await client.project()
    account = await client.account(project, "instagram", "ann.test")
    container = (await client.upload(project, wide, caption="a wide one"))["id"]
    answer = await client.publish(container, account, mode="feed")
    assert answer.status == 200, answer.raw
    post = await client.post_until(answer["scheduledPostIds"][0], "published", "failed")
    assert post["status"] == "published", post
    shown = (await client.get("/sandbox/posts.json?platform=instagram"))["items"]
    assert [item["caption"] for item in shown] == ["a wide one"]
    [medium] = shown[0]["media"]
    blob = opened((await client.get(f"/sandbox/blobs/{medium['sha256']}")).raw)
    assert 0.8 <= blob.width / blob.height <= 1.91
    assert near(blob.getpixel((800, blob.height // 2)), WHITE)

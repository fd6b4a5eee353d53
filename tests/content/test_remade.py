"""Images remade for a platform: JPEG in sRGB, upright, on white, padded into the ratio and never beyond it."""

import io
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

"""Making the form of an image that a platform demands.

Runs in a cell: the rest of Layers asks `cells.remade`. A picture of 100 million pixels is 400 MB, so each copy counts.
"""

import io
from typing import Any, cast

from PIL import Image, ImageChops, ImageCms, ImageOps

from layers.publishing.remake import Remake

QUALITY = 92
WHITE = (255, 255, 255)
SRGB: ImageCms.ImageCmsProfile = ImageCms.ImageCmsProfile(
    cast("Any", ImageCms.createProfile)("sRGB")  # pyright: ignore[reportUnknownMemberType]
)


def remade(raw: bytes, remake: Remake) -> bytes:
    """Return `raw`, any image Layers accepts, as a baseline JPEG in sRGB; of an animation the first frame."""
    with Image.open(io.BytesIO(raw)) as opened:
        ImageOps.exif_transpose(opened, in_place=True)
        picture = _flat(opened)
    if remake.ratio is not None:
        picture = _padded(picture, remake.ratio)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def _flat(picture: Image.Image) -> Image.Image:
    """Return the colours in sRGB, on white where the picture is clear: JPEG has no transparency."""
    colours = _in_srgb(_colours(picture), picture.info.get("icc_profile"))
    is_clear = "transparency" in picture.info or "A" in picture.getbands()
    if is_clear and not picture.mode.startswith("I"):
        opaque = picture if "A" in picture.getbands() else picture.convert("RGBA")
        colours.paste(WHITE, mask=ImageChops.invert(opaque.getchannel("A")))
    return colours


def _colours(picture: Image.Image) -> Image.Image:
    """Return the numbers a colour profile speaks of, as L, RGB or CMYK."""
    if picture.mode.startswith("I"):
        return _eight_bits(picture)
    if picture.mode in ("L", "RGB", "CMYK"):
        return picture
    return picture.convert("L" if picture.mode in ("1", "LA") else "RGB")


def _in_srgb(colours: Image.Image, profile: object) -> Image.Image:
    if isinstance(profile, bytes):
        try:
            meant = cast("Any", ImageCms).getOpenProfile(io.BytesIO(profile))
            if colours.mode == "L" and meant.profile.xcolor_space == "RGB ":
                colours = colours.convert("RGB")
            colours = ImageCms.profileToProfile(colours, meant, SRGB, outputMode="RGB") or colours
        except ImageCms.PyCMSError:  # broken, or of other colours than these: show the numbers as they are
            pass
    return colours if colours.mode == "RGB" else colours.convert("RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Scale 16-bit greys; Pillow's own conversion would clip them."""
    greys = cast("Any", picture.convert("I"))
    scaled: Image.Image = greys.point(lambda shade: shade * (255 / 65535) + 0.5)  # pyright: ignore[reportUnknownLambdaType]
    return scaled.convert("L")


def _padded(picture: Image.Image, ratio: tuple[float, float]) -> Image.Image:
    width, height = picture.size
    least, most = ratio
    if width / height < least:
        wanted = (-(-int(height * least * 1000) // 1000) + 1, height)
    elif width / height > most:
        wanted = (width, int(width / most) + 1)
    else:
        return picture
    ground = Image.new("RGB", wanted, WHITE)
    ground.paste(picture, ((wanted[0] - width) // 2, (wanted[1] - height) // 2))
    return ground

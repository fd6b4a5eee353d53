"""Making the form of an image that a platform demands. Blocking: call it in a thread."""

import io
from typing import Any, cast

from PIL import Image, ImageCms, ImageOps

from layers.publishing.remake import Remake

QUALITY = 92
WHITE = (255, 255, 255)
SRGB: ImageCms.ImageCmsProfile = ImageCms.ImageCmsProfile(
    cast("Any", ImageCms.createProfile)("sRGB")  # pyright: ignore[reportUnknownMemberType]
)


def remade(raw: bytes, remake: Remake) -> bytes:
    """Return `raw`, any image Layers accepts, as a baseline JPEG in sRGB; of an animation the first frame."""
    with Image.open(io.BytesIO(raw)) as opened:
        upright = ImageOps.exif_transpose(opened)
        picture = _flat(_in_srgb(upright))
    if remake.ratio is not None:
        picture = _padded(picture, remake.ratio)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def _in_srgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if not isinstance(profile, bytes) or picture.mode not in ("RGB", "RGBA", "CMYK"):
        return picture
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"  # what is clear must stay so until it lies on white
    try:
        done = ImageCms.profileToProfile(picture, io.BytesIO(profile), SRGB, outputMode=mode)
    except ImageCms.PyCMSError:  # a broken profile: show the numbers as they are
        return picture
    return done or picture


def _flat(picture: Image.Image) -> Image.Image:
    """Lay a picture with transparency on white: JPEG has none."""
    if picture.mode.startswith("I"):
        return _eight_bits(picture).convert("RGB")
    if "transparency" not in picture.info and "A" not in picture.getbands():
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    ground = Image.new("RGBA", clear.size, (*WHITE, 255))
    return Image.alpha_composite(ground, clear).convert("RGB")


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

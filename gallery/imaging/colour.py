"""Any mode a decoder gives (grey, 16-bit, palette, CMYK, transparent, with a profile) to sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageCms

# What an ICC profile calls its colour space, and the Pillow modes it can be applied to.
PROFILE_MODES = {"RGB": ("RGB",), "GRAY": ("L",), "CMYK": ("CMYK",)}
SRGB = ImageCms.createProfile("sRGB")
LAB = ImageCms.createProfile("LAB")
WHITE = (255, 255, 255)


def to_srgb(picture: PillowImage.Image) -> PillowImage.Image:
    """Return the picture as opaque sRGB; what was transparent shows white.

    The embedded colour profile is applied where it is readable and fits. CMYK without one follows
    Pillow's plain rule (the decoder has already undone Adobe's inversion).
    """
    profile = picture.info.get("icc_profile")
    plain = narrow(picture)
    alpha = plain.getchannel("A") if plain.mode in {"RGBA", "LA"} else None
    colour = plain.convert(plain.mode[:-1]) if alpha is not None else plain
    rgb = apply_profile(colour, profile) or colour
    if rgb.mode != "RGB":
        rgb = rgb.convert("RGB")
    if alpha is not None:
        ground = PillowImage.new("RGB", rgb.size, WHITE)
        ground.paste(rgb, mask=alpha)
        rgb = ground
    # A fresh info: no EXIF, profile or comment may travel on with the pixels.
    rgb.info = {}
    return rgb


def narrow(picture: PillowImage.Image) -> PillowImage.Image:
    """Return the picture in one of the modes L, LA, RGB, RGBA, CMYK, 8 bits a channel."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return narrow_deep_grey(picture)
    if picture.mode == "LAB":
        return ImageCms.profileToProfile(picture, LAB, SRGB, outputMode="RGB") or picture
    if picture.mode in {"P", "PA"} or "transparency" in picture.info:
        return picture.convert("RGBA")
    if picture.mode in {"La", "RGBa"}:
        return picture.convert("LA" if picture.mode == "La" else "RGBA")
    if picture.mode == "1":
        return picture.convert("L")
    if picture.mode in {"L", "LA", "RGB", "RGBA", "CMYK"}:
        return picture
    return picture.convert("RGB")


def narrow_deep_grey(picture: PillowImage.Image) -> PillowImage.Image:
    """Return 16-bit grey as 8-bit grey: 65,535 becomes 255 and 40,000 becomes 156.

    Pillow's own conversion clips everything above 255 to white. Fractions of a TIFF that go from
    0 to 1 are stretched the same way, and what is no number is black.
    """
    deep = np.nan_to_num(np.asarray(picture).astype(np.float64), posinf=65535, neginf=0)
    if picture.mode == "F" and deep.max(initial=0) <= 1:
        deep *= 65535
    grey = PillowImage.fromarray(np.rint(deep.clip(0, 65535) / 257).astype(np.uint8))
    see_through = picture.info.get("transparency")
    if isinstance(see_through, int):
        grey.putalpha(PillowImage.fromarray(np.where(deep == see_through, 0, 255).astype(np.uint8)))
    return grey


def apply_profile(colour: PillowImage.Image, profile: bytes | None) -> PillowImage.Image | None:
    """Return the picture converted from its profile to sRGB; None where there is nothing to do."""
    if not profile:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if colour.mode not in PROFILE_MODES.get(space, ()):
            return None
        if "sRGB" in (source.profile.profile_description or ""):
            return None
        return ImageCms.profileToProfile(colour, source, SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        # A broken profile is no reason to refuse a photo whose pixels are whole.
        return None

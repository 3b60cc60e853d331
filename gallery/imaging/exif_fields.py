"""Single fields of EXIF data, made sense of. Each raises on nonsense or leaves it out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from PIL import ExifTags

from gallery.imaging.words import clean_line

Fields = Mapping[int, Any]
Base, Gps = ExifTags.Base, ExifTags.GPS

# The keys of the panel, in the order in which they are shown.
PANEL = (
    "lens",
    "focal_length",
    "focal_length_35mm",
    "aperture",
    "exposure",
    "iso",
    "exposure_bias",
    "flash",
)
LONGEST_CAMERA = 120
# The year of the oldest photograph there is.
FIRST_YEAR = 1826
# Zones reach from twelve hours behind to fourteen before; a clock may be wrong by a day.
WIDEST_OFFSET = timedelta(hours=14)
CLOCKS_ARE_WRONG_BY = timedelta(days=1)
# What makers add to their names.
COMPANY = re.compile(
    r"\b(corporation|corp|co|ltd|inc|ag|gmbh|company|imaging|optical|electronics)\b[.,]*", re.I
)


def moment(fields: Fields) -> datetime | None:
    """Return when the photo was taken, aware of its zone where the camera noted it.

    Cameras whose clock was never set say 0000 or 1970 or the far future; only what lies between
    the first photograph and tomorrow is believed.
    """
    pairs = (
        (Base.DateTimeOriginal, Base.OffsetTimeOriginal),
        (Base.DateTimeDigitized, Base.OffsetTimeDigitized),
    )
    for date, offset in pairs:
        text = _text(fields.get(date))[:19]
        try:
            taken = datetime.strptime(text.replace("-", ":"), "%Y:%m:%d %H:%M:%S")
        except ValueError:
            continue
        taken = taken.replace(
            tzinfo=_zone(_text(fields.get(offset) or fields.get(Base.OffsetTime)))
        )
        latest = datetime.now(taken.tzinfo) + CLOCKS_ARE_WRONG_BY
        if taken.year >= FIRST_YEAR and taken <= latest:
            return taken
    return None


def _zone(text: str) -> timezone | None:
    found = re.fullmatch(r"([+-])(\d\d):(\d\d)", text)
    if not found:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    if offset > WIDEST_OFFSET or int(found[3]) > 59:
        return None
    return timezone(-offset if found[1] == "-" else offset)


def camera(fields: Fields) -> str:
    """Return maker and model, the maker's name once: "Canon EOS R5", "NIKON D850"."""
    make = clean_line(_text(fields.get(Base.Make)), LONGEST_CAMERA)
    model = clean_line(_text(fields.get(Base.Model)), LONGEST_CAMERA)
    make = " ".join(COMPANY.sub(" ", make).split()).strip(" ,.") or make
    first = make.split()[0].casefold() if make else ""
    if first and model.casefold().startswith(first):
        make = ""
    return f"{make} {model}".strip()[:LONGEST_CAMERA].rstrip()


def panel(fields: Fields) -> dict[str, str | int | bool]:
    """Return how the photo was taken, each value as it is printed; see PANEL for the keys."""
    found: dict[str, str | int | bool | None] = {
        "lens": clean_line(_text(fields.get(Base.LensModel)), 100),
        "focal_length": _measure(fields.get(Base.FocalLength), 0.1, 10_000, "{:.3g}\u202fmm"),
        "focal_length_35mm": _measure(
            fields.get(Base.FocalLengthIn35mmFilm), 1, 10_000, "{:.4g}\u202fmm"
        ),
        "aperture": _measure(fields.get(Base.FNumber), 0.4, 256, "f/{:.2g}"),
        "exposure": _exposure(fields.get(Base.ExposureTime)),
        "iso": _iso(fields),
        "exposure_bias": _measure(
            fields.get(Base.ExposureBiasValue), -20, 20, "{:+.2g}\u202fEV", zero=False
        ),
        "flash": _flash(fields.get(Base.Flash)),
    }
    return {key: value for key, value in found.items() if value is not None and value != ""}


def position(fields: Fields) -> tuple[float, float] | None:
    """Return latitude and longitude in degrees, None for what is no place on earth.

    Exactly 0, 0 is what programs write that know no place.
    """
    latitude = _degrees(fields.get(Gps.GPSLatitude), _text(fields.get(Gps.GPSLatitudeRef)), "S")
    longitude = _degrees(fields.get(Gps.GPSLongitude), _text(fields.get(Gps.GPSLongitudeRef)), "W")
    if latitude is None or longitude is None or not (latitude or longitude):
        return None
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return round(latitude, 6), round(longitude, 6)


def _degrees(parts: Any, side: str, negative: str) -> float | None:
    if not isinstance(parts, tuple) or not 1 <= len(parts) <= 3:
        return None
    numbers = [number for number in map(_number, parts) if number is not None and number >= 0]
    if len(numbers) < len(parts) or any(number > 60 for number in numbers[1:]):
        return None
    total = sum(number / 60.0**step for step, number in enumerate(numbers))
    return -total if side.upper().startswith(negative) else total


def _exposure(value: Any) -> str | None:
    """Return "1/250 s" or "2.5 s"."""
    seconds = _number(value)
    if seconds is None or not 1e-6 <= seconds <= 1e6:
        return None
    if seconds < 0.35:
        return f"1/{round(1 / seconds)}\u202fs"
    return f"{seconds:.3g}\u202fs" if seconds < 100 else f"{seconds:.0f}\u202fs"


def _iso(fields: Fields) -> int | None:
    value = fields.get(Base.ISOSpeedRatings)
    speed = _number(value[0] if isinstance(value, tuple) and value else value)
    return int(speed) if speed is not None and 1 <= speed <= 10_000_000 else None


def _flash(value: Any) -> bool | None:
    """Return whether the flash fired: the lowest bit; that there is none (0x20) says nothing."""
    if not isinstance(value, int) or value & 0x20:
        return None
    return bool(value & 1)


def _measure(value: Any, least: float, most: float, form: str, *, zero: bool = True) -> str | None:
    number = _number(value)
    if number is None or not least <= number <= most or (number == 0 and not zero):
        return None
    return form.format(number)


def _number(value: Any) -> float | None:
    """Return a finite number; a fraction over zero is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return number if math.isfinite(number) else None


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value.split("\x00")[0].strip() if isinstance(value, str) else ""

"""What a photo says of its taking, and how much of it whoever looks may read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.imaging.exif_fields import PANEL
from gallery.models import Image, Viewer

LABELS: dict[str, Promise] = {
    "lens": gettext_lazy("Lens"),
    "focal_length": gettext_lazy("Focal length"),
    "focal_length_35mm": gettext_lazy("As on 35 mm film"),
    "aperture": gettext_lazy("Aperture"),
    "exposure": gettext_lazy("Exposure"),
    "iso": gettext_lazy("ISO"),
    "exposure_bias": gettext_lazy("Exposure bias"),
    "flash": gettext_lazy("Flash"),
}


@dataclass(frozen=True)
class Details:
    """The part of a photo's facts that one viewer may read; empty where there is none."""

    taken_at: datetime | None
    camera: str
    exif: dict[str, str | int | bool]
    place: tuple[float, float] | None
    is_owner: bool

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Return labels and values of what the camera noted, in the order of the panel."""
        return [(str(LABELS[key]), _in_words(self.exif[key])) for key in PANEL if key in self.exif]

    @property
    def map_url(self) -> str:
        """Return where the place is on a map, "" where it is not told."""
        if self.place is None:
            return ""
        latitude, longitude = self.place
        marker = f"mlat={latitude}&mlon={longitude}"
        return f"https://www.openstreetmap.org/?{marker}#map=14/{latitude}/{longitude}"


def details_for(image: Image, viewer: Viewer) -> Details:
    """Return what this person may read: the owner everything, others what the owner shows."""
    is_owner = viewer.is_authenticated and viewer.pk == image.owner_id
    shows_camera = is_owner or image.shows_camera
    place = None
    if (is_owner or image.shows_place) and image.latitude is not None:
        place = (image.latitude, image.longitude or 0.0)
    return Details(
        taken_at=image.taken_at if is_owner or image.shows_taken else None,
        camera=image.camera if shows_camera else "",
        exif=image.exif if shows_camera else {},
        place=place,
        is_owner=is_owner,
    )


def _in_words(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return _("fired") if value else _("did not fire")
    return str(value)

"""A dozen photos for the very first start, taken from an installed package.

scikit-image ships them in its wheel. Only their files are read: the package is located, never
imported, because that would cost a second and pull in SciPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from django.contrib.auth.hashers import make_password

from gallery.models import Image, Milestone, User, Visibility
from gallery.services.images import delete_image, store_image

SAMPLES_USERNAME = "samples"


class SamplesUnavailable(Exception):
    """The sample photos cannot be added here; the message says why."""


@dataclass(frozen=True)
class Sample:
    """One bundled photo: its file, a title, and whom to thank for it."""

    file_name: str
    title: str
    credit: str


# The order of the stream: the first one is added last and stands at the top. Licences and names
# are those that the functions of `skimage.data` state.
SAMPLES = (
    Sample("chelsea.png", "Chelsea", "Photo by Stéfan van der Walt, CC0."),
    Sample("coffee.png", "Espresso", "Photo by Rachel Michetti, at Pikolo Espresso Bar, CC0."),
    Sample("motorcycle_left.png", "Motorcycle", "Middlebury Stereo Datasets, 2014."),
    Sample("rocket.jpg", "Falcon 9 before the launch of DSCOVR", "Photo by SpaceX, public domain."),
    Sample("astronaut.png", "Eileen Collins", "Photo by NASA, public domain."),
    Sample("coins.png", "Greek coins from Pompeii", "Brooklyn Museum, no known restrictions."),
    Sample("camera.png", "At the camera", "Photo by Lav Varshney, CC0."),
    Sample("hubble_deep_field.jpg", "Hubble eXtreme Deep Field", "NASA, public domain."),
    Sample("retina.jpg", "The back of an eye", "Photo by Mikael Häggström, CC0."),
    Sample("brick.png", "Brick wall", "CC0 Textures, CC0."),
    Sample("grass.png", "Grass", "Photo by linolafett, CC0."),
    Sample("gravel.png", "Gravel", "CC0 Textures, CC0."),
)


def samples_directory() -> Path:
    """Return the folder of the bundled photos; raise SamplesUnavailable without scikit-image."""
    package = find_spec("skimage")
    if package is None or package.origin is None:
        raise SamplesUnavailable(
            "The sample photos come with scikit-image, which is not installed."
        )
    return Path(package.origin).parent / "data"


def add_samples(*, even_if_used: bool = False) -> int:
    """Add the sample photos to a gallery that never held a photo; return how many came in.

    Anything else returns 0: a gallery with photos in it, and one whose samples were removed.
    A start that was interrupted half-way goes on where it stopped. An operator who asks by
    name gets them at any time (`even_if_used`). Their tags arrive like everybody's, by a job
    per photo, and the network never learns from them.
    """
    if not even_if_used and not _is_first_start():
        return 0
    directory = samples_directory()
    owner = _samples_owner()
    added = sum(_add_sample(owner, directory, sample) for sample in reversed(SAMPLES))
    Milestone.objects.get_or_create(name=Milestone.Name.SAMPLES_ADDED)
    return added


def remove_samples() -> int:
    """Delete the sample photos with everything said about them and their owner; count them.

    They do not come back at the next start: the milestone of having added them stays.
    """
    images = list(Image.with_trash.filter(is_sample=True))
    for image in images:
        delete_image(image=image)
    for owner in User.objects.filter(username=SAMPLES_USERNAME, images=None):
        if not owner.has_usable_password():
            owner.delete()
    return len(images)


def _is_first_start() -> bool:
    was_done = Milestone.objects.filter(name=Milestone.Name.SAMPLES_ADDED).exists()
    return not was_done and not Image.objects.filter(is_sample=False).exists()


def _samples_owner() -> User:
    owner, _ = User.objects.get_or_create(
        username=SAMPLES_USERNAME, defaults={"password": make_password(None)}
    )
    if owner.has_usable_password():
        raise SamplesUnavailable(f"The name “{SAMPLES_USERNAME}” belongs to a person here.")
    return owner


def _add_sample(owner: User, directory: Path, sample: Sample) -> bool:
    stored = store_image(
        owner=owner,
        data=(directory / sample.file_name).read_bytes(),
        name=sample.file_name,
        visibility=Visibility.PUBLIC,
        teaches=False,
        title=sample.title,
        description=f"{sample.credit} A sample photo that came with eyes.",
        is_sample=True,
    )
    return stored.is_new

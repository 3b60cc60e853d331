"""The pictures of the site in the README: photos that come with it, on a site of its own.

Needs Chromium. Only the bundled photos are shown, whose licences allow it. Look at the pictures
before you commit them: what is beautiful no script can tell.
"""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from PIL import Image as PillowImage
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.lighthouse import serving
from benchmarks.setting import ROOT, fresh_installation

if TYPE_CHECKING:
    from gallery.models import Image, User

FOLDER = ROOT / "docs" / "screenshots"
LARGEST_BYTES = 120_000
FLAGS = ("--no-sandbox", "--disable-gpu", "--hide-scrollbars")
# Who shares which photo; the last one stands at the top of the stream.
SHARED = (
    ("mira", "gravel.png"), ("ben", "brick.png"), ("mira", "grass.png"), ("ben", "coins.png"),
    ("ben", "retina.jpg"), ("ann", "camera.png"), ("mira", "astronaut.png"),
    ("ben", "motorcycle_left.png"), ("ann", "coffee.png"), ("mira", "rocket.jpg"),
    ("mira", "hubble_deep_field.jpg"), ("ann", "chelsea.png"),
)  # fmt: skip
FACES = {"ann": "chelsea.png", "ben": "motorcycle_left.png", "mira": "astronaut.png"}
TALK = (
    ("ann", "motorcycle_left.png", "That red! Does it still run?"),
    ("mira", "motorcycle_left.png", "One more photo of the engine, please."),
    ("ben", "chelsea.png", "She knows exactly how good she looks."),
)
TAGS = {
    "hubble_deep_field.jpg": ("space", "galaxy"),
    "rocket.jpg": ("rocket", "space"),
    "astronaut.png": ("portrait", "space"),
    "chelsea.png": ("cat",),
    "coffee.png": ("coffee",),
    "motorcycle_left.png": ("motorcycle", "garage"),
    "camera.png": ("portrait", "photographer"),
    "coins.png": ("coins",),
    "grass.png": ("meadow",),
}
LIKED = {"hubble_deep_field.jpg": 3, "chelsea.png": 3, "motorcycle_left.png": 2, "rocket.jpg": 2}


@dataclass(frozen=True)
class View:
    """One picture: its name, the address, the screen and its colours."""

    name: str
    address: str
    is_phone: bool
    scheme: str


def furnish() -> dict[str, str]:
    """Let three people share the bundled photos and talk; return each photo's address."""
    from django.core.management import call_command

    from gallery.models import User
    from gallery.samples import SAMPLES, samples_directory
    from gallery.services.images import store_image

    call_command("collectstatic", interactive=False, verbosity=0)
    people = {name: User.objects.create_user(name) for name in FACES}
    about = {sample.file_name: sample for sample in SAMPLES}
    photos = {}
    for name, file_name in SHARED:
        photos[file_name] = store_image(
            owner=people[name],
            data=(samples_directory() / file_name).read_bytes(),
            name=file_name,
            title=about[file_name].title,
            description=about[file_name].credit,
            visibility="public",
            teaches=True,
        ).image
    enliven(people, photos)
    work()
    from tagging.tasks import count_tags

    count_tags()
    return {name: photo.get_absolute_url() for name, photo in photos.items()}


def enliven(people: dict[str, User], photos: dict[str, Image]) -> None:
    """Give everybody a face, let them follow each other, and say and tag a few things."""
    from gallery.samples import samples_directory
    from gallery.services.albums import add_to_album, make_album
    from gallery.services.conversation import like_image, write_comment
    from gallery.services.following import follow_person
    from gallery.services.people import change_profile
    from tagging.services.votes import add_tag

    for name, file_name in FACES.items():
        face = (samples_directory() / file_name).read_bytes()
        change_profile(person=people[name], bio="", avatar=face)
        for other in FACES.keys() - {name}:
            follow_person(follower=people[name], followed=people[other])
    for file_name, likes in LIKED.items():
        for person in list(people.values())[:likes]:
            like_image(person=person, image=photos[file_name])
    for name, file_name, text in TALK:
        write_comment(author=people[name], image=photos[file_name], text=text)
    for file_name, words in TAGS.items():
        for word in words:
            add_tag(person=photos[file_name].owner, image=photos[file_name], name=word)
    album = make_album(owner=people["mira"], title="Beyond the sky")
    mine = [photos[name] for name in ("hubble_deep_field.jpg", "rocket.jpg", "astronaut.png")]
    add_to_album(album=album, images=mine, by=people["mira"])


def work() -> None:
    """Do every job that waits: renditions, and what the network says of the photos."""
    from django_q.models import OrmQ

    while (job := OrmQ.objects.order_by("pk").first()) is not None:
        task = job.task
        job.delete()
        room, _, name = task["func"].rpartition(".")
        getattr(import_module(room), name)(*task["args"], **task.get("kwargs", {}))


def session_of(name: str) -> str:
    """Return the cookie with which this person is logged in."""
    from django.test import Client

    from gallery.models import User

    client = Client()
    client.force_login(User.objects.get(username=name))
    return client.cookies["sessionid"].value


def take(browser: Browser, site: str, view: View, session: str) -> bytes:
    """Return one picture as a WebP file of at most `LARGEST_BYTES`."""
    width, height = (390, 844) if view.is_phone else (1280, 800)
    context = browser.new_context(
        base_url=site,
        viewport={"width": width, "height": height},
        device_scale_factor=2 if view.is_phone else 1.5,
        is_mobile=view.is_phone,
        has_touch=view.is_phone,
        color_scheme="dark" if view.scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
    page = context.new_page()
    page.goto(view.address)
    if view.address == "/upload/":
        choose_photos(page)
    page.wait_for_load_state("networkidle")
    shown = PillowImage.open(io.BytesIO(page.screenshot())).convert("RGB")
    context.close()
    for quality in range(88, 40, -4):
        buffer = io.BytesIO()
        shown.save(buffer, "WEBP", quality=quality, method=6)
        if buffer.tell() <= LARGEST_BYTES:
            break
    return buffer.getvalue()


def choose_photos(page: Page) -> None:
    """Choose some photos to upload, and give the first one a title."""
    from gallery.samples import samples_directory

    files = ("coffee.png", "rocket.jpg", "motorcycle_left.png")
    page.set_input_files("#id_photos", [str(samples_directory() / name) for name in files])
    page.locator("#batch > summary").click()
    page.locator(".upload-row canvas").last.wait_for()
    page.locator("#drop").scroll_into_view_if_needed()


def main() -> None:
    """Start a site, take its pictures and write them to docs/."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with fresh_installation():
        photos = furnish()
        session = session_of("ann")
        views = (
            View("stream", "/", is_phone=False, scheme="light"),
            View("photo", photos["motorcycle_left.png"], is_phone=False, scheme="dark"),
            View("phone-stream", "/", is_phone=True, scheme="dark"),
            View("phone-photo", photos["chelsea.png"], is_phone=True, scheme="light"),
            View("phone-upload", "/upload/", is_phone=True, scheme="light"),
            View("phone-explore", "/explore/", is_phone=True, scheme="dark"),
        )
        with serving() as site, sync_playwright() as playwright:
            chromium = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            for view in views:
                picture = take(browser, site, view, session)
                (FOLDER / f"{view.name}.webp").write_bytes(picture)
                print(f"{view.name}: {len(picture) / 1000:.0f} kB")
            browser.close()


if __name__ == "__main__":
    main()

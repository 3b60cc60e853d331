"""The fixed cast and the folders of every test: Alice shares, Bob visits, Mona moderates."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import numpy as np
import pluggy
import pytest
from django.conf import settings as settings_of_project
from django.core.cache import cache
from django.db import connection
from django.test import Client
from PIL import Image as PillowImage
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django import Settings

from gallery.models import User
from tagging.backbones.cards import get_card
from tagging.backbones.prepare import prepare_backbone
from tagging.backbones.weights import file_sha256

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# As root there is no sandbox; the rest keeps the browser from calling home.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """SQLite keeps the test database in a file: only there do threads and processes wait for
    each other's transactions as they do in life."""
    if connection.vendor == "sqlite":
        name = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(name)


@pytest.fixture(autouse=True)
def own_folders(settings: Settings, tmp_path: Path) -> None:
    """Every test writes into folders of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.EYES_MODELS_STORE = tmp_path / "models_store"
    settings.EYES_VECTORS = tmp_path / "vectors"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    # How often somebody did something is counted there, by ids that come again in the next test.
    cache.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def session_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models store with the embedded network, exported once for all tests. Do not write to it.

    What this checkout has prepared already is copied, and still checked when it is opened.
    """
    store = tmp_path_factory.mktemp("session") / "models_store"
    ready = settings_of_project.BASE_DIR / "models_store" / "backbones"
    if (ready / "efficientnet_lite0").is_dir():
        shutil.copytree(ready / "efficientnet_lite0", store / "backbones" / "efficientnet_lite0")
    prepare_backbone("efficientnet_lite0", store)
    return store


@pytest.fixture(scope="session")
def session_vgg16(session_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models store with the embedded network and VGG16, which has no first-day words.

    Its weights are random: the real ones cannot be had in every place tests run in. Do not write
    to it.
    """
    import keras

    from tagging.backbones.fetch import fetch_weights

    folder = tmp_path_factory.mktemp("vgg16")
    shutil.copytree(session_store / "backbones", folder / "models_store" / "backbones")
    keras.utils.set_random_seed(7)
    file = folder / "random.weights.h5"
    keras.applications.VGG16(weights=None, include_top=False).save_weights(file)
    fetch_weights(get_card("vgg16"), folder / "models_store", source=file, sha256=file_sha256(file))
    return folder / "models_store"


@pytest.fixture
def two_backbones(settings: Settings, session_vgg16: Path) -> Path:
    """This test's own models store, with the embedded network and VGG16 ready in it."""
    store = Path(settings.EYES_MODELS_STORE)
    shutil.copytree(session_vgg16 / "backbones", store / "backbones")
    return store


@pytest.fixture
def network_store(settings: Settings, session_store: Path) -> Path:
    """This test's own models store, with the embedded network ready in it."""
    store = Path(settings.EYES_MODELS_STORE)
    shutil.copytree(session_store / "backbones", store / "backbones")
    return store


@pytest.fixture
def alice(db: None) -> User:
    """A person who shares photos."""
    return User.objects.create_user("alice", "alice@example.org", "alice-secret-9")


@pytest.fixture
def bob(db: None) -> User:
    """Another person, a stranger to Alice."""
    return User.objects.create_user("bob", "bob@example.org", "bob-secret-9")


@pytest.fixture
def mona(db: None) -> User:
    """A moderator."""
    return User.objects.create_superuser("mona", "mona@example.org", "mona-secret-9")


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A real Chromium; where none is installed the test is skipped."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if chromium is None:
        pytest.skip("Chromium is not installed here (on Debian: apt-get install chromium).")
    # Two browsers share two cores with everything else: what comes at all may come late.
    expect.set_options(timeout=15_000)
    # The browser's own loop runs in this thread, which Django would take for asynchronous code.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about: broken scripts and whatever the policy stopped."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Page:
    """A phone-sized page that notes the browser's complaints."""
    opened = browser.new_page(viewport={"width": 390, "height": 844})
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda message: (
            complaints.append(message.text) if "Content Security" in message.text else None
        ),
    )
    return opened


def be_in_browser(page: Page, person: User, address: str) -> None:
    """Log this person in on the site at this address; that the form works, others show."""
    client = Client()
    client.force_login(person)
    name = settings_of_project.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": address}
    page.context.add_cookies([cookie])


def draw_photo(seed: int, size: tuple[int, int] = (96, 64)) -> PillowImage.Image:
    """Return a photo-like RGB picture that differs from those of other seeds."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return PillowImage.fromarray(coarse).resize(size, PillowImage.Resampling.BICUBIC)


def encode(photo: PillowImage.Image, file_format: str = "JPEG", **options: object) -> bytes:
    """Return the picture as the bytes of a file."""
    buffer = io.BytesIO()
    photo.save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.fixture
def photo_bytes() -> Callable[[int], bytes]:
    """A maker of small JPEG files, one per seed."""
    return lambda seed: encode(draw_photo(seed))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pluggy.Result, None]:
    """Where everything must run, turn a skipped test into a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("EYES_REQUIRE_ALL_TESTS") == "1":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but EYES_REQUIRE_ALL_TESTS=1"

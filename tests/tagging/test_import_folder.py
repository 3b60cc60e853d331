"""A folder of photos comes in with one command: exact, resumable, whatever lies in it."""

from __future__ import annotations

import io
import json
import os
import shutil
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django_q.models import OrmQ
from pytest_django import Settings

from gallery.models import Image, User
from gallery.samples import samples_directory
from tagging import importing
from tagging.backbones.prepare import BackboneUnavailable
from tagging.management.commands import import_folder
from tagging.models import (
    ClosedWorld,
    Embedding,
    ImageTag,
    Suggestion,
    Tag,
    TagEvent,
    TagState,
)
from tagging.services.curation import reject_tags
from tests.conftest import draw_photo, encode

pytestmark = pytest.mark.django_db

CURATED = ("--tags-from-folders", "--curated")


@pytest.fixture
def without_network(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Leave the network out where the matter is files and tags; note who would be embedded."""
    asked: list[int] = []

    def note(*, image_ids: Sequence[int]) -> int:
        asked.extend(image_ids)
        return 0

    monkeypatch.setattr(import_folder, "open_network", lambda: None)
    monkeypatch.setattr(importing, "embed_images", note)
    monkeypatch.setattr(importing, "suggest_tags", lambda *, image_ids: 0)
    return asked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two cats and a dog, sorted."""
    root = tmp_path / "pets"
    put(root / "Cat" / "tom.jpg", 1)
    put(root / "Cat" / "kit.png", 2, "PNG")
    put(root / "t-shirt shoes" / "rex.jpg", 3)
    return root


def put(path: Path, seed: int, file_format: str = "JPEG") -> Path:
    """Write a small photo, its folders made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(draw_photo(seed), file_format))
    return path


def bring_in(root: Path, *options: str, owner: str = "operator") -> dict[str, Any]:
    """Run the command and return what it wrote for other programs."""
    target = root.parent / "outcome.json"
    call_command(
        "import_folder",
        str(root),
        f"--owner={owner}",
        f"--json={target}",
        *options,
        verbosity=0,
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    outcome: dict[str, Any] = json.loads(target.read_text())
    return outcome


def tags_by_name() -> dict[str, list[str]]:
    """Return the shown tags of every photo by its file's name."""
    return {
        image.original_name: sorted(
            image.image_tags.shown().values_list("tag__name", flat=True)  # type: ignore[attr-defined]
        )
        for image in Image.objects.all()
    }


def test_photos_come_in_public_and_offered_for_teaching_for_a_new_owner_who_cannot_log_in(
    folder: Path, without_network: list[int]
) -> None:
    assert bring_in(folder) == {"imported": 3, "already": 0, "skipped": []}
    owner = User.objects.get(username="operator")
    assert not owner.has_usable_password()
    images = Image.objects.filter(owner=owner)
    assert sorted(image.original_name for image in images) == ["kit.png", "rex.jpg", "tom.jpg"]
    assert all(image.visibility == "public" and image.teaches for image in images)
    assert all(image.original_path.exists() for image in images)
    assert not ImageTag.objects.exists()
    assert sorted(without_network) == sorted(image.pk for image in images)


def test_visibility_and_teaching_are_as_asked_and_an_owner_who_exists_is_used(
    folder: Path, without_network: list[int], alice: User
) -> None:
    bring_in(folder, "--visibility=private", "--no-teach", owner="alice")
    images = Image.objects.filter(owner=alice)
    assert images.count() == 3
    assert all(image.visibility == "private" and not image.teaches for image in images)
    alice.refresh_from_db()
    assert alice.has_usable_password()


def test_the_own_folder_names_the_tag_trimmed_nfc_and_in_lower_case_only(
    tmp_path: Path, without_network: list[int]
) -> None:
    root = tmp_path / "Root"
    names = ["Shoes", "T-Shirt", " padded ", "bogs_and mires", "日本", "x"]
    decomposed = unicodedata.normalize("NFD", "Café")
    for seed, name in enumerate([*names, decomposed]):
        put(root / "above" / name / f"{seed}.jpg", seed)
    put(root / "loose.jpg", 50)
    assert bring_in(root, "--tags-from-folders")["imported"] == 8
    assert sorted(Tag.objects.values_list("name", flat=True)) == sorted(
        ["shoes", "t-shirt", "padded", "bogs_and mires", "日本", "x", "café", "root"]
    )
    assert tags_by_name()["loose.jpg"] == ["root"]
    assert not ClosedWorld.objects.exists()
    assert not ImageTag.objects.curated().exists()


def test_a_folder_given_as_a_dot_has_its_real_name(
    folder: Path, without_network: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / "Cat")
    call_command(
        "import_folder", ".", "--owner=operator", "--tags-from-folders", stdout=io.StringIO()
    )
    assert tags_by_name() == {"tom.jpg": ["cat"], "kit.png": ["cat"]}


def test_a_curated_import_is_double_checked_and_a_closed_world_over_its_folders(
    folder: Path, without_network: list[int]
) -> None:
    bring_in(folder, *CURATED)
    rows = ImageTag.objects.select_related("tag")
    assert len(rows) == 3
    assert all(row.state == TagState.CURATED and row.is_double_checked for row in rows)
    world = ClosedWorld.objects.get()
    assert sorted(world.tags.values_list("name", flat=True)) == ["cat", "t-shirt shoes"]
    assert world.images.count() == 3
    assert TagEvent.objects.filter(kind="imported", source="import").count() == 3


def test_a_second_run_skips_what_is_there_and_changes_nothing(
    folder: Path, without_network: list[int]
) -> None:
    bring_in(folder, *CURATED)
    before = list(ImageTag.objects.order_by("pk").values())
    assert bring_in(folder, *CURATED) == {"imported": 0, "already": 3, "skipped": []}
    assert list(ImageTag.objects.order_by("pk").values()) == before
    assert TagEvent.objects.count() == 3
    assert ClosedWorld.objects.get().images.count() == 3


def test_a_second_run_takes_new_files_into_the_same_world(
    folder: Path, without_network: list[int]
) -> None:
    bring_in(folder, *CURATED)
    put(folder / "Heron" / "h.jpg", 9)
    assert bring_in(folder, *CURATED) == {"imported": 1, "already": 3, "skipped": []}
    world = ClosedWorld.objects.get()
    assert sorted(world.tags.values_list("name", flat=True)) == ["cat", "heron", "t-shirt shoes"]
    assert world.images.count() == 4


@pytest.mark.parametrize("step", ["curate_import", "embed_images", "suggest_tags"])
def test_a_run_that_was_stopped_anywhere_is_finished_by_the_next(
    folder: Path, without_network: list[int], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(importing, "BATCH_FILES", 1)
    real = getattr(importing, step)
    calls = []

    def stop_at_the_second_call(**arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(**arguments)

    with monkeypatch.context() as broken, pytest.raises(SystemExit, match="130"):
        broken.setattr(importing, step, stop_at_the_second_call)
        bring_in(folder, *CURATED)
    assert Image.objects.count() == 2
    assert not (folder.parent / "outcome.json").exists()
    without_network.clear()
    assert bring_in(folder, *CURATED) == {"imported": 1, "already": 2, "skipped": []}
    assert tags_by_name() == {
        "kit.png": ["cat"],
        "tom.jpg": ["cat"],
        "rex.jpg": ["t-shirt shoes"],
    }
    assert ClosedWorld.objects.get().images.count() == 3
    assert sorted(without_network) == sorted(Image.objects.values_list("pk", flat=True))


def test_what_a_moderator_decided_meanwhile_survives_a_second_run(
    folder: Path, without_network: list[int], mona: User
) -> None:
    bring_in(folder, *CURATED)
    wrong = ImageTag.objects.get(image__original_name="tom.jpg")
    reject_tags(moderator=mona, image_tags=[wrong])
    assert bring_in(folder, *CURATED) == {"imported": 0, "already": 3, "skipped": []}
    wrong.refresh_from_db()
    assert wrong.state == TagState.REJECTED


def test_what_cannot_come_in_is_listed_with_its_reason_and_stops_nothing(
    folder: Path, without_network: list[int], settings: Settings
) -> None:
    settings.EYES_MAX_UPLOAD_BYTES = 20_000
    (folder / "Cat" / "notes.jpg").write_text("not a photo at all")
    (folder / "Cat" / "empty.jpg").touch()
    (folder / "Cat" / "huge.jpg").write_bytes(b"\xff\xd8\xff" + bytes(30_000))
    (folder / "Cat" / "cut.jpg").write_bytes((folder / "Cat" / "tom.jpg").read_bytes()[:300])
    (folder / "Cat" / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    os.mkfifo(folder / "Cat" / "pipe.jpg")
    (folder / "Cat" / "loop").symlink_to(folder)
    put(folder / ("long" * 17) / "a.jpg", 20)
    put(folder / ".hidden" / "b.jpg", 21)
    put(folder / "Cat" / ".hidden.jpg", 22)
    outcome = bring_in(folder, *CURATED)
    assert outcome["imported"] == 3
    reasons = {Path(entry["file"]).name: entry["reason"] for entry in outcome["skipped"]}
    assert set(reasons) == {
        "notes.jpg", "empty.jpg", "huge.jpg", "cut.jpg", "gone.jpg", "pipe.jpg", "loop", "a.jpg"
    }  # fmt: skip
    assert all(entry["file"].startswith(str(folder)) for entry in outcome["skipped"])
    assert "empty" in reasons["empty.jpg"]
    assert "limit" in reasons["huge.jpg"]
    assert "leads nowhere" in reasons["gone.jpg"]
    assert "not a regular file" in reasons["pipe.jpg"]
    assert "link to a folder" in reasons["loop"]
    assert "68 characters" in reasons["a.jpg"]
    assert Image.objects.count() == 3
    assert Tag.objects.count() == 2


def test_a_blocked_tag_keeps_its_folder_out(folder: Path, without_network: list[int]) -> None:
    Tag.objects.create(name="cat", slug="cat", is_blocked=True)
    outcome = bring_in(folder, *CURATED)
    assert outcome["imported"] == 1
    assert all("blocked" in entry["reason"] for entry in outcome["skipped"])


def test_the_same_photo_in_two_folders_contradicts_itself_in_a_closed_world(
    folder: Path, without_network: list[int]
) -> None:
    copy = folder / "Dog" / "copy.jpg"
    copy.parent.mkdir()
    shutil.copy(folder / "Cat" / "tom.jpg", copy)
    outcome = bring_in(folder, *CURATED)
    assert (outcome["imported"], outcome["already"]) == (3, 0)
    (skipped,) = outcome["skipped"]
    assert skipped["file"] == str(copy)
    assert "“cat”" in skipped["reason"]
    assert "“dog”" in skipped["reason"]
    assert "tom.jpg" in skipped["reason"]
    assert not Tag.objects.filter(name="dog").exists()


def test_a_contradiction_with_an_earlier_run_is_found_too(
    folder: Path, without_network: list[int]
) -> None:
    bring_in(folder, *CURATED)
    copy = folder / "Aardvark" / "copy.jpg"
    copy.parent.mkdir()
    shutil.copy(folder / "Cat" / "tom.jpg", copy)
    outcome = bring_in(folder, *CURATED)
    assert (outcome["imported"], outcome["already"]) == (0, 3)
    (skipped,) = outcome["skipped"]
    assert skipped["file"] == str(copy)
    assert "“cat”" in skipped["reason"]
    assert tags_by_name()["tom.jpg"] == ["cat"]


def test_without_a_closed_world_a_photo_may_lie_in_two_folders(
    folder: Path, without_network: list[int]
) -> None:
    copy = folder / "Cute" / "copy.jpg"
    copy.parent.mkdir()
    shutil.copy(folder / "Cat" / "tom.jpg", copy)
    outcome = bring_in(folder, "--tags-from-folders")
    assert outcome == {"imported": 3, "already": 1, "skipped": []}
    assert tags_by_name()["tom.jpg"] == ["cat", "cute"]


def test_a_file_name_that_is_no_text_comes_in_and_is_reported_safely(
    tmp_path: Path, without_network: list[int]
) -> None:
    root = tmp_path / "names"
    root.mkdir()
    good = os.fsencode(root) + b"/sch\xf6n.jpg"
    bad = os.fsencode(root) + b"/kr\xfcmel.jpg"
    Path(os.fsdecode(good)).write_bytes(encode(draw_photo(1)))
    Path(os.fsdecode(bad)).write_bytes(b"no photo")
    outcome = bring_in(root)
    assert outcome["imported"] == 1
    assert len(outcome["skipped"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing", "--owner=o"], "no folder"),
        (["pets/Cat/tom.jpg", "--owner=o"], "is not a folder"),
        (["pets", "--owner=o", "--curated"], "--tags-from-folders"),
        (["pets", "--owner=not a name!"], "cannot be the name of an owner"),
        (["pets", "--owner=o", "--json=missing/outcome.json"], "cannot be written"),
    ],
)
def test_impossible_arguments_are_refused_before_anything_is_written(
    folder: Path,
    without_network: list[int],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(folder.parent)
    with pytest.raises(CommandError, match=message) as refusal:
        call_command("import_folder", *arguments)
    assert refusal.value.returncode == 1
    assert not User.objects.exists()
    assert not Image.objects.exists()


def test_an_empty_folder_is_no_error(tmp_path: Path, without_network: list[int]) -> None:
    (tmp_path / "empty").mkdir()
    assert bring_in(tmp_path / "empty") == {"imported": 0, "already": 0, "skipped": []}


def test_a_missing_network_is_said_before_anything_is_stored(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise BackboneUnavailable("The weights of efficientnet_lite0 are not here.")

    monkeypatch.setattr(import_folder, "serving_version", refuse)
    with pytest.raises(CommandError, match="weights of efficientnet_lite0"):
        bring_in(folder)
    assert not User.objects.exists()
    assert not Image.objects.exists()


@pytest.mark.network
def test_it_embeds_and_suggests_as_it_goes_and_leaves_no_jobs_behind(
    tmp_path: Path,
    network_store: Path,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    root = tmp_path / "samples"
    for tag, name in (("pet", "chelsea.png"), ("drink", "coffee.png")):
        (root / tag).mkdir(parents=True)
        shutil.copy(samples_directory() / name, root / tag / name)
    with django_capture_on_commit_callbacks(execute=True):
        bring_in(root, *CURATED)
    assert Embedding.objects.count() == 2
    cat = Image.objects.get(original_name="chelsea.png")
    assert Suggestion.objects.shown().filter(image=cat, tag__name="cat").exists()
    Embedding.objects.filter(content__sha256=cat.sha256).delete()
    Suggestion.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        bring_in(root, *CURATED)
    assert Embedding.objects.count() == 2
    assert Suggestion.objects.shown().filter(image=cat, tag__name="cat").exists()
    assert not OrmQ.objects.exists()

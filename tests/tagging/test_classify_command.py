"""`manage.py classify`: what other programs read from it."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from gallery.models import Image
from tagging import classifier as classifier_module
from tagging.services.versions import promote_version
from tests.conftest import draw_photo, encode
from tests.tagging.network_cast import bundled, change_one_byte, constant_head, publish

pytestmark = [pytest.mark.network, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins like a process that has loaded nothing yet."""
    monkeypatch.setattr(classifier_module, "_held", None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos in two folders, a text file named .jpg, and what must be passed over."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    (folder / "coffee.png").write_bytes(bundled("coffee.png"))
    (folder / "more" / "cät 猫.png").write_bytes(bundled("chelsea.png"))
    (folder / "more" / "text.jpg").write_text("not a photo")
    (folder / ".hidden" / "coffee.png").write_bytes(b"")
    (folder / ".DS_Store").write_bytes(b"")
    return folder


def classify(*arguments: str) -> tuple[list[str], list[str]]:
    """Return the lines on standard output and on standard error."""
    out, err = io.StringIO(), io.StringIO()
    call_command("classify", *arguments, stdout=out, stderr=err)
    return out.getvalue().splitlines(), err.getvalue().splitlines()


def classify_json(*arguments: str) -> dict[str, Any]:
    """Return the printed objects by the last part of their file name."""
    lines, _ = classify(*arguments, "--json")
    return {Path(answer["file"]).name: answer for answer in map(json.loads, lines)}


def test_json_is_one_object_per_file_and_nothing_is_imported(
    network_store: Path, folder: Path
) -> None:
    lines, errors = classify(str(folder), "--json")
    answers = [json.loads(line) for line in lines]
    assert [answer["file"] for answer in answers] == [
        f"{folder}/coffee.png",
        f"{folder}/more/cät 猫.png",
        f"{folder}/more/text.jpg",
    ]
    coffee, cat, text = answers
    assert coffee.keys() == {"file", "tags", "ms"}
    assert coffee["tags"][0].keys() == {"tag", "score", "shown", "source"}
    assert coffee["tags"][0]["tag"] == "coffee"
    assert coffee["tags"][0]["shown"] is True
    assert coffee["tags"][0]["source"] == "bootstrap"
    assert coffee["ms"] > 0
    assert cat["tags"][0]["tag"] == "cat"
    assert text == {"file": text["file"], "error": "This is a text file, not a photo."}
    assert re.fullmatch(r"2 photos, [\d.]+ photos per second, 1 unreadable", errors[-1])
    assert not Image.objects.exists()


def test_all_trained_tags_come_each_once_and_sorted(network_store: Path, folder: Path) -> None:
    head = constant_head(heron=0.95, bittern=0.7, stork=0.001, coffee=0.99)
    promote_version(version=publish(network_store, 1, head))
    tags = classify_json(str(folder))["coffee.png"]["tags"]
    by_name = {tag["tag"]: tag for tag in tags}
    assert len(by_name) == len(tags)
    assert by_name.keys() >= {"heron", "bittern", "stork", "coffee"}
    assert by_name["coffee"] == {
        "tag": "coffee", "score": 0.99, "shown": True, "source": "trained"
    }  # fmt: skip
    assert by_name["bittern"]["shown"] is False
    scores = [tag["score"] for tag in tags]
    assert scores == sorted(scores, reverse=True)


def test_a_path_is_printed_as_it_was_given(
    network_store: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    lines, _ = classify("./more/", "coffee.png", "nowhere.jpg", "--json")
    files = [json.loads(line)["file"] for line in lines]
    assert files == ["./more/cät 猫.png", "./more/text.jpg", "coffee.png", "nowhere.jpg"]
    assert "error" in json.loads(lines[-1])


def test_without_json_a_person_can_read_it(network_store: Path, folder: Path) -> None:
    lines, _ = classify(str(folder / "coffee.png"))
    assert re.match(rf"{folder}/coffee.png: coffee \d\d%", lines[0])


def test_a_damaged_live_version_is_refused_and_the_previous_one_answers(
    network_store: Path, folder: Path
) -> None:
    promote_version(version=publish(network_store, 1, constant_head(heron=0.95)))
    promote_version(version=publish(network_store, 2, constant_head(stork=0.95)))
    change_one_byte(network_store / "2" / "head.npz")
    tags = classify_json(str(folder / "coffee.png"))["coffee.png"]["tags"]
    assert "heron" in {tag["tag"] for tag in tags}
    assert "stork" not in {tag["tag"] for tag in tags}


def test_on_an_empty_migrated_database_it_works_at_once(
    network_store: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "bytes \udcff.jpg"
    photo.write_bytes(encode(draw_photo(1)))
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}",
        "EYES_MODELS_STORE": str(network_store),
        "LC_ALL": "C",
    }

    def manage(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR, env=environment, capture_output=True, check=True,
        )  # fmt: skip

    manage("migrate", "--verbosity", "0")
    result = manage("classify", "--json", str(tmp_path))
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert str(photo) in [answer["file"] for answer in answers if "tags" in answer]
    assert b"photos per second" in result.stderr.splitlines()[-1]

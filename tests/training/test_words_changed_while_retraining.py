"""Tags that are renamed or merged between two versions, and in the middle of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from gallery.models import User
from tagging.models import Suggestion, Tag
from tagging.registry import serving_version
from tagging.services.merging import merge_tags
from tagging.services.suggestions import retag_library
from tagging.services.tags import find_or_create_tag
from tagging.services.vocabulary import block_tag, rename_tag
from tagging.services.word_history import undo_change
from tests.training.classroom import add_photo, teach_world, vector_for
from training import pipeline
from training.live import ask_live
from training.models import RunState
from training.options import RetrainOptions
from training.report import RetrainReport
from training.runner import carry_out
from training.services import begin_run

pytestmark = [pytest.mark.network, pytest.mark.django_db(transaction=True)]


def run_now() -> RetrainReport:
    wishes = RetrainOptions()
    return carry_out(begin_run(backbone="efficientnet_lite0", options=wishes.as_json()), wishes)


def said_of(image_id: int) -> set[str]:
    rows = Suggestion.objects.shown().filter(image=image_id, source="trained")
    return set(rows.values_list("tag__name", flat=True))


def named(name: str) -> Tag:
    return find_or_create_tag(name=name)


@pytest.fixture
def in_the_middle(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], object]], None]:
    """Let something happen in a run before one of its steps."""

    def happen(step: str, deed: Callable[[], object]) -> None:
        real = getattr(pipeline, step)

        def first_the_deed(*arguments: object, **options: object) -> object:
            monkeypatch.setattr(pipeline, step, real)
            deed()
            return real(*arguments, **options)

        monkeypatch.setattr(pipeline, step, first_the_deed)

    return happen


@pytest.mark.parametrize("step", ["open_classroom", "teach", "_judge", "publish_version"])
def test_a_merge_in_the_middle_of_a_run_breaks_nothing(
    alice: User,
    mona: User,
    network_store: Path,
    in_the_middle: Callable[[str, Callable[[], object]], None],
    step: str,
) -> None:
    teach_world(alice, ["brick", "moss", "lichen"])
    untagged = add_photo(alice, "stranger", vector_for("moss", 999))
    in_the_middle(step, lambda: merge_tags(moderator=mona, tag=named("moss"), into=named("lichen")))
    report = run_now()
    assert report.promoted, report.reason
    assert report.tags == ("brick", "lichen", "moss"), "the dataset is what it was"
    # Of two names that mean one tag the tag's own speaks, and it was never taught this photo.
    assert said_of(untagged.pk) == set()
    assert not Suggestion.objects.exclude(tag__alias_of=None).exists()
    assert not Tag.objects.get(name="moss").image_tags.exists()
    second = run_now()
    assert second.tags == ("brick", "lichen")


def test_a_rename_in_the_middle_of_a_run_is_followed(
    alice: User,
    mona: User,
    network_store: Path,
    in_the_middle: Callable[[str, Callable[[], object]], None],
) -> None:
    teach_world(alice, ["brick", "moss"])
    untagged = add_photo(alice, "stranger", vector_for("moss", 999))
    in_the_middle(
        "publish_version", lambda: rename_tag(moderator=mona, tag=named("moss"), name="bryum")
    )
    assert run_now().promoted
    assert said_of(untagged.pk) == {"bryum"}


def test_a_tag_blocked_in_the_middle_of_a_run_is_not_said(
    alice: User,
    mona: User,
    network_store: Path,
    in_the_middle: Callable[[str, Callable[[], object]], None],
) -> None:
    teach_world(alice, ["brick", "moss"])
    untagged = add_photo(alice, "stranger", vector_for("moss", 999))
    in_the_middle("publish_version", lambda: block_tag(moderator=mona, tag=named("moss")))
    run_now()
    assert said_of(untagged.pk) == set()


def test_the_live_version_speaks_under_new_names_and_is_compared_under_them(
    alice: User, mona: User, network_store: Path
) -> None:
    teach_world(alice, ["brick", "moss"])
    untagged = add_photo(alice, "stranger", vector_for("moss", 999))
    run_now()
    change = rename_tag(moderator=mona, tag=named("moss"), name="bryum")
    retag_library()
    assert said_of(untagged.pk) == {"bryum"}
    report = run_now()
    assert report.state == RunState.REFUSED, "nothing is new and nothing better"
    assert "forgotten" not in report.reason and report.tags == ("brick", "bryum")
    assert change is not None
    undo_change(moderator=mona, change=change)
    retag_library()
    assert said_of(untagged.pk) == {"moss"}


def test_the_live_version_is_asked_by_what_names_mean(
    alice: User, mona: User, network_store: Path, settings: Settings
) -> None:
    teach_world(alice, ["brick", "moss", "lichen"])
    run_now()
    live = serving_version()
    photos = np.stack([vector_for(tag, 999) for tag in ("moss", "lichen")])
    asked = ask_live(live, photos, ("lichen", "moss")).answers
    assert asked.shown.tolist() == [[False, True], [True, False]]
    merge_tags(moderator=mona, tag=named("moss"), into=named("lichen"))
    # A dataset frozen before the merge still has both names, and each has an output of its own.
    later = ask_live(live, photos, ("lichen", "moss")).answers
    assert np.array_equal(asked.scores, later.scores)
    assert later.learnt == {"brick", "lichen", "moss"}
    # One frozen after it has only the tag.
    (alone,) = ask_live(live, photos, ("lichen",)).answers.scores.T
    assert np.array_equal(alone, asked.scores[:, 0])
    assert ask_live(live, photos, ("lichen",)).answers.learnt == {"brick", "lichen"}
    rename_tag(moderator=mona, tag=named("lichen"), name="crust")
    renamed = ask_live(live, photos, ("crust",)).answers
    assert np.array_equal(renamed.scores[:, 0], asked.scores[:, 0])
    assert renamed.learnt == {"brick", "crust"} <= renamed.knows

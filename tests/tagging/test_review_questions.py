"""Which questions are put to whom: the mix, gold tasks, the blind slice, one's own photos."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import Image, User
from tagging.models import (
    ClosedWorld,
    FullyTagged,
    ReviewCandidate,
    ReviewTask,
    Suggestion,
    Tag,
)
from tagging.policy import COMMUNITY
from tagging.presets import current_policy
from tagging.reviewing import sources
from tagging.reviewing.blind_draw import find_blind
from tagging.reviewing.mix import kind_weights, weighted_order
from tagging.reviewing.sources import Asker, Draw
from tagging.services.curation import curate_import
from tagging.services.review import answer_question
from tagging.services.review_questions import AHEAD, GRID, grid_questions, open_questions
from tagging.services.vocabulary import rename_tag
from tagging.services.votes import cast_vote
from tests.tagging.cast import make_image, make_tag, suggest
from tests.tagging.review_cast import ask, checked, go_live, wait_for


def asker(person: User, seed: int = 1, tag: str = "") -> Asker:
    found = Tag.objects.get(name=tag) if tag else None
    return Asker(person, current_policy(), random.Random(seed), found)


def draws(find: object, person: User, number: int) -> list[Draw]:
    """Return what many independent draws give."""
    found = [find(asker(person, seed)) for seed in range(number)]  # type: ignore[operator]
    return [draw for draw in found if draw is not None]


def asked_names(person: User, **options: object) -> set[str]:
    """Return the tags that are asked about until nothing is left."""
    names: set[str] = set()
    while tasks := open_questions(person=person, rng=random.Random(3), **options):
        names.add(tasks[0].tag.name if tasks[0].tag else "(name it)")
        answer_question(person=person, task_id=tasks[0].pk, value="unsure")
    return names


def test_the_mix_shares_what_gold_leaves_and_what_is_empty_leaves() -> None:
    weights = kind_weights(50, COMMUNITY)
    assert weights == pytest.approx(
        {"gold": 0.1, "uncertain": 0.36, "diverse": 0.18, "suspect": 0.18, "blind": 0.18}
    )
    rng = random.Random(5)
    orders = [weighted_order(weights, rng) for _ in range(4000)]
    first = Counter(order[0] for order in orders)
    assert first["uncertain"] / 4000 == pytest.approx(0.36, abs=0.03)
    # Without uncertain ones the others keep their proportions.
    second = Counter(next(kind for kind in order if kind != "uncertain") for order in orders)
    assert second["blind"] / 4000 == pytest.approx(0.18 / 0.64, abs=0.03)
    assert {len(set(order)) for order in orders} == {5}


def test_kinds_are_asked_in_their_shares(alice: User, bob: User, mona: User) -> None:
    for _ in range(40):
        for kind in ("uncertain", "diverse"):
            wait_for(make_image(alice), "heron", kind)
        for row in (checked(make_image(alice), "stork", mona, is_there=n > 0) for n in range(2)):
            wait_for(row.image, "stork", "suspect")
    go_live(1, "heron", "stork")
    tasks: list[ReviewTask] = []
    for seed in range(40):
        waiting = open_questions(person=bob, rng=random.Random(seed))
        tasks += waiting
        ReviewTask.objects.filter(pk__in=[task.pk for task in waiting]).update(
            value="unsure", answered_at=timezone.now()
        )
    kinds = Counter(task.kind for task in tasks)
    assert len(tasks) == 120
    assert set(kinds) == {"gold", "uncertain", "diverse", "suspect", "blind"}
    assert kinds["uncertain"] > kinds["blind"] > 5
    assert 20 < kinds["gold"] < 60


def test_open_questions_are_served_again_the_first_one_first(alice: User, bob: User) -> None:
    for name in ("heron", "stork", "reed", "pond"):
        wait_for(make_image(alice), name)
    asked = open_questions(person=bob)
    assert len(asked) == AHEAD
    assert open_questions(person=bob) == asked
    assert ReviewTask.objects.count() == AHEAD


def test_nobody_is_asked_the_same_twice_nor_what_they_said_on_the_photo(
    alice: User, bob: User
) -> None:
    voted, asked, fresh = (make_image(alice) for _ in range(3))
    for image, name in ((voted, "heron"), (asked, "stork"), (fresh, "reed")):
        wait_for(image, name)
    cast_vote(person=bob, image=voted, tag=make_tag("heron"), value="unsure")
    ask(bob, asked, "stork", value="unsure", answered_at=timezone.now())
    assert asked_names(bob) == {"reed"}


def test_what_is_settled_blocked_or_another_name_is_not_asked(
    alice: User, bob: User, mona: User
) -> None:
    for name in ("settled", "blocked", "alias", "silent", "woman", "heron"):
        image = make_image(alice)
        wait_for(image, name)
        if name == "settled":
            cast_vote(person=alice, image=image, tag=make_tag(name), value="yes")
    Tag.objects.filter(name="blocked").update(is_blocked=True)
    Tag.objects.filter(name="silent").update(never_show=True)
    Tag.objects.filter(name="alias").update(alias_of=make_tag("heron"))
    assert asked_names(bob) == {"heron"}


def test_strangers_private_and_hidden_photos_are_never_asked(alice: User, bob: User) -> None:
    for fields in ({"visibility": "private"}, {"hidden_at": "2026-01-01T00:00Z"}):
        image = make_image(alice, **fields)
        for kind in ("uncertain", "diverse", "suspect"):
            wait_for(image, f"{kind} one", kind)
        wait_for(image, None, "naming")
        suggest(image, "heron")
    assert open_questions(person=bob) == []


def test_ones_own_private_photos_are_asked_unless_nobody_decides_on_their_own(
    alice: User, bob: User, mona: User, settings: Settings
) -> None:
    private, public = make_image(alice, visibility="private"), make_image(alice)
    for image in (private, public):
        suggest(image, "heron")
    for person, photos in ((alice, {private, public}), (bob, {public}), (mona, {public})):
        assert {task.image for task in open_questions(person=person)} == photos
    settings.EYES_POLICY = "public"
    ReviewTask.objects.all().delete()
    for image in Image.objects.all():
        wait_for(image, "reed")
        checked(image, "pond", mona)
    assert open_questions(person=alice) == []


def test_a_new_site_asks_about_open_suggestions(alice: User, bob: User) -> None:
    suggest(make_image(alice), "heron", 0.4)
    assert asked_names(bob) == {"heron"}


def test_one_tag_only_where_it_is_asked_for(alice: User, bob: User, client: Client) -> None:
    for name in ("heron", "stork"):
        wait_for(make_image(alice), name)
        suggest(make_image(alice), name)
    wait_for(make_image(alice), None, "naming")
    client.force_login(bob)
    page = client.get("/review/?tag=heron")
    assertContains(page, "Does this show <em>heron</em>?", count=2)
    assertNotContains(page, "<em>stork</em>")
    assert {task.kind for task in ReviewTask.objects.all()} == {"uncertain"}
    for address in ("/review/?tag=nothing", "/review/?tag=%00", "/review/grid/?tag=nothing"):
        assert client.get(address).status_code == 404


def test_questions_that_nobody_came_back_for_are_dropped(alice: User, bob: User) -> None:
    task = ask(bob, make_image(alice), "heron")
    ReviewTask.objects.update(asked_at=timezone.now() - timedelta(days=2))
    assert open_questions(person=bob) == []
    assert not ReviewTask.objects.filter(pk=task.pk).exists()


def test_a_grid_that_was_left_does_not_crowd_the_other_page(alice: User, bob: User) -> None:
    for _ in range(12):
        suggest(make_image(alice), "heron")
    make_tag("heron")
    grid = grid_questions(person=bob, tag=Tag.objects.get(name="heron"))
    assert len(grid) == 12
    wait_for(make_image(alice), "stork")
    tasks = open_questions(person=bob)
    assert "stork" in {task.tag.name for task in tasks if task.tag}
    assert not set(tasks) & set(grid)


# --- Gold --------------------------------------------------------------------------------------


def test_gold_is_what_other_moderators_checked_on_others_public_photos(
    alice: User, bob: User, mona: User
) -> None:
    there = checked(make_image(alice), "heron", mona)
    absent = checked(make_image(alice), "stork", mona, is_there=False)
    checked(make_image(bob), "own", mona)
    checked(make_image(alice), "decided by bob", bob)
    checked(make_image(alice, visibility="private"), "private", mona)
    checked(make_image(alice, hidden_at="2026-01-01T00:00Z"), "hidden", mona)
    asked = checked(make_image(alice), "asked", mona)
    ask(bob, asked.image, "asked")
    voted = make_image(alice)
    cast_vote(person=alice, image=voted, tag=make_tag("voted"), value="yes")
    found = draws(sources.find_gold, bob, 40)
    assert {(draw.image_id, draw.tag_id, draw.truth) for draw in found} == {
        (there.image_id, there.tag_id, "yes"),
        (absent.image_id, absent.tag_id, "no"),
    }
    assert voted.pk not in {draw.image_id for draw in found}
    # However many are there, the coin makes those that are not as frequent.
    for _ in range(20):
        checked(make_image(alice), "heron", mona)
    truths = Counter(draw.truth for draw in draws(sources.find_gold, bob, 60))
    assert 15 < truths["no"] < 45


def test_gold_tasks_remember_the_truth(alice: User, bob: User, mona: User) -> None:
    checked(make_image(alice), "heron", mona, is_there=False)
    (task,) = open_questions(person=bob)
    assert (task.kind, task.truth) == ("gold", "no")


# --- The blind slice ---------------------------------------------------------------------------


def test_blind_questions_carry_version_and_stratum(alice: User, bob: User) -> None:
    shown, offered, silent = (make_image(alice) for _ in range(3))
    version = go_live(1, "heron")
    trained = {"version": version, "source": "trained"}
    for image, fields in ((shown, {}), (offered, {"is_shown": False})):
        Suggestion.objects.create(
            image=image, tag=make_tag("heron"), score=0.7, **trained, **fields
        )
    found = {(draw.image_id, draw.stratum) for draw in draws(find_blind, bob, 60)}
    assert found == {(shown.pk, "shown"), (offered.pk, "offered"), (silent.pk, "silent")}
    draw = find_blind(asker(bob))
    assert draw is not None
    assert (draw.version_id, draw.kind) == (version.pk, "blind")
    assert find_blind(asker(bob, tag="heron")) is None


def test_blind_photos_took_no_part_in_teaching_and_nobody_spoke_of_the_pair(
    alice: User, bob: User, mona: User
) -> None:
    go_live(1, "heron", "stork")
    decided, sorted_in, fully, private, spoken = (make_image(alice) for _ in range(5))
    make_tag("stork")
    checked(decided, "reed", mona)
    world = ClosedWorld.objects.create(name="birds")
    world.images.add(sorted_in)
    FullyTagged.objects.create(image=fully)
    Image.objects.filter(pk=private.pk).update(visibility="private")
    cast_vote(person=alice, image=spoken, tag=make_tag("heron"), value="yes")
    found = {(draw.image_id, draw.tag_id) for draw in draws(find_blind, bob, 60)}
    assert found == {(spoken.pk, make_tag("stork").pk)}


def test_blind_pairs_of_an_earlier_version_belong_to_no_stratum(alice: User, bob: User) -> None:
    old = go_live(1, "heron")
    image = make_image(alice)
    Suggestion.objects.create(
        image=image, tag=make_tag("heron"), version=old, score=0.9, source="trained"
    )
    assert find_blind(asker(bob)) is not None
    go_live(2, "heron")
    assert find_blind(asker(bob)) is None


def test_blind_labels_that_may_not_be_said_are_left_out(alice: User, bob: User) -> None:
    make_image(alice)
    go_live(1, "blocked", "alias", "woman", "heron")
    for name in ("blocked", "woman"):
        make_tag(name)
    Tag.objects.filter(name="blocked").update(is_blocked=True)
    Tag.objects.create(name="alias", slug="alias", alias_of=make_tag("heron"))
    tags = {draw.tag_id for draw in draws(find_blind, bob, 40)}
    assert tags == {make_tag("heron").pk}


def test_a_blind_tag_is_asked_about_under_its_present_name(
    alice: User, bob: User, mona: User
) -> None:
    make_image(alice)
    go_live(1, "gray heron")
    heron = make_tag("gray heron")
    rename_tag(moderator=mona, tag=heron, name="grey heron")
    assert {draw.tag_id for draw in draws(find_blind, bob, 5)} == {heron.pk}


def test_on_the_first_day_the_blind_slice_is_of_what_is_suggested(alice: User, bob: User) -> None:
    image, other = make_image(alice), make_image(alice)
    suggest(image, "heron")
    make_tag("never suggested")
    found = {(draw.image_id, draw.stratum) for draw in draws(find_blind, bob, 40)}
    assert found == {(image.pk, "shown"), (other.pk, "silent")}


def test_within_a_stratum_every_pair_has_the_same_chance(alice: User, bob: User) -> None:
    """A photo with many words must not take their share from each of them."""
    many, few = make_image(alice), make_image(alice)
    for name in "abcd":
        suggest(many, name)
    suggest(few, "e")
    shown = [draw for draw in draws(find_blind, bob, 500) if draw.stratum == "shown"]
    on_few = sum(draw.image_id == few.pk for draw in shown) / len(shown)
    assert on_few == pytest.approx(0.2, abs=0.08)


def test_places_keep_the_chances_equal_where_photos_are_probed(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tagging.reviewing import blind_draw

    monkeypatch.setattr(blind_draw, "PROBED", 20)
    images = [make_image(alice) for _ in range(40)]
    for number, image in enumerate(images):
        for name in "abcdef"[: 1 if number % 2 else 6]:
            suggest(image, name)
    shown = [draw for draw in draws(find_blind, bob, 400) if draw.stratum == "shown"]
    odd = {image.pk for image in images[1::2]}
    on_odd = sum(draw.image_id in odd for draw in shown) / len(shown)
    assert on_odd == pytest.approx(1 / 7, abs=0.08)


# --- Naming ------------------------------------------------------------------------------------


def test_what_is_unlike_anything_is_named_once(alice: User, bob: User) -> None:
    strange, named = make_image(alice), make_image(alice)
    for image in (strange, named):
        wait_for(image, None, "naming")
    cast_vote(person=alice, image=named, tag=make_tag("axolotl"), value="yes")
    (task,) = open_questions(person=bob)
    assert (task.image_id, task.tag, task.kind) == (strange.pk, None, "naming")
    answer_question(person=bob, task_id=task.pk, value="unsure")
    assert open_questions(person=bob) == []


# --- The grid ----------------------------------------------------------------------------------


def test_a_grid_is_of_one_tag_with_gold_among_it_and_nothing_blind(
    alice: User, bob: User, mona: User
) -> None:
    go_live(1, "heron")
    for number in range(30):
        suggest(make_image(alice), "heron", 0.5 + number / 100)
        suggest(make_image(alice), "stork")
        checked(make_image(alice), "heron", mona, is_there=number % 2 == 0)
    wait_for(make_image(alice), "heron", "diverse")
    tag = Tag.objects.get(name="heron")
    tasks = grid_questions(person=bob, tag=tag, rng=random.Random(1))
    assert len(tasks) == GRID
    assert len({task.image_id for task in tasks}) == GRID
    assert {task.tag_id for task in tasks} == {tag.pk}
    kinds = Counter(task.kind for task in tasks)
    assert set(kinds) == {"uncertain", "diverse", "gold"}
    assert {task.truth for task in tasks if task.kind == "gold"} == {"yes", "no"}
    assert grid_questions(person=bob, tag=tag) == tasks


def test_tags_to_choose_from_come_with_what_waits(client: Client, alice: User, bob: User) -> None:
    client.force_login(bob)
    assertContains(client.get("/review/grid/"), "Nothing left to ask")
    suggest(make_image(alice), "reed")
    assertContains(client.get("/review/grid/"), "?tag=reed")
    for _ in range(3):
        wait_for(make_image(alice), "heron")
    wait_for(make_image(alice), "stork")
    page = client.get("/review/grid/").content.decode()
    assert page.index("?tag=heron") < page.index("?tag=stork")
    assert "?tag=reed" not in page


# --- Cost --------------------------------------------------------------------------------------


def test_a_page_takes_no_more_queries_for_more_photos(
    client: Client, alice: User, bob: User, mona: User
) -> None:
    def fill(names: range) -> None:
        for _ in names:
            photos = [make_image(alice) for _ in range(4)]
            wait_for(photos[0], "heron")
            wait_for(photos[1], "heron", "diverse")
            suggest(photos[2], "stork")
            wait_for(checked(photos[3], "reed", mona).image, "reed", "suspect")

    def queries(address: str) -> int:
        ReviewTask.objects.all().delete()
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    client.force_login(bob)
    go_live(1, "heron", "stork")
    fill(range(3))
    # Three draws at once, each of up to a dozen small queries; an answer takes one draw.
    few = {address: [queries(address) for _ in range(5)] for address in ("/review/",)}
    fill(range(30))
    many = {address: [queries(address) for _ in range(5)] for address in ("/review/",)}
    assert max(few["/review/"]) <= 50
    assert max(many["/review/"]) <= 50
    with CaptureQueriesContext(connection) as captured:
        client.get("/review/")
    # With its questions drawn: session, person, what waits, the day, the last deed, the effects.
    assert len(captured) <= 9
    assert ReviewCandidate.objects.count() == 99


def test_an_import_of_ones_own_can_still_be_doubted(alice: User) -> None:
    image = make_image(alice)
    curate_import(world_name="w", pairs=[(image.pk, "heron")], actor=alice, curated=True)
    wait_for(image, "heron", "suspect")
    (task,) = open_questions(person=alice)
    assert task.kind == "suspect"

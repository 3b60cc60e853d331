"""Answers on the review page: they become votes, can be undone, and lapse with a sentence."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import Follow, User
from tagging.models import ImageTag, ReviewTask, Tag, TagEvent, Vote
from tagging.presets import current_policy
from tagging.reviewing.sources import CHANCE, Asker
from tagging.services.review import (
    NotYourQuestion,
    QuestionLapsed,
    answer_grid,
    answer_question,
    name_photo,
    undo_last_answer,
)
from tagging.services.vocabulary import block_tag
from tagging.services.votes import NothingToUndoError, cast_vote
from tests.tagging.cast import make_image, make_tag, suggest
from tests.tagging.review_cast import ask, checked


@pytest.fixture
def as_bob(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


def votes() -> list[tuple[str, str]]:
    """Return every current vote as (tag, value)."""
    return list(Vote.objects.current().order_by("pk").values_list("tag__name", "value"))


def test_an_answer_becomes_a_vote_and_the_next_question_comes(
    as_bob: Client, alice: User, bob: User
) -> None:
    first, _ = (ask(bob, make_image(alice), name) for name in ("heron", "stork"))
    page = as_bob.get("/review/")
    assertContains(page, "Does this show <em>heron</em>?")
    answered = as_bob.post("/review/answer/", {"task": first.pk, "value": "yes"}, follow=True)
    assertContains(answered, "Does this show <em>stork</em>?")
    assertContains(answered, "You said yes to “heron”.")
    assertContains(answered, "1 of 50 today")
    assert votes() == [("heron", "yes")]
    first.refresh_from_db()
    assert first.event == TagEvent.objects.get()
    assert TagEvent.objects.get().source == "review"


def test_answering_twice_changes_nothing(bob: User, alice: User) -> None:
    task = ask(bob, make_image(alice), "heron")
    answer_question(person=bob, task_id=task.pk, value="no")
    answer_question(person=bob, task_id=task.pk, value="yes")
    task.refresh_from_db()
    assert task.value == "no"
    assert votes() == [("heron", "no")]
    assert TagEvent.objects.count() == 1


def test_not_sure_is_kept_as_a_vote_that_gives_the_photo_nothing(bob: User, alice: User) -> None:
    task = ask(bob, make_image(alice), "heron")
    answer_question(person=bob, task_id=task.pk, value="unsure")
    assert votes() == [("heron", "unsure")]
    assert not ImageTag.objects.exists()


@pytest.mark.parametrize("number", ["", "abc", "-1", "1e3", "9" * 30, "٣"])
def test_what_is_no_id_is_not_found(as_bob: Client, number: str) -> None:
    for address in ("/review/answer/", "/review/name/"):
        answered = as_bob.post(address, {"task": number, "value": "yes", "name": "heron"})
        assert answered.status_code == 404


def test_somebody_elses_question_is_not_found(as_bob: Client, alice: User) -> None:
    theirs = ask(alice, make_image(alice), "heron")
    named = ask(alice, make_image(alice), None, "naming")
    assert as_bob.post("/review/answer/", {"task": theirs.pk, "value": "no"}).status_code == 404
    assert as_bob.post("/review/name/", {"task": named.pk, "name": "x"}).status_code == 404
    grid = {"task": [theirs.pk], "tag": "heron"}
    assert as_bob.post("/review/grid/answer/", grid).status_code == 404
    assert votes() == []
    assert ReviewTask.objects.open().count() == 2


def test_a_value_that_is_no_answer_is_told(as_bob: Client, alice: User, bob: User) -> None:
    task = ask(bob, make_image(alice), "heron")
    answered = as_bob.post("/review/answer/", {"task": task.pk, "value": "maybe"})
    assertContains(answered, "An answer is one of yes, no, unsure", status_code=422)
    assert votes() == []


def test_visitors_are_asked_to_log_in(client: Client) -> None:
    for address in ("/review/", "/review/grid/"):
        assert client.get(address).url.startswith("/accounts/login/")
    for address in ("answer", "name", "undo", "grid/answer"):
        assert client.post(f"/review/{address}/").url.startswith("/accounts/login/")


def test_a_deleted_photo_is_passed_over_with_a_sentence(
    as_bob: Client, alice: User, bob: User
) -> None:
    task = ask(bob, make_image(alice), "heron")
    number = task.pk
    task.image.delete()
    answered = as_bob.post("/review/answer/", {"task": number, "value": "yes"}, follow=True)
    assertContains(answered, "That photo is gone")


@pytest.mark.parametrize(
    "fields",
    [
        {"visibility": "private"},
        {"visibility": "unlisted"},
        {"visibility": "followers"},
        {"hidden_at": "2026-01-01T00:00Z"},
    ],
    ids=str,
)
def test_a_photo_that_was_taken_away_is_passed_over(
    as_bob: Client, alice: User, bob: User, fields: dict[str, str]
) -> None:
    task = ask(bob, make_image(alice, **fields), "heron")
    answered = as_bob.post("/review/answer/", {"task": task.pk, "value": "yes"}, follow=True)
    assertContains(answered, "can no longer be shown")
    assert votes() == []
    assert not ReviewTask.objects.exists()


def test_a_blocked_tag_is_passed_over_also_where_the_page_was_about_it(
    as_bob: Client, alice: User, bob: User
) -> None:
    task = ask(bob, make_image(alice), "heron")
    Tag.objects.update(is_blocked=True)
    sent = {"task": task.pk, "value": "yes", "tag": "heron"}
    answered = as_bob.post("/review/answer/", sent, follow=True)
    assertContains(answered, "“heron” is not asked about any more")
    assert as_bob.get("/review/?tag=heron").status_code == 404


def test_a_merged_tag_is_passed_over_and_its_address_leads_to_the_other(
    as_bob: Client, alice: User, bob: User
) -> None:
    task = ask(bob, make_image(alice), "egret")
    Tag.objects.filter(name="egret").update(alias_of=make_tag("heron"))
    answered = as_bob.post("/review/answer/", {"task": task.pk, "value": "yes"}, follow=True)
    assertContains(answered, "“egret” is called “heron” now")
    assertContains(as_bob.get("/review/?tag=egret"), "Nothing left to ask about “heron”")


@pytest.mark.parametrize("visibility", ["private", "unlisted", "followers"])
def test_what_lapsed_is_not_served_again(
    as_bob: Client, alice: User, bob: User, visibility: str
) -> None:
    # Following somebody lets one see a photo, not judge it in the name of all.
    Follow.objects.create(follower=bob, followed=alice)
    ask(bob, make_image(alice, visibility=visibility), "heron")
    assertContains(as_bob.get("/review/"), "Nothing left to ask")
    assert not ReviewTask.objects.exists()


def test_undo_opens_the_last_question_again_and_then_the_one_before(
    as_bob: Client, alice: User, bob: User
) -> None:
    for name in ("heron", "stork"):
        task = ask(bob, make_image(alice), name)
        answer_question(person=bob, task_id=task.pk, value="no")
    undone = as_bob.post("/review/undo/", follow=True)
    assertContains(undone, "Does this show <em>stork</em>?")
    assert votes() == [("heron", "no")]
    undone = as_bob.post("/review/undo/", follow=True)
    assertContains(undone, "Does this show <em>heron</em>?")
    assert votes() == []
    assert not ImageTag.objects.exists()
    assertContains(as_bob.post("/review/undo/", follow=True), "no answer of the last day")


def test_undo_leaves_a_vote_that_changed_elsewhere(bob: User, alice: User) -> None:
    task = ask(bob, make_image(alice), "heron")
    answer_question(person=bob, task_id=task.pk, value="no")
    cast_vote(person=bob, image=task.image, tag=make_tag("heron"), value="yes")
    with pytest.raises(NothingToUndoError, match="changed since"):
        undo_last_answer(person=bob)
    assert votes() == [("heron", "yes")]


def test_a_photo_unlike_anything_gets_a_name_or_is_skipped(
    as_bob: Client, alice: User, bob: User
) -> None:
    first, second = (ask(bob, make_image(alice), None, "naming") for _ in range(2))
    assertContains(as_bob.get("/review/"), "never seen anything like this")
    refused = as_bob.post("/review/name/", {"task": first.pk, "name": "<b>"})
    assertContains(refused, "plain words", status_code=422)
    assertContains(refused, 'value="&lt;b&gt;"', status_code=422)
    as_bob.post("/review/name/", {"task": first.pk, "name": " Axolotl "})
    as_bob.post("/review/answer/", {"task": second.pk, "value": "unsure"})
    assert votes() == [("axolotl", "yes")]
    assert ReviewTask.objects.open().count() == 0
    undo_last_answer(person=bob)
    undo_last_answer(person=bob)
    assert votes() == []
    assert ReviewTask.objects.open().count() == 2


def test_a_word_and_a_yes_are_not_mixed_up(bob: User, alice: User) -> None:
    naming, asking = ask(bob, make_image(alice), None, "naming"), ask(bob, make_image(alice), "x")
    with pytest.raises(ValueError, match="wants a word"):
        answer_question(person=bob, task_id=naming.pk, value="yes")
    with pytest.raises(ValueError, match="wants a yes"):
        name_photo(person=bob, task_id=asking.pk, name="heron")
    assert votes() == []


def test_a_confirmed_suspicion_calls_moderators_until_it_is_undone(
    alice: User, bob: User, mona: User
) -> None:
    row = checked(make_image(alice), "heron", mona)
    task = ask(bob, row.image, "heron", "suspect")
    answer_question(person=bob, task_id=task.pk, value="no")
    row.refresh_from_db()
    assert row.is_escalated
    assert row.state == "curated"
    undo_last_answer(person=bob)
    row.refresh_from_db()
    assert not row.is_escalated


def test_a_grid_is_one_deed_and_one_undo(as_bob: Client, alice: User, bob: User) -> None:
    tasks = [ask(bob, make_image(alice), "heron") for _ in range(5)]
    grid = as_bob.get("/review/grid/?tag=heron")
    assertContains(grid, 'name="refused"', count=5)
    sent = {"tag": "heron", "task": [t.pk for t in tasks], "refused": [tasks[1].pk, tasks[3].pk]}
    answered = as_bob.post("/review/grid/answer/", sent, follow=True)
    assertContains(answered, "3 yes, 2 no.")
    assertContains(answered, "You answered 5 photos on “heron”.")
    assert sorted(votes()) == [("heron", "no")] * 2 + [("heron", "yes")] * 3
    undone = as_bob.post("/review/undo/", {"tag": "heron", "from": "grid"}, follow=True)
    assertContains(undone, "5 answers are open again")
    assertContains(undone, 'name="refused"', count=5)
    assert votes() == []
    assert not ImageTag.objects.exists()


def test_undo_on_the_other_page_leads_back_to_a_grid_that_was_the_last_deed(
    as_bob: Client, alice: User, bob: User
) -> None:
    tasks = [ask(bob, make_image(alice), "heron") for _ in range(2)]
    answer_grid(person=bob, task_ids=[task.pk for task in tasks], refused_ids=[])
    undone = as_bob.post("/review/undo/", headers={"HX-Request": "true"})
    assert undone.headers["HX-Redirect"] == "/review/grid/?tag=heron"
    assertContains(as_bob.get("/review/grid/?tag=heron"), "2 answers are open again")


def test_a_tag_blocked_while_a_grid_comes_in_costs_nobody_the_other_answers(
    alice: User, bob: User, mona: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [ask(bob, make_image(alice), name) for name in ("heron", "stork")]

    def take_a_moment(person: User) -> Asker:
        block_tag(moderator=mona, tag=make_tag("heron"))
        return Asker(person, current_policy(), CHANCE)

    monkeypatch.setattr(Asker, "of", take_a_moment)
    deed = answer_grid(person=bob, task_ids=[task.pk for task in tasks], refused_ids=[])
    assert (deed.answered, deed.passed) == (1, 1)
    assert votes() == [("stork", "yes")]


def test_a_grid_passes_over_what_is_gone_or_answered(alice: User, bob: User) -> None:
    tasks = [ask(bob, make_image(alice), "heron") for _ in range(4)]
    numbers = [task.pk for task in tasks]
    tasks[0].image.delete()
    tasks[1].image.visibility = "private"
    tasks[1].image.save()
    answer_question(person=bob, task_id=tasks[2].pk, value="unsure")
    deed = answer_grid(person=bob, task_ids=numbers, refused_ids=[])
    assert (deed.answered, deed.refused, deed.passed) == (1, 0, 3)
    assert votes() == [("heron", "unsure"), ("heron", "yes")]


def test_a_grid_with_somebody_elses_question_writes_nothing(alice: User, bob: User) -> None:
    mine, theirs = ask(bob, make_image(alice), "heron"), ask(alice, make_image(bob), "heron")
    with pytest.raises(NotYourQuestion):
        answer_grid(person=bob, task_ids=[mine.pk, theirs.pk], refused_ids=[])
    assert votes() == []


def test_the_script_gets_the_part_of_the_page_that_changed(
    as_bob: Client, alice: User, bob: User
) -> None:
    first, _ = (ask(bob, make_image(alice), name) for name in ("heron", "stork"))
    sent = {"task": first.pk, "value": "yes"}
    answered = as_bob.post("/review/answer/", sent, headers={"HX-Request": "true"})
    assertContains(answered, 'id="review"')
    assertContains(answered, "Does this show <em>stork</em>?")
    assertNotContains(answered, "<html")


def test_gold_and_blind_questions_look_like_any_other(
    as_bob: Client, alice: User, bob: User, mona: User
) -> None:
    pages = []
    for kind, fields in (
        ("uncertain", {}),
        ("gold", {"truth": "yes"}),
        ("blind", {"stratum": "silent"}),
        ("suspect", {}),
    ):
        image = make_image(alice, title="A heron at last", width=96)
        suggest(image, "heron")
        if kind in {"gold", "suspect"}:
            checked(image, "heron", mona)
        task = ask(bob, image, "heron", kind, **fields)
        page = as_bob.get("/review/").content.decode()
        assert "at last" not in page
        card = page[page.index('<article class="card"') : page.index("</article>")]
        card = card.replace(f'data-task="{task.pk}"', "").replace(f"/{image.pk}/", "/photo/")
        pages.append(card)
        task.delete()
        image.delete()
    assert len(set(pages)) == 1


def test_lapsed_questions_raise_with_a_reason(alice: User, bob: User) -> None:
    with pytest.raises(QuestionLapsed, match="gone"):
        answer_question(person=bob, task_id=999_999, value="yes")

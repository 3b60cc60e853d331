"""Moderators order the words on the pages of the admin."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from gallery.models import User
from tagging.models import Tag, TagChange
from tagging.services.vocabulary import add_alias, set_parents
from tagging.services.votes import add_tag
from tagging.words import current_aliases, current_hierarchy
from tests.tagging.cast import make_image, make_tag


@pytest.fixture
def moderator(db: None) -> User:
    """A moderator without any permission of their own."""
    return User.objects.create_user("max", is_staff=True)


@pytest.fixture
def as_max(moderator: User) -> Client:
    client = Client()
    client.force_login(moderator)
    return client


def address(tag: Tag, deed: str = "change", *more: int) -> str:
    return reverse(f"admin:tagging_tag_{deed}", args=[tag.pk, *more])


def fields(tag: Tag, **changed: object) -> dict[str, object]:
    """Return what the tag's form sends, with some of it changed."""
    tag.refresh_from_db()
    told = {
        "name": tag.name,
        "description": tag.description,
        "parents": list(tag.parents.values_list("pk", flat=True)),
        "has_own_parents": tag.has_own_parents,
        "is_blocked": tag.is_blocked,
        "never_show": tag.never_show,
        **changed,
    }
    return {
        key: "on" if value is True else value for key, value in told.items() if value is not False
    }


def save(client: Client, tag: Tag, **changed: object) -> str:
    """Return the page that follows after the tag's form was sent."""
    data = {**fields(tag, **changed), "_continue": "1"}
    return client.post(address(tag), data, follow=True).content.decode()


def test_the_form_goes_through_the_services_and_into_the_history(
    as_max: Client, moderator: User
) -> None:
    tag, wader = make_tag("gray heron"), make_tag("wader")
    page = save(
        as_max, tag, name="Grey Heron", description="Any heron.", parents=[wader.pk],
        is_blocked=True, never_show=True,
    )  # fmt: skip
    tag.refresh_from_db()
    assert (tag.name, tag.description) == ("grey heron", "Any heron.")
    assert tag.is_blocked and tag.never_show and tag.has_own_parents
    assert current_hierarchy().ancestors("grey heron") == {"wader"}
    assert {change.kind for change in TagChange.objects.all()} == {
        "renamed", "described", "parented", "blocked", "silenced",
    }  # fmt: skip
    assert set(TagChange.objects.values_list("actor__username", flat=True)) == {"max"}
    for sentence in (
        "“gray heron” was renamed to “grey heron”.",
        "“grey heron” was described: Any heron.",
        "“grey heron” was put below “wader”.",
        "“grey heron” was blocked.",
        "The network may never say “grey heron”.",
    ):
        assert sentence in page
    save(as_max, tag, is_blocked=False, never_show=False, parents=[])
    tag.refresh_from_db()
    assert not tag.is_blocked and not tag.never_show
    assert current_hierarchy().ancestors("grey heron") == frozenset() and tag.has_own_parents


def test_saving_without_a_change_changes_nothing(as_max: Client) -> None:
    tag = make_tag("pug")
    assert "animal, dog (by the first day" in as_max.get(address(tag)).content.decode().replace(
        "&#x27;", "'"
    )
    save(as_max, tag)
    assert not TagChange.objects.exists()
    assert current_hierarchy().ancestors("pug") == {"dog", "animal"}


def test_the_mark_alone_frees_a_tag_of_the_first_days_parents_and_gives_them_back(
    as_max: Client,
) -> None:
    tag = make_tag("pug")
    save(as_max, tag, has_own_parents=True)
    assert current_hierarchy().ancestors("pug") == frozenset()
    save(as_max, tag, has_own_parents=False)
    assert current_hierarchy().ancestors("pug") == {"dog", "animal"}


def test_what_is_refused_is_said_and_nothing_of_the_form_is_kept(
    as_max: Client, mona: User
) -> None:
    tag, animal = make_tag("pug"), make_tag("animal")
    add_tag(person=mona, image=make_image(mona), name="stork")
    for changed, why in (
        ({"name": "stork"}, "There is a tag “stork” already. Merge the two instead."),
        ({"name": "&lt;b>".replace("&lt;", "<")}, "A tag is plain words"),
    ):
        assert why in save(as_max, tag, description="New.", **changed)
    page = save(as_max, animal, description="New.", parents=[tag.pk])
    assert "animal → pug → dog → animal" in page
    assert "cannot stand above itself" in page
    assert not TagChange.objects.exists()
    assert not Tag.objects.exclude(description="").exists()


def test_names_are_given_and_taken(as_max: Client) -> None:
    tag = make_tag("grey heron")
    page = as_max.post(address(tag, "add_name"), {"name": "Ardea"}, follow=True).content.decode()
    assert "“ardea” now means “grey heron”." in page
    page = as_max.post(address(tag, "add_name"), {"name": "grey heron"}, follow=True)
    assert "cannot be another name for itself" in page.content.decode()
    page = as_max.post(address(tag, "remove_name"), {"name": "ardea"}, follow=True)
    assert "“ardea” no longer means “grey heron”." in page.content.decode()
    assert current_aliases() == {}
    assert as_max.get(address(tag, "add_name")).status_code == 405


@pytest.mark.parametrize("deed", ["add_name", "remove_name", "merge"])
def test_a_null_byte_in_a_name_is_refused_with_a_sentence(as_max: Client, deed: str) -> None:
    tag = make_tag("grey heron")
    field = "into" if deed == "merge" else "name"
    page = as_max.post(address(tag, deed), {field: "ar\x00dea"}, follow=True).content.decode()
    assert "This tag contains control or invisible characters." in page


def test_the_page_of_another_name_is_that_of_the_tag(as_max: Client, mona: User) -> None:
    tag = make_tag("grey heron")
    add_alias(moderator=mona, tag=tag, name="ardea")
    alias = Tag.objects.get(name="ardea")
    response = as_max.get(address(alias), follow=True)
    assert response.redirect_chain == [(address(tag), 302)]
    assert "“ardea” is another name for “grey heron”." in response.content.decode()
    listed = as_max.get(reverse("admin:tagging_tag_changelist"), {"kind": "names"})
    assert "→ grey heron" in listed.content.decode()


def test_a_merge_says_first_what_would_move_and_is_undone_from_the_history(
    as_max: Client, alice: User, bob: User
) -> None:
    tag, into = make_tag("gray heron"), make_tag("grey heron")
    both, one = make_image(alice), make_image(alice)
    for photo, name in ((both, tag.name), (both, into.name), (one, tag.name)):
        add_tag(person=bob, image=photo, name=name)
    page = as_max.get(address(tag, "merge"), {"into": "Grey  heron"}).content.decode()
    assert "2 photos and 2 votes move." in page
    assert "1 of the photos carries both tags" in page
    assert "1 time one person voted on both" in page
    assert tag.image_tags.count() == 2, "nothing has happened yet"
    response = as_max.post(address(tag, "merge"), {"into": "grey heron"}, follow=True)
    assert response.redirect_chain == [(address(into), 302)]
    page = response.content.decode()
    assert "“gray heron” was merged into “grey heron”: 2 photos, 2 votes." in page
    change = TagChange.objects.get()
    assert address(into, "undo", change.pk) in page
    add_tag(person=alice, image=one, name="grey heron")
    page = as_max.post(address(into, "undo", change.pk), follow=True).content.decode()
    assert "1 photo was spoken of since and keeps “grey heron”." in page
    assert "by max" in page and address(into, "undo", change.pk) not in page
    page = as_max.post(address(into, "undo", change.pk), follow=True).content.decode()
    assert "undone already" in page


@pytest.mark.parametrize(
    ("into", "why"),
    [
        ("gray heron", "cannot be merged into itself"),
        ("nothing", "There is no tag “nothing”. To call this one so, rename it."),
        ("<b>", "A tag is plain words"),
    ],
)
def test_a_merge_that_cannot_be_is_refused_with_a_reason(
    as_max: Client, into: str, why: str
) -> None:
    tag = make_tag("gray heron")
    for response in (
        as_max.get(address(tag, "merge"), {"into": into}),
        as_max.post(address(tag, "merge"), {"into": into}),
    ):
        assert response.status_code == 400
        assert why in response.content.decode()


def test_a_merge_that_would_make_a_circle_is_refused_when_it_is_confirmed(as_max: Client) -> None:
    tag = make_tag("pug")
    make_tag("animal")
    response = as_max.post(address(tag, "merge"), {"into": "animal"})
    assert response.status_code == 400
    assert "cannot stand above itself" in response.content.decode()
    assert not TagChange.objects.exists()


def test_parents_are_chosen_among_tags_and_not_other_names(as_max: Client, mona: User) -> None:
    tag = make_tag("grey heron")
    add_alias(moderator=mona, tag=tag, name="grey ardea")
    query = {"app_label": "tagging", "model_name": "tag", "field_name": "parents", "term": "grey"}
    found = as_max.get(reverse("admin:autocomplete"), query).json()["results"]
    assert [one["text"] for one in found] == ["grey heron"]


def test_nobody_else_orders_words(client: Client, alice: User, mona: User) -> None:
    tag = make_tag("heron")
    set_parents(moderator=mona, tag=tag, parents=[])
    change = TagChange.objects.get()
    client.force_login(alice)
    for place, data in (
        (address(tag), fields(tag, name="stork")),
        (address(tag, "merge"), {"into": "stork"}),
        (address(tag, "add_name"), {"name": "stork"}),
        (address(tag, "undo", change.pk), {}),
    ):
        assert client.post(place, data).status_code == 302
    change.refresh_from_db()
    assert TagChange.objects.count() == 1 and change.undone_at is None


def test_everything_done_to_words_stands_in_one_list(as_max: Client, mona: User) -> None:
    tag = make_tag("grey heron")
    add_alias(moderator=mona, tag=tag, name="ardea")
    listed = as_max.get(reverse("admin:tagging_tagchange_changelist")).content.decode()
    assert f'<a href="{address(tag)}">“ardea” became another name for “grey heron”.</a>' in listed
    change = reverse("admin:tagging_tagchange_change", args=[TagChange.objects.get().pk])
    assert as_max.get(change)["Location"] == address(tag)

"""What people and the network say of synthetic photos."""

from __future__ import annotations

import pytest
from django.db.models import Count
from django.test import Client

from gallery.models import Image
from gallery.sample_library import LibraryPlan, make_sample_library, remove_sample_library
from tagging.models import Content, Embedding, ImageTag, Suggestion, Tag, TagState, TwinGroup, Vote
from tagging.vocabulary import load_vocabulary


def made(**more: object) -> None:
    """Make a library of 150 photos."""
    make_sample_library(plan=LibraryPlan(photos=150, people=6, pictures=1, **more))  # type: ignore[arg-type]


@pytest.mark.django_db
def test_every_photo_is_tagged_and_has_suggestions(client: Client) -> None:
    made()
    said = Image.with_trash.annotate(said=Count("image_tags"))
    assert all(photo.said for photo in said)
    states = set(ImageTag.objects.values_list("state", flat=True))
    assert states >= {TagState.CURATED, TagState.CONFIRMED, TagState.PENDING}
    assert Suggestion.objects.filter(is_shown=True).exists()
    assert not set(Tag.objects.values_list("name", flat=True)) & load_vocabulary().never_show
    photo = Image.objects.on_show().first()
    assert photo is not None
    page = client.get(photo.get_absolute_url()).content.decode()
    row = photo.image_tags.select_related("tag").filter(tag__is_blocked=False)[0]
    assert row.tag.name in page


@pytest.mark.django_db
def test_few_words_are_frequent_and_many_are_rare() -> None:
    made()
    counts = sorted(
        Tag.objects.annotate(photos=Count("image_tags")).values_list("photos", flat=True),
        reverse=True,
    )
    assert counts[0] > 15
    assert sum(count <= 2 for count in counts) > len(counts) / 2


@pytest.mark.django_db
def test_a_search_finds_the_words_of_titles_at_once(client: Client) -> None:
    made()
    titled = Image.objects.on_show().exclude(title="")[0]
    mood = titled.title.split()[0]
    page = client.get("/search/", {"q": f"{mood} by:{titled.owner.username}"}).content.decode()
    assert titled.get_absolute_url() in page


@pytest.mark.django_db
def test_votes_stand_behind_what_people_say() -> None:
    made()
    for row in ImageTag.objects.select_related("added_by"):
        votes = Vote.objects.current().filter(image=row.image_id, tag=row.tag_id)
        (vote,) = votes
        assert vote.person == row.added_by
        assert vote.value == ("no" if row.state == TagState.REJECTED else "yes")


@pytest.mark.django_db(transaction=True)
def test_vectors_come_on_request_and_go_with_the_photos() -> None:
    made()
    assert not Embedding.objects.exists()
    remove_sample_library()
    made(vectors=True)
    assert Embedding.objects.count() == 150
    remove_sample_library()
    assert not Content.objects.exists()
    assert not TwinGroup.objects.exists()


@pytest.mark.django_db
def test_its_photos_are_found_by_words_and_its_tags_are_counted(client: Client) -> None:
    made()
    assert Image.with_trash.exclude(title="").filter(words=None).count() == 0
    assert Tag.objects.filter(photos_by_people__gt=0, cover__isnull=False).exists()
    assert "/tags/" in client.get("/explore/").content.decode()

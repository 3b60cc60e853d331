"""What this room does when the gallery announces something."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver
from numpy.random import Generator

from gallery.models import Image, User
from gallery.signals import (
    image_deleted,
    image_keywords_found,
    image_published,
    image_restored,
    person_brought_in,
    person_leaving,
    person_taken_out,
    photos_brought_in,
    photos_taken_out,
    sample_library_made,
    sample_photos_made,
)
from tagging.bulk import register_tag_actions
from tagging.sample_library import TagsOfLibrary, add_vectors
from tagging.services.embeddings import collect_garbage
from tagging.services.forgetting import forget_person
from tagging.services.keywords import request_keyword_tags
from tagging.services.photo_words import write_words
from tagging.services.requests import request_tagging, request_tagging_of_many
from tagging.services.tag_figures import count_tags
from tagging.takeouts import bring_in_searches, bring_in_tags, rest_of_person, tags_of_photos


@receiver(image_published, dispatch_uid="tagging.tag_published_image")
def tag_published_image(sender: object, image_id: int, **_: object) -> None:
    """Ask a worker to tag a photo that has just been published."""
    request_tagging(image_id=image_id)


@receiver(image_keywords_found, dispatch_uid="tagging.tag_with_found_keywords")
def tag_with_found_keywords(
    sender: object, image_id: int, person_id: int, keywords: tuple[str, ...], **_: object
) -> None:
    """Have a worker make the words in a photo's file the tags of who uploaded it."""
    request_keyword_tags(image_id=image_id, person_id=person_id, keywords=keywords)


@receiver(image_deleted, dispatch_uid="tagging.forget_deleted_image")
def forget_deleted_image(sender: object, sha256: str, **_: object) -> None:
    """Forget what was known of bytes that no photo holds any more."""
    collect_garbage(sha256)


@receiver(sample_photos_made, dispatch_uid="tagging.tag_sample_library")
def tag_sample_library(
    sender: object,
    subjects: Mapping[int, str],
    people: Sequence[User],
    random: Generator,
    vectors: bool,
    **_: object,
) -> None:
    """Say of the photos of a sample library what people and the network might say."""
    TagsOfLibrary(subjects, people, random).write()
    # Rows stored in bulk are announced to nobody.
    write_words(image_ids=list(subjects))
    if vectors:
        add_vectors(subjects, random)


@receiver(sample_library_made, dispatch_uid="tagging.count_tags_of_library")
def count_tags_of_library(sender: object, **_: object) -> None:
    """Count the tags of a sample library, so that explore shows it at once."""
    count_tags()


@receiver(post_save, sender=Image, dispatch_uid="tagging.keep_words_of_image")
def keep_words_of_image(
    sender: object,
    instance: Image,
    created: bool,
    update_fields: Collection[str] | None = None,
    **_: object,
) -> None:
    """Keep the words of a photo's text in line with it, in the same transaction."""
    texts = {"title", "description", "alt"}
    has_text = instance.title or instance.description or instance.alt
    if created and not has_text:
        return
    if update_fields is None or not texts.isdisjoint(update_fields):
        write_words(image_ids=[instance.pk])


@receiver(image_restored, dispatch_uid="tagging.tag_restored_images")
def tag_restored_images(sender: object, image_ids: Sequence[int], **_: object) -> None:
    """Let the live version look again: it may have changed while they lay in the trash."""
    request_tagging_of_many(image_ids=image_ids)


@receiver(photos_taken_out, dispatch_uid="tagging.take_out_tags")
def take_out_tags(
    sender: object, person: User, image_ids: Sequence[int], **_: object
) -> dict[int, dict[str, Any]]:
    """Tell what people say these photos show."""
    return tags_of_photos(person, image_ids)


@receiver(person_taken_out, dispatch_uid="tagging.take_out_rest")
def take_out_rest(sender: object, person: User, **_: object) -> dict[str, object]:
    """Tell what the person said of others' photos, and their searches."""
    return rest_of_person(person)


@receiver(photos_brought_in, dispatch_uid="tagging.bring_in_tags")
def bring_in_tags_of_photos(
    sender: object, person: User, records: Mapping[int, Mapping[str, Any]], **_: object
) -> dict[str, int]:
    """Cast the person's votes on their photos anew."""
    return bring_in_tags(person, records)


@receiver(person_brought_in, dispatch_uid="tagging.bring_in_searches")
def bring_in_rest(
    sender: object, person: User, files: Mapping[str, Any], **_: object
) -> dict[str, int]:
    """Keep the person's searches again."""
    return bring_in_searches(person, files)


@receiver(person_leaving, dispatch_uid="tagging.forget_person")
def forget_person_who_leaves(sender: object, person: User, **_: object) -> None:
    """Forget what this room knows of the person, but for their votes."""
    forget_person(person=person)


register_tag_actions()

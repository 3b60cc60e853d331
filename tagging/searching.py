"""Finding photos by tag words: what people said, what the network shows, or both."""

from __future__ import annotations

import re
from typing import Final

from django.db import models
from django.db.models import Exists, OuterRef, Q

from gallery.models import ImageQuerySet
from tagging.models import ImageTag, Suggestion, Tag
from tagging.names import TagNameError, normalise_tag_name
from tagging.vocabulary import load_vocabulary

# A longer question is not more precise, only slower.
MOST_WORDS: Final = 8


class Voice(models.TextChoices):
    """Whose word counts."""

    EVERYBODY = "", "Anybody"
    PEOPLE = "people", "People"
    NETWORK = "network", "The network"


def photos_showing(
    images: ImageQuerySet, tag_ids: list[int], *, voice: str = Voice.EVERYBODY
) -> ImageQuerySet:
    """Return those photos that have any of these tags by this voice.

    People's word covers every tag that is not rejected. The network's covers suggestions that
    are shown and that nobody answered, so a photo never counts on both sides.
    """
    by_people = ImageTag.objects.shown().filter(image_id=OuterRef("pk"), tag__in=tag_ids)
    by_network = Suggestion.objects.open().shown().filter(image_id=OuterRef("pk"), tag__in=tag_ids)
    if voice == Voice.PEOPLE:
        return images.filter(Exists(by_people))
    if voice == Voice.NETWORK:
        return images.filter(Exists(by_network))
    return images.filter(Q(Exists(by_people)) | Q(Exists(by_network)))


def words_of(question: str) -> list[str]:
    """Return the distinct words of a question, spelled as tags are, at most eight of them."""
    words = []
    for piece in re.split(r"[\s,;]+", question):
        try:
            words.append(normalise_tag_name(piece))
        except TagNameError:
            continue
    return list(dict.fromkeys(words))[:MOST_WORDS]


def search_photos(
    images: ImageQuerySet, question: str, *, voice: str = Voice.EVERYBODY
) -> ImageQuerySet:
    """Return photos that have a tag for every word of the question; none for no words.

    A word fits a tag that is or contains it as a whole word, so “heron” finds “grey heron” and
    “cat” does not find “caterpillar”; and it fits the kinds below it that the first day's words
    name, so “dog” finds “pug”.
    """
    words = words_of(question)
    if not words:
        return images.none()
    for word in words:
        fitting = Tag.objects.with_word(word) | Tag.objects.filter(
            name__in=load_vocabulary().kinds_of(word)
        )
        tag_ids = list(fitting.usable().values_list("pk", flat=True))
        images = photos_showing(images, tag_ids, voice=voice)
    return images

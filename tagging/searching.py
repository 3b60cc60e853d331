"""Finding photos by tag words: what people said, what the network shows, or both."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final

from django.db import models
from django.db.models import Exists, OuterRef, Q

from gallery.models import ImageQuerySet
from tagging.models import ImageTag, Suggestion, Tag, TagQuerySet, TagState
from tagging.names import TagNameError, normalise_tag_name
from tagging.words import Words, current_words

# A longer question is not more precise, only slower.
MOST_WORDS: Final = 8


class Voice(models.TextChoices):
    """Whose word counts."""

    EVERYBODY = "", "Anybody"
    PEOPLE = "people", "People"
    NETWORK = "network", "The network"


def photos_showing(
    images: ImageQuerySet, tag_ids: Collection[int], *, voice: str = Voice.EVERYBODY
) -> ImageQuerySet:
    """Return those photos that have any of these tags by this voice.

    People's word covers every tag that is not rejected. The network's covers suggestions that
    are shown and that nobody answered, so a photo never counts on both sides.
    """
    return _showing(images, Q(tag__in=tag_ids), Q(tag__in=tag_ids), voice)


def _showing(images: ImageQuerySet, of_people: Q, of_network: Q, voice: str) -> ImageQuerySet:
    """Return the photos with such a tag of people or such a suggestion."""
    by_people = ImageTag.objects.shown().filter(of_people, image_id=OuterRef("pk"))
    by_network = Suggestion.objects.open().shown().filter(of_network, image_id=OuterRef("pk"))
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
    “cat” does not find “caterpillar”; it fits a tag of which another name does; and it fits the
    kinds below all these, so “dog” finds “pug”. A kind that was rejected on a photo makes what
    stands below it false there too, unless a moderator approved just that.
    """
    asked = words_of(question)
    if not asked:
        return images.none()
    words = current_words()
    for word in asked:
        tags = dict(_fitting(word, words).usable().values_list("name", "pk"))
        ruled_out = _ruled_out(tags, words)
        approved = Q(state=TagState.CURATED)
        images = _showing(
            images,
            Q(tag__in=tags.values()) & (approved | ~ruled_out),
            Q(tag__in=tags.values()) & ~ruled_out,
            voice,
        )
    return images


def _fitting(word: str, words: Words) -> TagQuerySet:
    """Return the tags that a word fits, and those below them."""
    named = Tag.objects.with_word(word).with_meaning()
    found = {tag.meaning.name for tag in named}
    below = words.hierarchy.kinds_of(word).union(*map(words.hierarchy.descendants, found))
    return Tag.objects.filter(name__in=found | below)


def _ruled_out(tags: Mapping[str, int], words: Words) -> Q:
    """Return the condition that something above a row's tag was rejected on its photo.

    `tags` are ids by name. One condition serves all tags that stand below the same kinds.
    """
    above = {name: words.hierarchy.ancestors(name) for name in tags}
    rejected = ImageTag.objects.rejected().filter(tag_id=OuterRef("pk"))
    kinds = Tag.objects.filter(Exists(rejected), name__in=frozenset[str]().union(*above.values()))
    id_of = dict(kinds.values_list("name", "pk"))
    groups: dict[frozenset[int], list[int]] = defaultdict(list)
    for name, pk in tags.items():
        groups[frozenset(id_of[kind] for kind in above[name] if kind in id_of)].append(pk)
    condition = Q(pk__in=[])
    for kind_ids, tag_ids in groups.items():
        if kind_ids:
            found = ImageTag.objects.rejected().filter(
                image_id=OuterRef("image_id"), tag__in=kind_ids
            )
            condition |= Q(Exists(found), tag__in=tag_ids)
    return condition

"""Words that a photo's own file carries (IPTC, XMP), as tags of the person who uploaded it."""

from __future__ import annotations

from collections.abc import Sequence

from django_q.tasks import async_task

from gallery.models import Image, User
from tagging.models import Vote
from tagging.names import TagNameError, normalise_tag_name
from tagging.services.tags import TagBlockedError, find_tag
from tagging.services.votes import add_tag

# Stock photos come with hundreds; the first ones say what is to be seen.
MOST_KEYWORDS = 30


def request_keyword_tags(*, image_id: int, person_id: int, keywords: Sequence[str]) -> None:
    """Have a worker add these words; nothing is asked where none of them can be a tag."""
    names = usable_names(keywords)
    if names:
        async_task("tagging.tasks.add_keyword_tags", image_id, person_id, names, save=False)


def usable_names(keywords: Sequence[str]) -> list[str]:
    """Return the names of tags that these words are, each once, thirty at most, in their order.

    What cannot be a tag (too long, empty, invisible characters) is left out.
    """
    names: dict[str, None] = {}
    for keyword in keywords:
        try:
            names[normalise_tag_name(keyword)] = None
        except TagNameError:
            continue
        if len(names) == MOST_KEYWORDS:
            break
    return list(names)


def add_keyword_tags(*, image_id: int, person_id: int, keywords: Sequence[str]) -> int:
    """Let the person say each of these words of the photo; return how many were new there.

    They count like words that the person typed: as one yes vote each. Blocked words are skipped,
    and so is all where photo or person is gone. Running twice says nothing twice; a word that has
    been said, or refused, meanwhile stays as it is.
    """
    image = Image.objects.filter(pk=image_id).first()
    person = User.objects.filter(pk=person_id).first()
    if image is None or person is None:
        return 0
    said = set(Vote.objects.filter(image=image, person=person).values_list("tag_id", flat=True))
    added = 0
    for name in usable_names(keywords):
        tag = find_tag(name)
        if tag is not None and tag.pk in said:
            continue
        try:
            add_tag(person=person, image=image, name=name, source="file")
        except (TagBlockedError, Image.DoesNotExist):
            continue
        added += 1
    return added

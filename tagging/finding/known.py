"""What the words of a question mean here: tags by any of their names, and the photos' own words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import BigIntegerField, Count, Exists, ExpressionWrapper, OuterRef, Q

from tagging.finding.text import split_words
from tagging.models import ImageTag, PhotoWord, Tag
from tagging.names import TagNameError, normalise_tag_name
from tagging.words import Words, current_words


@dataclass(frozen=True)
class Term:
    """Something that a tag or the text of a photo may say; `is_exact` asks for one tag only."""

    text: str
    is_exact: bool = False

    @property
    def name(self) -> str:
        """Return the text as tags are spelled, "" where no tag can be called so."""
        try:
            return normalise_tag_name(self.text)
        except TagNameError:
            return ""


@dataclass(frozen=True)
class KnownTag:
    """A tag that people may use, and on how many public photos it is, as last counted."""

    pk: int
    name: str
    is_spoken: bool
    photos: int


@dataclass(frozen=True)
class Meaning:
    """The tags that a term fits, and the words of texts that it fits, with their photos."""

    tags: tuple[KnownTag, ...]
    ruled_out: Q
    words: tuple[str, ...]
    word_photos: int

    @property
    def photos(self) -> int:
        """Return about how many photos there are of it."""
        return sum(tag.photos for tag in self.tags) + self.word_photos


NOTHING: Final = Q(pk__in=[])


def meanings_of(terms: Iterable[Term]) -> dict[Term, Meaning]:
    """Return what each term means, in five queries whatever their number.

    A word fits a tag that is or contains it as a whole word, so “heron” finds “grey heron” and
    “cat” does not find “caterpillar”; it fits a tag of which another name does; and it fits the
    kinds below all these, so “dog” finds “pug”. A kind that was rejected on a photo makes what
    stands below it false there too, unless a moderator approved just that.
    """
    asked = list(dict.fromkeys(terms))
    if not asked:
        return {}
    words = current_words()
    names = _names_meant(asked, words)
    tags = _usable_tags(frozenset[str]().union(*names.values()))
    rejected = _rejected_kinds(tags, words)
    text_words = {term: () if term.is_exact else tuple(split_words(term.text)) for term in asked}
    photos = _photos_per_word({word for some in text_words.values() for word in some})
    return {
        term: Meaning(
            tags=tuple(tags[name] for name in sorted(names[term] & tags.keys())),
            ruled_out=_ruled_out([tags[name] for name in names[term] & tags.keys()],
                                 rejected, words),
            words=tuple(sorted(text_words[term], key=lambda word: photos.get(word, 0))),
            word_photos=min((photos.get(word, 0) for word in text_words[term]), default=0),
        )
        for term in asked
    }  # fmt: skip


def _names_meant(terms: Collection[Term], words: Words) -> dict[Term, frozenset[str]]:
    """Return the names of the tags that each term fits, those below them included."""
    fitting = Q(pk__in=[])
    for term in terms:
        fitting |= _whole_words(term)
    named = list(
        Tag.objects.filter(fitting).values_list("name", "alias_of__name") if fitting else ()
    )
    found = {}
    for term in terms:
        fits = {target or name for name, target in named if _fits(term, name)}
        kinds = frozenset[str]() if term.is_exact or not term.name else words.hierarchy.kinds_of(
            term.name
        )  # fmt: skip
        found[term] = kinds.union(fits, *map(words.hierarchy.descendants, fits))
    return found


def _whole_words(term: Term) -> Q:
    """Return the condition on a tag's name that it is this term or contains it between spaces."""
    name = term.name
    if not name:
        return Q(pk__in=[])
    if term.is_exact:
        return Q(name=name)
    return (
        Q(name=name)
        | Q(name__startswith=f"{name} ")
        | Q(name__endswith=f" {name}")
        | Q(name__contains=f" {name} ")
    )


def _fits(term: Term, name: str) -> bool:
    return name == term.name if term.is_exact else f" {term.name} " in f" {name} "


def _usable_tags(names: Collection[str]) -> dict[str, KnownTag]:
    """Return those of these tags that people may use, by name."""
    columns = ("pk", "name", "never_show", "photos_by_people", "photos_by_network")
    return {
        name: KnownTag(pk, name, not never_show, by_people + by_network)
        for pk, name, never_show, by_people, by_network in Tag.objects.usable()
        .filter(name__in=names)
        .values_list(*columns)
    }


def _rejected_kinds(tags: Collection[str], words: Words) -> dict[str, int]:
    """Return the ids, by name, of what stands above these tags and was ever rejected."""
    above = frozenset[str]().union(*map(words.hierarchy.ancestors, tags))
    rejected = ImageTag.objects.rejected().filter(tag_id=OuterRef("pk"))
    return dict(Tag.objects.filter(Exists(rejected), name__in=above).values_list("name", "pk"))


def _ruled_out(tags: Collection[KnownTag], rejected: Mapping[str, int], words: Words) -> Q:
    """Return the condition that something above a row's tag was rejected on its photo.

    Tags that stand below the same kinds are named together.
    """
    groups: dict[frozenset[int], list[int]] = defaultdict(list)
    for tag in tags:
        above = words.hierarchy.ancestors(tag.name) & rejected.keys()
        groups[frozenset(rejected[kind] for kind in above)].append(tag.pk)
    # One look at a photo's rejections for all groups: what was rejected must stand above the tag.
    said = ExpressionWrapper(OuterRef("tag_id"), output_field=BigIntegerField())
    above_said = Q()
    for kind_ids, tag_ids in groups.items():
        if kind_ids:
            above_said |= Q(tag__in=kind_ids, said_tag__in=tag_ids)
    if not above_said:
        return Q()
    # Implied by the rest; with it a database seeks these kinds instead of reading every tag of
    # the photo.
    kinds = frozenset[int]().union(*groups)
    on_photo = ImageTag.objects.rejected().filter(image_id=OuterRef("image_id"), tag__in=kinds)
    return Q(Exists(on_photo.alias(said_tag=said).filter(above_said)))


def _photos_per_word(words: Collection[str]) -> dict[str, int]:
    """Return on how many photos each of these words stands."""
    counted = PhotoWord.objects.filter(word__in=words).values("word")
    return dict(counted.annotate(photos=Count("pk")).values_list("word", "photos"))

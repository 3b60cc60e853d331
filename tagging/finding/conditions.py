"""A question as one condition on photos: everything that a list of photos is filtered by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import cached_property
from typing import Final

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from gallery.models import Album, AlbumPhoto, Image, Like, User, Viewer
from tagging.finding.fields import FREE, FREE_LICENCES, LIKED, name_of, said_by, value_of
from tagging.finding.known import NOTHING, Meaning, Term, meanings_of
from tagging.finding.periods import read_first_day, read_period
from tagging.finding.tree import All, Field, Node, Not, Word, terms_of
from tagging.models import ImageTag, PhotoWord, Suggestion, TagState
from tagging.searching import Voice, has_row, of_tags

# A photo this much wider than high is no longer a square.
NEARLY_SQUARE: Final = 1.05


@dataclass
class _Context:
    """What conditions are made of: who asks, whose word counts, and what is known."""

    viewer: Viewer
    voice: str
    meanings: Mapping[Term, Meaning]
    people: Mapping[str, int] = field(default_factory=dict)
    cameras: Sequence[str] = ()
    gathered: Term | None = None
    """The term whose photos are gathered however many there are: everything else is asked of
    them alone."""

    def number_of(self, term: Term) -> int:
        """Return about how many photos a term finds, 0 where they are to be gathered."""
        return 0 if term == self.gathered else self.meanings[term].photos


@dataclass(frozen=True)
class Understood:
    """A question whose words were looked up, with its outermost parts."""

    nodes: Sequence[Node]
    context: _Context

    @cached_property
    def conditions(self) -> list[Q]:
        """Return the condition of each part, for a walk along the newest photos."""
        return [_condition(node, self.context) for node in self.nodes]

    @property
    def gathering(self) -> list[Q]:
        """Return the same conditions for finding all photos in no order: from the rarest word on.

        Where the photos of one person are asked for, those are the fewest already.
        """
        if any(isinstance(node, Field) and name_of(node) == "by" for node in self.nodes):
            return self.conditions
        terms = [
            term_of(node)
            for node in self.nodes
            if isinstance(node, Word | Field) and _is_about_tags(node)
        ]
        if not terms:
            return self.conditions
        rarest = min(terms, key=lambda term: self.context.meanings[term].photos)
        context = replace(self.context, gathered=rarest)
        return [_condition(node, context) for node in self.nodes]

    @property
    def surely(self) -> int:
        """Return a number of public photos that are surely found, as last counted; often 0.

        Only a single word or tag says it: the photos of any one of the tags it fits.
        """
        if len(self.nodes) != 1 or self.context.voice:
            return 0
        node = self.nodes[0]
        if not (isinstance(node, Word | Field) and _is_about_tags(node)):
            return 0
        meaning = self.context.meanings[term_of(node)]
        surest = max((tag.photos for tag in meaning.tags), default=0)
        # What stands below something that was rejected on a photo does not count there. That is
        # rare: never is it every other photo of a common tag.
        return surest // 2 if meaning.ruled_out else surest


def understand(nodes: Sequence[Node], viewer: Viewer, voice: str = Voice.EVERYBODY) -> Understood:
    """Return what these parts mean, in seven queries at most.

    All of them together are the question. Their fields must have been checked
    (`understand_question`); what nobody has, such as an unknown person, simply finds nothing.
    """
    tree = All(tuple(nodes), 0, 0)
    terms = list(terms_of(tree))
    context = _Context(
        viewer,
        said_by(tree) or voice,
        meanings_of(term_of(term) for term in terms if _is_about_tags(term)),
        _people(
            [term.value for term in terms if isinstance(term, Field) and name_of(term) == "by"]
        ),
        _cameras(any(isinstance(term, Field) and name_of(term) == "camera" for term in terms)),
    )
    return Understood(nodes, context)


def term_of(node: Word | Field) -> Term:
    """Return what a word or a `tag:` asks of tags."""
    return Term(node.value, is_exact=True) if isinstance(node, Field) else Term(node.text)


def _is_about_tags(term: Word | Field) -> bool:
    return isinstance(term, Word) or name_of(term) == "tag"


def _condition(node: Node, context: _Context) -> Q:
    """Return the condition of a node and of everything below it."""
    if isinstance(node, Word):
        return _said_or_written(node, context)
    if isinstance(node, Field):
        return _of_field(node, context)
    if isinstance(node, Not):
        # A neutral part (`said:`) stays neutral; the negation of everything would find nothing.
        inner = _condition(node.node, context)
        return ~inner if inner else Q()
    found = [_condition(one, context) for one in node.nodes]
    joined = found[0] if found else Q()
    for one in found[1:]:
        joined = joined & one if isinstance(node, All) else joined | one
    return joined


def _said_or_written(word: Word, context: _Context) -> Q:
    """Return the condition that a tag or the photo's own text has this word."""
    meaning = context.meanings[term_of(word)]
    condition = _tagged(meaning, context.voice, context.number_of(term_of(word)))
    if context.voice == Voice.NETWORK or not meaning.words:
        return condition
    written = Q()
    # The rarest word stands first.
    for one in meaning.words:
        rows = PhotoWord.objects.filter(word=one)
        written &= has_row(rows, min(meaning.word_photos, context.number_of(term_of(word))))
    if word.is_quoted and len(meaning.words) > 1:
        phrase = word.text
        texts = ("title", "description", "alt")
        in_order = Q()
        for text in texts:
            in_order |= Q(**{f"{text}__icontains": phrase})
        written &= in_order
    return condition | written


def _tagged(meaning: Meaning, voice: str, photos: int) -> Q:
    """Return the condition that a photo has one of these tags by this voice.

    `photos` is about how many there are, 0 where all are to be gathered.

    People's word covers every tag that is not rejected. The network's covers suggestions that
    are shown and that nobody answered, so a photo never counts on both sides.
    """
    condition = Q()
    if not meaning.tags:
        return NOTHING
    allowed = ~meaning.ruled_out if meaning.ruled_out else Q()
    if voice != Voice.NETWORK:
        said = ImageTag.objects.exclude(state=TagState.REJECTED)
        if allowed:
            said = said.filter(Q(state=TagState.CURATED) | allowed)
        ids = [tag.pk for tag in meaning.tags]
        condition |= has_row(of_tags(said, ids, photos), photos)
    spoken = [tag.pk for tag in meaning.tags if tag.is_spoken]
    if voice != Voice.PEOPLE and spoken:
        answered = ImageTag.objects.filter(image_id=OuterRef("image_id"), tag_id=OuterRef("tag_id"))
        seen = of_tags(Suggestion.objects.filter(is_shown=True), spoken, photos)
        condition |= has_row(seen.filter(~Exists(answered), allowed), photos)
    return condition or NOTHING


def _of_field(asked: Field, context: _Context) -> Q:
    """Return the condition of a field."""
    name, value = name_of(asked), value_of(asked)
    if name == "tag":
        meaning = context.meanings[term_of(asked)]
        return _tagged(meaning, context.voice, context.number_of(term_of(asked)))
    if name == "by":
        return Q(owner_id=context.people.get(value.lower(), 0))
    if name == "camera":
        cameras = [one for one in context.cameras if value in one.lower()]
        return Q(camera__in=cameras) & _may_know("shows_camera", context.viewer)
    if name in ("taken", "after", "before"):
        return _in_time(name, asked.value, context.viewer)
    if name == "colour":
        return Q(colour_name=value)
    if name == "licence":
        return Q(licence__in=FREE_LICENCES) if value == FREE else Q(licence=value)
    if name == "is":
        return _is_so(value, context.viewer)
    if name == "album":
        return _in_album(asked.value, context.viewer)
    return Q()


def _in_time(name: str, value: str, viewer: Viewer) -> Q:
    """Return the condition on when a photo was shared (after, before) or taken."""
    if name == "after":
        return Q(created_at__gte=_midnight(read_first_day(value)))
    if name == "before":
        return Q(created_at__lt=_midnight(read_first_day(value)))
    period = read_period(value)
    condition = Q(taken_at__isnull=False)
    if period.start:
        condition &= Q(taken_at__gte=_midnight(period.start))
    if period.end:
        condition &= Q(taken_at__lt=_midnight(period.end))
    return condition & _may_know("shows_taken", viewer)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _may_know(column: str, viewer: Viewer) -> Q:
    """Return the condition that the viewer may read what the owner shows, or not, of a file."""
    if viewer.is_staff:
        return Q()
    shown = Q(**{column: True})
    return shown | Q(owner_id=viewer.pk) if viewer.is_authenticated else shown


def known_moment(viewer: Viewer) -> Q:
    """Return the condition that the viewer may know when a photo was taken."""
    return Q(taken_at__isnull=False) & _may_know("shows_taken", viewer)


def _is_so(value: str, viewer: Viewer) -> Q:
    """Return the condition on a photo's shape, or that the viewer likes it."""
    if value == LIKED:
        liked = Like.objects.filter(person_id=viewer.pk or 0)
        return Q(pk__in=liked.values("image_id"))
    portrait = Q(height__gt=F("width") * NEARLY_SQUARE)
    landscape = Q(width__gt=F("height") * NEARLY_SQUARE)
    return {"portrait": portrait, "landscape": landscape, "square": ~portrait & ~landscape}[value]


def _in_album(value: str, viewer: Viewer) -> Q:
    """Return the condition that a photo is in an album of this title that the viewer may find."""
    albums = Album.objects.visible_to(viewer).filter(title__icontains=value)
    places = AlbumPhoto.objects.filter(album_id__in=albums.order_by().values("pk"))
    return Q(pk__in=places.values("image_id"))


def _people(names: Sequence[str]) -> dict[str, int]:
    """Return the ids of the people of these names, by name in lower case."""
    if not names:
        return {}
    called = Q()
    for name in names:
        called |= Q(username__iexact=name)
    rows = User.objects.filter(called, is_active=True).order_by("-pk")
    return {username.lower(): pk for username, pk in rows.values_list("username", "pk")}


def _cameras(are_asked: bool) -> list[str]:
    """Return the name of every camera there is, read from the index alone."""
    if not are_asked:
        return []
    # With the trash: asking whether a photo is in it would read every row.
    rows = Image.with_trash.exclude(camera="").order_by().values_list("camera", flat=True)
    return list(rows.distinct())

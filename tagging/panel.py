"""What a photo page says about tags: people's words, the network's, and what one may do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.models import Image, Viewer
from tagging.models import (
    Embedding,
    EventKind,
    FullyTagged,
    ImageTag,
    Suggestion,
    Tag,
    TagEvent,
    TagState,
    Vote,
    VoteValue,
)
from tagging.presets import current_policy
from tagging.services.objections import may_decide

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# After this many looks (about two minutes) the page stops asking; the tags come with a reload.
PATIENCE: Final = 60
# A worker stores the embedding first and its suggestions a moment later; the same bytes uploaded
# again have an embedding from the start. So silence counts as an answer only after this time.
TIME_TO_SPEAK: Final = timedelta(seconds=15)

STATE_WORDS: Final = {
    TagState.PENDING: _("not confirmed yet"),
    TagState.CONFIRMED: _("confirmed"),
    TagState.CURATED: _("approved"),
    TagState.REJECTED: _("not here"),
}

DECISION_SENTENCES: Final[dict[str, StrPromise]] = {
    EventKind.APPROVED: _("You approved “%(tag)s”."),
    EventKind.REJECTED: _("You rejected “%(tag)s”."),
    EventKind.REOPENED: _("You reopened “%(tag)s”."),
}
VOTE_SENTENCES: Final[dict[str, StrPromise]] = {
    VoteValue.YES: _("You said “%(tag)s” is here."),
    VoteValue.NO: _("You said “%(tag)s” is not here."),
    VoteValue.UNSURE: _("You said you are not sure about “%(tag)s”."),
}


@dataclass(frozen=True)
class Look:
    """How often a waiting page has asked, when it asks again and whether it gives up."""

    number: int = 0

    @property
    def next_number(self) -> int:
        """Return the number of the look after this one."""
        return self.number + 1

    @property
    def pause(self) -> int:
        """Return the seconds until then: one at first, later three."""
        return 1 if self.number < PATIENCE // 2 else 3

    @property
    def is_last(self) -> bool:
        """Return whether the page stops asking now."""
        return self.number >= PATIENCE


FIRST_LOOK: Final = Look()


@dataclass
class PersonTag:
    """A tag that people gave or refused, and what the viewer said of it."""

    row: ImageTag
    yes: int = 0
    no: int = 0
    mine: str = ""
    opposite: Image | None = None
    """Another upload of the same bytes on which moderators decided the contrary."""

    @property
    def state_words(self) -> str:
        """Return the state in plain words."""
        return str(STATE_WORDS[TagState(self.row.state)])


@dataclass
class Panel:
    """Everything the tags panel of one photo prints for one viewer."""

    image: Image
    may_vote: bool
    """Logged in, and may see the photo for who they are: a key or a link only opens it."""
    would_vote: bool
    """Nobody in particular, who could vote after logging in."""
    is_moderator: bool
    may_decide: bool
    """A moderator, and where nobody decides about their own photos, one of another's photo."""
    people: list[PersonTag] = field(default_factory=list)
    refused: list[PersonTag] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    is_waiting: bool = False
    last_event: TagEvent | None = None
    is_fully_tagged: bool = False
    """Only asked for whoever may decide."""

    @property
    def suggested_names(self) -> list[str]:
        """Return the names of the tags that the network suggests, the surest first."""
        return [suggestion.tag.name for suggestion in self.suggestions]

    @property
    def has_conflict(self) -> bool:
        """Return whether another upload of the same bytes is decided the other way."""
        return any(item.opposite for item in [*self.people, *self.refused])


def read_panel(*, image: Image, viewer: Viewer) -> Panel:
    """Return the panel of a photo that this person may see, in at most eight queries."""
    panel = Panel(
        image=image,
        may_vote=viewer.is_authenticated and image.is_visible_to(viewer),
        would_vote=not viewer.is_authenticated and image.is_visible_to(viewer),
        is_moderator=viewer.is_staff,
        may_decide=viewer.is_staff and may_decide(viewer.pk, image, current_policy()),
    )
    items = _person_tags(image, viewer)
    if viewer.is_staff:
        _mark_conflicts(image, items)
    if panel.may_decide:
        panel.is_fully_tagged = FullyTagged.objects.filter(image=image).exists()
    panel.people = [item for item in items if item.row.state != TagState.REJECTED]
    panel.refused = [item for item in items if item.row.state == TagState.REJECTED]
    open_suggestions = Suggestion.objects.filter(image=image).open()
    panel.suggestions = list(open_suggestions.select_related("tag", "version"))
    panel.is_waiting = not panel.suggestions and not has_network_spoken(image)
    if panel.may_vote:
        mine = TagEvent.objects.filter(image=image, actor_id=viewer.pk)
        panel.last_event = mine.not_undone().latest_first().select_related("tag").first()
    return panel


def has_network_spoken(image: Image) -> bool:
    """Return whether a worker has looked at the photo, even if it recognised nothing."""
    if Suggestion.objects.filter(image=image).exists():
        return True
    if image.created_at > timezone.now() - TIME_TO_SPEAK:
        return False
    return Embedding.objects.filter(content__sha256=image.sha256).exists()


def _person_tags(image: Image, viewer: Viewer) -> list[PersonTag]:
    """Return every tag that people spoke of, the surest first, with the tally of votes."""
    rows = image.image_tags.filter(tag__is_blocked=False).select_related("tag", "added_by")
    ballots: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    votes = Vote.objects.current().filter(image=image)
    for tag_id, person_id, value in votes.values_list("tag_id", "person_id", "value"):
        ballots[tag_id].append((person_id, value))
    items = []
    for row in sorted(rows, key=_surest_first):
        cast = ballots[row.tag_id]
        values = [value for _, value in cast]
        items.append(
            PersonTag(
                row=row,
                yes=values.count(VoteValue.YES),
                no=values.count(VoteValue.NO),
                mine=next((value for person, value in cast if person == viewer.pk), ""),
            )
        )
    return items


def _surest_first(row: ImageTag) -> tuple[int, str]:
    order = [TagState.CURATED, TagState.CONFIRMED, TagState.PENDING, TagState.REJECTED]
    return order.index(TagState(row.state)), row.tag.name


def _mark_conflicts(image: Image, items: list[PersonTag]) -> None:
    """Note beside each decided tag another upload of the same bytes that says the contrary."""
    others = (
        ImageTag.objects.filter(
            image__sha256=image.sha256,
            image__deleted_at=None,
            state__in=[TagState.CURATED, TagState.REJECTED],
        )
        .exclude(image=image)
        .select_related("image__owner")
    )
    decided = {TagState.CURATED, TagState.REJECTED}
    elsewhere = {(row.tag_id, row.state): row.image for row in others}
    for item in items:
        if item.row.state in decided:
            (contrary,) = decided - {TagState(item.row.state)}
            item.opposite = elsewhere.get((item.row.tag_id, contrary))


def certainty_in_words(score: float) -> str:
    """Return how sure the network is, in words; scores are probabilities.

    The steps follow what people mean by the words: nine of ten, seven of ten, four of ten.
    """
    if score >= 0.9:
        return gettext("almost certain")
    if score >= 0.7:
        return gettext("likely")
    return gettext("perhaps") if score >= 0.4 else gettext("a guess")


def describe_event(event: TagEvent, tag: Tag) -> str:
    """Return what the person did, as the sentence beside its undo button."""
    if event.is_decision and not event.vote:
        sentence = DECISION_SENTENCES.get(event.kind, DECISION_SENTENCES[EventKind.REOPENED])
    elif not event.vote:
        sentence = _("You took back your vote on “%(tag)s”.")
    else:
        sentence = VOTE_SENTENCES[VoteValue(event.vote)]
    return sentence % {"tag": tag.name}

"""Who taught a version, and telling them what came of it.

What counts is what taught: answers that were decided the way they were given, and still are. Who
voted in vain is not told that it raised anything. It is worked out once, when a version goes live,
and kept as a notice; the review page shows the same notice while it is news.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from gallery.models import Image, Notice, User
from gallery.notices import tell
from tagging.models import (
    ImageTag,
    ModelVersion,
    Promotion,
    TagEvent,
    TagState,
    Vote,
    VoteValue,
)
from tagging.previews import Preview
from tagging.registry import live_promotion
from tagging.words import Words, current_words
from training.learning.wording import percent

# News of a version is news for so long.
NEWS: Final = timedelta(days=14)
# Tags named in a notice: those the person answered most about.
_MOST_TAGS = 3
_DECIDED = (TagState.CURATED, TagState.REJECTED)


@dataclass
class Contribution:
    """What one person taught a version: the photos answered about, by name of the tag."""

    photos: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    @property
    def answers(self) -> int:
        """Return how many pairs of photo and tag it was."""
        return sum(map(len, self.photos.values()))

    @property
    def tags(self) -> list[str]:
        """Return the tags, the one with the most answers first."""
        return sorted(self.photos, key=lambda tag: (-len(self.photos[tag]), tag))


def tell_contributors(*, promotion: Promotion) -> int:
    """Give everybody who taught this version one notice of what came of it; return how many.

    Nobody is told after a roll-back, nor of a version that is live no more, nor twice of the
    same one.
    """
    live = live_promotion()
    if promotion.is_rollback or live is None or live.pk != promotion.pk:
        return 0
    version = promotion.version
    before = version_before(promotion)
    taught = contributions_to(version, after=before)
    preview = Preview.from_json(version.preview)
    if preview and (before is None or preview.against != before.number):
        preview = None
    words = current_words()
    language_of = dict(User.objects.filter(pk__in=taught).values_list("pk", "language"))
    texts = {}
    for person_id, contribution in taught.items():
        with override(language_of.get(person_id) or settings.LANGUAGE_CODE):
            effects = effects_on_tags(version.metrics, words)
            changes = changes_on_photos_of(person_id, preview)
            texts[person_id] = notice_for(version, contribution, effects, changes)
    return tell(texts=texts, url=_address_of(version))


def news_for(person: User) -> str:
    """Return what a person was told of the live version while it is news, else ""."""
    live = live_promotion()
    if live is None:
        return ""
    notices = Notice.objects.filter(
        person=person, url=_address_of(live.version), created_at__gt=timezone.now() - NEWS
    )
    return notices.values_list("text", flat=True).first() or ""


def version_before(promotion: Promotion) -> ModelVersion | None:
    """Return the version that was live until this promotion; None for the first one."""
    earlier = Promotion.objects.filter(pk__lt=promotion.pk).select_related("version")
    previous = earlier.exclude(version=promotion.version_id).first()
    return previous.version if previous else None


def frozen_at(version: ModelVersion) -> datetime:
    """Return when the knowledge was frozen that this version was taught."""
    run = getattr(version, "run", None)
    if run is not None and run.dataset is not None:
        moment: datetime = run.dataset.created_at
        return moment
    return version.created_at


def contributions_to(
    version: ModelVersion, *, after: ModelVersion | None = None
) -> dict[int, Contribution]:
    """Return what each person taught this version that it did not share with the one before.

    A pair of photo and tag taught it if it was decided (curated or rejected) before its knowledge
    was frozen and still is, and the photo is offered. New about it is what was decided since the
    version `after` was taught, and everything about tags which that one had not learnt. It was
    taught by whoever decided, and by those whose votes at that time said the same. Tags go by
    their present names. Two large queries, however many people there are.
    """
    taught: dict[int, Contribution] = defaultdict(Contribution)
    decided = _decisions(version, after, current_words())
    for person_id, image_id, tag in _deciders(decided):
        taught[person_id].photos[tag].add(image_id)
    for person_id, image_id, tag in _voters(decided, frozen_at(version)):
        taught[person_id].photos[tag].add(image_id)
    return dict(taught)


def changes_on_photos_of(person_id: int, preview: Preview | None) -> int | None:
    """Return how many tags came or went on this person's photos; None where nobody counted."""
    return None if preview is None else preview.owners.get(str(person_id), 0)


def notice_for(
    version: ModelVersion,
    contribution: Contribution,
    effects: Mapping[str, str],
    changes: int | None,
) -> str:
    """Return for example `Version 14 is live. Your 12 answers taught it: heron F1 61 % → 83 %; 3
    tags changed on your photos.`

    Named are the tags answered most about, of those with an effect.
    """
    answers = contribution.answers
    named = [effects[tag] for tag in contribution.tags if tag in effects][:_MOST_TAGS]
    told = ngettext(
        "Version %(version)d is live. Your %(answers)s answer taught it%(what)s%(changed)s.",
        "Version %(version)d is live. Your %(answers)s answers taught it%(what)s%(changed)s.",
        answers,
    )
    changed = ngettext(
        "; %(tags)s tag changed on your photos",
        "; %(tags)s tags changed on your photos",
        changes or 0,
    )
    return told % {
        "version": version.number,
        "answers": intcomma(answers),
        "what": f": {', '.join(named)}" if named else "",
        "changed": changed % {"tags": intcomma(changes)} if changes else "",
    }


def effects_on_tags(metrics: Mapping[str, Any], words: Words) -> dict[str, str]:
    """Return for each tag with a figure for example `heron F1 61 % → 83 %`, or `pug is new, F1
    70 %`, by its present name.

    Both figures come from the same test photos. A tag that the version before did not know at
    all had no figure of its own: it got nothing right.
    """
    now = words.presently(metrics.get("per_tag", {}))
    before = words.presently(metrics.get("live", {}).get("per_tag", {}))
    return {
        tag: _effect(tag, figures["f1"], before.get(tag, {}).get("f1") or None)
        for tag, figures in now.items()
        if figures.get("f1") is not None
    }


def _effect(tag: str, now: float, before: float | None) -> str:
    told = {"tag": tag, "now": percent(now, digits=0), "before": percent(before, digits=0)}
    if before is None:
        return _("%(tag)s is new, F1 %(now)s") % told
    return _("%(tag)s F1 %(before)s → %(now)s") % told


def _address_of(version: ModelVersion) -> str:
    """Return where the notice leads, by which it is found as well: one per version."""
    return f"{reverse('training:model', args=[version.number])}#taught"


def _decisions(
    version: ModelVersion, after: ModelVersion | None, words: Words
) -> QuerySet[TagEvent]:
    """Return the events that made a pair teaching material for this version and still hold."""
    holds = ImageTag.objects.filter(
        image=OuterRef("image_id"), tag=OuterRef("tag_id"), state=OuterRef("state_after")
    )
    events = TagEvent.objects.not_undone().filter(
        Exists(holds),
        state_after__in=_DECIDED,
        created_at__lte=frozen_at(version),
        tag__name__in=words.places(version.labels),
        image__in=Image.objects.teachable(),
    )
    if after is not None:
        is_new = Q(created_at__gt=frozen_at(after)) | ~Q(tag__name__in=words.places(after.labels))
        events = events.filter(is_new)
    return events.exclude(state_before=F("state_after")).order_by()


def _deciders(decided: QuerySet[TagEvent]) -> Iterable[tuple[int, int, str]]:
    rows = decided.exclude(actor=None).values_list("actor_id", "image_id", "tag__name")
    return rows.iterator(chunk_size=10_000)


def _voters(decided: QuerySet[TagEvent], until: datetime) -> Iterable[tuple[int, int, str]]:
    """Return (person, photo, tag) of votes that said what was decided."""
    said = Case(
        When(value=VoteValue.YES, then=Value(TagState.CURATED)),
        When(value=VoteValue.NO, then=Value(TagState.REJECTED)),
        default=Value(""),
        output_field=CharField(),
    )
    agreed = decided.filter(
        image=OuterRef("image_id"), tag=OuterRef("tag_id"), state_after=OuterRef("said")
    )
    votes = Vote.objects.current().filter(created_at__lte=until).annotate(said=said)
    rows = votes.filter(Exists(agreed)).values_list("person_id", "image_id", "tag__name")
    return rows.iterator(chunk_size=10_000)

"""What people say: tags, votes, and the state that follows from them."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, Length
from django.urls import reverse

from gallery.models import Image, Viewer


class TagQuerySet(models.QuerySet["Tag"]):
    def usable(self) -> Self:
        """Return tags that people may put on photos: neither blocked nor a name for another."""
        return self.filter(is_blocked=False, alias_of=None)

    def silent(self) -> Self:
        """Return tags that the network must never name: blocked ones, and people's own words."""
        return self.filter(models.Q(is_blocked=True) | models.Q(never_show=True))

    def at_address(self, slug: str) -> Self:
        """Return the tag of this address, also where it is that of another name for the tag."""
        return self.filter(models.Q(slug=slug) | models.Q(aliases__slug=slug)).distinct()

    def with_orders(self) -> Self:
        """Return tags about which moderators gave any order that the network has to follow."""
        return self.filter(
            models.Q(is_blocked=True)
            | models.Q(never_show=True)
            | models.Q(has_own_parents=True)
            | models.Q(alias_of__isnull=False)
        )

    def with_meaning(self) -> Self:
        """Return tags with what they mean, so that `meaning` asks nothing more."""
        return self.select_related("alias_of")

    def starting_with(self, text: str) -> Self:
        """Return tags for autocomplete, shortest first."""
        return self.filter(name__startswith=text).order_by(Length("name"), "name")

    def completing(self, text: str) -> Self:
        """Return what typing might be meant to become, shortest first, with what it means.

        Other names are among it, but not beside the tag itself.
        """
        meant = models.Q(alias_of=None) | models.Q(alias_of__is_blocked=False)
        beside = models.Q(alias_of__name__startswith=text)
        found = self.starting_with(text).with_meaning()
        return found.filter(meant, is_blocked=False).exclude(beside, alias_of__isnull=False)

    def with_word(self, word: str) -> Self:
        """Return tags that are this word or contain it between spaces."""
        whole = models.Q(name=word) | models.Q(name__startswith=f"{word} ")
        return self.filter(
            whole | models.Q(name__endswith=f" {word}") | models.Q(name__contains=f" {word} ")
        )

    def with_photo_counts(self, viewer: Viewer) -> Self:
        """Return tags with `by_people` and `by_network`: how many photos this person would find.

        A photo that people tagged is not counted for the network as well.
        """
        from tagging.models.network import Suggestion

        seen = Image.objects.visible_to(viewer)
        by_network = Suggestion.objects.open().shown().filter(image__in=seen)
        return self.with_people_counts(viewer).annotate(by_network=_count_per_tag(by_network))

    def with_people_counts(self, viewer: Viewer) -> Self:
        """Return tags with `by_people`: on how many photos this person sees it by people."""
        seen = Image.objects.visible_to(viewer)
        by_people = ImageTag.objects.shown().filter(image__in=seen)
        return self.annotate(by_people=_count_per_tag(by_people))

    def with_photos(self) -> Self:
        """Return tags that have any photo; after `with_photo_counts`."""
        return self.filter(models.Q(by_people__gt=0) | models.Q(by_network__gt=0))

    def popular_first(self) -> Self:
        """Return the tags people use most first; after `with_photo_counts`."""
        return self.order_by("-by_people", "-by_network", "name")

    def with_learnable_photos(self) -> Self:
        """Return tags with `learnable_photos`: distinct curated photos that owners offer."""
        curated = ImageTag.objects.curated().filter(image__in=Image.objects.teachable())
        return self.annotate(
            learnable_photos=_count_per_tag(curated, "image__sha256", distinct=True)
        )


def _count_per_tag(
    rows: models.QuerySet[Any], field: str = "pk", *, distinct: bool = False
) -> Coalesce:
    """Return a column that counts these rows for each tag, 0 where there are none."""
    of_tag = rows.filter(tag_id=models.OuterRef("pk")).order_by().values("tag_id")
    number = of_tag.annotate(number=models.Count(field, distinct=distinct)).values("number")
    return Coalesce(models.Subquery(number), 0)


class Tag(models.Model):
    """A word for what a photo shows: trimmed, NFC, lower case, in any script."""

    name = models.CharField(max_length=64, unique=True)
    slug = models.CharField("address", max_length=200, unique=True, editable=False)
    description = models.CharField(max_length=300, blank=True, help_text="What counts as this?")
    is_blocked = models.BooleanField("blocked", default=False)
    never_show = models.BooleanField(
        "never shown by machine",
        default=False,
        help_text="People may use it; the network never suggests it.",
    )
    alias_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="aliases",
        help_text="Another name for this tag. Never a name for a name.",
    )
    parents = models.ManyToManyField(
        "self", symmetrical=False, blank=True, related_name="children", help_text="A pug is a dog."
    )
    has_own_parents = models.BooleanField(
        "parents are set here",
        default=False,
        help_text="Then what the first day's words put above it no longer holds.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    # Filled only by the QuerySet methods that count photos.
    by_people: int
    by_network: int
    learnable_photos: int

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the tag page."""
        return reverse("tagging:tag", args=[self.slug])

    @property
    def meaning(self) -> Tag:
        """Return the tag that this name means: itself, unless it is another name for one."""
        return self.alias_of or self

    def is_mere_word(self) -> bool:
        """Return whether nobody has said or ordered anything with it, the network aside.

        Tables of every room that point at tags count.
        """
        if self.is_blocked or self.never_show or self.has_own_parents or self.alias_of_id:
            return False
        names = {relation.get_accessor_name() for relation in self._meta.related_objects}
        said = names - {"suggestions", "changes"}
        return not any(getattr(self, name).exists() for name in said if name)


class VoteValue(models.TextChoices):
    YES = "yes", "Yes"
    NO = "no", "No"
    UNSURE = "unsure", "Not sure"


class VoteQuerySet(models.QuerySet["Vote"]):
    def current(self) -> Self:
        """Return each person's present vote; earlier ones are history."""
        return self.filter(replaced_at=None)


class Vote(models.Model):
    """What one person says of one tag on one photo. One is current, older ones are kept."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="votes")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="votes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tag_votes")
    value = models.CharField(max_length=6, choices=VoteValue.choices)
    created_at = models.DateTimeField(auto_now_add=True)
    replaced_at = models.DateTimeField(null=True, blank=True)
    counted_at = models.DateTimeField(
        "came of age", null=True, blank=True, help_text="Since when it counts, where votes age."
    )

    objects = VoteQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "image", "tag"],
                condition=models.Q(replaced_at=None),
                name="one_current_vote",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(replaced_at=None, counted_at=None),
                name="vote_not_of_age",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} by person {self.person_id}"


class TagState(models.TextChoices):
    PENDING = "pending", "Pending"
    CONFIRMED = "confirmed", "Confirmed"
    CURATED = "curated", "Curated"
    REJECTED = "rejected", "Rejected"


class ImageTagQuerySet(models.QuerySet["ImageTag"]):
    def shown(self) -> Self:
        """Return the tags that people see on a photo: everything but rejections."""
        return self.exclude(state=TagState.REJECTED).filter(tag__is_blocked=False)

    def awaiting_approval(self) -> Self:
        """Return what moderators still have to look at."""
        return self.filter(state__in=[TagState.PENDING, TagState.CONFIRMED])

    def curated(self) -> Self:
        """Return what the network may learn as present."""
        return self.filter(state=TagState.CURATED)

    def rejected(self) -> Self:
        """Return what the network may learn as absent."""
        return self.filter(state=TagState.REJECTED)

    def with_conflict(self) -> Self:
        """Return tags with `is_in_conflict`: another upload of the same bytes says the contrary.

        Only decisions can contradict each other: curated here and rejected there, or the reverse.
        """
        contrary = models.Case(
            models.When(state=TagState.CURATED, then=models.Value(TagState.REJECTED)),
            models.When(state=TagState.REJECTED, then=models.Value(TagState.CURATED)),
            default=models.Value(""),
        )
        others = ImageTag.objects.filter(
            tag_id=models.OuterRef("tag_id"),
            image__sha256=models.OuterRef("image__sha256"),
            state=models.OuterRef("contrary_state"),
        )
        return self.alias(contrary_state=contrary).annotate(is_in_conflict=models.Exists(others))

    def with_evidence(self) -> Self:
        """Return tags with the current votes (`yes`, `no`) and the network's `score`, if any."""
        from tagging.models.network import Suggestion

        pair = {"image_id": models.OuterRef("image_id"), "tag_id": models.OuterRef("tag_id")}
        votes = Vote.objects.current().filter(**pair).order_by().values("tag_id")
        counts = {
            value: votes.filter(value=value).annotate(number=models.Count("pk")).values("number")
            for value in (VoteValue.YES, VoteValue.NO)
        }
        return self.annotate(
            yes=Coalesce(models.Subquery(counts[VoteValue.YES]), 0),
            no=Coalesce(models.Subquery(counts[VoteValue.NO]), 0),
            score=models.Subquery(Suggestion.objects.filter(**pair).values("score")[:1]),
        )


class ImageTag(models.Model):
    """The present state of one tag on one photo, derived from votes and moderators.

    A rejected row stays: it is a negative to learn from, and no later model brings the tag back.
    """

    image = models.ForeignKey(Image, models.CASCADE, related_name="image_tags")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="image_tags")
    state = models.CharField(max_length=9, choices=TagState.choices, default=TagState.PENDING)
    is_double_checked = models.BooleanField("double-checked", default=False)
    is_escalated = models.BooleanField(
        "votes do not agree",
        default=False,
        help_text="Many votes and no agreement: moderators decide.",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The moderator whose decision outweighs the votes.",
    )
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    # Filled only by `with_conflict` and `with_evidence`.
    is_in_conflict: bool
    yes: int
    no: int
    score: float | None

    objects = ImageTagQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["image", "tag"], name="image_tag_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "changed_at"], name="image_tag_queue"),
            models.Index(fields=["tag", "state"], name="image_tag_by_tag"),
        ]

    def __str__(self) -> str:
        return f"{self.tag} on photo {self.image_id} ({self.state})"

    @property
    def is_decided(self) -> bool:
        """Return whether a moderator's decision holds, even if the moderator's account is gone."""
        return self.decided_by_id is not None or self.is_double_checked

"""Tags: the words that people and the network use."""

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

    def told_to(self, viewer: Viewer) -> Self:
        """Return the words that this person may learn of; all for staff.

        A word that somebody made up and that is on no photo that everybody may see stays theirs:
        it may say what is on their private photos.
        """
        if viewer.is_staff:
            return self.all()
        public = models.Q(photos_by_people__gt=0) | models.Q(photos_by_network__gt=0)
        nobodys = models.Q(created_by=None) | models.Q(created_by__is_staff=True)
        return self.filter(public | nobodys | models.Q(created_by_id=viewer.pk or 0))

    def completing(self, text: str, viewer: Viewer) -> Self:
        """Return what this person's typing might be meant to become, shortest first.

        With what it means; other names are among it, but not beside the tag itself.
        """
        meant = models.Q(alias_of=None) | models.Q(alias_of__is_blocked=False)
        beside = models.Q(alias_of__name__startswith=text)
        found = self.told_to(viewer).starting_with(text).with_meaning()
        return found.filter(meant, is_blocked=False).exclude(beside, alias_of__isnull=False)

    def with_photo_counts(self, viewer: Viewer) -> Self:
        """Return tags with `by_people` and `by_network`: how many photos this person would find.

        A photo that people tagged is not counted for the network as well.
        """
        from tagging.models.network import Suggestion

        seen = Image.objects.visible_to(viewer)
        by_network = Suggestion.objects.open().shown().filter(image__in=seen)
        return self.with_people_counts(viewer).annotate(by_network=_count_per_tag(by_network))

    def seen_by(self, viewer: Viewer) -> Self:
        """Return tags that are on any photo that this person sees, by people or the network."""
        from tagging.models.network import Suggestion
        from tagging.models.votes import ImageTag

        seen = Image.objects.visible_to(viewer).filter(pk=models.OuterRef("image_id"))
        own = {"tag_id": models.OuterRef("pk")}
        by_people = ImageTag.objects.shown().filter(models.Exists(seen), **own)
        by_network = Suggestion.objects.open().shown().filter(models.Exists(seen), **own)
        return self.filter(
            models.Exists(by_people.order_by()) | models.Exists(by_network.order_by())
        )

    def with_public_counts(self) -> Self:
        """Return tags with `by_people` and `by_network` of public photos, as last counted."""
        return self.annotate(
            by_people=models.F("photos_by_people"), by_network=models.F("photos_by_network")
        )

    def with_people_counts(self, viewer: Viewer) -> Self:
        """Return tags with `by_people`: on how many photos this person sees it by people."""
        from tagging.models.votes import ImageTag

        seen = Image.objects.visible_to(viewer)
        by_people = ImageTag.objects.shown().filter(image__in=seen)
        return self.annotate(by_people=_count_per_tag(by_people))

    def with_photos(self) -> Self:
        """Return tags that have any photo; after `with_photo_counts`."""
        return self.filter(models.Q(by_people__gt=0) | models.Q(by_network__gt=0))

    def popular_first(self) -> Self:
        """Return the tags people use most first; after `with_photo_counts`."""
        return self.order_by("-by_people", "-by_network", "name")


def _count_per_tag(rows: models.QuerySet[Any]) -> Coalesce:
    """Return a column that counts these rows for each tag, 0 where there are none."""
    of_tag = rows.filter(tag_id=models.OuterRef("pk")).order_by().values("tag_id")
    number = of_tag.annotate(number=models.Count("pk")).values("number")
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

    # On how many photos that everybody may see it is, counted every few minutes by
    # `tagging.services.tag_figures`: counting a large library anew takes longer than a page may.
    photos_by_people = models.PositiveIntegerField(default=0, editable=False)
    photos_by_network = models.PositiveIntegerField(default=0, editable=False)
    # Of these, on photos of the last weeks: what rises.
    photos_lately = models.PositiveIntegerField(default=0, editable=False)
    # A recent photo of it that people like.
    cover = models.ForeignKey(
        Image, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    # Filled only by the QuerySet methods that count photos.
    by_people: int
    by_network: int

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        indexes: ClassVar = [
            models.Index(
                fields=["-photos_by_people", "-photos_by_network", "name"], name="tag_popular"
            ),
        ]

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

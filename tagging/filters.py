"""One set of filters for photos, for pages and the API alike."""

from __future__ import annotations

from django_filters import CharFilter, ChoiceFilter, FilterSet

from gallery.models import Image, ImageQuerySet
from tagging.models import Tag, TagQuerySet
from tagging.names import TagNameError, normalise_tag_name
from tagging.searching import Voice, photos_showing, search_photos
from tagging.services.tags import find_tag


class ImageFilter(FilterSet):  # type: ignore[misc]
    """`?q=words` (all of them), `?tag=slug`, `?owner=name`, `?by=people|network`."""

    q = CharFilter(method="filter_words", label="Tag words, all of them")
    tag = CharFilter(method="filter_tag", label="Address of one tag")
    owner = CharFilter(field_name="owner__username", label="User name of the owner")
    by = ChoiceFilter(
        choices=[choice for choice in Voice.choices if choice[0]],
        method="filter_voice",
        label="Whose word counts",
        empty_label=Voice.EVERYBODY.label,
    )

    class Meta:
        model = Image
        fields = ("q", "tag", "owner", "by")

    @property
    def voice(self) -> str:
        """Return whose word the tag filters count."""
        return str(self.form.cleaned_data.get("by") or Voice.EVERYBODY)

    def filter_words(self, images: ImageQuerySet, _name: str, question: str) -> ImageQuerySet:
        """Keep photos with a tag for each word."""
        return search_photos(images, question, voice=self.voice)

    def filter_tag(self, images: ImageQuerySet, _name: str, slug: str) -> ImageQuerySet:
        """Keep photos with this one tag; the address of another name for it will do."""
        tag_ids = list(Tag.objects.usable().at_address(slug).values_list("pk", flat=True))
        return photos_showing(images, tag_ids, voice=self.voice)

    def filter_voice(self, images: ImageQuerySet, _name: str, _value: str) -> ImageQuerySet:
        """Change nothing on its own: the voice belongs to the two tag filters."""
        return images


class TagFilter(FilterSet):  # type: ignore[misc]
    """`?name=` a tag by any of its names, `?starts=` by how its own begins."""

    name = CharFilter(method="filter_name", label="Name, or another name for it")
    starts = CharFilter(field_name="name", lookup_expr="startswith", label="Beginning of the name")

    class Meta:
        model = Tag
        fields = ("name", "starts")

    def filter_name(self, tags: TagQuerySet, _name: str, value: str) -> TagQuerySet:
        """Keep the tag that this name means; an impossible name means none."""
        try:
            tag = find_tag(normalise_tag_name(value))
        except TagNameError:
            tag = None
        return tags.filter(pk=tag.pk) if tag else tags.none()

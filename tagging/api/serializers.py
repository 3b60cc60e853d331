"""What tags, suggestions and votes look like in JSON."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from rest_framework import serializers

from gallery.api import ImageSerializer
from gallery.models import Image
from tagging.hierarchy import Hierarchy
from tagging.models import ImageTag, Suggestion, Tag, VoteValue
from tagging.names import TagNameError, normalise_tag_name


class TagNameField(serializers.CharField):
    """A tag's name, brought into the form under which tags are kept."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)
        self.error_messages["blank"] = _("A tag cannot be empty.")

    def to_internal_value(self, data: Any) -> str:
        """Return the normalised name; a name that cannot be is an error with a reason."""
        try:
            return normalise_tag_name(super().to_internal_value(data))
        except TagNameError as problem:
            raise serializers.ValidationError(str(problem), code="tag_name") from None


class TagSerializer(serializers.ModelSerializer[Tag]):
    """A word for what photos show, and how moderators have ordered it among the others."""

    page = serializers.SerializerMethodField()
    aliases = serializers.SerializerMethodField(
        help_text="Other names. Wherever a name is taken, they mean this tag."
    )
    parents = serializers.SerializerMethodField(
        help_text="The tags right above it: a search for one of them finds this one too."
    )

    class Meta:
        model = Tag
        fields: ClassVar[list[str]] = [
            "name", "slug", "description", "page", "aliases", "parents", "never_show",
        ]  # fmt: skip
        read_only_fields = fields

    def get_page(self, tag: Tag) -> str:
        """Return the full address of the tag page."""
        return str(self.context["request"].build_absolute_uri(tag.get_absolute_url()))

    def get_aliases(self, tag: Tag) -> list[str]:
        """Return the other names in alphabetical order."""
        return sorted(alias.name for alias in tag.aliases.all())

    def get_parents(self, tag: Tag) -> list[str]:
        """Return the names of the tags right above it, in alphabetical order."""
        hierarchy: Hierarchy = self.context["view"].hierarchy
        return sorted(hierarchy.parents.get(tag.name, ()))


class TaggedImageSerializer(ImageSerializer):
    """A photo with the names of the tags that people put on it."""

    tags = serializers.SerializerMethodField()

    class Meta(ImageSerializer.Meta):
        fields: ClassVar[list[str]] = [*ImageSerializer.Meta.fields, "tags"]
        read_only_fields = fields

    def get_tags(self, image: Image) -> list[str]:
        """Return the names of the tags that the list loaded with the photo, in order."""
        return [row.tag.name for row in image.tags_on_show]  # type: ignore[attr-defined]


class ImageTagSerializer(serializers.ModelSerializer[ImageTag]):
    """A tag that people put on a photo, or rejected."""

    tag = serializers.CharField(source="tag.name", read_only=True)
    slug = serializers.CharField(source="tag.slug", read_only=True)
    added_by = serializers.CharField(
        source="added_by.username", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = ImageTag
        fields: ClassVar[list[str]] = ["tag", "slug", "state", "added_by", "changed_at"]
        read_only_fields = fields


class SuggestionSerializer(serializers.ModelSerializer[Suggestion]):
    """What the network says: never a person's word, and open until people decide."""

    tag = serializers.CharField(source="tag.name", read_only=True)
    slug = serializers.CharField(source="tag.slug", read_only=True)
    shown = serializers.BooleanField(source="is_shown", read_only=True)
    version = serializers.IntegerField(
        source="version.number", read_only=True, help_text="The model version that spoke."
    )

    class Meta:
        model = Suggestion
        fields: ClassVar[list[str]] = ["tag", "slug", "score", "shown", "source", "version"]
        read_only_fields = fields


class SimilarPhotoSerializer(serializers.Serializer[Any]):
    """A photo that looks like the one asked about."""

    image = ImageSerializer(read_only=True)
    cosine = serializers.FloatField(
        read_only=True, help_text="How alike the two are to the network, 1 at most."
    )


class VoteSerializer(serializers.Serializer[Any]):
    """One person's answer to "does this photo show that?"."""

    tag = TagNameField()
    value = serializers.ChoiceField(
        [*VoteValue.choices, ("", "Withdrawn")],
        help_text="An empty value takes your vote back.",
    )


class NewTagSerializer(serializers.Serializer[Any]):
    """A tag to put on a photo, in your own word."""

    tag = TagNameField()


class VoteAnswerSerializer(serializers.Serializer[Any]):
    """How the tag stands after the vote; `state` is empty where nobody says anything any more."""

    tag = serializers.CharField()
    value = serializers.CharField(allow_blank=True)
    state = serializers.CharField(allow_blank=True)

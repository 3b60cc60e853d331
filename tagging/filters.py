"""One set of filters for photos, for pages and the API alike."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import CharFilter, ChoiceFilter, FilterSet
from django_filters.fields import ChoiceField

from gallery.models import Colour, Image, ImageQuerySet, Licence, Viewer
from gallery.paging import Sort, in_order
from tagging.finding.conditions import Understood, known_moment, understand
from tagging.finding.errors import QuestionError
from tagging.finding.fields import FREE, SHAPES, check_field, understand_question
from tagging.finding.messages import explain
from tagging.finding.tree import All, Field
from tagging.models import Tag, TagQuerySet
from tagging.names import TagNameError, normalise_tag_name
from tagging.searching import Voice, photos_showing
from tagging.services.tags import find_tag

# Parameters that say the same as a field of the question, by the name of the field.
FIELD_PARAMETERS: Final = {
    "owner": "by",
    "camera": "camera",
    "taken": "taken",
    "after": "after",
    "before": "before",
    "colour": "colour",
    "licence": "licence",
    "orientation": "is",
}
LONGEST_VALUE: Final = 200


class SpokenChoiceField(ChoiceField):  # type: ignore[misc]
    """A choice whose refusal names the choices."""

    def validate(self, value: Any) -> None:
        """Raise ValidationError for another value, with those there are."""
        if value and not self.valid_value(value):
            raise ValidationError(
                _("“%(value)s” is none of: %(choices)s."),
                code="invalid_choice",
                params={
                    "value": str(value)[:60],
                    "choices": ", ".join(str(key) for key, _label in self.choices if key),
                },
            )


class SpokenChoiceFilter(ChoiceFilter):  # type: ignore[misc]
    """A filter by a choice whose refusal names the choices."""

    field_class = SpokenChoiceField


class ImageFilterForm(forms.Form):
    """Checks the question and its companions before anything is looked up."""

    viewer: Viewer
    tree: All
    asked: list[Field]
    question_error: QuestionError | None = None

    def clean_q(self) -> str:
        """Return the question; keep its tree, or what is wrong with it and where."""
        question = str(self.cleaned_data["q"])
        try:
            self.tree = understand_question(question, self.viewer)
        except QuestionError as error:
            self.question_error = error
            raise ValidationError(explain(error), code=error.code) from None
        return question

    def clean(self) -> dict[str, Any]:
        """Return the checked values; a parameter must be as possible as the field it stands for."""
        self.asked = []
        for parameter, name in FIELD_PARAMETERS.items():
            value = self.cleaned_data.get(parameter)
            if not value:
                continue
            asked = Field(name, value, 0, 0)
            try:
                check_field(asked, self.viewer)
            except QuestionError as error:
                self.add_error(parameter, ValidationError(explain(error), code=error.code))
            else:
                self.asked.append(asked)
        return self.cleaned_data


class ImageFilter(FilterSet):  # type: ignore[misc]
    """`?q=` a question, and what it can say of single properties as parameters of their own.

    `?q=heron -boat` is the same as on the search page. `?tag=slug`, `?owner=name`, `?camera=`,
    `?taken=2024`, `?after=2025-05`, `?before=`, `?colour=blue`, `?licence=cc0|by|…|free`,
    `?orientation=portrait|landscape|square`, `?by=people|network`,
    `?sort=newest|oldest|likes|taken`.
    """

    q = CharFilter(label=gettext_lazy("A question, as on the search page"))
    tag = CharFilter(label=gettext_lazy("Address of one tag"))
    owner = CharFilter(label=gettext_lazy("User name of the owner"), max_length=LONGEST_VALUE)
    camera = CharFilter(label=gettext_lazy("A part of the camera's name"), max_length=LONGEST_VALUE)
    taken = CharFilter(label=gettext_lazy("Taken in this year, month or day, or from..to"))
    after = CharFilter(label=gettext_lazy("Shared since this year, month or day"))
    before = CharFilter(label=gettext_lazy("Shared before this year, month or day"))
    colour = SpokenChoiceFilter(choices=Colour.choices, label=gettext_lazy("Dominant colour"))
    licence = SpokenChoiceFilter(
        choices=[(FREE, gettext_lazy("Any free licence")), *Licence.choices],
        label=gettext_lazy("Licence"),
    )
    orientation = SpokenChoiceFilter(
        choices=[(shape, shape) for shape in SHAPES], label=gettext_lazy("Shape")
    )
    by = SpokenChoiceFilter(
        choices=[choice for choice in Voice.choices if choice[0]],
        label=gettext_lazy("Whose word counts"),
        empty_label=Voice.EVERYBODY.label,
    )
    sort = SpokenChoiceFilter(choices=Sort.choices, label=gettext_lazy("Order"))

    class Meta:
        model = Image
        form = ImageFilterForm
        fields = (
            "q", "tag", "owner", "camera", "taken", "after", "before", "colour", "licence",
            "orientation", "by", "sort",
        )  # fmt: skip

    def get_form_class(self) -> type[ImageFilterForm]:
        """Return a form that knows who asks."""
        viewer = self.request.user if self.request else AnonymousUser()
        return type("ViewersForm", (super().get_form_class(),), {"viewer": viewer})

    @property
    def sort_order(self) -> Sort:
        """Return the order that is asked for."""
        return Sort(self.form.cleaned_data.get("sort") or Sort.NEWEST)

    @cached_property
    def understood(self) -> Understood:
        """Return what each outermost part of the question means, then each parameter."""
        nodes = [*self.form.tree.nodes, *self.form.asked]
        return understand(nodes, self.request.user, self.form.cleaned_data.get("by") or "")

    def surely(self) -> int:
        """Return a number of photos that are surely found, without asking for them; often 0."""
        has_more = self.form.cleaned_data.get("tag") or self.sort_order == Sort.TAKEN
        return 0 if has_more else self.understood.surely

    def gather(self, images: ImageQuerySet) -> ImageQuerySet:
        """Return the same photos in no order, by the way on which all of them are found soonest."""
        return self.narrow(images, self.understood.gathering).order_by()

    def filter_queryset(self, images: ImageQuerySet) -> ImageQuerySet:
        """Return the photos for which everything holds that is asked, in the order asked for."""
        return self.narrow(images, self.understood.conditions)

    def narrow(self, images: ImageQuerySet, conditions: list[Q]) -> ImageQuerySet:
        """Return the photos for which these conditions hold, and the address of a tag if any."""
        values = self.form.cleaned_data
        for condition in conditions:
            images = images.filter(condition)
        if values.get("tag"):
            tags = Tag.objects.usable().at_address(values["tag"])
            images = photos_showing(images, list(tags), voice=values.get("by") or "")
        if self.sort_order == Sort.TAKEN:
            # Where nobody may know the moment, the place in the list must not tell it either.
            images = images.filter(known_moment(self.request.user))
        return in_order(images, self.sort_order)


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

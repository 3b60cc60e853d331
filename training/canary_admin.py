"""Canaries in the admin: moderators choose them, and every later version has to pass them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gallery.models import User
from gallery.moderation import ForModerators, is_moderator
from tagging.models import Tag
from training.models import Canary

if TYPE_CHECKING:
    CanaryModelAdmin = admin.ModelAdmin[Canary]
    CanaryModelForm = forms.ModelForm[Canary]
else:
    CanaryModelAdmin = admin.ModelAdmin
    CanaryModelForm = forms.ModelForm


class CanaryForm(CanaryModelForm):
    """A photo, a tag, and whether it has to be shown or must never be."""

    is_expected = forms.TypedChoiceField(
        label="The network",
        coerce=lambda value: value == "True",
        choices=[("True", "has to show it"), ("False", "must never show it")],
        initial="True",
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Canary
        fields = ("image", "tag", "is_expected", "note")
        labels: ClassVar = {"image": "Photo"}
        help_texts: ClassVar = {"image": "Its number, as in the address of its page."}

    def clean(self) -> dict[str, Any]:
        """Refuse what no version could ever fulfil."""
        told = super().clean() or {}
        tag = told.get("tag")
        if isinstance(tag, Tag):
            if tag.alias_of is not None:
                self.add_error("tag", f"This is another name for {tag.alias_of}; choose that.")
            elif tag.is_blocked:
                self.add_error("tag", f"{tag} is blocked, so that it is never shown anyway.")
            elif tag.never_show and told.get("is_expected"):
                self.add_error("tag", f"No machine may say {tag}, so that none can be made to.")
        return told


class CanaryAdmin(ForModerators, CanaryModelAdmin):
    """Photos that guard a tag. One that fails refuses a version, whatever its figures."""

    form = CanaryForm
    list_display = ("pk", "thumbnail", "tag", "expectation", "note", "created_by", "created_at")
    list_display_links = ("pk", "thumbnail")
    list_filter = ("is_expected",)
    list_select_related = ("image", "tag", "created_by")
    search_fields = ("tag__name", "note")
    raw_id_fields = ("image",)
    autocomplete_fields = ("tag",)

    class Media:
        css: ClassVar = {"all": ["admin-photos.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether this person moderates."""
        return is_moderator(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Canary | None = None) -> bool:
        """Return whether this person moderates."""
        return is_moderator(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Canary | None = None) -> bool:
        """Return whether this person moderates."""
        return is_moderator(request.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Canary]:
        """Return the newest first."""
        return super().get_queryset(request).order_by("-pk")

    def save_model(
        self, request: HttpRequest, obj: Canary, form: forms.BaseForm, change: bool
    ) -> None:
        """Remember who chose it first."""
        if not change:
            obj.created_by = cast(User, request.user)
        super().save_model(request, obj, form, change)

    @admin.display(description="photo")
    def thumbnail(self, canary: Canary) -> SafeString:
        """Return a small picture for the list; none of a photo in the trash."""
        image = canary.image
        if image.deleted_at is not None:
            return format_html("{}", "in the trash: asleep")
        smallest = image.rendition_url(min(image.rendition_widths, default=0))
        return format_html(
            '<img class="admin-thumbnail" src="{}" alt="{}" loading="lazy">',
            smallest,
            image.alt_text,
        )

    @admin.display(description="the network", ordering="is_expected")
    def expectation(self, canary: Canary) -> str:
        """Return what the canary asks for."""
        return "has to show it" if canary.is_expected else "must never show it"

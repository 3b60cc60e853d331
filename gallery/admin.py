"""Moderating people and photos. What the machine computed is shown and never edited."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from gallery.conversation_admin import CommentAdmin
from gallery.leaving_admin import LeavingForPeople
from gallery.models import Image, User
from gallery.sample_admin import SampleRemoval
from gallery.services.images import hide_images, restore_images
from gallery.sharing_admin import AlbumAdmin, ShareLinkAdmin

__all__ = ["AlbumAdmin", "CommentAdmin", "ImageAdmin", "PersonAdmin", "ShareLinkAdmin"]

FILE_FIELDS = (
    *("owner", "created_at", "original_name", "file_format", "width", "height", "byte_size"),
    *("sha256", "dhash", "rendition_widths", "is_sample"),
)


@admin.register(User)
class PersonAdmin(LeavingForPeople, UserAdmin):  # type: ignore[type-arg]
    """People, with the answer they last gave about teaching. Nobody is deleted: people leave."""

    list_display = ("username", "email", "date_joined", "is_active", "is_staff", "offers_photos")
    list_filter = (*UserAdmin.list_filter, "offers_photos")
    date_hierarchy = "date_joined"
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Teaching", {"fields": ("offers_photos",)}))


class HiddenFilter(admin.SimpleListFilter):
    """Hidden by a moderator or not."""

    title = "hidden"
    parameter_name = "hidden"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the two choices."""
        return [("yes", "Hidden"), ("no", "On show")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Image]) -> QuerySet[Image]:
        """Return the photos that fit the choice."""
        if self.value() is None:
            return queryset
        return queryset.filter(hidden_at__isnull=self.value() == "no")


class TrashFilter(admin.SimpleListFilter):
    """Photos that are there, or those that their owners deleted, which are only read."""

    title = "trash"
    parameter_name = "trash"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the one choice beside the usual."""
        return [("in", "In the trash of their owners")]

    def choices(self, changelist: ChangeList) -> Any:
        """Return the links, the default named for what it shows."""
        links = list(super().choices(changelist))
        links[0]["display"] = "Not in the trash"
        return iter(links)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Image]) -> QuerySet[Image]:
        """Return the photos that fit the choice."""
        return queryset.filter(deleted_at__isnull=self.value() != "in")


class ReasonForm(ActionForm):
    """The bar of actions, with room for a reason that the owner will read."""

    reason = forms.CharField(
        required=False,
        max_length=200,
        label="Reason (the owner reads it):",
        widget=forms.TextInput(attrs={"size": 30}),
    )


@admin.register(Image)
class ImageAdmin(SampleRemoval):
    """Photos, to look through and to hide or restore."""

    list_display = (
        "thumbnail",
        "title_or_number",
        "owner",
        "visibility",
        "may_teach",
        "hidden_at",
        "created_at",
    )
    list_display_links = ("thumbnail", "title_or_number")
    list_filter = (
        TrashFilter,
        HiddenFilter,
        "visibility",
        "teaches",
        "is_sample",
        "file_format",
        "created_at",
    )
    list_select_related = ("owner",)
    list_per_page = 50
    search_fields = ("title", "description", "owner__username", "original_name", "sha256")
    date_hierarchy = "created_at"
    actions = ("hide", "restore")
    action_form = ReasonForm
    fieldsets = (
        (None, {"fields": ("large_photo", "title", "description", "visibility", "teaches")}),
        ("Moderation", {"fields": ("hidden_at", "hidden_reason")}),
        ("The file", {"fields": FILE_FIELDS}),
    )
    # Everything but what an owner may edit too. Hiding goes through the actions, which keep a log.
    readonly_fields = ("large_photo", *FILE_FIELDS, "hidden_at", "hidden_reason")

    class Media:
        css: ClassVar = {"all": ["admin-photos.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Image]:
        """Return all photos; the filter of the list leaves out those in the trash."""
        return Image.with_trash.all()

    def has_change_permission(self, request: HttpRequest, obj: Image | None = None) -> bool:
        """Return whether this person may change it; what lies in the trash is only read."""
        may_change = super().has_change_permission(request, obj)
        return may_change and (obj is None or obj.deleted_at is None)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return no: photos come in through the upload, which also makes their files."""
        return False

    def view_on_site(self, image: Image) -> str:
        """Return the photo page."""
        return image.get_absolute_url()

    @admin.display(description="photo")
    def thumbnail(self, image: Image) -> SafeString:
        """Return a small picture for the list; what is in the trash only its owner sees."""
        if image.deleted_at is not None:
            return format_html("deleted {}", localize(localtime(image.deleted_at)))
        smallest = image.rendition_url(min(image.rendition_widths))
        return format_html('<img class="admin-thumbnail" src="{}" alt="" loading="lazy">', smallest)

    @admin.display(description="title", ordering="title")
    def title_or_number(self, image: Image) -> str:
        """Return what the photo is called."""
        return str(image)

    @admin.display(description="teaches", ordering="teaches", boolean=True)
    def may_teach(self, image: Image) -> bool:
        """Return whether the owner offers the photo."""
        return image.teaches

    @admin.display(description="photo")
    def large_photo(self, image: Image) -> SafeString:
        """Return the picture for the page of one photo, linked to its public page."""
        if image.deleted_at is not None:
            return format_html("{}", "In the trash of its owner, who alone can see it.")
        return format_html(
            '<a href="{}"><img class="admin-photo" src="{}" alt="{}"></a>',
            image.get_absolute_url(),
            image.thumbnail_url,
            image.alt_text,
        )

    @admin.action(description="Hide from everybody but the owner", permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        """Hide the chosen photos, with the reason typed beside the action."""
        count = hide_images(
            images=queryset,
            moderator=cast(User, request.user),
            reason=request.POST.get("reason", "").strip()[:200],
        )
        self.message_user(request, f"{count} photos hidden.", messages.SUCCESS)

    @admin.action(description="Restore hidden photos", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        """Show the chosen photos again."""
        count = restore_images(images=queryset, moderator=cast(User, request.user))
        self.message_user(request, f"{count} photos restored.", messages.SUCCESS)

"""What every moderator may read: votes, the history, and imports. The site alone writes them."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from gallery.moderation import OnRecord
from tagging.admin.reverting import revert_page
from tagging.forms import MOMENT
from tagging.models import ClosedWorld, FullyTagged, TagEvent, Vote


class BookAdmin(OnRecord, admin.ModelAdmin):  # type: ignore[type-arg]
    """A table that is written by the site alone and only read here."""

    @admin.display(description="Photo")
    def photo(self, row: Vote | TagEvent | FullyTagged) -> SafeString:
        """Return the name of the row's photo, leading to its page; none of one in the trash."""
        if row.image.deleted_at is not None:
            return format_html("photo {}, in the trash", row.image_id)
        return format_html('<a href="{}">{}</a>', row.image.get_absolute_url(), row.image)


@admin.register(Vote)
class VoteAdmin(BookAdmin):
    """Who said what, and when they changed their mind."""

    list_display = ("person", "value", "tag", "photo", "created_at", "counted_at", "replaced_at")
    list_filter = ("value", ("replaced_at", admin.EmptyFieldListFilter))
    list_select_related = ("person", "tag", "image__owner")
    date_hierarchy = "created_at"
    search_fields = ("person__username", "tag__name")


@admin.register(TagEvent)
class TagEventAdmin(BookAdmin):
    """Every change of a tag: who, what, when, from where."""

    list_display = (
        "created_at",
        "actor",
        "kind",
        "tag",
        "photo",
        "vote",
        "state_before",
        "state_after",
        "source",
        "revert",
    )
    list_filter = ("kind", "source")
    list_select_related = ("actor", "tag", "image__owner")
    date_hierarchy = "created_at"
    search_fields = ("actor__username", "tag__name")

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's addresses and that of the page that reverts a person."""
        address = path(
            "revert/<int:person_id>/",
            self.admin_site.admin_view(revert_page),
            name="tagging_tagevent_revert",
        )
        return [address, *super().get_urls()]

    @admin.display(description="All of theirs")
    def revert(self, event: TagEvent) -> SafeString | str:
        """Return the way to undo everything that the person did from here on."""
        if event.actor_id is None:
            return ""
        address = reverse("admin:tagging_tagevent_revert", args=[event.actor_id])
        start = urlencode({"start": localtime(event.created_at).strftime(MOMENT)})
        return format_html('<a href="{}?{}">undo since then…</a>', address, start)


@admin.register(ClosedWorld)
class ClosedWorldAdmin(BookAdmin):
    """Imports in which every photo was sorted into one of a few tags."""

    list_display = ("name", "tag_count", "photo_count", "created_at")
    fields = ("name", "tag_names", "photo_count", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClosedWorld]:
        """Return worlds with how much they hold."""
        return ClosedWorld.objects.annotate(
            tag_number=Count("tags", distinct=True), photo_number=Count("images", distinct=True)
        )

    @admin.display(description="Tags", ordering="tag_number")
    def tag_count(self, world: ClosedWorld) -> int:
        """Return how many tags the world has."""
        return world.tag_number  # type: ignore[attr-defined,no-any-return]

    @admin.display(description="Photos", ordering="photo_number")
    def photo_count(self, world: ClosedWorld) -> int:
        """Return how many photos were sorted."""
        return world.photo_number  # type: ignore[attr-defined,no-any-return]

    @admin.display(description="Tags")
    def tag_names(self, world: ClosedWorld) -> str:
        """Return the names of its tags, the first hundred of them."""
        return ", ".join(world.tags.values_list("name", flat=True)[:100])


@admin.register(FullyTagged)
class FullyTaggedAdmin(BookAdmin):
    """Photos of which moderators said that nothing on them is unnamed."""

    list_display = ("photo", "by", "marked_at")
    list_select_related = ("by", "image__owner")
    date_hierarchy = "marked_at"
    search_fields = ("image__title", "image__owner__username", "by__username")

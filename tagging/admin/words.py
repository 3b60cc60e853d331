"""The words themselves in the admin: rename, describe, order, merge, block, and undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from gallery.models import User
from gallery.moderation import ForModerators, is_moderator
from gallery.numbers import read_id
from tagging.admin.word_changes import tag_page
from tagging.admin.word_forms import TagForm
from tagging.admin.word_sentences import describe_change, describe_merge
from tagging.models import Tag, TagChange
from tagging.names import normalise_tag_name
from tagging.services.merging import merge_tags, preview_merge
from tagging.services.tags import find_tag
from tagging.services.vocabulary import add_alias, remove_alias
from tagging.services.word_changes import REFUSALS, WordRefused
from tagging.services.word_history import undo_change
from tagging.words import current_hierarchy

if TYPE_CHECKING:
    TagRows = admin.ModelAdmin[Tag]
else:
    TagRows = admin.ModelAdmin

# Of a tag's history on its page; older changes are of no use to anybody who wants to undo one.
CHANGES_SHOWN = 50


class KindFilter(admin.SimpleListFilter):
    """Tags, or other names for them."""

    title = "kind"
    parameter_name = "kind"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Return the two kinds of rows."""
        return [("tags", "Tags"), ("names", "Other names")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen kind."""
        if self.value() not in {"tags", "names"}:
            return queryset
        return queryset.filter(alias_of__isnull=self.value() == "tags")


@admin.register(Tag)
class TagAdmin(ForModerators, TagRows):
    """Every change goes through a service, is on record, and can be undone from the tag's page."""

    form = TagForm
    list_display = ("name", "photos", "means", "is_blocked", "never_show", "created_at")
    list_filter = (KindFilter, "is_blocked", "never_show", "has_own_parents")
    list_select_related = ("alias_of",)
    search_fields = ("name",)
    ordering = ("name",)
    autocomplete_fields = ("parents",)
    fields = (
        *("name", "slug", "description", "has_own_parents", "parents", "stands_below"),
        *("is_blocked", "never_show", "created_by", "created_at"),
    )
    readonly_fields = ("slug", "stands_below", "created_by", "created_at")

    class Media:
        css: ClassVar = {"all": ["words-admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tags come from people using them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Tag | None = None) -> bool:
        """Let every moderator order the words."""
        return is_moderator(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Tag | None = None) -> bool:
        """Deleting would take people's votes along; blocking and merging do not."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        """Return tags with the number of photos people gave them to."""
        return Tag.objects.with_people_counts(cast(User, request.user))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return what is searched for; where a parent is chosen, no other names."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if "autocomplete" in request.path:
            found = found.filter(alias_of=None)
        return found, may_repeat

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's addresses and those of the deeds."""
        deeds: dict[str, Callable[..., HttpResponse]] = {
            "<int:pk>/merge/": self.merge,
            "<int:pk>/names/add/": self.add_name,
            "<int:pk>/names/remove/": self.remove_name,
            "<int:pk>/changes/<int:change_pk>/undo/": self.undo,
        }
        names = ("merge", "add_name", "remove_name", "undo")
        wrap = self.admin_site.admin_view
        return [
            *(
                path(route, wrap(deed), name=f"tagging_tag_{name}")
                for (route, deed), name in zip(deeds.items(), names, strict=True)
            ),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the form with names and history below it, or say why a change is refused.

        Another name has no form of its own: its page is that of the tag.
        """
        number = read_id(object_id or "")
        tag = Tag.objects.with_meaning().filter(pk=number).first() if number else None
        if tag is not None and tag.alias_of is not None:
            text = f"“{tag.name}” is another name for “{tag.alias_of.name}”."
            self.message_user(request, text, messages.INFO)
            return redirect(tag_page(tag.alias_of))
        context = {"history": _history(tag) if tag else [], **(extra_context or {})}
        try:
            with transaction.atomic():
                return super().changeform_view(request, object_id, form_url, context)
        except REFUSALS as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        """Hand what was changed to the services."""
        form.apply(cast(User, request.user))

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Tag:
        """Return the tag as it is: services write it."""
        return cast(Tag, form.instance)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: a service has written the parents."""

    def merge(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask which tag to merge into, say what would move, and do it when that is confirmed."""
        tag = self._tag_or_refuse(request, pk)
        name = (request.POST or request.GET).get("into", "")
        context: dict[str, Any] = {"tag": tag, "name": name}
        try:
            if name:
                into = _named_tag(name)
                context |= {"into": into, "preview": preview_merge(tag=tag, into=into)}
                if request.method == "POST":
                    change = merge_tags(moderator=_moderator(request), tag=tag, into=into)
                    self.message_user(request, describe_merge(change), messages.SUCCESS)
                    return redirect(tag_page(cast(Tag, change.other)))
        except REFUSALS as refusal:
            context |= {"problem": str(refusal), "preview": None}
        context |= {**self.admin_site.each_context(request), "title": f"Merge “{tag.name}”"}
        context |= {"opts": self.opts}
        status = 400 if "problem" in context else 200
        return render(request, "admin/tagging/tag/merge.html", context, status=status)

    def add_name(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let a further name mean the tag."""

        def add(tag: Tag) -> str:
            change = add_alias(
                moderator=_moderator(request), tag=tag, name=request.POST.get("name", "")
            )
            return f"“{change.after['name']}” now means “{tag.name}”."

        return self._do(request, pk, add)

    def remove_name(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let a name mean the tag no longer."""

        def remove(tag: Tag) -> str:
            name = request.POST.get("name", "")
            remove_alias(moderator=_moderator(request), tag=tag, name=name)
            return f"“{name}” no longer means “{tag.name}”."

        return self._do(request, pk, remove)

    def undo(self, request: HttpRequest, pk: int, change_pk: int) -> HttpResponse:
        """Take one change back, and say what could not be given back."""
        change = get_object_or_404(TagChange.objects.select_related("tag", "other"), pk=change_pk)

        def undo(_tag: Tag) -> str:
            remarks = undo_change(moderator=_moderator(request), change=change)
            return " ".join([f"Undone: {describe_change(change)}", *remarks])

        return self._do(request, pk, undo)

    def _do(self, request: HttpRequest, pk: int, deed: Callable[[Tag], str]) -> HttpResponse:
        """Do it, tell how it went, and return to the tag."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        tag = self._tag_or_refuse(request, pk)
        try:
            self.message_user(request, deed(tag), messages.SUCCESS)
        except REFUSALS as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return redirect(tag_page(tag))

    def _tag_or_refuse(self, request: HttpRequest, pk: int) -> Tag:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(Tag, pk=pk)

    @admin.display(description="Photos", ordering="by_people")
    def photos(self, tag: Tag) -> int:
        """Return how many photos carry the tag by people."""
        return tag.by_people

    @admin.display(description="Means", ordering="alias_of__name")
    def means(self, tag: Tag) -> str:
        """Return the tag that another name leads to."""
        return f"→ {tag.alias_of.name}" if tag.alias_of else ""

    @admin.display(description="Stands below")
    def stands_below(self, tag: Tag) -> SafeString | str:
        """Return what is above the tag now, whether moderators said so or the first day's words."""
        hierarchy = current_hierarchy()
        above = sorted(hierarchy.ancestors(tag.name))
        source = "as set here" if tag.has_own_parents else "by the first day's words"
        if not above:
            return f"nothing ({source})"
        names = format_html_join(", ", "{}", ((name,) for name in above))
        return format_html("{} ({})", names, source)


def _moderator(request: HttpRequest) -> User:
    return cast(User, request.user)


def _named_tag(name: str) -> Tag:
    """Return the tag that a typed name means; raises what is wrong with it."""
    tag = find_tag(normalise_tag_name(name))
    if tag is None:
        raise WordRefused(f"There is no tag “{name}”. To call this one so, rename it.")
    return tag


def _history(tag: Tag) -> list[dict[str, Any]]:
    """Return what was done to the tag, the newest first, in sentences."""
    of_tag = TagChange.objects.filter(tag=tag) | TagChange.objects.filter(other=tag)
    changes = of_tag.select_related("tag", "other", "actor", "undone_by").defer("moved")
    return [
        {"change": change, "sentence": describe_change(change)}
        for change in changes.order_by("-pk")[:CHANGES_SHOWN]
    ]

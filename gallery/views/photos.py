"""Pages of photos: find, check, call, answer."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gallery.access import (
    keep_as_private_as,
    own_image_or_404,
    viewer_of,
    visible_image_or_404,
)
from gallery.forms import EditForm
from gallery.models import Image, User
from gallery.paging import page_of_photos
from gallery.services.images import update_image
from gallery.services.trash import trash_images
from gallery.views.trash import offer_undo, own_trashed_image_or_404, trashed_page_or_404


@require_safe
def stream(request: HttpRequest) -> HttpResponse:
    """The newest photos that everybody may see."""
    page = page_of_photos(request, Image.objects.on_show())
    return render(request, "gallery/stream.html", {"page": page})


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """The eye, where browsers look for it on pages that name no icon, such as the admin."""
    return redirect(static("logo.svg"))


@require_safe
def image(request: HttpRequest, pk: int) -> HttpResponse:
    """One photo, large, with what people and the network say of it."""
    try:
        found = visible_image_or_404(request, pk)
    except Http404:
        return trashed_page_or_404(request, pk)
    return show_image(request, found)


def show_image(request: HttpRequest, found: Image) -> HttpResponse:
    """Return the page of a photo that this request may open, on whatever way."""
    context = {"image": found, "may_edit": found.is_editable_by(viewer_of(request))}
    response = render(request, "gallery/image.html", context)
    return keep_as_private_as(found, response)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change title, description and who may see and learn from a photo."""
    try:
        found = own_image_or_404(request, pk)
    except Http404:
        return words_for_trashed_image(request, pk)
    form = EditForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        update_image(image=found, **form.cleaned_data)
        messages.success(request, _("Your changes are saved."))
        return redirect(found)
    status = 422 if form.is_bound else 200
    return render(request, "gallery/edit.html", {"form": form, "image": found}, status=status)


def words_for_trashed_image(request: HttpRequest, pk: int) -> HttpResponse:
    """Return what was written about a photo that went into the trash meanwhile: no word is lost."""
    if request.method != "POST":
        return trashed_page_or_404(request, pk)
    found = own_trashed_image_or_404(request, pk)
    form = EditForm(request.POST, instance=found)
    form.add_error(None, _("This photo is in your trash by now. Restore it, then save again."))
    return render(request, "gallery/edit.html", {"form": form, "image": found}, status=409)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, then move a photo to the trash; the next page offers to take it back."""
    found = own_image_or_404(request, pk)
    if request.method != "POST":
        return render(request, "gallery/delete.html", {"image": found})
    owner = found.owner
    one = Image.with_trash.filter(pk=found.pk)
    offer_undo(request, one, trash_images(images=one, by=cast(User, request.user)))
    return redirect(owner)

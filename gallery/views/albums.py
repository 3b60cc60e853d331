"""Albums: whose they are, what they are called, who may see them."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from gallery.access import (
    OpenAlbum,
    keep_private,
    open_album_or_404,
    own_album_or_404,
    viewer_of,
)
from gallery.album_lists import page_of_album, places_of, with_loaded_faces
from gallery.models import Album, AlbumMember, AlbumQuerySet, Image, User, Visibility
from gallery.rate import limit_rate
from gallery.selecting import Selection, selection_on
from gallery.services.albums import (
    add_to_album,
    change_album,
    delete_album,
    make_album,
    unshare_album,
)
from gallery.sharing_forms import AlbumForm
from gallery.views.album_answers import telling_refusals
from gallery.views.answering import number_or_404, person_or_404

ALBUMS_ON_PAGE = 24


@login_required
@require_safe
def albums(request: HttpRequest) -> HttpResponse:
    """One's own albums, or with `?shared=1` those that others share with one."""
    person, is_shared = cast(User, request.user), request.GET.get("shared") == "1"
    own, shared = Album.objects.filter(owner=person), Album.objects.shared_with(person)
    context = album_page(request, shared if is_shared else own)
    counts = {"own_count": own.count(), "shared_count": shared.count(), "is_shared": is_shared}
    return render(request, "gallery/albums.html", context | counts)


@require_safe
def albums_of(request: HttpRequest, username: str) -> HttpResponse:
    """The albums of a person that whoever looks may find."""
    person = person_or_404(username)
    found = Album.objects.filter(owner=person).visible_to(viewer_of(request))
    context = album_page(request, found) | {"person": person}
    return render(request, "gallery/albums_of.html", context)


def album_page(request: HttpRequest, found: AlbumQuerySet) -> dict[str, object]:
    """Return a page of albums with cover and count, as whoever looks may see them."""
    viewer = viewer_of(request)
    ready = found.with_photo_counts(viewer).with_faces(viewer).select_related("owner").newest()
    page = Paginator(ready, ALBUMS_ON_PAGE).get_page(request.GET.get("page"))
    return {"page": page, "albums": with_loaded_faces(page.object_list)}


@require_safe
def album(request: HttpRequest, pk: int) -> HttpResponse:
    """One album: what it is about, and its photos in their order."""
    return show_album(request, open_album_or_404(request, pk))


def show_album(request: HttpRequest, opened: OpenAlbum) -> HttpResponse:
    """Return the page of an album, however it was opened."""
    found, viewer = opened.album, opened.viewer
    context = {
        "album": found,
        "page": page_of_album(request, opened),
        "photo_count": places_of(opened).count(),
        "may_edit": found.is_editable_by(viewer),
        "may_add": found.is_fillable_by(viewer),
        "is_member": AlbumMember.objects.filter(album=found, person_id=viewer.pk).exists(),
        "selection": selection_in(request, found),
    }
    response = render(request, "gallery/album.html", context)
    return keep_private(response, is_public=found.visibility == Visibility.PUBLIC)


def selection_in(request: HttpRequest, album: Album) -> Selection | None:
    """Return the selection among one's own photos of an album of one's own, if it is asked for."""
    if viewer_of(request).pk != album.owner_id:
        return None
    return selection_on(request, Image.objects.filter(places__album=album), f"album:{album.pk}")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limit_rate("album", "60/min")
def new(request: HttpRequest) -> HttpResponse:
    """Make an album and go on to choosing photos for it; `?image=` puts one in at once."""
    form, owner = AlbumForm(request.POST or None), cast(User, request.user)
    first = number_or_404(request.GET.get("image", "0"))
    if request.method == "POST" and form.is_valid():
        made = make_album(owner=owner, **form.cleaned_data)
        chosen = Image.objects.filter(owner=owner, pk=first)
        is_filled = add_to_album(album=made, images=chosen, by=owner)
        return redirect(made) if is_filled else redirect("gallery:album_add", made.pk)
    status = 422 if form.is_bound else 200
    return render(request, "gallery/album_form.html", {"form": form}, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@telling_refusals
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what an album is called and who may see it."""
    found = own_album_or_404(request, pk)
    form = AlbumForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        change_album(album=found, **form.cleaned_data)
        messages.success(request, _("Your changes are saved."))
        return redirect(found)
    status = 422 if form.is_bound else 200
    context = {"form": form, "album": found}
    return render(request, "gallery/album_form.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@telling_refusals
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, then delete an album; its photos stay."""
    found = own_album_or_404(request, pk)
    if request.method != "POST":
        return render(request, "gallery/album_delete.html", {"album": found})
    delete_album(album=found)
    messages.success(request, _("The album is deleted. Its photos are still there."))
    return redirect("gallery:albums")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@telling_refusals
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, then end one's own membership."""
    person = cast(User, request.user)
    found = get_object_or_404(Album, pk=pk, members__person=person)
    if request.method != "POST":
        return render(request, "gallery/album_leave.html", {"album": found})
    unshare_album(album=found, person=person)
    messages.success(request, _("You have left the album."))
    return redirect("gallery:albums")

"""Photos in albums: put in, taken out, put in order."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gallery.access import open_album_or_404, own_album_or_404
from gallery.album_lists import page_of_album
from gallery.models import Album, AlbumPhoto, Image, User
from gallery.paging import page_of_photos
from gallery.services.album_order import move_in_album, sort_album, step_in_album
from gallery.services.albums import (
    AlbumRefusal,
    add_to_album,
    added_in_words,
    remove_from_album,
    set_cover,
)
from gallery.views.album_answers import telling_refusals, wants_text
from gallery.views.answering import is_htmx, number_or_404

MENU_SIZE = 12
ARRANGE_SIZE = 60
MOST_AT_ONCE = 1000


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@telling_refusals
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose among one's own photos that are not in the album yet."""
    person, album = cast(User, request.user), open_album_or_404(request, pk).album
    if not album.is_fillable_by(person):
        raise Http404
    if request.method == "POST":
        chosen = [number_or_404(text) for text in request.POST.getlist("image")[:MOST_AT_ONCE]]
        images = Image.objects.filter(owner=person, pk__in=chosen).order_by("-created_at")
        number = add_to_album(album=album, images=images, by=person)
        messages.success(request, added_in_words(number, album))
        return redirect(album)
    taken = AlbumPhoto.objects.filter(album=album).values("image_id")
    photos = Image.objects.filter(owner=person).exclude(pk__in=taken)
    context = {"album": album, "page": page_of_photos(request, photos)}
    return render(request, "gallery/album_add.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def albums_of_photo(request: HttpRequest, pk: int) -> HttpResponse:
    """The albums one may put this photo of one's own into; each takes it in or gives it back."""
    person = cast(User, request.user)
    image = get_object_or_404(Image, pk=pk, owner=person)
    problem = said = ""
    if request.method == "POST":
        try:
            said = put_or_take(request, image, person)
        except (Http404, AlbumRefusal) as refusal:
            problem = str(refusal) or _("This album is gone. Please choose another one.")
    if said and not is_htmx(request):
        messages.success(request, said)
        return redirect(image)
    context = menu_of_albums(image, person, whole=not is_htmx(request))
    context |= {"said": said, "problem": problem}
    template = "_album_menu.html" if is_htmx(request) else "choose_album.html"
    return render(request, f"gallery/{template}", context, status=422 if problem else 200)


def put_or_take(request: HttpRequest, image: Image, person: User) -> str:
    """Add the photo to the album of the form, or remove it; return what was done, in words."""
    number = number_or_404(request.POST.get("album", ""))
    album = Album.objects.fillable_by(person).filter(pk=number).first()
    if album is None:
        raise Http404(_("This album is gone. Please choose another one."))
    if request.POST.get("do") == "remove":
        remove_from_album(album=album, images=[image], by=person)
        return _("Taken out of “%(album)s”.") % {"album": album.title}
    return added_in_words(add_to_album(album=album, images=[image], by=person), album)


def menu_of_albums(image: Image, person: User, *, whole: bool) -> dict[str, object]:
    """Return the albums to choose from, the newest first, and which of them have the photo."""
    albums = Album.objects.fillable_by(person).newest()
    there = AlbumPhoto.objects.filter(image=image).values_list("album_id", flat=True)
    return {
        "image": image,
        "albums": albums if whole else albums[:MENU_SIZE],
        "there": set(there),
        "has_more": not whole and albums.count() > MENU_SIZE,
    }


@login_required
@require_POST
@telling_refusals
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one photo out of the album."""
    person, album = cast(User, request.user), open_album_or_404(request, pk).album
    number = number_or_404(request.POST.get("image", ""))
    images = Image.objects.filter(pk=number)
    remove_from_album(album=album, images=images, by=person)
    return done(request, album, _("The photo is out of the album. It is still among your photos."))


@login_required
@require_POST
@telling_refusals
def cover(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a photo the cover of the album."""
    album = own_album_or_404(request, pk)
    image = Image.objects.filter(pk=number_or_404(request.POST.get("image", ""))).first()
    if image is None:
        raise AlbumRefusal(_("This photo is not in the album any more."), "not_in_album")
    set_cover(album=album, image=image)
    return done(request, album, _("That is the cover now."))


@login_required
@require_safe
@telling_refusals
def arrange(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the photos of an album in order, by dragging or with buttons."""
    album = own_album_or_404(request, pk)
    page = page_of_album(request, open_album_or_404(request, pk), size=ARRANGE_SIZE)
    return render(request, "gallery/album_arrange.html", {"album": album, "page": page})


@login_required
@require_POST
@telling_refusals
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Move a photo: a step `earlier` or `later`, or directly `before` or `after` another one."""
    person, album = cast(User, request.user), own_album_or_404(request, pk)
    image_id, to = number_or_404(request.POST.get("image", "")), request.POST.get("to", "")
    if to in {"earlier", "later"}:
        step_in_album(album=album, image_id=image_id, is_later=to == "later", by=person)
    elif to in {"before", "after"}:
        beside = number_or_404(request.POST.get("beside", ""))
        move_in_album(album=album, image_id=image_id, beside_id=beside, is_after=to == "after")
    else:
        raise AlbumRefusal(_("A photo can go earlier, later, before or after another."), "where")
    return done(request, album, "", f"#photo-{image_id}")


@login_required
@require_POST
@telling_refusals
def sort(request: HttpRequest, pk: int) -> HttpResponse:
    """Sort the whole album by when the photos were taken."""
    album = own_album_or_404(request, pk)
    sort_album(album=album, newest_first=request.POST.get("order") == "newest")
    return done(request, album, _("Sorted by when the photos were taken."))


def done(request: HttpRequest, album: Album, said: str, place: str = "") -> HttpResponse:
    """Return nothing for a script, otherwise the way back to the page that was acted on."""
    if wants_text(request):
        return HttpResponse(status=204)
    if said:
        messages.success(request, said)
    if not album.is_editable_by(cast(User, request.user)):
        return redirect(album)
    here = {"after": request.POST["here"]} if request.POST.get("here") else None
    return redirect(reverse("gallery:album_arrange", args=[album.pk], query=here) + place)

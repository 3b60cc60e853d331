"""Pages of photos: find, check, call, answer."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_http_methods, require_safe

from gallery.answers import answer_in_json, answer_in_page, wants_json
from gallery.forms import EditForm, UploadForm
from gallery.models import Image, Notice, User, Viewer
from gallery.notices import mark_read
from gallery.paging import page_of_photos
from gallery.services import delete_image, store_uploads, update_image

NOTICES_ON_PAGE = 30


def viewer_of(request: HttpRequest) -> Viewer:
    """Return who is looking: a person, or nobody in particular."""
    return request.user


def visible_image_or_404(request: HttpRequest, pk: int) -> Image:
    """Return the photo; one that this person may not see does not exist for them."""
    return get_object_or_404(Image.objects.visible_to(viewer_of(request)).with_owner(), pk=pk)


def own_image_or_404(request: HttpRequest, pk: int) -> Image:
    """Return the photo if this person may change it; anybody else learns nothing."""
    found = visible_image_or_404(request, pk)
    if not found.is_editable_by(viewer_of(request)):
        raise Http404
    return found


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
    found = visible_image_or_404(request, pk)
    context = {"image": found, "may_edit": found.is_editable_by(viewer_of(request))}
    return render(request, "gallery/image.html", context)


@require_safe
def profile(request: HttpRequest, username: str) -> HttpResponse:
    """One person's photos: for themselves and moderators all, for others the public ones."""
    if "\x00" in username:  # PostgreSQL cannot even be asked for it.
        raise Http404
    person = get_object_or_404(User, username=username, is_active=True)
    photos = Image.objects.filter(owner=person).visible_to(viewer_of(request))
    context = {
        "person": person,
        "page": page_of_photos(request, photos),
        "photo_count": photos.count(),
        "is_self": person == request.user,
    }
    return render(request, "gallery/profile.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Take one photo or many; a script sends them one by one and reads JSON."""
    uploader = cast(User, request.user)
    if request.method != "POST":
        form = UploadForm(uploader=uploader)
        return render(request, "gallery/upload.html", {"form": form})
    form = UploadForm(request.POST, request.FILES, uploader=uploader)
    outcomes = []
    if form.is_valid():
        outcomes = store_uploads(
            owner=uploader,
            files=form.files_to_store,
            visibility=form.cleaned_data["visibility"],
            teaches=form.cleaned_data["teaches"],
        )
    answer = answer_in_json if wants_json(request) else answer_in_page
    return answer(request, form, outcomes)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change title, description and who may see and learn from a photo."""
    found = own_image_or_404(request, pk)
    form = EditForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        update_image(image=found, **form.cleaned_data)
        messages.success(request, "Your changes are saved.")
        return redirect(found)
    status = 422 if form.is_bound else 200
    return render(request, "gallery/edit.html", {"form": form, "image": found}, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, then delete a photo with everything that hangs on it."""
    found = own_image_or_404(request, pk)
    if request.method != "POST":
        return render(request, "gallery/delete.html", {"image": found})
    owner = found.owner
    delete_image(image=found)
    messages.success(request, "The photo is deleted.")
    return redirect(owner)


@login_required
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """What the person was told, the newest first; opening the page counts as reading."""
    person = cast(User, request.user)
    told = Paginator(Notice.objects.filter(person=person), NOTICES_ON_PAGE)
    page = told.get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)  # Read before they are marked: new ones stand out.
    if request.method == "GET" and person.unread_notices:
        mark_read(person=person)
    return render(request, "gallery/notices.html", {"page": page})

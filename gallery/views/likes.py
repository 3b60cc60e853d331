"""Who likes what."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from gallery.access import keep_as_private_as, viewer_of, visible_image_or_404
from gallery.models import Image, Like, User
from gallery.paging import PAGE_SIZE
from gallery.rate import limit_rate
from gallery.services.conversation import like_image, unlike_image
from gallery.views.answering import ask_to_log_in, is_htmx, page_of_people, page_of_rows


@require_POST
@limit_rate("like", "120/min")
def like(request: HttpRequest, pk: int) -> HttpResponse:
    """Like a photo or take it back. The form says which, so that a double click is one."""
    image = visible_image_or_404(request, pk)
    if not request.user.is_authenticated:
        return ask_to_log_in(request, image.get_absolute_url())
    is_liked = request.POST.get("liked") != "no"
    try:
        (like_image if is_liked else unlike_image)(person=request.user, image=image)
    except Image.DoesNotExist as error:
        raise Http404 from error
    if not is_htmx(request):
        return redirect(image)
    image.refresh_from_db(fields=["like_count"])
    context = {"image": image, "is_liked": is_liked, "has_acted": True}
    return render(request, "gallery/_like.html", context)


@require_safe
def likes(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody who likes a photo, the latest first."""
    image = visible_image_or_404(request, pk)
    found = Like.objects.filter(image=image, person__is_active=True).select_related("person")
    people = page_of_people(request, found, "person")
    page = render(request, "gallery/likes.html", {"image": image, "people": people})
    return keep_as_private_as(image, page)


@login_required
@require_safe
def liked(request: HttpRequest) -> HttpResponse:
    """The photos that the person likes and may still see, the latest like first."""
    # Asked of each like: as a list, SQLite would write down every photo of the site first.
    seen = Exists(Image.objects.visible_to(viewer_of(request)).filter(pk=OuterRef("image_id")))
    rows = Like.objects.filter(seen, person=cast(User, request.user)).select_related("image__owner")
    images, older_url = page_of_rows(request, rows, "image", size=PAGE_SIZE)
    return render(request, "gallery/liked.html", {"images": images, "older_url": older_url})

"""Pages to read: all tags, one tag, search, and the tags of one photo."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from gallery.access import keep_as_private_as, viewer_of, visible_image_or_404
from gallery.models import Image
from gallery.paging import page_of_photos
from gallery.views.answering import is_htmx
from tagging.knowledge import knowledge_of
from tagging.models import Tag
from tagging.names import TagNameError, normalise_tag_name
from tagging.panel import Look, read_panel
from tagging.searching import Voice, photo_counts, photos_showing
from tagging.word_places import place_of

TAGS_PER_PAGE = 120
COMPLETIONS = 8


@require_GET
def tags(request: HttpRequest) -> HttpResponse:
    """Every tag with photos that everybody may see, popular ones first.

    On a site where nothing was counted yet, those with photos that this person may see.
    """
    counted = Tag.objects.usable().with_public_counts().with_photos()
    if not counted.exists():
        counted = Tag.objects.usable().with_photo_counts(viewer_of(request)).with_photos()
    page = Paginator(counted.popular_first(), TAGS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "tagging/tags.html", {"page": page})


@require_GET
def tag(request: HttpRequest, slug: str) -> HttpResponse:
    """One tag: its photos by people or by the network, and how far it is from being learnt."""
    viewer = viewer_of(request)
    if "\x00" in slug:  # PostgreSQL cannot even be asked for it.
        raise Http404
    known = Tag.objects.filter(alias_of=None) if viewer.is_staff else Tag.objects.usable()
    found = get_object_or_404(known.at_address(slug))
    if found.slug != slug:
        # Another name may be taken away again, so that browsers must not learn this by heart.
        return redirect(found)
    counts = photo_counts(found, viewer)
    default = Voice.PEOPLE if counts.by_people or not counts.by_network else Voice.NETWORK
    voice = request.GET.get("by", default)
    if voice not in {Voice.PEOPLE, Voice.NETWORK}:
        voice = default
    photos = photos_showing(Image.objects.visible_to(viewer), [found], voice=voice)
    context = {
        "tag": found,
        "counts": counts,
        "voice": voice,
        "page": page_of_photos(request, photos),
        "knowledge": knowledge_of(found, viewer),
        "place": place_of(found, viewer),
    }
    return render(request, "tagging/tag.html", context)


@require_GET
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """The tags of one photo: a fragment for a waiting page, a page of its own without htmx."""
    image = visible_image_or_404(request, pk)
    number = request.GET.get("look", "0")
    if not (number.isascii() and number.isdigit() and len(number) < 4):
        raise Http404
    context = {
        "panel": read_panel(image=image, viewer=viewer_of(request)),
        "image": image,
        "look": Look(int(number)),
    }
    name = "tagging/_network_answer.html" if is_htmx(request) else "tagging/panel.html"
    return keep_as_private_as(image, render(request, name, context))


@require_GET
def autocomplete(request: HttpRequest) -> HttpResponse:
    """Options for the list under the input: tags that begin with what is typed."""
    try:
        typed = normalise_tag_name(request.GET.get("q") or request.GET.get("name", ""))
    except TagNameError:
        return HttpResponse("")
    tags = Tag.objects.completing(typed, viewer_of(request))[:COMPLETIONS]
    return render(request, "tagging/_options.html", {"tags": tags})

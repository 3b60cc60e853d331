"""What people write below a photo. Every deed is a plain form; htmx only spares the reload."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gallery.access import (
    keep_as_private_as,
    own_image_or_404,
    viewer_of,
    visible_image_or_404,
)
from gallery.conversing import conversation_below, line_of
from gallery.models import Comment, Image
from gallery.numbers import read_id
from gallery.people_forms import CommentForm
from gallery.services.conversation import (
    CommentRefused,
    TooManyComments,
    address_of,
    delete_comment,
    edit_comment,
    write_comment,
)
from gallery.services.images import update_image
from gallery.views.answering import ask_to_log_in, is_htmx


@require_http_methods(["GET", "HEAD", "POST"])
def comments(request: HttpRequest, pk: int) -> HttpResponse:
    """The conversation below a photo, a page at a time; a form sends a new comment here."""
    image = visible_image_or_404(request, pk)
    if request.method != "POST":
        before = read_id(request.GET.get("before", "")) or 0
        context = conversation_below(request, image, before=before)
        return keep_as_private_as(image, render(request, "gallery/comments.html", context))
    if not request.user.is_authenticated:
        return ask_to_log_in(request, image.get_absolute_url())
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _answer(request, image, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        text = form.cleaned_data["text"]
        comment = write_comment(author=request.user, image=image, text=text)
    except CommentRefused as refusal:
        form.add_error("text", str(refusal))
        return _answer(request, image, form, _status_of(refusal))
    except Image.DoesNotExist:
        return _gone(request, form.data["text"], "")
    if not is_htmx(request):
        return redirect(address_of(comment))
    return _answer(request, image, None, HTTPStatus.OK, said=_("Your comment is there."))


@require_safe
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """One comment as a fragment, for whoever stops editing it; without htmx its place."""
    found = get_object_or_404(Comment.objects.select_related("author"), pk=pk)
    found.image = visible_image_or_404(request, found.image_id)
    if not is_htmx(request):
        return redirect(address_of(found))
    return _show_line(request, found)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one's own words. Where another tab has deleted them, they are given back."""
    found = Comment.objects.select_related("author").filter(pk=pk).first()
    if found is None:
        return _gone(request, request.POST.get("text", ""), _("This comment has been deleted."))
    found.image = visible_image_or_404(request, found.image_id)
    if not found.is_editable_by(viewer_of(request)):
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = CommentForm(data, initial={"text": found.text})
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        template = "_comment_edit.html" if is_htmx(request) else "comment_edit.html"
        context = {"comment": found, "image": found.image, "form": form}
        return render(request, f"gallery/{template}", context, status=status)
    try:
        edited = edit_comment(comment=found, text=form.cleaned_data["text"])
    except Comment.DoesNotExist:
        return _gone(request, form.data["text"], _("This comment has been deleted."))
    found.text, found.edited_at = edited.text, edited.edited_at
    return _show_line(request, found) if is_htmx(request) else redirect(address_of(found))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, then delete a comment: the author's, or any below one's own photo."""
    found = get_object_or_404(Comment.objects.select_related("author"), pk=pk)
    found.image = visible_image_or_404(request, found.image_id)
    if not found.is_deletable_by(viewer_of(request)):
        raise Http404
    if request.method != "POST":
        context = {"comment": found, "image": found.image}
        return render(request, "gallery/comment_delete.html", context)
    delete_comment(comment=found)
    if not is_htmx(request):
        return redirect(f"{found.image.get_absolute_url()}#conversation")
    found.image.refresh_from_db(fields=["comment_count"])
    return _answer(request, found.image, None, HTTPStatus.OK, said=_("The comment is deleted."))


@login_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the comments below one's own photo, or open them again; the form says which."""
    image = own_image_or_404(request, pk)
    update_image(image=image, comments_open=request.POST.get("open") == "yes")
    if not is_htmx(request):
        return redirect(f"{image.get_absolute_url()}#conversation")
    said = _("Comments are open.") if image.comments_open else _("Comments are closed.")
    return _answer(request, image, None, HTTPStatus.OK, said=said)


def _answer(
    request: HttpRequest, image: Image, form: CommentForm | None, status: int, *, said: str = ""
) -> HttpResponse:
    """Return the conversation as it is now: a fragment for htmx, else a page."""
    image.refresh_from_db(fields=["comment_count", "comments_open", "hidden_at"])
    context = {**conversation_below(request, image, form=form), "said": said}
    template = "_conversation.html" if is_htmx(request) else "comments.html"
    return render(request, f"gallery/{template}", context, status=status)


def _show_line(request: HttpRequest, found: Comment) -> HttpResponse:
    line = line_of(found, viewer_of(request))
    context = {"line": line, "image": found.image, "has_focus": True}
    return render(request, "gallery/_comment.html", context)


def _gone(request: HttpRequest, text: str, problem: str) -> HttpResponse:
    """Return that there is nothing to write to any more, with the words, so that none is lost."""
    template = "_comment_gone.html" if is_htmx(request) else "comment_gone.html"
    context = {"text": text, "problem": problem or _("This photo has been deleted.")}
    return render(request, f"gallery/{template}", context, status=HTTPStatus.NOT_FOUND)


def _status_of(refusal: CommentRefused) -> int:
    if isinstance(refusal, TooManyComments):
        return HTTPStatus.TOO_MANY_REQUESTS
    return HTTPStatus.CONFLICT

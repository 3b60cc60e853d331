"""The review page: one question at a time, or a grid of one tag. Plain forms first."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from gallery.models import User
from gallery.views.answering import is_htmx, number_or_404
from tagging.models import Tag
from tagging.names import TagNameError
from tagging.reviewing.deeds import day_of, last_deed
from tagging.reviewing.waiting import tags_waiting
from tagging.services.review import (
    GridDeed,
    NotYourQuestion,
    QuestionLapsed,
    answer_grid,
    answer_question,
    name_photo,
    undo_last_answer,
)
from tagging.services.review_questions import grid_questions, open_questions
from tagging.services.tags import TagBlockedError
from tagging.services.votes import NothingToUndoError


@login_required
@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """Ask the next question, about anything or about one tag."""
    return render(request, "tagging/review.html", question_context(request, scope_of(request)))


@login_required
@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """Take a yes, a no or a not sure."""
    person, tag = cast(User, request.user), scope_of(request)
    task_id = number_or_404(request.POST.get("task", ""))
    try:
        answer_question(person=person, task_id=task_id, value=request.POST.get("value", ""))
    except NotYourQuestion as error:
        raise Http404 from error
    except QuestionLapsed as lapsed:
        return go_on(request, tag, said=str(lapsed))
    except ValueError as error:
        return go_on(request, tag, problem=str(error))
    return go_on(request, tag)


@login_required
@require_POST
def name(request: HttpRequest) -> HttpResponse:
    """Take the word for a photo that is like nothing the network has learnt."""
    person, tag, word = cast(User, request.user), scope_of(request), request.POST.get("name", "")
    task_id = number_or_404(request.POST.get("task", ""))
    try:
        row = name_photo(person=person, task_id=task_id, name=word)
    except NotYourQuestion as error:
        raise Http404 from error
    except QuestionLapsed as lapsed:
        return go_on(request, tag, said=str(lapsed))
    except (TagNameError, TagBlockedError) as error:
        return go_on(request, tag, problem=str(error), typed=word)
    except ValueError as error:
        return go_on(request, tag, problem=str(error))
    return go_on(
        request, tag, said=_("You named it “%(tag)s”.") % {"tag": row.tag.name} if row else ""
    )


@login_required
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take the last answer back and ask again; a whole grid where it was one."""
    person, tag = cast(User, request.user), scope_of(request)
    in_grid = request.POST.get("from") == "grid" and tag is not None
    try:
        reopened = undo_last_answer(person=person, tag=tag)
    except NothingToUndoError as error:
        if in_grid:
            messages.warning(request, str(error))
            return redirect(address_of("tagging:review_grid", tag))
        return go_on(request, tag, said=str(error))
    if in_grid or len(reopened) > 1:
        told = _("Undone: %(answers)d answers are open again.") % {"answers": len(reopened)}
        messages.success(request, told)
        back = redirect(address_of("tagging:review_grid", tag or reopened[0].tag))
        return HttpResponseClientRedirect(back.url) if is_htmx(request) else back
    return go_on(request, tag, said=_("Undone. What do you say now?"))


@login_required
@require_safe
def grid(request: HttpRequest) -> HttpResponse:
    """Show a screen of photos of one tag, or the tags to choose from."""
    person, tag = cast(User, request.user), scope_of(request)
    if tag is None:
        context: dict[str, Any] = {"waiting": tags_waiting(person), "day": day_of(person)}
        return render(request, "tagging/review_tags.html", context)
    context = {
        "tag": tag,
        "tasks": grid_questions(person=person, tag=tag),
        "day": day_of(person),
        "last": last_deed(person, tag),
    }
    return render(request, "tagging/review_grid.html", context)


@login_required
@require_POST
def answer_whole_grid(request: HttpRequest) -> HttpResponse:
    """Take a grid: a no for what was selected, a yes for the rest."""
    person, tag = cast(User, request.user), scope_of(request)
    shown = [number_or_404(text) for text in request.POST.getlist("task")]
    refused = [number_or_404(text) for text in request.POST.getlist("refused")]
    try:
        deed = answer_grid(person=person, task_ids=shown, refused_ids=refused)
    except NotYourQuestion as error:
        raise Http404 from error
    messages.success(request, words_for_grid(deed))
    return redirect(address_of("tagging:review_grid", tag))


def words_for_grid(deed: GridDeed) -> str:
    """Return what to tell a person who answered a grid."""
    told = {"yes": deed.answered - deed.refused, "no": deed.refused, "passed": deed.passed}
    said = _("%(yes)d yes, %(no)d no.") % told
    if not deed.passed:
        return said
    passed = _("Passed over, because they were answered or are gone: %(passed)d.") % told
    return f"{said} {passed}"


def scope_of(request: HttpRequest) -> Tag | None:
    """Return the tag that `?tag=` or the form confines the page to; another name leads to it.

    An address that names no usable tag is not found. A form that was sent while its tag was
    blocked goes on with any tag: the question itself is what the person is told about.
    """
    slug = request.POST.get("tag", "") or request.GET.get("tag", "")
    if not slug:
        return None
    # PostgreSQL cannot even be asked for a null byte.
    tags = Tag.objects.select_related("alias_of").filter(slug=slug.replace("\x00", "-"))
    found = tags.first()
    tag = found and (found.alias_of or found)
    if tag is not None and not tag.is_blocked:
        return tag
    if request.method == "POST":
        return None
    raise Http404


def address_of(view: str, tag: Tag | None) -> str:
    """Return the address of a page of this room, confined to a tag where there is one."""
    return reverse(view, query={"tag": tag.slug} if tag else None)


def go_on(
    request: HttpRequest, tag: Tag | None, *, said: str = "", problem: str = "", typed: str = ""
) -> HttpResponse:
    """Return the next question: the part of the page that the script asked for, or the way there.

    A problem is told on the page itself, with what was typed still in the field.
    """
    if not (is_htmx(request) or problem):
        if said:
            messages.info(request, said)
        return redirect(address_of("tagging:review", tag))
    context = question_context(request, tag) | {"said": said, "problem": problem, "typed": typed}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    name = "tagging/_review.html" if is_htmx(request) else "tagging/review.html"
    return render(request, name, context, status=status)


def question_context(request: HttpRequest, tag: Tag | None) -> dict[str, Any]:
    """Return what the page of single questions prints."""
    person = cast(User, request.user)
    return {
        "tag": tag,
        "tasks": open_questions(person=person, tag=tag),
        "day": day_of(person),
        "last": last_deed(person, tag),
    }

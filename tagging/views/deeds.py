"""What people do to tags. Every deed is a plain form; htmx only spares the reload."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from gallery.access import viewer_of, visible_image_or_404
from gallery.models import Image
from gallery.moderation import require_moderator
from gallery.views.answering import ask_to_log_in, is_htmx
from tagging.forms import WITHDRAW, DecisionForm, VoteForm
from tagging.models import EventKind, ImageTag, Tag, TagEvent, TagState, VoteValue
from tagging.names import TagNameError
from tagging.panel import FIRST_LOOK, describe_event, read_panel
from tagging.presets import current_policy
from tagging.services.curation import DECIDING, decide_on_pair
from tagging.services.marks import MARKING, mark_fully_tagged, unmark_fully_tagged
from tagging.services.objections import SENTENCES, Objection, may_decide
from tagging.services.tags import TagBlockedError
from tagging.services.votes import (
    NothingToUndoError,
    add_tag,
    cast_vote,
    undo_event,
    withdraw_vote,
)

UNREADABLE = gettext_lazy("This form came in incomplete. Please reload the page and try again.")


@require_POST
def vote(request: HttpRequest, pk: int) -> HttpResponse:
    """Say yes, no or not sure to a tag on a photo, or take one's word back."""
    image = visible_image_or_404(request, pk)
    if not request.user.is_authenticated:
        return ask_to_log_in(request, image.get_absolute_url())
    form = VoteForm(request.POST)
    if not form.is_valid():
        return answer(request, image, problem=str(UNREADABLE))
    person, tag = request.user, form.cleaned_data["tag"]
    try:
        if form.cleaned_data["value"] == WITHDRAW:
            event = withdraw_vote(person=person, image=image, tag=tag)
        else:
            value = form.cleaned_data["value"]
            event = cast_vote(person=person, image=image, tag=tag, value=value)
    except TagBlockedError as error:
        return answer(request, image, problem=str(error))
    except Image.DoesNotExist as error:
        raise Http404 from error
    return answer(request, image, said=words_for(event))


@require_POST
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the photo a tag in one's own words."""
    image = visible_image_or_404(request, pk)
    if not request.user.is_authenticated:
        return ask_to_log_in(request, image.get_absolute_url())
    name = request.POST.get("name", "")
    try:
        row = add_tag(person=request.user, image=image, name=name)
    except (TagNameError, TagBlockedError) as error:
        return answer(request, image, problem=str(error), typed=name)
    except Image.DoesNotExist as error:
        raise Http404 from error
    return answer(request, image, said=words_for_added(row), focus="add")


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, reject or reopen a tag, as a moderator."""
    image = visible_image_or_404(request, pk)
    moderator = require_moderator(request.user, DECIDING)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return answer(request, image, problem=str(UNREADABLE))
    tag, kind = form.cleaned_data["tag"], EventKind(form.cleaned_data["kind"])
    try:
        outcome = decide_on_pair(moderator=moderator, image=image, tag=tag, kind=kind)
    except TagBlockedError as error:
        return answer(request, image, problem=str(error))
    if outcome.refusal:
        return answer(request, image, problem=outcome.refusal)
    return answer(request, image, said=words_for_decision(tag, kind))


@require_POST
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark the photo as fully tagged, or take the mark away, as a moderator."""
    image = visible_image_or_404(request, pk)
    moderator = require_moderator(request.user, MARKING)
    if not may_decide(moderator.pk, image, current_policy()):
        return answer(request, image, problem=str(SENTENCES[Objection.OWN_PHOTO]))
    if request.POST.get("fully") == "yes":
        mark_fully_tagged(moderator=moderator, image_ids=[image.pk])
        return answer(request, image, said=_("Fully tagged: what is not named is not here."))
    unmark_fully_tagged(moderator=moderator, image_ids=[image.pk])
    return answer(request, image, said=_("No longer fully tagged."))


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back one change."""
    event = get_object_or_404(TagEvent.objects.select_related("tag"), pk=pk)
    image = visible_image_or_404(request, event.image_id)
    if not request.user.is_authenticated:
        return ask_to_log_in(request, image.get_absolute_url())
    try:
        undo_event(person=request.user, event=event)
    except NothingToUndoError as error:
        return answer(request, image, problem=str(error))
    except Image.DoesNotExist as error:
        raise Http404 from error
    return answer(
        request, image, said=_("Undone: %(deed)s") % {"deed": describe_event(event, event.tag)}
    )


def answer(
    request: HttpRequest,
    image: Image,
    *,
    said: str = "",
    problem: str = "",
    typed: str = "",
    focus: str = "undo",
) -> HttpResponse:
    """Return the photo's panel as it is now: a fragment for htmx, otherwise the way back.

    A problem is told beside the form, with what was typed still there and status 400; for htmx
    it is 422, which base.html lets it swap and which its debugging aid leaves alone.
    """
    if said and not is_htmx(request):
        messages.success(request, said)
        return redirect(f"{image.get_absolute_url()}#tags-panel")
    context = {
        "panel": read_panel(image=image, viewer=viewer_of(request)),
        "image": image,
        "said": said,
        "problem": problem,
        "typed": typed,
        "focus": focus,
        "look": FIRST_LOOK,
    }
    if is_htmx(request):
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        return render(request, "tagging/_panel_answer.html", context, status=status)
    return render(request, "tagging/panel.html", context, status=HTTPStatus.BAD_REQUEST)


def words_for(event: TagEvent | None) -> str:
    """Return what to tell a person who voted."""
    if event is None:
        return _("That is what you said already.")
    said = describe_event(event, event.tag)
    if event.was_decided and _contradicts(event.vote, event.state_after):
        stays = _("A moderator decided otherwise, so it stays; your vote is kept.")
        return f"{said} {stays}"
    hours = current_policy().vote_age_hours
    if event.vote and hours and not event.was_decided:
        counts = ngettext(
            "Your vote counts in %(hours)d hour, together with others'.",
            "Your vote counts in %(hours)d hours, together with others'.",
            hours,
        )
        return f"{said} {counts % {'hours': hours}}"
    return said


def words_for_decision(tag: Tag, kind: EventKind) -> str:
    """Return what to tell a moderator who decided."""
    told = {"tag": tag.name, "decision": kind.label.lower()}
    return _("“%(tag)s”: %(decision)s.") % told


def words_for_added(row: ImageTag) -> str:
    """Return what to tell a person who added a tag."""
    if row.state == TagState.REJECTED:
        kept = _("“%(tag)s” was found not to be here and stays so; your vote is kept.")
        return kept % {"tag": row.tag.name}
    return _("You added “%(tag)s”.") % {"tag": row.tag.name}


def _contradicts(vote: str, state: str) -> bool:
    """Return whether a vote says the opposite of the state."""
    is_refused = state == TagState.REJECTED
    return (vote == VoteValue.YES and is_refused) or (vote == VoteValue.NO and not is_refused)

"""What the forms of this room accept."""

from __future__ import annotations

from django import forms

from tagging.models import EventKind, Tag, VoteValue

WITHDRAW = "withdraw"


class VoteForm(forms.Form):
    """A vote on one tag, or taking it back."""

    tag = forms.ModelChoiceField(Tag.objects.all())
    value = forms.ChoiceField(choices=[*VoteValue.choices, (WITHDRAW, "Take it back")])


class DecisionForm(forms.Form):
    """A moderator's decision on one tag."""

    tag = forms.ModelChoiceField(Tag.objects.all())
    kind = forms.ChoiceField(
        choices=[
            (EventKind.APPROVED, "Approve"),
            (EventKind.REJECTED, "Reject"),
            (EventKind.REOPENED, "Reopen"),
        ]
    )

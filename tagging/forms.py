"""What the forms of this room accept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tagging.models import EventKind, Tag, VoteValue

WITHDRAW = "withdraw"
# What a browser's field for a moment sends and wants to be given.
MOMENT = "%Y-%m-%dT%H:%M:%S"


class VoteForm(forms.Form):
    """A vote on one tag, or taking it back."""

    tag = forms.ModelChoiceField(Tag.objects.all())
    value = forms.ChoiceField(choices=[*VoteValue.choices, (WITHDRAW, _("Take it back"))])


class DecisionForm(forms.Form):
    """A moderator's decision on one tag."""

    tag = forms.ModelChoiceField(Tag.objects.all())
    kind = forms.ChoiceField(
        choices=[
            (EventKind.APPROVED, _("Approve")),
            (EventKind.REJECTED, _("Reject")),
            (EventKind.REOPENED, _("Reopen")),
        ]
    )


def moment_field(label: str) -> forms.DateTimeField:
    """Return a field for a local date and time, with the browser's own way to choose one."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}, format=MOMENT)
    return forms.DateTimeField(label=label, widget=widget)


class PeriodForm(forms.Form):
    """A stretch of time whose changes are to be undone, and where to go on in it."""

    start = moment_field("From")
    end = moment_field("Up to")
    before = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )

    def clean(self) -> dict[str, Any]:
        """Return the period; one that ends before it starts is refused."""
        period = super().clean() or {}
        start, end = period.get("start"), period.get("end")
        if start and end and start >= end:
            raise forms.ValidationError(_("The period has to end after it starts."))
        return period

"""What people fill in about albums and links."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery.models import Album, ShareLink, Visibility

if TYPE_CHECKING:
    AlbumModelForm = forms.ModelForm[Album]
    LinkModelForm = forms.ModelForm[ShareLink]
else:
    AlbumModelForm = LinkModelForm = forms.ModelForm

LONGEST_LIFE = timedelta(days=3653)


class AlbumForm(AlbumModelForm):
    """What an album is called and who may see it."""

    visibility = forms.ChoiceField(
        label=_("Who may see this album?"),
        choices=Visibility.choices,
        widget=forms.RadioSelect,
        initial=Visibility.PRIVATE,
    )

    class Meta:
        model = Album
        fields: ClassVar = ["title", "description", "visibility"]
        widgets: ClassVar = {"description": forms.Textarea(attrs={"rows": 3})}


class MemberForm(forms.Form):
    """Somebody to share an album with."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off"}),
    )
    may_add = forms.BooleanField(label=_("May add photos of their own"), required=False)


class Lifetime(TextChoices):
    """How long a link opens."""

    DAY = "day", _("A day")
    WEEK = "week", _("A week")
    MONTH = "month", _("A month")
    DATE = "date", _("Until the end of this day:")
    NEVER = "never", _("Until I revoke it")


DAYS = {Lifetime.DAY: 1, Lifetime.WEEK: 7, Lifetime.MONTH: 30}


class LinkForm(LinkModelForm):
    """How long a new link opens, for whom, and what for."""

    lifetime = forms.ChoiceField(
        label=_("How long does it open?"),
        choices=Lifetime.choices,
        widget=forms.RadioSelect,
        initial=Lifetime.WEEK,
    )
    last_day = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=128,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        help_text=_("Leave it empty to let everybody in who has the link."),
    )

    class Meta:
        model = ShareLink
        fields: ClassVar = ["note", "offers_original"]

    field_order = ("lifetime", "last_day", "password", "offers_original", "note")

    def clean(self) -> dict[str, Any]:
        """Return the answers with `expires_at`, None for never; a day must be given and ahead."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        lifetime = cleaned.get("lifetime")
        cleaned["expires_at"] = None
        if lifetime in DAYS:
            cleaned["expires_at"] = timezone.now() + timedelta(days=DAYS[Lifetime(lifetime)])
        elif lifetime == Lifetime.DATE and "last_day" not in self.errors:
            cleaned["expires_at"] = self._end_of(cleaned.get("last_day"))
        return cleaned

    def _end_of(self, day: date | None) -> datetime | None:
        today = timezone.localdate()
        if day is None:
            self.add_error("last_day", _("Please choose a day."))
        elif day < today:
            self.add_error("last_day", _("This day is over already."))
        elif day > today + LONGEST_LIFE:
            self.add_error("last_day", _("Ten years at most; or let it open until you revoke it."))
        else:
            midnight = datetime.combine(day + timedelta(days=1), time.min)
            return timezone.make_aware(midnight)
        return None


class PasswordForm(forms.Form):
    """What opens a link that asks for a password."""

    password = forms.CharField(
        label=_("Password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

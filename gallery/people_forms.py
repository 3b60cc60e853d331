"""What people fill in about themselves, and what they say of photos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from gallery.models import Comment, User
from gallery.notice_ways import Way, kinds_for, ways_by_kind
from gallery.plain_text import clean_text

LONGEST_COMMENT: int = Comment._meta.get_field("text").max_length or 0
LONGEST_BIO: int = User._meta.get_field("bio").max_length or 0


class OwnWords(forms.CharField):
    """Words that are made plain before they are measured. The browser cuts nothing off."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        """Return the words as they would be kept."""
        return clean_text(super().to_python(value) or "")

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return no `maxlength`: a browser would cut silently what somebody pasted."""
        attrs = super().widget_attrs(widget)
        attrs.pop("maxlength", None)
        return attrs


def too_long(limit: int) -> Any:
    """Return the sentence that says how long it is and how long it may be."""
    return ngettext_lazy(
        "That is %(show_value)d character; %(limit_value)d fit.",
        "That is %(show_value)d characters; %(limit_value)d fit.",
        "show_value",
    )


class CommentForm(forms.Form):
    """What somebody writes below a photo."""

    text = OwnWords(
        label=_("Your comment"),
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": _("Please write something first."),
            "max_length": too_long(LONGEST_COMMENT),
        },
    )


class ProfileForm(forms.Form):
    """What everybody sees of a person."""

    avatar = forms.FileField(
        label=_("Picture"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "image/*"}),
        help_text=_("The middle of it is shown in a circle."),
    )
    bio = OwnWords(
        label=_("About you"),
        required=False,
        max_length=LONGEST_BIO,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Everybody can read it. Addresses become links."),
        error_messages={"max_length": too_long(LONGEST_BIO)},
    )

    def avatar_bytes(self) -> bytes | None:
        """Return the chosen picture, None without one; an over-long one is cut after the limit.

        Who reads it refuses it by its length then, so that it is never in memory as a whole.
        """
        file: UploadedFile[bytes] | None = self.cleaned_data["avatar"]
        return None if file is None else file.read(settings.EYES_MAX_UPLOAD_BYTES + 1)


class NoticesForm(forms.Form):
    """Two boxes for each kind of notice: on the page, by mail."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, person: User) -> None:
        super().__init__(data)
        self.kinds = kinds_for(person)
        ways = ways_by_kind(person)
        for kind in self.kinds:
            for name, is_on in ways[kind]._asdict().items():
                self.fields[f"{kind}-{name}"] = forms.BooleanField(required=False, initial=is_on)

    def rows(self) -> list[tuple[str, forms.BoundField, forms.BoundField]]:
        """Return the name and the two boxes of each kind."""
        return [
            (str(kind.label), self[f"{kind}-on_page"], self[f"{kind}-by_mail"])
            for kind in self.kinds
        ]

    def ways(self) -> dict[str, Way]:
        """Return what was chosen in a valid form."""
        chosen = self.cleaned_data
        return {
            kind.value: Way(chosen[f"{kind}-on_page"], chosen[f"{kind}-by_mail"])
            for kind in self.kinds
        }

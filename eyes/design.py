"""The design system on one page, for those who build with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from django import forms
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.messages.storage.base import Message
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from gallery.models import Image, Visibility

THEMES = ("light", "dark")
_TOKEN = re.compile(r"^\s*--([a-z0-9-]+):\s*(.+);$", re.MULTILINE)


@dataclass(frozen=True)
class Token:
    """A custom property of the style sheet, such as `--space-4`, without its dashes."""

    name: str
    value: str

    @property
    def is_colour(self) -> bool:
        """Whether it is one colour for light and one for dark."""
        return self.value.startswith("light-dark(")

    @property
    def kind(self) -> str:
        """What it measures: the first word of its name."""
        return self.name.partition("-")[0]


class Specimen(forms.Form):
    """A form with every kind of field, as pages show them."""

    title = forms.CharField(label=_("Title"), help_text=_("What others read first."))
    address = forms.EmailField(label=_("Email"), initial="nobody at home")
    story = forms.CharField(label=_("Description"), widget=forms.Textarea, required=False)
    order = forms.ChoiceField(
        label=_("Order"), choices=[("newest", _("Newest first")), ("liked", _("Most liked first"))]
    )
    visibility = forms.ChoiceField(
        label=_("Who may see it"),
        choices=Visibility.choices,
        widget=forms.RadioSelect,
        initial=Visibility.PUBLIC,
    )
    teaches = forms.BooleanField(label=_("It may teach the network"), required=False, initial=True)


def read_tokens() -> list[Token]:
    """Return the tokens at the top of eyes.css, in their order."""
    path = finders.find("eyes.css")
    if path is None:
        return []
    sheet = Path(path).read_text(encoding="utf-8")
    first_rule = sheet[sheet.index(":root {") : sheet.index("\n}")]
    return [Token(name, value) for name, value in _TOKEN.findall(first_rule)]


@require_safe
@staff_member_required
def design(request: HttpRequest) -> HttpResponse:
    """Every token and component, in all its states, light beside dark."""
    sides = []
    for theme in THEMES:
        wrong = Specimen({"title": "", "address": "nobody"}, auto_id=f"{theme}-wrong-%s")
        sides.append({"theme": theme, "form": Specimen(auto_id=f"{theme}-%s"), "wrong_form": wrong})
    context = {
        "sides": sides,
        "tokens": read_tokens(),
        "images": list(Image.objects.on_show().with_owner()[:3]),
        "samples": [
            Message(messages.SUCCESS, gettext("Your changes are saved.")),
            Message(messages.WARNING, gettext("The photo is hidden.")),
            Message(messages.ERROR, gettext("The file is too large.")),
        ],
    }
    return render(request, "design.html", context)

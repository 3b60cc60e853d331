"""What moderators fill in about a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms

from gallery.models import User
from tagging.models import Tag
from tagging.services.vocabulary import (
    block_tag,
    describe_tag,
    rename_tag,
    set_parents,
    silence_tag,
    unblock_tag,
    unsilence_tag,
)

if TYPE_CHECKING:
    FormOfTag = forms.ModelForm[Tag]
else:
    FormOfTag = forms.ModelForm


class TagForm(FormOfTag):
    """A tag's name, meaning, parents and marks. Only what was changed is handed to services."""

    class Meta:
        model = Tag
        fields = (
            "name",
            "description",
            "has_own_parents",
            "parents",
            "is_blocked",
            "never_show",
        )
        help_texts: ClassVar = {
            "name": "Renaming keeps the old name as another name for the tag.",
            "is_blocked": "Nobody may use it, and photos no longer show it.",
        }

    def _post_clean(self) -> None:
        """Leave the instance as it is: the services write, and they want to see what was."""

    def validate_unique(self) -> None:
        """Leave clashes to the service, which knows what to do about them."""

    def apply(self, moderator: User) -> None:
        """Hand every change to its service, all or nothing; raises what they refuse with."""
        tag, wanted, changed = self.instance, self.cleaned_data, set(self.changed_data)
        if "name" in changed:
            rename_tag(moderator=moderator, tag=tag, name=wanted["name"])
        if "description" in changed:
            describe_tag(moderator=moderator, tag=tag, description=wanted["description"])
        if changed & {"parents", "has_own_parents"}:
            set_parents(moderator=moderator, tag=tag, parents=self._parents(changed, wanted))
        if "is_blocked" in changed:
            (block_tag if wanted["is_blocked"] else unblock_tag)(moderator=moderator, tag=tag)
        if "never_show" in changed:
            (silence_tag if wanted["never_show"] else unsilence_tag)(moderator=moderator, tag=tag)

    @staticmethod
    def _parents(changed: set[str], wanted: dict[str, Any]) -> list[Tag] | None:
        """Return the parents asked for; None where the first day's words shall hold again.

        Whoever names parents means them to hold, with or without the mark.
        """
        if wanted["has_own_parents"] or "parents" in changed:
            return list(wanted["parents"])
        return None

"""What a moderator may not decide, and how it is told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _

from gallery.models import Image, User
from tagging.models import EventKind, ImageTag, TagState
from tagging.policy import Policy
from tagging.states import CONFIRMED, Verdict

DECIDED_STATE: Final = {
    EventKind.APPROVED: TagState.CURATED,
    EventKind.REJECTED: TagState.REJECTED,
}


class Objection(StrEnum):
    """Why a decision on one tag of one photo was passed over, in words for the moderator."""

    NO_CHANGE = "no change needed"
    BLOCKED = "the tag is blocked"
    NO_CONSENSUS = "no consensus yet"
    OWN_PHOTO = "on your own photo"
    GONE = "the photo is gone"


# The same beside the one photo that somebody looks at. That nothing had to change is no refusal.
SENTENCES: Final = {
    Objection.BLOCKED: _("The tag is blocked here and cannot be approved."),
    Objection.NO_CONSENSUS: _(
        "There is no consensus yet. It can be approved once enough independent people agree; "
        "rejecting needs no consensus."
    ),
    Objection.OWN_PHOTO: _("This is your own photo: another moderator has to decide."),
    Objection.GONE: _("The photo has been deleted meanwhile."),
}


def may_decide(moderator_id: int | None, image: Image, policy: Policy) -> bool:
    """Return whether the policy lets this moderator decide about a photo: it may be their own."""
    return policy.decides_own_photos or image.owner_id != moderator_id


@dataclass
class Decisions:
    """What became of a set of decisions."""

    changed: int = 0
    passed_over: Counter[Objection] = field(default_factory=Counter)

    @property
    def excuses(self) -> str:
        """Return why some were passed over, in sentences, "" where none was."""
        return " ".join(
            f"{self.passed_over[objection]} passed over: {objection}."
            for objection in Objection
            if self.passed_over[objection]
        )

    @property
    def refusal(self) -> str:
        """Return why a decision about a single photo was refused, "" where it holds now."""
        return next((str(SENTENCES[why]) for why in self.passed_over if why in SENTENCES), "")


@dataclass(frozen=True)
class Request:
    """One kind of decision, who asks for it, and under which policy."""

    kind: EventKind
    moderator: User
    policy: Policy
    blocked: frozenset[int]
    """Ids of blocked tags."""

    def objection_to(
        self, row: ImageTag, image: Image | None, verdict: Verdict
    ) -> Objection | None:
        """Return why this one is passed over, or None where nothing speaks against it.

        `image` is None where the photo is gone; `verdict` is what votes alone say now.
        """
        if image is None:
            return Objection.GONE
        if not may_decide(self.moderator.pk, image, self.policy):
            return Objection.OWN_PHOTO
        if self._says_so_already(row):
            return Objection.NO_CHANGE
        if self.kind != EventKind.APPROVED:
            return None
        if row.tag_id in self.blocked:
            return Objection.BLOCKED
        return None if self._is_ready(row, verdict) else Objection.NO_CONSENSUS

    def _says_so_already(self, row: ImageTag) -> bool:
        if self.kind == EventKind.REOPENED:
            return not row.is_decided
        return row.is_decided and row.state == DECIDED_STATE[self.kind]

    def _is_ready(self, row: ImageTag, verdict: Verdict) -> bool:
        """Return whether votes confirmed the tag or could not agree, where that is asked for.

        The votes are judged anew, because a state may stand from another preset, or from before
        the skills of voters and the devices they share became known.
        """
        if not self.policy.weighs_votes:
            return True
        is_confirmed = verdict.state == CONFIRMED
        return is_confirmed or verdict.is_escalated or row.is_escalated

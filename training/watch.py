"""Watching the live version on the blind slice, and going back where it is worse than before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse

from gallery.notices import moderators, tell_moderators
from tagging.blind import blind_figures, count_blind_pairs
from tagging.models import ModelVersion, Promotion, VersionState
from tagging.policy import Policy
from tagging.presets import current_policy
from tagging.registry import live_promotion, standing_versions
from tagging.services.versions import PromotionRefused, hold_promotions, promote_version


@dataclass(frozen=True)
class Acceptance:
    """The share of yes, 0 to 1, among blind answers about what a version shows."""

    version: ModelVersion
    share: float
    answers: int


@dataclass(frozen=True)
class Fall:
    """The live version is accepted less often than the one before it was."""

    live: Acceptance
    before: Acceptance

    @property
    def points(self) -> float:
        """Return by how much, 0.05 for five points."""
        return self.before.share - self.live.share

    @property
    def sentence(self) -> str:
        """Return the fall for people, with the number of answers on either side."""
        return (
            f"Acceptance fell by {self.points * 100:.1f} points: people agree with "
            f"{self.live.share:.1%} of what version {self.live.version.number} shows "
            f"({self.live.answers} blind answers); with version {self.before.version.number} it "
            f"was {self.before.share:.1%} ({self.before.answers})."
        ).replace("%", " %")


def watch_live_version() -> str:
    """Roll back if the live version has fallen behind the one before it; say what was found.

    Compared is the share of yes among blind answers about shown tags, of which both sides need
    `rollback_answers`. The point difference decides. Looking hourly while answers come in, a
    version that is as good as the one before it is sent back once in twenty at an acceptance of
    90 % (once in seven at 80 %), one that is ten points worse almost always (simulated, up to
    1,000 answers): the price of a needless step back is small, and a moderator undoes it with one
    click. Who promotes a version whose fall was measured before has decided; it is left alone,
    so nothing is rolled back twice for the same reason.
    """
    policy, promotion = current_policy(), live_promotion()
    live, *earlier = standing_versions()
    if promotion is None or live.is_bootstrap:
        return "Version 0 is live; there is nothing to go back to."
    count_blind_pairs(version=live)
    before = next(each for each in earlier if each.state != VersionState.DAMAGED)
    fall = find_fall(live, before, policy)
    if fall is None:
        return f"No fall of version {live.number} against version {before.number} is measured."
    if find_fall(live, before, policy, until=promotion.created_at):
        return f"Version {live.number} was promoted although its fall was known; it stays."
    return _go_back(fall, promotion)


def find_fall(
    live: ModelVersion,
    before: ModelVersion,
    policy: Policy,
    *,
    until: datetime | None = None,
) -> Fall | None:
    """Return the fall from one version to the next if it is deep enough and well enough known."""
    sides = [_acceptance(version, until) for version in (live, before)]
    if any(side is None or side.answers < policy.rollback_answers for side in sides):
        return None
    now, then = (side for side in sides if side is not None)
    fall = Fall(now, then)
    # Shares are fractions: what is five points on paper may be a hair less in floating point.
    return fall if fall.points >= policy.rollback_drop - 1e-9 else None


def _acceptance(version: ModelVersion, until: datetime | None) -> Acceptance | None:
    figures = blind_figures(version, until=until)
    if figures.precision is None:
        return None
    return Acceptance(version, figures.precision.value, figures.shown_answers)


def _go_back(fall: Fall, judged: Promotion) -> str:
    """Make the version before the live one again, and tell moderators; return what was done.

    Never to another one than the fall was measured against. Nothing happens where somebody has
    promoted something since.
    """
    live, before = fall.live.version, fall.before.version
    with transaction.atomic():
        hold_promotions()
        newest = live_promotion()
        if newest is None or newest.pk != judged.pk:
            return "Another version has just gone live; it is watched from now on."
        try:
            promote_version(version=before, reason=fall.sentence, is_rollback=True)
        except PromotionRefused as refusal:
            subject, place = f"Version {live.number} should be rolled back", "#promotions"
            text = f"{fall.sentence} But it stays live: {refusal}"
        else:
            subject, place = f"Version {live.number} was rolled back", "#blind"
            text = f"Version {before.number} is live again. {fall.sentence}"
        url = f"{reverse('training:model', args=[live.number])}{place}"
        if tell_moderators(text=text, url=url):
            # A mail server that refuses stops nothing: the notices are there.
            transaction.on_commit(lambda: _send_mail(subject, text), robust=True)
    return text


def _send_mail(subject: str, text: str) -> None:
    addresses = moderators().exclude(email="").values_list("email", flat=True)
    EmailMessage(subject=subject, body=text, bcc=list(addresses)).send()

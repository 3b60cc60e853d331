"""Canaries: photos on which every version has to say, or not to say, one tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.learning.wording import enumerate_words


@dataclass(frozen=True)
class CanaryCheck:
    """One canary with what both networks show on its photo.

    `number` is that of its row: public pages print the sentences below, and which photo it is, is
    only for moderators to know. `is_learnt` tells whether the candidate has learnt the tag.
    `passed_over` says why it was not judged, empty where it was.
    """

    number: int
    tag: str
    is_expected: bool
    is_shown: bool = False
    was_shown: bool = False
    is_learnt: bool = True
    passed_over: str = ""

    @property
    def problem(self) -> str:
        """Return in words what is wrong with the candidate, empty where nothing is.

        A tag that the candidate has not learnt cannot be held against it, unless going live would
        take the tag away from a photo that shows it now.
        """
        if self.passed_over or self.is_shown == self.is_expected:
            return ""
        if not self.is_expected:
            return f"Canary {self.number} must never show {self.tag}, and would."
        if self.was_shown:
            return f"Canary {self.number} has to show {self.tag}; it does now, and would no longer."
        learnt = f"Canary {self.number} has to show {self.tag}, and would not."
        return learnt if self.is_learnt else ""

    @property
    def unjudged(self) -> str:
        """Return why nothing is said of it, for example `canary 3 (its photo was deleted)`."""
        reason = self.passed_over
        if not reason and not self.problem and self.is_shown != self.is_expected:
            reason = f"{self.tag} is not learnt yet"
        return f"canary {self.number} ({reason})" if reason else ""


def tell_canaries(checks: Sequence[CanaryCheck]) -> list[tuple[bool, str]]:
    """Return one sentence per canary that fails, and one about all others; nothing without any.

    Each comes with whether it lets the candidate pass.
    """
    problems = [check.problem for check in checks if check.problem]
    unjudged = [check.unjudged for check in checks if check.unjudged]
    told = [(False, problem) for problem in problems]
    fine = len(checks) - len(problems) - len(unjudged)
    if fine:
        told.append((True, f"Canaries that hold: {fine} of {len(checks)}."))
    if unjudged:
        told.append((True, f"Passed over: {enumerate_words(unjudged)}."))
    return told

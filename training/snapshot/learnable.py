"""Which tags could be learnt at all, and in words what the others still need."""

from __future__ import annotations

from tagging.policy import Policy
from tagging.supply import supplies
from tagging.words import current_words

WITHOUT_NEGATIVES = (
    "needs photos that are known not to show it: rejected there, fully tagged, or of an import"
)


class NothingToLearn(Exception):
    """Raised when no tag is learnable yet; `missing` says per tag what it still needs."""

    def __init__(self, missing: dict[str, str]) -> None:
        self.missing = dict(sorted(missing.items()))
        super().__init__(
            "No tag can be learnt yet." if missing else "No curated tag is on any photo yet."
        )


def was_short_of_photos(why: str, policy: Policy) -> bool:
    """Return whether these words of `learnable_candidates` say that photos or people were lacking.

    What `take_snapshot` finds out later (too alike, nothing known against it, cut to fair shares)
    begins with “needs”: the same photos would be left out again.
    """
    photos = f"of {policy.learnable_photos} curated photos"
    people = f"of {policy.learnable_uploaders} people"
    return why.endswith((photos, people)) and not why.startswith("needs")


def learnable_candidates(policy: Policy) -> tuple[list[str], dict[str, str]]:
    """Return the tags with enough curated photos, and what each other curated tag still needs.

    Photos of the tags below one count towards it. A few small queries: they answer "is there
    anything to do" before anything large is read.
    """
    words = current_words()
    enough, missing = [], {}
    for name, supply in supplies(words.hierarchy).items():
        if name in words.unspoken:
            continue
        short = supply.what_is_short(policy)
        if short:
            missing[name] = short
        else:
            enough.append(name)
    return enough, missing


def never_shown_names() -> frozenset[str]:
    """Return every word that no machine may say: the list of the vocabulary and moderators'."""
    return current_words().unspoken

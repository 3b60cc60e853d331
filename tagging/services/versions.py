"""Swapping the version that speaks: checked before, one row, and the same move backwards."""

from __future__ import annotations

from django.db import transaction
from django_q.tasks import async_task

from gallery.models import Image, User
from tagging.models import ModelVersion, Promotion, VersionState
from tagging.models.network import BOOTSTRAP_NUMBER
from tagging.registry import check_version, mark_damaged, standing_versions
from tagging.services.spaces import FEW, count_fillable, count_left_behind, wish_space
from tagging.signals import version_promoted
from tagging.version_files import DamagedVersion


class PromotionRefused(Exception):
    """Raised when a version cannot go live; the message says why to a person."""


def promote_version(
    *,
    version: ModelVersion,
    by: User | None = None,
    reason: str = "",
    is_rollback: bool = False,
    enqueue_retag: bool = True,
) -> Promotion:
    """Make a version the live one and return the row that says so.

    Its files, golden outputs and backbone are checked before; serving processes follow between
    two jobs. The library is tagged anew by a job after the commit, unless the caller does that
    itself, and `version_promoted` is sent. Raises PromotionRefused for a damaged version (which is
    marked so) and for one whose files were removed, and leaves the present one live.
    """
    _check_may_go_live(version)
    with transaction.atomic():
        hold_promotions()
        # It may have been pruned since it was checked.
        version.refresh_from_db(fields=["pruned_at"])
        if version.is_pruned:
            raise PromotionRefused(
                f"Version {version.number} cannot go live: its files have just been removed. "
                "The present one stays."
            )
        if version.state != VersionState.PROMOTED or version.problem:
            version.state, version.problem = VersionState.PROMOTED, ""
            version.save(update_fields=["state", "problem"])
        promotion = Promotion.objects.create(
            version=version, by=by, reason=reason, is_rollback=is_rollback
        )
        if enqueue_retag:
            transaction.on_commit(lambda: async_task("tagging.tasks.retag_library") and None)
        transaction.on_commit(lambda: _announce(promotion))
    return promotion


def promote_by_hand(
    *, version: ModelVersion, by: User | None = None, reason: str = ""
) -> Promotion:
    """Make a version live because a person says so, and return the row that says so.

    As `promote_version`, and raises PromotionRefused as well where its backbone has not seen many
    photos that the present one has: those would keep the words of another version for hours. Their
    embedding is then asked for, and the person may try again when it is done.
    """
    _check_may_go_live(version)
    backbone = version.serving_backbone
    missing = count_left_behind(backbone)
    if missing > FEW:
        wish_space(backbone=backbone, asked_by=by)
        raise PromotionRefused(
            f"Version {version.number} cannot go live yet: {missing:,} of "
            f"{Image.objects.count():,} photos have no vector of {backbone}. They are being "
            "computed in the background: /admin/spaces/ and `manage.py embed --status` say how far "
            "that is. The present one stays."
        )
    return promote_version(version=version, by=by, reason=reason)


def promoted_sentence(promotion: Promotion) -> str:
    """Return in words what a swap brings, with the photos that its backbone has not seen yet."""
    version = promotion.version
    sentence = f"Version {version.number} is live; the library is tagged anew."
    missing = count_fillable(version.serving_backbone)
    if not missing:
        return sentence
    return (
        f"{sentence} {missing:,} photo{' has' if missing == 1 else 's have'} no vector of "
        f"{version.serving_backbone} yet and keep{'s' if missing == 1 else ''} the tags of before "
        "until that is computed, which happens by itself."
    )


def roll_back(*, by: User | None = None, reason: str = "") -> Promotion:
    """Return to the version that was live before the present one; damaged ones are passed over.

    It is live at once, whatever its backbone has not seen since: re-tagging sees to that.
    Raises PromotionRefused when there is none to go back to.
    """
    present, *earlier = standing_versions()
    problems: list[str] = []
    for version in earlier:
        try:
            return promote_version(
                version=version,
                by=by,
                reason=reason or f"Rolled back from version {present.number}.",
                is_rollback=True,
            )
        except PromotionRefused as refusal:
            problems.append(str(refusal))
    raise PromotionRefused(
        " ".join(problems) or f"Version {present.number} is live and nothing was live before it."
    )


def hold_promotions() -> None:
    """Let no other process swap, roll back or prune until this transaction ends.

    The row of version 0 stands for them all. Suggestions that name it may go on being written.
    """
    ModelVersion.objects.bootstrap()
    ground = ModelVersion.objects.filter(number=BOOTSTRAP_NUMBER)
    ground.select_for_update(no_key=True).get()


def _check_may_go_live(version: ModelVersion) -> None:
    version.refresh_from_db(fields=["pruned_at"])
    try:
        check_version(version)
    except DamagedVersion as error:
        if not version.is_bootstrap and not version.is_pruned:
            mark_damaged(version, str(error))
        raise PromotionRefused(
            f"Version {version.number} cannot go live: {error} The present one stays."
        ) from error


def _announce(promotion: Promotion) -> None:
    version_promoted.send_robust(sender=Promotion, promotion_id=promotion.pk)

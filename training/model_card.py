"""Everything that the public page of a version says, in figures and in words for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tagging.backbones.cards import BackboneCard, UnknownBackbone, get_card
from tagging.blind import BlindFigures, blind_figures
from tagging.estimation import Interval
from tagging.models import ModelVersion, Promotion
from tagging.policy import Policy
from tagging.presets import current_policy
from tagging.previews import Preview
from tagging.registry import live_version
from training.diagrams import ReliabilityDiagram, reliability_diagram
from training.drift import last_full_week, level_of, photos_of_week
from training.learning.stability import LEAST_SCORES
from training.models import DriftReading, Tuning
from training.presentation import ConfusionTable, TagRow, confusion_table, tag_rows
from training.templatetags.figures import one_decimal
from training.tuning.view import TuningView, view_of_tuning

# A share of 80 % that was measured on thirty photos is uncertain by 14 points either way.
ROUGH_PHOTOS = 30
_WEEKS = 12
_WORST_TAGS = 3

DRIFT_IN_WORDS = {
    "steady": gettext_lazy("like before"),
    "warning": gettext_lazy("somewhat unlike before"),
    "alert": gettext_lazy("unlike before: figures may no longer hold"),
}


@dataclass(frozen=True)
class DriftRow:
    """One week: how far its photos were from those before, in figures and in words."""

    reading: DriftReading
    level: str
    words: str
    worst: list[tuple[str, float]]


@dataclass(frozen=True)
class ModelCard:
    """What the page of a version shows. What nobody measured is None or empty."""

    version: ModelVersion
    is_live: bool
    promotions: list[Promotion]
    tag_rows: list[TagRow]
    confusion: ConfusionTable | None
    reliability: ReliabilityDiagram | None
    blind: BlindFigures
    drift: list[DriftRow]
    drift_note: str
    preview: Preview | None
    backbone: BackboneCard | None
    tuning: TuningView | None

    @property
    def promotion(self) -> Promotion | None:
        """Return the latest promotion of this version."""
        return self.promotions[0] if self.promotions else None

    @property
    def calibration(self) -> str:
        """Return the expected calibration error in words; "" where it was not measured."""
        error = self.version.metrics.get("calibration_error")
        if error is None:
            return ""
        told = ngettext(
            "When it is 80 %% certain of a tag, it should be right in 80 of 100 photos. On average "
            "its certainty is %(points)s point off.",
            "When it is 80 %% certain of a tag, it should be right in 80 of 100 photos. On average "
            "its certainty is %(points)s points off.",
            1 if f"{error * 100:.1f}" == "1.0" else 2,
        )
        return told % {"points": one_decimal(error * 100)}

    @property
    def precision_in_words(self) -> str:
        """Return how many of a hundred shown tags are right, as blind answers say."""
        if self.blind.precision is None:
            return ""
        told = _(
            "Of 100 tags that it shows, people agree with about %(value)d (between %(low)d and "
            "%(high)d), without knowing its opinion."
        )
        return told % out_of_hundred(self.blind.precision)

    @property
    def recall_in_words(self) -> str:
        """Return how many of a hundred tags that are there it shows, as blind answers say."""
        if self.blind.recall is None:
            return ""
        told = _(
            "Of 100 tags that a photo should have among those it knows, it shows about %(value)d "
            "(between %(low)d and %(high)d)."
        )
        return told % out_of_hundred(self.blind.recall)

    @property
    def preview_in_words(self) -> str:
        """Return in a sentence what changes with this version; "" where nobody looked."""
        preview = self.preview
        if preview is None:
            return ""
        if preview.photos:
            told = ngettext(
                "+%(gained)s / −%(lost)s tags on %(photos)s photo, against version %(version)d.",
                "+%(gained)s / −%(lost)s tags on %(photos)s photos, against version %(version)d.",
                preview.photos,
            )
        else:
            told = ngettext(
                "No shown tag comes or goes on %(photos)s photo, against version %(version)d.",
                "No shown tag comes or goes on %(photos)s photos, against version %(version)d.",
                preview.looked_at,
            )
        return told % {
            "gained": intcomma(preview.gained),
            "lost": intcomma(preview.lost),
            "photos": intcomma(preview.photos or preview.looked_at),
            "version": preview.against,
        }

    @property
    def state_in_words(self) -> str:
        """Return how the version stands, for people."""
        if self.version.is_bootstrap:
            return _("Known from the start")
        return str(self.version.get_state_display())

    @property
    def rough_tags(self) -> int:
        """Return how many tags were judged on so few photos that their figures are rough."""
        return sum(row.tested < ROUGH_PHOTOS for row in self.tag_rows)

    @property
    def missing(self) -> list[tuple[str, str]]:
        """Return the tags that it could not learn yet, and what each needed."""
        return sorted(self.version.metrics.get("missing", {}).items())


def card_of(version: ModelVersion) -> ModelCard:
    """Return the card of a version in a handful of queries."""
    metrics: dict[str, Any] = version.metrics
    is_live = version == live_version()
    policy = current_policy()
    drift = drift_rows(version, policy)
    return ModelCard(
        version=version,
        is_live=is_live,
        promotions=list(version.promotions.select_related("by")),
        tag_rows=tag_rows(metrics),
        confusion=confusion_table(metrics),
        reliability=reliability_diagram(metrics.get("reliability")),
        blind=blind_figures(version, policy),
        drift=drift,
        drift_note=drift_note(drift) if is_live and not version.is_bootstrap else "",
        preview=Preview.from_json(version.preview),
        backbone=_backbone_of(version),
        tuning=_tuning_of(version),
    )


def drift_rows(version: ModelVersion, policy: Policy) -> list[DriftRow]:
    """Return the latest weeks of a version, the newest first."""
    rows = []
    for reading in DriftReading.objects.filter(version=version)[:_WEEKS]:
        level = level_of(reading.stability_index, policy)
        moved = [
            (tag, index)
            for tag, index in sorted(reading.per_tag.items(), key=lambda item: -item[1])
            if index >= policy.drift_warning
        ]
        rows.append(DriftRow(reading, level, str(DRIFT_IN_WORDS[level]), moved[:_WORST_TAGS]))
    return rows


def drift_note(rows: list[DriftRow]) -> str:
    """Return why last week has no figure, or "" where it has one."""
    week = last_full_week()
    if rows and rows[0].reading.week >= week:
        return ""
    photos = photos_of_week(week).count()
    if photos < LEAST_SCORES:
        told = ngettext(
            "In the week of %(week)s %(photos)s photo was uploaded: too few for a figure "
            "(%(least)d).",
            "In the week of %(week)s %(photos)s photos were uploaded: too few for a figure "
            "(%(least)d).",
            photos,
        )
    else:
        told = ngettext(
            "In the week of %(week)s %(photos)s photo was uploaded; it has not been measured yet.",
            "In the week of %(week)s %(photos)s photos were uploaded; it has not been measured "
            "yet.",
            photos,
        )
    return told % {"week": f"{week:%Y-%m-%d}", "photos": intcomma(photos), "least": LEAST_SCORES}


def out_of_hundred(interval: Interval) -> dict[str, int]:
    """Return for example `{"value": 91, "low": 87, "high": 94}`."""
    return {name: round(getattr(interval, name) * 100) for name in ("value", "low", "high")}


def _backbone_of(version: ModelVersion) -> BackboneCard | None:
    try:
        return get_card(version.serving_backbone)
    except UnknownBackbone:
        return None  # A backbone that a later eyes no longer knows.


def _tuning_of(version: ModelVersion) -> TuningView | None:
    """Return how the network underneath was taught, None for one that came as it is."""
    tunings = Tuning.objects.filter(backbone=version.serving_backbone).select_related("dataset")
    tuning = tunings.first() if "+" in version.serving_backbone else None
    return view_of_tuning(tuning) if tuning else None

"""What whoever asks for a fine-tuning can wish, and the wishes of this site."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tagging.backbones.cards import get_card
from training.learning.fine_tuning.task import Augmentation, TuningSettings

# What each kind of variation is when it is switched off.
SWITCHED_OFF: dict[str, float | bool] = {
    "flip": False,
    "crop": 1.0,
    "brightness": 0.0,
    "contrast": 0.0,
    "rotation": 0.0,
}
MOST_EPOCHS = 100

_DEVICES = re.compile(r"auto|cpu|[1-9]\d*|/?[cg]pu:\d+(\s*,\s*/?[cg]pu:\d+)*")


@dataclass(frozen=True)
class TuningWish:
    """How to fine-tune, and whether to start anew where an earlier one could go on."""

    settings: TuningSettings
    fresh: bool = False

    @classmethod
    def of_json(cls, content: dict[str, Any]) -> TuningWish:
        """Return the wish that `as_json` wrote; raises BrokenTask for another content."""
        told = TuningSettings.of_json(content.get("settings", {}))
        return cls(told, fresh=bool(content.get("fresh", False)))

    def as_json(self) -> dict[str, Any]:
        """Return the wish as a run's row keeps it."""
        return {"settings": self.settings.as_json(), "fresh": self.fresh}


def wish_of_this_site() -> TuningWish:
    """Return what the button and the schedule ask for: everything as usual, without the
    variations that EYES_FINE_TUNE_WITHOUT switches off; raises ImproperlyConfigured."""
    return TuningWish(tuning_settings(without=switched_off_here()))


def switched_off_here() -> list[str]:
    """Return the variations that this site never wants; raises ImproperlyConfigured."""
    names = [name.strip().lower() for name in settings.EYES_FINE_TUNE_WITHOUT if name.strip()]
    for name in names:
        if name not in SWITCHED_OFF:
            known = ", ".join(SWITCHED_OFF)
            raise ImproperlyConfigured(
                f"EYES_FINE_TUNE_WITHOUT names {name!r}; it can hold {known}."
            )
    return names


def devices_here() -> str:
    """Return EYES_DEVICES as the process that fine-tunes reads it; raises ImproperlyConfigured for
    what no machine has. Whether this one has it is known where TensorFlow is."""
    wish = str(settings.EYES_DEVICES).strip().lower()
    if not _DEVICES.fullmatch(wish):
        raise ImproperlyConfigured(
            f"EYES_DEVICES={wish!r} is neither auto nor cpu, nor a number of GPUs such as 2, nor "
            "names such as gpu:0,gpu:1."
        )
    return wish


def tuning_settings(
    *, blocks: int | None = None, epochs: int | None = None, without: list[str]
) -> TuningSettings:
    """Return the settings with these variations switched off; None leaves the usual number."""
    usual = TuningSettings(blocks=blocks)
    off: dict[str, Any] = {name: SWITCHED_OFF[name] for name in without}
    return replace(
        usual, epochs=epochs or usual.epochs, augmentation=replace(Augmentation(), **off)
    )


def switched_off(told: TuningSettings) -> list[str]:
    """Return the variations that these settings go without, in the usual order."""
    return [name for name, off in SWITCHED_OFF.items() if getattr(told.augmentation, name) == off]


def original_of(backbone: str) -> str:
    """Return the network that a fine-tuning starts from: never one that was fine-tuned itself, so
    that whoever takes a photo back is forgotten by doing it again. Raises UnknownBackbone."""
    card = get_card(backbone)
    return card.tuned_from or card.key

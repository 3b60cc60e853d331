"""The options of `retrain` that concern fine-tuning, and what is wrong with them in a sentence."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from tagging.backbones.cards import get_card
from training.tuning.wishes import (
    MOST_EPOCHS,
    SWITCHED_OFF,
    TuningWish,
    devices_here,
    switched_off_here,
    tuning_settings,
)


def add_tuning_options(parser: CommandParser) -> None:
    """Declare them."""
    parser.add_argument(
        "--fine-tune", action="store_true", help="teach the network itself, then the head on it"
    )
    parser.add_argument(
        "--blocks", metavar="N", type=int, help="only so many of its top blocks learn (all)"
    )
    parser.add_argument("--epochs", metavar="N", type=int, help="rounds at most (6)")
    for name in SWITCHED_OFF:
        parser.add_argument(
            f"--no-{name}", action="store_true", help=f"do not vary photos by {name}"
        )
    parser.add_argument(
        "--contact-sheet", metavar="FILE", help="write there, as JPEG, how photos are varied"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="start anew where a killed one could go on"
    )


def tuning_wish_of(options: dict[str, Any]) -> TuningWish | None:
    """Return what was asked for, None where it was no fine-tuning; raise CommandError."""
    if not options["fine_tune"]:
        _refuse_alone(options)
        return None
    blocks, epochs = options["blocks"], options["epochs"]
    if blocks is not None and blocks < 1:
        raise CommandError(f"--blocks {blocks}: at least one block has to learn.")
    if epochs is not None and not 1 <= epochs <= MOST_EPOCHS:
        raise CommandError(f"--epochs {epochs}: between 1 and {MOST_EPOCHS} are possible.")
    backbone = options["backbone"]
    if backbone and get_card(backbone).tuned_from:
        base = get_card(backbone).tuned_from
        raise CommandError(
            f"{backbone} was fine-tuned already. A fine-tuning starts from the original network, "
            f"so that it can be done again without a photo that was taken back: --backbone {base}."
        )
    try:
        devices_here()
        without = switched_off_here()
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error
    without += [name for name in SWITCHED_OFF if options[f"no_{name}"] and name not in without]
    told = tuning_settings(blocks=blocks, epochs=epochs, without=without)
    return TuningWish(told, fresh=options["fresh"])


def _refuse_alone(options: dict[str, Any]) -> None:
    alone = ["blocks", "epochs", "contact_sheet", "fresh", *(f"no_{name}" for name in SWITCHED_OFF)]
    given = [f"--{name.replace('_', '-')}" for name in alone if options[name] not in (None, False)]
    if given:
        verb = "concerns" if len(given) == 1 else "concern"
        raise CommandError(f"{', '.join(given)} {verb} fine-tuning only; add --fine-tune.")

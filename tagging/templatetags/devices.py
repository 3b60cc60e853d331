"""The panel about GPUs, for pages of the admin."""

from __future__ import annotations

from django import template

from tagging.devices import Gpu, read_gpus

register = template.Library()


@register.inclusion_tag("tagging/_gpus.html")
def gpus_panel() -> dict[str, list[Gpu]]:
    """Return the GPUs of this machine as they are now; without one the panel is empty.

    Asks NVIDIA's library alone: no page imports TensorFlow.
    """
    return {"gpus": read_gpus()}

"""Which preset of the policy this site runs under."""

from __future__ import annotations

from django.conf import settings

from tagging.policy import PRESETS, Policy


def current_policy() -> Policy:
    """Return the policy in force: the preset that EYES_POLICY names."""
    return PRESETS[settings.EYES_POLICY]

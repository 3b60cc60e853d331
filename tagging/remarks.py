"""What other rooms have to say of the networks underneath the versions."""

from __future__ import annotations

import logging

from tagging.models import ModelVersion
from tagging.signals import remarks_wanted

logger = logging.getLogger(__name__)


def remarks_on_networks() -> list[str]:
    """Return sentences for whoever looks at the list of versions; often none.

    A listener that fails says nothing and hides nothing else.
    """
    told: list[str] = []
    for _, answer in remarks_wanted.send_robust(sender=ModelVersion):
        if isinstance(answer, Exception):
            logger.error("A remark could not be made.", exc_info=answer)
        else:
            told += answer or []
    return told

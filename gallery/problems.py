"""What is wrong with a file, in the language of whoever sent it."""

from __future__ import annotations

import re
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext

from gallery.imaging import UnreadablePhoto

# A number as English prints it, such as `1,234.5`.
_NUMBER = re.compile(r"\d{1,3}(,\d{3})*(\.\d+)?|\d+(\.\d+)?")


def in_words(problem: UnreadablePhoto) -> str:
    """Return why the file cannot become a photo, for people; the code stays for programs."""
    values = {name: _localised(value) for name, value in problem.values.items()}
    message = gettext(problem.message)
    return message % values if values else message


def _localised(value: str) -> str:
    """Return a number with the separators of the language, anything else as it is."""
    if not _NUMBER.fullmatch(value):
        return value
    return number_format(Decimal(value.replace(",", "")), use_l10n=True, force_grouping=True)

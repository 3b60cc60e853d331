#!/usr/bin/env python3
"""The command line of eyes."""

import os
import sys


def main() -> None:
    """Run one command of eyes or Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eyes.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"eyes cannot start: {error}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The command line of eyes."""

import os
import signal
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
    except BrokenPipeError:
        # Whoever read along (head, less) has seen enough. Nothing more may be written at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)


if __name__ == "__main__":
    main()

"""The secret key of this installation: made once, kept outside the tracked files."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def keep_secret_key(path: Path) -> str:
    """Return the key in the file, made on the first call and readable by its owner alone.

    Two processes that start together agree: the file appears complete or not at all, and the
    first one wins. Raises ImproperlyConfigured with the path when it cannot be written.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent) as temporary:
                temporary.write(secrets.token_urlsafe(64))
                temporary.flush()
                with contextlib.suppress(FileExistsError):
                    os.link(temporary.name, path)
        return _read(path)
    except OSError as error:
        raise ImproperlyConfigured(
            f"The secret key cannot be kept in {path}: {error.strerror}. "
            "Make the folder writable, or set EYES_SECRET_KEY or EYES_STATE_DIR."
        ) from error


def _read(path: Path) -> str:
    key = path.read_text().strip()
    if len(key) < 50:
        raise ImproperlyConfigured(f"The secret key in {path} is too short; delete the file.")
    return key

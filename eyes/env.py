"""Readers for environment variables that fail loudly with the name and the value."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})


def env_text(name: str, default: str = "") -> str:
    """Return the variable without surrounding space, or the default when unset or empty."""
    return os.environ.get(name, "").strip() or default


def env_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """Return one of the choices; raise ImproperlyConfigured that lists them otherwise."""
    value = env_text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} is not one of: {', '.join(choices)}.")
    return value


def env_flag(name: str, default: bool) -> bool:
    """Return a yes/no variable; raise ImproperlyConfigured for anything else."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    word = raw.strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name}={raw!r} is neither yes (1) nor no (0).")


def env_number(name: str, default: int, *, least: int = 0) -> int:
    """Return a whole number of at least `least`; raise ImproperlyConfigured otherwise."""
    raw = env_text(name)
    if not raw:
        return default
    try:
        number = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a whole number.") from None
    if number < least:
        raise ImproperlyConfigured(f"{name}={number} is below {least}.")
    return number


def env_minutes(name: str, default: float) -> float:
    """Return a number of minutes, fractions allowed; raise ImproperlyConfigured otherwise."""
    raw = env_text(name)
    try:
        minutes = float(raw) if raw else default
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a number of minutes.") from None
    if not 0 <= minutes < float("inf"):
        raise ImproperlyConfigured(f"{name}={raw} is not a number of minutes from 0 on.")
    return minutes


def env_list(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return a comma-separated variable as a list without empty entries."""
    raw = env_text(name)
    return [part.strip() for part in raw.split(",") if part.strip()] if raw else list(default)


def site_address(https: bool, hosts: list[str]) -> str:
    """Return the address of a site from the first host it answers to, "" where that says nothing.

    Only with HTTPS: without it the port is not known either.
    """
    host = hosts[0] if hosts else ""
    return f"https://{host}" if https and host and not host.startswith((".", "*")) else ""

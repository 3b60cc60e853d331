"""Registration of the project itself: its checks and the command `up`."""

from django.apps import AppConfig


class EyesConfig(AppConfig):
    name = "eyes"

    def ready(self) -> None:
        """Register the system checks."""
        from eyes import checks  # noqa: F401

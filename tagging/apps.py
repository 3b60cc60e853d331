"""Registration of this room with Django."""

from django.apps import AppConfig


class TaggingConfig(AppConfig):
    name = "tagging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the gallery. No network may run here: a child forked after that would hang."""
        from tagging import receivers  # noqa: F401

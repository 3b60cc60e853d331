"""Registration of this room with Django."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks and listen to tagging; nothing here may load a network."""
        from training import checks, receivers  # noqa: F401

"""Registration of this room with Django."""

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    name = "gallery"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect what must follow a deleted row."""
        from gallery import receivers  # noqa: F401

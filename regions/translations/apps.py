"""Name the translations room for Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TranslationsConfig(AppConfig):
    """Components, entries and translations."""

    name = "regions.translations"
    label = "translations"
    verbose_name = _("Texts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the operations."""
        from regions.translations import operations  # noqa: F401, PLC0415 - they register

"""Name the regions house for Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegionsConfig(AppConfig):
    """Territories, markets, locales and apps."""

    name = "regions"
    verbose_name = _("Regions")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the operations."""
        import regions.operations  # noqa: F401, PLC0415 - models must be loaded first

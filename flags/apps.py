"""Name the flags house for Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FlagsConfig(AppConfig):
    """Features, offers, laws, targeting, publishing and delivery."""

    name = "flags"
    verbose_name = _("Flags")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the operations."""
        import flags.operations  # noqa: F401, PLC0415 - models must be loaded first

"""Pages on which regions are looked at."""

from regions.admin import apps, places

__all__ = ["apps", "places"]

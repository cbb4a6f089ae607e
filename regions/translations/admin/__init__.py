"""Pages on which texts are translated; one subject a file."""

from regions.translations.admin import components, conflicts, editor

__all__ = ["components", "conflicts", "editor"]

"""The commands that change texts, and nothing else that does."""

from regions.translations.operations.components import SetComponent
from regions.translations.operations.imports import ImportCatalog
from regions.translations.operations.texts import (
    ApproveTranslation,
    ResolveConflict,
    SetTranslation,
)

__all__ = [
    "ApproveTranslation",
    "ImportCatalog",
    "ResolveConflict",
    "SetComponent",
    "SetTranslation",
]

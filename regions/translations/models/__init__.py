"""Rows that hold catalogs: components, entries, translations, conflicts, blobs."""

from regions.translations.models.catalog import Component, Entry
from regions.translations.models.translation import Conflict, TextBlob, Translation

__all__ = ["Component", "Conflict", "Entry", "TextBlob", "Translation"]

"""What is read of texts: rows as values, and what the admin lists."""

from regions.translations.queries.messages import (
    Coverage,
    MessageRow,
    list_coverage,
    list_messages,
)

__all__ = ["Coverage", "MessageRow", "list_coverage", "list_messages"]

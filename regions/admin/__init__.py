"""Pages on which regions are looked at and changed."""

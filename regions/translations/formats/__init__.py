"""PURE file formats of catalogs: bytes to values and back."""

"""Texts: catalogs, translations and the bundles clients fetch."""

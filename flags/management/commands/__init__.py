"""One command a file: translate, one call down, translate."""

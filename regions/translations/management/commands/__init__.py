"""Commands of `manage.py` for texts."""

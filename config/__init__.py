"""Wiring: the one place that knows every room of the house.

Nothing is imported here: an edge starts from this package without Django or Celery.
"""

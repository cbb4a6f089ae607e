"""Bare ASGI: answers from memory, with no table, no lock and no wait."""

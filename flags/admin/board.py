"""The launch board."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse


def show_board(_request: HttpRequest) -> HttpResponse:
    """Show the board."""
    return HttpResponse("")


def show_cell(_request: HttpRequest) -> HttpResponse:
    """Show a cell."""
    return HttpResponse("")


def pull_kill(_request: HttpRequest) -> HttpResponse:
    """Pull a kill switch."""
    return HttpResponse("")

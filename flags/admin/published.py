"""Tell a page how far a change has come."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse


def show_published(_request: HttpRequest) -> JsonResponse:
    """Answer with the state of a change."""
    return JsonResponse({})

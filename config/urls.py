"""The only URL root of Django; delivery's addresses are routed before it, in `asgi`."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

to_board = RedirectView.as_view(pattern_name="board:board")

urlpatterns = [
    path("", to_board),
    path("admin/", to_board),
    path("admin/board/", include("flags.urls")),
    path("admin/", admin.site.urls),
]

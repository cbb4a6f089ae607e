"""The only URL root of Django; delivery's addresses are routed before it, in `asgi`."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from flags.admin.health import show_health
from flags.admin.start import show_start

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="start")),
    path("admin/", admin.site.admin_view(show_start), name="start"),
    path("admin/board/", include("flags.urls")),
    path("admin/health/", admin.site.admin_view(show_health), name="health"),
    path("admin/", admin.site.urls),
]

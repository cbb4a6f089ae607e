"""The only URL root of Django; delivery's addresses are routed before it, in `asgi`."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]

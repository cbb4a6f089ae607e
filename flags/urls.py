"""Addresses of the launch board, inside the admin."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from flags.admin import board, published

app_name = "board"

urlpatterns = [
    path("", admin.site.admin_view(board.show_board), name="board"),
    path("cell/", admin.site.admin_view(board.show_cell), name="cell"),
    path("kill/", admin.site.admin_view(board.pull_kill), name="kill"),
    path("published/", admin.site.admin_view(published.show_published), name="published"),
]

"""What the pages of lists share: how much they show, and who may add to them."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from unfold.views import ChangeList


class PlainList(ChangeList):
    """A list that knows, without counting again, whether it shows everything that there is."""

    def get_results(self, request: HttpRequest) -> None:
        """Count, and take the count for the whole one where nothing is left out."""
        super().get_results(request)
        if not self.query and not self.get_filters_params():
            self.full_result_count = self.result_count


def refuse_adding(page: ModelAdmin[Any], request: HttpRequest, *, back: str) -> HttpResponse:
    """Say who may add rows, to a person who may not."""
    context = {
        **page.admin_site.each_context(request),
        "title": _("Not for you to add"),
        "opts": page.opts,
        "back": back,
    }
    return TemplateResponse(request, "landfall/refused.html", context, status=403)

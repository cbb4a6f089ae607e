"""Where a person begins: at the board, or at the texts when texts are all they may change."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from flags.operations.kills import PullKillSwitch
from flags.operations.offers import SetOffer
from regions.governance.admin_pages import may
from regions.translations.operations import SetTranslation


@require_safe
def show_start(request: HttpRequest) -> HttpResponse:
    """Send the person on to the page of their work."""
    decides = may(request, SetOffer) or may(request, PullKillSwitch)
    texts_only = may(request, SetTranslation) and not decides
    name = "admin:translations_translation_changelist" if texts_only else "board:board"
    return HttpResponseRedirect(reverse(name))

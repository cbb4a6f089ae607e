"""The launch board: what is live where, and the side panel in which one cell is changed.

Each view translates, asks once, and translates back; what a form says becomes a command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from flags.admin.findings import tell_all_broken
from flags.admin.marks import STATUS_LABELS, shape, status_badge
from flags.admin.matrix import build_matrix
from flags.admin.panel import (
    CellForm,
    CellScope,
    KillForm,
    LimitedLine,
    list_feature_lines,
    list_history,
    tell_kill,
)
from flags.models import PublishRefusal
from flags.operations.kills import PullKillSwitch
from flags.operations.offers import SetOffer
from flags.queries.boards import CellDetail, board, cell_detail
from flags.queries.findings import list_broken
from regions.admin.names import territory_name
from regions.governance.admin_forms import CommandForm
from regions.governance.admin_pages import may, receipt_note
from regions.governance.commands import Refused
from regions.governance.execute import PermissionRefused, Receipt, execute
from regions.governance.models import Environment, Outbox
from regions.governance.policy import CANARY
from regions.models import App

PREFERRED_ENVIRONMENT = "production"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The app and environment that the board shows; `app` None while there is none."""

    app: App | None
    environment: Environment | None
    apps: list[App]
    environments: list[Environment]

    @cached_property
    def waiting(self) -> int:
        """Return how many changes clients do not have yet."""
        return Outbox.objects.filter(environment=self.environment).count()

    @cached_property
    def refusal(self) -> PublishRefusal | None:
        """Return why the newest changes are not published, if a publish was refused."""
        return PublishRefusal.objects.filter(environment=self.environment).first()

    @cached_property
    def broken(self) -> str:
        """Name the features that are published off because they cannot be decided."""
        if self.app is None or self.environment is None:
            return ""
        return tell_all_broken(list_broken(self.environment.key, self.app.key))


@require_safe
def show_board(request: HttpRequest) -> HttpResponse:
    """Show the board, or with `part=grid` only its grid; `cell` opens the side panel."""
    scope = _read_scope(request.GET)
    now = timezone.now()
    wanted = {
        "cell": request.GET.get("cell", ""),
        "market": request.GET.get("market", ""),
        "search": request.GET.get("search", ""),
    }
    context: dict[str, Any] = {
        "scope": scope,
        "wanted": wanted,
        "killed_shape": shape("killed"),
    }
    if scope.app is not None and scope.environment is not None:
        found = board(scope.app.key, scope.environment.key, now)
        context["matrix"] = build_matrix(found, now.date())
        context["markets"] = sorted(found.markets)
    if request.GET.get("part") == "grid":
        return TemplateResponse(request, "landfall/board_grid.html", context)
    if wanted["cell"] and scope.app is not None and scope.environment is not None:
        cell = _read_cell(request.GET, scope)
        detail = _find_detail(cell, now) if cell else None
        if cell is not None and detail is not None:
            context["panel"] = _render_panel(request, scope, cell, detail, now)
    request.current_app = admin.site.name
    return TemplateResponse(
        request,
        "landfall/board.html",
        {
            **admin.site.each_context(request),
            "title": _("Launch board"),
            "is_fullwidth": "1",
            "apps": scope.apps,
            "environments": scope.environments,
            **context,
        },
    )


def show_cell(request: HttpRequest) -> HttpResponse:
    """Show the side panel of a cell; on POST give the command of its form."""
    if request.method == "POST":
        return _set_offer(request)
    scope, cell, detail = _get_cell(request.GET)
    return HttpResponse(_render_panel(request, scope, cell, detail, timezone.now()))


@require_POST
def pull_kill(request: HttpRequest) -> HttpResponse:
    """Pull a kill switch in a cell."""
    now = timezone.now()
    scope, cell, detail = _get_cell(request.POST)
    form = _make_kill_form(scope, cell, detail, now, data=request.POST)
    receipt = _give(request, form, now)
    return _answer(request, scope, cell, detail, receipt, kill_form=form)


def _set_offer(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    scope, cell, detail = _get_cell(request.POST)
    form = CellForm(request.POST, scope=cell, instance=detail.offer)
    receipt = _give(request, form, now)
    return _answer(request, scope, cell, detail, receipt, offer_form=form)


def _give(request: HttpRequest, form: CommandForm, now: datetime) -> Receipt | None:
    """Give the form's command; None when the form or the one door has something against it."""
    if not form.is_valid():
        return None
    try:
        return execute(form.build(), actor=request.user, now=now)  # type: ignore[arg-type]  # staff
    except Refused as refused:
        form.add_refusal(refused)
    except PermissionRefused as refused:
        form.add_error(None, str(refused))
    return None


def _answer(
    request: HttpRequest,
    scope: Scope,
    cell: CellScope,
    detail: CellDetail,
    receipt: Receipt | None,
    **forms: Any,
) -> HttpResponse:
    """Return the panel anew: with what was refused, or as it is after the change."""
    now = timezone.now()
    if receipt is None:
        panel = _render_panel(request, scope, cell, detail, now, **forms)
        return _wrap(request, scope, cell, panel, status=422)
    after = _find_detail(cell, now) or detail
    told = _tell_saved(cell, after)
    panel = _render_panel(request, scope, cell, after, now, told=told, note=receipt_note(receipt))
    return _wrap(request, scope, cell, panel, status=200)


def _tell_saved(cell: CellScope, after: CellDetail) -> str:
    words = {
        "place": territory_name(cell.territory),
        "bundle": after.bundle.name,
        "status": STATUS_LABELS[after.cell.status],
        "live": after.cell.live_count,
        "all": after.cell.feature_count,
    }
    if after.cell.status == "partial":
        return _("%(place)s × %(bundle)s: %(live)d of %(all)d features are live.") % words
    return _("%(place)s × %(bundle)s: %(status)s.") % words


def _wrap(
    request: HttpRequest, scope: Scope, cell: CellScope, panel: SafeString, *, status: int
) -> HttpResponse:
    """Return the panel alone to the board's script, the whole page to a browser without it."""
    if request.headers.get("X-Requested-With") == "fetch":
        return HttpResponse(panel, status=status)
    found = board(cell.app, cell.environment, timezone.now())
    context = {
        **admin.site.each_context(request),
        "title": _("Launch board"),
        "is_fullwidth": "1",
        "scope": scope,
        "apps": scope.apps,
        "environments": scope.environments,
        "wanted": {"cell": cell.key, "market": "", "search": ""},
        "killed_shape": shape("killed"),
        "matrix": build_matrix(found, timezone.now().date()),
        "markets": sorted(found.markets),
        "panel": panel,
    }
    return TemplateResponse(request, "landfall/board.html", context, status=status)


def _render_panel(
    request: HttpRequest,
    scope: Scope,
    cell: CellScope,
    detail: CellDetail,
    now: datetime,
    **more: Any,
) -> SafeString:
    may_set, may_kill = may(request, SetOffer), may(request, PullKillSwitch)
    offer_form = more.pop("offer_form", None) or (
        CellForm(scope=cell, instance=detail.offer, initial=_first_values(detail))
        if may_set
        else None
    )
    kill_form = more.pop("kill_form", None) or (
        _make_kill_form(scope, cell, detail, now) if may_kill else None
    )
    context = {
        "scope": scope,
        "cell": cell,
        "detail": detail,
        "place": territory_name(cell.territory),
        "today": now.date(),
        "lines": list_feature_lines(detail),
        "limited": [LimitedLine(offer=offer) for offer in detail.limited],
        "history": list_history(cell, detail),
        "offer_form": offer_form if may_set else None,
        "kill_form": kill_form if may_kill else None,
        "badge": status_badge(detail.cell.status),
        "kill_words": tell_kill(cell, detail),
        "own_count": sum(1 for entry in detail.features if entry.decider.is_own),
        **more,
    }
    return render_to_string("landfall/board_panel.html", context, request=request)


def _first_values(detail: CellDetail) -> Mapping[str, Any]:
    """Return what a first offer here starts from: the status and owner that hold now."""
    if detail.offer is not None:
        return {}
    words = {"live", "planned", "needs-partner", "withdrawn", "not-offered", "blocked-by-law"}
    status = detail.cell.status if detail.cell.status in words else "planned"
    return {"status": status}


def _make_kill_form(
    scope: Scope, cell: CellScope, detail: CellDetail, now: datetime, *, data: Any = None
) -> KillForm:
    platforms = list(scope.app.platforms) if scope.app else []
    return KillForm(data, scope=cell, features=detail.features, platforms=platforms, now=now)


def _read_scope(values: Mapping[str, str]) -> Scope:
    """Read which app and environment are meant; the first app and production by default."""
    apps = list(App.objects.exclude(key=CANARY).order_by("key"))
    environments = list(Environment.objects.order_by("position", "key"))
    named = {environment.key: environment for environment in environments}
    environment = named.get(values.get("environment", "")) or named.get(PREFERRED_ENVIRONMENT)
    return Scope(
        app=next((app for app in apps if app.key == values.get("app")), apps[0] if apps else None),
        environment=environment or (environments[-1] if environments else None),
        apps=apps,
        environments=environments,
    )


def _read_cell(values: Mapping[str, str], scope: Scope) -> CellScope | None:
    territory, _colon, bundle = values.get("cell", "").partition(":")
    if scope.app is None or scope.environment is None or not bundle:
        return None
    return CellScope(
        app=scope.app.key,
        environment=scope.environment.key,
        territory=territory,
        bundle=bundle,
    )


def _get_cell(values: Mapping[str, str]) -> tuple[Scope, CellScope, CellDetail]:
    """Get the cell that the values name in full: a change never falls to a default scope."""
    scope = _read_scope(values)
    cell = _read_cell(values, scope)
    detail = _find_detail(cell, timezone.now()) if cell else None
    if cell is None or detail is None:
        raise Http404
    if (cell.app, cell.environment) != (values.get("app"), values.get("environment")):
        raise Http404
    return scope, cell, detail


def _find_detail(cell: CellScope, now: datetime) -> CellDetail | None:
    return cell_detail(cell.app, cell.environment, cell.territory, cell.bundle, now)

"""How Landfall itself is: how fast changes arrive, who serves them, what they pass through."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import number_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from flags.publishing.deliver import live_store
from flags.publishing.nodes import Receipt, list_receipts, part_name
from flags.publishing.probes import read_sweep_age
from flags.publishing.redis_store import RedisStore
from flags.queries.probes import Measured, Summary, list_measured, sum_up
from flags.queries.snapshots import load_heads
from regions.governance.models import Environment

SHOWN = timedelta(hours=1)
# Three of the usual intervals: one may be late, and one left out.
OLD_AFTER = timedelta(minutes=3)
# Beat has a worker look every second.
SILENT_AFTER_SECONDS = 10.0
FAILURES_SHOWN = 5
CHART_WIDTH, CHART_HEIGHT, BAR_WIDTH = 720, 96, 6
CHART_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One measurement in the chart."""

    x: float
    y: float
    height: float
    failed: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLine:
    """A node, which environments it serves, and what it has older than published."""

    name: str
    environments: str
    behind: str
    age_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Something that changes pass through: is it well, and a sentence."""

    name: str
    well: bool
    words: str


@never_cache
@require_safe
def show_health(request: HttpRequest) -> HttpResponse:
    """Show the page to everybody on the staff."""
    now = timezone.now()
    measured = list_measured(now - SHOWN)
    figures = sum_up(measured)
    store = live_store()
    environments = list(
        Environment.objects.annotate(waiting=Count("outbox")).select_related("refusal")
    )
    request.current_app = admin.site.name
    context = {
        **admin.site.each_context(request),
        "title": _("Health"),
        "now": now,
        "headline": _tell_newest(measured, figures, now),
        "alarm": _is_alarming(measured, now),
        "figures": figures,
        "bars": list(_draw(measured, now)),
        "chart": {"width": CHART_WIDTH, "height": CHART_HEIGHT, "bar": BAR_WIDTH},
        "top": tell_seconds(_find_top(figures)),
        "p50": tell_seconds(figures.p50),
        "p99": tell_seconds(figures.p99),
        "failures": [one for one in reversed(measured) if one.seconds is None][:FAILURES_SHOWN],
        "nodes": _list_nodes(store, environments),
        "stages": [*_look_at_processes(store), *map(_look_at_environment, environments)],
    }
    return TemplateResponse(request, "landfall/health.html", context)


def _is_alarming(measured: list[Measured], now: datetime) -> bool:
    """Tell whether the newest measurement failed or is long ago."""
    if not measured:
        return False
    return measured[-1].seconds is None or now - measured[-1].at > OLD_AFTER


def _tell_newest(measured: list[Measured], figures: Summary, now: datetime) -> str:
    if not measured:
        return _("No change was measured in the last hour.")
    if now - measured[-1].at > OLD_AFTER:
        minutes = int((now - measured[-1].at).total_seconds() // 60)
        return _("No change has been measured for %d minutes.") % minutes
    if measured[-1].seconds is None:
        return _("The newest change did not reach apps.")
    return _("A change reaches apps in %s.") % tell_seconds(figures.last)


def tell_seconds(seconds: float | None) -> str:
    """Return `0.14 s`, or a dash where there is no figure."""
    if seconds is None:
        return "–"
    # Django cuts digits off instead of rounding.
    return _("%s s") % number_format(round(seconds, 2), decimal_pos=2)


def _find_top(figures: Summary) -> float:
    """Return the seconds at the chart's upper edge: all fit, and quick ones look quick."""
    return max(CHART_SECONDS, figures.longest or 0.0)


def _draw(measured: list[Measured], now: datetime) -> Iterator[Bar]:
    """Give the bars of the last hour; a failure stands in full height."""
    top = _find_top(sum_up(measured))
    for one in measured:
        share = 1 - (now - one.at) / SHOWN
        height = CHART_HEIGHT * (1.0 if one.seconds is None else max(0.02, one.seconds / top))
        at = time_format(timezone.localtime(one.at), "H:i:s")
        words = one.trouble if one.seconds is None else tell_seconds(one.seconds)
        yield Bar(
            x=round(share * (CHART_WIDTH - BAR_WIDTH), 1),
            y=round(CHART_HEIGHT - height, 1),
            height=round(height, 1),
            failed=one.seconds is None,
            words=f"{at} · {words}",
        )


def _list_nodes(store: RedisStore, environments: list[Any]) -> list[NodeLine] | None:
    """Return the nodes that have spoken lately; None when nobody can be asked."""
    found: dict[str, list[tuple[Any, Receipt, str]]] = {}
    try:
        for environment in environments:
            heads = load_heads(environment.key)
            for receipt in list_receipts(store, environment.key):
                behind = ", ".join(
                    f"{environment.key}/{part_name(key)}"
                    for key, head in sorted(heads.items())
                    if not receipt.has(key, epoch=head.epoch, revision=head.revision)
                )
                found.setdefault(receipt.node, []).append((environment, receipt, behind))
    except OSError:
        return None
    return [
        NodeLine(
            name=name,
            environments=", ".join(environment.name for environment, _receipt, _behind in lines),
            behind=", ".join(behind for _environment, _receipt, behind in lines if behind),
            age_seconds=max(receipt.age_seconds for _environment, receipt, _behind in lines),
        )
        for name, lines in sorted(found.items())
    ]


def _look_at_processes(store: RedisStore) -> Iterator[Stage]:
    started = time.perf_counter()
    try:
        age = read_sweep_age(store)
    except OSError:
        words = _("Does not answer. Nodes read the database; changes go out within seconds.")
        yield Stage(name="Redis", well=False, words=words)
        return
    took_ms = number_format(round(1000 * (time.perf_counter() - started), 1), decimal_pos=1)
    yield Stage(name="Redis", well=True, words=_("Answers in %s ms.") % took_ms)
    name = _("Worker and beat")
    if age is None:
        yield Stage(name=name, well=False, words=_("Have not been heard of yet."))
    elif age > SILENT_AFTER_SECONDS:
        words = _("Silent for %d s. Web nodes publish instead, within five seconds.") % age
        yield Stage(name=name, well=False, words=words)
    else:
        yield Stage(name=name, well=True, words=_("Looked for changes %d s ago.") % age)


def _look_at_environment(environment: Any) -> Stage:
    refusal = getattr(environment, "refusal", None)
    told = _("Revision %d.") % environment.revision
    if refusal is not None:
        refused = _("Newer changes are refused: %s") % refusal.reason
        return Stage(name=environment.name, well=False, words=f"{told} {refused}")
    if environment.waiting:
        words = ngettext("%d change waits.", "%d changes wait.", environment.waiting)
        return Stage(
            name=environment.name, well=True, words=f"{told} {words % environment.waiting}"
        )
    return Stage(name=environment.name, well=True, words=f"{told} {_('Nothing waits.')}")

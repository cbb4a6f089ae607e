"""A published revision beside the one before it: which rules changed, and for whom answers did."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flags.engine.diff import Shift, Told
from flags.models import Snapshot
from flags.publishing.compare import NothingPublished, compare_revisions

# More earlier revisions are not offered on the page; the command line compares any two.
OFFERED_MAX = 30
PARTS = ("content", "kills")
# Kinds as the wire names them -> as the page does.
KINDS = {
    "kills": gettext_lazy("kill switch"),
    "territories": gettext_lazy("country or region"),
    "markets": gettext_lazy("market"),
    "profiles": gettext_lazy("platform profile"),
    "retirements": gettext_lazy("platform retirement"),
    "bundles": gettext_lazy("bundle"),
    "features": gettext_lazy("feature"),
    "offers": gettext_lazy("offer"),
    "orders": gettext_lazy("legal order"),
    "ages": gettext_lazy("age rule"),
    "consents": gettext_lazy("consent rule"),
    "lifeCycles": gettext_lazy("life cycle"),
    "caps": gettext_lazy("cap"),
    "partners": gettext_lazy("partner"),
    "schedules": gettext_lazy("schedule"),
    "clusters": gettext_lazy("cluster rollout"),
    "segments": gettext_lazy("segment"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A feature whose answer changed, in the page's words."""

    feature: str
    before: str
    after: str
    was_on: bool
    is_on: bool
    people: tuple[str, ...]


def is_comparable(row: Snapshot) -> bool:
    """Tell whether a part decides about features; tokens do not."""
    return row.app_id is not None and row.part in PARTS


def list_earlier(row: Snapshot) -> list[Snapshot]:
    """Return the parts of the same scope before this one, the newest first, one per revision.

    Switches that were published before there was any content are left out.
    """
    rows = Snapshot.objects.filter(
        environment=row.environment_id, app=row.app_id, part__in=PARTS
    ).defer("body")
    first = rows.filter(part="content").order_by("epoch", "revision").first()
    if first is None:
        return []
    past = rows.filter(
        Q(epoch__lt=row.epoch) | Q(epoch=row.epoch, revision__lt=row.revision),
        Q(epoch__gt=first.epoch) | Q(epoch=first.epoch, revision__gte=first.revision),
    )
    found: dict[tuple[int, int], Snapshot] = {}
    for each in past.order_by("-epoch", "-revision", "part")[: OFFERED_MAX * len(PARTS)]:
        found.setdefault((each.epoch, each.revision), each)
    return list(found.values())[:OFFERED_MAX]


def show_comparison(
    request: HttpRequest, row: Snapshot, context: dict[str, object]
) -> HttpResponse:
    """Show the revision beside the one before, or beside the earlier one that was chosen."""
    earlier = list_earlier(row)
    chosen = next((each for each in earlier if str(each.pk) == request.GET.get("with")), None)
    before = chosen or (earlier[0] if earlier else None)
    found, trouble = None, ""
    if before is not None:
        try:
            found = compare_revisions(
                row.app.key if row.app else "",
                row.environment.key,
                epochs=(before.epoch, row.epoch),
                revisions=(before.revision, row.revision),
                now=timezone.now(),
            )
        except NothingPublished as error:
            trouble = str(error)
    extra = {
        "title": _("Revision %(revision)s compared") % {"revision": row.revision},
        "subtitle": f"{row.environment.key} · {row.app}",
        "original": row,
        "earlier": earlier,
        "before": before,
        "found": found,
        "trouble": trouble,
        "rules": [(KINDS.get(rule.kind, rule.kind), rule) for rule in found.rules] if found else [],
        "lines": [_line(shift) for shift in found.shifts] if found else [],
    }
    return TemplateResponse(request, "landfall/comparison.html", context | extra)


def _line(shift: Shift) -> Line:
    return Line(
        feature=shift.feature,
        before=_answer(shift.before),
        after=_answer(shift.after),
        was_on=shift.before.on,
        is_on=shift.after.on,
        people=shift.people,
    )


def _answer(told: Told) -> str:
    parts = [_("on") if told.on else _("off"), told.reason.value]
    if told.variant:
        parts.append(told.variant)
    if told.rule is not None:
        parts.append(told.rule.key)
    return " · ".join(parts)

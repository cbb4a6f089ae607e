"""Tell a page how far a change has come: waiting, published, live on how many nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest, HttpResponseBadRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from flags.admin.findings import tell_all_broken
from flags.models import PublishRefusal
from flags.publishing.nodes import list_receipts
from flags.publishing.redis_store import RedisStore
from flags.queries.findings import list_broken
from flags.queries.snapshots import load_heads
from regions.governance.models import Environment, Outbox

PATIENCE_SECONDS = 3.0
MOST_ENVIRONMENTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Progress:
    """One environment: is the change published, and how many nodes serve it.

    `nodes` None means that nobody can be asked, 0 that no node has spoken. `refusal` says
    why a publish that had this change in it was refused; `broken` why features are off in
    what is published.
    """

    environment: Environment
    published: bool
    refusal: str = ""
    broken: Mapping[str, str] = field(default_factory=dict)
    live: int = 0
    nodes: int | None = None


@never_cache
@require_safe
def show_published(request: HttpRequest) -> HttpResponseBase:
    """Answer `{"text", "state", "done"}` about `changes=production:42,staging:41`."""
    try:
        wanted = _read_changes(request.GET.get("changes", ""))
        after = float(request.GET.get("after", "0"))
    except ValueError:
        return HttpResponseBadRequest("changes=<environment>:<number>,…")
    rows = Environment.objects.filter(key__in=wanted)
    progress = [_look(row, wanted[row.key]) for row in rows]
    state = _sum_up(progress)
    text = _tell(progress, state, after)
    done = state == "live" or (state == "published" and after > PATIENCE_SECONDS)
    return JsonResponse({"text": text, "state": state, "done": done})


def _read_changes(text: str) -> dict[str, int]:
    pairs = [pair.rpartition(":") for pair in text.split(",") if pair]
    if len(pairs) > MOST_ENVIRONMENTS:
        raise ValueError(text)
    return {key: int(number) for key, _colon, number in pairs}


def _look(environment: Environment, change_seq: int) -> _Progress:
    if not _is_published(environment, change_seq):
        refused = PublishRefusal.objects.filter(
            environment=environment, change_seq__gte=change_seq
        ).first()
        reason = refused.reason if refused else ""
        return _Progress(environment=environment, published=False, refusal=reason)
    heads, broken = load_heads(environment.key), list_broken(environment.key)
    try:
        receipts = list_receipts(RedisStore(settings.REDIS_URL), environment.key)
    except OSError:
        return _Progress(environment=environment, published=True, broken=broken)
    live = sum(
        all(
            receipt.has(key, epoch=head.epoch, revision=head.revision)
            for key, head in heads.items()
        )
        for receipt in receipts
    )
    return _Progress(
        environment=environment, published=True, broken=broken, live=live, nodes=len(receipts)
    )


def _is_published(environment: Environment, change_seq: int) -> bool:
    """Tell whether the change is out; kill switches and tokens go ahead of the content."""
    if environment.published_seq >= change_seq:
        return True
    return not Outbox.objects.filter(environment=environment, change_seq=change_seq).exists()


def _sum_up(progress: list[_Progress]) -> str:
    if any(entry.refusal for entry in progress):
        return "refused"
    if not progress or not all(entry.published for entry in progress):
        return "waiting"
    everywhere = all(entry.nodes and entry.live == entry.nodes for entry in progress)
    return "live" if everywhere else "published"


def _tell(progress: list[_Progress], state: str, after: float) -> str:
    if state == "refused":
        return " ".join(
            _("Saved, but not published: %(reason)s Revision %(revision)d stays live.")
            % {"reason": _end(entry.refusal), "revision": entry.environment.revision}
            for entry in progress
            if entry.refusal
        )
    if state == "waiting":
        if after <= PATIENCE_SECONDS:
            return _("Saved. Publishing…")
        return _(
            "Saved. Waiting for a publisher: no worker has taken the change yet. It will be "
            "published as soon as one runs."
        )
    found = {key: why for entry in progress for key, why in entry.broken.items()}
    return f"{_tell_live(progress, state, after)} {tell_all_broken(found)}".rstrip()


def _tell_live(progress: list[_Progress], state: str, after: float) -> str:
    if state == "live" and len(progress) > 1:
        return _("Live in %(environments)s after %(seconds)s s.") % {
            "environments": ", ".join(entry.environment.name for entry in progress),
            "seconds": number_format(after, decimal_pos=1),
        }
    return " ".join(_tell_environment(entry, after, alone=len(progress) == 1) for entry in progress)


def _end(sentence: str) -> str:
    """Return the reason of a refusal with its full stop, which other places leave out."""
    return sentence if sentence.endswith(".") else f"{sentence}."


def _tell_environment(entry: _Progress, after: float, *, alone: bool) -> str:
    name = "" if alone else f"{entry.environment.name}: "
    revision = entry.environment.revision
    if entry.nodes is None:
        return name + _(
            "Revision %(revision)d is published. Redis does not answer, so the nodes that "
            "serve it are unknown."
        ) % {"revision": revision}
    if entry.nodes == 0:
        return name + _("Revision %d is published. No node has reported yet.") % revision
    words = ngettext(
        "Revision %(revision)d is live on %(live)d of %(nodes)d node after %(seconds)s s.",
        "Revision %(revision)d is live on %(live)d of %(nodes)d nodes after %(seconds)s s.",
        entry.nodes,
    )
    return name + words % {
        "revision": revision,
        "live": entry.live,
        "nodes": entry.nodes,
        "seconds": number_format(after, decimal_pos=1),
    }

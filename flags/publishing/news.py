"""Bring what was read before up to date: read again only what changed since.

Every change goes through the one door, which keeps in the audit which rows it touched, under
the lock of the environment. So the audit rows since the last reading name everything that can
differ. Whenever they do not account for each single change, everything is read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db.models import Q
from msgspec import structs

from flags.engine.definitions import Definitions, Offer, Place, Target
from flags.publishing.loaded import Loaded, LoadedApp, Mark
from flags.queries.caps import load_caps
from flags.queries.clusters import load_clusters
from flags.queries.definitions import load_expectations, load_kills
from flags.queries.features import load_features
from flags.queries.partners import load_partners
from flags.queries.people import load_ages, load_consents, load_life_cycles
from flags.queries.rules import load_offers_of, load_orders
from flags.queries.schedules import load_schedules
from regions.governance.models import AuditEntry, Environment
from regions.translations.ota import build_texts

# More rows than this are read as fast all together.
ROWS_MAX = 200

# Kinds of the audit whose commands write rows of one table, by the field that they are read to.
_OF_APP: Mapping[str, tuple[str, Callable[..., Any]]] = {
    "legal-order": ("orders", load_orders),
    "age-rule": ("ages", load_ages),
    "consent-rule": ("consents", load_consents),
    "partner": ("partners", load_partners),
}
_OF_SCOPE: Mapping[str, tuple[str, Callable[..., Any]]] = {
    "cap": ("caps", load_caps),
    "cluster-rollout": ("clusters", load_clusters),
    "life-cycle": ("life_cycles", load_life_cycles),
    "schedule": ("schedules", load_schedules),
    "targeting": ("features", load_features),
}
_OFFER, _KILL, _PROMISE, _TEXT, _TOKEN = (
    *("offer", "kill-switch", "expectation", "translation", "client-token"),
)
_KNOWN = frozenset({*_OF_APP, *_OF_SCOPE, _OFFER, _KILL, _PROMISE, _TEXT, _TOKEN})


@dataclass(frozen=True, slots=True)
class _Row:
    """One audit row, as far as it matters here."""

    id: int
    at: datetime
    environment_id: int | None
    change_seq: int
    app_key: str
    kind: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


_COLUMNS = (
    *("id", "at", "environment_id", "change_seq", "app_key", "object_type"),
    *("before", "after"),
)


class _Unsure(Exception):
    """What changed cannot be told for certain."""


def read_mark(environment: Environment, *, using: str) -> Mark | None:
    """Return how far the audit is, as this moment sees it; None while it has nothing."""
    concerned = Q(environment=environment) | Q(environment=None)
    rows = AuditEntry.objects.using(using).filter(concerned).order_by("-id")
    row = rows.values_list("id", "at").first()
    if row is None:
        return None
    return Mark(
        environment_id=environment.pk,
        epoch=environment.epoch,
        change_seq=environment.change_seq,
        audit_id=row[0],
        audit_at=row[1],
    )


def read_news(last: Loaded, environment: Environment, *, using: str) -> Loaded | None:
    """Return an earlier reading with all changes since; None when it is better to read anew.

    The caller reads environment and rows as of the same moment.
    """
    try:
        return _renew(last, environment, using)
    except (_Unsure, KeyError, TypeError):
        # Also audit rows of an older Landfall, which may tell other facts.
        return None


def _renew(last: Loaded, environment: Environment, using: str) -> Loaded:
    if last.mark is None:
        raise _Unsure
    rows = _list_rows(last.mark, environment, using)
    kinds = {row.kind for row in rows}
    if not kinds <= _KNOWN:
        raise _Unsure
    apps = {app.key: app for app in last.apps}
    for key in {row.app_key for row in rows if row.kind not in {_TEXT, _TOKEN}}:
        own = [row for row in rows if row.app_key == key]
        apps[key] = _renew_app(apps[key], last.environment_key, own, using)
    texts, blobs = last.texts, last.blobs
    if _TEXT in kinds:
        texts, blobs = build_texts(last.environment_key, using=using)
    newest = rows[-1] if rows else None
    return Loaded(
        environment_key=last.environment_key,
        change_seq=environment.change_seq,
        texts=texts,
        blobs=blobs,
        apps=tuple(apps.values()),
        mark=replace(
            last.mark,
            change_seq=environment.change_seq,
            audit_id=newest.id if newest else last.mark.audit_id,
            audit_at=newest.at if newest else last.mark.audit_at,
        ),
        pieced=True,
    )


def _list_rows(mark: Mark, environment: Environment, using: str) -> list[_Row]:
    """Return the audit rows since the mark; raise when they do not tell of every change.

    Whoever writes such a row holds the environment's lock, so their numbers rise in the order
    of commits. Each change has at least one, and they have a number of the change in common.
    """
    # Other environments' rows are left out here; in the query that would cost much more.
    found = AuditEntry.objects.using(using).filter(id__gte=mark.audit_id).order_by("id")
    told = [_Row(*values) for values in found.values_list(*_COLUMNS)[: ROWS_MAX + 2]]
    rows = [row for row in told if row.environment_id in {environment.pk, None}]
    # A database that was restored meanwhile has other rows, or none, under that number.
    first = rows.pop(0) if rows else None
    known = first is not None and (first.id, first.at) == (mark.audit_id, mark.audit_at)
    same = (environment.pk, environment.epoch) == (mark.environment_id, mark.epoch)
    changes = {(row.environment_id, row.change_seq) for row in rows}
    whole = len(changes) == environment.change_seq - mark.change_seq
    if not (known and same and whole) or len(rows) > ROWS_MAX or len(told) > ROWS_MAX + 1:
        raise _Unsure
    return rows


def _renew_app(app: LoadedApp, environment_key: str, rows: list[_Row], using: str) -> LoadedApp:
    fields: dict[str, Any] = {}
    kinds = {row.kind for row in rows}
    for kind in kinds & _OF_APP.keys():
        name, load = _OF_APP[kind]
        fields[name] = load(app.key, using=using)
    for kind in kinds & _OF_SCOPE.keys():
        name, load = _OF_SCOPE[kind]
        fields[name] = load(app.key, environment_key, using=using)
    if _OFFER in kinds:
        own = [row for row in rows if row.kind == _OFFER]
        facts = [one for row in own for one in (row.before, row.after) if one is not None]
        fields["offers"] = _renew_offers(app.definitions, facts, using)
    renewed = replace(app, definitions=structs.replace(app.definitions, **fields))
    if _KILL in kinds:
        renewed = replace(renewed, kills=load_kills(app.key, environment_key, using=using))
    if _PROMISE in kinds:
        promises = load_expectations(app.key, environment_key, using=using)
        renewed = replace(renewed, promises=tuple(promises))
    return renewed


def _renew_offers(
    definitions: Definitions, told: list[Mapping[str, Any]], using: str
) -> tuple[Offer, ...]:
    """Read the offers of these targets and places again; all others stay as they are."""
    wanted = {_slot_of(facts): facts for facts in told}
    offers = [one for one in definitions.offers if (one.target, one.place) not in wanted]
    for facts in wanted.values():
        offers += load_offers_of(definitions.app, definitions.environment, facts, using=using)
    offers.sort(key=lambda offer: offer.rule.key)
    if any(one.rule.key == other.rule.key for one, other in pairwise(offers)):
        # A feature and a bundle of one name: their order is that of the rows.
        raise _Unsure
    return tuple(offers)


def _slot_of(facts: Mapping[str, Any]) -> tuple[Target, Place]:
    target = (
        Target(feature=facts["feature"]) if facts["feature"] else Target(bundle=facts["bundle"])
    )
    for kind in ("subdivision", "territory", "market"):
        if facts[kind]:
            return target, Place(kind, facts[kind])
    return target, Place("everywhere")

"""Features, bundles, segments and platforms of one app as the engine's values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Prefetch

from flags.engine import definitions as made
from flags.models import (
    Bundle,
    Constraint,
    Feature,
    PlatformProfile,
    PlatformRetirement,
    Requirement,
    Segment,
    Strategy,
    Variant,
)


def load_bundles(app_key: str, *, using: str) -> tuple[made.Bundle, ...]:
    """Load the bundles, ordered by key; one query."""
    rows = Bundle.objects.using(using).filter(app__key=app_key).order_by("key")
    return tuple(made.Bundle(key=row.key, name=row.name) for row in rows)


def load_features(app_key: str, environment_key: str, *, using: str) -> tuple[made.Feature, ...]:
    """Load the features that are not archived with their strategies, by key; six queries."""
    strategies = _load_strategies(app_key, environment_key, using=using)
    required = _load_required(app_key, using=using)
    rows = (
        Feature.objects.using(using)
        .filter(app__key=app_key, archived_at=None)
        .select_related("bundle", "profile")
        .order_by("key")
    )
    return tuple(
        made.Feature(
            key=row.key,
            bundle=row.bundle.key,
            description=row.description,
            owner=row.owner,
            value_type=row.value_type,  # type: ignore[arg-type]  # checked by the database
            off_value=row.off_value,
            offer_basis=row.offer_basis,  # type: ignore[arg-type]  # likewise
            law_basis=tuple(row.law_basis),
            fail_closed=row.fail_direction == "closed",
            partner_basis=row.partner_basis,  # type: ignore[arg-type]  # likewise
            default_status=row.default_status,  # type: ignore[arg-type]  # likewise
            profile=row.profile.key if row.profile else "",
            requires=tuple(required[row.pk]),
            text_key=row.text_key,
            tags=tuple(row.tags),
            strategies=tuple(strategies[row.pk]),
        )
        for row in rows
    )


def load_segments(app_key: str, *, using: str) -> tuple[made.Segment, ...]:
    """Load the segments with their constraints, ordered by key; two queries."""
    rows = (
        Segment.objects.using(using)
        .filter(app__key=app_key)
        .prefetch_related(_in_order("constraints", Constraint))
        .order_by("key")
    )
    return tuple(
        made.Segment(id=row.pk, key=row.key, constraints=build_constraints(row.constraints.all()))
        for row in rows
    )


def load_profiles(app_key: str, *, using: str) -> tuple[made.PlatformProfile, ...]:
    """Load the platform profiles, ordered by key; two queries."""
    rows = PlatformProfile.objects.using(using).filter(app__key=app_key).order_by("key")
    return tuple(
        made.PlatformProfile(
            key=row.key,
            unknown_platforms=row.unknown_platforms,  # type: ignore[arg-type]  # checked
            minimums=tuple(
                made.Minimum(
                    platform=minimum.platform,
                    os_version=minimum.os_version,
                    app_version=minimum.app_version,
                )
                for minimum in sorted(row.minimums.all(), key=lambda minimum: minimum.platform)
            ),
        )
        for row in rows.prefetch_related("minimums")
    )


def load_retirements(app_key: str, *, using: str) -> tuple[made.PlatformRetirement, ...]:
    """Load the retirements of platforms, ordered by platform; one query."""
    rows = PlatformRetirement.objects.using(using).filter(app__key=app_key).order_by("platform")
    return tuple(
        made.PlatformRetirement(
            rule=made.Rule(key=f"retirement:{row.platform}", reason=row.reason),
            platform=row.platform,
            closed_to_new=row.closed_to_new_date,
            off=row.off_date,
        )
        for row in rows
    )


def _load_required(app_key: str, *, using: str) -> defaultdict[int, list[str]]:
    required: defaultdict[int, list[str]] = defaultdict(list)
    rows = Requirement.objects.using(using).filter(feature__app__key=app_key)
    for feature_id, key in rows.order_by("required__key").values_list(
        "feature_id", "required__key"
    ):
        required[feature_id].append(key)
    return required


def _load_strategies(
    app_key: str, environment_key: str, *, using: str
) -> defaultdict[int, list[made.Strategy]]:
    strategies: defaultdict[int, list[made.Strategy]] = defaultdict(list)
    rows = (
        Strategy.objects.using(using)
        .filter(feature__app__key=app_key, environment__key=environment_key)
        .prefetch_related(
            _in_order("constraints", Constraint), _in_order("variants", Variant), "segments"
        )
        .order_by("feature_id", "position")
    )
    for row in rows:
        strategies[row.feature_id].append(
            made.Strategy(
                name=row.name,
                parameters=dict(sorted(row.parameters.items())),
                constraints=build_constraints(row.constraints.all()),
                segments=tuple(sorted(segment.pk for segment in row.segments.all())),
                variants=tuple(_build_variant(variant) for variant in row.variants.all()),
            )
        )
    return strategies


def _in_order(name: str, model: type[Constraint | Variant]) -> Prefetch[str]:
    return Prefetch(name, model.objects.order_by("position", "id"))


def build_constraints(rows: Iterable[Constraint]) -> tuple[made.Constraint, ...]:
    """Build the engine's values of constraints, in the order of their rows."""
    return tuple(
        made.Constraint(
            context_name=row.context_name,
            operator=row.operator,
            values=tuple(row.values),
            value=row.value,
            inverted=row.inverted,
            case_insensitive=row.case_insensitive,
        )
        for row in rows
    )


def _build_variant(row: Variant) -> made.Variant:
    payload = made.Payload(row.payload_type, row.payload_value) if row.payload_type else None
    return made.Variant(name=row.name, weight=row.weight, payload=payload)
